//! `vpdpbusd` over registers: 64 products an instruction.

use std::arch::x86_64::{_mm512_dpbusd_epi32, _mm512_reduce_add_epi32, _mm512_set1_epi32};
use std::hint::black_box;

/// Sums side by side: more than an instruction takes cycles on any CPU.
const SUMS: usize = 16;
/// Instructions between looks at the counter.
const UNROLLED: usize = 4;

/// As [`crate::multiply_adds`].
pub(crate) fn multiply_adds(count: u64) -> u64 {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { run(count) }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn run(count: u64) -> u64 {
    const PER_ROUND: u64 = (SUMS * UNROLLED * 64) as u64;
    let (codes, activations) = black_box((0x0201_0201, 0x7f3f_1f0f));
    let (codes, activations) = (_mm512_set1_epi32(codes), _mm512_set1_epi32(activations));
    let mut sums = [_mm512_set1_epi32(black_box(1)); SUMS];
    let rounds = count.div_ceil(PER_ROUND);
    for _ in 0..rounds {
        for _ in 0..UNROLLED {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, codes, activations);
            }
        }
    }
    black_box(sums.map(|sum| _mm512_reduce_add_epi32(sum)));
    rounds * PER_ROUND
}
