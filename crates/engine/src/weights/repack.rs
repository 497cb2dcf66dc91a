//! From a file's byte order to the kernels'. The only place that knows both.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::BytesMut;
use rayon::prelude::*;
use tern_kernels::{BLOCK_COLS, BLOCK_ROWS, Line, Order, PackedTernary, pack_cell, pack_row_block};

use super::formats::{BadCode, RowDecoder, TwoBit};

mod columns;
mod regroup;

use regroup::{QUARTERS, RUN_COLS};

/// Which row of the file becomes row `r` of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowOrder {
    /// The same.
    AsStored,
    /// GGUF's `llama` files hold the rows of each query and key head as neighbouring pairs (for interleaved
    /// rotary embedding); the engine rotates halves: `file[2i + p] = matrix[p * head_dim / 2 + i]`.
    PairsOfHead {
        /// Rows of a head.
        head_dim: usize,
    },
}

impl RowOrder {
    fn file_row(self, row: usize) -> usize {
        match self {
            Self::AsStored => row,
            Self::PairsOfHead { head_dim } => {
                let (head, within) = (row / head_dim, row % head_dim);
                let (half, i) = (within / (head_dim / 2), within % (head_dim / 2));
                head * head_dim + 2 * i + half
            }
        }
    }
}

/// A repacked matrix.
pub(crate) struct Repacked {
    pub(crate) weights: PackedTernary,
    /// Every weight is 0.
    pub(crate) is_zero: bool,
}

/// Packs a matrix of `rows` by `cols` into `piece` ([`PackedTernary::bytes_for`] long, from a multiple of 64 bytes on)
/// in the order `into`, in parallel on the current thread pool.
///
/// # Errors
/// [`BadCode`] when a row holds something that is no ternary weight.
pub(crate) fn repack(
    decoder: &dyn RowDecoder,
    rows: usize,
    cols: usize,
    order: RowOrder,
    into: Order,
    mut piece: BytesMut,
) -> Result<Repacked, BadCode> {
    let lines: &mut [Line] = bytemuck::cast_slice_mut(&mut piece);
    let any_weight = match (into, decoder.two_bit()) {
        (Order::RowBlocks, Some(TwoBit::Runs(bytes)))
            if rows.is_multiple_of(BLOCK_ROWS) && cols.is_multiple_of(RUN_COLS) =>
        {
            runs(bytes, cols, order, lines)?
        }
        (Order::RowBlocks, Some(TwoBit::Quarters(bytes)))
            if rows.is_multiple_of(QUARTERS * BLOCK_ROWS)
                && cols.is_multiple_of(BLOCK_COLS)
                && order == RowOrder::AsStored =>
        {
            quarters(bytes, cols, lines)?
        }
        (Order::RowBlocks, _) => codes(decoder, rows, cols, order, lines)?,
        (Order::Rows, Some(TwoBit::Runs(bytes))) if cols.is_multiple_of(RUN_COLS) => {
            single_runs(bytes, rows, cols, order, lines)?
        }
        (Order::Rows, Some(TwoBit::Quarters(bytes)))
            if rows.is_multiple_of(QUARTERS)
                && cols.is_multiple_of(BLOCK_COLS)
                && order == RowOrder::AsStored =>
        {
            single_quarters(bytes, rows, cols, lines)?
        }
        (Order::Rows, _) => single_rows(decoder, cols, order, lines)?,
        (Order::Columns, _) => columns::repack(decoder, rows, cols, order, lines)?,
    };
    Ok(Repacked {
        weights: PackedTernary::from_memory(into, rows, cols, piece.freeze())
            .expect("the piece was taken for this shape, at a multiple of 64 bytes"),
        is_zero: !any_weight,
    })
}

/// Any format: through codes of a byte each.
fn codes(
    decoder: &dyn RowDecoder,
    rows: usize,
    cols: usize,
    order: RowOrder,
    lines: &mut [Line],
) -> Result<bool, BadCode> {
    let any_weight = AtomicBool::new(false);
    lines
        .par_chunks_mut(cols.div_ceil(BLOCK_COLS))
        .enumerate()
        .try_for_each_init(
            || vec![0i8; BLOCK_ROWS * cols],
            |codes, (block, lines)| {
                let first = block * BLOCK_ROWS;
                let n_rows = BLOCK_ROWS.min(rows - first);
                let codes = &mut codes[..n_rows * cols];
                for (i, codes) in codes.chunks_exact_mut(cols).enumerate() {
                    decoder.decode_row(order.file_row(first + i), codes)?;
                }
                if codes.iter().fold(0, |any, code| any | code) != 0 {
                    any_weight.store(true, Ordering::Relaxed);
                }
                pack_row_block(lines, n_rows, cols, codes);
                Ok(())
            },
        )?;
    Ok(any_weight.into_inner())
}

/// Lines of a single row.
fn lines_per_row(cols: usize) -> usize {
    PackedTernary::bytes_for(Order::Rows, 1, cols) / size_of::<Line>()
}

