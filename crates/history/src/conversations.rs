//! The list of conversations.

use rusqlite::{OptionalExtension, ToSql};

use crate::error::Fault;
use crate::history::Change;
use crate::rows::{self, CONVERSATION};
use crate::{Absent, Conversation, ConversationId, History, HistoryError, title};

impl History {
    /// Every conversation that is not deleted, the one changed last first. Pinned and archived
    /// ones stand among the others.
    ///
    /// # Errors
    /// What the disk says.
    pub fn conversations(&self) -> Result<Vec<Conversation>, HistoryError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {CONVERSATION} FROM conversations c WHERE c.deleted_at_ms IS NULL
                     ORDER BY c.updated_at_ms DESC, c.id DESC"
                ))?
                .query_map([], rows::conversation)?
                .collect()
        })
    }

    /// One conversation.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is none or it is deleted, or what the disk says.
    pub fn conversation(&self, id: &ConversationId) -> Result<Conversation, HistoryError> {
        self.read_or_refuse(|inner| {
            inner
                .connection
                .prepare_cached(&format!(
                    "SELECT {CONVERSATION} FROM conversations c
                     WHERE c.id = ?1 AND c.deleted_at_ms IS NULL"
                ))?
                .query_row([id.as_str()], rows::conversation)
                .optional()?
                .ok_or_else(|| Fault::absent(Absent::Conversation, id.as_str()))
        })
    }

    /// Makes a conversation without messages. The title counts as an automatic one; it becomes
    /// one line of at most 200 characters, "New chat" if nothing is left.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create_conversation(
        &self,
        title: &str,
        model_id: Option<&str>,
    ) -> Result<Conversation, HistoryError> {
        let mut conversation = Conversation {
            id: ConversationId::fresh(),
            title: title::clean(title),
            title_is_manual: false,
            created_at_ms: 0,
            updated_at_ms: 0,
            pinned: false,
            archived: false,
            model_id: model_id.map(str::to_owned),
            system_prompt: None,
            active_leaf: None,
        };
        self.write(|change| {
            conversation.created_at_ms = change.now_ms;
            conversation.updated_at_ms = change.now_ms;
            change
                .prepare_cached(
                    "INSERT INTO conversations (id, title, created_at_ms, updated_at_ms, model_id)
                     VALUES (?1, ?2, ?3, ?3, ?4)",
                )?
                .execute((
                    conversation.id.as_str(),
                    &conversation.title,
                    change.now_ms,
                    model_id,
                ))?;
            Ok(())
        })?;
        Ok(conversation)
    }

    /// Gives a conversation the person's title, cleaned as in
    /// [`create_conversation`](Self::create_conversation).
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn rename(&self, id: &ConversationId, title: &str) -> Result<(), HistoryError> {
        self.update(id, "title = ?2, title_is_manual = 1", &title::clean(title))
    }

    /// Gives a conversation an automatic title unless the person gave one. Returns whether it
    /// did.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn set_title_if_auto(
        &self,
        id: &ConversationId,
        title: &str,
    ) -> Result<bool, HistoryError> {
        self.write(|change| {
            require(change, id)?;
            let changed = change
                .prepare_cached(
                    "UPDATE conversations SET title = ?2 WHERE id = ?1 AND title_is_manual = 0",
                )?
                .execute((id.as_str(), title::clean(title)))?;
            Ok(changed > 0)
        })
    }

    /// Chooses the conversation's model.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn set_model(&self, id: &ConversationId, model_id: &str) -> Result<(), HistoryError> {
        self.update(id, "model_id = ?2", &model_id)
    }

    /// Gives the conversation a system prompt of its own, or takes it away.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn set_system_prompt(
        &self,
        id: &ConversationId,
        system_prompt: Option<&str>,
    ) -> Result<(), HistoryError> {
        self.update(id, "system_prompt = ?2", &system_prompt)
    }

    /// Pins a conversation or lets it go.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn set_pinned(&self, id: &ConversationId, pinned: bool) -> Result<(), HistoryError> {
        self.update(id, "pinned = ?2", &pinned)
    }

    /// Archives a conversation or brings it back.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn set_archived(&self, id: &ConversationId, archived: bool) -> Result<(), HistoryError> {
        self.update(id, "archived = ?2", &archived)
    }

    /// Takes a conversation off the list. Its messages stay on disk for a day, so that
    /// [`restore`](Self::restore) can bring it back, and an answer being written in it can end.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn delete(&self, id: &ConversationId) -> Result<(), HistoryError> {
        let now_ms = crate::history::now_ms();
        self.update(id, "deleted_at_ms = ?2", &now_ms)
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

    fn update(
        &self,
        id: &ConversationId,
        assignment: &'static str,
        value: &dyn ToSql,
    ) -> Result<(), HistoryError> {
        self.write(|change| {
            let updated = change
                .prepare_cached(&format!(
                    "UPDATE conversations SET {assignment} WHERE id = ?1 AND deleted_at_ms IS NULL"
                ))?
                .execute((id.as_str(), value))?;
            found(updated, id)
        })
    }
}

/// Refuses a conversation that does not exist or is deleted.
pub(crate) fn require(change: &Change<'_>, id: &ConversationId) -> Result<(), Fault> {
    let exists = change
        .prepare_cached("SELECT 1 FROM conversations WHERE id = ?1 AND deleted_at_ms IS NULL")?
        .exists([id.as_str()])?;
    found(usize::from(exists), id)
}

fn found(rows: usize, id: &ConversationId) -> Result<(), Fault> {
    match rows {
        0 => Err(Fault::absent(Absent::Conversation, id.as_str())),
        _ => Ok(()),
    }
}
