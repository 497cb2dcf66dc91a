//! Opening the history, and the two ways to it: reading, and one transaction at a time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::Fault;
use crate::folder::FolderLock;
use crate::migrate::{MIGRATIONS, migrate};
use crate::{HistoryError, MessageId, Note, backup, database, deletions, rows, search_index};

/// How long what was deleted can be restored; it is purged at the first start after.
const DELETED_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// What stands in messages for the path of a history in memory.
const IN_MEMORY: &str = ":memory:";

/// How far ahead of the clock a stored time may be and still be followed.
const CLOCK_TRUST_MS: i64 = 60 * 1000;

/// The history in a data folder, which it keeps to itself until it is dropped, or one in memory.
///
/// Every call may come from any thread; calls wait for each other. A call that returns `Ok` has
/// put what it did on disk. A call that returns an error has changed nothing.
pub struct History {
    pub(crate) path: PathBuf,
    // Dropped in this order: SQLite closes its files, then the folder is let go.
    inner: Mutex<Inner>,
    /// None for a history in memory.
    lock: Option<FolderLock>,
    backup: Option<JoinHandle<()>>,
    /// Held while a backup is made.
    pub(crate) backing_up: Arc<Mutex<()>>,
    notes: Arc<Mutex<Vec<Note>>>,
}

pub(crate) struct Inner {
    pub(crate) connection: Connection,
    /// Time of the last change; the next one is later even when the clock is not.
    last_change_ms: i64,
    /// Answers of an earlier run still stand as being written, because the disk was full when
    /// the history was opened. The first change that succeeds puts them right.
    pub(crate) half_answers_left: bool,
    /// The index of words is kept current. Not while pages it lies in are damaged.
    pub(crate) has_index: bool,
    /// SQLite met damage: the next start has to look closer.
    pub(crate) damage_seen: bool,
}

/// What opening depends on besides the folder; tests choose it.
pub(crate) struct Opening<'a> {
    pub(crate) migrations: &'a [&'a str],
    pub(crate) now_ms: i64,
}

impl History {
    /// Opens the history in `data_dir`, both made if missing: brings the schema up to date (a
    /// backup first), marks answers cut off by a crash as interrupted, and purges what was
    /// deleted more than a day ago. If the last daily backup is older than a day, a thread
    /// makes the next one meanwhile.
    ///
    /// All pages are checked for damage only if the last use did not end in an orderly way, and
    /// before a daily backup, in its thread: the check reads the whole file, and a start must
    /// not wait for that without a reason.
    ///
    /// # Errors
    /// The variants of [`HistoryError`] that are about files. Whichever it is, no file was
    /// deleted or overwritten.
    pub fn open(data_dir: &Path) -> Result<Self, HistoryError> {
        Self::open_with(
            data_dir,
            &Opening {
                migrations: MIGRATIONS,
                now_ms: now_ms(),
            },
        )
    }

    /// Makes an empty history in memory, for what is to be gone when it is dropped. Nothing of
    /// it reaches any disk: no database, no lock, no backup, no temporary file.
    ///
    /// # Errors
    /// [`HistoryError::Io`] if there is not even room for an empty one.
    pub fn in_memory() -> Result<Self, HistoryError> {
        let path = PathBuf::from(IN_MEMORY);
        let mut connection =
            database::open_in_memory().map_err(|error| HistoryError::sql(&path, error))?;
        migrate(&mut connection, &path, MIGRATIONS, now_ms())?;
        Ok(Self::new(path, connection, None, 0))
    }

    pub(crate) fn open_with(data_dir: &Path, opening: &Opening) -> Result<Self, HistoryError> {
        let lock = FolderLock::acquire(data_dir)?;
        let path = database::database_path(data_dir);
        let mut connection = database::open(&path)?;
        let look_closer = !lock.last_end_was_clean;
        let index_can_be_read = !look_closer || database::quick_check(&connection, &path)?;
        migrate(&mut connection, &path, opening.migrations, opening.now_ms)?;
        let last_change_ms =
            last_change_ms(&connection).map_err(|error| HistoryError::sql(&path, error))?;
        let mut history = Self::new(path, connection, Some(lock), last_change_ms);
        if look_closer {
            history.check_search_index(index_can_be_read)?;
        }
        history.tidy(opening.now_ms)?;
        history.start_backup_if_due(opening.now_ms);
        Ok(history)
    }

