//! Copies of the whole database, in `backups/` beside it.
//!
//! Three families, each keeping its newest five: `history_<time>.db`, at most one a day,
//! `before-v<n>_<time>.db`, made before the schema changes, and `asked_<time>.db`, made when the
//! person asks. A copy is written under another name, synced and then renamed, so whatever has a
//! final name is whole.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::database::{backups_folder, open_for_reading, quick_check};
use crate::history::{lock, now_ms};
use crate::{History, HistoryError};

/// Copies kept of each family.
const KEPT: usize = 5;
const DAILY: &str = "history";
const BEFORE: &str = "before-v";
const ASKED: &str = "asked";
/// Between a family and the time.
const SEPARATOR: char = '_';
/// A time in a name, with digits for the zeros.
const STAMP_SHAPE: &[u8; 18] = b"0000-00-00T000000Z";
const SUFFIX: &str = ".db";
const PARTIAL_SUFFIX: &str = ".partial";

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A copy of the whole database, in `backups/` beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its file's name.
    pub name: String,
    /// When it was made: milliseconds since the Unix epoch, exact to the second.
    pub made_at_ms: i64,
    /// Its size.
    pub bytes: u64,
    /// Why it was made.
    pub reason: BackupReason,
}

/// Why a [`Backup`] was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupReason {
    /// A day had passed since the last one.
    Daily,
    /// The schema was about to change.
    BeforeUpgrade,
    /// The person asked for it.
    Asked,
}

impl History {
    /// The backups there are, the newest first; none of a history in memory. Files that only
    /// look like one are the person's and not among them.
    ///
    /// # Errors
    /// [`HistoryError::Io`] or [`HistoryError::ReadOnly`] when the folder can't be read.
    pub fn backups(&self) -> Result<Vec<Backup>, HistoryError> {
        if self.is_in_memory() {
            return Ok(Vec::new());
        }
        let folder = backups_folder(&self.path);
        let names = names(&folder).map_err(|error| HistoryError::io(&folder, error))?;
        let mut backups = Vec::new();
        for name in names {
            let Some((reason, stamp)) = reason_of(&name).zip(stamp_of(&name)) else {
                continue;
            };
            // One that was rotated away meanwhile is none.
            let Ok(metadata) = fs::metadata(folder.join(&name)) else {
                continue;
            };
            let made_at_ms = self.read(|connection| stamp_ms(connection, stamp))?;
            backups.extend(made_at_ms.map(|made_at_ms| Backup {
                bytes: metadata.len(),
                made_at_ms,
                reason,
                name,
            }));
        }
        backups.sort_by(|a, b| (b.made_at_ms, &b.name).cmp(&(a.made_at_ms, &a.name)));
        Ok(backups)
    }

    /// Makes a backup now, of everything acknowledged so far, while chats go on. The newest five
    /// made this way are kept; daily ones count apart. Takes about as long as reading the
    /// database once and writing it once.
    ///
    /// # Errors
    /// [`HistoryError::Damaged`], since a damaged database is not copied over good backups;
    /// [`HistoryError::Io`] for a history in memory; or what the disk says.
    pub fn back_up_now(&self) -> Result<(), HistoryError> {
        self.require_disk()?;
        let _one_at_a_time = lock(&self.backing_up);
        let made = make(&self.path, ASKED, now_ms());
        self.inner().notice(&made);
        made
    }

    /// The folder backups are in; it is made with the first one.
    pub fn backups_dir(&self) -> PathBuf {
        backups_folder(&self.path)
    }

    /// Size of the database and its log on disk, in bytes; 0 in memory.
    pub fn disk_bytes(&self) -> u64 {
        let log = self.path.with_extension("db-wal");
        let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        if self.is_in_memory() {
            return 0;
        }
        size(&self.path) + size(&log)
    }
}

fn reason_of(name: &str) -> Option<BackupReason> {
    let (family, _) = name.rsplit_once(SEPARATOR)?;
    match family {
        DAILY => Some(BackupReason::Daily),
        ASKED => Some(BackupReason::Asked),
        _ => {
            let version = family.strip_prefix(BEFORE)?;
            let is_version = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
            is_version.then_some(BackupReason::BeforeUpgrade)
        }
    }
}

/// Makes the copy that has to exist before the schema changes to `version`.
pub(crate) fn before_migration(
    connection: &Connection,
    path: &Path,
    version: u32,
    now_ms: i64,
) -> Result<(), HistoryError> {
    let stamp = stamp(connection, now_ms).map_err(|error| HistoryError::sql(path, error))?;
    let folder = backups_folder(path);
    let name = format!("{BEFORE}{version}{SEPARATOR}{stamp}{SUFFIX}");
    copy(connection, path, &folder, &name)?;
    rotate(&folder, BEFORE)
}

/// Whether the newest daily copy is a day old. A copy from the future (the clock was
/// wrong once) does not count.
pub(crate) fn is_due(
    connection: &Connection,
    path: &Path,
    now_ms: i64,
) -> Result<bool, HistoryError> {
    let name = |ms| {
        let stamp = stamp(connection, ms).map_err(|error| HistoryError::sql(path, error))?;
        Ok::<_, HistoryError>(format!("{DAILY}{SEPARATOR}{stamp}{SUFFIX}"))
    };
    let (yesterday, now) = (name(now_ms - DAY_MS)?, name(now_ms)?);
    // Names sort as the times in them do.
    let names = copies(&backups_folder(path), DAILY)?;
    Ok(!names.iter().any(|name| *name > yesterday && *name <= now))
}

