//! AVX-VNNI: 32 products an instruction, added in 32 bits. Everything without such products is the AVX2 path's own.
//!
//! The kernels are written once over [`Dot`] and compiled for this path's instruction. AVX-512 has the same one in
//! another encoding; tests compile them for that too, so that they also run on CPUs without AVX-VNNI.

mod columns;
mod panel;
mod peak;
mod planes;
mod ternary;
#[cfg(test)]
mod tests;

pub(crate) use crate::avx2::{pack_planes, unpack_columns, unpack_row_blocks, unpack_rows};
pub(crate) use crate::few::{few_columns, few_row_blocks, few_rows, few_tokens};
pub(crate) use crate::scalar::{select_nonzero, select_positive};

use std::arch::x86_64::{__m256i, _mm256_dpbusd_avx_epi32};

use crate::ternary::{BLOCK_ROWS, Line, PANEL_ROWS};

/// Whether this CPU has all instructions of this path, and those of [`crate::avx2`].
pub(crate) fn is_supported() -> bool {
    crate::avx2::is_supported() && is_x86_feature_detected!("avxvnni")
}

/// The float kernels.
macro_rules! from_avx2 {
    ($(fn $name:ident $(<$e:ident>)? ($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        pub(crate) use crate::avx2::{$($name),*};
    };
}

float_kernels!(from_avx2);

/// `vpdpbusd` on 256 bits, in either encoding.
trait Dot {
    /// Adds four products of unsigned codes and signed activations to each i32. For functions that enable the
    /// instruction only.
    fn dot(sum: __m256i, codes: __m256i, activations: __m256i) -> __m256i;
}

/// The encoding of AVX-VNNI.
struct Vex;

impl Dot for Vex {
    #[inline(always)]
    fn dot(sum: __m256i, codes: __m256i, activations: __m256i) -> __m256i {
        // SAFETY: the callers enable AVX-VNNI, which was detected.
        unsafe { _mm256_dpbusd_avx_epi32(sum, codes, activations) }
    }
}

/// Every kernel with its arguments, compiled for one encoding.
macro_rules! instance {
    ($features:literal, $dot:ty) => {
        instance! { $features, $dot,
            fn row_block_sums of ternary(lines: &[Line], codes: &[i8]) -> [i32; BLOCK_ROWS];
            fn rows_sums of ternary(
                lines: &[Line], per_row: usize, rows: &[u32], codes: &[i8], out: &mut [i32]
            );
            fn column_sums of columns(
                lines: &[Line], per_column: usize, columns: &[u32], codes: &[i8], sums: &mut [i32]
            );
            fn panel_sums of panel(
                panel: &[Line], codes: &[i8], stride: usize, sums: &mut [[i32; PANEL_ROWS]]
            );
            fn screen_sums of planes(
                lines: &[Line], upper: &[i8], lower: &[i8]
            ) -> [[i32; BLOCK_ROWS]; 2];
            fn low_sums of planes(lines: &[Line], upper: &[i8], lower: &[i8]) -> [i32; 2];
            fn multiply_adds of peak(count: u64) -> u64;
        }
    };
    ($features:literal, $dot:ty,
        $(fn $name:ident of $module:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {$(
        /// As the scalar path's function of this name.
        pub(crate) fn $name($($arg: $ty),*) $(-> $ret)? {
            #[target_feature(enable = $features)]
            fn kernel($($arg: $ty),*) $(-> $ret)? {
                $module::$name::<$dot>($($arg),*)
            }
            // SAFETY: reached by `Isa::AvxVnni`, made where `is_supported` held, or by a test after detection.
            unsafe { kernel($($arg),*) }
        }
    )*};
}
#[cfg(test)]
use instance;

instance!("avx2,avxvnni", Vex);
