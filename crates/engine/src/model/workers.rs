//! Sharing one forward pass out to threads. How it is cut never changes a result: integer sums are exact, and
//! every float is computed whole by one thread in one order.

use tern_kernels::{Isa, Line, PANEL_ROWS};

use super::kv_cache::AttentionRoom;
use crate::team::Team;

/// Work on less than this many bytes is not worth another thread.
const WORTH_SHARING: usize = 24 << 10;
/// Least bytes for one task.
const TASK: usize = 32 << 10;
/// Tasks per thread, so that a slower core can take fewer.
const TASKS_PER_THREAD: usize = 8;
/// Most bytes for one task: what the others wait for when the last one is begun late.
const LARGE_TASK: usize = 512 << 10;

/// What a forward pass runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers<'a> {
    pub(crate) isa: Isa,
    pub(crate) team: &'a Team,
}

/// What each thread has to itself.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// A panel of a matrix.
    pub(crate) lines: Vec<Line>,
    /// Rows of one token.
    pub(crate) row: Vec<f32>,
    pub(crate) normed: Vec<f32>,
    /// For attention.
    pub(crate) scratch: Vec<f32>,
    pub(crate) attention: AttentionRoom,
}

impl Workers<'_> {
    pub(crate) fn threads(self) -> usize {
        self.team.threads()
    }

    /// Units of work for one task, of `units` that read `bytes` together.
    pub(crate) fn per_task(self, units: usize, bytes: usize) -> usize {
        if self.threads() == 1 || bytes < WORTH_SHARING {
            return units.max(1);
        }
        let unit_bytes = (bytes / units.max(1)).max(1);
        let enough = TASK.div_ceil(unit_bytes);
        units
            .div_ceil(self.threads() * TASKS_PER_THREAD)
            .min(LARGE_TASK.div_ceil(unit_bytes))
            .max(enough)
            .min(units.div_ceil(self.threads()))
            .max(1)
    }

    /// Calls `work(first, piece)` for pieces of `out`, each of whole `unit`s, `first` counting units. `bytes` is
    /// what all of it reads.
    pub(crate) fn split<T: Send>(
        self,
        out: &mut [T],
        unit: usize,
        bytes: usize,
        work: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let per_task = self.per_task(out.len().div_ceil(unit), bytes);
        if per_task * unit >= out.len() {
            work(0, out);
            return;
        }
        let mut tasks: Vec<(usize, &mut [T])> = out
            .chunks_mut(per_task * unit)
            .enumerate()
            .map(|(i, piece)| (i * per_task, piece))
            .collect();
        self.team
            .for_each(&mut tasks, |(first, piece)| work(*first, piece));
    }
}

/// Numbers of a batch of `tokens` in panels of `rows` rows.
pub(crate) fn panels_len(rows: usize, tokens: usize) -> usize {
    rows.div_ceil(PANEL_ROWS) * PANEL_ROWS * tokens
}
