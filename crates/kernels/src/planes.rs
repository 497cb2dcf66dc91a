//! A head in two planes of four bits: the upper one screens all rows, the lower one sharpens a few.
//!
//! A row becomes `weight = scale * (16 * high + low)` with `high` and `low` in -8..8, an int8 code in two halves. The
//! upper half alone ranks the rows well enough to leave most of them out; both together err by about a hundredth of the
//! logits' spread, within a bound that [`HeadPlanes::bound`] states. The input is int16, as two int8 parts, so the sums
//! are exact integers and no path differs from another.

use std::ops::Range;

use crate::Isa;
use crate::float::{Portable, fused, larger};
use crate::plane_input::PlaneInput;
use crate::ternary::{BLOCK_ROWS, Line};

/// Columns of one line of the upper plane: a nibble for 16 rows each.
const HIGH_COLS: usize = 8;
/// Columns of one line of the lower plane.
pub(crate) const LOW_COLS: usize = 128;
/// The widest head: its sums, at most `8 * 16256` a column, stay inside an i32.
pub const MAX_PLANE_COLS: usize = 1 << 14;
/// The largest code: its upper half, rounded, is at most 7.
const MAX_CODE: f32 = 119.0;
/// What rounding in f32 can add to an error bound that is a sum of squares of f32 numbers.
pub(crate) const SLACK: f32 = 1.0001;

/// What is known of a row beside its codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct PlaneRow {
    /// What the codes are multiples of.
    pub scale: f32,
    /// Euclidean norm of the row minus its codes times the scale, rounded up.
    pub error: f32,
    /// Euclidean norm of the row, rounded up.
    pub norm: f32,
}

/// The planes of a head of `[rows][cols]`.
#[derive(Clone, Copy, Debug)]
pub struct HeadPlanes<'a> {
    cols: usize,
    high: &'a [Line],
    low: &'a [Line],
    rows: &'a [PlaneRow],
}

impl<'a> HeadPlanes<'a> {
    /// Planes packed by [`pack_planes`].
    ///
    /// # Panics
    /// When the lengths are not those of [`high_lines`] and [`low_lines`], or `cols` exceeds [`MAX_PLANE_COLS`].
    #[must_use]
    pub fn new(cols: usize, high: &'a [Line], low: &'a [Line], rows: &'a [PlaneRow]) -> Self {
        assert!(cols <= MAX_PLANE_COLS, "sums fit 32 bits");
        assert_eq!(
            high.len(),
            rows.len().div_ceil(BLOCK_ROWS) * high_lines(cols)
        );
        assert_eq!(low.len(), rows.len() * low_lines(cols));
        Self {
            cols,
            high,
            low,
            rows,
        }
    }

    /// Rows of the head.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// How far a logit of [`sharpen`] can be from that of the float row, summed in f32 in any order: the row's error
    /// times the input's norm (Cauchy and Schwarz), the input's rounding, and the rounding of the float sum itself.
    #[must_use]
    pub fn bound(&self, row: usize, input: &PlaneInput) -> f32 {
        let row = &self.rows[row];
        let roundings = (self.cols / 16 + 16) as f32 * f32::EPSILON;
        (row.error * input.norm()
            + (row.norm + row.error) * input.error()
            + roundings * row.norm * input.norm())
            * SLACK
    }
}

/// Lines of 16 rows of the upper plane.
#[must_use]
pub fn high_lines(cols: usize) -> usize {
    cols.div_ceil(HIGH_COLS)
}

/// Lines of one row of the lower plane.
#[must_use]
pub fn low_lines(cols: usize) -> usize {
    cols.div_ceil(LOW_COLS)
}

/// Packs up to 16 rows, `[n][cols]`, of one row block: `high` is its [`high_lines`], `low` the [`low_lines`] of each
/// row, `info` `[n]`. Rows that are missing in a block become zero.
///
/// # Panics
/// When the lengths disagree.
pub fn pack_planes(
    isa: Isa,
    rows: &[f32],
    cols: usize,
    high: &mut [Line],
    low: &mut [Line],
    info: &mut [PlaneRow],
) {
    assert!(info.len() <= BLOCK_ROWS, "16 rows in a block");
    assert_eq!(rows.len(), info.len() * cols, "rows are [n][cols]");
    assert_eq!(high.len(), high_lines(cols), "lines of a block");
    assert_eq!(low.len(), info.len() * low_lines(cols), "lines of each row");
    dispatch!(isa, pack_planes(rows, cols, high, low, info));
}

