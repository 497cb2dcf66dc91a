//! How many int8 multiply-adds this machine does, now: a loop over registers alone.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use tern_engine::{Isa, multiply_adds};

/// Multiply-adds of one try on one thread: a few milliseconds on a fast path.
const TRY: u64 = 1 << 30;
/// The best of so many tries counts: the others were disturbed.
const TRIES: usize = 4;

/// 10^9 multiply-adds a second by all threads together, as the path `isa` does them.
pub(crate) fn int8_gmac_s(isa: Isa, threads: usize) -> f64 {
    // A path without vectors would take minutes for the same count.
    let count = if isa == Isa::Scalar { TRY / 64 } else { TRY };
    let best = (0..TRIES)
        .map(|_| {
            let started = Instant::now();
            let done: u64 = thread::scope(|scope| {
                let threads: Vec<_> = (0..threads.max(1))
                    .map(|_| scope.spawn(move || multiply_adds(isa, black_box(count))))
                    .collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or(0))
                    .sum()
            });
            done as f64 / started.elapsed().as_secs_f64()
        })
        .fold(0.0, f64::max);
    best / 1e9
}
