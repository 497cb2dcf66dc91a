//! The steps of a forward pass of one or more tokens, cut up for the threads that share it.

use std::ops::{Deref, DerefMut};

use rayon::prelude::*;
use tern_kernels::{
    Int8Activations, Int8RowMut, attention_scratch_len, rms_norm, rope_rotate_half, silu_mul,
    squared_relu_mul, transpose_tokens,
};

use super::{
    Activation, BitLinear, ModelConfig, kv_cache::LayerCache, rope::RopeTable, workers::Workers,
};

/// What all steps of a pass have in common.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub(crate) config: &'a ModelConfig,
    pub(crate) workers: Workers,
    pub(crate) rope: &'a RopeTable,
    /// Position of the first token.
    pub(crate) first: usize,
    pub(crate) tokens: usize,
}

/// Input of ternary projections, normalised and quantised token by token.
#[derive(Debug)]
pub(crate) struct Input {
    widest: usize,
    capacity: usize,
    /// `[T][widest]`
    pub(crate) normed: Vec<f32>,
    acts: Int8Activations,
}

/// Output of a projection, `[T][rows]`.
#[derive(Debug, Default)]
pub(crate) struct Output {
    by_token: Vec<f32>,
    /// `[rows][T]`, as the kernels write several tokens.
    by_row: Vec<f32>,
}

impl Input {
    pub(crate) fn new(widest: usize) -> Self {
        let acts = Int8Activations::new(0, widest);
        Self {
            widest,
            capacity: 0,
            normed: Vec::new(),
            acts,
        }
    }

    /// Makes room for so many tokens.
    pub(crate) fn resize(&mut self, tokens: usize) {
        self.normed.resize(tokens * self.widest, 0.0);
        if self.capacity < tokens {
            self.capacity = tokens;
            self.acts = Int8Activations::new(tokens, self.widest);
        }
    }

    /// Takes `x`, `[T][width]`: each row through the norm, if there is one, then to int8.
    pub(crate) fn quantize(&mut self, p: &Pass, x: &[f32], norm: Option<&[f32]>) {
        let (w, width) = (p.workers, x.len() / p.tokens);
        let x = match norm {
            None => x,
            Some(weight) => {
                let normed = &mut self.normed[..x.len()];
                w.split(normed, width, size_of_val(x), |first, normed| {
                    let rows = x[first * width..].chunks_exact(width);
                    for (x, normed) in rows.zip(normed.chunks_exact_mut(width)) {
                        rms_norm(w.isa, x, weight, p.config.norm_eps, normed);
                    }
                });
                &*normed
            }
        };
        self.acts.reset(p.tokens, width);
        let rows = self.acts.rows_mut().zip(x.chunks_exact(width));
        let one = |(mut row, x): (Int8RowMut, &[f32])| row.quantize(w.isa, x);
        if p.tokens > 1 && w.share(size_of_val(x)) {
            rows.collect::<Vec<_>>().into_par_iter().for_each(one);
        } else {
            rows.for_each(one);
        }
    }
}

impl Output {
    pub(crate) fn resize(&mut self, tokens: usize, rows: usize) {
        self.by_token.resize(tokens * rows, 0.0);
        self.by_row
            .resize(if tokens == 1 { 0 } else { tokens * rows }, 0.0);
    }
}

impl Deref for Output {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.by_token
    }
}

impl DerefMut for Output {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.by_token
    }
}

impl Pass<'_> {
    /// One input through projections that share it, side by side.
    pub(crate) fn project<const N: usize>(
        &self,
        input: &Input,
        mut outputs: [(&BitLinear, &mut Output); N],
    ) {
        let bytes: usize = outputs.iter().map(|(linear, _)| linear.bytes()).sum();
        let one = |(linear, out): &mut (&BitLinear, &mut Output)| {
            self.project_one(linear, &input.acts, out);
        };
        if N > 1 && self.workers.share(bytes * self.tokens) {
            outputs.par_iter_mut().for_each(one);
        } else {
            outputs.iter_mut().for_each(one);
        }
    }

    fn project_one(&self, linear: &BitLinear, acts: &Int8Activations, out: &mut Output) {
        let (w, tokens, rows) = (self.workers, self.tokens, linear.weights.rows());
        if tokens == 1 {
            linear.apply(w, acts, &mut out.by_token);
            return;
        }
        linear.apply(w, acts, &mut out.by_row);
        let by_row = &out.by_row;
        w.split(
            &mut out.by_token,
            16 * rows,
            size_of_val(by_row.as_slice()),
            |first, out| {
                let first = first * 16;
                transpose_tokens(by_row, tokens, first..first + out.len() / rows, out);
            },
        );
    }

    /// Rotary embedding of queries or keys, `[T][heads][head_dim]`.
    pub(crate) fn rotate(&self, heads: &mut [f32]) {
        let width = heads.len() / self.tokens;
        for (position, heads) in (self.first..).zip(heads.chunks_exact_mut(width)) {
            let (cos, sin) = self.rope.at(position);
            rope_rotate_half(self.workers.isa, heads, cos, sin);
        }
    }

    /// Keys and values, `[T][n_kv_heads][head_dim]`, into the cache.
    pub(crate) fn store(&self, cache: &mut LayerCache, keys: &[f32], values: &[f32]) {
        let width = self.config.kv_dim();
        let rows = keys.chunks_exact(width).zip(values.chunks_exact(width));
        for (position, (key, value)) in (self.first..).zip(rows) {
            cache.store(position, key, value);
        }
    }

    /// Causal attention: `q` and `mixed` are `[T][n_heads][head_dim]`. The query heads of a key-value head are
    /// neighbours.
    pub(crate) fn attend(&self, cache: &LayerCache, q: &[f32], mixed: &mut [f32]) {
        let (c, w) = (self.config, self.workers);
        let group = c.n_heads / c.n_kv_heads;
        let width = group * c.head_dim;
        let scratch = || vec![0.0; attention_scratch_len(group, c.head_dim)];
        let one = |scratch: &mut Vec<f32>, (i, (out, q)): (usize, (&mut [f32], &[f32]))| {
            let (t, head) = (i / c.n_kv_heads, i % c.n_kv_heads);
            cache.attend(w.isa, head, self.first + t + 1, q, out, scratch);
        };
        if w.share(cache.head_bytes(self.first + self.tokens) * c.n_kv_heads * self.tokens) {
            let pieces = mixed
                .par_chunks_exact_mut(width)
                .zip(q.par_chunks_exact(width));
            pieces.enumerate().for_each_init(scratch, one);
        } else {
            let mut scratch = scratch();
            let pieces = mixed.chunks_exact_mut(width).zip(q.chunks_exact(width));
            pieces
                .enumerate()
                .for_each(|piece| one(&mut scratch, piece));
        }
    }

    /// `out = act(gate) * up`, element by element.
    pub(crate) fn activate(&self, gate: &[f32], up: &[f32], out: &mut [f32]) {
        const UNIT: usize = 64;
        let w = self.workers;
        let multiply = match self.config.activation {
            Activation::SquaredRelu => squared_relu_mul,
            Activation::Silu => silu_mul,
        };
        w.split(out, UNIT, 3 * size_of_val(gate), |first, out| {
            let range = first * UNIT..first * UNIT + out.len();
            multiply(w.isa, &gate[range.clone()], &up[range], out);
        });
    }
}
