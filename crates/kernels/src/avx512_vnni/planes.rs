//! The planes of the head: nibbles times int16 inputs, as two int8 passes.

use std::arch::x86_64::{
    __m512, _MM_HINT_T0, _mm_prefetch, _mm_storeu_si128, _mm256_storeu_si256, _mm512_add_epi32,
    _mm512_and_si512, _mm512_cvtepi32_epi8, _mm512_cvtepi32_ps, _mm512_cvtepi64_epi32,
    _mm512_cvtps_epi32, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_or_si512, _mm512_reduce_add_epi32, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi16,
    _mm512_srai_epi32, _mm512_srli_epi16, _mm512_srli_epi64, _mm512_storeu_ps, _mm512_storeu_si512,
};

use super::{broadcast, load, spread};
use crate::planes::{LOW_COLS, PlaneRow, SLACK, low_lines, row_scale};
use crate::ternary::{BLOCK_ROWS, Line};

/// How far ahead of the sums the upper plane is fetched.
const PREFETCH_LINES: usize = 96;
/// Nibbles where they lie: the upper one counts 16 times, at most 240, an unsigned byte.
const MASKS: [i8; 2] = [0x0f, 0xf0_u8 as i8];

/// As [`crate::planes::screen_sums_plain`].
pub(crate) fn screen_sums(lines: &[Line], upper: &[i8], lower: &[i8]) -> [[i32; BLOCK_ROWS]; 2] {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { screen(lines, upper, lower) }
}

