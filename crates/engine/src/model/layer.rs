//! One transformer layer.

use tern_kernels::add_assign;

use super::{
    BitLinear, ModelConfig,
    ffn::Sparse,
    kv_cache::LayerCache,
    pass::{Input, Pass, Rows},
    workers::{Own, panels_len},
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

/// Buffers of a forward pass of `T` tokens. Outputs of projections are `[width]` for one token, `[panels][T][32]` for
/// more.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Residual stream, `[T][hidden]`.
    pub(crate) x: Vec<f32>,
    /// What goes into the projections, `[T][widest]`.
    pub(crate) input: Input,
    /// What each thread has to itself.
    pub(crate) own: Vec<Own>,
    pub(super) q: Vec<f32>,
    pub(super) k: Vec<f32>,
    pub(super) v: Vec<f32>,
    /// Queries of a batch, `[T][q]`.
    rotated: Vec<f32>,
    /// What attention mixed from the values, `[T][q]`.
    mixed: Vec<f32>,
    /// Attention's results for spans of positions.
    partials: Vec<f32>,
    pub(super) gate: Vec<f32>,
    pub(super) up: Vec<f32>,
    /// What is added to the residual stream.
    pub(super) delta: Vec<f32>,
    pub(crate) sparse: Sparse,
}

impl Scratch {
    /// Room for one token on so many threads.
    pub(crate) fn new(c: &ModelConfig, threads: usize) -> Self {
        let mut own = Vec::new();
        own.resize_with(threads, Own::default);
        let mut scratch = Self {
            x: Vec::new(),
            input: Input::new(c.hidden_dim.max(c.ffn_dim).max(c.q_dim())),
            own,
            q: Vec::new(),
            k: Vec::new(),
            v: Vec::new(),
            rotated: Vec::new(),
            mixed: Vec::new(),
            partials: Vec::new(),
            gate: Vec::new(),
            up: Vec::new(),
            delta: Vec::new(),
            sparse: Sparse::default(),
        };
        scratch.resize(c, 1);
        scratch
    }

    /// Makes this a pass of so many tokens; room once taken is kept.
    pub(crate) fn resize(&mut self, c: &ModelConfig, tokens: usize) {
        let output = |rows: usize| match tokens {
            1 => rows,
            _ => panels_len(rows, tokens),
        };
        self.x.resize(tokens * c.hidden_dim, 0.0);
        self.input.resize(tokens);
        self.q.resize(output(c.q_dim()), 0.0);
        self.k.resize(output(c.kv_dim()), 0.0);
        self.v.resize(output(c.kv_dim()), 0.0);
        self.rotated
            .resize(if tokens == 1 { 0 } else { tokens * c.q_dim() }, 0.0);
        self.mixed.resize(tokens * c.q_dim(), 0.0);
        self.gate.resize(output(c.ffn_dim), 0.0);
        self.up.resize(if tokens == 1 { c.ffn_dim } else { 0 }, 0.0);
        self.delta.resize(output(c.hidden_dim), 0.0);
    }
}

impl Layer {
    /// Reads the residual stream `s.x` and adds to it.
    pub(crate) fn forward(&self, p: &Pass, cache: LayerCache, s: &mut Scratch) {
        if p.tokens == 1 {
            self.forward_one(p, cache, s);
        } else {
            self.forward_batch(p, cache, s);
        }
    }

    fn forward_one(&self, p: &Pass, mut cache: LayerCache, s: &mut Scratch) {
        s.input.quantize(p, &s.x, Some(&self.attn_norm));
        let qkv = [
            (&self.q, s.q.as_mut_slice()),
            (&self.k, s.k.as_mut_slice()),
            (&self.v, s.v.as_mut_slice()),
        ];
        p.project(&s.input, qkv);
        p.rotate(0, &mut s.q);
        p.rotate(0, &mut s.k);
        cache.store(p.first, &s.k, &s.v);
        p.attend(&mut s.own, &cache, &s.q, &mut s.mixed, &mut s.partials);
        s.input.quantize(p, &s.mixed, self.attn_sub_norm.as_deref());
        p.project(&s.input, [(&self.o, &mut s.delta)]);
        add_assign(p.workers.isa, &mut s.x, &s.delta);

        s.input.quantize(p, &s.x, Some(&self.ffn_norm));
        self.ffn_of_one(p, s);
        add_assign(p.workers.isa, &mut s.x, &s.delta);
    }

    fn forward_batch(&self, p: &Pass, mut cache: LayerCache, s: &mut Scratch) {
        let (c, own, input) = (p.config, s.own.as_mut_slice(), &mut s.input);
        let norm = Some(self.attn_norm.as_slice());
        input.quantize_batch(p, own, c.hidden_dim, norm, Rows::Plain(&s.x));
        let qkv = [
            (&self.q, s.q.as_mut_slice()),
            (&self.k, s.k.as_mut_slice()),
            (&self.v, s.v.as_mut_slice()),
        ];
        p.project_batch(own, input, qkv);
        p.rotate_queries(&s.q, &mut s.rotated);
        p.store_batch(&mut cache, &s.k, &s.v);
        p.attend_batch(own, &cache, &s.rotated, &mut s.mixed);
        let norm = self.attn_sub_norm.as_deref();
        input.quantize_batch(p, own, c.q_dim(), norm, Rows::Plain(&s.mixed));
        p.project_batch(own, input, [(&self.o, &mut s.delta)]);
        p.add_panels(&mut s.x, &s.delta);

        let norm = Some(self.ffn_norm.as_slice());
        input.quantize_batch(p, own, c.hidden_dim, norm, Rows::Plain(&s.x));
        p.project_gated(own, input, &self.gate, &self.up, &mut s.gate);
        let norm = self.ffn_sub_norm.as_deref();
        input.quantize_batch(p, own, c.ffn_dim, norm, Rows::Panels(&s.gate));
        if self.down_by_columns(p) {
            self.down_columns_of_few(p, s);
            add_assign(p.workers.isa, &mut s.x, &s.delta[..p.tokens * c.hidden_dim]);
        } else {
            p.project_batch(own, input, [(&self.down, &mut s.delta)]);
            p.add_panels(&mut s.x, &s.delta);
        }
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
