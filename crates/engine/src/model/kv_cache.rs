//! Keys and values of the tokens read so far.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tern_kernels::{
    ATTENTION_SPAN, HeadRows, Isa, KV_GROUP, attention_finish, attention_merge, attention_partial,
    attention_partial_int8, attention_partial_len, attention_partials,
    attention_partials_scratch_len, embedding_row, narrow_f16, quantize_int8, widen_f16,
};

use super::ModelConfig;

/// How precisely keys and values are kept. What each costs in accuracy is in the README of this crate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KvFormat {
    /// As they are computed: what the references are compared with.
    F32,
    /// Half the memory.
    F16,
    /// A quarter and a little: with a scale for each 32 neighbours. Heads that are not a multiple of 32 wide are kept in
    /// [`KvFormat::F16`] instead.
    #[default]
    Int8,
}

impl KvFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Int8];

    /// `f32`, `f16` or `int8`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }

    /// What a model with such heads is kept in.
    fn for_heads(self, head_dim: usize) -> Self {
        match self {
            Self::Int8 if !head_dim.is_multiple_of(KV_GROUP) => Self::F16,
            format => format,
        }
    }

    /// Bytes of one head's key or value.
    fn bytes(self, head_dim: usize) -> usize {
        match self {
            Self::F32 => 4 * head_dim,
            Self::F16 => 2 * head_dim,
            Self::Int8 => head_dim + head_dim / KV_GROUP * size_of::<f32>(),
        }
    }
}

/// Positions the cache grows by: one span of the attention kernel.
const BLOCK: usize = ATTENTION_SPAN;

/// Keys and values, in blocks of 256 positions.
#[derive(Debug)]
pub(crate) struct KvCache {
    isa: Isa,
    format: KvFormat,
    n_layers: usize,
    n_kv_heads: usize,
    head_dim: usize,
    blocks: Vec<KvBlock>,
    /// Bytes of the blocks, for other threads.
    held: Arc<AtomicU64>,
}

/// 256 positions of all layers.
#[derive(Debug)]
struct KvBlock {
    keys: Stored,
    values: Stored,
}

/// Each `[layer][kv_head][position][head_dim]`; scales `[layer][kv_head][position][head_dim / 32]`.
#[derive(Debug)]
enum Stored {
    F32(Vec<f32>),
    F16(Vec<u16>),
    Int8 { codes: Vec<i8>, scales: Vec<f32> },
}

/// What one thread needs for [`LayerCache::attend_few`].
#[derive(Debug, Default)]
pub(crate) struct AttentionRoom {
    keys: Vec<f32>,
    values: Vec<f32>,
    states: Vec<f32>,
    next: Vec<f32>,
    weights: Vec<f32>,
    /// Positions of a span that each token sees.
    seen: Vec<usize>,
}

/// The keys and values of one layer.
#[derive(Debug)]
pub(crate) struct LayerCache<'a> {
    cache: &'a mut KvCache,
    layer: usize,
}

impl Stored {
    fn new(format: KvFormat, rows: usize, head_dim: usize) -> Self {
        let len = rows * head_dim;
        match format {
            KvFormat::F32 => Self::F32(vec![0.0; len]),
            KvFormat::F16 => Self::F16(vec![0; len]),
            KvFormat::Int8 => Self::Int8 {
                codes: vec![0; len],
                scales: vec![0.0; len / KV_GROUP],
            },
        }
    }

    fn store(&mut self, isa: Isa, row: usize, x: &[f32]) {
        let range = row * x.len()..(row + 1) * x.len();
        match self {
            Self::F32(out) => out[range].copy_from_slice(x),
            Self::F16(out) => narrow_f16(isa, x, &mut out[range]),
            Self::Int8 { codes, scales } => {
                let groups = range.start / KV_GROUP..range.end / KV_GROUP;
                quantize_int8(isa, x, &mut codes[range], &mut scales[groups]);
            }
        }
    }
}

