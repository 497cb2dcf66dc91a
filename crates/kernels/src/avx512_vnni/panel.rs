//! Batches of tokens: tiles of 32 rows by up to 12 tokens in 24 registers.

use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_dpbusd_epi32, _mm512_set1_epi8, _mm512_setzero_si512,
    _mm512_shuffle_i32x4, _mm512_srli_epi16, _mm512_store_si512, _mm512_storeu_si512,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::{broadcast, load};
use crate::panel::LINES_PER_QUAD;
use crate::ternary::{Line, PANEL_ROWS};

/// As [`crate::panel::unpack_row_blocks`].
pub(crate) fn unpack_row_blocks(blocks: &[Line], per_block: usize, panel: &mut [Line]) {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { row_blocks(blocks, per_block, panel) }
}

/// As [`crate::panel::unpack_rows`].
pub(crate) fn unpack_rows(rows: &[Line], per_row: usize, panel: &mut [Line]) {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { single_rows(rows, per_row, panel) }
}

/// The four bit fields of a line of cells, into half of the panel's lines for its 16 columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn put_fields(cells: __m512i, half: usize, quads: &mut [[Line; LINES_PER_QUAD]; 4]) {
    let mask = _mm512_set1_epi8(3);
    let fields = [
        cells,
        _mm512_srli_epi16::<2>(cells),
        _mm512_srli_epi16::<4>(cells),
        _mm512_srli_epi16::<6>(cells),
    ];
    for (field, quad) in fields.into_iter().zip(quads) {
        let out = quad[half].bytes_mut().as_mut_ptr();
        // SAFETY: a line is 64 bytes at a multiple of 64.
        unsafe { _mm512_store_si512(out.cast(), _mm512_and_si512(field, mask)) };
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn row_blocks(blocks: &[Line], per_block: usize, panel: &mut [Line]) {
    let (quads, _) = panel.as_chunks_mut::<LINES_PER_QUAD>();
    let (cells, _) = quads.as_chunks_mut::<4>();
    for (half, block) in blocks.chunks_exact(per_block).enumerate() {
        for (line, quads) in block.iter().zip(&mut *cells) {
            put_fields(load(line), half, quads);
        }
    }
}

/// Sixteen rows of sixteen cells are turned round at a time.
#[target_feature(enable = "avx512f,avx512bw")]
fn single_rows(rows: &[Line], per_row: usize, panel: &mut [Line]) {
    let (quads, _) = panel.as_chunks_mut::<LINES_PER_QUAD>();
    let (cells, _) = quads.as_chunks_mut::<4>();
    for (half, rows) in rows.chunks(16 * per_row).enumerate() {
        for (i, cells) in cells.chunks_mut(16).enumerate() {
            let mut square = [_mm512_setzero_si512(); 16];
            for (row, line) in square.iter_mut().zip(rows.chunks_exact(per_row)) {
                *row = load(&line[i]);
            }
            let columns = transposed(square);
            for (column, quads) in columns.into_iter().zip(cells) {
                put_fields(column, half, quads);
            }
        }
    }
}

/// Word `r` of result `c` is word `c` of row `r`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn transposed(rows: [__m512i; 16]) -> [__m512i; 16] {
    let mut pairs = rows;
    for i in 0..8 {
        pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    // Of four rows: word `4 lane + c` of each, side by side.
    let mut fours = pairs;
    for i in 0..4 {
        let [a, b, c, d] = [0, 1, 2, 3].map(|j| pairs[4 * i + j]);
        fours[4 * i] = _mm512_unpacklo_epi64(a, c);
        fours[4 * i + 1] = _mm512_unpackhi_epi64(a, c);
        fours[4 * i + 2] = _mm512_unpacklo_epi64(b, d);
        fours[4 * i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    let mut columns = fours;
    for c in 0..4 {
        let [a, b, e, f] = [0, 4, 8, 12].map(|j| fours[j + c]);
        let (ab_even, ab_odd) = (
            _mm512_shuffle_i32x4::<0x88>(a, b),
            _mm512_shuffle_i32x4::<0xdd>(a, b),
        );
        let (ef_even, ef_odd) = (
            _mm512_shuffle_i32x4::<0x88>(e, f),
            _mm512_shuffle_i32x4::<0xdd>(e, f),
        );
        columns[c] = _mm512_shuffle_i32x4::<0x88>(ab_even, ef_even);
        columns[4 + c] = _mm512_shuffle_i32x4::<0x88>(ab_odd, ef_odd);
        columns[8 + c] = _mm512_shuffle_i32x4::<0xdd>(ab_even, ef_even);
        columns[12 + c] = _mm512_shuffle_i32x4::<0xdd>(ab_odd, ef_odd);
    }
    columns
}

/// As [`crate::panel::panel_sums`].
pub(crate) fn panel_sums(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
    unsafe { tiles(panel, codes, stride, sums) }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn tiles(panel: &[Line], codes: &[i8], stride: usize, sums: &mut [[i32; PANEL_ROWS]]) {
    let (mut codes, mut sums) = (codes, sums);
    while !sums.is_empty() {
        let n = match sums.len() {
            12.. => tile::<12>(panel, codes, stride, sums),
            8.. => tile::<8>(panel, codes, stride, sums),
            6.. => tile::<6>(panel, codes, stride, sums),
            4.. => tile::<4>(panel, codes, stride, sums),
            2.. => tile::<2>(panel, codes, stride, sums),
            _ => tile::<1>(panel, codes, stride, sums),
        };
        sums = &mut sums[n..];
        codes = codes.get(n * stride..).unwrap_or_default();
    }
}

/// The first `N` tokens; returns `N`.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile<const N: usize>(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) -> usize {
    let (quads, _) = panel.as_chunks::<2>();
    let tokens: [&[[i8; 4]]; N] =
        std::array::from_fn(|t| &codes[t * stride..].as_chunks::<4>().0[..quads.len()]);
    let mut total = [[_mm512_setzero_si512(); 2]; N];
    for (i, [first, second]) in quads.iter().enumerate() {
        let (first, second) = (load(first), load(second));
        for t in 0..N {
            let activations = broadcast(tokens[t][i]);
            total[t][0] = _mm512_dpbusd_epi32(total[t][0], first, activations);
            total[t][1] = _mm512_dpbusd_epi32(total[t][1], second, activations);
        }
    }
    for (sums, total) in sums.iter_mut().zip(total) {
        let (halves, _) = sums.as_chunks_mut::<16>();
        for (half, total) in halves.iter_mut().zip(total) {
            // SAFETY: half a panel's sums are the 64 bytes written, at any alignment.
            unsafe { _mm512_storeu_si512(half.as_mut_ptr().cast(), total) };
        }
    }
    N
}
