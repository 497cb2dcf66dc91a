//! The ternary linear layer.

use tern_kernels::{BLOCK_ROWS, Int8Activations, PackedTernary, matmul, matvec};

use super::{ModelConfig, workers::Workers};
use crate::{
    LoadError,
    weights::{memory::WeightMemory, names::Projection},
};

/// A ternary matrix and the one scale of all its weights.
#[derive(Debug)]
pub(crate) struct BitLinear {
    pub(crate) weights: PackedTernary,
    pub(crate) scale: f32,
}

impl BitLinear {
    /// Bytes one token reads.
    pub(crate) fn bytes(&self) -> usize {
        self.weights.byte_len()
    }

    /// All tokens of `acts` through the matrix: `out` is `[rows][tokens]`.
    pub(crate) fn apply(&self, workers: Workers, acts: &Int8Activations, out: &mut [f32]) {
        let tokens = acts.n_tokens();
        let out = &mut out[..self.weights.rows() * tokens];
        workers.split(
            out,
            BLOCK_ROWS * tokens,
            self.bytes() * tokens,
            |first, out| {
                let blocks = first..first + out.len().div_ceil(BLOCK_ROWS * tokens);
                if tokens == 1 {
                    matvec(
                        workers.isa,
                        &self.weights,
                        blocks,
                        acts.row(0),
                        self.scale,
                        out,
                    );
                } else {
                    matmul(workers.isa, &self.weights, blocks, acts, self.scale, out);
                }
            },
        );
    }
}

/// Rows and columns of a layer's projection.
pub(crate) fn shape(config: &ModelConfig, which: Projection) -> (usize, usize) {
    let (hidden, ffn) = (config.hidden_dim, config.ffn_dim);
    match which {
        Projection::Q => (config.q_dim(), hidden),
        Projection::K | Projection::V => (config.kv_dim(), hidden),
        Projection::O => (hidden, config.q_dim()),
        Projection::Gate | Projection::Up => (ffn, hidden),
        Projection::Down => (hidden, ffn),
    }
}

/// A byte of a file becomes at most a line of 64.
const MOST_PER_FILE_BYTE: u64 = 64;

/// Memory for all ternary matrices of a model from a file of so many bytes; `place` is what errors call it. A shape
/// that claims more than the file can hold reserves no more than that, and fails at its first missing tensor.
pub(crate) fn memory_for(
    config: &ModelConfig,
    file_bytes: u64,
    place: &str,
) -> Result<WeightMemory, LoadError> {
    let bytes = Projection::ALL.map(|which| {
        let (rows, cols) = shape(config, which);
        PackedTernary::bytes_for(rows, cols) as u64
    });
    let layers = config.n_layers;
    let all = bytes.iter().sum::<u64>() * layers as u64;
    let most = file_bytes.saturating_mul(MOST_PER_FILE_BYTE);
    WeightMemory::new(place, all.min(most), bytes.len() * layers)
}
