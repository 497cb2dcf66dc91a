//! The plain path: the oracle of every other one.
//!
//! Written to be read. No path may differ from it by a bit.

mod ternary;

pub(crate) use crate::few::{few_columns, few_row_blocks, few_rows, few_tokens};
pub(crate) use crate::panel::{panel_sums, unpack_columns, unpack_row_blocks, unpack_rows};
pub(crate) use crate::peak::multiply_adds_plain as multiply_adds;
pub(crate) use crate::planes::{
    low_sums_plain as low_sums, pack_planes_plain as pack_planes, screen_sums_plain as screen_sums,
};
pub(crate) use crate::select::{
    select_nonzero_plain as select_nonzero, select_positive_plain as select_positive,
};
pub(crate) use ternary::{column_sums, row_block_sums, rows_sums};

use crate::float::{self, Element, Portable};
use half::f16;

/// A float kernel of this path: the shared source, compiled for any CPU.
macro_rules! scalar_kernel {
    ($(fn $name:ident $(<$e:ident>)? ($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {$(
        pub(crate) fn $name $(<$e: Element>)? ($($arg: $ty),*) $(-> $ret)? {
            float::$name::<Portable $(, $e)?>($($arg),*)
        }
    )*};
}

float_kernels!(scalar_kernel);
