//! Single columns. The bytes of two columns are interleaved while they are still packed; `maddubs` then adds the
//! products of one row in an i16 of its own, and widening at the end of a run puts the rows into natural order.
//!
//! One shift leaves two kinds of bit fields: a term of those that count once is at most 2 * 2 * 127 = 508, of those
//! that count four times 4 * 508 = 2,032 and at least 4 * -512 = -2,048. A run is 16 pairs of columns: at most 32,512
//! and at least -32,768, inside an i16.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_loadu_si256, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_setzero_si256, _mm256_srai_epi32, _mm256_srli_epi16,
    _mm256_store_si256, _mm256_storeu_si256, _mm256_unpackhi_epi8, _mm256_unpackhi_epi16,
    _mm256_unpacklo_epi8, _mm256_unpacklo_epi16,
};

use super::{add_products, load, load_half, prefetch_far};
use crate::ternary::{FIELD_ROWS, Line, PANEL_ROWS};

/// Pairs of columns in a run, which go through together. Their next ones are fetched meanwhile.
const PAIRS: usize = 16;
const BATCH: usize = 2 * PAIRS;

/// As [`crate::scalar::column_sums`].
pub(crate) fn column_sums(
    lines: &[Line],
    per_column: usize,
    columns: &[u32],
    codes: &[i8],
    sums: &mut [i32],
) {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { add_columns(lines, per_column, columns, codes, sums) }
}

/// As [`crate::panel::unpack_columns`].
pub(crate) fn unpack_columns(lines: &[Line], per_column: usize, index: usize, panel: &mut [Line]) {
    // SAFETY: reached by `Isa::Avx2` and `Isa::AvxVnni` only, made where `is_supported` held.
    unsafe { unpack(lines, per_column, index, panel) }
}

