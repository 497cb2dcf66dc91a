//! The list of conversations.

use rusqlite::{Connection, OptionalExtension, ToSql};

use crate::error::Fault;
use crate::history::Change;
use crate::rows::{self, CONVERSATION};
use crate::{Absent, Conversation, ConversationId, History, HistoryError, MessageId, title};

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
        self.read_or_refuse(|inner| read_conversation(&inner.connection, id))
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
            options: None,
        };
        self.write(|change| {
            conversation.created_at_ms = change.now_ms;
            conversation.updated_at_ms = change.now_ms;
            insert_conversation(change, &conversation)
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

    /// Keeps the conversation's own choices, or takes them away: JSON of the program, which the
    /// history does not look into.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn set_options(
        &self,
        id: &ConversationId,
        options: Option<&str>,
    ) -> Result<(), HistoryError> {
        self.update(id, "options = ?2", &options)
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

    pub(crate) fn update(
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

/// A conversation that is not deleted.
pub(crate) fn read_conversation(
    connection: &Connection,
    id: &ConversationId,
) -> Result<Conversation, Fault> {
    connection
        .prepare_cached(&format!(
            "SELECT {CONVERSATION} FROM conversations c
             WHERE c.id = ?1 AND c.deleted_at_ms IS NULL"
        ))?
        .query_row([id.as_str()], rows::conversation)
        .optional()?
        .ok_or_else(|| Fault::absent(Absent::Conversation, id.as_str()))
}

/// Its active leaf may be inserted after it, before the transaction ends.
pub(crate) fn insert_conversation(
    change: &Change<'_>,
    conversation: &Conversation,
) -> Result<(), Fault> {
    change
        .prepare_cached(
            "INSERT INTO conversations
                 (id, title, title_is_manual, created_at_ms, updated_at_ms, pinned, archived,
                  model_id, system_prompt, active_leaf, options)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute((
            conversation.id.as_str(),
            &conversation.title,
            conversation.title_is_manual,
            conversation.created_at_ms,
            conversation.updated_at_ms,
            conversation.pinned,
            conversation.archived,
            conversation.model_id.as_deref(),
            conversation.system_prompt.as_deref(),
            conversation.active_leaf.as_ref().map(MessageId::as_str),
            conversation.options.as_deref(),
        ))?;
    Ok(())
}

/// Refuses a conversation that does not exist or is deleted.
pub(crate) fn require(change: &Change<'_>, id: &ConversationId) -> Result<(), Fault> {
    let exists = change
        .prepare_cached("SELECT 1 FROM conversations WHERE id = ?1 AND deleted_at_ms IS NULL")?
        .exists([id.as_str()])?;
    found(usize::from(exists), id)
}

pub(crate) fn found(rows: usize, id: &ConversationId) -> Result<(), Fault> {
    match rows {
        0 => Err(Fault::absent(Absent::Conversation, id.as_str())),
        _ => Ok(()),
    }
}
