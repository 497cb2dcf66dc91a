//! One token to int8.

use super::Arch;
use super::exp::ROUND;

/// The smallest absolute maximum: an all-zero token gets a finite scale.
const ABSMAX_FLOOR: f32 = 1e-5;

/// Quantises `x` into `codes` (same length); returns the activation scale and the sum of the codes.
#[inline(always)]
pub(crate) fn quantize<A: Arch>(x: &[f32], codes: &mut [i8]) -> (f32, i32) {
    // Magnitudes order like their bits, with NaN above infinity, so a NaN is never lost.
    let mut absmax_bits = 0_u32;
    for x in x {
        absmax_bits = absmax_bits.max(x.abs().to_bits());
    }
    let absmax = f32::from_bits(absmax_bits);
    let floored = if absmax < ABSMAX_FLOOR {
        ABSMAX_FLOOR
    } else {
        absmax
    };
    // Two roundings, as the reference divides: 127 / m differs by a unit for part of all inputs.
    let scale = (1.0 / floored) * 127.0;
    if !absmax.is_finite() {
        codes.fill(0);
        return (scale, 0);
    }
    // |x * scale| < 127.5 from here on, so adding ROUND rounds half to even and the i8 holds it.
    let mut sum = 0_i32;
    for (code, x) in codes.iter_mut().zip(x) {
        let rounded = (x * scale + ROUND).to_bits() as i32 - ROUND.to_bits() as i32;
        *code = rounded as i8;
        sum += rounded;
    }
    (scale, sum)
}