/// The upper plane of the row blocks `blocks` times the input. For each row the exact sum of `high` times input in
/// `sums`, and what that makes of its logit in `logits`; both `[rows of these blocks]`. `best`, one a block, is the
/// largest of its logits.
///
/// # Panics
/// When `blocks` leaves the head or the lengths disagree.
pub fn screen(
    isa: Isa,
    planes: &HeadPlanes<'_>,
    blocks: Range<usize>,
    input: &PlaneInput,
    sums: &mut [i32],
    logits: &mut [f32],
    best: &mut [f32],
) {
    assert_eq!(input.cols(), planes.cols, "an input for this head");
    assert_eq!(best.len(), blocks.len(), "one largest a block");
    assert_eq!(sums.len(), logits.len(), "one sum a logit");
    let per_block = high_lines(planes.cols);
    let first = blocks.start * BLOCK_ROWS;
    let rows = &planes.rows[first..(blocks.end * BLOCK_ROWS).min(planes.rows.len())];
    assert_eq!(rows.len(), logits.len(), "one logit a row");
    let blocks = planes.high[blocks.start * per_block..blocks.end * per_block]
        .chunks_exact(per_block.max(1))
        .zip(best)
        .zip(rows.chunks(BLOCK_ROWS))
        .zip(sums.chunks_mut(BLOCK_ROWS))
        .zip(logits.chunks_mut(BLOCK_ROWS));
    let factor = 16.0 / input.scale();
    for ((((lines, best), rows), sums), logits) in blocks {
        let [upper, lower] = dispatch!(isa, screen_sums(lines, input.upper(), input.lower()));
        // Of a fixed length, so that it is done some rows at a time.
        let mut lanes = [f32::NEG_INFINITY; BLOCK_ROWS];
        let n = rows.len();
        match (rows.first_chunk(), sums.first_chunk_mut()) {
            (Some(rows), Some(sums)) => rough(rows, input, factor, upper, lower, sums, &mut lanes),
            _ => {
                let (mut padded, mut whole) = ([PlaneRow::default(); BLOCK_ROWS], [0; BLOCK_ROWS]);
                padded[..n].copy_from_slice(rows);
                rough(&padded, input, factor, upper, lower, &mut whole, &mut lanes);
                sums.copy_from_slice(&whole[..n]);
                lanes[n..].fill(f32::NEG_INFINITY);
            }
        }
        logits.copy_from_slice(&lanes[..n]);
        *best = largest(lanes);
    }
}

/// The rough logits of a row block, and the sums they come from.
#[inline(always)]
fn rough(
    rows: &[PlaneRow; BLOCK_ROWS],
    input: &PlaneInput,
    factor: f32,
    upper: [i32; BLOCK_ROWS],
    lower: [i32; BLOCK_ROWS],
    sums: &mut [i32; BLOCK_ROWS],
    logits: &mut [f32; BLOCK_ROWS],
) {
    for i in 0..BLOCK_ROWS {
        sums[i] = input.whole(upper[i], lower[i]);
    }
    for i in 0..BLOCK_ROWS {
        logits[i] = sums[i] as f32 * (rows[i].scale * factor);
    }
}

/// The largest of some numbers, by halves.
#[inline(always)]
fn largest(mut lanes: [f32; BLOCK_ROWS]) -> f32 {
    for width in [8, 4, 2, 1] {
        for i in 0..width {
            lanes[i] = larger(lanes[i], lanes[i + width]);
        }
    }
    lanes[0]
}

/// Adds the lower plane to single rows: `out[i]` is the logit of row `rows[i]`, within [`HeadPlanes::bound`] of the
/// float row's. `sums` are those [`screen`] gave for all rows.
///
/// # Panics
/// When there is no such row or the lengths disagree.
pub fn sharpen(
    isa: Isa,
    planes: &HeadPlanes<'_>,
    rows: &[u32],
    input: &PlaneInput,
    sums: &[i32],
    out: &mut [f32],
) {
    assert_eq!(input.cols(), planes.cols, "an input for this head");
    assert_eq!(rows.len(), out.len(), "one logit a row");
    assert_eq!(sums.len(), planes.rows.len(), "a sum for every row");
    let per_row = low_lines(planes.cols);
    for (&row, out) in rows.iter().zip(out) {
        let row = row as usize;
        let lines = &planes.low[row * per_row..(row + 1) * per_row];
        let [upper, lower] = dispatch!(isa, low_sums(lines, input.upper(), input.lower()));
        let low = i64::from(input.whole(upper, lower));
        let whole = 16 * i64::from(sums[row]) + low;
        *out = whole as f32 * (planes.rows[row].scale / input.scale());
    }
}

