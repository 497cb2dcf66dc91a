//! Every kernel at the sizes of BitNet b1.58 2B4T, on every path of this CPU.
//!
//! Throughput is the bytes of weights, table or cache a call reads; for `matmul` it is multiply-adds.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tern_kernels::{
    HeadRows, Int8Activations, Isa, PackedTernary, attention_head_group, attention_scratch_len,
    head_logits, matmul, matvec, pack_row_block, rms_norm, silu_mul, squared_relu_mul,
};

/// The projections of one layer: q and o, k and v, gate and up, down.
const SHAPES: [(usize, usize); 4] = [(2560, 2560), (640, 2560), (6912, 2560), (2560, 6912)];

/// Copies of a matrix, enough to leave every cache when they are read in turn.
const COPIES_BYTES: usize = 256 << 20;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as u32
    }

    fn float(&mut self) -> f32 {
        self.next() as f32 / (1_u32 << 30) as f32 - 1.0
    }
}

fn matrix(rows: usize, cols: usize) -> PackedTernary {
    let mut random = Random(7);
    let mut w = PackedTernary::zeros(rows, cols);
    let lines = w.lines_per_row_block();
    for block in w.lines_mut().chunks_mut(lines) {
        let codes: Vec<i8> = (0..16 * cols)
            .map(|_| (random.next() % 3) as i8 - 1)
            .collect();
        pack_row_block(block, 16, cols, &codes);
    }
    w
}

fn activations(n_tokens: usize, cols: usize) -> Int8Activations {
    let mut random = Random(11);
    let mut acts = Int8Activations::new(n_tokens, cols);
    acts.reset(n_tokens, cols);
    for t in 0..n_tokens {
        let x: Vec<f32> = (0..cols).map(|_| random.float()).collect();
        acts.quantize_row(Isa::Scalar, t, &x);
    }
    acts
}

/// Decode from memory: the matrices are read in turn, so none is still in a cache.
fn bench_matvec(c: &mut Criterion) {
    let mut group = c.benchmark_group("matvec");
    for (rows, cols) in SHAPES {
        let w = matrix(rows, cols);
        let copies = vec![w.clone(); COPIES_BYTES / w.byte_len()];
        let acts = activations(1, cols);
        let mut out = vec![0.0; rows];
        group.throughput(Throughput::Bytes(w.byte_len() as u64));
        for isa in Isa::available() {
            let mut turn = 0;
            group.bench_function(
                BenchmarkId::new(isa.name(), format!("{rows}x{cols}")),
                |b| {
                    b.iter(|| {
                        turn = (turn + 1) % copies.len();
                        let w = &copies[turn];
                        matvec(isa, w, 0..w.row_blocks(), acts.row(0), 1.0, &mut out);
                        black_box(&mut out);
                    });
                },
            );
        }
    }
    group.finish();
}

fn bench_matmul(c: &mut Criterion) {
    let mut group = c.benchmark_group("matmul");
    let (rows, cols) = (2560, 2560);
    let w = matrix(rows, cols);
    for n_tokens in [2, 8, 32, 128] {
        let acts = activations(n_tokens, cols);
        let mut out = vec![0.0; rows * n_tokens];
        group.throughput(Throughput::Elements((rows * cols * n_tokens) as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.name(), n_tokens), |b| {
                b.iter(|| {
                    matmul(isa, &w, 0..w.row_blocks(), &acts, 1.0, &mut out);
                    black_box(&mut out);
                });
            });
        }
    }
    group.finish();
}

fn bench_head(c: &mut Criterion) {
    let mut group = c.benchmark_group("head_logits");
    let (vocab, hidden) = (32_768, 2560);
    let mut random = Random(3);
    let table: Vec<u16> = (0..vocab * hidden)
        .map(|_| (random.next() & 0x3fff) as u16)
        .collect();
    let x: Vec<f32> = (0..hidden).map(|_| random.float()).collect();
    let mut out = vec![0.0; vocab];
    let codes: Vec<i8> = table.iter().map(|&bits| bits as i8).collect();
    let scales: Vec<f32> = (0..codes.len() / 16).map(|_| random.float()).collect();
    let int8 = |group| HeadRows::Int8 {
        codes: &codes,
        scales: &scales[..codes.len() / group],
    };
    for isa in Isa::available() {
        for (name, rows, bytes) in [
            ("bf16", HeadRows::Bf16(&table), table.len() * 2),
            ("f16", HeadRows::F16(&table), table.len() * 2),
            ("int8_by_16", int8(16), codes.len() / 16 * 20),
            ("int8_by_32", int8(32), codes.len() / 32 * 36),
        ] {
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(BenchmarkId::new(isa.name(), name), |b| {
                b.iter(|| {
                    head_logits(isa, rows, 0..vocab, hidden, &x, &mut out);
                    black_box(&mut out);
                });
            });
        }
    }
    group.finish();
}

fn bench_attention(c: &mut Criterion) {
    let mut group = c.benchmark_group("attention_head_group");
    let (heads, head_dim) = (4, 128);
    let mut random = Random(5);
    for n in [128, 1024, 4096] {
        let k: Vec<u16> = (0..n * head_dim)
            .map(|_| (random.next() & 0x3fff) as u16)
            .collect();
        let v = k.clone();
        let q: Vec<f32> = (0..heads * head_dim).map(|_| random.float()).collect();
        let mut out = vec![0.0; q.len()];
        let mut scratch = vec![0.0; attention_scratch_len(heads, head_dim)];
        group.throughput(Throughput::Bytes((k.len() * 4) as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.name(), n), |b| {
                b.iter(|| {
                    attention_head_group(isa, &q, head_dim, &k, &v, 0.088, &mut out, &mut scratch);
                    black_box(&mut out);
                });
            });
        }
    }
    group.finish();
}

fn bench_vectors(c: &mut Criterion) {
    let mut group = c.benchmark_group("vectors_6912");
    let dim = 6912;
    let mut random = Random(9);
    let x: Vec<f32> = (0..dim).map(|_| random.float()).collect();
    let y: Vec<f32> = (0..dim).map(|_| random.float()).collect();
    let mut out = vec![0.0; dim];
    let mut acts = Int8Activations::new(1, dim);
    acts.reset(1, dim);
    group.throughput(Throughput::Bytes((dim * 4) as u64));
    for isa in Isa::available() {
        group.bench_function(BenchmarkId::new(isa.name(), "quantize"), |b| {
            b.iter(|| {
                acts.quantize_row(isa, 0, black_box(&x));
                black_box(&mut acts);
            });
        });
        group.bench_function(BenchmarkId::new(isa.name(), "rms_norm"), |b| {
            b.iter(|| {
                rms_norm(isa, black_box(&x), &y, 1e-5, &mut out);
                black_box(&mut out);
            });
        });
        group.bench_function(BenchmarkId::new(isa.name(), "squared_relu_mul"), |b| {
            b.iter(|| {
                squared_relu_mul(isa, black_box(&x), &y, &mut out);
                black_box(&mut out);
            });
        });
        group.bench_function(BenchmarkId::new(isa.name(), "silu_mul"), |b| {
            b.iter(|| {
                silu_mul(isa, black_box(&x), &y, &mut out);
                black_box(&mut out);
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = bench_matvec, bench_matmul, bench_head, bench_attention, bench_vectors
}
criterion_main!(kernels);
