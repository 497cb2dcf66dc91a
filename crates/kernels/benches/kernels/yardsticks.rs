//! What the machine can do, to hold the kernels against: reading alone, multiplying and adding alone.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use tern_kernels::Isa;

use crate::data::{MEMORY_BYTES, Place, share, take_turn};

/// Words of a piece that is read: 4 MB, about a matrix of the FFN.
const PIECE: usize = 1 << 19;

/// Memory that is read and summed up.
pub(crate) fn read(c: &mut Criterion) {
    let words: Vec<u64> = (0..(MEMORY_BYTES / size_of::<u64>()) as u64).collect();
    for place in Place::BOTH {
        let bytes = PIECE * size_of::<u64>();
        let n = place.pieces(bytes);
        let mut turn = 0;
        let mut group = c.benchmark_group(place.group("read"));
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("plain", "4MB"), |b| {
            b.iter(|| {
                let at = take_turn(&mut turn, n) * PIECE;
                black_box(sum(&words[at..at + PIECE]))
            });
        });
        group.finish();
    }
}

/// Independent sums: enough additions in flight for the loads to be what is waited for.
fn sum(words: &[u64]) -> u64 {
    let mut lanes = [0_u64; 16];
    for chunk in words.as_chunks::<16>().0 {
        for (lane, word) in lanes.iter_mut().zip(chunk) {
            *lane = lane.wrapping_add(*word);
        }
    }
    lanes
        .iter()
        .fold(0, |total, lane| total.wrapping_add(*lane))
}

pub(crate) fn multiply_adds(c: &mut Criterion) {
    let mut group = c.benchmark_group("multiply_adds");
    for isa in Isa::available() {
        let count = share(isa, 1 << 26) as u64;
        group.throughput(Throughput::Elements(tern_kernels::multiply_adds(
            isa, count,
        )));
        group.bench_function(BenchmarkId::new(isa.name(), "registers"), |b| {
            b.iter(|| black_box(tern_kernels::multiply_adds(isa, black_box(count))));
        });
    }
    group.finish();
}
