//! The feed-forward half of a layer for one token, which reads only what counts.
//!
//! With squared ReLU a gate that is not positive makes its product 0 whatever `up` is, and an int8 input of `down` that
//! is 0 adds nothing. Such rows of `up` and columns of `down` are not read. The result has the same bits: what is left
//! out are zeros of exact integer sums.

use tern_kernels::{
    MOST_FEW, Order, column_sums, column_sums_batch, column_sums_len, finish_columns,
    finish_columns_batch, matvec_rows, select_nonzero, select_positive, squared_relu_mul,
};

use super::{
    layer::{Layer, Scratch},
    pass::Pass,
};

/// Share of positive gates from which on all rows of `up` are read: a stream of all is faster than jumps to most.
const MOST: f32 = 0.7;
/// Shares of columns for each thread, so that a slower core can take fewer.
const PARTS_PER_THREAD: usize = 4;
/// Fewer bytes than this are not worth another thread.
const WORTH_SHARING: usize = 24 << 10;

/// What the FFN of single tokens read, since it was last asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FfnReads {
    /// Layers passed by single tokens.
    pub layers: u64,
    /// Gates that were positive, in all of these.
    pub positive_gates: u64,
    /// Rows of `up` that were read.
    pub up_rows: u64,
    /// Columns of `down` that were read: int8 inputs other than 0.
    pub down_columns: u64,
}

/// Buffers of [`forward`].
#[derive(Debug, Default)]
pub(crate) struct Sparse {
    active: Vec<u32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    product: Vec<f32>,
    sums: Vec<i32>,
    any: Vec<i8>,
    pub(crate) reads: FfnReads,
}

impl Layer {
    /// Reads the quantised input in `s.input`, leaves what is added to the residual stream in `s.delta`.
    pub(super) fn ffn_of_one(&self, p: &Pass, s: &mut Scratch) {
        if self.up.weights.order() == Order::Rows {
            p.project(&s.input, [(&self.gate, &mut s.gate)]);
            self.up_rows(p, s);
        } else {
            p.project(&s.input, [(&self.gate, &mut s.gate), (&self.up, &mut s.up)]);
            p.activate(&mut s.gate, &s.up);
        }
        s.input.quantize(p, &s.gate, self.ffn_sub_norm.as_deref());
        if self.down.weights.order() == Order::Columns {
            self.down_columns(p, s);
        } else {
            p.project(&s.input, [(&self.down, &mut s.delta)]);
        }
    }

    /// `gate = relu(gate)^2 * up`, of the rows that matter.
    fn up_rows(&self, p: &Pass, s: &mut Scratch) {
        let (w, sparse) = (p.workers, &mut s.sparse);
        sparse.active.resize(s.gate.len(), 0);
        let positive = select_positive(w.isa, &s.gate, &mut sparse.active);
        sparse.active.truncate(positive);
        sparse.reads.layers += 1;
        sparse.reads.positive_gates += positive as u64;
        if positive as f32 > MOST * s.gate.len() as f32 {
            sparse.active.clear();
            sparse.active.extend(0..s.gate.len() as u32);
        }
        let rows = sparse.active.as_slice();
        sparse.reads.up_rows += rows.len() as u64;
        sparse.up.resize(rows.len(), 0.0);
        s.input.fields.arrange(s.input.acts.row(0));
        let (fields, up) = (&s.input.fields, &self.up);
        w.split(
            &mut sparse.up,
            1,
            rows.len() * up.unit_bytes(),
            |first, out| {
                let rows = &rows[first..first + out.len()];
                matvec_rows(w.isa, &up.weights, rows, fields, up.scale, out);
            },
        );
        if rows.len() == s.gate.len() {
            sparse.product.resize(rows.len(), 0.0);
            squared_relu_mul(w.isa, &s.gate, &sparse.up, &mut sparse.product);
            std::mem::swap(&mut s.gate, &mut sparse.product);
            return;
        }
        sparse.gate.clear();
        sparse
            .gate
            .extend(rows.iter().map(|&row| s.gate[row as usize]));
        sparse.product.resize(rows.len(), 0.0);
        squared_relu_mul(w.isa, &sparse.gate, &sparse.up, &mut sparse.product);
        s.gate.fill(0.0);
        for (&row, &product) in rows.iter().zip(&sparse.product) {
            s.gate[row as usize] = product;
        }
    }

    /// `delta = down . input`, of the columns that matter.
    fn down_columns(&self, p: &Pass, s: &mut Scratch) {
        let (w, sparse, down) = (p.workers, &mut s.sparse, &self.down.weights);
        let act = s.input.acts.row(0);
        sparse.active.resize(down.cols(), 0);
        let n = select_nonzero(w.isa, act.codes(), &mut sparse.active);
        sparse.active.truncate(n);
        let columns = sparse.active.as_slice();
        sparse.reads.down_columns += columns.len() as u64;
        let bytes = columns.len() * self.down.unit_bytes();
        let parts = if w.threads() == 1 || bytes < WORTH_SHARING {
            1
        } else {
            w.threads() * PARTS_PER_THREAD
        };
        let len = column_sums_len(down);
        sparse.sums.clear();
        sparse.sums.resize(parts * len, 0);
        let share = columns.len().div_ceil(parts).max(1);
        let mut tasks: Vec<_> = columns
            .chunks(share)
            .zip(sparse.sums.chunks_exact_mut(len))
            .collect();
        w.team.for_each(&mut tasks, |(columns, sums)| {
            column_sums(w.isa, down, columns, act, sums);
        });
        let scale = self.down.scale;
        finish_columns(w.isa, down, &mut sparse.sums, act, scale, &mut s.delta);
    }

    /// Whether a few tokens go through the columns of `down` that matter to any of them: cut by columns, so that each is
    /// read once.
    pub(super) fn down_by_columns(&self, p: &Pass) -> bool {
        p.tokens <= MOST_FEW && self.down.weights.order() == Order::Columns
    }

    /// `delta = down . input` of a few tokens, `[T][hidden]`.
    pub(super) fn down_columns_of_few(&self, p: &Pass, s: &mut Scratch) {
        let (w, sparse, down) = (p.workers, &mut s.sparse, &self.down.weights);
        let acts = &s.input.acts;
        sparse.any.clear();
        sparse.any.extend_from_slice(acts.row(0).codes());
        for t in 1..p.tokens {
            for (any, code) in sparse.any.iter_mut().zip(acts.row(t).codes()) {
                *any |= code;
            }
        }
        sparse.active.resize(down.cols(), 0);
        let n = select_nonzero(w.isa, &sparse.any, &mut sparse.active);
        sparse.active.truncate(n);
        let columns = sparse.active.as_slice();
        let bytes = columns.len() * self.down.unit_bytes();
        let parts = if bytes < WORTH_SHARING {
            1
        } else {
            w.threads()
        };
        let len = p.tokens * column_sums_len(down);
        sparse.sums.clear();
        sparse.sums.resize(parts * len, 0);
        let share = columns.len().div_ceil(parts).max(1);
        let mut tasks: Vec<_> = columns
            .chunks(share)
            .zip(sparse.sums.chunks_exact_mut(len))
            .collect();
        w.team.for_each(&mut tasks, |(columns, sums)| {
            column_sums_batch(w.isa, down, columns, acts, sums);
        });
        let (scale, out) = (self.down.scale, &mut s.delta[..p.tokens * down.rows()]);
        finish_columns_batch(w.isa, down, &mut sparse.sums, acts, scale, out);
    }
}
