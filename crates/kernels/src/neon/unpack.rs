//! From the order a matrix lies in to a panel: 32 rows with a byte for each weight.
//!
//! A path chooses the order of its panel's bytes by a [`Layout`]; its sums read what its own layout wrote.

use std::arch::aarch64::{
    uint8x16_t, vandq_u8, vdupq_n_u8, vreinterpretq_u8_u64, vreinterpretq_u32_u8,
    vreinterpretq_u64_u32, vshrq_n_u8, vtrn1q_u32, vtrn2q_u32, vzip1q_u64, vzip2q_u64,
};

use super::{interleave, load_line, load_part};
use crate::ternary::{FIELD_ROWS, Line, PANEL_ROWS};

/// Lines of a panel for eight columns, and for sixteen.
const EIGHT: usize = 4;
const CELL: usize = 2 * EIGHT;

/// Where codes lie in the four lines of eight columns. Only functions that enable NEON may use one.
pub(crate) trait Layout {
    /// Writes rows `4 * four .. 4 * four + 4`: a word of each register is a row, its bytes the first and the last four
    /// of the eight columns.
    fn put(eight: &mut [Line; EIGHT], four: usize, quads: [uint8x16_t; 2]);
}

/// As [`crate::panel::unpack_row_blocks`], in a layout.
#[target_feature(enable = "neon")]
pub(crate) fn row_blocks_to<L: Layout>(blocks: &[Line], per_block: usize, panel: &mut [Line]) {
    let (cells, _) = panel.as_chunks_mut::<CELL>();
    for (half, block) in blocks.chunks_exact(per_block).enumerate() {
        for (line, cell) in block.iter().zip(&mut *cells) {
            for (four, words) in load_line(line).into_iter().enumerate() {
                put_cell::<L>(cell, half * 4 + four, words);
            }
        }
    }
}

/// As [`crate::panel::unpack_rows`], in a layout.
#[target_feature(enable = "neon")]
pub(crate) fn rows_to<L: Layout>(rows: &[Line], per_row: usize, panel: &mut [Line]) {
    let n_rows = rows.len() / per_row;
    let nothing = vdupq_n_u8(0);
    let (cells, _) = panel.as_chunks_mut::<CELL>();
    // A register of a row is one word of each of four cells.
    for (i, cells) in cells.chunks_mut(4).enumerate() {
        let (line, part) = (i / 4, i % 4);
        for four in 0..PANEL_ROWS / 4 {
            let mut square = [nothing; 4];
            for (j, words) in square.iter_mut().enumerate() {
                let row = four * 4 + j;
                if row < n_rows {
                    *words = load_part(&rows[row * per_row + line], part);
                }
            }
            for (cell, words) in cells.iter_mut().zip(transposed(square)) {
                put_cell::<L>(cell, four, words);
            }
        }
    }
}

/// As [`crate::panel::unpack_columns`], in a layout.
#[target_feature(enable = "neon")]
pub(crate) fn columns_to<L: Layout>(
    lines: &[Line],
    per_column: usize,
    index: usize,
    panel: &mut [Line],
) {
    let first = index * PANEL_ROWS;
    let quarter = per_column * FIELD_ROWS;
    let (field, first) = (first / quarter, first % quarter);
    let (line, half) = (first / FIELD_ROWS, first % FIELD_ROWS / PANEL_ROWS);
    match (field, half) {
        (0, 0) => one_field::<L, 0, 0>(lines, per_column, line, panel),
        (0, _) => one_field::<L, 0, 1>(lines, per_column, line, panel),
        (1, 0) => one_field::<L, 1, 0>(lines, per_column, line, panel),
        (1, _) => one_field::<L, 1, 1>(lines, per_column, line, panel),
        (2, 0) => one_field::<L, 2, 0>(lines, per_column, line, panel),
        (2, _) => one_field::<L, 2, 1>(lines, per_column, line, panel),
        (_, 0) => one_field::<L, 3, 0>(lines, per_column, line, panel),
        _ => one_field::<L, 3, 1>(lines, per_column, line, panel),
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn one_field<L: Layout, const FIELD: usize, const HALF: usize>(
    lines: &[Line],
    per_column: usize,
    line: usize,
    panel: &mut [Line],
) {
    let nothing = vdupq_n_u8(0);
    let mut columns = lines.chunks_exact(per_column);
    for eight in panel.as_chunks_mut::<EIGHT>().0 {
        // Columns beyond the matrix, up to a whole cell, are stored zeros.
        let mut bytes = [[nothing; 4]; 8];
        for (bytes, column) in bytes.iter_mut().zip(&mut columns) {
            *bytes = load_line(&column[line]);
        }
        for part in 0..4 {
            let [a, b, c, d, e, f, g, h] = bytes.map(|parts| parts[part]);
            let first = interleave::<HALF>([a, b, c, d]);
            let second = interleave::<HALF>([e, f, g, h]);
            for v in 0..2 {
                let quads = [field::<FIELD>(first[v]), field::<FIELD>(second[v])];
                L::put(eight, v * 4 + part, quads);
            }
        }
    }
}

/// Writes four rows of a cell from its packed words.
#[inline]
#[target_feature(enable = "neon")]
fn put_cell<L: Layout>(cell: &mut [Line; CELL], four: usize, words: uint8x16_t) {
    let (eights, _) = cell.as_chunks_mut::<EIGHT>();
    L::put(&mut eights[0], four, [field::<0>(words), field::<1>(words)]);
    L::put(&mut eights[1], four, [field::<2>(words), field::<3>(words)]);
}

/// One bit field of each byte.
#[inline]
#[target_feature(enable = "neon")]
fn field<const FIELD: usize>(bytes: uint8x16_t) -> uint8x16_t {
    let mask = vdupq_n_u8(3);
    match FIELD {
        0 => vandq_u8(bytes, mask),
        1 => vandq_u8(vshrq_n_u8::<2>(bytes), mask),
        2 => vandq_u8(vshrq_n_u8::<4>(bytes), mask),
        _ => vshrq_n_u8::<6>(bytes),
    }
}

/// Word `j` of result `i` is word `i` of register `j`.
#[inline]
#[target_feature(enable = "neon")]
fn transposed(rows: [uint8x16_t; 4]) -> [uint8x16_t; 4] {
    let [a, b, c, d] = rows.map(|row| vreinterpretq_u32_u8(row));
    let even = [vtrn1q_u32(a, b), vtrn1q_u32(c, d)].map(|words| vreinterpretq_u64_u32(words));
    let odd = [vtrn2q_u32(a, b), vtrn2q_u32(c, d)].map(|words| vreinterpretq_u64_u32(words));
    [
        vreinterpretq_u8_u64(vzip1q_u64(even[0], even[1])),
        vreinterpretq_u8_u64(vzip1q_u64(odd[0], odd[1])),
        vreinterpretq_u8_u64(vzip2q_u64(even[0], even[1])),
        vreinterpretq_u8_u64(vzip2q_u64(odd[0], odd[1])),
    ]
}