impl KvCache {
    /// Positions of a span that attention goes through at a time.
    pub(crate) const SPAN: usize = BLOCK;

    pub(crate) fn new(config: &ModelConfig, format: KvFormat, isa: Isa) -> Self {
        Self {
            isa,
            format: format.for_heads(config.head_dim),
            n_layers: config.n_layers,
            n_kv_heads: config.n_kv_heads,
            head_dim: config.head_dim,
            blocks: Vec::new(),
            held: Arc::default(),
        }
    }

    pub(crate) fn format(&self) -> KvFormat {
        self.format
    }

    /// Makes room for positions below `n`; keeps what is there. Gives room beyond back.
    pub(crate) fn resize(&mut self, n: usize) {
        let rows = self.n_layers * self.n_kv_heads * BLOCK;
        self.blocks.truncate(n.div_ceil(BLOCK).max(1));
        while self.blocks.len() < n.div_ceil(BLOCK) {
            self.blocks.push(KvBlock {
                keys: Stored::new(self.format, rows, self.head_dim),
                values: Stored::new(self.format, rows, self.head_dim),
            });
        }
        let bytes = 2 * self.blocks.len() * rows * self.format.bytes(self.head_dim);
        self.held.store(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes in memory, also while another thread reads on.
    pub(crate) fn held(&self) -> &Arc<AtomicU64> {
        &self.held
    }

    /// Bytes that one token at position `n` reads in all layers.
    pub(crate) fn bytes_read(&self, n: usize) -> usize {
        2 * self.n_layers * self.n_kv_heads * n * self.format.bytes(self.head_dim)
    }

    pub(crate) fn layer(&mut self, layer: usize) -> LayerCache<'_> {
        LayerCache { cache: self, layer }
    }
}

/// Bytes the cache takes for `n` positions.
pub(crate) fn bytes_for(config: &ModelConfig, format: KvFormat, n: usize) -> u64 {
    let rows = 2 * config.n_layers * config.n_kv_heads * n.div_ceil(BLOCK) * BLOCK;
    (rows * format.for_heads(config.head_dim).bytes(config.head_dim)) as u64
}

impl LayerCache<'_> {
    /// Stores key and value of one position, both `[n_kv_heads][head_dim]`.
    pub(crate) fn store(&mut self, position: usize, key: &[f32], value: &[f32]) {
        let (heads, dim, isa) = (self.cache.n_kv_heads, self.cache.head_dim, self.cache.isa);
        let block = &mut self.cache.blocks[position / BLOCK];
        for head in 0..heads {
            let row = (self.layer * heads + head) * BLOCK + position % BLOCK;
            let from = head * dim..(head + 1) * dim;
            block.keys.store(isa, row, &key[from.clone()]);
            block.values.store(isa, row, &value[from]);
        }
    }

    /// Attention of the query heads of one key-value head for a few neighbouring tokens, the first at position `first`:
    /// `q` and `out` have `[group][head_dim]` for each. A span of the cache is widened once for all of them.
    pub(crate) fn attend_few(
        &self,
        head: usize,
        first: usize,
        q: &[&[f32]],
        out: &mut [&mut [f32]],
        room: &mut AttentionRoom,
    ) {
        let (dim, isa) = (self.cache.head_dim, self.cache.isa);
        let group = q.first().map_or(0, |q| q.len() / dim);
        let len = attention_partial_len(group, dim);
        room.states.resize(q.len() * len, 0.0);
        room.next.resize(q.len() * len, 0.0);
        let weights = attention_partials_scratch_len(q.len(), group);
        room.weights.resize(weights, 0.0);
        let scale = 1.0 / (dim as f32).sqrt();
        for span in 0..(first + q.len()).div_ceil(BLOCK) {
            let positions = BLOCK.min(first + q.len() - span * BLOCK);
            self.widen(head, span, positions, room);
            let see = |t: usize| (first + t + 1).saturating_sub(span * BLOCK).min(positions);
            room.seen.clear();
            room.seen.extend((0..q.len()).map(see));
            let (k, v) = (
                &room.keys[..positions * dim],
                &room.values[..positions * dim],
            );
            let partials = if span == 0 {
                &mut room.states
            } else {
                &mut room.next
            };
            let weights = &mut room.weights;
            attention_partials(isa, q, &room.seen, dim, k, v, scale, partials, weights);
            let states = room.states.chunks_exact_mut(len);
            for ((state, next), &seen) in states.zip(room.next.chunks_exact(len)).zip(&room.seen) {
                if span > 0 && seen > 0 {
                    attention_merge(isa, state, next, dim);
                }
            }
        }
        for (state, out) in room.states.chunks_exact(len).zip(out) {
            attention_finish(state, dim, out);
        }
    }

