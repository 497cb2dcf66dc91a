//! How fast this machine reads memory, now.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use bytes::BytesMut;
use tern_engine::{LoadError, memory_like_weights};

/// Larger than any last-level cache, and read from end to end, so that it is memory that is read.
const BYTES: usize = 1 << 29;
/// What a thread takes at a time. A thread that something else keeps from its core takes fewer, as in the engine.
const PIECE: usize = 1 << 20;
/// The best of so many passes counts: the others were disturbed. (Without optimisation the figure means nothing.)
const PASSES: usize = if cfg!(debug_assertions) { 1 } else { 8 };
/// Independent sums: enough additions in flight for the loads to be what is waited for.
const LANES: usize = 16;

/// A buffer and the threads to read it with.
pub(crate) struct Bandwidth {
    /// In pages as large as those of weights: small ones read about a fifth slower, and would flatter what is measured
    /// against them.
    memory: BytesMut,
    threads: usize,
}

impl Bandwidth {
    /// # Errors
    /// When there is no memory for the buffer.
    pub(crate) fn new(threads: usize) -> Result<Self, LoadError> {
        let mut memory = memory_like_weights(BYTES)?;
        // Written, not only reserved: untouched pages would all be one page of zeros.
        memory.fill(1);
        let threads = threads.max(1);
        Ok(Self { memory, threads })
    }

    /// Size of the buffer, which stays in memory.
    pub(crate) fn bytes(&self) -> u64 {
        BYTES as u64
    }

    /// Gigabytes (10^9) a second over the whole buffer, read once by all threads together.
    pub(crate) fn read_gb_s(&self) -> f64 {
        let best = (0..PASSES)
            .map(|_| {
                let next = AtomicUsize::new(0);
                let started = Instant::now();
                thread::scope(|scope| {
                    for _ in 0..self.threads {
                        scope.spawn(|| black_box(read_pieces(&self.memory, &next)));
                    }
                });
                started.elapsed().as_secs_f64()
            })
            .fold(f64::INFINITY, f64::min);
        BYTES as f64 / best / 1e9
    }
}

/// Reads piece after piece until all are taken, and sums up what it took.
fn read_pieces(memory: &[u8], next: &AtomicUsize) -> u64 {
    let (pieces, _) = memory.as_chunks::<PIECE>();
    std::iter::from_fn(|| pieces.get(next.fetch_add(1, Ordering::Relaxed)))
        .map(|piece| sum(piece))
        .fold(0, u64::wrapping_add)
}

/// The sum of all words of eight bytes.
fn sum(bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    let (chunks, rest) = words.as_chunks::<LANES>();
    let mut lanes = [0_u64; LANES];
    for chunk in chunks {
        for (lane, word) in lanes.iter_mut().zip(chunk) {
            *lane = lane.wrapping_add(u64::from_ne_bytes(*word));
        }
    }
    let rest = rest.iter().map(|word| u64::from_ne_bytes(*word));
    lanes.into_iter().chain(rest).fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read() {
        let bytes: Vec<u8> = (0..1003_u64).flat_map(u64::to_ne_bytes).collect();
        assert_eq!(sum(&bytes), 1002 * 1003 / 2);
    }

    #[test]
    fn threads_that_share_the_pieces_read_each_of_them_once() {
        let memory = vec![1; 5 * PIECE];
        let next = AtomicUsize::new(0);
        let total: u64 = thread::scope(|scope| {
            let readers = [(); 3].map(|()| scope.spawn(|| read_pieces(&memory, &next)));
            readers
                .map(|reader| reader.join().expect("reads"))
                .iter()
                .sum()
        });
        assert_eq!(total, sum(&memory));
    }
}
