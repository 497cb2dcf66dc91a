//! The feed-forward half of a layer for one token, which reads only what counts.
//!
//! With squared ReLU a gate that is not positive makes its product 0 whatever `up` is, and an int8 input of `down` that
//! is 0 adds nothing. Such rows of `up` and columns of `down` are not read. The result has the same bits: what is left
//! out are zeros of exact integer sums.

use tern_kernels::{
    Line, MOST_FEW, Order, column_sums, column_sums_batch, column_sums_len, finish_columns,
    finish_columns_batch, matvec_rows, select_nonzero, select_positive, squared_relu_mul,
};

use super::{
    layer::{Layer, Scratch},
    pass::Pass,
    workers::Workers,
};

/// Share of rows or columns that count from which on all are read: a stream of all is faster than jumps to most.
const MOST: f32 = 0.7;

/// Rows or columns whose sums are finished together; tasks are whole numbers of them.
const ROWS: usize = 4;
const COLUMNS: usize = 16;

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
    /// Sums of columns, as lines: a path loads and stores 64 bytes at a time, which costs twice across two lines.
    sums: Vec<Line>,
    any: Vec<i8>,
    pub(crate) reads: FfnReads,
}

/// Leaves in `active` which of `0..all` count, as `select` finds them, or all where most do; returns how many count.
fn choose(active: &mut Vec<u32>, all: usize, select: impl FnOnce(&mut [u32]) -> usize) -> usize {
    active.resize(all, 0);
    let n = select(active);
    active.truncate(n);
    if n as f32 > MOST * all as f32 {
        active.clear();
        active.extend(0..all as u32);
    }
    n
}

/// So many sums of 0, from a multiple of 64 bytes on.
fn zeros(lines: &mut Vec<Line>, len: usize) -> &mut [i32] {
    let bytes = len * size_of::<i32>();
    lines.resize(bytes.div_ceil(size_of::<Line>()), Line::ZERO);
    // (A line called zero holds the codes of zero weights, which are not zero bytes.)
    let sums: &mut [i32] = bytemuck::cast_slice_mut(lines);
    sums.fill(0);
    &mut sums[..len]
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
        let positive = choose(&mut sparse.active, s.gate.len(), |active| {
            select_positive(w.isa, &s.gate, active)
        });
        sparse.reads.layers += 1;
        sparse.reads.positive_gates += positive as u64;
        let rows = sparse.active.as_slice();
        sparse.reads.up_rows += rows.len() as u64;
        sparse.up.resize(rows.len(), 0.0);
        s.input.fields.arrange(s.input.acts.row(0));
        let (fields, up) = (&s.input.fields, &self.up);
        w.split(
            &mut sparse.up,
            ROWS,
            rows.len() * up.unit_bytes(),
            |first, out| {
                let rows = &rows[first * ROWS..first * ROWS + out.len()];
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
        choose(&mut sparse.active, down.cols(), |active| {
            select_nonzero(w.isa, act.codes(), active)
        });
        let columns = sparse.active.as_slice();
        sparse.reads.down_columns += columns.len() as u64;
        let len = column_sums_len(down);
        let sums = self.share_columns(w, columns, len, &mut sparse.sums, |sums, columns| {
            column_sums(w.isa, down, columns, act, sums);
        });
        let scale = self.down.scale;
        finish_columns(w.isa, down, sums, act, scale, &mut s.delta);
    }

    /// Shares columns of `down` out with `add(sums, columns)`. Each thread has sums of its own, `len` of them, which are
    /// returned one after another: they are exact, so it is all the same who takes what.
    fn share_columns<'a>(
        &self,
        workers: Workers,
        columns: &[u32],
        len: usize,
        sums: &'a mut Vec<Line>,
        add: impl Fn(&mut [i32], &[u32]) + Sync,
    ) -> &'a mut [i32] {
        let sums = zeros(sums, workers.threads() * len);
        let mut own: Vec<&mut [i32]> = sums.chunks_exact_mut(len).collect();
        let bytes = columns.len() * self.down.unit_bytes();
        let (mut tasks, mut rest) = (Vec::new(), columns);
        for cut in workers.cuts(columns.len().div_ceil(COLUMNS), bytes) {
            let (task, after) = rest.split_at((cut * COLUMNS).min(rest.len()));
            tasks.push(task);
            rest = after;
        }
        workers
            .team
            .for_each_with(&mut own, &mut tasks, |sums, columns| add(sums, columns));
        sums
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
        choose(&mut sparse.active, down.cols(), |active| {
            select_nonzero(w.isa, &sparse.any, active)
        });
        let columns = sparse.active.as_slice();
        let len = p.tokens * column_sums_len(down);
        let sums = self.share_columns(w, columns, len, &mut sparse.sums, |sums, columns| {
            column_sums_batch(w.isa, down, columns, acts, sums);
        });
        let (scale, out) = (self.down.scale, &mut s.delta[..p.tokens * down.rows()]);
        finish_columns_batch(w.isa, down, sums, acts, scale, out);
    }
}
