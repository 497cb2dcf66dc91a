//! One token: sums of stored codes times activations.
//!
//! Bit fields are masked where they lie, not shifted down: a code counts 1, 4, 16 or 64 times (at most 128, an unsigned
//! byte), each field has a sum of its own, and that sum is divided at the end, exactly.

use std::arch::x86_64::{
    __m256i, _mm_storeu_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_loadu_si256,
    _mm256_set1_epi8, _mm256_setzero_si256, _mm256_srai_epi32,
};

use super::Dot;
use crate::avx2::{broadcast, load, prefetch, prefetch_far, store, totals};
use crate::ternary::{BLOCK_COLS, BLOCK_ROWS, LINE_CODES, Line};

/// How far ahead of the sums the weights are fetched.
const PREFETCH_LINES: usize = 96;
/// Rows whose sums are put together, and how many rows ahead they are fetched.
const ROW_TILE: usize = 4;
const PREFETCH_ROWS: usize = 24;
/// Bytes a masked code can stand in: one for each bit field.
const MASKS: [i8; 4] = [0x03, 0x0c, 0x30, 0xc0_u8 as i8];

/// As [`crate::scalar::row_block_sums`].
#[inline(always)]
pub(super) fn row_block_sums<D: Dot>(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    // SAFETY: the callers enable AVX2, which was detected.
    unsafe {
        let masks = masks();
        // `[half][field]`
        let mut sums = [[_mm256_setzero_si256(); 4]; 2];
        for (line, codes) in lines.iter().zip(codes.as_chunks::<BLOCK_COLS>().0) {
            prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
            let halves = load(line);
            for (f, quad) in codes.as_chunks::<4>().0.iter().enumerate() {
                let activations = broadcast(*quad);
                for half in 0..2 {
                    let codes = _mm256_and_si256(halves[half], masks[f]);
                    sums[half][f] = D::dot(sums[half][f], codes, activations);
                }
            }
        }
        store([joined(sums[0]), joined(sums[1])])
    }
}

/// As [`crate::scalar::rows_sums`].
#[inline(always)]
pub(super) fn rows_sums<D: Dot>(
    lines: &[Line],
    per_row: usize,
    rows: &[u32],
    codes: &[i8],
    out: &mut [i32],
) {
    let codes = &codes.as_chunks::<LINE_CODES>().0[..per_row];
    let row = |i: usize| &lines[rows[i.min(rows.len() - 1)] as usize * per_row..][..per_row];
    // The first rows, which no row before them has asked for.
    for i in 0..PREFETCH_ROWS.min(rows.len()) {
        for line in row(i) {
            // SAFETY: the callers enable AVX2; a hint cannot fault.
            unsafe { prefetch_far(line) };
        }
    }
    for (tile, out) in out.chunks_mut(ROW_TILE).enumerate() {
        let i = tile * ROW_TILE;
        let mut whole = [0; ROW_TILE];
        let sums = [
            row_sum::<D>(row(i), row(i + PREFETCH_ROWS), codes),
            row_sum::<D>(row(i + 1), row(i + 1 + PREFETCH_ROWS), codes),
            row_sum::<D>(row(i + 2), row(i + 2 + PREFETCH_ROWS), codes),
            row_sum::<D>(row(i + 3), row(i + 3 + PREFETCH_ROWS), codes),
        ];
        // SAFETY: the callers enable AVX2; `whole` is the 16 bytes written, at any alignment.
        unsafe { _mm_storeu_si128(whole.as_mut_ptr().cast(), totals(sums)) };
        out.copy_from_slice(&whole[..out.len()]);
    }
}

/// Lanes whose sum is that of a row; `ahead` is fetched meanwhile.
#[inline(always)]
fn row_sum<D: Dot>(row: &[Line], ahead: &[Line], codes: &[[i8; LINE_CODES]]) -> __m256i {
    // SAFETY: the callers enable AVX2; each piece of activations is the 32 bytes read, at any alignment.
    unsafe {
        let masks = masks();
        let mut sums = [[_mm256_setzero_si256(); 4]; 2];
        for ((line, ahead), codes) in row.iter().zip(ahead).zip(codes) {
            prefetch_far(ahead);
            let halves = load(line);
            for (piece, activations) in codes.as_chunks::<32>().0.iter().enumerate() {
                let (f, half) = (piece / 2, piece % 2);
                let activations = _mm256_loadu_si256(activations.as_ptr().cast());
                let codes = _mm256_and_si256(halves[half], masks[f]);
                sums[half][f] = D::dot(sums[half][f], codes, activations);
            }
        }
        _mm256_add_epi32(joined(sums[0]), joined(sums[1]))
    }
}

#[inline(always)]
fn masks() -> [__m256i; 4] {
    let [a, b, c, d] = MASKS;
    // SAFETY: the callers enable AVX2, which was detected.
    unsafe {
        [
            _mm256_set1_epi8(a),
            _mm256_set1_epi8(b),
            _mm256_set1_epi8(c),
            _mm256_set1_epi8(d),
        ]
    }
}

/// The sums of the four bit fields as one.
#[inline(always)]
fn joined([a, b, c, d]: [__m256i; 4]) -> __m256i {
    // SAFETY: the callers enable AVX2, which was detected.
    unsafe {
        let low = _mm256_add_epi32(a, _mm256_srai_epi32::<2>(b));
        let high = _mm256_add_epi32(_mm256_srai_epi32::<4>(c), _mm256_srai_epi32::<6>(d));
        _mm256_add_epi32(low, high)
    }
}
