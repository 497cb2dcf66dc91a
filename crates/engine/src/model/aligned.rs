//! Memory for large tables.

use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

use bytemuck::Pod;
use bytes::BytesMut;

use crate::{LoadError, weights::memory::WeightMemory};

/// Numbers that begin at a multiple of 64 bytes, in large pages where the system has them: no vector of them lies across
/// two cache lines.
#[derive(Debug)]
pub(crate) struct Aligned<T> {
    bytes: BytesMut,
    number: PhantomData<T>,
}

impl<T: Pod> Aligned<T> {
    /// `len` zeros that the system gives: no page is touched before it is written. `place` is what errors call the
    /// model they are for.
    pub(crate) fn zeros(place: &str, len: usize) -> Result<Self, LoadError> {
        let bytes = len.saturating_mul(size_of::<T>());
        Ok(Self {
            bytes: WeightMemory::new(place, bytes as u64, 1)?.take(bytes)?,
            number: PhantomData,
        })
    }

    /// Bytes of the numbers.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl<T: Pod> Deref for Aligned<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.bytes)
    }
}

impl<T: Pod> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.bytes)
    }
}
