//! AVX2 with FMA and F16C.

mod lanes;
mod ternary;

pub(crate) use ternary::{row_block_sums, row_block_sums_many};

use crate::float::{self, Element};
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
            // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
            unsafe { kernel($($arg),*) }
        }
    )*};
}

float_kernels!(avx2_kernel);
