//! The exponential function, our own so that it has the same bits everywhere.

use super::{Arch, fused};

/// Below this, `e^x` rounds to zero even as a subnormal.
const LOWEST: f32 = -104.0;
/// Above this, `e^x` is infinite.
const HIGHEST: f32 = 89.0;
/// 1.5 * 2^23: adding it rounds a small number to an integer, half to even, and leaves that integer in
/// the low bits.
pub(super) const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts; the first has so few bits that its product with the exponent is exact.
const LN2_HIGH: f32 = 0.693_115_23;
const LN2_LOW: f32 = 3.194_618_3e-5;
/// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2, fitted by Remez's exchange to a relative error of 4e-9
/// of e^r.
const POLYNOMIAL: [f32; 5] = [
    0.499_999_94,
    0.166_665_21,
    0.041_668_39,
    0.008_368_745,
    0.001_381_454,
];

/// `e^x`, within 1.1 units in the last place; 0 for -inf, inf for inf, NaN for NaN.
///
/// `x = n ln 2 + r`, so `e^x = 2^n e^r`.
#[inline(always)]
pub(super) fn exp<A: Arch>(x: f32) -> f32 {
    let x = if x < LOWEST { LOWEST } else { x };
    let x = if x > HIGHEST { HIGHEST } else { x };
    let shifted = fused::<A>(x, std::f32::consts::LOG2_E, ROUND);
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let n_float = shifted - ROUND;
    let r = fused::<A>(n_float, -LN2_LOW, fused::<A>(n_float, -LN2_HIGH, x));
    let [c0, c1, c2, c3, c4] = POLYNOMIAL;
    let tail = fused::<A>(c4, r, c3);
    let tail = fused::<A>(tail, r, c2);
    let tail = fused::<A>(tail, r, c1);
    let tail = fused::<A>(tail, r, c0);
    let e_r = fused::<A>(tail, r * r, r) + 1.0;
    // 2^n in two factors: n reaches 128 and -150, beyond one float's exponent.
    let half = n >> 1;
    e_r * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// 2^n for -126 <= n <= 127. (Anything for a NaN's meaningless n: the product is NaN anyway.)
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}
