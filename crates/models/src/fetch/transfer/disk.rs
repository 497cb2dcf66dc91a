//! The two threads of a file: one hashes what came, one brings it onto the disk itself.

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Shared;
use crate::hash::Sha256;
use crate::positioned::read_at_most;

/// The hash's state is kept at multiples of this.
const BLOCK: u64 = 8 << 20;
/// How often what came is brought onto the disk itself.
const SYNC_EVERY: Duration = Duration::from_secs(2);
/// How much is read at once for hashing.
pub(super) const READ: usize = 1 << 20;

/// Hashes what is there from the beginning without a gap, until the file ends; none if the
/// download ended before.
pub(super) fn hash_along(shared: &Shared) -> io::Result<Option<[u8; 32]>> {
    let (mut at, state) = shared.now().state.hashed;
    let mut hash = Sha256::resume(state, at);
    let mut buffer = vec![0; READ];
    while at < shared.bytes {
        let prefix = {
            let mut now = shared.now();
            loop {
                let prefix = now.state.there.prefix();
                if shared.over.load(Ordering::Acquire) {
                    return Ok(None);
                }
                if prefix > at && (prefix - at >= READ as u64 || prefix == shared.bytes) {
                    break prefix;
                }
                now = shared
                    .more
                    .wait(now)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        };
        let stop = prefix.min(at - at % READ as u64 + READ as u64);
        let piece = &mut buffer[..usize::try_from(stop - at).unwrap_or(READ)];
        if read_at_most(&shared.file, piece, at)? < piece.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        hash.update(piece);
        at = stop;
        if at.is_multiple_of(BLOCK)
            && let Some(state) = hash.state()
        {
            shared.now().state.hashed = (at, state);
        }
    }
    Ok(Some(hash.finish()))
}

/// Brings what came onto the disk itself now and then, and when the download ends.
pub(super) fn sync_along(shared: &Shared) -> io::Result<()> {
    loop {
        let (state, over) = {
            let mut now = shared.now();
            let since = Instant::now();
            while !shared.over.load(Ordering::Acquire)
                && !now.is_enough()
                && since.elapsed() < SYNC_EVERY
            {
                let left = SYNC_EVERY.saturating_sub(since.elapsed());
                let waited = shared.enough.wait_timeout(now, left);
                now = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            let over = shared.over.load(Ordering::Acquire);
            let state = (over || now.unsynced > 0).then(|| now.state.clone());
            now.unsynced = 0;
            (state, over)
        };
        if let Some(state) = state {
            shared.file.sync_data()?;
            shared.now().slots.save_synced(&state)?;
        }
        if over {
            return Ok(());
        }
    }
}
