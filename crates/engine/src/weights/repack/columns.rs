//! Into columns: bytes that hold one column's codes of four rows, a quarter of the (padded) matrix apart, turned round.

use bytemuck::cast_slice_mut;
use rayon::prelude::*;
use tern_kernels::{Line, Order, PackedTernary, column_byte};

use super::{
    RowOrder,
    regroup::{self, QUARTERS, RUN_COLS, Seen},
};
use crate::weights::formats::{BadCode, RowDecoder, TwoBit};

/// Bytes of a line: rows of one of its fields.
const LINE_ROWS: usize = size_of::<Line>();
/// Columns one task turns round.
const TASK: usize = RUN_COLS;

/// As [`super::repack`] into [`Order::Columns`]; whether there is a weight other than 0.
pub(super) fn repack(
    decoder: &dyn RowDecoder,
    rows: usize,
    cols: usize,
    order: RowOrder,
    lines: &mut [Line],
) -> Result<bool, BadCode> {
    let per_column = PackedTernary::bytes_for(Order::Columns, rows, 1) / size_of::<Line>();
    let quarter = per_column * LINE_ROWS;
    let whole = rows == QUARTERS * quarter && cols.is_multiple_of(RUN_COLS);
    match decoder.two_bit() {
        Some(TwoBit::Quarters(bytes)) if whole && order == RowOrder::AsStored => {
            turned(lines, per_column, |index, first, out| {
                let bytes = &bytes[index * cols + first..][..TASK];
                out.copy_from_slice(bytes);
                regroup::look(bytes)
            })
        }
        Some(TwoBit::Runs(bytes)) if whole => turned(lines, per_column, |index, first, out| {
            let rows = [0, 1, 2, 3].map(|field| {
                let row = order.file_row(field * quarter + index);
                let run = &bytes[(row * cols + first) / 4..];
                run.first_chunk().expect("rows of whole runs")
            });
            regroup::run_of_quarters(rows, out)
        }),
        _ => {
            let bytes = in_quarters(decoder, rows, cols, order, quarter)?;
            turned(lines, per_column, |index, first, out| {
                out.fill(Line::ZERO.bytes()[0]);
                let bytes = &bytes[index * cols..(index + 1) * cols][first..];
                let bytes = &bytes[..bytes.len().min(TASK)];
                out[..bytes.len()].copy_from_slice(bytes);
                regroup::look(bytes)
            })
        }
    }
}

/// Any format: `[quarter][cols]` bytes of four rows' codes.
fn in_quarters(
    decoder: &dyn RowDecoder,
    rows: usize,
    cols: usize,
    order: RowOrder,
    quarter: usize,
) -> Result<Vec<u8>, BadCode> {
    let mut bytes = vec![0; quarter * cols];
    bytes.par_chunks_mut(cols).enumerate().try_for_each_init(
        || vec![0i8; cols],
        |codes, (index, bytes)| {
            for field in 0..QUARTERS {
                let row = field * quarter + index;
                if row < rows {
                    decoder.decode_row(order.file_row(row), codes)?;
                } else {
                    codes.fill(0);
                }
                for (byte, code) in bytes.iter_mut().zip(&*codes) {
                    *byte |= ((code + 1) as u8) << (2 * field);
                }
            }
            Ok(())
        },
    )?;
    Ok(bytes)
}

/// Fills columns from rows: `read(index, first, out)` writes the bytes of row `index` for the columns from `first` on.
fn turned(
    lines: &mut [Line],
    per_column: usize,
    read: impl Fn(usize, usize, &mut [u8; TASK]) -> Seen + Sync,
) -> Result<bool, BadCode> {
    let seen = lines
        .par_chunks_mut(TASK * per_column)
        .enumerate()
        .map_init(
            || [[0; TASK]; LINE_ROWS],
            |square, (task, columns)| {
                let mut seen = Seen::default();
                for line in 0..per_column {
                    for (row, bytes) in square.iter_mut().enumerate() {
                        seen |= read(line * LINE_ROWS + row, task * TASK, bytes);
                    }
                    turn(square, line, per_column, columns);
                }
                seen
            },
        )
        .reduce(Seen::default, |a, b| a | b);
    seen.verdict()
}

/// Writes one line of each column from the rows of it.
fn turn(square: &[[u8; TASK]; LINE_ROWS], line: usize, per_column: usize, columns: &mut [Line]) {
    let columns_here = columns.len() / per_column;
    for row in (0..LINE_ROWS).step_by(8) {
        // Four neighbouring rows are four neighbouring bytes of a line.
        let words = [column_byte(row) / 4, column_byte(row + 4) / 4];
        for first in (0..TASK).step_by(8) {
            let rows = std::array::from_fn(|i| {
                let bytes = square[row + i][first..].first_chunk();
                u64::from_le_bytes(*bytes.expect("eight columns"))
            });
            let turned = regroup::transpose_bytes(rows);
            for (column, bytes) in (first..columns_here).zip(turned) {
                let out: &mut [u32] = cast_slice_mut(
                    columns[column * per_column + line]
                        .bytes_mut()
                        .as_mut_slice(),
                );
                out[words[0]] = (bytes as u32).to_le();
                out[words[1]] = ((bytes >> 32) as u32).to_le();
            }
        }
    }
}
