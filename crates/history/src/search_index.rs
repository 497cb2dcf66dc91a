//! The index of the words in messages: kept current, and made anew when it is damaged.
//!
//! It is changed in the transaction that changes its message, by code and not by triggers: so an
//! error of the index is told from one of the chats, which must go on without it, and saving an
//! answer that is being written costs nothing here. Such an answer is not in the index until it
//! ends.

use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_CORRUPT_VTAB;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::Fault;
use crate::history::{Change, Inner};
use crate::{History, HistoryError, MessageId, Note, database};

pub(crate) const TABLE: &str = "messages_fts";

/// Messages that belong in the index.
const INDEXED: &str = "state <> 'writing' AND deleted_at_ms IS NULL";

/// What FTS5 keeps the index in.
/// Source: <https://www.sqlite.org/fts5.html#fts5_data_structures>
const PARTS: [&str; 4] = ["data", "idx", "docsize", "config"];

impl History {
    /// Makes the index of [`search`](Self::search) anew from the messages. Searching and writing
    /// do so by themselves when they meet a damaged index; this is for a person who doubts what
    /// is found. Takes seconds for a hundred thousand messages.
    ///
    /// # Errors
    /// [`HistoryError::Damaged`] when more than the index is damaged, or what the disk says; then
    /// the index is as it was.
    pub fn rebuild_search_index(&self) -> Result<(), HistoryError> {
        self.inner().rebuild_search_index(&self.path)
    }

    /// Makes the index anew unless it is what it should be. A disk too full for that must not
    /// keep the person from reading.
    pub(crate) fn check_search_index(&self, can_be_read: bool) -> Result<(), HistoryError> {
        let mut inner = self.inner();
        let is_sound = || is_sound(&inner.connection);
        if can_be_read && is_sound().map_err(|error| HistoryError::sql(&self.path, error))? {
            return Ok(());
        }
        match inner.rebuild_or_go_without(&self.path) {
            Err(full @ HistoryError::DiskFull { .. }) => {
                self.note(Note::NotTidied(Arc::new(full)));
                // The next start looks again.
                inner.damage_seen = true;
                Ok(())
            }
            result => result,
        }
    }

    /// Reads the index, and once more when it had to be made anew for that.
    pub(crate) fn read_index<R>(
        &self,
        query: impl Fn(&Inner) -> Result<R, Fault>,
    ) -> Result<R, HistoryError> {
        let mut inner = self.inner();
        let mut result = match inner.has_index {
            true => query(&inner),
            false => Err(Fault::Refused(HistoryError::Damaged {
                path: self.path.clone(),
                detail: "the index of words can't be read".to_owned(),
            })),
        };
        if let Err(Fault::Index(error)) = &result {
            result = match inner.repair_search_index(&self.path, error) {
                Ok(()) => query(&inner),
                Err(error) => Err(Fault::Refused(error)),
            };
        }
        let result = result.map_err(|fault| fault.into_error(&self.path));
        inner.notice(&result);
        result
    }
}

impl Inner {
    /// Answers an error of the index.
    pub(crate) fn repair_search_index(
        &mut self,
        path: &Path,
        error: &rusqlite::Error,
    ) -> Result<(), HistoryError> {
        tracing::warn!(%error, "the index of words is damaged");
        self.rebuild_or_go_without(path)
    }

