//! Which elements count: numbers of those that are positive, or not zero.

use crate::Isa;

/// Writes the numbers of the elements of `x` that are positive, or no number at all, to the front of `numbers`, in
/// order; returns how many there are.
///
/// # Panics
/// When `numbers` is shorter than `x`.
pub fn select_positive(isa: Isa, x: &[f32], numbers: &mut [u32]) -> usize {
    assert!(numbers.len() >= x.len(), "room for every number");
    dispatch!(isa, select_positive(x, numbers))
}

/// Likewise of the codes that are not 0.
///
/// # Panics
/// When `numbers` is shorter than `codes`.
pub fn select_nonzero(isa: Isa, codes: &[i8], numbers: &mut [u32]) -> usize {
    assert!(numbers.len() >= codes.len(), "room for every number");
    dispatch!(isa, select_nonzero(codes, numbers))
}

/// As [`select_positive`].
#[inline(always)]
pub(crate) fn select_positive_plain(x: &[f32], numbers: &mut [u32]) -> usize {
    let mut n = 0;
    for (i, &x) in x.iter().enumerate() {
        numbers[n] = i as u32;
        // A NaN stays visible.
        n += usize::from(x > 0.0 || x.is_nan());
    }
    n
}

/// As [`select_nonzero`].
#[inline(always)]
pub(crate) fn select_nonzero_plain(codes: &[i8], numbers: &mut [u32]) -> usize {
    let mut n = 0;
    for (i, &code) in codes.iter().enumerate() {
        numbers[n] = i as u32;
        n += usize::from(code != 0);
    }
    n
}
