//! Bringing the schema up to date: forward only, one transaction per version, a backup first.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::{HistoryError, backup};

/// The statements that lead from version `i` to `i + 1`; never changed once released.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_conversations.sql"),
    include_str!("migrations/0002_search_and_single_messages.sql"),
];

/// Runs what is missing. An empty database is version 0.
///
/// # Errors
/// [`HistoryError::NewerDatabase`]; [`HistoryError::Migration`] when a step fails, after which
/// the database is as the last whole step left it; or what the disk says.
pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &[&str],
    now_ms: i64,
) -> Result<(), HistoryError> {
    let sql = |error| HistoryError::sql(path, error);
    let supported = version(migrations.len());
    let found: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(sql)?;
    if found > supported {
        return Err(HistoryError::NewerDatabase {
            path: path.to_path_buf(),
            found,
            supported,
        });
    }
    if found == supported {
        return Ok(());
    }
    if found > 0 {
        backup::before_migration(connection, path, supported, now_ms)?;
    }
    for (index, statements) in migrations.iter().enumerate().skip(found as usize) {
        step(connection, statements, version(index + 1)).map_err(|error| failure(path, error))?;
        tracing::info!(version = index + 1, "history brought up to date");
    }
    Ok(())
}

/// Statements that don't fit the data are one thing, a disk that fails meanwhile another.
fn failure(path: &Path, error: rusqlite::Error) -> HistoryError {
    match error.sqlite_error_code() {
        // None: refused before it ran.
        None
        | Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => {
            HistoryError::Migration {
                path: path.to_path_buf(),
                source: Box::new(error),
            }
        }
        Some(_) => HistoryError::sql(path, error),
    }
}

fn step(connection: &mut Connection, statements: &str, version: u32) -> rusqlite::Result<()> {
    // Enforced foreign keys would let a rebuilt table take its children with it; they are
    // checked as a whole instead. The setting has no effect inside a transaction.
    // Source: https://www.sqlite.org/lang_altertable.html#otheralter
    connection.pragma_update(None, "foreign_keys", false)?;
    let result = run(connection, statements, version);
    connection.pragma_update(None, "foreign_keys", true)?;
    result
}

fn run(connection: &mut Connection, statements: &str, version: u32) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(statements)?;
    transaction.pragma_update(None, "user_version", version)?;
    if transaction
        .prepare("PRAGMA foreign_key_check")?
        .exists([])?
    {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY),
            None,
        ));
    }
    transaction.commit()
}

fn version(n: usize) -> u32 {
    u32::try_from(n).expect("migrations are numbered by hand")
}
