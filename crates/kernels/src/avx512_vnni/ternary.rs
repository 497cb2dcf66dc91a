//! One token: sums of stored codes times activations.
//!
//! `vpdpbusd` multiplies unsigned bytes by signed ones and adds four products to an i32. Bit fields are masked where
//! they lie, not shifted down: a code counts 1, 4, 16 or 64 times (at most 128, an unsigned byte), each field has a sum
//! of its own, and that sum is divided at the end, exactly.

use std::arch::x86_64::{
    __m128i, __m512i, _MM_HINT_T0, _MM_HINT_T1, _mm_add_epi32, _mm_prefetch, _mm_storeu_si128,
    _mm256_add_epi32, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm512_add_epi32,
    _mm512_and_si512, _mm512_castsi512_si256, _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64,
    _mm512_loadu_si512, _mm512_setzero_si512, _mm512_srai_epi32, _mm512_storeu_si512,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::{broadcast, load, spread};
use crate::ternary::{BLOCK_COLS, BLOCK_ROWS, LINE_CODES, Line};

/// How far ahead of the sums the weights are fetched.
const PREFETCH_LINES: usize = 96;
/// Rows whose sums are finished together, and how many rows ahead they are fetched.
const ROW_TILE: usize = 4;
const PREFETCH_ROWS: usize = 12;
/// Bytes a masked code can stand in: one for each bit field.
const MASKS: [i8; 4] = [0x03, 0x0c, 0x30, 0xc0_u8 as i8];

/// As [`crate::scalar::row_block_sums`].
pub(crate) fn row_block_sums(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
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
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { single_rows(lines, per_row, rows, codes, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn block(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    let masks = spread(MASKS);
    let mut sums = [_mm512_setzero_si512(); 4];
    for (line, codes) in lines.iter().zip(codes.as_chunks::<BLOCK_COLS>().0) {
        prefetch(std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES));
        let stored = load(line);
        let quads = codes.as_chunks::<4>().0;
        for f in 0..4 {
            let codes = _mm512_and_si512(stored, masks[f]);
            sums[f] = _mm512_dpbusd_epi32(sums[f], codes, broadcast(quads[f]));
        }
    }
    let mut out = [0; BLOCK_ROWS];
    // SAFETY: `out` is the 64 bytes written, at any alignment.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), joined(sums)) };
    out
}

/// The sums of the four bit fields as one.
#[inline]
#[target_feature(enable = "avx512f")]
fn joined(sums: [__m512i; 4]) -> __m512i {
    let [a, b, c, d] = sums;
    let low = _mm512_add_epi32(a, _mm512_srai_epi32::<2>(b));
    let high = _mm512_add_epi32(_mm512_srai_epi32::<4>(c), _mm512_srai_epi32::<6>(d));
    _mm512_add_epi32(low, high)
}

/// Rows that follow one another are read one by one, so that memory is read in its order. Of chosen ones four are read
/// side by side: a CPU that takes each of them for the beginning of a stream fetches what comes after it in vain, and
/// does so less when it sees lines of four rows by turns. Both are asked for some rows before: jumps can't be foreseen.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn single_rows(lines: &[Line], per_row: usize, rows: &[u32], codes: &[i8], out: &mut [i32]) {
    let codes = &codes.as_chunks::<LINE_CODES>().0[..per_row];
    let row = |i: usize| &lines[rows[i.min(rows.len() - 1)] as usize * per_row..][..per_row];
    for i in 0..PREFETCH_ROWS.min(rows.len()) {
        row(i).iter().for_each(|line| prefetch(line));
    }
    let one_stream = is_one_stream(rows);
    for (tile, out) in out.chunks_mut(ROW_TILE).enumerate() {
        let at = |r: usize| tile * ROW_TILE + r;
        let mut sums = [_mm512_setzero_si512(); ROW_TILE];
        if one_stream {
            for (r, sum) in sums.iter_mut().enumerate() {
                [*sum] = rows_together([row(at(r))], [row(at(r) + PREFETCH_ROWS)], codes);
            }
        } else {
            let [now, ahead] =
                [0, PREFETCH_ROWS].map(|ahead| [0, 1, 2, 3].map(|r| row(at(r) + ahead)));
            sums = rows_together(now, ahead, codes);
        }
        let mut whole = [0; ROW_TILE];
        // SAFETY: `whole` is the 16 bytes written, at any alignment.
        unsafe { _mm_storeu_si128(whole.as_mut_ptr().cast(), totals(sums)) };
        out.copy_from_slice(&whole[..out.len()]);
    }
}

/// Whether rising numbers leave none out.
#[inline]
pub(super) fn is_one_stream(numbers: &[u32]) -> bool {
    match numbers {
        [first, .., last] => last.abs_diff(*first) as usize + 1 == numbers.len(),
        _ => true,
    }
}

/// The sums of `R` rows, lane by lane; those of `ahead` are fetched meanwhile.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn rows_together<const R: usize>(
    rows: [&[Line]; R],
    ahead: [&[Line]; R],
    codes: &[[i8; LINE_CODES]],
) -> [__m512i; R] {
    let masks = spread(MASKS);
    let rows = rows.map(|row| &row[..codes.len()]);
    let ahead = ahead.map(|row| &row[..codes.len()]);
    let mut sums = [[_mm512_setzero_si512(); 4]; R];
    for (i, codes) in codes.iter().enumerate() {
        for row in ahead {
            prefetch(&row[i]);
        }
        let fields = codes.as_chunks::<64>().0;
        for f in 0..4 {
            // SAFETY: a field is the 64 bytes read, at any alignment.
            let activations = unsafe { _mm512_loadu_si512(fields[f].as_ptr().cast()) };
            for (row, sums) in rows.iter().zip(&mut sums) {
                let codes = _mm512_and_si512(load(&row[i]), masks[f]);
                sums[f] = _mm512_dpbusd_epi32(sums[f], codes, activations);
            }
        }
    }
    let mut whole = [_mm512_setzero_si512(); R];
    for (whole, sums) in whole.iter_mut().zip(sums) {
        *whole = joined(sums);
    }
    whole
}

/// The sum of all lanes of each register.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn totals([a, b, c, d]: [__m512i; 4]) -> __m128i {
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    let abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let eight = _mm256_add_epi32(
        _mm512_castsi512_si256(abcd),
        _mm512_extracti64x4_epi64::<1>(abcd),
    );
    _mm_add_epi32(
        _mm256_castsi256_si128(eight),
        _mm256_extracti128_si256::<1>(eight),
    )
}

/// Asks for a line some way ahead. A hint: no address can fault.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn prefetch(line: *const Line) {
    _mm_prefetch::<_MM_HINT_T0>(line.cast());
}

/// Likewise, into the second cache only.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn prefetch_far(line: *const Line) {
    _mm_prefetch::<_MM_HINT_T1>(line.cast());
}
