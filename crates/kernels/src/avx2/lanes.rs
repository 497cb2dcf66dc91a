//! Sixteen float lanes in two registers.

use std::arch::x86_64::{
    __m128i, __m256, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32,
    _mm_loadl_epi64, _mm_loadu_si128, _mm_movehdup_ps, _mm_movehl_ps, _mm_prefetch,
    _mm_storeu_si128, _mm256_add_ps, _mm256_castps256_ps128, _mm256_castsi256_ps,
    _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_cvtepu16_epi32, _mm256_cvtph_ps,
    _mm256_cvtps_ph, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_mul_ps,
    _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps,
};

use crate::float::{Arch, LANES};
use half::{bf16, f16};

/// This path's lanes. Only functions that enable its instructions may use them.
pub(super) struct Avx2;

impl Arch for Avx2 {
    type Lanes = [__m256; 2];

    #[inline(always)]
    fn splat(x: f32) -> Self::Lanes {
        // SAFETY: the callers enable AVX2, FMA and F16C, which were detected.
        unsafe { [_mm256_set1_ps(x); 2] }
    }

    #[inline(always)]
    fn load(x: &[f32; LANES]) -> Self::Lanes {
        // SAFETY: the callers enable AVX2; `x` is 64 bytes, each half unaligned and in bounds.
        unsafe {
            [
                _mm256_loadu_ps(x.as_ptr()),
                _mm256_loadu_ps(x.as_ptr().add(8)),
            ]
        }
    }

    #[inline(always)]
    fn load_f16(x: &[f16; LANES]) -> Self::Lanes {
        let [low, high] = load_u16(x);
        // SAFETY: the callers enable F16C, which was detected.
        unsafe { [_mm256_cvtph_ps(low), _mm256_cvtph_ps(high)] }
    }

    #[inline(always)]
    fn load_bf16(x: &[bf16; LANES]) -> Self::Lanes {
        let [low, high] = load_u16(x);
        // SAFETY: the callers enable AVX2, which was detected.
        unsafe {
            let low = _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(low));
            let high = _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(high));
            [_mm256_castsi256_ps(low), _mm256_castsi256_ps(high)]
        }
    }

    #[inline(always)]
    fn load_i8(x: &[i8; LANES]) -> Self::Lanes {
        // SAFETY: the callers enable AVX2; `x` is 16 bytes, each half unaligned and in bounds.
        unsafe {
            let low = _mm_loadl_epi64(x.as_ptr().cast());
            let high = _mm_loadl_epi64(x.as_ptr().add(8).cast());
            [
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(low)),
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(high)),
            ]
        }
    }

    #[inline(always)]
    fn store(x: Self::Lanes, out: &mut [f32; LANES]) {
        // SAFETY: the callers enable AVX2; `out` is 64 bytes, each half unaligned and in bounds.
        unsafe {
            _mm256_storeu_ps(out.as_mut_ptr(), x[0]);
            _mm256_storeu_ps(out.as_mut_ptr().add(8), x[1]);
        }
    }

    #[inline(always)]
    fn store_f16(x: Self::Lanes, out: &mut [f16; LANES]) {
        let halves = out.as_mut_ptr().cast::<__m128i>();
        // SAFETY: the callers enable F16C; `out` is 32 bytes, each half unaligned and in bounds.
        unsafe {
            let low = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x[0]);
            let high = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x[1]);
            _mm_storeu_si128(halves, low);
            _mm_storeu_si128(halves.add(1), high);
        }
    }

    #[inline(always)]
    fn mul(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        // SAFETY: the callers enable AVX2, which was detected.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn mul_add(a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        // SAFETY: the callers enable FMA, which was detected.
        unsafe {
            [
                _mm256_fmadd_ps(a[0], b[0], c[0]),
                _mm256_fmadd_ps(a[1], b[1], c[1]),
            ]
        }
    }

    #[inline(always)]
    fn sum(x: Self::Lanes) -> f32 {
        // SAFETY: the callers enable AVX2, which was detected.
        unsafe {
            let eight = _mm256_add_ps(x[0], x[1]);
            let four = _mm_add_ps(
                _mm256_castps256_ps128(eight),
                _mm256_extractf128_ps::<1>(eight),
            );
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
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
fn load_u16<T>(x: &[T; LANES]) -> [__m128i; 2] {
    const { assert!(size_of::<T>() == 2) };
    let halves = x.as_ptr().cast::<__m128i>();
    // SAFETY: `x` is 32 bytes (checked above), each half unaligned and in bounds; SSE2 is always there.
    unsafe { [_mm_loadu_si128(halves), _mm_loadu_si128(halves.add(1))] }
}
