//! The steps of a forward pass of one or more tokens, cut up for the threads that share it.
//!
//! One token reads matrices as vectors; a batch reads each matrix once, in panels of 32 rows, whose outputs lie
//! `[panel][T][32]` until the next step picks a token's rows up. Both give the same bits.

use tern_kernels::{
    BLOCK_ROWS, FieldCodes, Int8Activations, Int8RowMut, PANEL_ROWS, add_panels, attention_finish,
    attention_merge, attention_partial_len, attention_scratch_len, matvec, rms_norm,
    rope_rotate_half, silu_mul, squared_relu_mul, token_of_panels,
};

use super::{
    Activation, BitLinear, ModelConfig,
    kv_cache::{KvCache, LayerCache},
    rope::RopeTable,
    workers::{Own, Workers},
};

/// Tokens of a batch that share one widening of keys and values.
const TOKEN_TILE: usize = 32;

/// What all steps of a pass have in common.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub(crate) config: &'a ModelConfig,
    pub(crate) workers: Workers<'a>,
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
    /// One token's row after its norm, `[widest]`.
    pub(crate) normed: Vec<f32>,
    pub(crate) acts: Int8Activations,
    /// One token, for single rows.
    pub(crate) fields: FieldCodes,
}

impl Input {
    pub(crate) fn new(widest: usize) -> Self {
        Self {
            widest,
            capacity: 0,
            normed: vec![0.0; widest],
            acts: Int8Activations::new(0, widest),
            fields: FieldCodes::new(widest),
        }
    }

    /// Makes room for so many tokens.
    pub(crate) fn resize(&mut self, tokens: usize) {
        if self.capacity < tokens {
            self.capacity = tokens;
            self.acts = Int8Activations::new(tokens, self.widest);
        }
    }

    /// Takes one token: through the norm, if there is one, then to int8.
    pub(crate) fn quantize(&mut self, p: &Pass, x: &[f32], norm: Option<&[f32]>) {
        let isa = p.workers.isa;
        let x = match norm {
            None => x,
            Some(weight) => {
                let normed = &mut self.normed[..x.len()];
                rms_norm(isa, x, weight, p.config.norm_eps, normed);
                &*normed
            }
        };
        self.acts.reset(1, x.len());
        self.acts.quantize_row(isa, 0, x);
    }

    /// Takes a batch of rows of `width`.
    pub(crate) fn quantize_batch(
        &mut self,
        p: &Pass,
        own: &mut [Own],
        width: usize,
        norm: Option<&[f32]>,
        rows: Rows<'_>,
    ) {
        let isa = p.workers.isa;
        self.acts.reset(p.tokens, width);
        let mut outs: Vec<(usize, Int8RowMut)> = self.acts.rows_mut().enumerate().collect();
        p.workers
            .team
            .for_each_with(own, &mut outs, |own, (t, out)| {
                own.row.resize(width, 0.0);
                own.normed.resize(width, 0.0);
                let row = match rows {
                    Rows::Plain(x) => &x[*t * width..(*t + 1) * width],
                    Rows::Panels(panels) => {
                        p.pick(panels, *t, &mut own.row);
                        &own.row
                    }
                };
                match norm {
                    None => out.quantize(isa, row),
                    Some(weight) => {
                        rms_norm(isa, row, weight, p.config.norm_eps, &mut own.normed);
                        out.quantize(isa, &own.normed);
                    }
                }
            });
    }
}

/// How a batch's rows lie.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// `[T][width]`
    Plain(&'a [f32]),
    /// `[panels][T][32]`
    Panels(&'a [f32]),
}

/// A piece of a projection's output.
struct Task<'a> {
    linear: &'a BitLinear,
    /// First row block, or panel.
    first: usize,
    out: &'a mut [f32],
}

/// Cuts the outputs of projections, side by side, into tasks of whole units.
fn tasks<'a, const N: usize>(
    workers: Workers,
    outputs: [(&'a BitLinear, &'a mut [f32]); N],
    unit: usize,
    tokens: usize,
) -> Vec<Task<'a>> {
    let bytes: usize = outputs.iter().map(|(linear, _)| linear.bytes()).sum();
    let units: usize = outputs
        .iter()
        .map(|(_, out)| out.len().div_ceil(unit))
        .sum();
    let mut cuts = workers.cuts(units, bytes * tokens);
    let (mut tasks, mut cut) = (Vec::new(), 0);
    for (linear, mut out) in outputs {
        let mut first = 0;
        while !out.is_empty() {
            // What a matrix leaves of a cut is the next one's.
            if cut == 0 {
                cut = cuts.next().unwrap_or(units);
            }
            let here = cut.min(out.len().div_ceil(unit));
            let (piece, rest) = out.split_at_mut((here * unit).min(out.len()));
            tasks.push(Task {
                linear,
                first,
                out: piece,
            });
            (first, out, cut) = (first + here, rest, cut - here);
        }
    }
    tasks
}

