//! A few tokens at once: a line is loaded once, and each of its bit fields multiplied with all tokens.
//!
//! Two row blocks, or two rows, go side by side, so that an activation is loaded once for both.

use std::arch::x86_64::{
    __m512i, _mm_storeu_si128, _mm512_add_epi32, _mm512_and_si512, _mm512_dpbusd_epi32,
    _mm512_loadu_si512, _mm512_set1_epi8, _mm512_setzero_si512, _mm512_srli_epi16,
    _mm512_storeu_si512,
};

use super::columns::{MASKS, interleave};
use super::ternary::{prefetch_far, totals};
use super::{broadcast, load};
use crate::few::MOST_FEW;
use crate::ternary::{BLOCK_ROWS, FIELD_ROWS, LINE_CODES, Line, PANEL_ROWS};

/// Least lines between the sums and what is fetched.
const PREFETCH_LINES: usize = 96;
/// Columns that go through together: the more, the less often sums are loaded and stored; measured, twice as many leave
/// the caches.
const COLUMNS: usize = 64;
/// Tokens whose sums of 64 rows are in registers together.
const TOKENS: usize = 4;

/// How many tokens these kernels are good for.
pub(crate) fn few_tokens() -> usize {
    MOST_FEW
}

/// Calls a kernel for the number of tokens at hand; false when it is not a few.
macro_rules! for_tokens {
    ($n:expr, $kernel:ident($($arg:expr),*)) => {
        // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
        unsafe {
            match $n {
                1 => $kernel::<1>($($arg),*),
                2 => $kernel::<2>($($arg),*),
                3 => $kernel::<3>($($arg),*),
                4 => $kernel::<4>($($arg),*),
                5 => $kernel::<5>($($arg),*),
                6 => $kernel::<6>($($arg),*),
                7 => $kernel::<7>($($arg),*),
                8 => $kernel::<8>($($arg),*),
                _ => return false,
            }
        }
    };
}

/// As [`crate::few::few_row_blocks`].
pub(crate) fn few_row_blocks(
    blocks: &[Line],
    per_block: usize,
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) -> bool {
    for_tokens!(
        sums.len(),
        row_blocks(blocks, per_block, codes, stride, sums)
    );
    true
}

/// As [`crate::few::few_rows`].
pub(crate) fn few_rows(
    rows: &[Line],
    per_row: usize,
    codes: &[i8],
    sums: &mut [[i32; PANEL_ROWS]],
) -> bool {
    for_tokens!(sums.len(), single_rows(rows, per_row, codes, sums));
    true
}

