//! The planes of the head: nibbles times int16 inputs, as two int8 passes. The upper nibble is masked where it lies and
//! counts 16 times, at most 240, an unsigned byte; its sum is divided at the end.

use std::arch::x86_64::{
    __m256i, _mm_cvtsi128_si32, _mm_extract_epi32, _mm256_add_epi32, _mm256_and_si256,
    _mm256_loadu_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_srai_epi32,
};

use super::Dot;
use crate::avx2::{broadcast, load, prefetch, store, totals};
use crate::ternary::{BLOCK_ROWS, Line};

/// How far ahead of the sums the upper plane is fetched.
const PREFETCH_LINES: usize = 96;

/// As [`crate::planes::screen_sums_plain`].
#[inline(always)]
pub(super) fn screen_sums<D: Dot>(
    lines: &[Line],
    upper: &[i8],
    lower: &[i8],
) -> [[i32; BLOCK_ROWS]; 2] {
    let (upper, lower) = (upper.as_chunks::<8>().0, lower.as_chunks::<8>().0);
    // SAFETY: the callers enable AVX2, which was detected.
    unsafe {
        // `[part][half][nibble]`
        let mut sums = [[[_mm256_setzero_si256(); 2]; 2]; 2];
        for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
            prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
            let halves = load(line);
            for half in 0..2 {
                for (n, codes) in nibbles(halves[half]).into_iter().enumerate() {
                    for (sums, part) in sums.iter_mut().zip([upper, lower]) {
                        let quad = broadcast(part.as_chunks::<4>().0[n]);
                        sums[half][n] = D::dot(sums[half][n], codes, quad);
                    }
                }
            }
        }
        let [[a, b], [c, d]] = sums;
        [store([joined(a), joined(b)]), store([joined(c), joined(d)])]
    }
}

/// As [`crate::planes::low_sums_plain`].
#[inline(always)]
pub(super) fn low_sums<D: Dot>(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    let (upper, lower) = (upper.as_chunks::<128>().0, lower.as_chunks::<128>().0);
    // SAFETY: the callers enable AVX2; each piece of a part is the 32 bytes read, at any alignment.
    unsafe {
        let mut sums = [[[_mm256_setzero_si256(); 2]; 2]; 2];
        for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
            let halves = load(line);
            for half in 0..2 {
                for (n, codes) in nibbles(halves[half]).into_iter().enumerate() {
                    for (sums, part) in sums.iter_mut().zip([upper, lower]) {
                        let part = &part.as_chunks::<32>().0[2 * n + half];
                        let part = _mm256_loadu_si256(part.as_ptr().cast());
                        sums[half][n] = D::dot(sums[half][n], codes, part);
                    }
                }
            }
        }
        let [[a, b], [c, d]] = sums;
        let four = totals([joined(a), joined(b), joined(c), joined(d)]);
        [
            _mm_cvtsi128_si32(four) + _mm_extract_epi32::<1>(four),
            _mm_extract_epi32::<2>(four) + _mm_extract_epi32::<3>(four),
        ]
    }
}

/// The lower nibble of each byte, and the upper one where it lies.
#[inline(always)]
fn nibbles(stored: __m256i) -> [__m256i; 2] {
    // SAFETY: the callers enable AVX2, which was detected.
    unsafe {
        [
            _mm256_and_si256(stored, _mm256_set1_epi8(0x0f)),
            _mm256_and_si256(stored, _mm256_set1_epi8(0xf0_u8 as i8)),
        ]
    }
}

/// The sums of both nibbles as one.
#[inline(always)]
fn joined([low, high]: [__m256i; 2]) -> __m256i {
    // SAFETY: the callers enable AVX2, which was detected.
    unsafe { _mm256_add_epi32(low, _mm256_srai_epi32::<4>(high)) }
}