    fn new(
        path: PathBuf,
        connection: Connection,
        lock: Option<FolderLock>,
        last_change_ms: i64,
    ) -> Self {
        Self {
            path,
            inner: Mutex::new(Inner {
                connection,
                last_change_ms,
                half_answers_left: false,
                has_index: true,
                damage_seen: false,
            }),
            lock,
            backup: None,
            backing_up: Arc::default(),
            notes: Arc::default(),
        }
    }

    /// What could not be done when opening: a daily backup that failed, damage found while
    /// making it, a disk too full to tidy up. The backup's come once its thread is done.
    pub fn notes(&self) -> Vec<Note> {
        lock(&self.notes).clone()
    }

    pub(crate) fn note(&self, note: Note) {
        lock(&self.notes).push(note);
    }

    /// Marks half answers and purges old deletions. A full disk must not keep the person from
    /// reading, so then it is left for later.
    fn tidy(&self, now_ms: i64) -> Result<(), HistoryError> {
        let half_answers_left = self.read(has_half_answers)?;
        self.inner().half_answers_left = half_answers_left;
        let limit_ms = now_ms - DELETED_KEPT_MS;
        let to_purge = self.read(|connection| deletions::is_due(connection, limit_ms))?;
        if !to_purge && !half_answers_left {
            return Ok(());
        }
        // Half answers are marked by whichever change comes first, so by this one.
        let tidied = self.write(|change| deletions::purge(change, limit_ms));
        match tidied {
            Err(full @ HistoryError::DiskFull { .. }) => {
                self.note(Note::NotTidied(Arc::new(full)));
                Ok(())
            }
            result => result,
        }
    }

    fn start_backup_if_due(&mut self, now_ms: i64) {
        let due = self.read(|connection| {
            connection
                .prepare("SELECT 1 FROM conversations")?
                .exists([])
        });
        let due = due.and_then(|has_chats| {
            Ok(has_chats && backup::is_due(&self.inner().connection, &self.path, now_ms)?)
        });
        match due {
            Ok(false) => {}
            Ok(true) => {
                let (path, notes) = (self.path.clone(), Arc::clone(&self.notes));
                let backing_up = Arc::clone(&self.backing_up);
                let thread = thread::Builder::new().name("tern-backup".to_owned());
                let spawned = thread.spawn(move || {
                    if let Err(error) = backup::daily(&path, now_ms, &backing_up) {
                        note_no_backup(&notes, error);
                    }
                });
                match spawned {
                    Ok(handle) => self.backup = Some(handle),
                    Err(error) => {
                        note_no_backup(&self.notes, HistoryError::io(&self.path, error));
                    }
                }
            }
            Err(error) => note_no_backup(&self.notes, error),
        }
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.lock.is_none()
    }

