//! A batch of tokens through a ternary matrix, in each order it may lie in.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use tern_kernels::{Isa, Line, Order, PANEL_ROWS, matmul_scratch_lines};

use crate::data::{HIDDEN, activations, matrix, share};

const TOKENS: [usize; 6] = [2, 4, 8, 32, 128, 256];

pub(crate) fn matmul(c: &mut Criterion) {
    let mut group = c.benchmark_group("matmul");
    for (order, name) in [
        (Order::RowBlocks, "row_blocks"),
        (Order::Rows, "rows"),
        (Order::Columns, "columns"),
    ] {
        let w = matrix(order, HIDDEN, HIDDEN);
        let mut scratch = vec![Line::ZERO; matmul_scratch_lines(&w)];
        for n_tokens in TOKENS {
            let acts = activations(n_tokens, HIDDEN);
            let mut out = vec![0.0; w.panels() * PANEL_ROWS * n_tokens];
            for isa in Isa::available() {
                let panels = share(isa, w.panels());
                let n_out = panels * PANEL_ROWS * n_tokens;
                group.throughput(Throughput::Elements((n_out * HIDDEN) as u64));
                let id = BenchmarkId::new(isa.name(), format!("{name}/{n_tokens}"));
                group.bench_function(id, |b| {
                    b.iter(|| {
                        let (acts, out) = (black_box(&acts), &mut out[..n_out]);
                        tern_kernels::matmul(isa, &w, 0..panels, acts, 1.0, out, &mut scratch);
                        black_box(out);
                    });
                });
            }
        }
    }
    group.finish();
}
