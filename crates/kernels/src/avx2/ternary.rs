//! Sums of stored codes times activations, 32 products an instruction.
//!
//! `maddubs` multiplies unsigned codes (0 to 2) by signed activations and adds neighbours into an
//! i16: a term of at most 2 * 2 * 127 = 508 and at least 2 * 2 * -128 = -512. Sixty-four terms, at most
//! 32,512 and at least -32,768, fit an i16, so that many may be added before widening to i32. A line
//! brings four terms to each accumulator: 16 lines (256 columns) are one run.

use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi16, _mm256_add_epi32, _mm256_and_si256,
    _mm256_load_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_srai_epi16,
    _mm256_srli_epi16, _mm256_store_si256,
};

use crate::ternary::{BLOCK_COLS, BLOCK_ROWS, Line};

/// Bit fields of a byte, each spanning [`FIELD_COLS`] columns of a line.
const FIELDS: usize = 4;
const FIELD_COLS: usize = BLOCK_COLS / FIELDS;
/// Lines whose terms an i16 holds.
const RUN_LINES: usize = 64 / FIELDS;
const RUN_COLS: usize = RUN_LINES * BLOCK_COLS;
/// Lines whose terms an i16 holds at four times their value: a line brings two such terms, and 16 of them
/// are at most 16 * 4 * 508 = 32,512 and at least 16 * 4 * -512 = -32,768.
const SHORT_RUN_LINES: usize = 16 / 2;
const SHORT_RUN_COLS: usize = SHORT_RUN_LINES * BLOCK_COLS;
/// Tokens whose accumulators fit the registers.
const TOKEN_TILE: usize = 4;
/// How far ahead of the sums the weights are fetched, 6 KiB: measured; a quarter of it costs a sixth of
/// the speed from memory, more of it only wastes reads at the end of a thread's share.
const PREFETCH_LINES: usize = 96;

/// The 16 rows of a line, or their sums, in two registers.
type Rows = [__m256i; 2];

/// As [`crate::scalar::row_block_sums`].
pub(crate) fn row_block_sums(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { matvec_block(lines, codes) }
}

/// As [`crate::scalar::row_block_sums_many`].
pub(crate) fn row_block_sums_many(lines: &[Line], codes: &[i8], sums: &mut [[i32; BLOCK_ROWS]]) {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { matmul_block(lines, codes, sums) }
}

/// Reads a line with one shift: fields 1 and 3 stay at four times their value, in sums of their own,
/// which are multiples of four and are divided when the short run ends.
#[target_feature(enable = "avx2")]
fn matvec_block(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS] {
    let (mask, mask_times_4) = (_mm256_set1_epi8(0b0011), _mm256_set1_epi8(0b1100));
    let mut sums = [_mm256_setzero_si256(); 2];
    let runs = lines.chunks(SHORT_RUN_LINES);
    for (lines, codes) in runs.zip(codes.chunks(SHORT_RUN_COLS)) {
        let mut run = [_mm256_setzero_si256(); 2];
        let mut run_times_4 = [_mm256_setzero_si256(); 2];
        for (line, codes) in lines.iter().zip(codes.as_chunks::<BLOCK_COLS>().0) {
            prefetch_after(line);
            let quads = codes.as_chunks::<FIELD_COLS>().0;
            let low = load(line);
            let high = [
                _mm256_srli_epi16::<4>(low[0]),
                _mm256_srli_epi16::<4>(low[1]),
            ];
            run = add_products(run, and(low, mask), broadcast(&quads[0]));
            run_times_4 = add_products(run_times_4, and(low, mask_times_4), broadcast(&quads[1]));
            run = add_products(run, and(high, mask), broadcast(&quads[2]));
            run_times_4 = add_products(run_times_4, and(high, mask_times_4), broadcast(&quads[3]));
        }
        // At most 32 terms of 508 in all: the sum of the two stays inside an i16.
        for (run, times_4) in run.iter_mut().zip(run_times_4) {
            *run = _mm256_add_epi16(*run, _mm256_srai_epi16::<2>(times_4));
        }
        sums = add_run(sums, run);
    }
    store(sums)
}

/// Unpacks a run once for all tokens, which then go through in tiles; tokens left over go one by one.
#[target_feature(enable = "avx2")]
fn matmul_block(lines: &[Line], codes: &[i8], sums: &mut [[i32; BLOCK_ROWS]]) {
    let width = lines.len() * BLOCK_COLS;
    let (tiles, tail) = sums.as_chunks_mut::<TOKEN_TILE>();
    let (tile_codes, tail_codes) = codes.split_at(tiles.len() * TOKEN_TILE * width);
    for (sums, codes) in tail.iter_mut().zip(tail_codes.chunks_exact(width.max(1))) {
        *sums = matvec_block(lines, codes);
    }
    if tiles.is_empty() {
        return;
    }
    tiles.fill([[0; BLOCK_ROWS]; TOKEN_TILE]);
    let mut unpacked = [[_mm256_setzero_si256(); 2]; RUN_LINES * FIELDS];
    for (run, lines) in lines.chunks(RUN_LINES).enumerate() {
        let unpacked = &mut unpacked[..lines.len() * FIELDS];
        for (unpacked, line) in unpacked.chunks_exact_mut(FIELDS).zip(lines) {
            let stored = load(line);
            for (field, rows) in unpacked.iter_mut().enumerate() {
                *rows = unpack(stored, field);
            }
        }
        let cols = run * RUN_COLS..run * RUN_COLS + lines.len() * BLOCK_COLS;
        for (i, sums) in tiles.iter_mut().enumerate() {
            let token = |t: usize| &tile_codes[(i * TOKEN_TILE + t) * width..][cols.clone()];
            add_tokens(unpacked, [token(0), token(1), token(2), token(3)], sums);
        }
    }
}

