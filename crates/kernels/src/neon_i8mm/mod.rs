//! NEON with its 8-bit matrix product, for batches; one token at a time, all is as in [`crate::neon_dotprod`].

mod panel;
mod peak;

pub(crate) use crate::few::{few_columns, few_row_blocks, few_rows, few_tokens};
pub(crate) use crate::neon_dotprod::{
    column_sums, low_sums, pack_planes, row_block_sums, rows_sums, screen_sums,
};
pub(crate) use crate::scalar::{select_nonzero, select_positive};
pub(crate) use panel::{panel_sums, unpack_columns, unpack_row_blocks, unpack_rows};
pub(crate) use peak::multiply_adds;

use std::arch::is_aarch64_feature_detected;

/// The float kernels of plain NEON.
macro_rules! neon_kernels {
    ($(fn $name:ident $(<$e:ident>)? ($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        pub(crate) use crate::neon::{$($name),*};
    };
}

float_kernels!(neon_kernels);

/// Whether this CPU has the instructions of this path.
pub(crate) fn is_supported() -> bool {
    crate::neon_dotprod::is_supported() && is_aarch64_feature_detected!("i8mm")
}
