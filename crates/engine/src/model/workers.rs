//! Sharing one forward pass out to threads. How it is cut never changes a result: integer sums are exact, and
//! every float is computed whole by one thread in one order.

use rayon::prelude::*;
use tern_kernels::Isa;

/// Work on less than this many bytes is not worth waking another thread for.
const WORTH_SHARING: usize = 64 << 10;
/// Least bytes for one task.
const TASK: usize = 32 << 10;
/// Tasks per thread, so that a slower core can take fewer.
const TASKS_PER_THREAD: usize = 8;

/// What a forward pass runs on. With more than one thread it must be used inside the model's pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers {
    pub(crate) isa: Isa,
    pub(crate) threads: usize,
}

impl Workers {
    /// Whether work on so many bytes is shared out.
    pub(crate) fn share(self, bytes: usize) -> bool {
        self.threads > 1 && bytes >= WORTH_SHARING
    }

    /// Calls `work(first, piece)` for pieces of `out`, each of whole `unit`s, `first` counting units. `bytes` is
    /// what all of it reads.
    pub(crate) fn split<T: Send>(
        self,
        out: &mut [T],
        unit: usize,
        bytes: usize,
        work: impl Fn(usize, &mut [T]) + Send + Sync,
    ) {
        if !self.share(bytes) {
            work(0, out);
            return;
        }
        let units = out.len().div_ceil(unit);
        let enough = TASK.div_ceil((bytes / units).max(1));
        let per_task = units.div_ceil(self.threads * TASKS_PER_THREAD).max(enough);
        out.par_chunks_mut(per_task * unit)
            .enumerate()
            .for_each(|(i, piece)| work(i * per_task, piece));
    }
}
