//! The data folder, and the lock that keeps a second Tern out of it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;

use crate::HistoryError;
use crate::error::is_full;

/// Locked while the folder is in use. Holds a word while somebody uses it, nothing after a
/// clean end.
const LOCK_FILE: &str = "tern.lock";

/// The lock on a data folder. The system lets go of it when the process ends, however it ends.
pub(crate) struct FolderLock {
    file: File,
    /// Whether the one who held the lock before ended in an orderly way.
    pub(crate) last_end_was_clean: bool,
    /// Whether this use ended in an orderly way; until it has begun, whether the last one did.
    pub(crate) end_is_clean: bool,
}

impl FolderLock {
    /// Makes the folder if it is missing and locks it.
    pub(crate) fn acquire(folder: &Path) -> Result<Self, HistoryError> {
        let unusable = |source| HistoryError::FolderUnusable {
            folder: folder.to_path_buf(),
            source,
        };
        create_private(folder).map_err(unusable)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(LOCK_FILE))
            .map_err(unusable)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => HistoryError::InUse {
                folder: folder.to_path_buf(),
            },
            TryLockError::Error(source) => unusable(source),
        })?;
        let last_end_was_clean = file.metadata().map_err(unusable)?.len() == 0;
        if last_end_was_clean {
            mark_in_use(&mut file).map_err(unusable)?;
        }
        Ok(Self {
            file,
            last_end_was_clean,
            end_is_clean: last_end_was_clean,
        })
    }
}

/// Synced, so that a power cut is not taken for a clean end.
fn mark_in_use(file: &mut File) -> io::Result<()> {
    match file.write_all(b"in use\n").and_then(|()| file.sync_data()) {
        // Without the mark a crash goes unnoticed, which costs a check, not a chat: a full disk
        // must not keep the person from reading.
        Err(error) if is_full(&error) => Ok(()),
        result => result,
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if self.end_is_clean {
            // If this fails, the next start checks the database once more than needed.
            let _ = self.file.set_len(0);
        }
        // Closing the file would do, but for a process this one is just starting: until that
        // runs its own program, it has the file open too.
        let _ = self.file.unlock();
    }
}

/// Creates missing folders for this user's eyes only; folders that exist keep their mode.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_just_starting_does_not_keep_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lock = FolderLock::acquire(folder.path()).expect("the folder is free");
        // What a child has between fork and exec.
        let _inherited = lock.file.try_clone().expect("a second handle");
        assert!(FolderLock::acquire(folder.path()).is_err());
        drop(lock);
        FolderLock::acquire(folder.path()).expect("the folder is free again");
    }
}