    /// Refuses what only a history on disk can do.
    pub(crate) fn require_disk(&self) -> Result<(), HistoryError> {
        if self.is_in_memory() {
            let unsupported = io::Error::from(io::ErrorKind::Unsupported);
            return Err(HistoryError::io(&self.path, unsupported));
        }
        Ok(())
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Reads.
    pub(crate) fn read<R>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, HistoryError> {
        self.read_or_refuse(|inner| Ok(query(&inner.connection)?))
    }

    /// Reads, with the right to say no.
    pub(crate) fn read_or_refuse<R>(
        &self,
        query: impl FnOnce(&Inner) -> Result<R, Fault>,
    ) -> Result<R, HistoryError> {
        let mut inner = self.inner();
        let result = query(&inner).map_err(|fault| fault.into_error(&self.path));
        inner.notice(&result);
        result
    }

    /// Changes the database: all of it happens, and is on disk, or nothing. The change is made
    /// a second time when the first one met a damaged index of words, which is made anew.
    pub(crate) fn write<R>(
        &self,
        change: impl FnMut(&Change<'_>) -> Result<R, Fault>,
    ) -> Result<R, HistoryError> {
        let mut inner = self.inner();
        let result = inner
            .change(&self.path, change)
            .map_err(|fault| fault.into_error(&self.path));
        inner.notice(&result);
        result
    }
}

impl Inner {
    fn change<R>(
        &mut self,
        path: &Path,
        mut make: impl FnMut(&Change<'_>) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        match self.attempt(&mut make) {
            Err(Fault::Index(error)) => {
                let repaired = self.repair_search_index(path, &error);
                repaired.map_err(Fault::Refused)?;
                self.attempt(&mut make)
            }
            result => result,
        }
    }

    fn attempt<R>(
        &mut self,
        make: &mut impl FnMut(&Change<'_>) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let change = Change {
            transaction,
            now_ms: now_ms().max(self.last_change_ms + 1),
            has_index: self.has_index,
        };
        if self.half_answers_left {
            mark_half_answers(&change)?;
        }
        let result = make(&change)?;
        let now_ms = change.now_ms;
        change
            .transaction
            .commit()
            .map_err(search_index::commit_fault)?;
        self.last_change_ms = now_ms;
        self.half_answers_left = false;
        Ok(result)
    }

    pub(crate) fn notice<R>(&mut self, result: &Result<R, HistoryError>) {
        self.damage_seen |= matches!(result, Err(HistoryError::Damaged { .. }));
    }
}

/// One transaction; undone unless its closure returns `Ok`.
pub(crate) struct Change<'a> {
    transaction: Transaction<'a>,
    /// Its time, later than every change before.
    pub(crate) now_ms: i64,
    /// Whether the index of words is to be kept current.
    pub(crate) has_index: bool,
}

impl<'a> std::ops::Deref for Change<'a> {
    type Target = Transaction<'a>;

    fn deref(&self) -> &Transaction<'a> {
        &self.transaction
    }
}

impl Drop for History {
    fn drop(&mut self) {
        if let Some(backup) = self.backup.take() {
            // Moments, once a day; this way a program that is only used for moments gets its
            // backups too.
            let _ = backup.join();
        }
        let damage_seen = self.inner().damage_seen;
        if let Some(lock) = &mut self.lock {
            lock.end_is_clean = !damage_seen;
        }
    }
}

/// Time of the last change on disk: one made in the same millisecond, before a restart, must not
/// come after those of this run. A time well ahead of the clock is that of a clock once set wrong,
/// and is not followed.
fn last_change_ms(connection: &Connection) -> rusqlite::Result<i64> {
    let last: Option<i64> =
        connection.query_row("SELECT max(updated_at_ms) FROM conversations", [], |row| {
            row.get(0)
        })?;
    Ok(last
        .filter(|&last| last < now_ms() + CLOCK_TRUST_MS)
        .unwrap_or(0))
}

fn has_half_answers(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare("SELECT 1 FROM messages WHERE state = 'writing'")?
        .exists([])
}

/// An answer that was cut off has ended, so its words can be found.
fn mark_half_answers(change: &Change<'_>) -> Result<(), Fault> {
    let marked: Vec<MessageId> = change
        .prepare_cached(
            "UPDATE messages SET state = 'interrupted' WHERE state = 'writing' RETURNING id",
        )?
        .query_map([], |row| Ok(MessageId::new(rows::text(row, 0)?)))?
        .collect::<Result<_, _>>()?;
    marked
        .iter()
        .try_for_each(|id| search_index::refresh(change, id))
}

fn note_no_backup(notes: &Mutex<Vec<Note>>, error: HistoryError) {
    tracing::warn!(error = %error, "daily backup failed");
    lock(notes).push(Note::NoBackup(Arc::new(error)));
}

/// A panic elsewhere leaves nothing half done: a transaction it cut off is rolled back.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since the Unix epoch; 0 for a clock before it.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
