//! How fast a path multiplies and adds: a loop over registers, to hold the kernels against.

use crate::Isa;

/// Does about `count` int8 multiply-adds (products added to sums of at least 16 bits) in registers alone, with this
/// path's best instruction for it; returns how many.
#[must_use]
pub fn multiply_adds(isa: Isa, count: u64) -> u64 {
    dispatch!(isa, multiply_adds(count))
}

/// Eight sums at once, which a compiler may put into whatever registers there are.
pub(crate) fn multiply_adds_plain(count: u64) -> u64 {
    const LANES: usize = 8;
    let rounds = count / LANES as u64;
    let mut sums = [0_i32; LANES];
    let (mut a, mut b) = (3_i8, 5_i8);
    for _ in 0..rounds {
        // Not known to the compiler, so that it can't sum up the loop.
        (a, b) = std::hint::black_box((a, b));
        for sum in &mut sums {
            *sum = sum.wrapping_add(i32::from(a) * i32::from(b));
        }
    }
    std::hint::black_box(sums);
    rounds * LANES as u64
}
