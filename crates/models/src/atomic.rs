//! Files that are replaced whole or not at all, and the folders they are in.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Attempts to rename on Windows, where a virus scanner may hold a file for a moment; the waits
/// between them add up to about a second.
const RENAME_ATTEMPTS: u32 = 10;

/// Replaces the file at `path`. After a crash at any point it holds the old bytes or the new
/// ones; after `Ok` the new ones, power cuts included.
///
/// The bytes are written to `<path>.new` first, so only one writer may be at work. What a crash
/// left under that name is overwritten by the next write.
///
/// # Errors
/// What the system says; the file is as it was.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = with_suffix(path, ".new");
    let written = write_synced(&new, bytes).and_then(|()| rename(&new, path));
    if written.is_err() {
        // Best effort: on a full disk its few bytes may be what is missing.
        let _ = fs::remove_file(&new);
        return written;
    }
    sync_folder(path)
}

/// Makes missing folders for this user's eyes only: the data folder is among them, where chats are
/// kept. Folders that exist keep their mode.
pub(crate) fn create_folders(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// `path` with `suffix` after its whole name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let attempts = if cfg!(windows) { RENAME_ATTEMPTS } else { 1 };
    for attempt in 1..attempts {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                thread::sleep(Duration::from_millis(20) * attempt);
            }
            result => return result,
        }
    }
    fs::rename(from, to)
}

/// Makes the rename itself survive a power cut; Windows does so without being asked.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