    /// Where the index can't be made anew, the chats go on without it until the next start, which
    /// looks at every page because of that.
    fn rebuild_or_go_without(&mut self, path: &Path) -> Result<(), HistoryError> {
        match self.rebuild_search_index(path) {
            Err(
                error @ (HistoryError::DiskFull { .. }
                | HistoryError::ReadOnly { .. }
                | HistoryError::Locked { .. }),
            ) => Err(error),
            Err(error) => {
                tracing::error!(%error, "the history goes on without its index of words");
                (self.has_index, self.damage_seen) = (false, true);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn rebuild_search_index(&mut self, path: &Path) -> Result<(), HistoryError> {
        // Dropping the old index frees its pages. Were they damaged, they could be those of chats.
        database::quick_check(&self.connection, path)?;
        let result = rebuild_past_damage(&mut self.connection);
        self.has_index |= result.is_ok();
        result.map_err(|error| HistoryError::sql(path, error))
    }
}

/// Parts of an index that can't even be opened may be dropped only while this is switched off.
fn rebuild_past_damage(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    let result = rebuild(connection);
    connection.pragma_update(None, "writable_schema", false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    result
}

fn rebuild(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let create: String = transaction.query_row(
        "SELECT sql FROM sqlite_schema WHERE name = 'messages_fts'",
        [],
        |row| row.get(0),
    )?;
    for part in PARTS {
        transaction.execute_batch(&format!("DROP TABLE IF EXISTS messages_fts_{part}"))?;
    }
    // DROP TABLE would ask the index itself, which may be past answering. It has no pages of
    // its own, so its line in the schema is all there is to remove.
    transaction.execute_batch(
        "PRAGMA writable_schema = ON;
         DELETE FROM sqlite_schema WHERE name = 'messages_fts';
         PRAGMA writable_schema = RESET;",
    )?;
    transaction.execute_batch(&create)?;
    transaction.execute(
        &format!(
            "INSERT INTO messages_fts (rowid, words)
             SELECT seq, tern_words(text) FROM messages WHERE {INDEXED} ORDER BY seq"
        ),
        [],
    )?;
    transaction.commit()
}

/// Whether the index can be read and knows as many messages as it should.
pub(crate) fn is_sound(connection: &Connection) -> rusqlite::Result<bool> {
    let count =
        |sql: &str| -> rusqlite::Result<i64> { connection.query_row(sql, [], |row| row.get(0)) };
    let expected = count("SELECT count(*) FROM messages")?
        - count("SELECT count(*) FROM messages WHERE state = 'writing'")?
        - count("SELECT count(*) FROM messages WHERE deleted_at_ms IS NOT NULL")?;
    let found = count("SELECT count(*) FROM messages_fts_docsize").and_then(|documents| {
        count("SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'a'")?;
        Ok(documents)
    });
    match found {
        Err(error) if is_damage(&error) => Ok(false),
        found => Ok(found? == expected),
    }
}

/// Puts a message that was just changed into the index, or takes it out.
pub(crate) fn refresh(change: &Change<'_>, message: &MessageId) -> Result<(), Fault> {
    if !change.has_index {
        return Ok(());
    }
    let forgotten = change
        .prepare_cached(
            "DELETE FROM messages_fts WHERE rowid = (SELECT seq FROM messages WHERE id = ?1)",
        )
        .and_then(|mut statement| statement.execute([message.as_str()]));
    forgotten.map_err(fault)?;
    let known = change
        .prepare_cached(&format!(
            "INSERT INTO messages_fts (rowid, words)
             SELECT seq, tern_words(text) FROM messages WHERE id = ?1 AND {INDEXED}"
        ))
        .and_then(|mut statement| statement.execute([message.as_str()]));
    known.map_err(fault)?;
    Ok(())
}

/// Takes out the messages of conversations deleted before `limit_ms`, which are about to go.
pub(crate) fn forget_deleted(change: &Change<'_>, limit_ms: i64) -> Result<(), Fault> {
    if !change.has_index {
        return Ok(());
    }
    let sql = "DELETE FROM messages_fts WHERE rowid IN (
                   SELECT m.seq FROM messages m JOIN conversations c ON c.id = m.conversation_id
                   WHERE c.deleted_at_ms < ?1
               )";
    change.execute(sql, [limit_ms]).map_err(fault)?;
    Ok(())
}

/// An error of a statement on the index.
pub(crate) fn fault(error: rusqlite::Error) -> Fault {
    match is_damage(&error) {
        true => Fault::Index(error),
        false => Fault::Sql(error),
    }
}

/// The statements on the index are always the same. So when SQLite can't make sense of one, a
/// part of the index is missing.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown)
    )
}

/// An error of a commit, which is when the index writes most of its pages.
pub(crate) fn commit_fault(error: rusqlite::Error) -> Fault {
    let code = error.sqlite_error().map(|error| error.extended_code);
    match code == Some(SQLITE_CORRUPT_VTAB) {
        true => Fault::Index(error),
        false => Fault::Sql(error),
    }
}
