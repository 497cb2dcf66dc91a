//! Ternary matrices in the kernels' own byte order.

use bytes::Bytes;

/// Rows of one [`Line`].
pub const BLOCK_ROWS: usize = 16;
/// Columns of one [`Line`].
pub const BLOCK_COLS: usize = 16;
/// The widest matrix the kernels take. Some paths leave a bit field where it lies, so that a code counts up to 64 times;
/// a field has a quarter of the columns, and its sum, at most `64 * 2 * 128 * MAX_COLS / 4`, stays inside an i32.
pub const MAX_COLS: usize = (1 << 19) - 1;

/// Bytes of a line.
const LINE_BYTES: usize = 64;
/// Bytes in a row of a line's 16 by 4 byte grid; also the columns one bit field spans.
const LINE_BYTES_PER_ROW: usize = 4;
/// Four codes of 0, each stored as 1.
const ZERO_CODES: u8 = 0b01_01_01_01;

/// One cache line: the codes of 16 rows by 16 columns, two bits each.
///
/// Byte `lane * 4 + j` holds row `lane`; its bit field `f` (bits `2f` and `2f + 1`) holds column
/// `f * 4 + j` as code + 1, so 0, 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub struct Line([u8; LINE_BYTES]);

impl Line {
    /// A line of zero weights.
    pub const ZERO: Self = Self([ZERO_CODES; LINE_BYTES]);

    /// A line of stored zeros: nothing at all, not even zero weights.
    pub(crate) const NOTHING: Self = Self([0; LINE_BYTES]);

    /// A line of nibbles that are 0, each stored as 8.
    pub(crate) const NIBBLE_ZERO: Self = Self([0x88; LINE_BYTES]);

    /// The bytes, for packing.
    #[inline(always)]
    pub fn bytes_mut(&mut self) -> &mut [u8; LINE_BYTES] {
        &mut self.0
    }

    /// The bytes as the kernels read them.
    #[must_use]
    pub fn bytes(&self) -> &[u8; LINE_BYTES] {
        &self.0
    }

    /// Sets the 16 codes of one row: field `f` (two bits) of byte `j` of the little-endian word holds column
    /// `f * 4 + j` as code + 1.
    ///
    /// # Panics
    /// When there is no such row.
    #[inline(always)]
    pub fn set_row(&mut self, row: usize, fields: u32) {
        let start = row * LINE_BYTES_PER_ROW;
        self.0[start..start + LINE_BYTES_PER_ROW].copy_from_slice(&fields.to_le_bytes());
    }

    /// The code (-1, 0 or 1) at `row`, `col` of this line's 16 by 16 block.
    #[inline(always)]
    pub(crate) fn code(&self, row: usize, col: usize) -> i8 {
        let (field, j) = (col / LINE_BYTES_PER_ROW, col % LINE_BYTES_PER_ROW);
        ((self.0[row * LINE_BYTES_PER_ROW + j] >> (2 * field)) & 3) as i8 - 1
    }
}

/// Rows of a [`matmul`](crate::matmul) panel, and of its output.
pub const PANEL_ROWS: usize = 32;
/// Columns of a line in [`Order::Rows`], rows of a line in [`Order::Columns`].
pub(crate) const LINE_CODES: usize = 256;
/// Rows a bit field of one line spans in [`Order::Columns`].
pub(crate) const FIELD_ROWS: usize = LINE_CODES / 4;

/// In which order the cells of a matrix lie; the README of this crate draws all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Lines of 16 rows by 16 columns, row block by row block: for matrices that are read whole.
    RowBlocks,
    /// Row by row, each from a line of its own on: single rows can be left out.
    Rows,
    /// Column by column, each from a line of its own on: single columns can be left out.
    Columns,
}

/// A matrix of weights -1, 0 and 1 at two bits a weight, `[rows][cols]`, ready for the kernels.
///
/// Rows and columns beyond the matrix hold zero weights.
#[derive(Clone, Debug)]
pub struct PackedTernary {
    rows: usize,
    cols: usize,
    order: Order,
    lines: Lines,
}

/// Where the lines lie.
#[derive(Clone, Debug)]
enum Lines {
    Owned(Vec<Line>),
    /// A piece of memory that holds more than this matrix; its address and length fit lines.
    Piece(Bytes),
}

impl Lines {
    #[inline]
    fn get(&self) -> &[Line] {
        match self {
            Self::Owned(lines) => lines,
            Self::Piece(bytes) => bytemuck::cast_slice(bytes),
        }
    }
}

impl PartialEq for PackedTernary {
    fn eq(&self, other: &Self) -> bool {
        (self.rows, self.cols, self.order, self.lines())
            == (other.rows, other.cols, other.order, other.lines())
    }
}

impl Eq for PackedTernary {}

