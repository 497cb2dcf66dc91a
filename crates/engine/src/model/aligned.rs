//! Memory for large tables.

use std::ops::{Deref, DerefMut, Range};

/// Where tables begin: no vector of their numbers lies across two cache lines.
const ALIGNMENT: usize = 64;

/// Numbers that begin at a multiple of 64 bytes.
#[derive(Debug)]
pub(crate) struct Aligned<T> {
    /// With padding before and after.
    all: Vec<T>,
    range: Range<usize>,
}

impl<T: Copy + Default> Aligned<T> {
    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let most = ALIGNMENT / size_of::<T>();
        // Zeros that the system gives: no page is touched before it is written.
        let all = vec![T::default(); len + most];
        let start = all.as_ptr().align_offset(ALIGNMENT).min(most);
        Self {
            all,
            range: start..start + len,
        }
    }
}

impl<T> Aligned<T> {
    /// Bytes of the numbers.
    pub(crate) fn bytes(&self) -> usize {
        self.range.len() * size_of::<T>()
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[self.range.clone()]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.all[self.range.clone()]
    }
}
