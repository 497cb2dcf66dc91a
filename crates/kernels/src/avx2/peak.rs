//! `maddubs` and the addition that has to follow it, over registers: 32 products in two instructions.

use std::arch::x86_64::{_mm256_add_epi16, _mm256_maddubs_epi16, _mm256_set1_epi32};
use std::hint::black_box;

/// Sums side by side: more than the two instructions take cycles on any CPU, in the registers there are.
const SUMS: usize = 12;

/// As [`crate::multiply_adds`].
pub(crate) fn multiply_adds(count: u64) -> u64 {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { run(count) }
}

#[target_feature(enable = "avx2")]
fn run(count: u64) -> u64 {
    const PER_ROUND: u64 = (SUMS * 32) as u64;
    let mut sums = [_mm256_set1_epi32(black_box(1)); SUMS];
    let activations = _mm256_set1_epi32(black_box(0x7f3f_1f0f));
    let codes = _mm256_set1_epi32(black_box(0x0201_0201));
    let rounds = count.div_ceil(PER_ROUND);
    for _ in 0..rounds {
        // Not known to the compiler, so that the products are made anew.
        let codes = black_box_register(codes);
        for sum in &mut sums {
            *sum = _mm256_add_epi16(*sum, _mm256_maddubs_epi16(codes, activations));
        }
    }
    black_box(sums);
    rounds * PER_ROUND
}

/// Hides a value from the compiler without a way through memory.
#[inline]
#[target_feature(enable = "avx2")]
fn black_box_register(mut x: std::arch::x86_64::__m256i) -> std::arch::x86_64::__m256i {
    // SAFETY: no instruction at all, so nothing but the named register is touched.
    unsafe {
        std::arch::asm!("/* {0} */", inout(ymm_reg) x, options(nomem, nostack, preserves_flags))
    };
    x
}