    /// Keys and values of one span as f32, which is exact: what the other formats stand for.
    fn widen(&self, head: usize, span: usize, positions: usize, room: &mut AttentionRoom) {
        let (dim, isa) = (self.cache.head_dim, self.cache.isa);
        let row = (self.layer * self.cache.n_kv_heads + head) * BLOCK;
        let numbers = row * dim..(row + positions) * dim;
        let block = &self.cache.blocks[span];
        for (stored, out) in [
            (&block.keys, &mut room.keys),
            (&block.values, &mut room.values),
        ] {
            out.resize(BLOCK * dim, 0.0);
            let out = &mut out[..positions * dim];
            match stored {
                Stored::F32(x) => out.copy_from_slice(&x[numbers.clone()]),
                Stored::F16(x) => widen_f16(isa, &x[numbers.clone()], out),
                Stored::Int8 { codes, scales } => {
                    let groups = numbers.start / KV_GROUP..numbers.end / KV_GROUP;
                    let (codes, scales) = (&codes[numbers.clone()], &scales[groups]);
                    embedding_row(isa, HeadRows::Int8 { codes, scales }, 0, out);
                }
            }
        }
    }

    /// The part of that which one span of positions gives; [`attention_merge`] joins them in order.
    pub(crate) fn attend_span(
        &self,
        head: usize,
        span: usize,
        n: usize,
        q: &[f32],
        partial: &mut [f32],
        weights: &mut [f32],
    ) {
        let (dim, isa) = (self.cache.head_dim, self.cache.isa);
        let scale = 1.0 / (dim as f32).sqrt();
        let first = (self.layer * self.cache.n_kv_heads + head) * BLOCK;
        let rows = first..first + BLOCK.min(n - span * BLOCK);
        let numbers = rows.start * dim..rows.end * dim;
        let block = &self.cache.blocks[span];
        match (&block.keys, &block.values) {
            (Stored::F32(k), Stored::F32(v)) => {
                let (k, v) = (&k[numbers.clone()], &v[numbers]);
                attention_partial(isa, q, dim, k, v, scale, partial, weights);
            }
            (Stored::F16(k), Stored::F16(v)) => {
                let (k, v) = (&k[numbers.clone()], &v[numbers]);
                attention_partial(isa, q, dim, k, v, scale, partial, weights);
            }
            (
                Stored::Int8 { codes, scales },
                Stored::Int8 {
                    codes: v,
                    scales: v_scales,
                },
            ) => {
                let groups = numbers.start / KV_GROUP..numbers.end / KV_GROUP;
                let k = (&codes[numbers.clone()], &scales[groups.clone()]);
                let v = (&v[numbers], &v_scales[groups]);
                attention_partial_int8(isa, q, dim, k, v, scale, partial, weights);
            }
            _ => unreachable!("keys and values are made in one format"),
        }
    }

    /// Bytes of keys and values of so many positions in one head.
    pub(crate) fn head_bytes(&self, positions: usize) -> usize {
        2 * positions * self.cache.format.bytes(self.cache.head_dim)
    }
}
