//! The ternary linear layer: `y = (codes . activations / s) * weight_scale`.
//!
//! A path sums stored codes (code + 1, so 0 to 2) times activations; taking the sum of the activations
//! away leaves the exact dot product. Scaling it is done here, once, in one order.

use std::ops::Range;

use crate::Isa;
use crate::activations::{Int8Activations, Int8Row};
use crate::ternary::{BLOCK_ROWS, PackedTernary};

/// Tokens for which [`matmul`] keeps sums on the stack while it walks a row block once.
const TOKEN_TILE: usize = 128;

/// One token through the rows of `row_blocks`: `out`, `[rows of these blocks]`.
///
/// # Panics
/// When `row_blocks` leaves the matrix, `act` has other columns, or `out` has another length than
/// [`PackedTernary::rows_in`] says.
pub fn matvec(
    isa: Isa,
    w: &PackedTernary,
    row_blocks: Range<usize>,
    act: Int8Row<'_>,
    weight_scale: f32,
    out: &mut [f32],
) {
    check_matvec(w, &row_blocks, act, out.len());
    for (row_block, out) in row_blocks.zip(out.chunks_mut(BLOCK_ROWS)) {
        let lines = w.row_block(row_block);
        let stored = dispatch!(isa, row_block_sums(lines, act.padded_codes()));
        for (y, stored) in out.iter_mut().zip(stored) {
            *y = scaled(stored - act.sum(), act.scale(), weight_scale);
        }
    }
}

/// The exact integer sums of [`matvec`], before scaling. For tests.
///
/// # Panics
/// As [`matvec`].
pub fn matvec_i32(
    isa: Isa,
    w: &PackedTernary,
    row_blocks: Range<usize>,
    act: Int8Row<'_>,
    out: &mut [i32],
) {
    check_matvec(w, &row_blocks, act, out.len());
    for (row_block, out) in row_blocks.zip(out.chunks_mut(BLOCK_ROWS)) {
        let lines = w.row_block(row_block);
        let stored = dispatch!(isa, row_block_sums(lines, act.padded_codes()));
        for (y, stored) in out.iter_mut().zip(stored) {
            *y = stored - act.sum();
        }
    }
}

/// A batch of tokens through the rows of `row_blocks`: `out`, `[rows of these blocks][n_tokens]`.
///
/// The output is row by row, not token by token, so that ranges of row blocks own whole slices;
/// [`transpose_tokens`] turns it round. Equal, bit for bit, to a [`matvec`] per token.
///
/// # Panics
/// When `row_blocks` leaves the matrix, `acts` has other columns, or `out` is not rows times tokens
/// long.
pub fn matmul(
    isa: Isa,
    w: &PackedTernary,
    row_blocks: Range<usize>,
    acts: &Int8Activations,
    weight_scale: f32,
    out: &mut [f32],
) {
    let n_tokens = acts.n_tokens();
    assert_eq!(acts.cols(), w.cols(), "activations match the matrix");
    assert!(row_blocks.end <= w.row_blocks(), "row blocks exist");
    assert_eq!(
        out.len(),
        w.rows_in(&row_blocks) * n_tokens,
        "out is [rows][n_tokens]"
    );
    if out.is_empty() {
        return;
    }
    let (codes, width) = acts.codes();
    let mut stored = [[0_i32; BLOCK_ROWS]; TOKEN_TILE];
    for (row_block, out) in row_blocks.zip(out.chunks_mut(BLOCK_ROWS * n_tokens)) {
        let lines = w.row_block(row_block);
        for first in (0..n_tokens).step_by(TOKEN_TILE) {
            let tile = &mut stored[..TOKEN_TILE.min(n_tokens - first)];
            let tile_codes = &codes[first * width..(first + tile.len()) * width];
            dispatch!(isa, row_block_sums_many(lines, tile_codes, tile));
            for (t, stored) in (first..).zip(tile.iter()) {
                let act = acts.row(t);
                for (row, stored) in out.chunks_exact_mut(n_tokens).zip(stored) {
                    row[t] = scaled(stored - act.sum(), act.scale(), weight_scale);
                }
            }
        }
    }
}

/// Turns `tokens` of `[rows][n_tokens]` (what [`matmul`] writes) into `out`, `[tokens.len()][rows]`.
///
/// Ranges of 16 tokens read whole cache lines.
///
/// # Panics
/// When `tokens` leaves the batch or the lengths disagree.
pub fn transpose_tokens(by_row: &[f32], n_tokens: usize, tokens: Range<usize>, out: &mut [f32]) {
    assert!(tokens.end <= n_tokens, "tokens exist");
    let rows = by_row.len().checked_div(n_tokens).unwrap_or(0);
    assert_eq!(by_row.len(), rows * n_tokens, "input is [rows][n_tokens]");
    assert_eq!(out.len(), tokens.len() * rows, "out is [tokens][rows]");
    const TILE: usize = 16;
    for t0 in tokens.clone().step_by(TILE) {
        for r0 in (0..rows).step_by(TILE) {
            let r1 = (r0 + TILE).min(rows);
            for t in t0..(t0 + TILE).min(tokens.end) {
                let out = &mut out[(t - tokens.start) * rows..][r0..r1];
                for (r, y) in (r0..r1).zip(out) {
                    *y = by_row[r * n_tokens + t];
                }
            }
        }
    }
}

/// From an exact sum to a layer's output.
#[inline(always)]
fn scaled(sum: i32, activation_scale: f32, weight_scale: f32) -> f32 {
    (sum as f32 / activation_scale) * weight_scale
}

fn check_matvec(w: &PackedTernary, row_blocks: &Range<usize>, act: Int8Row<'_>, out_len: usize) {
    assert_eq!(act.codes().len(), w.cols(), "activations match the matrix");
    assert!(row_blocks.end <= w.row_blocks(), "row blocks exist");
    assert_eq!(out_len, w.rows_in(row_blocks), "one output a row");
}
