//! The head: screened in two planes of four bits, and as a file's own numbers.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use tern_kernels::{
    BLOCK_ROWS, HeadPlanes, HeadRows, Isa, Line, PlaneInput, PlaneRow, high_lines, low_lines,
};

use crate::data::{HIDDEN, Random, share};

/// A quarter of the model's vocabulary: more than caches hold.
const VOCAB: usize = 32_768;
/// Rows of which the lower plane is read for a token.
const SHARPENED: usize = 2048;

/// The planes of a head in which every block of 16 rows is the same, each in memory of its own.
struct Planes {
    high: Vec<Line>,
    low: Vec<Line>,
    rows: Vec<PlaneRow>,
}

impl Planes {
    fn new() -> Self {
        let rows = Random::new(3).floats(BLOCK_ROWS * HIDDEN);
        let mut high = vec![Line::ZERO; high_lines(HIDDEN)];
        let mut low = vec![Line::ZERO; BLOCK_ROWS * low_lines(HIDDEN)];
        let mut info = [PlaneRow::default(); BLOCK_ROWS];
        tern_kernels::pack_planes(Isa::Scalar, &rows, HIDDEN, &mut high, &mut low, &mut info);
        let blocks = VOCAB / BLOCK_ROWS;
        Self {
            high: high.repeat(blocks),
            low: low.repeat(blocks),
            rows: info.repeat(blocks),
        }
    }

    fn get(&self) -> HeadPlanes<'_> {
        HeadPlanes::new(HIDDEN, &self.high, &self.low, &self.rows)
    }
}

fn input() -> PlaneInput {
    let mut input = PlaneInput::new(HIDDEN);
    assert!(
        input.quantize(&Random::new(5).floats(HIDDEN)),
        "numbers that can be screened"
    );
    input
}

pub(crate) fn screen(c: &mut Criterion) {
    let mut group = c.benchmark_group("screen");
    let (planes, input) = (Planes::new(), input());
    let mut sums = vec![0; VOCAB];
    let mut logits = vec![0.0; VOCAB];
    let mut best = vec![0.0; VOCAB / BLOCK_ROWS];
    for isa in Isa::available() {
        let blocks = share(isa, VOCAB / BLOCK_ROWS);
        let rows = blocks * BLOCK_ROWS;
        let bytes = blocks * high_lines(HIDDEN) * size_of::<Line>();
        group.throughput(Throughput::Bytes(bytes as u64));
        let id = BenchmarkId::new(isa.name(), format!("{VOCAB}x{HIDDEN}"));
        group.bench_function(id, |b| {
            b.iter(|| {
                let (sums, logits) = (&mut sums[..rows], &mut logits[..rows]);
                let (planes, best) = (planes.get(), &mut best[..blocks]);
                tern_kernels::screen(
                    isa,
                    &planes,
                    0..blocks,
                    black_box(&input),
                    sums,
                    logits,
                    best,
                );
                black_box((sums, logits, best));
            });
        });
    }
    group.finish();
}

pub(crate) fn sharpen(c: &mut Criterion) {
    let mut group = c.benchmark_group("sharpen");
    let (planes, input) = (Planes::new(), input());
    let sums = vec![0; VOCAB];
    let step = VOCAB / SHARPENED;
    let mut out = vec![0.0; SHARPENED];
    let bytes = SHARPENED * low_lines(HIDDEN) * size_of::<Line>();
    group.throughput(Throughput::Bytes(bytes as u64));
    for isa in Isa::available() {
        let mut turn = 0;
        let id = BenchmarkId::new(isa.name(), format!("{SHARPENED}x{HIDDEN}"));
        group.bench_function(id, |b| {
            // Other rows each time, until all were read: one set of them alone would stay in a cache.
            let sets: Vec<Vec<u32>> = (0..step)
                .map(|first| (first as u32..VOCAB as u32).step_by(step).collect())
                .collect();
            b.iter(|| {
                turn = (turn + 1) % step;
                let (planes, input) = (planes.get(), black_box(&input));
                tern_kernels::sharpen(isa, &planes, &sets[turn], input, &sums, &mut out);
                black_box(&mut out);
            });
        });
    }
    group.finish();
}

/// Done once while a model is loaded.
pub(crate) fn pack_planes(c: &mut Criterion) {
    let mut group = c.benchmark_group("pack_planes");
    let rows = Random::new(3).floats(BLOCK_ROWS * HIDDEN);
    let mut high = vec![Line::ZERO; high_lines(HIDDEN)];
    let mut low = vec![Line::ZERO; BLOCK_ROWS * low_lines(HIDDEN)];
    let mut info = [PlaneRow::default(); BLOCK_ROWS];
    group.throughput(Throughput::Bytes(size_of_val(&rows[..]) as u64));
    for isa in Isa::available() {
        let id = BenchmarkId::new(isa.name(), format!("{BLOCK_ROWS}x{HIDDEN}"));
        group.bench_function(id, |b| {
            b.iter(|| {
                let rows = black_box(&rows);
                tern_kernels::pack_planes(isa, rows, HIDDEN, &mut high, &mut low, &mut info);
                black_box((&mut high, &mut low, &mut info));
            });
        });
    }
    group.finish();
}

pub(crate) fn head_logits(c: &mut Criterion) {
    let mut group = c.benchmark_group("head_logits");
    let mut random = Random::new(3);
    let table = random.halves(VOCAB * HIDDEN);
    let x = random.floats(HIDDEN);
    let codes: Vec<i8> = table.iter().map(|&bits| bits as i8).collect();
    let scales = random.floats(codes.len() / 16);
    let int8 = |group| HeadRows::Int8 {
        codes: &codes,
        scales: &scales[..codes.len() / group],
    };
    let mut out = vec![0.0; VOCAB];
    for isa in Isa::available() {
        let vocab = share(isa, VOCAB);
        let numbers = vocab * HIDDEN;
        for (name, rows, bytes) in [
            ("bf16", HeadRows::Bf16(&table), numbers * 2),
            ("f16", HeadRows::F16(&table), numbers * 2),
            ("int8_by_16", int8(16), numbers / 16 * 20),
            ("int8_by_32", int8(32), numbers / 32 * 36),
        ] {
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(BenchmarkId::new(isa.name(), name), |b| {
                b.iter(|| {
                    let out = &mut out[..vocab];
                    tern_kernels::head_logits(isa, rows, 0..vocab, HIDDEN, black_box(&x), out);
                    black_box(out);
                });
            });
        }
    }
    group.finish();
}
