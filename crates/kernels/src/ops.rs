//! The float operations between the layers.
//!
//! Those that sum do so in one fixed order (see the README); the others treat each element alone.

use crate::Isa;
use half::slice::HalfBitsSliceExt;

/// RMS norm: `out = weight * (x / sqrt(mean(x^2) + eps))`. All three `[dim]`.
///
/// # Panics
/// When the lengths differ.
pub fn rms_norm(isa: Isa, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    assert_eq!(x.len(), weight.len(), "one weight an input");
    assert_eq!(x.len(), out.len(), "one output an input");
    dispatch!(isa, rms_norm(x, weight, eps, out));
}

/// The dot product of `a` and `b`.
///
/// # Panics
/// When the lengths differ.
#[must_use]
pub fn dot_f32(isa: Isa, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "vectors of one length");
    dispatch!(isa, dot(a, b))
}

/// `x = e^(x - max(x)) / sum`: probabilities from logits. An empty `x` stays empty.
pub fn softmax(isa: Isa, x: &mut [f32]) {
    dispatch!(isa, softmax(x));
}

/// `x = e^x`, within 1.1 units in the last place; 0 for -inf, inf for inf, NaN for NaN.
pub fn exp(isa: Isa, x: &mut [f32]) {
    dispatch!(isa, exp(x));
}

/// `x += y`: the residual addition.
///
/// # Panics
/// When the lengths differ.
pub fn add_assign(isa: Isa, x: &mut [f32], y: &[f32]) {
    assert_eq!(x.len(), y.len(), "vectors of one length");
    dispatch!(isa, add_assign(x, y));
}

/// `out = silu(gate) * up` with `silu(x) = x / (1 + e^-x)`.
///
/// # Panics
/// When the lengths differ.
pub fn silu_mul(isa: Isa, gate: &[f32], up: &[f32], out: &mut [f32]) {
    assert_eq!(gate.len(), up.len(), "one up a gate");
    assert_eq!(gate.len(), out.len(), "one output a gate");
    dispatch!(isa, silu_mul(gate, up, out));
}

/// `out = relu(gate)^2 * up`. A NaN in `gate` stays a NaN.
///
/// # Panics
/// When the lengths differ.
pub fn squared_relu_mul(isa: Isa, gate: &[f32], up: &[f32], out: &mut [f32]) {
    assert_eq!(gate.len(), up.len(), "one up a gate");
    assert_eq!(gate.len(), out.len(), "one output a gate");
    dispatch!(isa, squared_relu_mul(gate, up, out));
}

/// Rotary embedding in place on `heads`, `[n][head_dim]`, all at one position.
///
/// Pairs are (i, i + head_dim / 2); `cos` and `sin` are that position's rows, `[head_dim / 2]`:
/// `x1 * cos - x2 * sin` and `x2 * cos + x1 * sin`, not fused, as the reference rounds them.
///
/// # Panics
/// When `cos` and `sin` differ in length, or `heads` is not a whole number of heads.
pub fn rope_rotate_half(isa: Isa, heads: &mut [f32], cos: &[f32], sin: &[f32]) {
    assert_eq!(cos.len(), sin.len(), "one sine a cosine");
    assert!(!cos.is_empty(), "a head has at least two dimensions");
    assert!(heads.len().is_multiple_of(2 * cos.len()), "whole heads");
    dispatch!(isa, rope_rotate_half(heads, cos, sin));
}

/// f32 to f16 bits, rounded half to even; beyond the range of f16 becomes an infinity.
///
/// A NaN stays a NaN; its payload may differ between paths.
///
/// # Panics
/// When the lengths differ.
pub fn narrow_f16(isa: Isa, x: &[f32], out: &mut [u16]) {
    assert_eq!(x.len(), out.len(), "one output an input");
    dispatch!(isa, narrow_f16(x, out.reinterpret_cast_mut()));
}

/// f16 bits to f32, exactly. A NaN stays a NaN; its payload may differ between paths.
///
/// # Panics
/// When the lengths differ.
pub fn widen_f16(isa: Isa, x: &[u16], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "one output an input");
    dispatch!(isa, widen(x.reinterpret_cast::<half::f16>(), out));
}