impl PackedTernary {
    /// A matrix of zero weights, to be filled by [`pack_row_block`] (row blocks) or [`Self::from_codes`] (any order).
    ///
    /// # Panics
    /// When `cols` exceeds [`MAX_COLS`].
    #[must_use]
    pub fn zeros(order: Order, rows: usize, cols: usize) -> Self {
        assert!(
            cols <= MAX_COLS,
            "{cols} columns: the kernels take {MAX_COLS}"
        );
        let n_lines = Self::bytes_for(order, rows, cols) / LINE_BYTES;
        Self {
            rows,
            cols,
            order,
            lines: Lines::Owned(vec![Line::ZERO; n_lines]),
        }
    }

    /// Packs `codes`, `[rows][cols]`, each -1, 0 or 1, one by one: for tests and small matrices.
    ///
    /// # Panics
    /// When the lengths disagree or a code is not -1, 0 or 1.
    #[must_use]
    pub fn from_codes(order: Order, rows: usize, cols: usize, codes: &[i8]) -> Self {
        assert_eq!(codes.len(), rows * cols, "codes are [rows][cols]");
        let mut packed = Self::zeros(order, rows, cols);
        let place = Place::of(order, rows, cols);
        let lines = packed.lines_mut();
        for (i, &code) in codes.iter().enumerate() {
            assert!((-1..=1).contains(&code), "codes are -1, 0 or 1");
            let (line, byte, field) = place.at(i / cols, i % cols);
            let byte = &mut lines[line].0[byte];
            *byte = *byte & !(3 << (2 * field)) | (((code + 1) as u8) << (2 * field));
        }
        packed
    }

    /// Bytes a matrix of this shape takes: a multiple of 64.
    #[must_use]
    pub fn bytes_for(order: Order, rows: usize, cols: usize) -> usize {
        LINE_BYTES
            * match order {
                Order::RowBlocks => rows.div_ceil(BLOCK_ROWS) * cols.div_ceil(BLOCK_COLS),
                Order::Rows => rows * cols.div_ceil(LINE_CODES),
                Order::Columns => cols * rows.div_ceil(LINE_CODES),
            }
    }

    /// A matrix whose lines were packed into `memory` before. `None` when the memory is not exactly
    /// [`Self::bytes_for`] long, does not begin at a multiple of 64 bytes, or `cols` exceeds [`MAX_COLS`].
    #[must_use]
    pub fn from_memory(order: Order, rows: usize, cols: usize, memory: Bytes) -> Option<Self> {
        let fits = cols <= MAX_COLS
            && memory.len() == Self::bytes_for(order, rows, cols)
            && bytemuck::try_cast_slice::<u8, Line>(&memory).is_ok();
        fits.then_some(Self {
            rows,
            cols,
            order,
            lines: Lines::Piece(memory),
        })
    }

    /// Rows: the width of an output.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns: the width of an input.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// In which order its cells lie.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// Row blocks of 16 rows; the last may be partly padding.
    #[must_use]
    pub fn row_blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK_ROWS)
    }

    /// Panels of [`PANEL_ROWS`] rows; the last may be partly padding.
    #[must_use]
    pub fn panels(&self) -> usize {
        self.rows.div_ceil(PANEL_ROWS)
    }

    /// Rows of the matrix (without padding) that a range of row blocks holds.
    #[must_use]
    pub fn rows_in(&self, row_blocks: &std::ops::Range<usize>) -> usize {
        let end = (row_blocks.end * BLOCK_ROWS).min(self.rows);
        end.saturating_sub(row_blocks.start * BLOCK_ROWS)
    }

    /// Lines of one row block ([`Order::RowBlocks`]), row or column.
    #[must_use]
    #[inline]
    pub fn lines_per_unit(&self) -> usize {
        match self.order {
            Order::RowBlocks => self.cols.div_ceil(BLOCK_COLS),
            Order::Rows => self.cols.div_ceil(LINE_CODES),
            Order::Columns => self.rows.div_ceil(LINE_CODES),
        }
    }

    /// Bytes in memory: what one matvec of all of it reads.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        size_of_val(self.lines())
    }

    /// All lines, unit by unit.
    #[must_use]
    #[inline]
    pub fn lines(&self) -> &[Line] {
        self.lines.get()
    }

    /// All lines for packing: `chunks_mut(lines_per_unit())` are the row blocks, rows or columns. A matrix in shared
    /// memory is copied first.
    #[must_use]
    pub fn lines_mut(&mut self) -> &mut [Line] {
        if let Lines::Piece(_) = self.lines {
            self.lines = Lines::Owned(self.lines().to_vec());
        }
        match &mut self.lines {
            Lines::Owned(lines) => lines,
            Lines::Piece(_) => &mut [],
        }
    }

    /// The lines of one row block, row or column.
    ///
    /// # Panics
    /// When there is no such unit.
    #[must_use]
    #[inline]
    pub fn unit(&self, unit: usize) -> &[Line] {
        let n = self.lines_per_unit();
        &self.lines()[unit * n..(unit + 1) * n]
    }

    /// Writes the codes (-1, 0, 1) of one row to `codes`, `[cols]`.
    ///
    /// # Panics
    /// When there is no such row or `codes` is not `cols` long.
    pub fn unpack_row(&self, row: usize, codes: &mut [i8]) {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        assert_eq!(codes.len(), self.cols, "one code a column");
        let place = Place::of(self.order, self.rows, self.cols);
        for (col, code) in codes.iter_mut().enumerate() {
            let (line, byte, field) = place.at(row, col);
            *code = ((self.lines()[line].0[byte] >> (2 * field)) & 3) as i8 - 1;
        }
    }
}

