//! Numbers of elements that count, sixteen at a time.

use std::arch::x86_64::{
    __m512i, __mmask16, _CMP_NLE_UQ, _mm_loadu_si128, _mm_test_epi8_mask, _mm512_add_epi32,
    _mm512_cmp_ps_mask, _mm512_loadu_ps, _mm512_maskz_compress_epi32, _mm512_set_epi32,
    _mm512_set1_epi32, _mm512_setzero_ps, _mm512_storeu_si512,
};

/// As [`crate::select_positive`].
pub(crate) fn select_positive(x: &[f32], numbers: &mut [u32]) -> usize {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { positive(x, numbers) }
}

/// As [`crate::select_nonzero`].
pub(crate) fn select_nonzero(codes: &[i8], numbers: &mut [u32]) -> usize {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { nonzero(codes, numbers) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn positive(x: &[f32], numbers: &mut [u32]) -> usize {
    let (chunks, tail) = x.as_chunks::<16>();
    let (mut n, mut at) = (0, counting());
    for chunk in chunks {
        // SAFETY: a chunk is the 64 bytes read, at any alignment.
        let x = unsafe { _mm512_loadu_ps(chunk.as_ptr()) };
        // Not less or equal, or not comparable.
        let keep = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(x, _mm512_setzero_ps());
        n = put(keep, at, n, numbers);
        at = _mm512_add_epi32(at, _mm512_set1_epi32(16));
    }
    rest(chunks.len() * 16, tail, n, numbers, |&x| {
        x > 0.0 || x.is_nan()
    })
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn nonzero(codes: &[i8], numbers: &mut [u32]) -> usize {
    let (chunks, tail) = codes.as_chunks::<16>();
    let (mut n, mut at) = (0, counting());
    for chunk in chunks {
        // SAFETY: a chunk is the 16 bytes read, at any alignment.
        let codes = unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) };
        n = put(_mm_test_epi8_mask(codes, codes), at, n, numbers);
        at = _mm512_add_epi32(at, _mm512_set1_epi32(16));
    }
    rest(chunks.len() * 16, tail, n, numbers, |&code| code != 0)
}

/// 0 to 15.
#[inline]
#[target_feature(enable = "avx512f")]
fn counting() -> __m512i {
    _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
}

/// Writes those of the sixteen numbers `at` that are kept from place `n` on; returns the next place.
#[inline]
#[target_feature(enable = "avx512f")]
fn put(keep: __mmask16, at: __m512i, n: usize, numbers: &mut [u32]) -> usize {
    // Sixteen elements were looked at after the first `n`, so there is room for sixteen numbers.
    let out: &mut [u32; 16] = numbers[n..]
        .first_chunk_mut()
        .expect("room for every number");
    // SAFETY: `out` is the 64 bytes written, at any alignment.
    unsafe {
        _mm512_storeu_si512(
            out.as_mut_ptr().cast(),
            _mm512_maskz_compress_epi32(keep, at),
        )
    };
    n + keep.count_ones() as usize
}

/// The elements after the last sixteen.
#[inline]
fn rest<T>(
    first: usize,
    tail: &[T],
    mut n: usize,
    numbers: &mut [u32],
    counts: impl Fn(&T) -> bool,
) -> usize {
    for (i, x) in (first..).zip(tail) {
        numbers[n] = i as u32;
        n += usize::from(counts(x));
    }
    n
}
