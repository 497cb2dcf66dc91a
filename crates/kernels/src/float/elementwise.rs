//! Operations without a reduction: each output depends on its own inputs only.

use super::exp::exp as exp_one;
use super::{Arch, Element, LANES};
use half::f16;

/// `x = e^x`.
#[inline(always)]
pub(crate) fn exp<A: Arch>(x: &mut [f32]) {
    for x in x {
        *x = exp_one(*x);
    }
}

/// `x += y`.
#[inline(always)]
pub(crate) fn add_assign<A: Arch>(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// `out = gate / (1 + e^-gate) * up`.
#[inline(always)]
pub(crate) fn silu_mul<A: Arch>(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, &gate), up) in out.iter_mut().zip(gate).zip(up) {
        *out = gate / (1.0 + exp_one(-gate)) * up;
    }
}

/// `out = relu(gate)^2 * up`.
#[inline(always)]
pub(crate) fn squared_relu_mul<A: Arch>(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, &gate), up) in out.iter_mut().zip(gate).zip(up) {
        // Not `max`, which would turn a NaN into 0 and hide it.
        let relu = if gate < 0.0 { 0.0 } else { gate };
        *out = relu * relu * up;
    }
}

/// Rotates pairs (i, i + head_dim / 2) of every head; `cos` and `sin` are `[head_dim / 2]`.
///
/// Two products and their sum, each rounded, as the reference computes it.
#[inline(always)]
pub(crate) fn rope_rotate_half<A: Arch>(heads: &mut [f32], cos: &[f32], sin: &[f32]) {
    for head in heads.chunks_exact_mut(2 * cos.len()) {
        let (first, second) = head.split_at_mut(cos.len());
        for (((x1, x2), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
            let (a, b) = (*x1, *x2);
            *x1 = a * cos - b * sin;
            *x2 = b * cos + a * sin;
        }
    }
}

/// `out = ((sum - act_sum) / act_scale) * weight_scale`: from exact sums of stored codes to a layer's output.
#[inline(always)]
pub(crate) fn scale_sums<A: Arch>(
    sums: &[i32],
    act_sum: i32,
    act_scale: f32,
    weight_scale: f32,
    out: &mut [f32],
) {
    for (y, sum) in out.iter_mut().zip(sums) {
        *y = crate::linear::scaled(sum - act_sum, act_scale, weight_scale);
    }
}

/// `total += partial`.
#[inline(always)]
pub(crate) fn add_sums<A: Arch>(total: &mut [i32], partial: &[i32]) {
    for (total, partial) in total.iter_mut().zip(partial) {
        *total += partial;
    }
}

/// f32 to f16, half to even.
#[inline(always)]
pub(crate) fn narrow_f16<A: Arch>(x: &[f32], out: &mut [f16]) {
    let (x, x_tail) = x.as_chunks::<LANES>();
    let (out, out_tail) = out.as_chunks_mut::<LANES>();
    for (out, x) in out.iter_mut().zip(x) {
        A::store_f16(A::load(x), out);
    }
    let mut tail = [f16::ZERO; LANES];
    A::store_f16(f32::load_tail::<A>(x_tail), &mut tail);
    out_tail.copy_from_slice(&tail[..x_tail.len()]);
}

/// `out = scale * code`, each scale for as many neighbouring codes: a multiple of 16.
#[inline(always)]
pub(crate) fn widen_int8<A: Arch>(codes: &[i8], scales: &[f32], out: &mut [f32]) {
    let group = codes.len() / scales.len() / LANES;
    let codes = codes.as_chunks::<LANES>().0.chunks_exact(group);
    let out = out.as_chunks_mut::<LANES>().0.chunks_exact_mut(group);
    for ((codes, out), &scale) in codes.zip(out).zip(scales) {
        for (codes, out) in codes.iter().zip(out) {
            A::store(A::mul(A::load_i8(codes), A::splat(scale)), out);
        }
    }
}

/// Any stored number to f32.
#[inline(always)]
pub(crate) fn widen<A: Arch, E: Element>(x: &[E], out: &mut [f32]) {
    let (x, x_tail) = x.as_chunks::<LANES>();
    let (out, out_tail) = out.as_chunks_mut::<LANES>();
    for (out, x) in out.iter_mut().zip(x) {
        A::store(E::load::<A>(x), out);
    }
    let mut tail = [0.0; LANES];
    A::store(E::load_tail::<A>(x_tail), &mut tail);
    out_tail.copy_from_slice(&tail[..x_tail.len()]);
}
