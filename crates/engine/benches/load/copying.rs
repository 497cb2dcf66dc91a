//! How fast this machine copies memory.

use std::{hint::black_box, thread, time::Instant};

/// Bytes to copy and the threads to do it with.
pub(crate) struct Copying {
    source: Vec<u8>,
    target: Vec<u8>,
    threads: usize,
}

impl Copying {
    pub(crate) fn new(bytes: usize, threads: usize) -> Self {
        // Written, not only reserved: untouched pages would all be one page of zeros.
        let source: Vec<u8> = (0..bytes).map(|i| i as u8 | 1).collect();
        Self {
            target: source.clone(),
            source,
            threads: threads.max(1),
        }
    }

    /// GB/s into memory that was in use before.
    pub(crate) fn warm_gb_s(&mut self) -> f64 {
        let start = Instant::now();
        copy(&self.source, &mut self.target, self.threads);
        black_box(&self.target);
        self.source.len() as f64 / start.elapsed().as_secs_f64() / 1e9
    }

    /// GB/s into memory the system has to hand out first, as every load has to.
    pub(crate) fn fresh_gb_s(&self) -> f64 {
        let start = Instant::now();
        let mut target = vec![0; self.source.len()];
        copy(&self.source, &mut target, self.threads);
        black_box(&target);
        self.source.len() as f64 / start.elapsed().as_secs_f64() / 1e9
    }
}

fn copy(source: &[u8], target: &mut [u8], threads: usize) {
    let share = source.len().div_ceil(threads);
    thread::scope(|scope| {
        for (source, target) in source.chunks(share).zip(target.chunks_mut(share)) {
            scope.spawn(move || target.copy_from_slice(source));
        }
    });
}
