//! The ternary linear layer.

use std::ops::Range;

use tern_kernels::{
    Int8Activations, Isa, Line, MAX_COLUMNS, Order, PackedTernary, matmul, matmul_scratch_lines,
};

use super::{Activation, ModelConfig};
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
    /// A batch through the rows of `panels`, as [`matmul`]; `lines` is scratch, which grows to what is needed.
    pub(crate) fn multiply(
        &self,
        isa: Isa,
        panels: Range<usize>,
        acts: &Int8Activations,
        out: &mut [f32],
        lines: &mut Vec<Line>,
    ) {
        let needed = matmul_scratch_lines(&self.weights);
        if lines.len() < needed {
            lines.resize(needed, Line::ZERO);
        }
        matmul(isa, &self.weights, panels, acts, self.scale, out, lines);
    }

    /// Bytes one token reads.
    pub(crate) fn bytes(&self) -> usize {
        self.weights.byte_len()
    }

    /// Bytes of one row ([`Order::Rows`]) or column ([`Order::Columns`]).
    pub(crate) fn unit_bytes(&self) -> usize {
        self.weights.lines_per_unit() * size_of::<Line>()
    }
}

/// The narrowest width at which single rows and columns begin at a line of their own without wasting much memory.
const WIDE: usize = 256;

/// In which order a projection lies. Squared ReLU leaves many values of the FFN at 0: then rows of `up` and columns of
/// `down` can be left out, one by one.
pub(crate) fn order(config: &ModelConfig, which: Projection) -> Order {
    let skips = config.activation == Activation::SquaredRelu
        && config.hidden_dim >= WIDE
        && (WIDE..=MAX_COLUMNS).contains(&config.ffn_dim);
    match which {
        Projection::Up if skips => Order::Rows,
        Projection::Down if skips => Order::Columns,
        _ => Order::RowBlocks,
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
        PackedTernary::bytes_for(order(config, which), rows, cols) as u64
    });
    let layers = config.n_layers;
    let all = bytes.iter().sum::<u64>() * layers as u64;
    let most = file_bytes.saturating_mul(MOST_PER_FILE_BYTE);
    WeightMemory::new(place, all.min(most), bytes.len() * layers)
}
