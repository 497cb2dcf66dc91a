//! The planes of the head: nibbles times int16 inputs, as two int8 passes.
//!
//! A term is two products of a stored nibble (0 to 15) and a part of the input: at most 15 * 2 * 127 = 3,810 and at
//! least 15 * 2 * -128 = -3,840. A run is eight terms: at most 30,480 and at least -30,720, inside an i16.

use std::arch::x86_64::{
    __m256i, _mm_cvtsi128_si32, _mm_extract_epi32, _mm256_and_si256, _mm256_loadu_si256,
    _mm256_set1_epi8, _mm256_setzero_si256, _mm256_srli_epi16,
};

use super::{add_products, add_run, broadcast, load, prefetch, store, totals};
use crate::planes::PlaneRow;
use crate::ternary::{BLOCK_ROWS, Line};

/// How far ahead of the sums the upper plane is fetched.
const PREFETCH_LINES: usize = 96;
/// Lines of a run: each brings two terms to a register.
const RUN: usize = 4;

/// As [`crate::planes::screen_sums_plain`].
pub(crate) fn screen_sums(lines: &[Line], upper: &[i8], lower: &[i8]) -> [[i32; BLOCK_ROWS]; 2] {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { screen(lines, upper, lower) }
}

/// As [`crate::planes::low_sums_plain`].
pub(crate) fn low_sums(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { low(lines, upper, lower) }
}

/// As [`crate::planes::pack_planes_plain`].
pub(crate) fn pack_planes(
    rows: &[f32],
    cols: usize,
    high: &mut [Line],
    low: &mut [Line],
    info: &mut [PlaneRow],
) {
    #[target_feature(enable = "avx2,fma")]
    fn kernel(
        rows: &[f32],
        cols: usize,
        high: &mut [Line],
        low: &mut [Line],
        info: &mut [PlaneRow],
    ) {
        crate::planes::pack_planes_plain(rows, cols, high, low, info);
    }
    // SAFETY: reached by `Isa::Avx2` and `Isa::AvxVnni` only, made where `is_supported` held.
    unsafe { kernel(rows, cols, high, low, info) }
}

/// The lower and the upper nibble of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(stored: __m256i) -> [__m256i; 2] {
    let mask = _mm256_set1_epi8(15);
    [
        _mm256_and_si256(stored, mask),
        _mm256_and_si256(_mm256_srli_epi16::<4>(stored), mask),
    ]
}

#[target_feature(enable = "avx2")]
fn screen(lines: &[Line], upper: &[i8], lower: &[i8]) -> [[i32; BLOCK_ROWS]; 2] {
    // `[part][half]`
    let mut sums = [[_mm256_setzero_si256(); 2]; 2];
    let (upper, lower) = (upper.as_chunks::<8>().0, lower.as_chunks::<8>().0);
    let parts = upper.chunks(RUN).zip(lower.chunks(RUN));
    for (lines, (upper, lower)) in lines.chunks(RUN).zip(parts) {
        let mut run = [[_mm256_setzero_si256(); 2]; 2];
        for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
            prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
            let halves = load(line);
            for half in 0..2 {
                for (nibble, codes) in nibbles(halves[half]).into_iter().enumerate() {
                    for (run, part) in run.iter_mut().zip([upper, lower]) {
                        let quad = part.as_chunks::<4>().0[nibble];
                        run[half] = add_products(run[half], codes, broadcast(quad));
                    }
                }
            }
        }
        for (sums, run) in sums.iter_mut().zip(run) {
            for half in 0..2 {
                sums[half] = add_run(sums[half], run[half]);
            }
        }
    }
    sums.map(|sums| store(sums))
}

#[target_feature(enable = "avx2")]
fn low(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    // `[part * 2 + half]`
    let mut sums = [_mm256_setzero_si256(); 4];
    let (upper, lower) = (upper.as_chunks::<128>().0, lower.as_chunks::<128>().0);
    let parts = upper.chunks(RUN).zip(lower.chunks(RUN));
    for (lines, (upper, lower)) in lines.chunks(RUN).zip(parts) {
        let mut run = [_mm256_setzero_si256(); 4];
        for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
            let halves = load(line);
            for half in 0..2 {
                for (nibble, codes) in nibbles(halves[half]).into_iter().enumerate() {
                    for (p, part) in [upper, lower].into_iter().enumerate() {
                        let part = &part.as_chunks::<32>().0[2 * nibble + half];
                        // SAFETY: `part` is the 32 bytes read, at any alignment.
                        let part = unsafe { _mm256_loadu_si256(part.as_ptr().cast()) };
                        run[2 * p + half] = add_products(run[2 * p + half], codes, part);
                    }
                }
            }
        }
        for (sum, run) in sums.iter_mut().zip(run) {
            *sum = add_run(*sum, run);
        }
    }
    let four = totals(sums);
    [
        _mm_cvtsi128_si32(four) + _mm_extract_epi32::<1>(four),
        _mm_extract_epi32::<2>(four) + _mm_extract_epi32::<3>(four),
    ]
}