/// Adds one run of unpacked fields times a tile of tokens to the tokens' sums.
#[inline]
#[target_feature(enable = "avx2")]
fn add_tokens(
    fields: &[Rows],
    tokens: [&[i8]; TOKEN_TILE],
    sums: &mut [[i32; BLOCK_ROWS]; TOKEN_TILE],
) {
    let [a, b, c, d] = tokens.map(|codes| codes.as_chunks::<FIELD_COLS>().0);
    let mut runs = [[_mm256_setzero_si256(); 2]; TOKEN_TILE];
    for ((((rows, a), b), c), d) in fields.iter().zip(a).zip(b).zip(c).zip(d) {
        runs[0] = add_products(runs[0], *rows, broadcast(a));
        runs[1] = add_products(runs[1], *rows, broadcast(b));
        runs[2] = add_products(runs[2], *rows, broadcast(c));
        runs[3] = add_products(runs[3], *rows, broadcast(d));
    }
    for (sums, run) in sums.iter_mut().zip(runs) {
        let run = store(add_run([_mm256_setzero_si256(); 2], run));
        for (sum, run) in sums.iter_mut().zip(run) {
            *sum += run;
        }
    }
}

/// Codes of one bit field, a byte each.
#[inline]
#[target_feature(enable = "avx2")]
fn unpack(stored: Rows, field: usize) -> Rows {
    let [low, high] = stored;
    let shifted = match field {
        0 => [low, high],
        1 => [_mm256_srli_epi16::<2>(low), _mm256_srli_epi16::<2>(high)],
        2 => [_mm256_srli_epi16::<4>(low), _mm256_srli_epi16::<4>(high)],
        _ => [_mm256_srli_epi16::<6>(low), _mm256_srli_epi16::<6>(high)],
    };
    and(shifted, _mm256_set1_epi8(0b0011))
}

#[inline]
#[target_feature(enable = "avx2")]
fn and(rows: Rows, mask: __m256i) -> Rows {
    [
        _mm256_and_si256(rows[0], mask),
        _mm256_and_si256(rows[1], mask),
    ]
}

/// Adds the products of four columns, two to an i16.
#[inline]
#[target_feature(enable = "avx2")]
fn add_products(run: Rows, rows: Rows, quad: __m256i) -> Rows {
    [
        _mm256_add_epi16(run[0], _mm256_maddubs_epi16(rows[0], quad)),
        _mm256_add_epi16(run[1], _mm256_maddubs_epi16(rows[1], quad)),
    ]
}

/// Adds a run's i16 pairs to the i32 sums of their rows.
#[inline]
#[target_feature(enable = "avx2")]
fn add_run(sums: Rows, run: Rows) -> Rows {
    let ones = _mm256_set1_epi16(1);
    [
        _mm256_add_epi32(sums[0], _mm256_madd_epi16(run[0], ones)),
        _mm256_add_epi32(sums[1], _mm256_madd_epi16(run[1], ones)),
    ]
}

/// The activations of four columns, for every row.
#[inline]
#[target_feature(enable = "avx2")]
fn broadcast(quad: &[i8; FIELD_COLS]) -> __m256i {
    _mm256_set1_epi32(i32::from_le_bytes(quad.map(|code| code as u8)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(line: &Line) -> Rows {
    let halves = line.bytes().as_ptr().cast::<__m256i>();
    // SAFETY: a line is 64 bytes at a multiple of 64, so both 32-byte halves are in it and aligned.
    unsafe { [_mm256_load_si256(halves), _mm256_load_si256(halves.add(1))] }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(sums: Rows) -> [i32; BLOCK_ROWS] {
    #[repr(C, align(32))]
    struct Aligned([i32; BLOCK_ROWS]);
    let mut out = Aligned([0; BLOCK_ROWS]);
    let halves = out.0.as_mut_ptr().cast::<__m256i>();
    // SAFETY: `out` is 64 bytes at a multiple of 32, so both 32-byte halves are in it and aligned.
    unsafe {
        _mm256_store_si256(halves, sums[0]);
        _mm256_store_si256(halves.add(1), sums[1]);
    }
    out.0
}

/// Asks for a line some way ahead, often in the next row block. A hint: no address can fault.
#[inline]
#[target_feature(enable = "avx2")]
fn prefetch_after(line: &Line) {
    let ahead = std::ptr::from_ref(line).wrapping_add(PREFETCH_LINES);
    _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
}
