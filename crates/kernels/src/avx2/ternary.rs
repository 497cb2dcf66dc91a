//! One token: sums of stored codes times activations, 32 products an instruction.
//!
//! `maddubs` multiplies unsigned codes (0 to 2) by signed activations and adds neighbours into an
//! i16: a term of at most 2 * 2 * 127 = 508 and at least 2 * 2 * -128 = -512. Sixty-four terms, at most
//! 32,512 and at least -32,768, fit an i16; so do sixteen of the terms of a bit field that is masked
//! where it lies and counts four times. One shift brings the upper two fields down to these two kinds.
//! A short run of lines is summed in i16, in one register of each kind, and then widened.

use std::arch::x86_64::{
    __m256i, _mm_storeu_si128, _mm256_add_epi16, _mm256_and_si256, _mm256_loadu_si256,
    _mm256_set1_epi8, _mm256_setzero_si256, _mm256_srai_epi16, _mm256_srli_epi16,
};

use super::{add_products, add_run, broadcast, load, prefetch, prefetch_far, store, totals};
use crate::ternary::{BLOCK_COLS, BLOCK_ROWS, LINE_CODES, Line};

/// Lines of a row block in a run: each brings two terms that count four times, 16 in all, at most
/// 16 * 4 * 508 = 32,512 and at least 16 * 4 * -512 = -32,768.
const BLOCK_RUN: usize = 8;
/// Lines of a single row in a run: each brings two terms that count four times to either half, 16 in all.
const ROW_RUN: usize = 8;
/// How far ahead of the sums the weights are fetched, 6 KiB: measured; a quarter of it costs a sixth of
/// the speed from memory, more of it only wastes reads at the end of a thread's share.
const PREFETCH_LINES: usize = 96;
/// Rows whose sums are put together, and how many rows ahead they are fetched.
const ROW_TILE: usize = 4;
const PREFETCH_ROWS: usize = 24;
/// Stored codes of the first bit field, and of the second where they lie.
const MASKS: [i8; 2] = [0b0011, 0b1100];

/// As [`crate::scalar::row_block_sums`].
pub(crate) fn row_block_sums(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { block(lines, codes) }
}

/// As [`crate::scalar::rows_sums`].
pub(crate) fn rows_sums(
    lines: &[Line],
    per_row: usize,
    rows: &[u32],
    codes: &[i8],
    out: &mut [i32],
) {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { single_rows(lines, per_row, rows, codes, out) }
}

#[target_feature(enable = "avx2")]
fn block(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    let [mask, mask_times_4] = MASKS.map(|mask| _mm256_set1_epi8(mask));
    let mut sums = [_mm256_setzero_si256(); 2];
    let runs = lines.chunks(BLOCK_RUN);
    for (lines, codes) in runs.zip(codes.chunks(BLOCK_RUN * BLOCK_COLS)) {
        let mut run = [_mm256_setzero_si256(); 2];
        let mut run_times_4 = [_mm256_setzero_si256(); 2];
        for (line, codes) in lines.iter().zip(codes.as_chunks::<BLOCK_COLS>().0) {
            prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
            let quads = codes.as_chunks::<4>().0;
            for (half, low) in load(line).into_iter().enumerate() {
                let high = _mm256_srli_epi16::<4>(low);
                for (stored, quads) in [(low, &quads[..2]), (high, &quads[2..])] {
                    let once = _mm256_and_si256(stored, mask);
                    run[half] = add_products(run[half], once, broadcast(quads[0]));
                    let times_4 = _mm256_and_si256(stored, mask_times_4);
                    run_times_4[half] =
                        add_products(run_times_4[half], times_4, broadcast(quads[1]));
                }
            }
        }
        for half in 0..2 {
            sums[half] = add_run(sums[half], joined(run[half], run_times_4[half]));
        }
    }
    store(sums)
}

/// Both kinds of a run as one: at most 32 terms of 508, inside an i16. The second kind is a multiple of four.
#[inline]
#[target_feature(enable = "avx2")]
fn joined(run: __m256i, run_times_4: __m256i) -> __m256i {
    _mm256_add_epi16(run, _mm256_srai_epi16::<2>(run_times_4))
}

#[target_feature(enable = "avx2")]
fn single_rows(lines: &[Line], per_row: usize, rows: &[u32], codes: &[i8], out: &mut [i32]) {
    let codes = &codes.as_chunks::<LINE_CODES>().0[..per_row];
    let row = |i: usize| &lines[rows[i.min(rows.len() - 1)] as usize * per_row..][..per_row];
    // The first rows, which no row before them has asked for.
    for i in 0..PREFETCH_ROWS.min(rows.len()) {
        for line in row(i) {
            prefetch_far(line);
        }
    }
    for (tile, out) in out.chunks_mut(ROW_TILE).enumerate() {
        let mut sums = [_mm256_setzero_si256(); ROW_TILE];
        for (r, sum) in sums.iter_mut().enumerate() {
            let i = tile * ROW_TILE + r;
            *sum = single_row(row(i), row(i + PREFETCH_ROWS), codes);
        }
        let mut whole = [0; ROW_TILE];
        // SAFETY: `whole` is the 16 bytes written, at any alignment.
        unsafe { _mm_storeu_si128(whole.as_mut_ptr().cast(), totals(sums)) };
        out.copy_from_slice(&whole[..out.len()]);
    }
}

/// Lanes whose sum is that of a row. Rows pass one after another, so that memory is read in as long pieces as the list
/// of rows allows; `ahead` is fetched meanwhile.
#[inline]
#[target_feature(enable = "avx2")]
fn single_row(row: &[Line], ahead: &[Line], codes: &[[i8; LINE_CODES]]) -> __m256i {
    let [mask, mask_times_4] = MASKS.map(|mask| _mm256_set1_epi8(mask));
    let mut sum = _mm256_setzero_si256();
    let ahead = ahead.chunks(ROW_RUN);
    for ((lines, ahead), codes) in row.chunks(ROW_RUN).zip(ahead).zip(codes.chunks(ROW_RUN)) {
        let mut run = [_mm256_setzero_si256(); 2];
        let mut run_times_4 = [_mm256_setzero_si256(); 2];
        for ((line, ahead), codes) in lines.iter().zip(ahead).zip(codes) {
            prefetch_far(ahead);
            let activations = codes.as_chunks::<32>().0;
            for (half, low) in load(line).into_iter().enumerate() {
                // SAFETY: each piece is the 32 bytes read, at any alignment.
                let fields = [0, 1, 2, 3].map(|f| unsafe {
                    _mm256_loadu_si256(activations[2 * f + half].as_ptr().cast())
                });
                let high = _mm256_srli_epi16::<4>(low);
                for (stored, fields) in [(low, &fields[..2]), (high, &fields[2..])] {
                    let once = _mm256_and_si256(stored, mask);
                    run[half] = add_products(run[half], once, fields[0]);
                    let times_4 = _mm256_and_si256(stored, mask_times_4);
                    run_times_4[half] = add_products(run_times_4[half], times_4, fields[1]);
                }
            }
        }
        for half in 0..2 {
            sum = add_run(sum, joined(run[half], run_times_4[half]));
        }
    }
    sum
}
