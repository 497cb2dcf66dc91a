//! What happens to one token between the matrices, at the width of the FFN; in a cache, as it is there.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use tern_kernels::{
    Int8Activations, Isa, exp, rms_norm, select_nonzero, select_positive, silu_mul, softmax,
    squared_relu_mul,
};

use crate::data::{FFN, Random};

pub(crate) fn vectors(c: &mut Criterion) {
    let mut group = c.benchmark_group("vectors");
    let mut random = Random::new(9);
    let x = random.floats(FFN);
    let y = random.floats(FFN);
    let codes: Vec<i8> = (0..FFN).map(|_| (random.next() % 2) as i8).collect();
    let mut out = vec![0.0; FFN];
    let mut numbers = vec![0; FFN];
    let mut acts = Int8Activations::new(1, FFN);
    acts.reset(1, FFN);
    for isa in Isa::available() {
        let id = |name| BenchmarkId::new(isa.name(), format!("{name}/{FFN}"));
        group.throughput(Throughput::Bytes(size_of_val(&x[..]) as u64));
        group.bench_function(id("quantize"), |b| {
            b.iter(|| {
                acts.quantize_row(isa, 0, black_box(&x));
                black_box(&mut acts);
            });
        });
        // Both are done in place, and done again would have other numbers before them.
        group.bench_function(id("softmax"), |b| {
            b.iter_batched_ref(|| x.clone(), |x| softmax(isa, x), BatchSize::SmallInput);
        });
        group.bench_function(id("exp"), |b| {
            b.iter_batched_ref(|| x.clone(), |x| exp(isa, x), BatchSize::SmallInput);
        });
        group.bench_function(id("select_positive"), |b| {
            b.iter(|| {
                black_box(select_positive(isa, black_box(&x), &mut numbers));
                black_box(&mut numbers);
            });
        });
        group.throughput(Throughput::Bytes(2 * size_of_val(&x[..]) as u64));
        group.bench_function(id("rms_norm"), |b| {
            b.iter(|| {
                rms_norm(isa, black_box(&x), &y, 1e-5, &mut out);
                black_box(&mut out);
            });
        });
        group.bench_function(id("squared_relu_mul"), |b| {
            b.iter(|| {
                squared_relu_mul(isa, black_box(&x), &y, &mut out);
                black_box(&mut out);
            });
        });
        group.bench_function(id("silu_mul"), |b| {
            b.iter(|| {
                silu_mul(isa, black_box(&x), &y, &mut out);
                black_box(&mut out);
            });
        });
        group.throughput(Throughput::Bytes(codes.len() as u64));
        group.bench_function(id("select_nonzero"), |b| {
            b.iter(|| {
                black_box(select_nonzero(isa, black_box(&codes), &mut numbers));
                black_box(&mut numbers);
            });
        });
    }
    group.finish();
}
