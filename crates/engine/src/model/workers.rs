//! Sharing one forward pass out to threads. How it is cut never changes a result: integer sums are exact, and
//! every float is computed whole by one thread in one order.

use tern_kernels::{Isa, Line, PANEL_ROWS};

use super::kv_cache::AttentionRoom;
use crate::team::Team;

/// Work on less than this many bytes is not worth another thread.
const WORTH_SHARING: usize = 24 << 10;
/// Least bytes for one task.
const TASK: usize = 32 << 10;

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

    /// Units of one task after another, of `units` that read `bytes` together: large ones first, for memory is fastest
    /// when it is read straight on, and ever smaller ones, so that all threads end together, slower cores too.
    pub(crate) fn cuts(self, units: usize, bytes: usize) -> impl Iterator<Item = usize> {
        let threads = self.threads();
        let alone = threads == 1 || bytes < WORTH_SHARING;
        let least = TASK.div_ceil((bytes / units.max(1)).max(1));
        let mut rest = units;
        std::iter::from_fn(move || {
            let cut = match alone {
                true => rest,
                false => (rest / (2 * threads)).max(least).min(rest),
            };
            rest -= cut;
            (cut > 0).then_some(cut)
        })
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
        let mut tasks = self.pieces(out, unit, bytes);
        self.team
            .for_each(&mut tasks, |(first, piece)| work(*first, piece));
    }

    /// Likewise, each thread with something of its own.
    pub(crate) fn split_with<T: Send>(
        self,
        own: &mut [Own],
        out: &mut [T],
        unit: usize,
        bytes: usize,
        work: impl Fn(&mut Own, usize, &mut [T]) + Sync,
    ) {
        let mut tasks = self.pieces(out, unit, bytes);
        self.team
            .for_each_with(own, &mut tasks, |own, (first, piece)| {
                work(own, *first, piece);
            });
    }

    fn pieces<T>(self, out: &mut [T], unit: usize, bytes: usize) -> Vec<(usize, &mut [T])> {
        let mut pieces = Vec::new();
        let (mut first, mut rest) = (0, out);
        for units in self.cuts(rest.len().div_ceil(unit), bytes) {
            let (piece, after) = rest.split_at_mut((units * unit).min(rest.len()));
            pieces.push((first, piece));
            (first, rest) = (first + units, after);
        }
        pieces
    }
}

/// Numbers of a batch of `tokens` in panels of `rows` rows.
pub(crate) fn panels_len(rows: usize, tokens: usize) -> usize {
    rows.div_ceil(PANEL_ROWS) * PANEL_ROWS * tokens
}
