//! Sixteen float lanes in one register.

use std::arch::x86_64::{
    __m256i, __m512, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32,
    _mm_loadu_si128, _mm_movehdup_ps, _mm_movehl_ps, _mm_prefetch, _mm_storeu_ps, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_loadu_si256, _mm256_storeu_si256,
    _mm512_add_ps, _mm512_castps_si512, _mm512_castps512_ps128, _mm512_castps512_ps256,
    _mm512_castsi512_ps, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_cvtepu16_epi32,
    _mm512_cvtph_ps, _mm512_cvtps_ph, _mm512_extractf32x8_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_mul_ps, _mm512_permute_ps, _mm512_permutexvar_ps, _mm512_set1_ps, _mm512_setr_epi32,
    _mm512_setzero_si512, _mm512_shuffle_f32x4, _mm512_slli_epi32, _mm512_storeu_ps,
};

use super::panel::transposed;
use crate::float::{Arch, LANES};
use half::{bf16, f16};

/// This path's lanes. Only functions that enable its instructions may use them.
pub(super) struct Avx512;

impl Arch for Avx512 {
    type Lanes = __m512;
    const WIDE: bool = true;

    #[inline(always)]
    fn splat(x: f32) -> Self::Lanes {
        // SAFETY: the callers enable AVX-512F, which was detected.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(x: &[f32; LANES]) -> Self::Lanes {
        // SAFETY: the callers enable AVX-512F; `x` is the 64 bytes read, at any alignment.
        unsafe { _mm512_loadu_ps(x.as_ptr()) }
    }

    #[inline(always)]
    fn load_f16(x: &[f16; LANES]) -> Self::Lanes {
        let halves = load_u16(x);
        // SAFETY: the callers enable AVX-512F, which was detected.
        unsafe { _mm512_cvtph_ps(halves) }
    }

    #[inline(always)]
    fn load_bf16(x: &[bf16; LANES]) -> Self::Lanes {
        let halves = load_u16(x);
        // SAFETY: the callers enable AVX-512F, which was detected.
        unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves))) }
    }

    #[inline(always)]
    fn load_i8(x: &[i8; LANES]) -> Self::Lanes {
        // SAFETY: the callers enable AVX-512F; `x` is the 16 bytes read, at any alignment.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(x.as_ptr().cast()))) }
    }

    #[inline(always)]
    fn store(x: Self::Lanes, out: &mut [f32; LANES]) {
        // SAFETY: the callers enable AVX-512F; `out` is the 64 bytes written, at any alignment.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), x) }
    }

    #[inline(always)]
    fn store_f16(x: Self::Lanes, out: &mut [f16; LANES]) {
        let out = out.as_mut_ptr().cast::<__m256i>();
        // SAFETY: the callers enable AVX-512F; `out` is the 32 bytes written, at any alignment.
        unsafe { _mm256_storeu_si256(out, _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x)) }
    }

    #[inline(always)]
    fn mul(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        // SAFETY: the callers enable AVX-512F, which was detected.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        // SAFETY: the callers enable AVX-512F, which was detected.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn sum(x: Self::Lanes) -> f32 {
        // SAFETY: the callers enable AVX-512F and AVX-512DQ, which were detected.
        unsafe {
            let eight = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps::<1>(x));
            let four = _mm_add_ps(
                _mm256_castps256_ps128(eight),
                _mm256_extractf128_ps::<1>(eight),
            );
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    fn sum_4(x: &[Self::Lanes; 4]) -> [f32; 4] {
        let [a, b, c, d] = *x;
        let mut out = [0.0; 4];
        // SAFETY: the callers enable AVX-512F, which was detected; `out` is the 16 bytes written, at any alignment.
        unsafe {
            // Each step adds what `sum` adds, of two and then of four at once.
            let eights = |a, b| {
                let (low, high) = (
                    _mm512_shuffle_f32x4::<0x44>(a, b),
                    _mm512_shuffle_f32x4::<0xee>(a, b),
                );
                _mm512_add_ps(low, high)
            };
            let (ab, cd) = (eights(a, b), eights(c, d));
            let (low, high) = (
                _mm512_shuffle_f32x4::<0x88>(ab, cd),
                _mm512_shuffle_f32x4::<0xdd>(ab, cd),
            );
            let four = _mm512_add_ps(low, high);
            let two = _mm512_add_ps(four, _mm512_permute_ps::<0x4e>(four));
            let one = _mm512_add_ps(two, _mm512_permute_ps::<0xb1>(two));
            let first = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            let sums = _mm512_castps512_ps128(_mm512_permutexvar_ps(first, one));
            _mm_storeu_ps(out.as_mut_ptr(), sums);
        }
        out
    }

    #[inline(always)]
    fn transpose(rows: [Self::Lanes; LANES]) -> [Self::Lanes; LANES] {
        // SAFETY: the callers enable AVX-512F, which was detected.
        unsafe {
            let mut words = [_mm512_setzero_si512(); LANES];
            for (word, row) in words.iter_mut().zip(rows) {
                *word = _mm512_castps_si512(row);
            }
            let words = transposed(words);
            let mut columns = rows;
            for (column, word) in columns.iter_mut().zip(words) {
                *column = _mm512_castsi512_ps(word);
            }
            columns
        }
    }

    #[inline(always)]
    fn prefetch<T>(x: *const T) {
        // SAFETY: SSE is always there; a prefetch is a hint that cannot fault, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(x.cast()) }
    }
}

/// Sixteen 16-bit numbers, as they lie.
#[inline(always)]
fn load_u16<T>(x: &[T; LANES]) -> __m256i {
    const { assert!(size_of::<T>() == 2) };
    // SAFETY: the callers enable AVX; `x` is the 32 bytes read (checked above), at any alignment.
    unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
}
