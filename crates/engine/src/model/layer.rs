//! One transformer layer.

use tern_kernels::add_assign;

use super::{
    BitLinear, ModelConfig,
    kv_cache::LayerCache,
    pass::{Input, Output, Pass},
};

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

/// Buffers of a forward pass of `T` tokens.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Residual stream, `[T][hidden]`.
    pub(crate) x: Vec<f32>,
    /// What goes into the projections, `[T][widest]`.
    pub(crate) input: Input,
    /// `[T][q]`
    q: Output,
    /// `[T][kv]`
    k: Output,
    /// `[T][kv]`
    v: Output,
    /// What attention mixed from the values, `[T][q]`.
    mixed: Vec<f32>,
    /// `[T][ffn]`
    gate: Output,
    /// `[T][ffn]`
    up: Output,
    /// `act(gate) * up`, `[T][ffn]`.
    inner: Vec<f32>,
    /// What is added to the residual stream, `[T][hidden]`.
    delta: Output,
}

impl Scratch {
    /// Room for one token.
    pub(crate) fn new(c: &ModelConfig) -> Self {
        let mut scratch = Self {
            x: Vec::new(),
            input: Input::new(c.hidden_dim.max(c.ffn_dim).max(c.q_dim())),
            q: Output::default(),
            k: Output::default(),
            v: Output::default(),
            mixed: Vec::new(),
            gate: Output::default(),
            up: Output::default(),
            inner: Vec::new(),
            delta: Output::default(),
        };
        scratch.resize(c, 1);
        scratch
    }

    /// Makes this a pass of so many tokens; room once taken is kept.
    pub(crate) fn resize(&mut self, c: &ModelConfig, tokens: usize) {
        self.x.resize(tokens * c.hidden_dim, 0.0);
        self.input.resize(tokens);
        self.q.resize(tokens, c.q_dim());
        self.k.resize(tokens, c.kv_dim());
        self.v.resize(tokens, c.kv_dim());
        self.mixed.resize(tokens * c.q_dim(), 0.0);
        self.gate.resize(tokens, c.ffn_dim);
        self.up.resize(tokens, c.ffn_dim);
        self.inner.resize(tokens * c.ffn_dim, 0.0);
        self.delta.resize(tokens, c.hidden_dim);
    }
}

impl Layer {
    /// Reads the residual stream `s.x` and adds to it.
    pub(crate) fn forward(&self, p: &Pass, mut cache: LayerCache, s: &mut Scratch) {
        s.input.quantize(p, &s.x, Some(&self.attn_norm));
        let qkv = [
            (&self.q, &mut s.q),
            (&self.k, &mut s.k),
            (&self.v, &mut s.v),
        ];
        p.project(&s.input, qkv);
        p.rotate(&mut s.q);
        p.rotate(&mut s.k);
        p.store(&mut cache, &s.k, &s.v);
        p.attend(&cache, &s.q, &mut s.mixed);
        s.input.quantize(p, &s.mixed, self.attn_sub_norm.as_deref());
        p.project(&s.input, [(&self.o, &mut s.delta)]);
        add_assign(p.workers.isa, &mut s.x, &s.delta);

        s.input.quantize(p, &s.x, Some(&self.ffn_norm));
        p.project(&s.input, [(&self.gate, &mut s.gate), (&self.up, &mut s.up)]);
        p.activate(&s.gate, &s.up, &mut s.inner);
        s.input.quantize(p, &s.inner, self.ffn_sub_norm.as_deref());
        p.project(&s.input, [(&self.down, &mut s.delta)]);
        add_assign(p.workers.isa, &mut s.x, &s.delta);
    }

    /// The projections, in the order they are used.
    pub(crate) fn projections(&self) -> [&BitLinear; 7] {
        [
            &self.q, &self.k, &self.v, &self.o, &self.gate, &self.up, &self.down,
        ]
    }

    /// Bytes of ternary weights.
    pub(crate) fn bytes(&self) -> usize {
        self.projections().iter().map(|linear| linear.bytes()).sum()
    }
}
