//! The planes of the head: nibbles times int16 inputs, as two int8 passes.
//!
//! A nibble (0 to 15) times an input is at most 1,905 and at least -1,920, so an i16 takes 16 of these terms: at most
//! 30,480 and at least -30,720.

use std::arch::aarch64::{
    vaddq_s32, vaddvq_s32, vandq_u8, vdupq_n_s16, vdupq_n_s32, vdupq_n_u8, vpadalq_s16,
    vpaddlq_s16, vpaddq_s32, vshrq_n_u8,
};

use super::ternary::products;
use super::{PREFETCH_LINES, broadcast, load_codes, load_line, prefetch, sixteen};
use crate::ternary::{BLOCK_ROWS, Line};

/// Lines of the upper plane whose products fit 16 bits: two terms each.
const RUN: usize = 8;

/// As [`crate::planes::screen_sums_plain`].
pub(crate) fn screen_sums(lines: &[Line], upper: &[i8], lower: &[i8]) -> [[i32; BLOCK_ROWS]; 2] {
    // SAFETY: reached by `Isa::Neon` only, which is made where `is_supported` held.
    unsafe { screen(lines, upper, lower) }
}

/// As [`crate::planes::low_sums_plain`].
pub(crate) fn low_sums(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    // SAFETY: reached by `Isa::Neon` only, which is made where `is_supported` held.
    unsafe { low(lines, upper, lower) }
}

#[target_feature(enable = "neon")]
fn screen(lines: &[Line], upper: &[i8], lower: &[i8]) -> [[i32; BLOCK_ROWS]; 2] {
    let mask = vdupq_n_u8(15);
    let (upper, lower) = (upper.as_chunks::<8>().0, lower.as_chunks::<8>().0);
    // `[part][four rows]`
    let mut sums = [[vdupq_n_s32(0); 4]; 2];
    let runs = lines
        .chunks(RUN)
        .zip(upper.chunks(RUN))
        .zip(lower.chunks(RUN));
    for ((lines, upper), lower) in runs {
        let mut run = [[[vdupq_n_s16(0); 2]; 4]; 2];
        for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
            prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
            let inputs = [upper, lower].map(|part| {
                let (quads, _) = part.as_chunks::<4>();
                [broadcast(quads[0]), broadcast(quads[1])]
            });
            for (four, stored) in load_line(line).into_iter().enumerate() {
                let nibbles = [vandq_u8(stored, mask), vshrq_n_u8::<4>(stored)];
                for (run, inputs) in run.iter_mut().zip(inputs) {
                    run[four] = products(run[four], nibbles[0], inputs[0]);
                    run[four] = products(run[four], nibbles[1], inputs[1]);
                }
            }
        }
        for (sums, run) in sums.iter_mut().zip(run) {
            for (sums, [low, high]) in sums.iter_mut().zip(run) {
                let words = vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
                *sums = vaddq_s32(*sums, words);
            }
        }
    }
    sums.map(|sums| sixteen(sums))
}

#[target_feature(enable = "neon")]
fn low(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    let mask = vdupq_n_u8(15);
    let (upper, lower) = (upper.as_chunks::<128>().0, lower.as_chunks::<128>().0);
    let mut sums = [[vdupq_n_s32(0); 2]; 2];
    for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
        // Eight terms a line.
        let mut run = [[vdupq_n_s16(0); 2]; 2];
        for (i, stored) in load_line(line).into_iter().enumerate() {
            let nibbles = [vandq_u8(stored, mask), vshrq_n_u8::<4>(stored)];
            for (run, input) in run.iter_mut().zip([upper, lower]) {
                let (parts, _) = input.as_chunks::<16>();
                *run = products(*run, nibbles[0], load_codes(&parts[i]));
                *run = products(*run, nibbles[1], load_codes(&parts[4 + i]));
            }
        }
        for (sums, run) in sums.iter_mut().zip(run) {
            for (sums, run) in sums.iter_mut().zip(run) {
                *sums = vpadalq_s16(*sums, run);
            }
        }
    }
    sums.map(|[first, last]| vaddvq_s32(vaddq_s32(first, last)))
}