impl Pass<'_> {
    /// One token through projections that share its input, side by side; each output is `[rows]`.
    pub(crate) fn project<const N: usize>(
        &self,
        input: &Input,
        outputs: [(&BitLinear, &mut [f32]); N],
    ) {
        let isa = self.workers.isa;
        let mut tasks = tasks(self.workers, outputs, BLOCK_ROWS, 1);
        self.workers.team.for_each(&mut tasks, |task| {
            let blocks = task.first..task.first + task.out.len().div_ceil(BLOCK_ROWS);
            let (w, scale) = (&task.linear.weights, task.linear.scale);
            matvec(isa, w, blocks, input.acts.row(0), scale, task.out);
        });
    }

    /// A batch through projections that share its input; each output is `[panels][T][32]`.
    pub(crate) fn project_batch<const N: usize>(
        &self,
        own: &mut [Own],
        input: &Input,
        outputs: [(&BitLinear, &mut [f32]); N],
    ) {
        let isa = self.workers.isa;
        let unit = PANEL_ROWS * self.tokens;
        let mut tasks = tasks(self.workers, outputs, unit, self.tokens);
        self.workers
            .team
            .for_each_with(own, &mut tasks, |own, task| {
                let panels = task.first..task.first + task.out.len() / unit;
                task.linear
                    .multiply(isa, panels, &input.acts, task.out, &mut own.lines);
            });
    }

    /// `out = act(gate) * up` of a batch, `[panels][T][32]`: a panel of either at a time, so that neither leaves the
    /// caches.
    pub(crate) fn project_gated(
        &self,
        own: &mut [Own],
        input: &Input,
        gate: &BitLinear,
        up: &BitLinear,
        out: &mut [f32],
    ) {
        let isa = self.workers.isa;
        let unit = PANEL_ROWS * self.tokens;
        let bytes = (gate.bytes() + up.bytes()) * self.tokens;
        self.workers
            .split_with(own, out, unit, bytes, |own, first, out| {
                own.row.resize(unit, 0.0);
                own.normed.resize(unit, 0.0);
                for (panel, out) in (first..).zip(out.chunks_exact_mut(unit)) {
                    let (gates, ups) = (&mut own.row[..unit], &mut own.normed[..unit]);
                    for (linear, out) in [(gate, &mut *gates), (up, &mut *ups)] {
                        linear.multiply(isa, panel..panel + 1, &input.acts, out, &mut own.lines);
                    }
                    self.gated(gates, ups, out);
                }
            });
    }

    /// `out = act(gate) * up`, element by element.
    fn gated(&self, gate: &[f32], up: &[f32], out: &mut [f32]) {
        match self.config.activation {
            Activation::SquaredRelu => squared_relu_mul(self.workers.isa, gate, up, out),
            Activation::Silu => silu_mul(self.workers.isa, gate, up, out),
        }
    }

    /// Rows `[0, out.len())` of token `t` from panels.
    pub(crate) fn pick(&self, panels: &[f32], t: usize, out: &mut [f32]) {
        let mut pieces = token_of_panels(panels, self.tokens, t);
        let (whole, rest) = out.as_chunks_mut::<PANEL_ROWS>();
        for (out, piece) in whole.iter_mut().zip(&mut pieces) {
            *out = *piece;
        }
        if let Some(piece) = pieces.next() {
            rest.copy_from_slice(&piece[..rest.len()]);
        }
    }

    /// Rotary embedding of one token's queries or keys, `[heads][head_dim]`.
    pub(crate) fn rotate(&self, t: usize, heads: &mut [f32]) {
        let (cos, sin) = self.rope.at(self.first + t);
        rope_rotate_half(self.workers.isa, heads, cos, sin);
    }

    /// A batch's queries from panels, rotated: `q` is `[T][n_heads][head_dim]`.
    pub(crate) fn rotate_queries(&self, panels: &[f32], q: &mut [f32]) {
        let width = self.config.q_dim();
        self.workers
            .split(q, width, size_of_val(panels), |first, rows| {
                for (t, row) in (first..).zip(rows.chunks_exact_mut(width)) {
                    self.pick(panels, t, row);
                    self.rotate(t, row);
                }
            });
    }

    /// A batch's keys, rotated, and values into the cache; both from panels.
    pub(crate) fn store_batch(&self, cache: &mut LayerCache, keys: &[f32], values: &[f32]) {
        let width = self.config.kv_dim();
        let (mut key, mut value) = (vec![0.0; width], vec![0.0; width]);
        for t in 0..self.tokens {
            self.pick(keys, t, &mut key);
            self.rotate(t, &mut key);
            self.pick(values, t, &mut value);
            cache.store(self.first + t, &key, &value);
        }
    }

    /// Query heads of a key-value head; they are neighbours.
    fn group(&self) -> usize {
        self.config.n_heads / self.config.n_kv_heads
    }

    /// Causal attention of a batch: `q` and `mixed` are `[T][n_heads][head_dim]`.
    pub(crate) fn attend_batch(
        &self,
        own: &mut [Own],
        cache: &LayerCache,
        q: &[f32],
        mixed: &mut [f32],
    ) {
        let (c, group) = (self.config, self.group());
        let width = group * c.head_dim;
        // One for each tile of tokens and key-value head; `mixed` is handed out one token and head at a time.
        let tiles = self.tokens.div_ceil(TOKEN_TILE);
        let mut tasks: Vec<(usize, usize, Vec<&mut [f32]>)> = (0..tiles * c.n_kv_heads)
            .map(|i| {
                let (tile, head) = (i / c.n_kv_heads, i % c.n_kv_heads);
                (tile, head, Vec::with_capacity(TOKEN_TILE))
            })
            .collect();
        for (i, out) in mixed.chunks_exact_mut(width).enumerate() {
            let (t, head) = (i / c.n_kv_heads, i % c.n_kv_heads);
            tasks[t / TOKEN_TILE * c.n_kv_heads + head].2.push(out);
        }
        // The last tokens, which look at the most, come first.
        tasks.reverse();
        self.workers
            .team
            .for_each_with(own, &mut tasks, |own, (tile, head, out)| {
                let first = *tile * TOKEN_TILE;
                let mut rows: [&[f32]; TOKEN_TILE] = [&[]; TOKEN_TILE];
                for (t, row) in rows[..out.len()].iter_mut().enumerate() {
                    *row = &q[((first + t) * c.n_kv_heads + *head) * width..][..width];
                }
                let rows = &rows[..out.len()];
                let room = &mut own.attention;
                cache.attend_few(*head, self.first + first, rows, out, room);
            });
    }

    /// Attention of one token: `q` and `mixed` are `[n_heads][head_dim]`. Spans of positions go to different threads
    /// and are joined in order; `partials` is kept between calls.
    pub(crate) fn attend(
        &self,
        own: &mut [Own],
        cache: &LayerCache,
        q: &[f32],
        mixed: &mut [f32],
        partials: &mut Vec<f32>,
    ) {
        let (c, group, n) = (self.config, self.group(), self.first + 1);
        let width = group * c.head_dim;
        let spans = n.div_ceil(KvCache::SPAN);
        let len = attention_partial_len(group, c.head_dim);
        partials.resize(c.n_kv_heads * spans * len, 0.0);
        let scratch = attention_scratch_len(group, c.head_dim);
        let one = |own: &mut Own, i: usize, partial: &mut [f32]| {
            let (head, span) = (i / spans, i % spans);
            let q = &q[head * width..(head + 1) * width];
            own.scratch.resize(scratch, 0.0);
            cache.attend_span(head, span, n, q, partial, &mut own.scratch);
        };
        let mut tasks: Vec<(usize, &mut [f32])> =
            partials.chunks_exact_mut(len).enumerate().collect();
        if cache.head_bytes(n) * c.n_kv_heads < 16 << 10 {
            let own = &mut own[0];
            tasks
                .iter_mut()
                .for_each(|(i, partial)| one(own, *i, partial));
        } else {
            self.workers
                .team
                .for_each_with(own, &mut tasks, |own, (i, partial)| one(own, *i, partial));
        }
        let heads = partials.chunks_exact_mut(spans * len);
        for (spans, mixed) in heads.zip(mixed.chunks_exact_mut(width)) {
            let (state, rest) = spans.split_at_mut(len);
            for next in rest.chunks_exact(len) {
                attention_merge(self.workers.isa, state, next, c.head_dim);
            }
            attention_finish(state, c.head_dim, mixed);
        }
    }

    /// `gate = act(gate) * up`, element by element, in whatever order both lie.
    pub(crate) fn activate(&self, gate: &mut [f32], up: &[f32]) {
        const UNIT: usize = 1024;
        self.workers
            .split(gate, UNIT, 2 * size_of_val(up), |first, gate| {
                let mut out = [0.0; UNIT];
                let up = &up[first * UNIT..first * UNIT + gate.len()];
                for (gate, up) in gate.chunks_mut(UNIT).zip(up.chunks(UNIT)) {
                    let out = &mut out[..gate.len()];
                    self.gated(gate, up, out);
                    gate.copy_from_slice(out);
                }
            });
    }

    /// `x += panels`, token by token; `x` is `[T][width]`.
    pub(crate) fn add_panels(&self, x: &mut [f32], panels: &[f32]) {
        let (width, isa) = (self.config.hidden_dim, self.workers.isa);
        self.workers
            .split(x, width, 2 * size_of_val(panels), |first, rows| {
                add_panels(isa, panels, self.tokens, first, rows, width);
            });
    }
}