/// Makes the daily copy. `one_at_a_time` is held meanwhile: what one copy takes for the rest of
/// an earlier one may be the beginning of another.
pub(crate) fn daily(
    path: &Path,
    now_ms: i64,
    one_at_a_time: &Mutex<()>,
) -> Result<(), HistoryError> {
    let _held = lock(one_at_a_time);
    make(path, DAILY, now_ms)
}

/// Makes a copy, on a connection of its own so that chats go on meanwhile. A damaged database is
/// not copied: five copies later no good one would be left.
fn make(path: &Path, family: &str, now_ms: i64) -> Result<(), HistoryError> {
    let sql = |error| HistoryError::sql(path, error);
    let connection = open_for_reading(path).map_err(sql)?;
    quick_check(&connection, path)?;
    let stamp = stamp(&connection, now_ms).map_err(sql)?;
    let folder = backups_folder(path);
    let name = format!("{family}{SEPARATOR}{stamp}{SUFFIX}");
    copy(&connection, path, &folder, &name)?;
    rotate(&folder, family)
}

/// Time in UTC as it stands in file names.
fn stamp(connection: &Connection, ms: i64) -> rusqlite::Result<String> {
    connection.query_row(
        "SELECT strftime('%Y-%m-%dT%H%M%SZ', ?1, 'unixepoch')",
        [ms.div_euclid(1000)],
        |row| row.get(0),
    )
}

/// The reverse of [`stamp`]; none for digits that are no time.
fn stamp_ms(connection: &Connection, stamp: &str) -> rusqlite::Result<Option<i64>> {
    // As STAMP_SHAPE says: without the colons, which Windows has no room for in names.
    let time = format!(
        "{} {}:{}:{}",
        &stamp[..10],
        &stamp[11..13],
        &stamp[13..15],
        &stamp[15..17]
    );
    let seconds: Option<i64> =
        connection.query_row("SELECT unixepoch(?1)", [time], |row| row.get(0))?;
    Ok(seconds.map(|seconds| seconds * 1000))
}

fn copy(
    connection: &Connection,
    path: &Path,
    folder: &Path,
    name: &str,
) -> Result<(), HistoryError> {
    let target = folder.join(name);
    let partial = folder.join(format!("{name}{PARTIAL_SUFFIX}"));
    let io = |error| HistoryError::io(&target, error);
    fs::create_dir_all(folder).map_err(io)?;
    remove_partial(folder).map_err(io)?;
    let result = vacuum_into(connection, &partial)
        .map_err(|error| HistoryError::sql(path, error))
        .and_then(|()| publish(&partial, &target).map_err(io));
    if result.is_err() {
        // On a full disk, chats need the room more than half a copy does.
        let _ = fs::remove_file(&partial);
    }
    result
}

fn vacuum_into(connection: &Connection, target: &Path) -> rusqlite::Result<()> {
    // Bound as bytes: a folder's name need not be UTF-8.
    let bytes = ValueRef::Text(target.as_os_str().as_encoded_bytes());
    connection.execute("VACUUM INTO ?1", [ToSqlOutput::Borrowed(bytes)])?;
    Ok(())
}

/// Gives a copy its final name once all of it is on disk; SQLite does not sync it.
fn publish(partial: &Path, target: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(partial)?.sync_all()?;
    fs::rename(partial, target)?;
    target.parent().map_or(Ok(()), sync_folder)
}

/// Copies of a family, oldest first.
fn copies(folder: &Path, family: &str) -> Result<Vec<String>, HistoryError> {
    let names = names(folder).map_err(|error| HistoryError::io(folder, error))?;
    let mut copies: Vec<(String, String)> = names
        .into_iter()
        .filter(|name| name.starts_with(family))
        .filter_map(|name| Some((stamp_of(&name)?.to_owned(), name)))
        .collect();
    copies.sort_unstable();
    Ok(copies.into_iter().map(|(_, name)| name).collect())
}

/// The time in a copy's name; none for a file that only looks like one, which is the person's.
fn stamp_of(name: &str) -> Option<&str> {
    let (_, stamp) = name.strip_suffix(SUFFIX)?.rsplit_once(SEPARATOR)?;
    let is_like = |(byte, shape)| match shape {
        b'0' => u8::is_ascii_digit(&byte),
        _ => byte == shape,
    };
    let same_shape = stamp.len() == STAMP_SHAPE.len();
    (same_shape && stamp.bytes().zip(*STAMP_SHAPE).all(is_like)).then_some(stamp)
}

fn rotate(folder: &Path, family: &str) -> Result<(), HistoryError> {
    let copies = copies(folder, family)?;
    for old in &copies[..copies.len().saturating_sub(KEPT)] {
        let old = folder.join(old);
        fs::remove_file(&old).map_err(|error| HistoryError::io(&old, error))?;
    }
    Ok(())
}

/// What a process killed in the middle of a copy left behind.
fn remove_partial(folder: &Path) -> io::Result<()> {
    for name in names(folder)? {
        let copy = name.strip_suffix(PARTIAL_SUFFIX);
        if copy.and_then(stamp_of).is_some() {
            fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

/// File names in a folder; none when it does not exist.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is not UTF-8 is not ours.
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}

/// Makes a rename survive a power cut; Windows does so by itself.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
