//! Memory for the weights of one model.

use bytes::BytesMut;

use super::map::want_large_pages;
use crate::LoadError;

/// Where pieces begin: a cache line.
const ALIGNMENT: usize = 64;
/// Where the whole begins: a large page, so that the pages fit.
const LARGE_PAGE: usize = 2 << 20;

/// One reservation for a whole model, given out piece by piece. What is never given out or written takes no memory.
#[derive(Debug)]
pub(crate) struct WeightMemory {
    place: String,
    rest: BytesMut,
}

impl WeightMemory {
    /// Room for pieces of `bytes` together; `pieces` is how many there are.
    ///
    /// # Errors
    /// When the system has not that much; `place` is the model it is for.
    pub(crate) fn new(place: &str, bytes: u64, pieces: usize) -> Result<Self, LoadError> {
        let too_large = || LoadError::OutOfMemory {
            file: place.to_owned(),
            needed: bytes,
        };
        let with_gaps = usize::try_from(bytes)
            .ok()
            .and_then(|bytes| bytes.checked_add(pieces.checked_mul(ALIGNMENT)?))
            .ok_or_else(too_large)?;
        let slack = if with_gaps < LARGE_PAGE {
            ALIGNMENT
        } else {
            LARGE_PAGE
        };
        let all = with_gaps.checked_add(slack).ok_or_else(too_large)?;
        // `zeroed` would end the process where this gives an error.
        Vec::<u8>::new()
            .try_reserve_exact(all)
            .map_err(|_| too_large())?;
        let mut rest = BytesMut::zeroed(all);
        let gap = rest.as_ptr().align_offset(slack).min(slack);
        let _ = rest.split_to(gap);
        if with_gaps >= LARGE_PAGE {
            want_large_pages(&mut rest);
        }
        Ok(Self {
            place: place.to_owned(),
            rest,
        })
    }

    /// The next `bytes`, all zero, from a multiple of 64 on.
    ///
    /// # Errors
    /// When more is taken than was asked for at first: tensors of the file share their bytes.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<BytesMut, LoadError> {
        let whole = bytes.next_multiple_of(ALIGNMENT);
        if whole > self.rest.len() {
            let problem = "need more memory than all bytes of the file can fill";
            return Err(LoadError::invalid(&self.place, "its tensors", problem));
        }
        let mut piece = self.rest.split_to(whole);
        piece.truncate(bytes);
        Ok(piece)
    }
}

/// Memory as weights lie in, all zero and from a multiple of 64 on: to measure how fast such memory is read.
///
/// # Errors
/// When the system has not that much.
pub fn memory_like_weights(bytes: usize) -> Result<BytesMut, LoadError> {
    WeightMemory::new("The measurement", bytes as u64, 1)?.take(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_aligned_apart_and_zero() {
        for bytes in [100, 5 << 20] {
            let mut memory = WeightMemory::new("a test", 3 * bytes, 3).expect("memory");
            let mut pieces: Vec<BytesMut> = (0..3)
                .map(|_| memory.take(bytes as usize).expect("a piece"))
                .collect();
            memory
                .take(LARGE_PAGE + 1024)
                .expect_err("more than there is");
            for (i, piece) in pieces.iter_mut().enumerate() {
                assert_eq!(piece.as_ptr().align_offset(ALIGNMENT), 0);
                assert!(piece.iter().all(|&byte| byte == 0), "piece {i}");
                piece.fill(i as u8 + 1);
            }
            for (i, piece) in pieces.iter().enumerate() {
                assert!(piece.iter().all(|&byte| byte == i as u8 + 1), "piece {i}");
            }
        }
    }

    #[test]
    fn more_memory_than_there_is_gives_an_error() {
        let error = WeightMemory::new("a test", u64::MAX / 2, 1).expect_err("too much");
        assert!(matches!(error, LoadError::OutOfMemory { .. }), "{error}");
    }
}
