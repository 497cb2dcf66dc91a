//! One transformer layer.

use rayon::prelude::*;
use tern_kernels::{
    Int8Activations, Int8RowMut, add_assign, attention_scratch_len, rms_norm, rope_rotate_half, silu_mul, squared_relu_mul,
    transpose_tokens,
};

use super::{Activation, ModelConfig, kv_cache::LayerCache, linear::BitLinear, rope::RopeTable, workers::Workers};

/// The weights of one layer. Widths: `hidden`, `q` (all query heads), `kv` (all key heads), `ffn`.
#[derive(Debug)]
pub(crate) struct Layer {
    /// `[hidden]`
    pub(crate) attn_norm: Vec<f32>,
    /// `[q, hidden]`
    pub(crate) q: BitLinear,
    /// `[kv, hidden]`
    pub(crate) k: BitLinear,
    /// `[kv, hidden]`
    pub(crate) v: BitLinear,
    /// `[q]`
    pub(crate) attn_sub_norm: Option<Vec<f32>>,
    /// `[hidden, q]`
    pub(crate) o: BitLinear,
    /// `[hidden]`
    pub(crate) ffn_norm: Vec<f32>,
    /// `[ffn, hidden]`
    pub(crate) gate: BitLinear,
    /// `[ffn, hidden]`
    pub(crate) up: BitLinear,
    /// `[ffn]`
    pub(crate) ffn_sub_norm: Option<Vec<f32>>,
    /// `[hidden, ffn]`
    pub(crate) down: BitLinear,
}

/// Buffers of a forward pass of up to `capacity` tokens (`T`), made once.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) capacity: usize,
    /// Residual stream, `[T][hidden]`.
    pub(crate) x: Vec<f32>,
    /// `[T][widest]`
    pub(crate) normed: Vec<f32>,
    acts: Int8Activations,
    /// Outputs of a projection, `[rows][T]`.
    by_row: [Vec<f32>; 3],
    /// `[T][q]`
    q: Vec<f32>,
    /// `[T][kv]`
    k: Vec<f32>,
    /// `[T][kv]`
    v: Vec<f32>,
    /// What attention mixed, `[T][q]`.
    mixed: Vec<f32>,
    /// Inside of the feed-forward layer, `[T][ffn]`.
    inner: Vec<f32>,
    /// What is added to `x`, `[T][hidden]`.
    delta: Vec<f32>,
}

impl Scratch {
    pub(crate) fn new(c: &ModelConfig, capacity: usize) -> Self {
        let widest = c.hidden_dim.max(c.ffn_dim).max(c.q_dim());
        let buffer = |width: usize| vec![0.0; capacity * width];
        Self {
            capacity,
            x: buffer(c.hidden_dim),
            normed: buffer(widest),
            acts: Int8Activations::new(capacity, widest),
            by_row: [buffer(widest), buffer(c.ffn_dim.max(c.kv_dim())), buffer(c.kv_dim().max(c.ffn_dim))],
            q: buffer(c.q_dim()),
            k: buffer(c.kv_dim()),
            v: buffer(c.kv_dim()),
            mixed: buffer(c.q_dim()),
            inner: buffer(c.ffn_dim),
            delta: buffer(c.hidden_dim),
        }
    }
}

impl Layer {
    /// Bytes of ternary weights.
    pub(crate) fn bytes(&self) -> usize {
        [&self.q, &self.k, &self.v, &self.o, &self.gate, &self.up, &self.down].iter().map(|w| w.bytes()).sum()
    }

    /// `tokens` tokens, the first at position `first`: `s.x` is read and added to.
    pub(crate) fn forward(
        &self,
        c: &ModelConfig,
        w: Workers,
        rope: &RopeTable,
        mut cache: LayerCache,
        s: &mut Scratch,
        first: usize,
        tokens: usize,
    ) {
        let eps = c.norm_eps;
        let x = &mut s.x[..tokens * c.hidden_dim];
        let (q, k) = (&mut s.q[..tokens * c.q_dim()], &mut s.k[..tokens * c.kv_dim()]);
        let (v, mixed) = (&mut s.v[..tokens * c.kv_dim()], &mut s.mixed[..tokens * c.q_dim()]);
        let (inner, delta) = (&mut s.inner[..tokens * c.ffn_dim], &mut s.delta[..tokens * c.hidden_dim]);
        let [by_row_0, by_row_1, by_row_2] = &mut s.by_row;

        quantize(w, eps, x, c.hidden_dim, Some(&self.attn_norm), &mut s.normed, &mut s.acts);
        let (acts, size) = (&s.acts, (self.q.bytes() + self.k.bytes() + self.v.bytes()) * tokens);
        let k_and_v = || w.join(size, || self.k.apply(w, acts, by_row_1), || self.v.apply(w, acts, by_row_2));
        w.join(size, || self.q.apply(w, acts, by_row_0), k_and_v);
        by_token(w, by_row_0, tokens, q);
        by_token(w, by_row_1, tokens, k);
        by_token(w, by_row_2, tokens, v);
        let rows = q.chunks_exact_mut(c.q_dim()).zip(k.chunks_exact_mut(c.kv_dim())).zip(v.chunks_exact(c.kv_dim()));
        for (position, ((q, k), v)) in (first..).zip(rows) {
            let (cos, sin) = rope.at(position);
            rope_rotate_half(w.isa, q, cos, sin);
            rope_rotate_half(w.isa, k, cos, sin);
            cache.store(position, k, v);
        }
        attend(c, w, &cache, q, first, mixed);
        quantize(w, eps, mixed, c.q_dim(), self.attn_sub_norm.as_deref(), &mut s.normed, &mut s.acts);
        self.o.apply(w, &s.acts, by_row_0);
        by_token(w, by_row_0, tokens, delta);
        add_assign(w.isa, x, delta);

        quantize(w, eps, x, c.hidden_dim, Some(&self.ffn_norm), &mut s.normed, &mut s.acts);
        let (acts, size) = (&s.acts, (self.gate.bytes() + self.up.bytes()) * tokens);
        w.join(size, || self.gate.apply(w, acts, by_row_0), || self.up.apply(w, acts, by_row_1));
        activate(w, c.activation, by_row_0, by_row_1, &mut by_row_2[..tokens * c.ffn_dim]);
        by_token(w, by_row_2, tokens, inner);
        quantize(w, eps, inner, c.ffn_dim, self.ffn_sub_norm.as_deref(), &mut s.normed, &mut s.acts);
        self.down.apply(w, &s.acts, by_row_0);
        by_token(w, by_row_0, tokens, delta);
        add_assign(w.isa, x, delta);
    }
}

