//! The ternary linear layer.

use tern_kernels::{BLOCK_ROWS, Int8Activations, PackedTernary, matmul, matvec};

use super::workers::Workers;

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
