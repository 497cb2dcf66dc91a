//! Sums of stored codes times activations, one weight at a time.

use crate::ternary::{BLOCK_COLS, BLOCK_ROWS, FIELD_ROWS, LINE_CODES, Line, column_byte};

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

/// Single rows of a matrix in [`Order::Rows`](crate::Order::Rows) times one token: `out[i]` is the sum of
/// (code + 1) * activation of row `rows[i]`.
///
/// `lines` is the whole matrix, `per_row` lines a row; `codes` are the activations as
/// [`FieldCodes`](crate::FieldCodes) orders them, 256 a line.
pub(crate) fn rows_sums(
    lines: &[Line],
    per_row: usize,
    rows: &[u32],
    codes: &[i8],
    out: &mut [i32],
) {
    for (&row, out) in rows.iter().zip(out) {
        let lines = &lines[row as usize * per_row..][..per_row];
        *out = 0;
        for (line, codes) in lines.iter().zip(codes.chunks_exact(LINE_CODES)) {
            for (field, codes) in codes.chunks_exact(64).enumerate() {
                for (byte, &a) in line.bytes().iter().zip(codes) {
                    *out += i32::from(byte >> (2 * field) & 3) * i32::from(a);
                }
            }
        }
    }
}

/// Single columns of a matrix in [`Order::Columns`](crate::Order::Columns): adds `(code + 1) * codes[column] * 4^field`
/// of every column in `columns` to the sum of its row.
///
/// `lines` is the whole matrix, `per_column` lines a column; `sums`, 256 for each of these, are in the order of rows. A
/// field (a quarter of the rows) keeps the place value it has in its byte; who finishes the sums divides, exactly.
pub(crate) fn column_sums(
    lines: &[Line],
    per_column: usize,
    columns: &[u32],
    codes: &[i8],
    sums: &mut [i32],
) {
    for &column in columns {
        let column = column as usize;
        let lines = &lines[column * per_column..][..per_column];
        for (field, sums) in sums.chunks_exact_mut(per_column * FIELD_ROWS).enumerate() {
            for (line, sums) in lines.iter().zip(sums.chunks_exact_mut(FIELD_ROWS)) {
                for (index, sum) in sums.iter_mut().enumerate() {
                    let byte = line.bytes()[column_byte(index)];
                    *sum += i32::from(byte & (3 << (2 * field))) * i32::from(codes[column]);
                }
            }
        }
    }
}
