//! Every kernel at the sizes of BitNet b1.58 2B4T, on every path of this CPU, on one thread.
//!
//! Names are group/path/shape. Throughput is the bytes of weights, table or cache that a call reads; for `matmul` and
//! the yardstick `multiply_adds` it is multiply-adds. A group reads from memory; the one beside it that ends in
//! `_cached` reads the same piece again and again.

mod attention;
mod data;
mod decode;
mod head;
mod prefill;
mod vectors;
mod yardsticks;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

// Short measurements: all of it is a few hundred benches, and a person waits for them.
criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(10)
        .nresamples(1000)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300));
    targets =
        yardsticks::read,
        yardsticks::multiply_adds,
        decode::matvec,
        decode::matvec_rows,
        decode::column_sums,
        prefill::matmul,
        head::screen,
        head::sharpen,
        head::pack_planes,
        head::head_logits,
        attention::partial,
        attention::head_group,
        vectors::vectors
}
criterion_main!(kernels);
