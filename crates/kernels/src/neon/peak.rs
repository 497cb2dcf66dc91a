//! A multiplying instruction over registers; here `smlal`, eight products each.

/// The yardstick of a path, [`crate::multiply_adds`], from its features, its instruction and the products of one.
macro_rules! multiply_adds_by {
    ($features:literal, $instruction:literal, $products:literal) => {
        /// As [`crate::multiply_adds`].
        pub(crate) fn multiply_adds(count: u64) -> u64 {
            // SAFETY: reached by this path's variant of `Isa` only, which is made where `is_supported` held.
            unsafe { run(count) }
        }

        #[target_feature(enable = $features)]
        fn run(count: u64) -> u64 {
            use std::arch::aarch64::{vdupq_n_s8, vdupq_n_s32};
            use std::hint::black_box;

            /// Sums side by side: more than the instruction takes cycles on any CPU.
            const SUMS: usize = 16;
            const PER_ROUND: u64 = (SUMS * $products) as u64;
            let (codes, activations) = (vdupq_n_s8(black_box(2)), vdupq_n_s8(black_box(3)));
            let mut sums = [vdupq_n_s32(black_box(1)); SUMS];
            let rounds = count.div_ceil(PER_ROUND);
            for _ in 0..rounds {
                for sum in &mut sums {
                    // SAFETY: the instruction is enabled here, and reads and writes these registers alone.
                    unsafe {
                        std::arch::asm!(
                            $instruction,
                            inout(vreg) *sum, in(vreg) codes, in(vreg) activations,
                            options(pure, nomem, nostack, preserves_flags),
                        );
                    }
                }
            }
            black_box(sums);
            rounds * PER_ROUND
        }
    };
}

pub(crate) use multiply_adds_by;

multiply_adds_by!("neon", "smlal {0:v}.8h, {1:v}.8b, {2:v}.8b", 8);
