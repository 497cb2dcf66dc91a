//! Single columns. The bytes of four columns are interleaved while they are still packed; then each word holds four
//! neighbouring products of one row, as in a row block.

use std::arch::aarch64::{
    int8x16_t, int16x8_t, uint8x16_t, vaddq_s32, vandq_u8, vdupq_n_s16, vdupq_n_u8, vpaddlq_s16,
    vpaddq_s32, vreinterpretq_u8_u16, vreinterpretq_u16_u8, vshlq_n_s32, vshrq_n_u8, vzip1q_u8,
    vzip1q_u16, vzip2q_u8, vzip2q_u16,
};

use super::ternary::products;
use super::{broadcast, load_part, load_sums, prefetch, store_sums};
use crate::ternary::{FIELD_ROWS, Line};

/// Columns that go through together, so that sums are loaded once for all of them. An i16 takes a term of each fourth:
/// 8 of at most 1,016 and at least -1,024.
const BATCH: usize = 32;

/// One line of each of four columns.
pub(crate) type FourLines<'a> = [&'a Line; 4];

/// As [`crate::scalar::column_sums`].
pub(crate) fn column_sums(
    lines: &[Line],
    per_column: usize,
    columns: &[u32],
    codes: &[i8],
    sums: &mut [i32],
) {
    // SAFETY: reached by `Isa::Neon` only, which is made where `is_supported` held.
    unsafe { add_columns(lines, per_column, columns, codes, sums) }
}

#[target_feature(enable = "neon")]
fn add_columns(lines: &[Line], per_column: usize, columns: &[u32], codes: &[i8], sums: &mut [i32]) {
    let column = |column: u32| &lines[column as usize * per_column..][..per_column];
    let sums = &mut sums[..per_column * 4 * FIELD_ROWS];
    for (b, batch) in columns.chunks(BATCH).enumerate() {
        let next = &columns[((b + 1) * BATCH).min(columns.len())..];
        let next = &next[..next.len().min(BATCH)];
        // A last quad that is not full repeats a column, with an activation of 0.
        let mut quads = [[&lines[..0]; 4]; BATCH / 4];
        let mut activations = [broadcast([0; 4]); BATCH / 4];
        let n_quads = batch.len().div_ceil(4);
        for (i, four) in batch.chunks(4).enumerate() {
            quads[i] = [0, 1, 2, 3].map(|j| column(four[j.min(four.len() - 1)]));
            let each =
                [0, 1, 2, 3].map(|j| four.get(j).map_or(0, |&number| codes[number as usize]));
            activations[i] = broadcast(each);
        }
        for line in 0..per_column {
            for &next in next {
                prefetch(&raw const column(next)[line]);
            }
            let mut fours = [([&lines[0]; 4], activations[0]); BATCH / 4];
            let fours = &mut fours[..n_quads];
            for (four, (quad, activations)) in fours.iter_mut().zip(quads.iter().zip(activations)) {
                *four = (quad.map(|column| &column[line]), activations);
            }
            let mut sums = sums_of_line(sums, line);
            for part in 0..4 {
                add_words(add_part::<0>(fours, part), part, &mut sums);
                add_words(add_part::<1>(fours, part), 8 + part, &mut sums);
            }
        }
    }
}

/// Sums of the rows of one line, `[field][four rows]`: words of register `part` that [`interleave`] numbers `v` are those
/// at `4 v + part`.
#[inline]
pub(crate) fn sums_of_line(sums: &mut [i32], line: usize) -> [&mut [[i32; 4]; 16]; 4] {
    let (first, second) = sums.split_at_mut(sums.len() / 2);
    let (a, b) = first.split_at_mut(first.len() / 2);
    let (c, d) = second.split_at_mut(second.len() / 2);
    [a, b, c, d].map(|field| {
        let rows = field[line * FIELD_ROWS..].first_chunk_mut::<FIELD_ROWS>();
        bytemuck::cast_mut(rows.expect("64 sums a line and field"))
    })
}

/// Sums in 16 bits of register `part` of each column, for words `2 HALF` and `2 HALF + 1` of [`interleave`],
/// `[word][field]`. The second field counts four times.
#[inline]
#[target_feature(enable = "neon")]
fn add_part<const HALF: usize>(
    fours: &[(FourLines<'_>, int8x16_t)],
    part: usize,
) -> [[[int16x8_t; 2]; 4]; 2] {
    let (mask, mask_times_4) = (vdupq_n_u8(0b0011), vdupq_n_u8(0b1100));
    let mut sums = [[[vdupq_n_s16(0); 2]; 4]; 2];
    for (lines, activations) in fours {
        let bytes = [
            load_part(lines[0], part),
            load_part(lines[1], part),
            load_part(lines[2], part),
            load_part(lines[3], part),
        ];
        for (sums, words) in sums.iter_mut().zip(interleave::<HALF>(bytes)) {
            let fields = [
                vandq_u8(words, mask),
                vandq_u8(words, mask_times_4),
                vandq_u8(vshrq_n_u8::<4>(words), mask),
                vshrq_n_u8::<6>(words),
            ];
            for (sums, field) in sums.iter_mut().zip(fields) {
                *sums = products(*sums, field, *activations);
            }
        }
    }
    sums
}

/// Adds what [`add_part`] gave to the sums of its rows, each field at its place value.
#[inline]
#[target_feature(enable = "neon")]
fn add_words(words: [[[int16x8_t; 2]; 4]; 2], at: usize, sums: &mut [&mut [[i32; 4]; 16]; 4]) {
    for (v, fields) in words.into_iter().enumerate() {
        let [ones, fours, sixteens, last] =
            fields.map(|[low, high]| vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
        let fields = [
            ones,
            fours,
            vshlq_n_s32::<4>(sixteens),
            vshlq_n_s32::<6>(last),
        ];
        for (sums, field) in sums.iter_mut().zip(fields) {
            let sums = &mut sums[at + v * 4];
            store_sums(sums, vaddq_s32(load_sums(sums), field));
        }
    }
}

/// Half of what interleaves four registers: word `i` of result `v` is byte `4 (2 HALF + v) + i` of each of the four.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn interleave<const HALF: usize>([a, b, c, d]: [uint8x16_t; 4]) -> [uint8x16_t; 2] {
    let (ab, cd) = if HALF == 0 {
        (vzip1q_u8(a, b), vzip1q_u8(c, d))
    } else {
        (vzip2q_u8(a, b), vzip2q_u8(c, d))
    };
    let (ab, cd) = (vreinterpretq_u16_u8(ab), vreinterpretq_u16_u8(cd));
    [
        vreinterpretq_u8_u16(vzip1q_u16(ab, cd)),
        vreinterpretq_u8_u16(vzip2q_u16(ab, cd)),
    ]
}
