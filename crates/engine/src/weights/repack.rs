//! From a file's byte order to the kernels'. The only place that knows both.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use tern_kernels::{BLOCK_ROWS, PackedTernary, pack_row_block};

use super::formats::{BadCode, RowDecoder};

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
    /// Number of weights that are not 0.
    pub(crate) nonzero: u64,
}

/// Packs a matrix of `rows` by `cols`, row blocks in parallel on the current thread pool.
///
/// # Errors
/// [`BadCode`] when a row holds something that is no ternary weight.
pub(crate) fn repack(
    decoder: &dyn RowDecoder,
    rows: usize,
    cols: usize,
    order: RowOrder,
) -> Result<Repacked, BadCode> {
    let mut weights = PackedTernary::zeros(rows, cols);
    let nonzero = AtomicU64::new(0);
    let lines_per_block = weights.lines_per_row_block();
    weights
        .lines_mut()
        .par_chunks_mut(lines_per_block)
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
                let count: usize = codes
                    .chunks(128)
                    .map(|c| c.iter().map(|c| c.unsigned_abs()).sum::<u8>() as usize)
                    .sum();
                nonzero.fetch_add(count as u64, Ordering::Relaxed);
                pack_row_block(lines, n_rows, cols, codes);
                Ok(())
            },
        )?;
    Ok(Repacked {
        weights,
        nonzero: nonzero.into_inner(),
    })
}
