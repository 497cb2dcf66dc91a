//! What the benches read: numbers at random, the same at every run.

use tern_kernels::{Int8Activations, Isa, Order, PackedTernary};

/// Hidden and FFN width of the model.
pub(crate) const HIDDEN: usize = 2560;
pub(crate) const FFN: usize = 6912;

/// Read in turn, pieces of so much memory together have left every cache before their next turn.
pub(crate) const MEMORY_BYTES: usize = 256 << 20;

/// Shares of the rows or columns that a token reads.
pub(crate) const DENSITIES: [f64; 4] = [1.0, 0.5, 0.3, 0.2];

/// Numbers of Knuth's MMIX generator; only spread is wanted of them.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    /// From -1 to 1.
    pub(crate) fn float(&mut self) -> f32 {
        self.next() as f32 / (1_u32 << 30) as f32 - 1.0
    }

    pub(crate) fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }

    /// Bits of f16 or bf16 that are ordinary numbers.
    pub(crate) fn halves(&mut self, n: usize) -> Vec<u16> {
        (0..n).map(|_| (self.next() & 0x3fff) as u16).collect()
    }

    /// A share of the numbers below `n`, in order.
    pub(crate) fn some_of(&mut self, n: usize, share: f64) -> Vec<u32> {
        let bound = (share * f64::from(1_u32 << 31)) as u32;
        (0..n as u32).filter(|_| self.next() < bound).collect()
    }
}

pub(crate) fn matrix(order: Order, rows: usize, cols: usize) -> PackedTernary {
    let mut random = Random::new(7);
    let codes: Vec<i8> = (0..rows * cols)
        .map(|_| (random.next() % 3) as i8 - 1)
        .collect();
    PackedTernary::from_codes(order, rows, cols, &codes)
}

/// Where a bench reads: the matrices that take turns.
pub(crate) enum Place {
    Memory,
    Cache,
}

impl Place {
    pub(crate) const BOTH: [Self; 2] = [Self::Memory, Self::Cache];

    /// Name of a group of benches that read here.
    pub(crate) fn group(&self, kernel: &str) -> String {
        match self {
            Self::Memory => kernel.to_owned(),
            Self::Cache => format!("{kernel}_cached"),
        }
    }

    /// How many pieces of `bytes` take turns.
    pub(crate) fn pieces(&self, bytes: usize) -> usize {
        match self {
            Self::Memory => MEMORY_BYTES.div_ceil(bytes),
            Self::Cache => 1,
        }
    }

    pub(crate) fn copies(&self, w: &PackedTernary) -> Vec<PackedTernary> {
        vec![w.clone(); self.pieces(w.byte_len())]
    }
}

/// The next of `n` pieces.
pub(crate) fn take_turn(turn: &mut usize, n: usize) -> usize {
    *turn = (*turn + 1) % n;
    *turn
}

pub(crate) fn activations(n_tokens: usize, cols: usize) -> Int8Activations {
    let mut random = Random::new(11);
    let mut acts = Int8Activations::new(n_tokens, cols);
    acts.reset(n_tokens, cols);
    for t in 0..n_tokens {
        acts.quantize_row(Isa::Scalar, t, &random.floats(cols));
    }
    acts
}

/// How much of a large piece of work a path does: the scalar one is there to be compared with, and would take minutes.
pub(crate) fn share(isa: Isa, whole: usize) -> usize {
    if isa == Isa::Scalar {
        whole.div_ceil(16)
    } else {
        whole
    }
}
