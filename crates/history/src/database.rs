//! Opening the database file: nothing foreign is touched, everything committed is synced.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{HistoryError, search_index, words};

/// The database's name in the data folder.
const DATABASE_FILE: &str = "history.db";

/// `PRAGMA application_id` of every history: "TERN" in ASCII, at offset 68 of the file.
/// Source: <https://www.sqlite.org/fileformat.html#application_id>
const APPLICATION_ID: u32 = u32::from_be_bytes(*b"TERN");
const APPLICATION_ID_OFFSET: usize = 68;
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How long a write waits for another program that has the database locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Size the write-ahead log is cut back to after a checkpoint, in bytes.
const WAL_SIZE_LIMIT: i64 = 16 << 20;

pub(crate) fn database_path(folder: &Path) -> PathBuf {
    folder.join(DATABASE_FILE)
}

/// Where the backups of the database at `path` are.
pub(crate) fn backups_folder(path: &Path) -> PathBuf {
    path.with_file_name("backups")
}

/// Opens the database, or makes an empty one, with every guarantee switched on.
///
/// # Errors
/// [`HistoryError::NotADatabase`], [`HistoryError::Damaged`], [`HistoryError::ReadOnly`], or
/// what else the disk says.
pub(crate) fn open(path: &Path) -> Result<Connection, HistoryError> {
    refuse_foreign(path)?;
    let sql = |error| HistoryError::sql(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sql)?;
    if connection.is_readonly("main").map_err(sql)? {
        return Err(HistoryError::ReadOnly {
            path: path.to_path_buf(),
        });
    }
    configure(&connection).map_err(sql)?;
    keep_on_disk(&connection).map_err(sql)?;
    Ok(connection)
}

/// Makes an empty database in memory that leaves nothing on any disk.
pub(crate) fn open_in_memory() -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_in_memory_with_flags(flags)?;
    configure(&connection)?;
    // Not even what a large sort puts aside.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Opens an existing database a second time, for reading next to the connection that writes.
pub(crate) fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// What holds wherever the database lies.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // Statements that would damage the file on purpose or by a foreign schema are refused.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    words::register(connection)
}

fn keep_on_disk(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A commit returns when the disk has it. On macOS fsync alone stops at the drive's cache;
    // elsewhere the two fullfsync settings do nothing.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    let id: u32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        // The database is empty, perhaps because SQLite just undid a first start that was cut
        // off. It is marked before the switch to a write-ahead log, so that the file itself
        // carries the mark from its first page on, where `refuse_foreign` looks for it.
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        // Some network folders have no shared memory; a rollback journal is as safe, only slower.
        tracing::warn!(mode, "the history runs without a write-ahead log");
    }
    connection.pragma_update(None, "journal_size_limit", WAL_SIZE_LIMIT)?;
    Ok(())
}

/// Lets pass what is missing, empty or marked as ours. Looks at the file without SQLite, so
/// that a foreign one is not even locked.
fn refuse_foreign(path: &Path) -> Result<(), HistoryError> {
    let header = read_header(path).map_err(|error| HistoryError::io(path, error))?;
    if header.is_empty() {
        return refuse_orphaned_log(path);
    }
    let id = header.get(APPLICATION_ID_OFFSET..APPLICATION_ID_OFFSET + 4);
    if header.starts_with(SQLITE_MAGIC) && id == Some(&APPLICATION_ID.to_be_bytes()) {
        return Ok(());
    }
    Err(HistoryError::NotADatabase {
        path: path.to_path_buf(),
    })
}

/// The first bytes of the file; empty when it is missing or empty.
fn read_header(path: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(100).read_to_end(&mut header)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(header)
}

/// SQLite throws a write-ahead log away when its database is gone or empty. It may hold the
/// last chats, so it is kept instead.
fn refuse_orphaned_log(path: &Path) -> Result<(), HistoryError> {
    let log = path.with_extension("db-wal");
    match std::fs::metadata(&log) {
        Ok(metadata) if metadata.len() > 0 => Err(HistoryError::Damaged {
            path: path.to_path_buf(),
            detail: format!("it is missing or empty, but {} is not", log.display()),
        }),
        _ => Ok(()),
    }
}

/// Looks for damage in every page; takes about 0.15 s per 100 MB that the system has in its cache,
/// and about 1.5 s per 100,000 messages for the index of words. Returns whether that index is
/// sound, too; it can be made anew.
///
/// # Errors
/// [`HistoryError::Damaged`] with the first finding.
pub(crate) fn quick_check(connection: &Connection, path: &Path) -> Result<bool, HistoryError> {
    match first_finding(connection, "PRAGMA quick_check(1)") {
        // What the index says of itself comes last, so nothing else was found.
        Ok(Some(finding)) if finding.contains(search_index::TABLE) => Ok(false),
        // An index that can't even be opened keeps SQLite from looking at the rest in one go.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
            check_tables(connection, path)?;
            Ok(false)
        }
        finding => refuse_damage(path, finding).map(|()| true),
    }
}

fn check_tables(connection: &Connection, path: &Path) -> Result<(), HistoryError> {
    let tables = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
        connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    for table in tables(connection).map_err(|error| HistoryError::sql(path, error))? {
        let pragma = format!("PRAGMA quick_check(\"{}\")", table.replace('"', "\"\""));
        refuse_damage(path, first_finding(connection, &pragma))?;
    }
    Ok(())
}

fn first_finding(connection: &Connection, pragma: &str) -> rusqlite::Result<Option<String>> {
    let finding: String = connection.query_row(pragma, [], |row| row.get(0))?;
    Ok((finding != "ok").then_some(finding))
}

fn refuse_damage(
    path: &Path,
    finding: rusqlite::Result<Option<String>>,
) -> Result<(), HistoryError> {
    match finding {
        Ok(None) => Ok(()),
        Ok(Some(detail)) => Err(HistoryError::Damaged {
            path: path.to_path_buf(),
            detail,
        }),
        Err(error) => Err(HistoryError::sql(path, error)),
    }
}
