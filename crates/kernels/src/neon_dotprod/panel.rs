//! Batches of tokens: tiles of 16 rows by up to four tokens in 16 registers.
//!
//! The panel has the order that [`crate::panel`] documents.

use std::arch::aarch64::{int8x16_t, int32x4_t, vdupq_n_s32};

use super::sdot_quad;
use crate::neon::{load_codes, load_line, store_sums};
use crate::ternary::{Line, PANEL_ROWS};

/// As [`crate::panel::panel_sums`].
pub(crate) fn panel_sums(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    // SAFETY: reached by `Isa::NeonDotprod` only, which is made where `is_supported` held.
    unsafe { tiles(panel, codes, stride, sums) }
}

#[target_feature(enable = "neon,dotprod")]
fn tiles(panel: &[Line], codes: &[i8], stride: usize, sums: &mut [[i32; PANEL_ROWS]]) {
    let mut codes = codes;
    for sums in sums.chunks_mut(4) {
        for half in 0..2 {
            match sums.len() {
                4 => tile::<4>(panel, codes, stride, half, sums),
                3 => tile::<3>(panel, codes, stride, half, sums),
                2 => tile::<2>(panel, codes, stride, half, sums),
                _ => tile::<1>(panel, codes, stride, half, sums),
            }
        }
        codes = codes.get(4 * stride..).unwrap_or_default();
    }
}

/// The first `N` tokens, for half of the panel's rows.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn tile<const N: usize>(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    half: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    let cells = panel.as_chunks::<2>().0.as_chunks::<4>().0;
    let tokens: [&[[i8; 16]]; N] =
        std::array::from_fn(|t| &codes[t * stride..].as_chunks::<16>().0[..cells.len()]);
    let mut total = [[vdupq_n_s32(0); 4]; N];
    for (i, [a, b, c, d]) in cells.iter().enumerate() {
        let mut activations = [load_codes(&tokens[0][i]); N];
        for t in 1..N {
            activations[t] = load_codes(&tokens[t][i]);
        }
        add_quad::<0, N>(&mut total, &a[half], activations);
        add_quad::<1, N>(&mut total, &b[half], activations);
        add_quad::<2, N>(&mut total, &c[half], activations);
        add_quad::<3, N>(&mut total, &d[half], activations);
    }
    for (sums, total) in sums.iter_mut().zip(total) {
        let (fours, _) = sums.as_chunks_mut::<4>();
        for (out, total) in fours[half * 4..].iter_mut().zip(total) {
            store_sums(out, total);
        }
    }
}

/// Adds four columns of 16 rows.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_quad<const QUAD: usize, const N: usize>(
    total: &mut [[int32x4_t; 4]; N],
    rows: &Line,
    activations: [int8x16_t; N],
) {
    let rows = load_line(rows);
    for (total, activations) in total.iter_mut().zip(activations) {
        for (total, rows) in total.iter_mut().zip(rows) {
            *total = sdot_quad::<QUAD>(*total, rows, activations);
        }
    }
}
