//! One token: sums of stored codes times activations.

use std::arch::aarch64::{int32x4_t, vaddq_s32, vdupq_n_s32, vshrq_n_s32};

use super::{fields, sdot, sdot_quad};
use crate::neon::{
    PREFETCH_LINES, load_codes, load_line, load_part, prefetch, sixteen, store_sums, totals,
};
use crate::ternary::{BLOCK_COLS, BLOCK_ROWS, LINE_CODES, Line};

/// Lines of a row block whose sums are kept at 16 times their value: a line adds at most 4 * 32 * 128 to one of them,
/// so all of these stay inside an i32. Single rows need no such run: the widest has 2^14 lines, a line adds 16 * 32 *
/// 128.
const RUN: usize = 1 << 16;
/// Rows summed side by side, and how many rows ahead they are fetched.
const ROW_TILE: usize = 4;
const PREFETCH_ROWS: usize = 12;

/// As [`crate::scalar::row_block_sums`].
pub(crate) fn row_block_sums(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    // SAFETY: reached by paths of `Isa` only that are made where `is_supported` held.
    unsafe { block(lines, codes) }
}

/// As [`crate::scalar::rows_sums`].
pub(crate) fn rows_sums(
    lines: &[Line],
    per_row: usize,
    rows: &[u32],
    codes: &[i8],
    out: &mut [i32],
) {
    // SAFETY: reached by paths of `Isa` only that are made where `is_supported` held.
    unsafe { single_rows(lines, per_row, rows, codes, out) }
}

/// Sums of four rows, or of one in four parts: of the first and last bit field, and those of the others at their place
/// value.
#[derive(Clone, Copy)]
struct Places {
    ones: int32x4_t,
    fours: int32x4_t,
    sixteens: int32x4_t,
}

impl Places {
    #[inline]
    #[target_feature(enable = "neon")]
    fn new() -> Self {
        let nothing = vdupq_n_s32(0);
        Self {
            ones: nothing,
            fours: nothing,
            sixteens: nothing,
        }
    }

    /// As one; the division is exact.
    #[inline]
    #[target_feature(enable = "neon")]
    fn joined(self) -> int32x4_t {
        let high = vaddq_s32(
            vshrq_n_s32::<2>(self.fours),
            vshrq_n_s32::<4>(self.sixteens),
        );
        vaddq_s32(self.ones, high)
    }
}

#[target_feature(enable = "neon,dotprod")]
fn block(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    let mut sums = [vdupq_n_s32(0); 4];
    let runs = lines.chunks(RUN).zip(codes.chunks(RUN * BLOCK_COLS));
    for (lines, codes) in runs {
        let mut run = [Places::new(); 4];
        for (line, codes) in lines.iter().zip(codes.as_chunks::<BLOCK_COLS>().0) {
            prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
            let codes = load_codes(codes);
            for (run, stored) in run.iter_mut().zip(load_line(line)) {
                let fields = fields(stored);
                run.ones = sdot_quad::<0>(run.ones, fields[0], codes);
                run.fours = sdot_quad::<1>(run.fours, fields[1], codes);
                run.sixteens = sdot_quad::<2>(run.sixteens, fields[2], codes);
                run.ones = sdot_quad::<3>(run.ones, fields[3], codes);
            }
        }
        for (sums, run) in sums.iter_mut().zip(run) {
            *sums = vaddq_s32(*sums, run.joined());
        }
    }
    sixteen(sums)
}

#[target_feature(enable = "neon,dotprod")]
fn single_rows(lines: &[Line], per_row: usize, rows: &[u32], codes: &[i8], out: &mut [i32]) {
    let codes = codes.as_chunks::<LINE_CODES>().0;
    let row = |i: usize| &lines[rows[i.min(rows.len() - 1)] as usize * per_row..][..per_row];
    for (tile, out) in out.chunks_mut(ROW_TILE).enumerate() {
        let first = tile * ROW_TILE;
        let tile = [row(first), row(first + 1), row(first + 2), row(first + 3)];
        let ahead = [0, 1, 2, 3].map(|i| row(first + PREFETCH_ROWS + i).as_ptr());
        let mut sums = [Places::new(); ROW_TILE];
        for (i, codes) in codes.iter().enumerate() {
            for ahead in ahead {
                prefetch(ahead.wrapping_add(i));
            }
            let parts = codes.as_chunks::<16>().0;
            for part in 0..4 {
                let codes = [
                    load_codes(&parts[part]),
                    load_codes(&parts[4 + part]),
                    load_codes(&parts[8 + part]),
                    load_codes(&parts[12 + part]),
                ];
                for (sums, row) in sums.iter_mut().zip(tile) {
                    let fields = fields(load_part(&row[i], part));
                    sums.ones = sdot(sums.ones, fields[0], codes[0]);
                    sums.fours = sdot(sums.fours, fields[1], codes[1]);
                    sums.sixteens = sdot(sums.sixteens, fields[2], codes[2]);
                    sums.ones = sdot(sums.ones, fields[3], codes[3]);
                }
            }
        }
        let mut whole = [0; ROW_TILE];
        store_sums(&mut whole, totals(sums.map(|sums| sums.joined())));
        out.copy_from_slice(&whole[..out.len()]);
    }
}
