//! Batches of tokens: tiles of 16 rows by two tokens in 16 registers of 16-bit sums.
//!
//! The panel has the order that [`crate::panel`] documents.

use std::arch::aarch64::{
    uint8x16_t, vaddq_s32, vdupq_n_s16, vdupq_n_s32, vpaddlq_s16, vpaddq_s32,
};

use super::ternary::products;
use super::{
    Layout, broadcast, columns_to, load_line, row_blocks_to, rows_to, store_part, store_sums,
};
use crate::ternary::{Line, PANEL_ROWS};

/// Quads of columns whose products, one a quad, fit an i16: 128 of at most 254 and at least -256.
const RUN: usize = 128;

/// `[columns / 4][32 rows][4 columns]`.
pub(crate) struct Quads;

impl Layout for Quads {
    #[inline(always)]
    fn put(eight: &mut [Line; 4], four: usize, quads: [uint8x16_t; 2]) {
        let [first, second] = quads;
        // SAFETY: the callers enable NEON, which was detected; lines and parts are indexed with checks.
        unsafe {
            store_part(&mut eight[four / 4], four % 4, first);
            store_part(&mut eight[2 + four / 4], four % 4, second);
        }
    }
}

/// As [`crate::panel::unpack_row_blocks`].
pub(crate) fn unpack_row_blocks(blocks: &[Line], per_block: usize, panel: &mut [Line]) {
    // SAFETY: reached by a NEON variant of `Isa` only, made where `is_supported` held.
    unsafe { row_blocks_to::<Quads>(blocks, per_block, panel) }
}

/// As [`crate::panel::unpack_rows`].
pub(crate) fn unpack_rows(rows: &[Line], per_row: usize, panel: &mut [Line]) {
    // SAFETY: reached by a NEON variant of `Isa` only, made where `is_supported` held.
    unsafe { rows_to::<Quads>(rows, per_row, panel) }
}

/// As [`crate::panel::unpack_columns`].
pub(crate) fn unpack_columns(lines: &[Line], per_column: usize, index: usize, panel: &mut [Line]) {
    // SAFETY: reached by a NEON variant of `Isa` only, made where `is_supported` held.
    unsafe { columns_to::<Quads>(lines, per_column, index, panel) }
}

/// As [`crate::panel::panel_sums`].
pub(crate) fn panel_sums(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    // SAFETY: reached by `Isa::Neon` only, which is made where `is_supported` held.
    unsafe { tiles(panel, codes, stride, sums) }
}

#[target_feature(enable = "neon")]
fn tiles(panel: &[Line], codes: &[i8], stride: usize, sums: &mut [[i32; PANEL_ROWS]]) {
    let mut codes = codes;
    for sums in sums.chunks_mut(2) {
        for half in 0..2 {
            if sums.len() == 2 {
                tile::<2>(panel, codes, stride, half, sums);
            } else {
                tile::<1>(panel, codes, stride, half, sums);
            }
        }
        codes = codes.get(2 * stride..).unwrap_or_default();
    }
}

/// The first `N` tokens, for half of the panel's rows.
#[inline]
#[target_feature(enable = "neon")]
fn tile<const N: usize>(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    half: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    let (quads, _) = panel.as_chunks::<2>();
    let tokens: [&[[i8; 4]]; N] =
        std::array::from_fn(|t| &codes[t * stride..].as_chunks::<4>().0[..quads.len()]);
    let mut total = [[vdupq_n_s32(0); 4]; N];
    for (r, quads) in quads.chunks(RUN).enumerate() {
        let mut run = [[[vdupq_n_s16(0); 2]; 4]; N];
        for (i, quad) in (r * RUN..).zip(quads) {
            let rows = load_line(&quad[half]);
            for t in 0..N {
                let activations = broadcast(tokens[t][i]);
                for (run, rows) in run[t].iter_mut().zip(rows) {
                    *run = products(*run, rows, activations);
                }
            }
        }
        for (total, run) in total.iter_mut().zip(run) {
            for (total, [low, high]) in total.iter_mut().zip(run) {
                let words = vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
                *total = vaddq_s32(*total, words);
            }
        }
    }
    for (sums, total) in sums.iter_mut().zip(total) {
        let (fours, _) = sums.as_chunks_mut::<4>();
        for (out, total) in fours[half * 4..].iter_mut().zip(total) {
            store_sums(out, total);
        }
    }
}
