//! Operations without a reduction: each output depends on its own inputs only.

use super::exp::exp as exp_one;
use super::{Arch, Element, LANES};
use crate::PANEL_ROWS;
use crate::activations::RowScale;
use half::f16;

/// `x = e^x`.
#[inline(always)]
pub(crate) fn exp<A: Arch>(x: &mut [f32]) {
    for x in x {
        *x = exp_one::<A>(*x);
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
        *out = gate / (1.0 + exp_one::<A>(-gate)) * up;
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
    if A::FUSED && QUOTIENT_SCALES.contains(&act_scale) {
        let inverse = 1.0 / act_scale;
        for (y, sum) in out.iter_mut().zip(sums) {
            *y = quotient((sum - act_sum) as f32, act_scale, inverse) * weight_scale;
        }
        return;
    }
    for (y, sum) in out.iter_mut().zip(sums) {
        *y = crate::linear::scaled(sum - act_sum, act_scale, weight_scale);
    }
}

/// [`scale_sums`] of a panel's rows, token by token.
#[inline(always)]
pub(crate) fn scale_panel<A: Arch>(
    sums: &[[i32; PANEL_ROWS]],
    scales: &[RowScale],
    weight_scale: f32,
    out: &mut [[f32; PANEL_ROWS]],
) {
    for ((sums, out), row) in sums.iter().zip(out).zip(scales) {
        scale_sums::<A>(sums, row.sum, row.scale, weight_scale, out);
    }
}

/// `x[t] += panels[..][first + t]`, panel after panel, which is how they lie.
#[inline(always)]
pub(crate) fn add_panel_rows<A: Arch>(
    pieces: &[[f32; PANEL_ROWS]],
    n_tokens: usize,
    first: usize,
    x: &mut [f32],
    width: usize,
) {
    for (panel, at) in pieces
        .chunks_exact(n_tokens)
        .zip((0..width).step_by(PANEL_ROWS))
    {
        let columns = at..width.min(at + PANEL_ROWS);
        for (row, piece) in x.chunks_exact_mut(width).zip(&panel[first..]) {
            let row = &mut row[columns.clone()];
            match row.first_chunk_mut::<PANEL_ROWS>() {
                Some(row) => {
                    for (x, y) in row.iter_mut().zip(piece) {
                        *x += y;
                    }
                }
                None => {
                    for (x, y) in row.iter_mut().zip(piece) {
                        *x += y;
                    }
                }
            }
        }
    }
}

/// Divisors for which no step of [`quotient`] of a 32-bit integer leaves the normal numbers.
const QUOTIENT_SCALES: std::ops::Range<f32> = 1e-12..1e12;

/// `x / scale`, rounded once as a division is, at a third of its time; `inverse` is `1 / scale`, rounded once.
///
/// A remainder of a fused multiply-add is exact. The first correction leaves a quotient off by less than a unit in the
/// last place, and from there the second one rounds correctly: P. Markstein, "Computation of elementary functions on
/// the IBM RISC System/6000 processor", IBM J. Res. Dev. 34 (1990), theorem 8.
#[inline(always)]
fn quotient(x: f32, scale: f32, inverse: f32) -> f32 {
    let rough = x * inverse;
    let close = scale.mul_add(-rough, x).mul_add(inverse, rough);
    scale.mul_add(-close, x).mul_add(inverse, close)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_differs_from_the_division() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u32
        };
        let mantissas = [0, 1, 2, 0x40_0000, 0x7f_fffe, 0x7f_ffff];
        for round in 0..400_000 {
            let (a, b, c) = (random(), random(), random());
            let x = (a.cast_signed() >> (b % 31)) as f32;
            let mantissa = mantissas.get(round % 16).copied().unwrap_or(c & 0x7f_ffff);
            // Exponents of 2^-39 to 2^38.
            let scale = f32::from_bits((88 + b / 31 % 78) << 23 | mantissa);
            assert!(QUOTIENT_SCALES.contains(&scale), "{scale:e}");
            let got = quotient(x, scale, 1.0 / scale);
            assert_eq!(got.to_bits(), (x / scale).to_bits(), "{x:e} / {scale:e}");
        }
    }
}