/// The source of [`pack_planes`], compiled for every path.
#[inline(always)]
pub(crate) fn pack_planes_plain(
    rows: &[f32],
    cols: usize,
    high: &mut [Line],
    low: &mut [Line],
    info: &mut [PlaneRow],
) {
    if info.len() < BLOCK_ROWS {
        high.fill(Line::NIBBLE_ZERO);
    }
    let per_row = low_lines(cols);
    let rows = rows.chunks_exact(cols).zip(low.chunks_exact_mut(per_row));
    for (r, ((row, low), info)) in rows.zip(info).enumerate() {
        *info = row_scale(row);
        let inverse = 1.0 / info.scale;
        let mut errors = [0.0_f32; 16];
        let lines = row
            .chunks(LOW_COLS)
            .zip(low)
            .zip(high.chunks_mut(LOW_COLS / HIGH_COLS));
        for ((row, low), high) in lines {
            let mut x = [0.0; LOW_COLS];
            x[..row.len()].copy_from_slice(row);
            // Array by array, which a compiler makes vectors of.
            // |x / scale| is at most 119 and a rounding.
            let codes = x.map(|x| (x * inverse + ROUND).to_bits() as i32 - ROUND.to_bits() as i32);
            let scale = info.scale;
            for (x, codes) in x.as_chunks::<16>().0.iter().zip(codes.as_chunks::<16>().0) {
                for ((error, x), code) in errors.iter_mut().zip(x).zip(codes) {
                    let difference = fused::<Portable>(*code as f32, -scale, *x);
                    *error = fused::<Portable>(difference, difference, *error);
                }
            }
            // Both halves as they are stored: plus 8.
            let stored = codes.map(|code| (code + 0x88) as u8);
            let (first, second) = stored.split_at(LOW_COLS / 2);
            for ((out, a), b) in low.bytes_mut().iter_mut().zip(first).zip(second) {
                *out = (a & 15) | (b << 4);
            }
            for (high, stored) in high.iter_mut().zip(stored.as_chunks::<HIGH_COLS>().0) {
                let upper = u64::from_le_bytes(*stored) >> 4 & 0x0f0f_0f0f_0f0f_0f0f;
                // The last four columns move above the first four.
                let word = (upper | upper >> 28) as u32;
                high.bytes_mut()[r * 4..r * 4 + 4].copy_from_slice(&word.to_le_bytes());
            }
        }
        info.error = errors.iter().sum::<f32>().sqrt() * SLACK;
    }
}

/// Adding it rounds a small number to an integer, half to even, which is then in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Scale and norm of a row.
#[inline(always)]
pub(crate) fn row_scale(row: &[f32]) -> PlaneRow {
    let mut largest = [0.0_f32; 16];
    let mut squares = [0.0_f32; 16];
    let (chunks, tail) = row.as_chunks::<16>();
    let mut last = [0.0; 16];
    last[..tail.len()].copy_from_slice(tail);
    for chunk in chunks.iter().chain((!tail.is_empty()).then_some(&last)) {
        for ((largest, squares), x) in largest.iter_mut().zip(&mut squares).zip(chunk) {
            let magnitude = x.abs();
            *largest = if magnitude > *largest {
                magnitude
            } else {
                *largest
            };
            *squares = fused::<Portable>(*x, *x, *squares);
        }
    }
    let absmax = largest
        .iter()
        .fold(0.0_f32, |m, &x| if x > m { x } else { m });
    PlaneRow {
        scale: absmax.max(1e-30) / MAX_CODE,
        error: 0.0,
        norm: squares.iter().sum::<f32>().sqrt() * SLACK,
    }
}

/// One row block of the upper plane times both parts of the input: sums of (code + 8) * part, `[part][row]`.
#[inline(always)]
pub(crate) fn screen_sums_plain(
    lines: &[Line],
    upper: &[i8],
    lower: &[i8],
) -> [[i32; BLOCK_ROWS]; 2] {
    let mut sums = [[0; BLOCK_ROWS]; 2];
    let (upper, lower) = (
        upper.as_chunks::<HIGH_COLS>().0,
        lower.as_chunks::<HIGH_COLS>().0,
    );
    for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
        for (row, bytes) in line.bytes().as_chunks::<4>().0.iter().enumerate() {
            for (j, byte) in bytes.iter().enumerate() {
                let (a, b) = (i32::from(byte & 15), i32::from(byte >> 4));
                sums[0][row] += a * i32::from(upper[j]) + b * i32::from(upper[4 + j]);
                sums[1][row] += a * i32::from(lower[j]) + b * i32::from(lower[4 + j]);
            }
        }
    }
    sums
}

/// One row of the lower plane times both parts of the input: sums of (code + 8) * part.
#[inline(always)]
pub(crate) fn low_sums_plain(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    let mut sums = [0; 2];
    let (upper, lower) = (
        upper.as_chunks::<LOW_COLS>().0,
        lower.as_chunks::<LOW_COLS>().0,
    );
    for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
        for (i, byte) in line.bytes().iter().enumerate() {
            let (a, b) = (i32::from(byte & 15), i32::from(byte >> 4));
            sums[0] += a * i32::from(upper[i]) + b * i32::from(upper[64 + i]);
            sums[1] += a * i32::from(lower[i]) + b * i32::from(lower[64 + i]);
        }
    }
    sums
}
