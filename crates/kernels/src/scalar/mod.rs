//! The plain path: the oracle of every other one.
//!
//! Written to be read. No path may differ from it by a bit.

mod ternary;

pub(crate) use ternary::{row_block_sums, row_block_sums_many};

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
