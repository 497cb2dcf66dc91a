//! Ternary matrices in the kernels' own byte order.

/// Rows of one [`Line`].
pub const BLOCK_ROWS: usize = 16;
/// Columns of one [`Line`].
pub const BLOCK_COLS: usize = 16;
/// The widest matrix the kernels take: its sums, at most `2 * 128 * MAX_COLS`, stay inside an i32.
pub const MAX_COLS: usize = 1 << 22;

/// Bytes in a row of a line's 16 by 4 byte grid; also the columns one bit field spans.
const LINE_BYTES_PER_ROW: usize = 4;
/// Four codes of 0, each stored as 1.
const ZERO_CODES: u8 = 0b01_01_01_01;

/// One cache line: the codes of 16 rows by 16 columns, two bits each.
///
/// Byte `lane * 4 + j` holds row `lane`; its bit field `f` (bits `2f` and `2f + 1`) holds column
/// `f * 4 + j` as code + 1, so 0, 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Line([u8; 64]);

impl Line {
    /// A line of zero weights.
    pub const ZERO: Self = Self([ZERO_CODES; 64]);

    /// The bytes as the kernels read them.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// The code (-1, 0 or 1) at `row`, `col` of this line's 16 by 16 block.
    #[inline(always)]
    pub(crate) fn code(&self, row: usize, col: usize) -> i8 {
        let (field, j) = (col / LINE_BYTES_PER_ROW, col % LINE_BYTES_PER_ROW);
        ((self.0[row * LINE_BYTES_PER_ROW + j] >> (2 * field)) & 3) as i8 - 1
    }
}

/// A matrix of weights -1, 0 and 1 at two bits a weight, `[rows][cols]`, ready for the kernels.
///
/// Lines lie row block by row block (16 rows), and within one from the first 16 columns to the last.
/// Rows and columns beyond the matrix hold zero weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedTernary {
    rows: usize,
    cols: usize,
    lines: Vec<Line>,
}

impl PackedTernary {
    /// A matrix of zero weights, to be filled by [`pack_row_block`].
    ///
    /// # Panics
    /// When `cols` exceeds [`MAX_COLS`].
    #[must_use]
    pub fn zeros(rows: usize, cols: usize) -> Self {
        assert!(
            cols <= MAX_COLS,
            "{cols} columns: the kernels take {MAX_COLS}"
        );
        let n_lines = rows.div_ceil(BLOCK_ROWS) * cols.div_ceil(BLOCK_COLS);
        Self {
            rows,
            cols,
            lines: vec![Line::ZERO; n_lines],
        }
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

    /// Row blocks of 16 rows; the last may be partly padding.
    #[must_use]
    pub fn row_blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK_ROWS)
    }

    /// Rows of the matrix (without padding) that a range of row blocks holds.
    #[must_use]
    pub fn rows_in(&self, row_blocks: &std::ops::Range<usize>) -> usize {
        let end = (row_blocks.end * BLOCK_ROWS).min(self.rows);
        end.saturating_sub(row_blocks.start * BLOCK_ROWS)
    }

    /// Lines of one row block.
    #[must_use]
    pub fn lines_per_row_block(&self) -> usize {
        self.cols.div_ceil(BLOCK_COLS)
    }

    /// Bytes in memory: what one matvec reads.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        size_of_val(self.lines.as_slice())
    }

    /// All lines, row block by row block.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// All lines for packing: `chunks_mut(lines_per_row_block())` are the row blocks, so threads can
    /// fill one each.
    #[must_use]
    pub fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.lines
    }

    /// The lines of one row block.
    ///
    /// # Panics
    /// When there is no such row block.
    #[must_use]
    pub fn row_block(&self, row_block: usize) -> &[Line] {
        let n = self.lines_per_row_block();
        &self.lines[row_block * n..(row_block + 1) * n]
    }

    /// Writes the codes (-1, 0, 1) of one row to `codes`, `[cols]`.
    ///
    /// # Panics
    /// When there is no such row or `codes` is not `cols` long.
    pub fn unpack_row(&self, row: usize, codes: &mut [i8]) {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        assert_eq!(codes.len(), self.cols, "one code a column");
        let lines = self.row_block(row / BLOCK_ROWS);
        for (col, code) in codes.iter_mut().enumerate() {
            *code = lines[col / BLOCK_COLS].code(row % BLOCK_ROWS, col % BLOCK_COLS);
        }
    }
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
            let (bytes, bad) = pack_16(block);
            line.0[row * LINE_BYTES_PER_ROW..][..LINE_BYTES_PER_ROW].copy_from_slice(&bytes);
            refused |= bad;
        }
    }
    assert!(refused == 0, "codes are -1, 0 or 1");
}

/// The four bytes of one row of a line, and whether a code was not -1, 0 or 1 (then not zero).
/// Four codes go through at a time, each in a byte of a word: loading packs billions of them.
#[inline(always)]
fn pack_16(codes: &[i8; BLOCK_COLS]) -> ([u8; LINE_BYTES_PER_ROW], u32) {
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
    (packed.to_le_bytes(), bad)
}
