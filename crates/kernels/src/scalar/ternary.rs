//! Sums of stored codes times activations, one weight at a time.

use crate::ternary::{BLOCK_COLS, BLOCK_ROWS, Line};

/// One row block times one token: the sum of (code + 1) * activation, per row.
///
/// `codes` are the int8 activations, 16 a line.
pub(crate) fn row_block_sums(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    let mut sums = [0; BLOCK_ROWS];
    for (line, codes) in lines.iter().zip(codes.chunks_exact(BLOCK_COLS)) {
        for (row, sum) in sums.iter_mut().enumerate() {
            for (col, &a) in codes.iter().enumerate() {
                *sum += i32::from(line.code(row, col) + 1) * i32::from(a);
            }
        }
    }
    sums
}

/// One row block times many tokens: [`row_block_sums`] of each, into `sums`, `[n_tokens]`.
///
/// `codes` is `[n_tokens][16 a line]`.
pub(crate) fn row_block_sums_many(lines: &[Line], codes: &[i8], sums: &mut [[i32; BLOCK_ROWS]]) {
    let width = lines.len() * BLOCK_COLS;
    for (t, sums) in sums.iter_mut().enumerate() {
        *sums = row_block_sums(lines, &codes[t * width..(t + 1) * width]);
    }
}