/// Where the code of a row and column lies: the definition of each [`Order`].
#[derive(Clone, Copy)]
struct Place {
    order: Order,
    lines_per_unit: usize,
}

impl Place {
    fn of(order: Order, rows: usize, cols: usize) -> Self {
        let lines_per_unit = match order {
            Order::RowBlocks => cols.div_ceil(BLOCK_COLS),
            Order::Rows => cols.div_ceil(LINE_CODES),
            Order::Columns => rows.div_ceil(LINE_CODES),
        };
        Self {
            order,
            lines_per_unit,
        }
    }

    /// Line, byte of the line, and bit field of the byte.
    fn at(self, row: usize, col: usize) -> (usize, usize, usize) {
        let n = self.lines_per_unit;
        let (cell, field, j) = (col / BLOCK_COLS, col % BLOCK_COLS / 4, col % 4);
        match self.order {
            Order::RowBlocks => {
                let byte = row % BLOCK_ROWS * LINE_BYTES_PER_ROW + j;
                (row / BLOCK_ROWS * n + cell, byte, field)
            }
            Order::Rows => (row * n + cell / 16, cell % 16 * 4 + j, field),
            Order::Columns => {
                let (field, index) = (row / (n * FIELD_ROWS), row % (n * FIELD_ROWS));
                (
                    col * n + index / FIELD_ROWS,
                    column_byte(index % FIELD_ROWS),
                    field,
                )
            }
        }
    }
}

/// The byte of a column's line for row `index` (0 to 63) of each of its bit fields: words of four bytes lie as the
/// transpose of a 4 by 4 square, which is what interleaving the bytes of four columns undoes.
#[must_use]
#[inline(always)]
pub const fn column_byte(index: usize) -> usize {
    let (v, lane, i) = (index / 16, index / 4 % 4, index % 4);
    lane * 16 + v * 4 + i
}

/// Packs the `n_rows` (1 to 16) rows of one row block.
///
/// `codes` is `[n_rows][cols]`, each -1, 0 or 1; `lines` are the row block's lines. What `codes` does
/// not cover becomes zero weights.
///
/// # Panics
/// When the lengths disagree or a code is not -1, 0 or 1.
pub fn pack_row_block(lines: &mut [Line], n_rows: usize, cols: usize, codes: &[i8]) {
    assert!(n_rows <= BLOCK_ROWS, "{n_rows} rows in a block of 16");
    assert_eq!(codes.len(), n_rows * cols, "codes are [n_rows][cols]");
    assert_eq!(lines.len(), cols.div_ceil(BLOCK_COLS), "lines cover cols");
    if n_rows < BLOCK_ROWS {
        lines.fill(Line::ZERO);
    }
    let mut refused = 0;
    for (row, row_codes) in codes.chunks_exact(cols.max(1)).enumerate() {
        let (blocks, tail) = row_codes.as_chunks::<BLOCK_COLS>();
        let mut last = [0; BLOCK_COLS];
        last[..tail.len()].copy_from_slice(tail);
        let blocks = blocks.iter().chain((!tail.is_empty()).then_some(&last));
        for (line, block) in lines.iter_mut().zip(blocks) {
            let (fields, bad) = pack_16(block);
            line.set_row(row, fields);
            refused |= bad;
        }
    }
    assert!(refused == 0, "codes are -1, 0 or 1");
}

/// The 16 codes of a cell as [`Line::set_row`] takes them.
///
/// # Panics
/// When a code is not -1, 0 or 1.
#[must_use]
#[inline(always)]
pub fn pack_cell(codes: &[i8; BLOCK_COLS]) -> u32 {
    let (fields, bad) = pack_16(codes);
    assert!(bad == 0, "codes are -1, 0 or 1");
    fields
}

/// One row of a line as [`Line::set_row`] takes it, and whether a code was not -1, 0 or 1 (then not zero).
/// Four codes go through at a time, each in a byte of a word: loading packs billions of them.
#[inline(always)]
fn pack_16(codes: &[i8; BLOCK_COLS]) -> (u32, u32) {
    const ONES: u32 = 0x0101_0101;
    const SIGNS: u32 = 0x8080_8080;
    let mut packed = 0;
    let mut bad = 0;
    for (field, four) in codes.as_chunks::<LINE_BYTES_PER_ROW>().0.iter().enumerate() {
        let word = u32::from_le_bytes(four.map(i8::cast_unsigned));
        // code + 1 in every byte, without a carry from -1 into the next one.
        let stored = ((word & !SIGNS) + ONES) ^ (word & SIGNS);
        bad |= (stored & !(3 * ONES)) | (stored & (stored >> 1) & ONES);
        packed |= (stored & (3 * ONES)) << (2 * field);
    }
    (packed, bad)
}
