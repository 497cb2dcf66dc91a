//! Seeded numbers and plain references for the tests.

// Each test file uses its own part of this one.
#![allow(dead_code)]

use tern_kernels::{BLOCK_ROWS, Int8Activations, Isa, Order, PackedTernary, pack_row_block};

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() % (high - low + 1) as u64) as usize
    }

    /// A float in -1..1, with a spread of magnitudes.
    pub(crate) fn float(&mut self) -> f32 {
        let unit = (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
        unit * [1.0, 1.0, 0.1, 0.003][self.between(0, 3)]
    }

    pub(crate) fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }

    pub(crate) fn codes(&mut self, n: usize) -> Vec<i8> {
        (0..n).map(|_| (self.next() % 3) as i8 - 1).collect()
    }
}

/// Packs `codes`, `[rows][cols]`, in row blocks.
pub(crate) fn packed(rows: usize, cols: usize, codes: &[i8]) -> PackedTernary {
    let mut w = PackedTernary::zeros(Order::RowBlocks, rows, cols);
    let lines_per_block = w.lines_per_unit();
    let blocks = w.lines_mut().chunks_mut(lines_per_block);
    for (lines, codes) in blocks.zip(codes.chunks(BLOCK_ROWS * cols)) {
        pack_row_block(lines, codes.len() / cols, cols, codes);
    }
    w
}

/// Quantises `x`, `[n_tokens][cols]`.
pub(crate) fn quantized(isa: Isa, n_tokens: usize, cols: usize, x: &[f32]) -> Int8Activations {
    let mut acts = Int8Activations::new(n_tokens, cols);
    acts.reset(n_tokens, cols);
    for (t, x) in x.chunks(cols).enumerate() {
        acts.quantize_row(isa, t, x);
    }
    acts
}

/// Bits, so that a comparison is exact and NaNs compare.
pub(crate) fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

/// Asserts that `got` lies within `tolerance` of the largest magnitude of `want`.
pub(crate) fn assert_close(got: &[f32], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let spread = want.iter().fold(1e-30_f64, |m, x| m.max(x.abs()));
    for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
        let error = (f64::from(got) - want).abs();
        assert!(
            error <= tolerance * spread,
            "{what}[{i}]: {got} is {error} from {want}, spread {spread}"
        );
    }
}
