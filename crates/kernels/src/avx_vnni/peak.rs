//! `vpdpbusd` over registers: 32 products an instruction.

use std::arch::x86_64::_mm256_set1_epi32;
use std::hint::black_box;

use super::Dot;

/// Sums side by side: more than the instruction takes cycles on any CPU, in the registers there are.
const SUMS: usize = 12;
/// Instructions for each sum between looks at the counter.
const UNROLLED: usize = 4;

/// As [`crate::multiply_adds`].
#[inline(always)]
pub(super) fn multiply_adds<D: Dot>(count: u64) -> u64 {
    const PER_ROUND: u64 = (SUMS * UNROLLED * 32) as u64;
    let (codes, activations, one) = black_box((0x0201_0201, 0x7f3f_1f0f, 1));
    // SAFETY: the callers enable AVX2, which was detected.
    let [codes, activations, one] =
        unsafe { [codes, activations, one].map(|word| _mm256_set1_epi32(word)) };
    let mut sums = [one; SUMS];
    let rounds = count.div_ceil(PER_ROUND);
    for _ in 0..rounds {
        for _ in 0..UNROLLED {
            for sum in &mut sums {
                *sum = D::dot(*sum, codes, activations);
            }
        }
    }
    black_box(sums);
    rounds * PER_ROUND
}