/// As [`crate::planes::low_sums_plain`].
pub(crate) fn low_sums(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
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
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { pack(rows, cols, high, low, info) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn pack(rows: &[f32], cols: usize, high: &mut [Line], low: &mut [Line], info: &mut [PlaneRow]) {
    if info.len() < BLOCK_ROWS {
        high.fill(Line::NIBBLE_ZERO);
    }
    let per_row = low_lines(cols);
    let rows = rows.chunks_exact(cols).zip(low.chunks_exact_mut(per_row));
    for (r, ((row, low), info)) in rows.zip(info).enumerate() {
        *info = row_scale(row);
        let mut errors = _mm512_setzero_ps();
        let lines = row.chunks(LOW_COLS).zip(low).zip(high.chunks_mut(16));
        for ((row, low), high) in lines {
            let mut padded = [0.0; LOW_COLS];
            let x = row.first_chunk().unwrap_or_else(|| {
                padded[..row.len()].copy_from_slice(row);
                &padded
            });
            let words = pack_line(x, info.scale, low, &mut errors);
            for (high, word) in high.iter_mut().zip(words) {
                high.bytes_mut()[r * 4..r * 4 + 4].copy_from_slice(&word.to_le_bytes());
            }
        }
        let mut lanes = [0.0_f32; 16];
        // SAFETY: `lanes` is the 64 bytes written, at any alignment.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), errors) };
        info.error = lanes.iter().sum::<f32>().sqrt() * SLACK;
    }
}

/// One row's 128 columns: writes their lower nibbles, returns the words of their upper ones, and adds the squares of
/// what both miss to `errors`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
fn pack_line(
    x: &[f32; LOW_COLS],
    scale: f32,
    low: &mut Line,
    errors: &mut __m512,
) -> [u32; LOW_COLS / 8] {
    let inverse = _mm512_set1_ps(1.0 / scale);
    let mut stored = [0_u8; LOW_COLS];
    let chunks = x
        .as_chunks::<16>()
        .0
        .iter()
        .zip(stored.as_chunks_mut::<16>().0);
    for (x, stored) in chunks {
        // SAFETY: `x` is the 64 bytes read, at any alignment.
        let x = unsafe { _mm512_loadu_ps(x.as_ptr()) };
        // Rounds half to even, as everything here does.
        let codes = _mm512_cvtps_epi32(_mm512_mul_ps(x, inverse));
        let difference = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(codes), _mm512_set1_ps(scale), x);
        *errors = _mm512_fmadd_ps(difference, difference, *errors);
        let bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(codes, _mm512_set1_epi32(0x88)));
        // SAFETY: `stored` is the 16 bytes written, at any alignment.
        unsafe { _mm_storeu_si128(stored.as_mut_ptr().cast(), bytes) };
    }
    let nibble = _mm512_set1_epi8(15);
    let (halves, _) = stored.as_chunks::<64>();
    // SAFETY: both halves are the 64 bytes read, at any alignment.
    let (first, second) = unsafe {
        (
            _mm512_loadu_si512(halves[0].as_ptr().cast()),
            _mm512_loadu_si512(halves[1].as_ptr().cast()),
        )
    };
    let upper = _mm512_slli_epi16::<4>(_mm512_and_si512(second, nibble));
    let lower = _mm512_or_si512(_mm512_and_si512(first, nibble), upper);
    // SAFETY: a line is 64 bytes at a multiple of 64.
    unsafe { _mm512_storeu_si512(low.bytes_mut().as_mut_ptr().cast(), lower) };
    let mut words = [0_u32; LOW_COLS / 8];
    let (outs, _) = words.as_chunks_mut::<8>();
    for (out, stored) in outs.iter_mut().zip([first, second]) {
        let high = _mm512_and_si512(_mm512_srli_epi16::<4>(stored), nibble);
        // Of each eight columns, the last four move above the first four.
        let joined = _mm512_or_si512(high, _mm512_srli_epi64::<28>(high));
        // SAFETY: `out` is the 32 bytes written, at any alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), _mm512_cvtepi64_epi32(joined)) };
    }
    words
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn screen(lines: &[Line], upper: &[i8], lower: &[i8]) -> [[i32; BLOCK_ROWS]; 2] {
    let masks = spread(MASKS);
    // `[part][nibble]`
    let mut sums = [[_mm512_setzero_si512(); 2]; 2];
    let (upper, lower) = (upper.as_chunks::<8>().0, lower.as_chunks::<8>().0);
    for ((line, upper), lower) in lines.iter().zip(upper).zip(lower) {
        let ahead = std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES);
        _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
        let stored = load(line);
        for nibble in 0..2 {
            let codes = _mm512_and_si512(stored, masks[nibble]);
            for (sums, part) in sums.iter_mut().zip([upper, lower]) {
                let quad = part.as_chunks::<4>().0[nibble];
                sums[nibble] = _mm512_dpbusd_epi32(sums[nibble], codes, broadcast(quad));
            }
        }
    }
    let mut out = [[0; BLOCK_ROWS]; 2];
    for (out, [first, second]) in out.iter_mut().zip(sums) {
        let total = _mm512_add_epi32(first, _mm512_srai_epi32::<4>(second));
        // SAFETY: `out` is the 64 bytes written, at any alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), total) };
    }
    out
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn low(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2] {
    let masks = spread(MASKS);
    let mut sums = [[_mm512_setzero_si512(); 2]; 2];
    let (upper, lower) = (upper.as_chunks::<64>().0, lower.as_chunks::<64>().0);
    for (i, line) in lines.iter().enumerate() {
        let stored = load(line);
        for nibble in 0..2 {
            let codes = _mm512_and_si512(stored, masks[nibble]);
            for (sums, part) in sums.iter_mut().zip([upper, lower]) {
                let part = &part[2 * i + nibble];
                // SAFETY: `part` is the 64 bytes read, at any alignment.
                let part = unsafe { _mm512_loadu_si512(part.as_ptr().cast()) };
                sums[nibble] = _mm512_dpbusd_epi32(sums[nibble], codes, part);
            }
        }
    }
    let mut out = [0; 2];
    for (out, [first, second]) in out.iter_mut().zip(sums) {
        let total = _mm512_add_epi32(first, _mm512_srai_epi32::<4>(second));
        *out = _mm512_reduce_add_epi32(total);
    }
    out
}
