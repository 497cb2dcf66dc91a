//! The index of the words in messages: kept current, and made anew when it is damaged.
//!
//! It is changed in the transaction that changes its message, by code and not by triggers: so an
//! error of the index is told from one of the chats, which must go on without it, and saving an
//! answer that is being written costs nothing here. Such an answer is not in the index until it
//! ends.

use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_CORRUPT_VTAB;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::Fault;
use crate::history::{Change, Inner};
use crate::{History, HistoryError, MessageId};

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
    /// What the disk says; then the index is as it was.
    pub fn rebuild_search_index(&self) -> Result<(), HistoryError> {
        let mut inner = self.inner();
        inner
            .rebuild_search_index()
            .map_err(|error| HistoryError::sql(&self.path, error))
    }

    /// Makes the index anew unless it is what it should be. A disk too full for that must not
    /// keep the person from reading.
    pub(crate) fn check_search_index(&self, can_be_read: bool) -> Result<(), HistoryError> {
        let mut inner = self.inner();
        let sql = |error| HistoryError::sql(&self.path, error);
        if can_be_read && is_sound(&inner.connection).map_err(sql)? {
            return Ok(());
        }
        match inner.rebuild_search_index() {
            Err(error) if is_damage(&error) => inner.go_without_search_index(),
            Err(error) => match sql(error) {
                full @ HistoryError::DiskFull { .. } => {
                    self.warn(full.to_string());
                    inner.go_without_search_index();
                }
                error => return Err(error),
            },
            Ok(()) => {}
        }
        Ok(())
    }

    /// Reads the index, and once more when it had to be made anew for that.
    pub(crate) fn read_index<R>(
        &self,
        query: impl Fn(&Inner) -> Result<R, Fault>,
    ) -> Result<R, HistoryError> {
        let mut inner = self.inner();
        let mut result = query(&inner);
        if let Err(Fault::Index(error)) = &result {
            result = match inner.repair_search_index(error) {
                Ok(()) => query(&inner),
                Err(error) => Err(error.into()),
            };
        }
        let result = result.map_err(|fault| fault.into_error(&self.path));
        inner.notice(&result);
        result
    }
}

impl Inner {
    /// Answers an error of the index. Where it can't be made anew, the chats go on without it.
    pub(crate) fn repair_search_index(&mut self, error: &rusqlite::Error) -> rusqlite::Result<()> {
        tracing::warn!(%error, "the index of words is damaged");
        if is_of_content(error) {
            match self.rebuild_search_index() {
                Err(error) if is_damage(&error) => {}
                result => return result,
            }
        }
        self.go_without_search_index();
        Ok(())
    }

    /// Until the next start, which looks at every page because of it.
    fn go_without_search_index(&mut self) {
        tracing::error!("the history goes on without its index of words");
        (self.has_index, self.damage_seen) = (false, true);
    }

    fn rebuild_search_index(&mut self) -> rusqlite::Result<()> {
        // Only so may the parts of the index be dropped when it can't even be opened.
        self.connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
        let result = rebuild(&mut self.connection);
        self.connection
            .pragma_update(None, "writable_schema", false)?;
        self.connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        self.has_index |= result.is_ok();
        result
    }
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

/// The statements on the index are always the same, so that SQLite can't make sense of one
/// means that a part of the index is missing.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown)
    )
}

/// Whether the index contradicts itself while the pages it lies in are sound, so that it may be
/// dropped: pages that are not may point at those of the chats.
pub(crate) fn is_of_content(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == SQLITE_CORRUPT_VTAB),
        _ => true,
    }
}

/// An error of a commit, which is when the index writes most of its pages.
pub(crate) fn commit_fault(error: rusqlite::Error) -> Fault {
    let code = error.sqlite_error().map(|error| error.extended_code);
    match code == Some(SQLITE_CORRUPT_VTAB) {
        true => Fault::Index(error),
        false => Fault::Sql(error),
    }
}
