//! Attention of the four query heads that share a KV head.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use tern_kernels::{
    ATTENTION_SPAN, Isa, attention_head_group, attention_partial, attention_partial_int8,
    attention_partial_len, attention_scratch_len,
};

use crate::data::{Place, Random, take_turn};

const HEADS: usize = 4;
const HEAD_DIM: usize = 128;
const SCALE: f32 = 0.088;
/// Numbers of the keys, and of the values, of a span.
const SPAN: usize = ATTENTION_SPAN * HEAD_DIM;

/// One span in each format of the cache.
pub(crate) fn partial(c: &mut Criterion) {
    for place in Place::BOTH {
        let mut group = c.benchmark_group(place.group("attention_partial"));
        let mut random = Random::new(5);
        let q = random.floats(HEADS * HEAD_DIM);
        let mut partial = vec![0.0; attention_partial_len(HEADS, HEAD_DIM)];
        let mut scratch = vec![0.0; attention_scratch_len(HEADS, HEAD_DIM)];
        let mut turn = 0;

        let bytes = 2 * SPAN * size_of::<f32>();
        let n = place.pieces(bytes);
        let span = random.floats(SPAN);
        let (k, v) = (span.repeat(n), span.repeat(n));
        group.throughput(Throughput::Bytes(bytes as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.name(), "f32"), |b| {
                b.iter(|| {
                    let at = take_turn(&mut turn, n) * SPAN;
                    let (k, v, q) = (&k[at..at + SPAN], &v[at..at + SPAN], black_box(&q));
                    attention_partial(isa, q, HEAD_DIM, k, v, SCALE, &mut partial, &mut scratch);
                    black_box(&mut partial);
                });
            });
        }

        let bytes = 2 * SPAN * size_of::<u16>();
        let n = place.pieces(bytes);
        let span = random.halves(SPAN);
        let (k, v) = (span.repeat(n), span.repeat(n));
        group.throughput(Throughput::Bytes(bytes as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.name(), "f16"), |b| {
                b.iter(|| {
                    let at = take_turn(&mut turn, n) * SPAN;
                    let (k, v, q) = (&k[at..at + SPAN], &v[at..at + SPAN], black_box(&q));
                    attention_partial(isa, q, HEAD_DIM, k, v, SCALE, &mut partial, &mut scratch);
                    black_box(&mut partial);
                });
            });
        }

        let bytes = 2 * (SPAN + ATTENTION_SPAN * size_of::<f32>());
        let n = place.pieces(bytes);
        let span: Vec<i8> = (0..SPAN).map(|_| random.next() as i8).collect();
        let (k, v) = (span.repeat(n), span.repeat(n));
        let scales: Vec<f32> = (0..n * ATTENTION_SPAN)
            .map(|_| random.float() / 127.0)
            .collect();
        group.throughput(Throughput::Bytes(bytes as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.name(), "int8"), |b| {
                b.iter(|| {
                    let turn = take_turn(&mut turn, n);
                    let (codes, positions) = (turn * SPAN, turn * ATTENTION_SPAN);
                    let scales = &scales[positions..positions + ATTENTION_SPAN];
                    attention_partial_int8(
                        isa,
                        black_box(&q),
                        HEAD_DIM,
                        (&k[codes..codes + SPAN], scales),
                        (&v[codes..codes + SPAN], scales),
                        SCALE,
                        &mut partial,
                        &mut scratch,
                    );
                    black_box(&mut partial);
                });
            });
        }
        group.finish();
    }
}

/// All spans of a context one after another, merged; in a cache.
pub(crate) fn head_group(c: &mut Criterion) {
    let mut group = c.benchmark_group("attention_head_group");
    let mut random = Random::new(5);
    for n in [128, 1024, 4096] {
        let k = random.halves(n * HEAD_DIM);
        let v = k.clone();
        let q = random.floats(HEADS * HEAD_DIM);
        let mut out = vec![0.0; q.len()];
        let mut scratch = vec![0.0; attention_scratch_len(HEADS, HEAD_DIM)];
        group.throughput(Throughput::Bytes((k.len() * 4) as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.name(), n), |b| {
                b.iter(|| {
                    let q = black_box(&q);
                    attention_head_group(isa, q, HEAD_DIM, &k, &v, SCALE, &mut out, &mut scratch);
                    black_box(&mut out);
                });
            });
        }
    }
    group.finish();
}
