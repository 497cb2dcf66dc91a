//! Batches of tokens: `smmla` multiplies two rows by two tokens, eight columns at a time; tiles of 16 rows by up to
//! four tokens in 16 registers.
//!
//! This path's panels are `[columns / 8][16 pairs of rows][2 rows][8 columns]`.

use std::arch::aarch64::{
    int8x16_t, int32x4_t, uint8x16_t, vdupq_n_s8, vdupq_n_s32, vreinterpretq_s8_s64,
    vreinterpretq_s64_s8, vreinterpretq_u8_u32, vreinterpretq_u32_u8, vuzp1q_s32, vuzp2q_s32,
    vzip1q_s64, vzip1q_u32, vzip2q_s64, vzip2q_u32,
};
use std::arch::asm;

use crate::neon::{
    Layout, columns_to, load_codes, load_line, row_blocks_to, rows_to, store_part, store_sums,
};
use crate::ternary::{Line, PANEL_ROWS};

/// Lines of a panel for sixteen columns; each holds eight rows by eight columns.
const CELL: usize = 8;

struct Pairs;

impl Layout for Pairs {
    #[inline(always)]
    fn put(eight: &mut [Line; 4], four: usize, quads: [uint8x16_t; 2]) {
        let line = &mut eight[four / 2];
        let part = four % 2 * 2;
        // SAFETY: the callers enable NEON, which was detected; parts are indexed with checks.
        unsafe {
            let [first, second] = quads.map(|quad| vreinterpretq_u32_u8(quad));
            store_part(line, part, vreinterpretq_u8_u32(vzip1q_u32(first, second)));
            let last = vreinterpretq_u8_u32(vzip2q_u32(first, second));
            store_part(line, part + 1, last);
        }
    }
}

/// As [`crate::panel::unpack_row_blocks`], in this path's order.
pub(crate) fn unpack_row_blocks(blocks: &[Line], per_block: usize, panel: &mut [Line]) {
    // SAFETY: reached by `Isa::NeonI8mm` only, which is made where `is_supported` held.
    unsafe { row_blocks_to::<Pairs>(blocks, per_block, panel) }
}

/// As [`crate::panel::unpack_rows`], in this path's order.
pub(crate) fn unpack_rows(rows: &[Line], per_row: usize, panel: &mut [Line]) {
    // SAFETY: reached by `Isa::NeonI8mm` only, which is made where `is_supported` held.
    unsafe { rows_to::<Pairs>(rows, per_row, panel) }
}

/// As [`crate::panel::unpack_columns`], in this path's order.
pub(crate) fn unpack_columns(lines: &[Line], per_column: usize, index: usize, panel: &mut [Line]) {
    // SAFETY: reached by `Isa::NeonI8mm` only, which is made where `is_supported` held.
    unsafe { columns_to::<Pairs>(lines, per_column, index, panel) }
}

/// As [`crate::panel::panel_sums`].
pub(crate) fn panel_sums(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    // SAFETY: reached by `Isa::NeonI8mm` only, which is made where `is_supported` held.
    unsafe { tiles(panel, codes, stride, sums) }
}

#[target_feature(enable = "neon,i8mm")]
fn tiles(panel: &[Line], codes: &[i8], stride: usize, sums: &mut [[i32; PANEL_ROWS]]) {
    let mut codes = codes;
    for sums in sums.chunks_mut(4) {
        for half in 0..2 {
            if sums.len() > 2 {
                tile::<2>(panel, codes, stride, half, sums);
            } else {
                tile::<1>(panel, codes, stride, half, sums);
            }
        }
        codes = codes.get(4 * stride..).unwrap_or_default();
    }
}

/// The first `PAIRS` pairs of tokens, for half of the panel's rows. A last token without a second is paired with itself.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn tile<const PAIRS: usize>(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    half: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    let (cells, _) = panel.as_chunks::<CELL>();
    let last = sums.len() - 1;
    let token = |t: usize| &codes[t.min(last) * stride..].as_chunks::<16>().0[..cells.len()];
    let tokens: [[&[[i8; 16]]; 2]; PAIRS] =
        std::array::from_fn(|p| [token(2 * p), token(2 * p + 1)]);
    let mut total = [[vdupq_n_s32(0); 8]; PAIRS];
    for (i, cell) in cells.iter().enumerate() {
        let [first, second] = activations(tokens, i);
        let eights = cell.as_chunks::<4>().0;
        add_eight(&mut total, &eights[0], half, first);
        add_eight(&mut total, &eights[1], half, second);
    }
    for (sums, total) in sums.chunks_mut(2).zip(total) {
        for (four, pairs) in total.as_chunks::<2>().0.iter().enumerate() {
            let tokens = [
                vuzp1q_s32(pairs[0], pairs[1]),
                vuzp2q_s32(pairs[0], pairs[1]),
            ];
            for (sums, token) in sums.iter_mut().zip(tokens) {
                let (fours, _) = sums.as_chunks_mut::<4>();
                store_sums(&mut fours[half * 4 + four], token);
            }
        }
    }
}

/// Cell `i` of each pair of tokens: its first eight columns, and its last eight.
#[inline]
#[target_feature(enable = "neon")]
fn activations<const PAIRS: usize>(
    tokens: [[&[[i8; 16]]; 2]; PAIRS],
    i: usize,
) -> [[int8x16_t; PAIRS]; 2] {
    let mut eights = [[vdupq_n_s8(0); PAIRS]; 2];
    for (p, pair) in tokens.into_iter().enumerate() {
        let [first, second] = pair.map(|token| vreinterpretq_s64_s8(load_codes(&token[i])));
        eights[0][p] = vreinterpretq_s8_s64(vzip1q_s64(first, second));
        eights[1][p] = vreinterpretq_s8_s64(vzip2q_s64(first, second));
    }
    eights
}

/// Adds eight columns of half of the rows.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn add_eight<const PAIRS: usize>(
    total: &mut [[int32x4_t; 8]; PAIRS],
    lines: &[Line; 4],
    half: usize,
    activations: [int8x16_t; PAIRS],
) {
    for l in 0..2 {
        for (k, rows) in load_line(&lines[half * 2 + l]).into_iter().enumerate() {
            for (total, activations) in total.iter_mut().zip(activations) {
                let total = &mut total[l * 4 + k];
                *total = multiply(*total, rows, activations);
            }
        }
    }
}

/// Adds two rows of eight bytes, below 128, times two tokens of eight: `[row][token]`.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn multiply(sums: int32x4_t, rows: uint8x16_t, tokens: int8x16_t) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the instruction is enabled here, and reads and writes these registers alone.
    unsafe {
        asm!(
            "smmla {0:v}.4s, {1:v}.16b, {2:v}.16b",
            inout(vreg) sums, in(vreg) rows, in(vreg) tokens,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