/// As [`crate::few::few_columns`].
pub(crate) fn few_columns(
    lines: &[Line],
    per_column: usize,
    columns: &[u32],
    codes: &[i8],
    stride: usize,
    sums: &mut [i32],
) -> bool {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { add_columns(lines, per_column, columns, codes, stride, sums) }
    true
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn row_blocks<const N: usize>(
    blocks: &[Line],
    per_block: usize,
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    let tokens: [_; N] = std::array::from_fn(|t| &codes[t * stride..]);
    let (first, second) = blocks.split_at(per_block);
    let second = if second.is_empty() { first } else { second };
    let total = pair::<N, 4>([first, second], tokens);
    for (sums, total) in sums.iter_mut().zip(total) {
        let (halves, _) = sums.as_chunks_mut::<BLOCK_ROWS>();
        for (half, total) in halves.iter_mut().zip(total) {
            // SAFETY: half a panel's sums are the 64 bytes written, at any alignment.
            unsafe { _mm512_storeu_si512(half.as_mut_ptr().cast(), total) };
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn single_rows<const N: usize>(
    rows: &[Line],
    per_row: usize,
    codes: &[i8],
    sums: &mut [[i32; PANEL_ROWS]],
) {
    let width = per_row * LINE_CODES;
    let tokens: [_; N] = std::array::from_fn(|t| &codes[t * width..(t + 1) * width]);
    for (i, two) in rows.chunks(2 * per_row).enumerate() {
        let (first, second) = two.split_at(per_row);
        let second = if second.is_empty() { first } else { second };
        let total = pair::<N, 64>([first, second], tokens);
        for t in (0..N).step_by(2) {
            // A last token without another stands for both.
            let other = (t + 1).min(N - 1);
            let four = [total[t][0], total[t][1], total[other][0], total[other][1]];
            let mut whole = [0; 4];
            // SAFETY: `whole` is the 16 bytes written, at any alignment.
            unsafe { _mm_storeu_si128(whole.as_mut_ptr().cast(), totals(four)) };
            sums[t][2 * i..2 * i + 2].copy_from_slice(&whole[..2]);
            sums[other][2 * i..2 * i + 2].copy_from_slice(&whole[2..]);
        }
    }
}

/// Two units of lines times `N` tokens; `WIDTH` activations belong to a bit field of a line: four for every row of a
/// block, or one for each byte of a single row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn pair<const N: usize, const WIDTH: usize>(
    units: [&[Line]; 2],
    tokens: [&[i8]; N],
) -> [[__m512i; 2]; N] {
    let n_lines = units[0].len();
    let ahead = PREFETCH_LINES.next_multiple_of((2 * n_lines).max(1));
    let tokens = tokens.map(|codes| &codes.as_chunks::<WIDTH>().0[..4 * n_lines]);
    let tokens = tokens.map(|codes| codes.as_chunks::<4>().0);
    let mask = _mm512_set1_epi8(3);
    // Two sums of each, by turns, where there are registers for them: one alone waits for itself.
    let mut total = [[[_mm512_setzero_si512(); 2]; 2]; N];
    for (i, (first, second)) in units[0].iter().zip(units[1]).enumerate() {
        prefetch_far(std::ptr::from_ref(first).wrapping_add(ahead));
        prefetch_far(std::ptr::from_ref(second).wrapping_add(ahead));
        let mut stored = [load(first), load(second)];
        for f in 0..4 {
            let turn = if N <= 4 { f % 2 } else { 0 };
            let codes = stored.map(|stored| _mm512_and_si512(stored, mask));
            for (total, token) in total.iter_mut().zip(&tokens) {
                let activations = activations(&token[i][f]);
                total[0][turn] = _mm512_dpbusd_epi32(total[0][turn], codes[0], activations);
                total[1][turn] = _mm512_dpbusd_epi32(total[1][turn], codes[1], activations);
            }
            stored = stored.map(|stored| _mm512_srli_epi16::<2>(stored));
        }
    }
    total.map(|units| units.map(|[even, odd]| _mm512_add_epi32(even, odd)))
}

/// Four activations for every row, or 64 as they lie.
#[inline]
#[target_feature(enable = "avx512f")]
fn activations<const WIDTH: usize>(codes: &[i8; WIDTH]) -> __m512i {
    if let Some(whole) = codes.first_chunk::<64>() {
        // SAFETY: `whole` is the 64 bytes read, at any alignment.
        unsafe { _mm512_loadu_si512(whole.as_ptr().cast()) }
    } else {
        broadcast(*codes.first_chunk().expect("four activations"))
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn add_columns(
    lines: &[Line],
    per_column: usize,
    columns: &[u32],
    codes: &[i8],
    stride: usize,
    sums: &mut [i32],
) {
    let column = |column: u32| &lines[column as usize * per_column..][..per_column];
    let quarter = per_column * FIELD_ROWS;
    for (b, batch) in columns.chunks(COLUMNS).enumerate() {
        let next = &columns[((b + 1) * COLUMNS).min(columns.len())..];
        let n_quads = batch.len().div_ceil(4);
        // A last quad that is not full repeats a column, with activations of 0.
        let mut quads = [[&lines[..0]; 4]; COLUMNS / 4];
        for (quad, four) in quads.iter_mut().zip(batch.chunks(4)) {
            for (j, quad) in quad.iter_mut().enumerate() {
                *quad = column(four[j.min(four.len() - 1)]);
            }
        }
        let mut ahead = [lines.as_ptr(); COLUMNS];
        for (ahead, &next) in ahead.iter_mut().zip(next) {
            *ahead = column(next).as_ptr();
        }
        let tokens = codes.chunks(stride).zip(sums.chunks_mut(4 * quarter));
        let mut activations = [[[0; 4]; COLUMNS / 4]; MOST_FEW];
        for ((codes, _), activations) in tokens.zip(&mut activations) {
            let places = activations.as_flattened_mut();
            for (place, &column) in places.iter_mut().zip(batch) {
                *place = codes[column as usize];
            }
        }
        for line in 0..per_column {
            let mut words = [[_mm512_setzero_si512(); 4]; COLUMNS / 4];
            let words = &mut words[..n_quads];
            for (q, words) in words.iter_mut().enumerate() {
                for ahead in &ahead[q * 4..q * 4 + 4] {
                    prefetch_far(ahead.wrapping_add(line));
                }
                *words = interleave(quads[q].map(|column| load(&column[line])));
            }
            let groups = sums.chunks_mut(TOKENS * 4 * quarter);
            for (group, activations) in groups.zip(activations.chunks(TOKENS)) {
                let n_tokens = group.len() / (4 * quarter);
                for field in 0..4 {
                    let at = field * quarter + line * FIELD_ROWS;
                    match n_tokens {
                        4 => add_field::<4>(words, field, activations, group, at),
                        3 => add_field::<3>(words, field, activations, group, at),
                        2 => add_field::<2>(words, field, activations, group, at),
                        _ => add_field::<1>(words, field, activations, group, at),
                    }
                }
            }
        }
    }
}

/// One bit field of a batch of columns into the sums of `N` tokens, 64 rows from `at` on in each token's.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn add_field<const N: usize>(
    words: &[[__m512i; 4]],
    field: usize,
    activations: &[[[i8; 4]; COLUMNS / 4]],
    sums: &mut [i32],
    at: usize,
) {
    let mask = _mm512_set1_epi8(MASKS[field]);
    let per_token = sums.len() / N;
    let tokens: [_; N] = std::array::from_fn(|t| &activations[t][..words.len()]);
    let mut total = [[_mm512_setzero_si512(); 4]; N];
    for (t, total) in total.iter_mut().enumerate() {
        let (rows, _) = sums[t * per_token + at..][..FIELD_ROWS].as_chunks::<16>();
        for (total, rows) in total.iter_mut().zip(rows) {
            // SAFETY: `rows` is the 64 bytes read, at any alignment.
            *total = unsafe { _mm512_loadu_si512(rows.as_ptr().cast()) };
        }
    }
    for (q, words) in words.iter().enumerate() {
        let stored = words.map(|words| _mm512_and_si512(words, mask));
        for (total, token) in total.iter_mut().zip(&tokens) {
            let activations = broadcast(token[q]);
            for (total, stored) in total.iter_mut().zip(stored) {
                *total = _mm512_dpbusd_epi32(*total, stored, activations);
            }
        }
    }
    for (t, total) in total.iter().enumerate() {
        let (rows, _) = sums[t * per_token + at..][..FIELD_ROWS].as_chunks_mut::<16>();
        for (total, rows) in total.iter().zip(rows) {
            // SAFETY: `rows` is the 64 bytes written, at any alignment.
            unsafe { _mm512_storeu_si512(rows.as_mut_ptr().cast(), *total) };
        }
    }
}
