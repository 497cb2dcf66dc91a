//! One token through a ternary matrix: whole, some rows of it, some columns of it.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use tern_kernels::{FieldCodes, Isa, Order, column_sums_len};

use crate::data::{DENSITIES, FFN, HIDDEN, Place, Random, activations, matrix, take_turn};

/// The projections of one layer: q and o, k and v, gate and up, down.
const SHAPES: [(usize, usize); 4] = [
    (HIDDEN, HIDDEN),
    (640, HIDDEN),
    (FFN, HIDDEN),
    (HIDDEN, FFN),
];

pub(crate) fn matvec(c: &mut Criterion) {
    for place in Place::BOTH {
        let mut group = c.benchmark_group(place.group("matvec"));
        for (rows, cols) in SHAPES {
            let copies = place.copies(&matrix(Order::RowBlocks, rows, cols));
            let acts = activations(1, cols);
            let mut out = vec![0.0; rows];
            let mut turn = 0;
            group.throughput(Throughput::Bytes(copies[0].byte_len() as u64));
            for isa in Isa::available() {
                let id = BenchmarkId::new(isa.name(), format!("{rows}x{cols}"));
                group.bench_function(id, |b| {
                    b.iter(|| {
                        let w = &copies[take_turn(&mut turn, copies.len())];
                        let act = black_box(&acts).row(0);
                        tern_kernels::matvec(isa, w, 0..w.row_blocks(), act, 1.0, &mut out);
                        black_box(&mut out);
                    });
                });
            }
        }
        group.finish();
    }
}

/// `up` by the rows whose gate is positive.
pub(crate) fn matvec_rows(c: &mut Criterion) {
    for place in Place::BOTH {
        let mut group = c.benchmark_group(place.group("matvec_rows"));
        let copies = place.copies(&matrix(Order::Rows, FFN, HIDDEN));
        let mut act = FieldCodes::new(HIDDEN);
        act.arrange(activations(1, HIDDEN).row(0));
        let mut turn = 0;
        for density in DENSITIES {
            let rows = Random::new(13).some_of(FFN, density);
            let mut out = vec![0.0; rows.len()];
            let bytes = rows.len() * size_of_val(copies[0].unit(0));
            group.throughput(Throughput::Bytes(bytes as u64));
            for isa in Isa::available() {
                let id = BenchmarkId::new(isa.name(), format!("{FFN}x{HIDDEN}/{density:.1}"));
                group.bench_function(id, |b| {
                    b.iter(|| {
                        let w = &copies[take_turn(&mut turn, copies.len())];
                        tern_kernels::matvec_rows(isa, w, &rows, black_box(&act), 1.0, &mut out);
                        black_box(&mut out);
                    });
                });
            }
        }
        group.finish();
    }
}

/// `down` by the columns whose input is not 0.
pub(crate) fn column_sums(c: &mut Criterion) {
    for place in Place::BOTH {
        let mut group = c.benchmark_group(place.group("column_sums"));
        let copies = place.copies(&matrix(Order::Columns, HIDDEN, FFN));
        let acts = activations(1, FFN);
        let mut sums = vec![0; column_sums_len(&copies[0])];
        let mut turn = 0;
        for density in DENSITIES {
            let columns = Random::new(17).some_of(FFN, density);
            let bytes = columns.len() * size_of_val(copies[0].unit(0));
            group.throughput(Throughput::Bytes(bytes as u64));
            for isa in Isa::available() {
                let id = BenchmarkId::new(isa.name(), format!("{HIDDEN}x{FFN}/{density:.1}"));
                group.bench_function(id, |b| {
                    b.iter(|| {
                        let w = &copies[take_turn(&mut turn, copies.len())];
                        let act = black_box(&acts).row(0);
                        sums.fill(0);
                        tern_kernels::column_sums(isa, w, &columns, act, &mut sums);
                        black_box(&mut sums);
                    });
                });
            }
        }
        group.finish();
    }
}
