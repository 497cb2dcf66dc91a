//! Single columns. The bytes of four columns are interleaved while they are still packed; then each word holds four
//! neighbouring products of one row, as in a row block.

use std::arch::x86_64::{
    _mm256_and_si256, _mm256_loadu_si256, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

use super::Dot;
use crate::avx2::{broadcast, interleave_pair, load_half, prefetch_far};
use crate::ternary::{FIELD_ROWS, Line};

/// Columns that go through together, so that the sums of a line are loaded once for all of them. Their next ones are
/// fetched meanwhile.
const BATCH: usize = 32;
const MASKS: [i8; 4] = [0x03, 0x0c, 0x30, 0xc0_u8 as i8];

/// As [`crate::scalar::column_sums`].
#[inline(always)]
pub(super) fn column_sums<D: Dot>(
    lines: &[Line],
    per_column: usize,
    columns: &[u32],
    codes: &[i8],
    sums: &mut [i32],
) {
    let column = |column: u32| lines[column as usize * per_column..][..per_column].as_ptr();
    let sums = &mut sums[..4 * per_column * FIELD_ROWS];
    for (b, batch) in columns.chunks(BATCH).enumerate() {
        let next = &columns[((b + 1) * BATCH).min(columns.len())..];
        // A last quad that is not full repeats a column, with an activation of 0.
        let mut quads = [([lines.as_ptr(); 4], [0; 4]); BATCH / 4];
        let n_quads = batch.len().div_ceil(4);
        for (quad, four) in quads.iter_mut().zip(batch.chunks(4)) {
            for j in 0..4 {
                quad.0[j] = column(four[j.min(four.len() - 1)]);
                quad.1[j] = four.get(j).map_or(0, |&column| codes[column as usize]);
            }
        }
        let mut ahead = [lines.as_ptr(); BATCH];
        for (ahead, &next) in ahead.iter_mut().zip(next) {
            *ahead = column(next);
        }
        let (quads, ahead) = (&quads[..n_quads], ahead.as_chunks::<4>().0);
        for line in 0..per_column {
            for half in 0..2 {
                // SAFETY: each pointer of a quad begins a column of `per_column` lines, more than `line`.
                unsafe {
                    rows_of::<D, false>(quads, ahead, line, half, sums);
                    rows_of::<D, true>(quads, ahead, line, half, sums);
                }
            }
        }
    }
}

/// Adds a batch to the sums of four times 16 rows: half a line, and of that the lower or `UPPER` bytes of each lane.
///
/// # Safety
/// Each pointer of a quad must begin a column of more than `line` lines, and `half` be 0 or 1.
#[inline(always)]
unsafe fn rows_of<D: Dot, const UPPER: bool>(
    quads: &[([*const Line; 4], [i8; 4])],
    ahead: &[[*const Line; 4]],
    line: usize,
    half: usize,
    sums: &mut [i32],
) {
    let quarter = sums.len() / 4;
    // Where 8 rows of a field lie.
    let at = |f: usize, v: usize| {
        f * quarter + line * FIELD_ROWS + (v + 2 * usize::from(UPPER)) * 16 + half * 8
    };
    // SAFETY: the callers enable AVX2; `sums[at..at + 8]` are the 32 bytes read and written, at any alignment; each
    // pointer begins a column of more than `line` lines.
    unsafe {
        // `[field][v]`: 8 rows each.
        let mut total = [[_mm256_setzero_si256(); 2]; 4];
        for (f, total) in total.iter_mut().enumerate() {
            for (v, total) in total.iter_mut().enumerate() {
                let from: &[i32; 8] = sums[at(f, v)..].first_chunk().expect("8 sums");
                *total = _mm256_loadu_si256(from.as_ptr().cast());
            }
        }
        for ((columns, activations), ahead) in quads.iter().zip(ahead) {
            // Each of the four visits to a line fetches one of the next four.
            prefetch_far(ahead[2 * half + usize::from(UPPER)].wrapping_add(line));
            let words = interleave_pair::<UPPER>([
                load_half(columns[0].add(line), half),
                load_half(columns[1].add(line), half),
                load_half(columns[2].add(line), half),
                load_half(columns[3].add(line), half),
            ]);
            let activations = broadcast(*activations);
            for (f, total) in total.iter_mut().enumerate() {
                let mask = _mm256_set1_epi8(MASKS[f]);
                for (total, words) in total.iter_mut().zip(words) {
                    *total = D::dot(*total, _mm256_and_si256(words, mask), activations);
                }
            }
        }
        for (f, total) in total.iter().enumerate() {
            for (v, total) in total.iter().enumerate() {
                let to: &mut [i32; 8] = sums[at(f, v)..].first_chunk_mut().expect("8 sums");
                _mm256_storeu_si256(to.as_mut_ptr().cast(), *total);
            }
        }
    }
}
