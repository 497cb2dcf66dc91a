//! AVX2 with FMA and F16C.

mod columns;
mod lanes;
mod panel;
mod peak;
mod planes;
mod ternary;

pub(crate) use crate::few::{few_columns, few_row_blocks, few_rows, few_tokens};
pub(crate) use crate::scalar::{select_nonzero, select_positive};
pub(crate) use columns::{column_sums, interleave_pair, unpack_columns};
pub(crate) use panel::{panel_sums, unpack_row_blocks, unpack_rows};
pub(crate) use peak::multiply_adds;
pub(crate) use planes::{low_sums, pack_planes, screen_sums};
pub(crate) use ternary::{row_block_sums, rows_sums};

use std::arch::x86_64::{
    __m128i, __m256i, _MM_HINT_T0, _MM_HINT_T1, _mm_add_epi32, _mm_prefetch, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_load_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_storeu_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32,
    _mm256_unpacklo_epi64,
};

use crate::float::{self, Element};
use crate::ternary::{BLOCK_ROWS, Line};
use half::f16;
use lanes::Avx2;

/// Whether this CPU has all three instruction sets.
pub(crate) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
}

/// A float kernel of this path: the shared source, compiled with this path's instructions.
macro_rules! avx2_kernel {
    ($(fn $name:ident $(<$e:ident>)? ($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {$(
        pub(crate) fn $name $(<$e: Element>)? ($($arg: $ty),*) $(-> $ret)? {
            #[target_feature(enable = "avx2,fma,f16c")]
            fn kernel $(<$e: Element>)? ($($arg: $ty),*) $(-> $ret)? {
                float::$name::<Avx2 $(, $e)?>($($arg),*)
            }
            // SAFETY: reached by `Isa::Avx2` and `Isa::AvxVnni` only, made where `is_supported` held.
            unsafe { kernel($($arg),*) }
        }
    )*};
}

float_kernels!(avx2_kernel);

/// The two halves of a line.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn load(line: &Line) -> [__m256i; 2] {
    let halves = line.bytes().as_ptr().cast::<__m256i>();
    // SAFETY: a line is 64 bytes at a multiple of 64, so both 32-byte halves are in it and aligned.
    unsafe { [_mm256_load_si256(halves), _mm256_load_si256(halves.add(1))] }
}

/// One half of the line at `line`.
///
/// # Safety
/// `line` must point at a line, and `half` be 0 or 1.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) unsafe fn load_half(line: *const Line, half: usize) -> __m256i {
    // SAFETY: a line is 64 bytes at a multiple of 64, so either 32-byte half is in it and aligned.
    unsafe { _mm256_load_si256(line.cast::<__m256i>().add(half)) }
}

/// Four activations, for every row.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn broadcast(quad: [i8; 4]) -> __m256i {
    _mm256_set1_epi32(i32::from_le_bytes(quad.map(i8::cast_unsigned)))
}

/// Adds products of unsigned codes and signed activations, two neighbours to an i16.
#[inline]
#[target_feature(enable = "avx2")]
fn add_products(run: __m256i, codes: __m256i, activations: __m256i) -> __m256i {
    _mm256_add_epi16(run, _mm256_maddubs_epi16(codes, activations))
}

/// Adds a run's i16 neighbours to the i32 sums.
#[inline]
#[target_feature(enable = "avx2")]
fn add_run(sums: __m256i, run: __m256i) -> __m256i {
    _mm256_add_epi32(sums, _mm256_madd_epi16(run, _mm256_set1_epi16(1)))
}

/// The sums of 16 rows.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn store(sums: [__m256i; 2]) -> [i32; BLOCK_ROWS] {
    let mut out = [0; BLOCK_ROWS];
    let halves = out.as_mut_ptr().cast::<__m256i>();
    // SAFETY: `out` is 64 bytes, two halves of 32 at any alignment.
    unsafe {
        _mm256_storeu_si256(halves, sums[0]);
        _mm256_storeu_si256(halves.add(1), sums[1]);
    }
    out
}

/// The sum of all lanes of each register.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn totals([a, b, c, d]: [__m256i; 4]) -> __m128i {
    let ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    let abcd = _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
    _mm_add_epi32(
        _mm256_castsi256_si128(abcd),
        _mm256_extracti128_si256::<1>(abcd),
    )
}

/// Asks for a line some way ahead. A hint: no address can fault.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn prefetch(line: *const Line) {
    _mm_prefetch::<_MM_HINT_T0>(line.cast());
}

/// Asks for a line of a single row or column, into the second cache: where others are left out between them memory
/// answers late, and more of these can be under way. A hint: no address can fault.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn prefetch_far(line: *const Line) {
    _mm_prefetch::<_MM_HINT_T1>(line.cast());
}
