//! Panels: 32 rows of a matrix with a byte for each weight, for batches of tokens.
//!
//! A panel is `[columns / 4][32 rows][4 columns]` stored codes, 0 to 2: two lines for each four columns. It is unpacked
//! once from whatever order the matrix lies in, and serves all tokens of a batch. This is the source of every path
//! without one of its own; compiled with a path's instructions, the word operations become vectors.

use crate::ternary::{BLOCK_ROWS, FIELD_ROWS, Line, PANEL_ROWS};

/// One bit field of each byte of a word.
const FIELD: u32 = 0x0303_0303;
/// Lines of a panel for four columns.
pub(crate) const LINES_PER_QUAD: usize = 2;

/// From [`Order::RowBlocks`](crate::Order::RowBlocks): `blocks` is one row block or two after one another, `per_block`
/// lines each. Rows of a missing block are left as they are.
#[inline(always)]
pub(crate) fn unpack_row_blocks(blocks: &[Line], per_block: usize, panel: &mut [Line]) {
    for (half, block) in blocks.chunks_exact(per_block).enumerate() {
        for (cell, line) in block.iter().enumerate() {
            let words: &[u32; BLOCK_ROWS] = bytemuck::cast_ref(line.bytes());
            for field in 0..4 {
                let out = &mut panel[(cell * 4 + field) * LINES_PER_QUAD + half];
                let out: &mut [u32; BLOCK_ROWS] = bytemuck::cast_mut(out.bytes_mut());
                for (out, word) in out.iter_mut().zip(words) {
                    *out = (word >> (2 * field)) & FIELD;
                }
            }
        }
    }
}

/// From [`Order::Rows`](crate::Order::Rows): `rows` is at most 32 rows, `per_row` lines each.
#[inline(always)]
pub(crate) fn unpack_rows(rows: &[Line], per_row: usize, panel: &mut [Line]) {
    let words: &[u32] = bytemuck::cast_slice(rows);
    let width = per_row * 16;
    let n_rows = words.len() / width;
    for (cell, lines) in panel.chunks_exact_mut(4 * LINES_PER_QUAD).enumerate() {
        let mut cells = [0_u32; PANEL_ROWS];
        for (row, out) in cells[..n_rows].iter_mut().enumerate() {
            *out = words[row * width + cell];
        }
        for (field, lines) in lines.chunks_exact_mut(LINES_PER_QUAD).enumerate() {
            let out: &mut [u32] = bytemuck::cast_slice_mut(lines);
            for (out, word) in out.iter_mut().zip(cells) {
                *out = (word >> (2 * field)) & FIELD;
            }
        }
    }
}

/// From [`Order::Columns`](crate::Order::Columns): panel number `index` of a matrix of `per_column` lines a column.
#[inline(always)]
pub(crate) fn unpack_columns(lines: &[Line], per_column: usize, index: usize, panel: &mut [Line]) {
    let first = index * PANEL_ROWS;
    let (field, first) = (
        first / (per_column * FIELD_ROWS),
        first % (per_column * FIELD_ROWS),
    );
    let (line, half) = (first / FIELD_ROWS, first % FIELD_ROWS / PANEL_ROWS);
    let quads = lines.chunks(4 * per_column);
    let mut used = 0;
    for (columns, out) in quads.zip(panel.chunks_exact_mut(LINES_PER_QUAD)) {
        let out: &mut [[u8; 4]] = bytemuck::cast_slice_mut(out);
        out.fill([0; 4]);
        for (j, column) in columns.chunks_exact(per_column).enumerate() {
            let bytes = column[line].bytes();
            for (row, out) in out.iter_mut().enumerate() {
                // Rows 16 v + 4 lane + i of a line lie at byte 16 lane + 4 v + i.
                let (v, lane, i) = (2 * half + row / 16, row / 4 % 4, row % 4);
                out[j] = bytes[lane * 16 + v * 4 + i] >> (2 * field) & 3;
            }
        }
        used += LINES_PER_QUAD;
    }
    // Columns beyond the matrix, up to a whole cell.
    panel[used..].fill(Line::NOTHING);
}

/// A panel times a batch: `sums[t][row]` is the sum of stored codes times the activations of token `t`, whose codes
/// begin at `codes[t * stride]`.
#[inline(always)]
pub(crate) fn panel_sums(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    for (t, sums) in sums.iter_mut().enumerate() {
        *sums = [0; PANEL_ROWS];
        let quads = codes[t * stride..].as_chunks::<4>().0;
        for (lines, quad) in panel.chunks_exact(LINES_PER_QUAD).zip(quads) {
            let rows: &[[u8; 4]] = bytemuck::cast_slice(lines);
            for (sum, row) in sums.iter_mut().zip(rows) {
                for (&code, &a) in row.iter().zip(quad) {
                    *sum += i32::from(code) * i32::from(a);
                }
            }
        }
    }
}