#[target_feature(enable = "avx2")]
fn add_columns(lines: &[Line], per_column: usize, columns: &[u32], codes: &[i8], sums: &mut [i32]) {
    let (mask, mask_times_4) = (_mm256_set1_epi8(0b0011), _mm256_set1_epi8(0b1100));
    let column = |column: u32| lines[column as usize * per_column..][..per_column].as_ptr();
    let quarter = per_column * FIELD_ROWS;
    let sums = &mut sums[..4 * quarter];
    for (b, batch) in columns.chunks(BATCH).enumerate() {
        let next = &columns[((b + 1) * BATCH).min(columns.len())..];
        let mut pairs = [([lines.as_ptr(); 2], _mm256_setzero_si256()); PAIRS];
        let n_pairs = batch.len().div_ceil(2);
        for (pair, two) in pairs.iter_mut().zip(batch.chunks(2)) {
            // The last one may be alone: it stands for two, the second with an activation of 0.
            let second = two.get(1).map_or(0, |&column| codes[column as usize]);
            let both = [codes[two[0] as usize], second].map(i8::cast_unsigned);
            pair.0 = [column(two[0]), column(two[two.len() - 1])];
            pair.1 = _mm256_set1_epi16(i16::from_le_bytes(both));
        }
        let mut ahead = [lines.as_ptr(); BATCH];
        for (ahead, &next) in ahead.iter_mut().zip(next) {
            *ahead = column(next);
        }
        for line in 0..per_column {
            for half in 0..2 {
                // `[v / 2][field]`
                let mut run = [[_mm256_setzero_si256(); 4]; 2];
                for (p, (columns, activations)) in pairs[..n_pairs].iter().enumerate() {
                    prefetch_far(ahead[2 * p + half].wrapping_add(line));
                    // SAFETY: both begin columns of `per_column` lines, more than `line`.
                    let [a, b] = columns.map(|column| unsafe { load_half(column.add(line), half) });
                    let bytes = [_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)];
                    for (run, low) in run.iter_mut().zip(bytes) {
                        let high = _mm256_srli_epi16::<4>(low);
                        for (run, stored) in run.as_chunks_mut::<2>().0.iter_mut().zip([low, high])
                        {
                            let once = _mm256_and_si256(stored, mask);
                            run[0] = add_products(run[0], once, *activations);
                            let times_4 = _mm256_and_si256(stored, mask_times_4);
                            run[1] = add_products(run[1], times_4, *activations);
                        }
                    }
                }
                for (f, sums) in sums.chunks_exact_mut(quarter).enumerate() {
                    let sums = &mut sums[line * FIELD_ROWS..][..FIELD_ROWS];
                    for (v, run) in run.iter().enumerate() {
                        for (k, wide) in widened(run[f], f >= 2).into_iter().enumerate() {
                            let row = (2 * v + k) * 16 + half * 8;
                            let rows: &mut [i32; 8] =
                                sums[row..].first_chunk_mut().expect("8 sums");
                            let rows = rows.as_mut_ptr().cast();
                            // SAFETY: `rows` is the 32 bytes read and written, at any alignment.
                            unsafe {
                                let sum = _mm256_add_epi32(_mm256_loadu_si256(rows), wide);
                                _mm256_storeu_si256(rows, sum);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A run in i32: the rows of one `v`, then those of the next. Shifted fields count 16 times again.
#[inline]
#[target_feature(enable = "avx2")]
fn widened(run: __m256i, shifted: bool) -> [__m256i; 2] {
    let nothing = _mm256_setzero_si256();
    // The i16 in the upper half of a word, which is a shift by 16.
    let low = _mm256_unpacklo_epi16(nothing, run);
    let high = _mm256_unpackhi_epi16(nothing, run);
    if shifted {
        [_mm256_srai_epi32::<12>(low), _mm256_srai_epi32::<12>(high)]
    } else {
        [_mm256_srai_epi32::<16>(low), _mm256_srai_epi32::<16>(high)]
    }
}

/// The bytes of four columns side by side, from the lower 8 bytes of each lane or from the `UPPER` ones. Word
/// `4 lane + i` of result `v`, of the two lanes of these halves of lines, is byte `16 lane + 4 v + i` of each of the
/// four; an upper `v` is two higher.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn interleave_pair<const UPPER: bool>([a, b, c, d]: [__m256i; 4]) -> [__m256i; 2] {
    let (ab, cd) = if UPPER {
        (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d))
    } else {
        (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d))
    };
    [_mm256_unpacklo_epi16(ab, cd), _mm256_unpackhi_epi16(ab, cd)]
}

#[target_feature(enable = "avx2")]
fn unpack(lines: &[Line], per_column: usize, index: usize, panel: &mut [Line]) {
    let first = index * PANEL_ROWS;
    let quarter = per_column * FIELD_ROWS;
    let (field, first) = (first / quarter, first % quarter);
    let (line, v) = (first / FIELD_ROWS, first % FIELD_ROWS / 16);
    match field {
        0 => unpack_field::<0>(lines, per_column, line, v, panel),
        1 => unpack_field::<2>(lines, per_column, line, v, panel),
        2 => unpack_field::<4>(lines, per_column, line, v, panel),
        _ => unpack_field::<6>(lines, per_column, line, v, panel),
    }
}

/// The rows of `v` and of the next one.
#[inline]
#[target_feature(enable = "avx2")]
fn unpack_field<const SHIFT: i32>(
    lines: &[Line],
    per_column: usize,
    line: usize,
    v: usize,
    panel: &mut [Line],
) {
    let mask = _mm256_set1_epi8(3);
    let mut quads = lines.chunks(4 * per_column);
    for out in panel.as_chunks_mut::<2>().0 {
        let columns = quads.next().unwrap_or_default();
        let mut four = [[_mm256_setzero_si256(); 2]; 4];
        for (four, column) in four.iter_mut().zip(columns.chunks_exact(per_column)) {
            *four = load(&column[line]);
        }
        for half in 0..2 {
            let columns = four.map(|column| column[half]);
            let words = if v == 0 {
                interleave_pair::<false>(columns)
            } else {
                interleave_pair::<true>(columns)
            };
            for (out, words) in out.iter_mut().zip(words) {
                let codes = _mm256_and_si256(_mm256_srli_epi16::<SHIFT>(words), mask);
                let halves = out.bytes_mut().as_mut_ptr().cast::<__m256i>();
                // SAFETY: a line is 64 bytes at a multiple of 64: either half is in it and aligned.
                unsafe { _mm256_store_si256(halves.add(half), codes) };
            }
        }
    }
}
