//! Single columns. The bytes of four columns are interleaved while they are still packed; then each word holds four
//! neighbouring products of one row, as in a row block.

use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi8,
    _mm512_setzero_si512, _mm512_srli_epi16, _mm512_store_si512, _mm512_storeu_si512,
    _mm512_unpackhi_epi8, _mm512_unpackhi_epi16, _mm512_unpacklo_epi8, _mm512_unpacklo_epi16,
};

use super::{
    broadcast, load, spread,
    ternary::{is_one_stream, prefetch, prefetch_far},
};
use crate::ternary::{FIELD_ROWS, Line, PANEL_ROWS};

/// Columns that go through together, so that the sums of a line are loaded once for all of them. Their bytes and the
/// next ones', which are fetched meanwhile, fit the first cache beside the sums: fetched in memory's order when none is
/// left out, else a line of each by turns (see single rows).
const BATCH: usize = 16;
pub(super) const MASKS: [i8; 4] = [0x03, 0x0c, 0x30, 0xc0_u8 as i8];

/// As [`crate::scalar::column_sums`].
pub(crate) fn column_sums(
    lines: &[Line],
    per_column: usize,
    columns: &[u32],
    codes: &[i8],
    sums: &mut [i32],
) {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { add_columns(lines, per_column, columns, codes, sums) }
}

/// As [`crate::panel::unpack_columns`].
pub(crate) fn unpack_columns(lines: &[Line], per_column: usize, index: usize, panel: &mut [Line]) {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { unpack(lines, per_column, index, panel) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn add_columns(lines: &[Line], per_column: usize, columns: &[u32], codes: &[i8], sums: &mut [i32]) {
    let masks = spread(MASKS);
    let column = |column: u32| &lines[column as usize * per_column..][..per_column];
    let quarter = per_column * FIELD_ROWS;
    let sums = &mut sums[..4 * quarter];
    let one_stream = is_one_stream(columns);
    for (b, batch) in columns.chunks(BATCH).enumerate() {
        let next = &columns[((b + 1) * BATCH).min(columns.len())..];
        // A last quad that is not full repeats a column, with an activation of 0.
        let mut quads = [([&lines[..0]; 4], broadcast([0; 4])); BATCH / 4];
        let n_quads = batch.len().div_ceil(4);
        for (quad, four) in quads.iter_mut().zip(batch.chunks(4)) {
            let mut activations = [0; 4];
            for j in 0..4 {
                quad.0[j] = column(four[j.min(four.len() - 1)]);
                activations[j] = four.get(j).map_or(0, |&column| codes[column as usize]);
            }
            quad.1 = broadcast(activations);
        }
        let mut ahead = [lines.as_ptr(); BATCH];
        for (ahead, &next) in ahead.iter_mut().zip(next) {
            *ahead = column(next).as_ptr();
        }
        for line in 0..per_column {
            // `[field][v]`: 16 rows each.
            let at = |f: usize, v: usize| f * quarter + line * FIELD_ROWS + v * 16;
            let mut total = [[_mm512_setzero_si512(); 4]; 4];
            for (f, total) in total.iter_mut().enumerate() {
                for (v, total) in total.iter_mut().enumerate() {
                    let from: &[i32; 16] = sums[at(f, v)..].first_chunk().expect("16 sums");
                    // SAFETY: `from` is the 64 bytes read, at any alignment.
                    *total = unsafe { _mm512_loadu_si512(from.as_ptr().cast()) };
                }
            }
            for (q, (columns, activations)) in quads[..n_quads].iter().enumerate() {
                for j in q * 4..q * 4 + 4 {
                    if one_stream {
                        prefetch(ahead[0].wrapping_add(line * BATCH + j));
                    } else {
                        prefetch_far(ahead[j].wrapping_add(line));
                    }
                }
                let words = interleave([
                    load(&columns[0][line]),
                    load(&columns[1][line]),
                    load(&columns[2][line]),
                    load(&columns[3][line]),
                ]);
                for (f, total) in total.iter_mut().enumerate() {
                    for (total, words) in total.iter_mut().zip(words) {
                        let stored = _mm512_and_si512(words, masks[f]);
                        *total = _mm512_dpbusd_epi32(*total, stored, *activations);
                    }
                }
            }
            for (f, total) in total.iter().enumerate() {
                for (v, total) in total.iter().enumerate() {
                    let to: &mut [i32; 16] = sums[at(f, v)..].first_chunk_mut().expect("16 sums");
                    // SAFETY: `to` is the 64 bytes written, at any alignment.
                    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), *total) };
                }
            }
        }
    }
}

/// Word `4 lane + i` of result `v` is byte `16 lane + 4 v + i` of each of the four.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn interleave([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_low, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
    [
        _mm512_unpacklo_epi16(ab_low, cd_low),
        _mm512_unpackhi_epi16(ab_low, cd_low),
        _mm512_unpacklo_epi16(ab_high, cd_high),
        _mm512_unpackhi_epi16(ab_high, cd_high),
    ]
}

#[target_feature(enable = "avx512f,avx512bw")]
fn unpack(lines: &[Line], per_column: usize, index: usize, panel: &mut [Line]) {
    let first = index * PANEL_ROWS;
    let quarter = per_column * FIELD_ROWS;
    let (field, first) = (first / quarter, first % quarter);
    let (line, half) = (first / FIELD_ROWS, first % FIELD_ROWS / PANEL_ROWS);
    match field {
        0 => unpack_field::<0>(lines, per_column, line, half, panel),
        1 => unpack_field::<2>(lines, per_column, line, half, panel),
        2 => unpack_field::<4>(lines, per_column, line, half, panel),
        _ => unpack_field::<6>(lines, per_column, line, half, panel),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn unpack_field<const SHIFT: u32>(
    lines: &[Line],
    per_column: usize,
    line: usize,
    half: usize,
    panel: &mut [Line],
) {
    let mask = _mm512_set1_epi8(3);
    let nothing = _mm512_setzero_si512();
    let (outs, _) = panel.as_chunks_mut::<2>();
    let mut quads = lines.chunks(4 * per_column);
    for out in outs {
        let columns = quads.next().unwrap_or_default();
        let mut four = [nothing; 4];
        for (four, column) in four.iter_mut().zip(columns.chunks_exact(per_column)) {
            *four = load(&column[line]);
        }
        let [a, b, c, d] = four;
        let (ab, cd) = if half == 0 {
            (_mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(c, d))
        } else {
            (_mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(c, d))
        };
        let words = [_mm512_unpacklo_epi16(ab, cd), _mm512_unpackhi_epi16(ab, cd)];
        for (out, words) in out.iter_mut().zip(words) {
            let codes = _mm512_and_si512(_mm512_srli_epi16::<SHIFT>(words), mask);
            // SAFETY: a line is 64 bytes at a multiple of 64.
            unsafe { _mm512_store_si512(out.bytes_mut().as_mut_ptr().cast(), codes) };
        }
    }
}
