//! The planes of the head: nibbles times int16 inputs, as two int8 passes.

use std::arch::aarch64::{vaddq_s32, vaddvq_s32, vdupq_n_s32};

use super::{nibbles, sdot};
use crate::neon::{PREFETCH_LINES, broadcast, load_codes, load_line, prefetch, sixteen};
use crate::ternary::{BLOCK_ROWS, Line};

/// As [`crate::planes::screen_sums_plain`].
pub(crate) fn screen_sums(lines: &[Line], upper: &[i8], lower: &[i8]) -> [[i32; BLOCK_ROWS]; 2] {
    // SAFETY: reached by paths of `Isa` only that are made where `is_supported` held.
    unsafe { screen(lines, upper, lower) }
}

/// As [`crate::planes::low_sums_plain`].
pub(crate) fn low_sums(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    // SAFETY: reached by paths of `Isa` only that are made where `is_supported` held.
    unsafe { low(lines, upper, lower) }
}

#[target_feature(enable = "neon,dotprod")]
fn screen(lines: &[Line], upper: &[i8], lower: &[i8]) -> [[i32; BLOCK_ROWS]; 2] {
    let (upper, lower) = (upper.as_chunks::<8>().0, lower.as_chunks::<8>().0);
    // `[part][four rows]`
    let mut sums = [[vdupq_n_s32(0); 4]; 2];
    for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
        prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
        let inputs = [upper, lower].map(|part| {
            let (quads, _) = part.as_chunks::<4>();
            [broadcast(quads[0]), broadcast(quads[1])]
        });
        for (four, stored) in load_line(line).into_iter().enumerate() {
            let nibbles = nibbles(stored);
            for (sums, inputs) in sums.iter_mut().zip(inputs) {
                sums[four] = sdot(sums[four], nibbles[0], inputs[0]);
                sums[four] = sdot(sums[four], nibbles[1], inputs[1]);
            }
        }
    }
    sums.map(|sums| sixteen(sums))
}

#[target_feature(enable = "neon,dotprod")]
fn low(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    let (upper, lower) = (upper.as_chunks::<128>().0, lower.as_chunks::<128>().0);
    // `[part][nibble]`
    let mut sums = [[vdupq_n_s32(0); 2]; 2];
    for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
        for (i, stored) in load_line(line).into_iter().enumerate() {
            let nibbles = nibbles(stored);
            for (sums, input) in sums.iter_mut().zip([upper, lower]) {
                let (parts, _) = input.as_chunks::<16>();
                sums[0] = sdot(sums[0], nibbles[0], load_codes(&parts[i]));
                sums[1] = sdot(sums[1], nibbles[1], load_codes(&parts[4 + i]));
            }
        }
    }
    sums.map(|[first, second]| vaddvq_s32(vaddq_s32(first, second)))
}
