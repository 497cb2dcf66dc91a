//! NEON as every 64-bit ARM CPU has it; also what the paths named after more of its instructions share.

mod columns;
mod lanes;
mod panel;
mod peak;
mod planes;
mod ternary;
mod unpack;

pub(crate) use crate::few::{few_columns, few_row_blocks, few_rows, few_tokens};
pub(crate) use crate::planes::pack_planes_plain as pack_planes;
pub(crate) use crate::scalar::{select_nonzero, select_positive};
pub(crate) use columns::{FourLines, column_sums, interleave, sums_of_line};
pub(crate) use panel::{panel_sums, unpack_columns, unpack_row_blocks, unpack_rows};
pub(crate) use peak::{multiply_adds, multiply_adds_by};
pub(crate) use planes::{low_sums, screen_sums};
pub(crate) use ternary::{row_block_sums, rows_sums, totals};
pub(crate) use unpack::{Layout, columns_to, row_blocks_to, rows_to};

use std::arch::aarch64::{
    int8x16_t, int32x4_t, uint8x16_t, vdupq_n_s32, vld1q_s8, vld1q_s32, vld1q_u8,
    vreinterpretq_s8_s32, vst1q_s32, vst1q_u8,
};
use std::arch::{asm, is_aarch64_feature_detected};

use crate::float::{self, Element};
use crate::ternary::Line;
use half::f16;
use lanes::Neon;

/// Whether this CPU has the instructions of this path.
pub(crate) fn is_supported() -> bool {
    is_aarch64_feature_detected!("neon")
}

/// A float kernel of this path: the shared source, compiled with this path's instructions.
macro_rules! neon_kernel {
    ($(fn $name:ident $(<$e:ident>)? ($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {$(
        pub(crate) fn $name $(<$e: Element>)? ($($arg: $ty),*) $(-> $ret)? {
            #[target_feature(enable = "neon")]
            fn kernel $(<$e: Element>)? ($($arg: $ty),*) $(-> $ret)? {
                float::$name::<Neon $(, $e)?>($($arg),*)
            }
            // SAFETY: reached by a NEON variant of `Isa` only, made where `is_supported` held.
            unsafe { kernel($($arg),*) }
        }
    )*};
}

float_kernels!(neon_kernel);

/// How far ahead of the sums a stream of lines is fetched.
pub(crate) const PREFETCH_LINES: usize = 96;

/// Asks for memory that is read soon. A hint: no address can fault.
#[inline(always)]
pub(crate) fn prefetch<T>(ahead: *const T) {
    // SAFETY: a prefetch changes no register and no memory, and cannot fault, whatever the address.
    unsafe {
        asm!("prfm pldl1keep, [{0}]", in(reg) ahead.addr(), options(nomem, nostack, preserves_flags));
    }
}

/// The four registers of a line.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn load_line(line: &Line) -> [uint8x16_t; 4] {
    let parts: &[[u8; 16]; 4] = bytemuck::cast_ref(line.bytes());
    [
        load(&parts[0]),
        load(&parts[1]),
        load(&parts[2]),
        load(&parts[3]),
    ]
}

/// Register `part` (0 to 3) of a line.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn load_part(line: &Line, part: usize) -> uint8x16_t {
    let parts: &[[u8; 16]; 4] = bytemuck::cast_ref(line.bytes());
    load(&parts[part])
}

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: `bytes` is the 16 bytes read, at any alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// Writes register `part` (0 to 3) of a line.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn store_part(line: &mut Line, part: usize, bytes: uint8x16_t) {
    let parts: &mut [[u8; 16]; 4] = bytemuck::cast_mut(line.bytes_mut());
    // SAFETY: a part is the 16 bytes written, at any alignment.
    unsafe { vst1q_u8(parts[part].as_mut_ptr(), bytes) }
}

/// Sixteen activations.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn load_codes(codes: &[i8; 16]) -> int8x16_t {
    // SAFETY: `codes` is the 16 bytes read, at any alignment.
    unsafe { vld1q_s8(codes.as_ptr()) }
}

/// Four activations, for every row.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn broadcast(quad: [i8; 4]) -> int8x16_t {
    vreinterpretq_s8_s32(vdupq_n_s32(i32::from_le_bytes(quad.map(i8::cast_unsigned))))
}

#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn load_sums(sums: &[i32; 4]) -> int32x4_t {
    // SAFETY: `sums` is the 16 bytes read, at any alignment.
    unsafe { vld1q_s32(sums.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn store_sums(out: &mut [i32; 4], sums: int32x4_t) {
    // SAFETY: `out` is the 16 bytes written, at any alignment.
    unsafe { vst1q_s32(out.as_mut_ptr(), sums) }
}

/// Sums of 16 rows from four registers.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn sixteen(sums: [int32x4_t; 4]) -> [i32; 16] {
    let mut out = [0; 16];
    let (fours, _) = out.as_chunks_mut::<4>();
    for (out, sums) in fours.iter_mut().zip(sums) {
        store_sums(out, sums);
    }
    out
}
