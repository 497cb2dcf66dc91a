//! Single columns, as [`crate::neon`] interleaves them: sixteen sums of four rows in as many registers.

use std::arch::aarch64::{int8x16_t, int32x4_t, vaddq_s32, vdupq_n_s32, vshlq_n_s32};

use super::{fields, sdot_quad};
use crate::neon::{
    FourLines, interleave, load_codes, load_part, load_sums, prefetch, store_sums, sums_of_line,
};
use crate::ternary::{FIELD_ROWS, Line};

/// Columns that go through together, so that sums are loaded once for all of them: their activations are one register.
const BATCH: usize = 16;

/// As [`crate::scalar::column_sums`].
pub(crate) fn column_sums(
    lines: &[Line],
    per_column: usize,
    columns: &[u32],
    codes: &[i8],
    sums: &mut [i32],
) {
    // SAFETY: reached by paths of `Isa` only that are made where `is_supported` held.
    unsafe { add_columns(lines, per_column, columns, codes, sums) }
}

#[target_feature(enable = "neon,dotprod")]
fn add_columns(lines: &[Line], per_column: usize, columns: &[u32], codes: &[i8], sums: &mut [i32]) {
    let column = |column: u32| &lines[column as usize * per_column..][..per_column];
    let sums = &mut sums[..per_column * 4 * FIELD_ROWS];
    for (b, batch) in columns.chunks(BATCH).enumerate() {
        let next = &columns[((b + 1) * BATCH).min(columns.len())..];
        let next = &next[..next.len().min(BATCH)];
        // A last batch that is not full repeats a column, with activations of 0.
        let mut quads = [[column(batch[batch.len() - 1]); 4]; BATCH / 4];
        let mut activations = [0; BATCH];
        for (i, &number) in batch.iter().enumerate() {
            quads[i / 4][i % 4] = column(number);
            activations[i] = codes[number as usize];
        }
        let activations = load_codes(&activations);
        for line in 0..per_column {
            for &next in next {
                prefetch(&raw const column(next)[line]);
            }
            let fours = quads.map(|quad| quad.map(|column| &column[line]));
            let mut sums = sums_of_line(sums, line);
            for part in 0..4 {
                // `[field][v]`: four rows each. The last field is added at its place value when it is whole.
                let mut total = [[vdupq_n_s32(0); 4]; 4];
                for (total, sums) in total[..3].iter_mut().zip(&sums) {
                    for (v, total) in total.iter_mut().enumerate() {
                        *total = load_sums(&sums[v * 4 + part]);
                    }
                }
                add_quad::<0>(&mut total, fours[0], part, activations);
                add_quad::<1>(&mut total, fours[1], part, activations);
                add_quad::<2>(&mut total, fours[2], part, activations);
                add_quad::<3>(&mut total, fours[3], part, activations);
                for (v, last) in total[3].iter_mut().enumerate() {
                    *last = vaddq_s32(load_sums(&sums[3][v * 4 + part]), vshlq_n_s32::<6>(*last));
                }
                for (total, sums) in total.into_iter().zip(&mut sums) {
                    for (v, total) in total.into_iter().enumerate() {
                        store_sums(&mut sums[v * 4 + part], total);
                    }
                }
            }
        }
    }
}

/// Adds one register of each of four columns, `total[field][v]`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_quad<const QUAD: usize>(
    total: &mut [[int32x4_t; 4]; 4],
    lines: FourLines<'_>,
    part: usize,
    activations: int8x16_t,
) {
    let four = [
        load_part(lines[0], part),
        load_part(lines[1], part),
        load_part(lines[2], part),
        load_part(lines[3], part),
    ];
    let ([a, b], [c, d]) = (interleave::<0>(four), interleave::<1>(four));
    for (v, words) in [a, b, c, d].into_iter().enumerate() {
        for (total, field) in total.iter_mut().zip(fields(words)) {
            total[v] = sdot_quad::<QUAD>(total[v], field, activations);
        }
    }
}
