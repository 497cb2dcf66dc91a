//! Keys and values of the tokens read so far.

use tern_kernels::{
    ATTENTION_SPAN, Isa, attention_finish, attention_merge, attention_partial,
    attention_partial_len,
};

use super::ModelConfig;

/// What the cache stores. With f16 here, the fixtures' logits move by more than their gates allow (median 8e-3 of
/// the spread instead of 1e-6): the rounding flips int8 activations of everything after it.
type Stored = f32;

/// Positions the cache grows by: one span of the attention kernel.
const BLOCK: usize = ATTENTION_SPAN;

/// Keys and values, in blocks of 256 positions.
#[derive(Debug)]
pub(crate) struct KvCache {
    n_layers: usize,
    n_kv_heads: usize,
    head_dim: usize,
    blocks: Vec<KvBlock>,
}

/// 256 positions of all layers, each `[layer][kv_head][position][head_dim]`.
#[derive(Debug)]
struct KvBlock {
    keys: Vec<Stored>,
    values: Vec<Stored>,
}

/// The keys and values of one layer.
#[derive(Debug)]
pub(crate) struct LayerCache<'a> {
    cache: &'a mut KvCache,
    layer: usize,
}

impl KvCache {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        Self {
            n_layers: config.n_layers,
            n_kv_heads: config.n_kv_heads,
            head_dim: config.head_dim,
            blocks: Vec::new(),
        }
    }

    /// Makes room for positions below `n`; keeps what is there. Gives room beyond back.
    pub(crate) fn resize(&mut self, n: usize) {
        let len = self.n_layers * self.n_kv_heads * BLOCK * self.head_dim;
        self.blocks.truncate(n.div_ceil(BLOCK).max(1));
        while self.blocks.len() < n.div_ceil(BLOCK) {
            self.blocks.push(KvBlock {
                keys: vec![Stored::default(); len],
                values: vec![Stored::default(); len],
            });
        }
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> u64 {
        self.blocks.len() as u64 * bytes_per_block(self.n_layers, self.n_kv_heads * self.head_dim)
    }

    pub(crate) fn layer(&mut self, layer: usize) -> LayerCache<'_> {
        LayerCache { cache: self, layer }
    }
}

/// Bytes of one block.
fn bytes_per_block(n_layers: usize, kv_dim: usize) -> u64 {
    (2 * n_layers * BLOCK * kv_dim * size_of::<Stored>()) as u64
}

/// Bytes the cache takes for `n` positions.
pub(crate) fn bytes_for(config: &ModelConfig, n: usize) -> u64 {
    n.div_ceil(BLOCK) as u64 * bytes_per_block(config.n_layers, config.kv_dim())
}

impl LayerCache<'_> {
    /// Stores key and value of one position, both `[n_kv_heads][head_dim]`.
    pub(crate) fn store(&mut self, position: usize, key: &[f32], value: &[f32]) {
        let (heads, dim) = (self.cache.n_kv_heads, self.cache.head_dim);
        let block = &mut self.cache.blocks[position / BLOCK];
        for head in 0..heads {
            let at = ((self.layer * heads + head) * BLOCK + position % BLOCK) * dim;
            let from = head * dim..(head + 1) * dim;
            block.keys[at..at + dim].copy_from_slice(&key[from.clone()]);
            block.values[at..at + dim].copy_from_slice(&value[from]);
        }
    }

    /// Attention of the query heads `q`, `[group][head_dim]`, of one key-value head over the first `n`
    /// positions. `scratch` is as long as `attention_scratch_len` says.
    pub(crate) fn attend(
        &self,
        isa: Isa,
        head: usize,
        n: usize,
        q: &[f32],
        out: &mut [f32],
        scratch: &mut [f32],
    ) {
        let dim = self.cache.head_dim;
        let scale = 1.0 / (dim as f32).sqrt();
        let at = (self.layer * self.cache.n_kv_heads + head) * BLOCK * dim;
        let partial_len = attention_partial_len(q.len() / dim, dim);
        let (state, rest) = scratch.split_at_mut(partial_len);
        let (next, weights) = rest.split_at_mut(partial_len);
        for (i, block) in self.cache.blocks.iter().take(n.div_ceil(BLOCK)).enumerate() {
            let len = BLOCK.min(n - i * BLOCK) * dim;
            let (k, v) = (&block.keys[at..at + len], &block.values[at..at + len]);
            if i == 0 {
                attention_partial(isa, q, dim, k, v, scale, state, weights);
            } else {
                attention_partial(isa, q, dim, k, v, scale, next, weights);
                attention_merge(isa, state, next, dim);
            }
        }
        attention_finish(state, dim, out);
    }

    /// Bytes of keys and values of so many positions in one head.
    pub(crate) fn head_bytes(&self, positions: usize) -> usize {
        2 * positions * self.cache.head_dim * size_of::<Stored>()
    }
}
