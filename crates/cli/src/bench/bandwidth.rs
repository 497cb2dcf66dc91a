//! How fast this machine reads memory, now.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

/// Larger than any last-level cache, so that it is memory that is read.
const BYTES: usize = 1 << 29;
const WORDS: usize = BYTES / size_of::<u64>();
/// The best of so many passes counts: the others were disturbed.
const PASSES: usize = 3;

/// A buffer and the threads to read it with.
pub(crate) struct Bandwidth {
    words: Vec<u64>,
    threads: usize,
}

impl Bandwidth {
    pub(crate) fn new(threads: usize) -> Self {
        // Written, not only reserved: untouched pages would all be one page of zeros.
        let words = (0..WORDS as u64).collect();
        Self {
            words,
            threads: threads.max(1),
        }
    }

    /// Size of the buffer, which stays in memory.
    pub(crate) fn bytes(&self) -> u64 {
        BYTES as u64
    }

    /// Gigabytes (10^9) a second over the whole buffer, read once by all threads together.
    pub(crate) fn read_gb_s(&mut self) -> f64 {
        let share = self.words.len().div_ceil(self.threads);
        let best = (0..PASSES)
            .map(|_| {
                let started = Instant::now();
                thread::scope(|scope| {
                    for part in self.words.chunks(share) {
                        scope.spawn(move || black_box(sum(part)));
                    }
                });
                started.elapsed().as_secs_f64()
            })
            .fold(f64::INFINITY, f64::min);
        BYTES as f64 / best / 1e9
    }
}

/// Eight independent sums: enough additions in flight for the loads to be what is waited for.
fn sum(words: &[u64]) -> u64 {
    let mut lanes = [0u64; 8];
    let chunks = words.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, word) in lanes.iter_mut().zip(chunk) {
            *lane = lane.wrapping_add(*word);
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(0, |total, word| total.wrapping_add(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read() {
        let words: Vec<u64> = (0..1003).collect();
        assert_eq!(sum(&words), 1002 * 1003 / 2);
    }
}
