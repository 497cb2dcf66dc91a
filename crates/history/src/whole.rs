//! Conversations with every message on every branch, one at a time or all as of one moment.

use std::collections::HashMap;
use std::path::PathBuf;

use rusqlite::Connection;

use crate::conversations::read_conversation;
use crate::database::open_for_reading;
use crate::error::Fault;
use crate::messages::messages_at;
use crate::rows;
use crate::tree::Tree;
use crate::{Conversation, ConversationId, History, HistoryError, Message, MessageId};

/// A conversation with every message that is not deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeConversation {
    /// The conversation.
    pub conversation: Conversation,
    /// Its messages in the order they came, so each after the one it is shown after.
    pub messages: Vec<Message>,
}

impl WholeConversation {
    /// The branch that is shown: from the first message to the active leaf.
    pub fn branch(&self) -> Vec<&Message> {
        let by_id: HashMap<&MessageId, &Message> =
            self.messages.iter().map(|m| (&m.id, m)).collect();
        let mut branch = Vec::new();
        let mut next = self.conversation.active_leaf.as_ref();
        // A way that damage bent into a circle is no longer than all messages together.
        while let Some(message) = next.and_then(|id| by_id.get(id))
            && branch.len() < self.messages.len()
        {
            branch.push(*message);
            next = message.parent.as_ref();
        }
        branch.reverse();
        branch
    }
}

impl History {
    /// A conversation with every message on every branch.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such conversation or it is deleted, or what
    /// the disk says.
    pub fn whole(&self, id: &ConversationId) -> Result<WholeConversation, HistoryError> {
        self.read_or_refuse(|inner| {
            let mut whole = read_whole(&inner.connection, id)?;
            let messages = std::mem::take(&mut whole.messages).into_iter();
            whole.messages = messages.map(|m| inner.as_it_stands(m)).collect();
            Ok(whole)
        })
    }

    /// Everything as it is now, for reading at leisure: what is said meanwhile is not in it, and
    /// nobody waits for it. While it is held, the write-ahead log grows.
    ///
    /// # Errors
    /// What the disk says, [`HistoryError::Io`] for a history in memory.
    pub fn snapshot(&self) -> Result<Snapshot, HistoryError> {
        self.require_disk()?;
        Snapshot::open(self).map_err(|error| HistoryError::sql(&self.path, error))
    }

    /// A time as the person's clocks show it, to the minute: `2025-11-20 13:05`.
    ///
    /// # Errors
    /// None but what SQLite says of a connection that is broken.
    pub fn local_time(&self, ms: i64) -> Result<String, HistoryError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT strftime('%Y-%m-%d %H:%M', ?1, 'unixepoch', 'localtime')")?
                .query_row([ms.div_euclid(1000)], |row| {
                    let time: Option<String> = row.get(0)?;
                    Ok(time.unwrap_or_default())
                })
        })
    }
}

/// Every conversation as of one moment, read one at a time.
pub struct Snapshot {
    connection: Connection,
    path: PathBuf,
}

impl Snapshot {
    fn open(history: &History) -> rusqlite::Result<Self> {
        let connection = open_for_reading(&history.path)?;
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        // With a rollback journal (on some network folders), a reader keeps writers waiting, so
        // there each conversation is read as of its own moment.
        if mode == "wal" {
            connection.execute_batch("BEGIN")?;
            // The moment is that of the first read.
            connection
                .prepare("SELECT 1 FROM conversations")?
                .exists([])?;
        }
        Ok(Self {
            connection,
            path: history.path.clone(),
        })
    }

    /// Every conversation that is not deleted, archived ones included, in the order they were
    /// made.
    ///
    /// # Errors
    /// What the disk says.
    pub fn conversations(&self) -> Result<Vec<ConversationId>, HistoryError> {
        let read = || -> rusqlite::Result<Vec<ConversationId>> {
            self.connection
                .prepare(
                    "SELECT id FROM conversations WHERE deleted_at_ms IS NULL
                     ORDER BY created_at_ms, id",
                )?
                .query_map([], |row| Ok(ConversationId::new(rows::text(row, 0)?)))?
                .collect()
        };
        read().map_err(|error| HistoryError::sql(&self.path, error))
    }

    /// One of them with every message on every branch.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn whole(&self, id: &ConversationId) -> Result<WholeConversation, HistoryError> {
        read_whole(&self.connection, id).map_err(|fault| fault.into_error(&self.path))
    }
}

fn read_whole(connection: &Connection, id: &ConversationId) -> Result<WholeConversation, Fault> {
    let conversation = read_conversation(connection, id)?;
    let tree = Tree::load(connection, id)?;
    let places: Vec<usize> = tree.living().collect();
    let messages = messages_at(connection, &tree, &places)?;
    Ok(WholeConversation {
        conversation,
        messages,
    })
}