/// Any format into single rows.
fn single_rows(
    decoder: &dyn RowDecoder,
    cols: usize,
    order: RowOrder,
    lines: &mut [Line],
) -> Result<bool, BadCode> {
    let any_weight = AtomicBool::new(false);
    lines
        .par_chunks_mut(lines_per_row(cols))
        .enumerate()
        .try_for_each_init(
            || vec![0i8; cols.next_multiple_of(BLOCK_COLS)],
            |codes, (row, lines)| {
                decoder.decode_row(order.file_row(row), &mut codes[..cols])?;
                if codes.iter().fold(0, |any, code| any | code) != 0 {
                    any_weight.store(true, Ordering::Relaxed);
                }
                lines.fill(Line::ZERO);
                let cells: &mut [u32] = bytemuck::cast_slice_mut(lines);
                for (cell, codes) in cells.iter_mut().zip(codes.as_chunks().0) {
                    *cell = pack_cell(codes).to_le();
                }
                Ok(())
            },
        )?;
    Ok(any_weight.into_inner())
}

/// I2_S into single rows.
fn single_runs(
    bytes: &[u8],
    rows: usize,
    cols: usize,
    order: RowOrder,
    lines: &mut [Line],
) -> Result<bool, BadCode> {
    debug_assert_eq!(bytes.len(), rows * cols / 4);
    let row_bytes = cols / 4;
    let seen = lines
        .par_chunks_mut(lines_per_row(cols))
        .enumerate()
        .map(|(row, lines)| {
            lines.fill(Line::ZERO);
            let cells: &mut [u32] = bytemuck::cast_slice_mut(lines);
            let bytes = &bytes[order.file_row(row) * row_bytes..][..row_bytes];
            regroup::run_row(bytes, |cell, fields| cells[cell] = fields.to_le())
        })
        .reduce(regroup::Seen::default, |a, b| a | b);
    seen.verdict()
}

/// Hugging Face packing into single rows: a row of bytes gives a row in each quarter of the matrix.
fn single_quarters(
    bytes: &[u8],
    rows: usize,
    cols: usize,
    lines: &mut [Line],
) -> Result<bool, BadCode> {
    let per_row = lines_per_row(cols);
    let quarter = rows / QUARTERS * per_row;
    let (lower, upper) = lines.split_at_mut(2 * quarter);
    let (first, second) = lower.split_at_mut(quarter);
    let (third, fourth) = upper.split_at_mut(quarter);
    let seen = bytes
        .par_chunks(cols)
        .zip(first.par_chunks_mut(per_row))
        .zip(second.par_chunks_mut(per_row))
        .zip(third.par_chunks_mut(per_row))
        .zip(fourth.par_chunks_mut(per_row))
        .map(|((((bytes, first), second), third), fourth)| {
            let mut rows = [first, second, third, fourth].map(|lines| {
                lines.fill(Line::ZERO);
                bytemuck::cast_slice_mut::<Line, u32>(lines)
            });
            regroup::quarters_row(bytes, |quarter, cell, fields| {
                rows[quarter][cell] = fields.to_le();
            })
        })
        .reduce(regroup::Seen::default, |a, b| a | b);
    seen.verdict()
}

/// I2_S: each row by itself.
fn runs(bytes: &[u8], cols: usize, order: RowOrder, lines: &mut [Line]) -> Result<bool, BadCode> {
    let row_bytes = cols / 4;
    let seen = lines
        .par_chunks_mut(cols / BLOCK_COLS)
        .enumerate()
        .map(|(block, lines)| {
            let mut seen = regroup::Seen::default();
            for row in 0..BLOCK_ROWS {
                let file_row = order.file_row(block * BLOCK_ROWS + row);
                let bytes = &bytes[file_row * row_bytes..][..row_bytes];
                seen |= regroup::run_row(bytes, |cell, fields| lines[cell].set_row(row, fields));
            }
            seen
        })
        .reduce(regroup::Seen::default, |a, b| a | b);
    seen.verdict()
}

/// Hugging Face packing: 16 rows of bytes give a row block in each quarter of the matrix.
fn quarters(bytes: &[u8], cols: usize, lines: &mut [Line]) -> Result<bool, BadCode> {
    let per_block = cols / BLOCK_COLS;
    let quarter = lines.len() / QUARTERS;
    let (lower, upper) = lines.split_at_mut(2 * quarter);
    let (first, second) = lower.split_at_mut(quarter);
    let (third, fourth) = upper.split_at_mut(quarter);
    let seen = bytes
        .par_chunks(BLOCK_ROWS * cols)
        .zip(first.par_chunks_mut(per_block))
        .zip(second.par_chunks_mut(per_block))
        .zip(third.par_chunks_mut(per_block))
        .zip(fourth.par_chunks_mut(per_block))
        .map(|((((bytes, first), second), third), fourth)| {
            let mut seen = regroup::Seen::default();
            for (row, bytes) in bytes.chunks_exact(cols).enumerate() {
                let blocks = [&mut *first, second, third, fourth];
                seen |= regroup::quarters_row(bytes, |quarter, cell, fields| {
                    blocks[quarter][cell].set_row(row, fields);
                });
            }
            seen
        })
        .reduce(regroup::Seen::default, |a, b| a | b);
    seen.verdict()
}

#[cfg(test)]
mod tests;
