//! NEON with its dot product: sixteen products an instruction, added in 32 bits.
//!
//! `sdot` multiplies signed bytes. Bit fields are masked where they lie as long as they stay positive there: a code
//! counts 1, 4 or 16 times. The last field is shifted down.

mod columns;
mod panel;
mod peak;
mod planes;
mod ternary;

pub(crate) use crate::few::{few_columns, few_row_blocks, few_rows, few_tokens};
pub(crate) use crate::neon::{pack_planes, unpack_columns, unpack_row_blocks, unpack_rows};
pub(crate) use crate::scalar::{select_nonzero, select_positive};
pub(crate) use columns::column_sums;
pub(crate) use panel::panel_sums;
pub(crate) use peak::multiply_adds;
pub(crate) use planes::{low_sums, screen_sums};
pub(crate) use ternary::{row_block_sums, rows_sums};

use std::arch::aarch64::{int8x16_t, int32x4_t, uint8x16_t, vandq_u8, vdupq_n_u8, vshrq_n_u8};
use std::arch::{asm, is_aarch64_feature_detected};

/// The float kernels of plain NEON.
macro_rules! neon_kernels {
    ($(fn $name:ident $(<$e:ident>)? ($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        pub(crate) use crate::neon::{$($name),*};
    };
}

float_kernels!(neon_kernels);

/// Whether this CPU has the instructions of this path.
pub(crate) fn is_supported() -> bool {
    crate::neon::is_supported() && is_aarch64_feature_detected!("dotprod")
}

/// Adds to each lane four products: bytes of `codes`, below 128, and of `activations`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn sdot(sums: int32x4_t, codes: uint8x16_t, activations: int8x16_t) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the instruction is enabled here, and reads and writes these registers alone.
    unsafe {
        asm!(
            "sdot {0:v}.4s, {1:v}.16b, {2:v}.16b",
            inout(vreg) sums, in(vreg) codes, in(vreg) activations,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// As [`sdot`], with activations `4 QUAD .. 4 QUAD + 4` for every lane.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn sdot_quad<const QUAD: usize>(
    sums: int32x4_t,
    codes: uint8x16_t,
    activations: int8x16_t,
) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the instruction is enabled here, and reads and writes these registers alone; `QUAD` is below 4, or it
    // does not assemble.
    unsafe {
        asm!(
            "sdot {0:v}.4s, {1:v}.16b, {2:v}.4b[{quad}]",
            inout(vreg) sums, in(vreg) codes, in(vreg) activations, quad = const QUAD,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// The bit fields of each byte; codes count 1, 4, 16 times, and once.
#[inline]
#[target_feature(enable = "neon")]
fn fields(bytes: uint8x16_t) -> [uint8x16_t; 4] {
    [
        vandq_u8(bytes, vdupq_n_u8(0x03)),
        vandq_u8(bytes, vdupq_n_u8(0x0c)),
        vandq_u8(bytes, vdupq_n_u8(0x30)),
        vshrq_n_u8::<6>(bytes),
    ]
}

/// The nibbles of each byte.
#[inline]
#[target_feature(enable = "neon")]
fn nibbles(bytes: uint8x16_t) -> [uint8x16_t; 2] {
    [vandq_u8(bytes, vdupq_n_u8(15)), vshrq_n_u8::<4>(bytes)]
}