/// Normalises each row of `x`, `[tokens][width]`, if there is a norm, and quantises it.
pub(super) fn quantize(
    w: Workers,
    eps: f32,
    x: &[f32],
    width: usize,
    norm: Option<&[f32]>,
    normed: &mut [f32],
    acts: &mut Int8Activations,
) {
    let tokens = x.len() / width;
    acts.reset(tokens, width);
    let x = match norm {
        None => x,
        Some(weight) => {
            let normed = &mut normed[..x.len()];
            w.split(normed, width, size_of_val(x), |first, normed| {
                let x = x[first * width..].chunks_exact(width);
                for (x, normed) in x.zip(normed.chunks_exact_mut(width)) {
                    rms_norm(w.isa, x, weight, eps, normed);
                }
            });
            &*normed
        }
    };
    let rows = acts.rows_mut().zip(x.chunks_exact(width));
    let one = |(mut row, x): (Int8RowMut, &[f32])| row.quantize(w.isa, x);
    if tokens > 1 && w.share(size_of_val(x)) {
        rows.collect::<Vec<_>>().into_par_iter().for_each(one);
    } else {
        rows.for_each(one);
    }
}

/// `out = act(gate) * up`, element by element.
fn activate(w: Workers, activation: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    const UNIT: usize = 64;
    let multiply = match activation {
        Activation::SquaredRelu => squared_relu_mul,
        Activation::Silu => silu_mul,
    };
    w.split(out, UNIT, size_of_val(out), |first, out| {
        let range = first * UNIT..first * UNIT + out.len();
        multiply(w.isa, &gate[range.clone()], &up[range], out);
    });
}

/// From `[rows][tokens]` to `[tokens][rows]`.
pub(super) fn by_token(w: Workers, by_row: &[f32], tokens: usize, out: &mut [f32]) {
    let rows = out.len() / tokens;
    let by_row = &by_row[..out.len()];
    if tokens == 1 {
        out.copy_from_slice(by_row);
        return;
    }
    w.split(out, 16 * rows, size_of_val(by_row), |first, out| {
        let first = first * 16;
        transpose_tokens(by_row, tokens, first..first + out.len() / rows, out);
    });
}

/// Causal attention: `q` and `mixed` are `[tokens][n_heads][head_dim]`, the first token at position `first`. The
/// query heads of a key-value head are neighbours.
pub(super) fn attend(c: &ModelConfig, w: Workers, cache: &LayerCache, q: &[f32], first: usize, mixed: &mut [f32]) {
    let group = c.n_heads / c.n_kv_heads;
    let width = group * c.head_dim;
    let tokens = q.len() / c.q_dim();
    let scratch = || vec![0.0; attention_scratch_len(group, c.head_dim)];
    let one = |scratch: &mut Vec<f32>, (i, (out, q)): (usize, (&mut [f32], &[f32]))| {
        let (t, head) = (i / c.n_kv_heads, i % c.n_kv_heads);
        cache.attend(w.isa, head, first + t + 1, q, out, scratch);
    };
    if w.share(cache.head_bytes(first + tokens) * c.n_kv_heads * tokens) {
        let pieces = mixed.par_chunks_exact_mut(width).zip(q.par_chunks_exact(width)).enumerate();
        pieces.for_each_init(scratch, one);
    } else {
        let mut scratch = scratch();
        let pieces = mixed.chunks_exact_mut(width).zip(q.chunks_exact(width)).enumerate();
        pieces.for_each(|piece| one(&mut scratch, piece));
    }
}
