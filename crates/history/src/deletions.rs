//! Deleting, which is soft for a day, and what is purged after it.

use rusqlite::{Connection, OptionalExtension};

use crate::conversations::{found, require};
use crate::error::Fault;
use crate::history::{Change, now_ms};
use crate::messages::{active_leaf, conversation_of, living};
use crate::{
    Absent, ConversationId, History, HistoryError, MessageId, MessageState, rows, search_index,
};

impl History {
    /// Takes a conversation off the list. Its messages stay on disk for a day, so that
    /// [`restore`](Self::restore) can bring it back, and an answer being written in it can end.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn delete(&self, id: &ConversationId) -> Result<(), HistoryError> {
        self.update(id, "deleted_at_ms = ?2", &now_ms())
    }

    /// Brings a deleted conversation back; one that is not deleted stays as it is.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is none or it has been purged, or what the disk
    /// says.
    pub fn restore(&self, id: &ConversationId) -> Result<(), HistoryError> {
        self.write(|change| {
            let restored = change
                .prepare_cached("UPDATE conversations SET deleted_at_ms = NULL WHERE id = ?1")?
                .execute([id.as_str()])?;
            found(restored, id)
        })
    }

    /// Deletes several conversations in one go. Those that are missing or deleted already are
    /// skipped.
    ///
    /// # Errors
    /// What the disk says; then none was deleted.
    pub fn delete_all(&self, ids: &[ConversationId]) -> Result<(), HistoryError> {
        self.set_deleted(ids, Some(now_ms()))
    }

    /// Brings several deleted conversations back in one go. Those that are missing or purged are
    /// skipped.
    ///
    /// # Errors
    /// What the disk says; then none came back.
    pub fn restore_all(&self, ids: &[ConversationId]) -> Result<(), HistoryError> {
        self.set_deleted(ids, None)
    }

    /// Only where it changes something: a second deletion does not put the purge off.
    fn set_deleted(
        &self,
        ids: &[ConversationId],
        deleted_at_ms: Option<i64>,
    ) -> Result<(), HistoryError> {
        self.write(|change| {
            let mut statement = change.prepare_cached(
                "UPDATE conversations SET deleted_at_ms = ?2
                 WHERE id = ?1 AND (deleted_at_ms IS NULL) <> (?2 IS NULL)",
            )?;
            for id in ids {
                statement.execute((id.as_str(), deleted_at_ms))?;
            }
            Ok(())
        })
    }

    /// Takes one message out of its conversation; what followed it is shown as following the
    /// message before it. For a day [`restore_message`](Self::restore_message) can bring it
    /// back. If it was the last one shown, the branch ends at the nearest one before it.
    ///
    /// # Errors
    /// [`HistoryError::StillWriting`], [`HistoryError::NotFound`] when there is none, or it or its
    /// conversation is deleted, or what the disk says.
    pub fn delete_message(&self, id: &MessageId) -> Result<(), HistoryError> {
        self.write(|change| {
            let conversation = conversation_of(change, id)?;
            require(change, &conversation)?;
            let deleted = change
                .prepare_cached(
                    "UPDATE messages SET deleted_at_ms = ?2 WHERE id = ?1 AND state <> ?3",
                )?
                .execute((
                    id.as_str(),
                    now_ms(),
                    rows::state_name(MessageState::Writing),
                ))?;
            if deleted == 0 {
                return Err(Fault::still_writing(id));
            }
            if active_leaf(change, &conversation)?.as_ref() == Some(id) {
                let leaf = living(change, Some(id.clone()))?;
                set_active_leaf(change, &conversation, leaf.as_ref())?;
            }
            search_index::refresh(change, id)
        })
    }

    /// Brings a deleted message back to where it was; one that is not deleted stays as it is.
    /// If the branch that is shown ends where the message follows, it is shown again.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is none, it has been purged, or its conversation is
    /// deleted, or what the disk says.
    pub fn restore_message(&self, id: &MessageId) -> Result<(), HistoryError> {
        self.write(|change| {
            let (conversation, parent) = change
                .prepare_cached("SELECT conversation_id, parent_id FROM messages WHERE id = ?1")?
                .query_row([id.as_str()], |row| {
                    let parent = rows::optional_text(row, 1)?.map(MessageId::new);
                    Ok((ConversationId::new(rows::text(row, 0)?), parent))
                })
                .optional()?
                .ok_or_else(|| Fault::absent(Absent::Message, id.as_str()))?;
            require(change, &conversation)?;
            let restored = change
                .prepare_cached(
                    "UPDATE messages SET deleted_at_ms = NULL
                     WHERE id = ?1 AND deleted_at_ms IS NOT NULL",
                )?
                .execute([id.as_str()])?;
            if restored == 0 {
                return Ok(());
            }
            if active_leaf(change, &conversation)? == living(change, parent)? {
                set_active_leaf(change, &conversation, Some(id))?;
            }
            search_index::refresh(change, id)
        })
    }
}

fn set_active_leaf(
    change: &Change<'_>,
    conversation: &ConversationId,
    leaf: Option<&MessageId>,
) -> Result<(), Fault> {
    change
        .prepare_cached("UPDATE conversations SET active_leaf = ?2 WHERE id = ?1")?
        .execute((conversation.as_str(), leaf.map(MessageId::as_str)))?;
    Ok(())
}

/// Whether something was deleted before `limit_ms`.
pub(crate) fn is_due(connection: &Connection, limit_ms: i64) -> rusqlite::Result<bool> {
    connection
        .prepare(
            "SELECT 1 FROM conversations WHERE deleted_at_ms < ?1
             UNION ALL SELECT 1 FROM messages WHERE deleted_at_ms < ?1",
        )?
        .exists([limit_ms])
}

/// Removes what was deleted before `limit_ms` for good.
pub(crate) fn purge(change: &Change<'_>, limit_ms: i64) -> Result<(), Fault> {
    search_index::forget_deleted(change, limit_ms)?;
    change.execute(
        "DELETE FROM conversations WHERE deleted_at_ms < ?1",
        [limit_ms],
    )?;
    let messages: Vec<(String, String)> = change
        .prepare("SELECT conversation_id, id FROM messages WHERE deleted_at_ms < ?1")?
        .query_map([limit_ms], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (conversation, id) in &messages {
        // What followed it follows the one before it, be that deleted as well.
        change
            .prepare_cached(
                "UPDATE messages SET parent_id = (SELECT parent_id FROM messages WHERE id = ?2)
                 WHERE conversation_id = ?1 AND parent_id = ?2",
            )?
            .execute([conversation, id])?;
        change
            .prepare_cached("DELETE FROM messages WHERE id = ?1")?
            .execute([id])?;
    }
    Ok(())
}
