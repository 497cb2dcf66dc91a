//! AVX-512 with VNNI: 64 products an instruction, added in 32 bits.

mod columns;
mod few;
mod lanes;
mod panel;
mod peak;
mod planes;
mod select;
mod ternary;

pub(crate) use columns::{column_sums, unpack_columns};
pub(crate) use few::{few_columns, few_row_blocks, few_rows, few_tokens};
pub(crate) use panel::{panel_sums, unpack_row_blocks, unpack_rows};
pub(crate) use peak::multiply_adds;
pub(crate) use planes::{low_sums, pack_planes, screen_sums};
pub(crate) use select::{select_nonzero, select_positive};
pub(crate) use ternary::{row_block_sums, rows_sums};

use std::arch::x86_64::{
    __m512i, _mm512_load_si512, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_setzero_si512,
};

use crate::float::{self, Element};
use crate::ternary::Line;
use half::f16;
use lanes::Avx512;

/// Whether this CPU has all instructions of this path.
pub(crate) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
}

/// A kernel of this path: the shared source, compiled with this path's instructions.
macro_rules! avx512_kernel {
    ($(fn $name:ident $(<$e:ident>)? ($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {$(
        pub(crate) fn $name $(<$e: Element>)? ($($arg: $ty),*) $(-> $ret)? {
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
            fn kernel $(<$e: Element>)? ($($arg: $ty),*) $(-> $ret)? {
                float::$name::<Avx512 $(, $e)?>($($arg),*)
            }
            // SAFETY: reached by `Isa::Avx512Vnni` only, which is made where `is_supported` held.
            unsafe { kernel($($arg),*) }
        }
    )*};
}

float_kernels!(avx512_kernel);

#[inline]
#[target_feature(enable = "avx512f")]
fn load(line: &Line) -> __m512i {
    // SAFETY: a line is 64 bytes at a multiple of 64.
    unsafe { _mm512_load_si512(line.bytes().as_ptr().cast()) }
}

/// Four activations, for every row.
#[inline]
#[target_feature(enable = "avx512f")]
fn broadcast(quad: [i8; 4]) -> __m512i {
    _mm512_set1_epi32(i32::from_le_bytes(quad.map(i8::cast_unsigned)))
}

/// Each byte in all lanes of a register. (`map` of an array is a call here.)
#[inline]
#[target_feature(enable = "avx512f")]
fn spread<const N: usize>(bytes: [i8; N]) -> [__m512i; N] {
    let mut lanes = [_mm512_setzero_si512(); N];
    for (lanes, byte) in lanes.iter_mut().zip(bytes) {
        *lanes = _mm512_set1_epi8(byte);
    }
    lanes
}
