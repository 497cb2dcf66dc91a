//! One token: sums of stored codes times activations, eight products an instruction.
//!
//! `smlal` multiplies signed bytes and adds each product to an i16. A stored code (0 to 2) times an activation is at
//! most 254 and at least -256, so 128 of these terms, at most 32,512 and at least -32,768, fit an i16. A register of
//! packed bytes brings four of them to each i16, one a bit field: 32 registers are one run.
//!
//! The second bit field is masked where it lies and counts four times: in a sum of its own, which takes one term of at
//! most 1,016 and at least -1,024 from each register, so 32 registers fit there too. It is a multiple of four and is
//! divided when the run ends.

use std::arch::aarch64::{
    int8x16_t, int16x8_t, int32x4_t, uint8x16_t, vaddq_s16, vaddq_s32, vandq_u8, vdupq_laneq_s32,
    vdupq_n_s16, vdupq_n_s32, vdupq_n_u8, vget_low_s8, vmlal_high_s8, vmlal_s8, vpaddlq_s16,
    vpaddq_s32, vreinterpretq_s8_s32, vreinterpretq_s8_u8, vreinterpretq_s32_s8, vshrq_n_s16,
    vshrq_n_u8,
};

use super::{PREFETCH_LINES, load_codes, load_line, load_part, prefetch, sixteen, store_sums};
use crate::ternary::{BLOCK_COLS, BLOCK_ROWS, LINE_CODES, Line};

/// Registers of packed bytes whose products fit 16 bits.
const RUN: usize = 32;
/// Rows summed side by side, and how many rows ahead they are fetched.
const ROW_TILE: usize = 4;
const PREFETCH_ROWS: usize = 12;

/// As [`crate::scalar::row_block_sums`].
pub(crate) fn row_block_sums(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    // SAFETY: reached by `Isa::Neon` only, which is made where `is_supported` held.
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
    // SAFETY: reached by `Isa::Neon` only, which is made where `is_supported` held.
    unsafe { single_rows(lines, per_row, rows, codes, out) }
}

/// A run's sums for each byte of a register, the first eight and the last eight.
#[derive(Clone, Copy)]
struct Run {
    ones: [int16x8_t; 2],
    /// Four times what they stand for.
    fours: [int16x8_t; 2],
}

impl Run {
    #[inline]
    #[target_feature(enable = "neon")]
    fn new() -> Self {
        let nothing = [vdupq_n_s16(0); 2];
        Self {
            ones: nothing,
            fours: nothing,
        }
    }

    /// Adds the four bit fields of each byte, each times the activation of its own register.
    #[inline]
    #[target_feature(enable = "neon")]
    fn add(&mut self, stored: uint8x16_t, fields: [int8x16_t; 4]) {
        let (mask, mask_times_4) = (vdupq_n_u8(0b0011), vdupq_n_u8(0b1100));
        self.ones = products(self.ones, vandq_u8(stored, mask), fields[0]);
        self.fours = products(self.fours, vandq_u8(stored, mask_times_4), fields[1]);
        let third = vandq_u8(vshrq_n_u8::<4>(stored), mask);
        self.ones = products(self.ones, third, fields[2]);
        self.ones = products(self.ones, vshrq_n_u8::<6>(stored), fields[3]);
    }

    /// The sum of each four neighbouring bytes.
    #[inline]
    #[target_feature(enable = "neon")]
    fn words(self) -> int32x4_t {
        // 128 terms in all: the sum of the two stays inside an i16.
        let low = vaddq_s16(self.ones[0], vshrq_n_s16::<2>(self.fours[0]));
        let high = vaddq_s16(self.ones[1], vshrq_n_s16::<2>(self.fours[1]));
        vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high))
    }
}

/// Adds sixteen products of codes below 128.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn products(
    sums: [int16x8_t; 2],
    codes: uint8x16_t,
    activations: int8x16_t,
) -> [int16x8_t; 2] {
    let codes = vreinterpretq_s8_u8(codes);
    [
        vmlal_s8(sums[0], vget_low_s8(codes), vget_low_s8(activations)),
        vmlal_high_s8(sums[1], codes, activations),
    ]
}

#[target_feature(enable = "neon")]
fn block(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    let mut sums = [vdupq_n_s32(0); 4];
    let runs = lines.chunks(RUN).zip(codes.chunks(RUN * BLOCK_COLS));
    for (lines, codes) in runs {
        let mut run = [Run::new(); 4];
        for (line, codes) in lines.iter().zip(codes.as_chunks::<BLOCK_COLS>().0) {
            prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
            let codes = vreinterpretq_s32_s8(load_codes(codes));
            let quads = [
                vreinterpretq_s8_s32(vdupq_laneq_s32::<0>(codes)),
                vreinterpretq_s8_s32(vdupq_laneq_s32::<1>(codes)),
                vreinterpretq_s8_s32(vdupq_laneq_s32::<2>(codes)),
                vreinterpretq_s8_s32(vdupq_laneq_s32::<3>(codes)),
            ];
            for (run, stored) in run.iter_mut().zip(load_line(line)) {
                run.add(stored, quads);
            }
        }
        for (sums, run) in sums.iter_mut().zip(run) {
            *sums = vaddq_s32(*sums, run.words());
        }
    }
    sixteen(sums)
}

#[target_feature(enable = "neon")]
fn single_rows(lines: &[Line], per_row: usize, rows: &[u32], codes: &[i8], out: &mut [i32]) {
    let codes = codes.as_chunks::<LINE_CODES>().0;
    let row = |i: usize| &lines[rows[i.min(rows.len() - 1)] as usize * per_row..][..per_row];
    for (tile, out) in out.chunks_mut(ROW_TILE).enumerate() {
        let first = tile * ROW_TILE;
        let tile = [row(first), row(first + 1), row(first + 2), row(first + 3)];
        let ahead = [0, 1, 2, 3].map(|i| row(first + PREFETCH_ROWS + i).as_ptr());
        let mut sums = [vdupq_n_s32(0); ROW_TILE];
        // A line is four registers.
        for (r, codes) in codes.chunks(RUN / 4).enumerate() {
            let mut run = [Run::new(); ROW_TILE];
            for (i, codes) in (r * (RUN / 4)..).zip(codes) {
                for ahead in ahead {
                    prefetch(ahead.wrapping_add(i));
                }
                let parts = codes.as_chunks::<16>().0;
                for part in 0..4 {
                    let fields = [
                        load_codes(&parts[part]),
                        load_codes(&parts[4 + part]),
                        load_codes(&parts[8 + part]),
                        load_codes(&parts[12 + part]),
                    ];
                    for (run, row) in run.iter_mut().zip(tile) {
                        run.add(load_part(&row[i], part), fields);
                    }
                }
            }
            for (sums, run) in sums.iter_mut().zip(run) {
                *sums = vaddq_s32(*sums, run.words());
            }
        }
        let mut whole = [0; ROW_TILE];
        store_sums(&mut whole, totals(sums));
        out.copy_from_slice(&whole[..out.len()]);
    }
}

/// The sum of all lanes of each register.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn totals([a, b, c, d]: [int32x4_t; 4]) -> int32x4_t {
    vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d))
}
