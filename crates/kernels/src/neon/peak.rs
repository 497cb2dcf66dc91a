//! `smlal` over registers: eight products an instruction.

use std::arch::aarch64::{vdupq_n_s8, vdupq_n_s32};
use std::arch::asm;
use std::hint::black_box;

/// Sums side by side: more than the instruction takes cycles on any CPU.
const SUMS: usize = 16;

/// As [`crate::multiply_adds`].
pub(crate) fn multiply_adds(count: u64) -> u64 {
    // SAFETY: reached by `Isa::Neon` only, which is made where `is_supported` held.
    unsafe { run(count) }
}

#[target_feature(enable = "neon")]
fn run(count: u64) -> u64 {
    const PER_ROUND: u64 = (SUMS * 8) as u64;
    let (codes, activations) = (vdupq_n_s8(black_box(2)), vdupq_n_s8(black_box(3)));
    let mut sums = [vdupq_n_s32(black_box(1)); SUMS];
    let rounds = count.div_ceil(PER_ROUND);
    for _ in 0..rounds {
        for sum in &mut sums {
            // SAFETY: the instruction is enabled here, and reads and writes these registers alone.
            unsafe {
                asm!(
                    "smlal {0:v}.8h, {1:v}.8b, {2:v}.8b",
                    inout(vreg) *sum, in(vreg) codes, in(vreg) activations,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
        }
    }
    black_box(sums);
    rounds * PER_ROUND
}
