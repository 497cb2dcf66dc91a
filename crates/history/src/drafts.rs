//! Drafts: what a person has begun to write, one for each conversation and one for the next.

use rusqlite::OptionalExtension;

use crate::conversations::require;
use crate::{ConversationId, History, HistoryError, rows};

/// Key of the draft that belongs to no conversation yet.
const NEW_CHAT: &str = "";

impl History {
    /// The draft of a conversation, or (`None`) of the one not begun; none if nothing is kept or
    /// the conversation is deleted.
    ///
    /// # Errors
    /// What the disk says.
    pub fn draft(
        &self,
        conversation: Option<&ConversationId>,
    ) -> Result<Option<String>, HistoryError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT value FROM drafts d WHERE key = ?1 AND NOT EXISTS (
                         SELECT 1 FROM conversations c
                         WHERE c.id = d.key AND c.deleted_at_ms IS NOT NULL
                     )",
                )?
                .query_row([key(conversation)], |row| rows::text(row, 0))
                .optional()
        })
    }

    /// Keeps a draft, JSON of the program, or (`None`) forgets it. A deleted conversation's
    /// draft stays for [`restore`](Self::restore) and is purged with it. The conversation keeps
    /// its place in the list.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such conversation or it is deleted, or what
    /// the disk says.
    pub fn set_draft(
        &self,
        conversation: Option<&ConversationId>,
        draft: Option<&str>,
    ) -> Result<(), HistoryError> {
        self.write(|change| {
            if let Some(conversation) = conversation {
                require(change, conversation)?;
            }
            let key = key(conversation);
            match draft {
                Some(draft) => change
                    .prepare_cached(
                        "INSERT INTO drafts (key, value) VALUES (?1, ?2)
                         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    )?
                    .execute([key, draft])?,
                None => change
                    .prepare_cached("DELETE FROM drafts WHERE key = ?1")?
                    .execute([key])?,
            };
            Ok(())
        })
    }

    /// Every draft, those of deleted conversations left out.
    ///
    /// # Errors
    /// What the disk says.
    pub fn drafts(&self) -> Result<Vec<(Option<ConversationId>, String)>, HistoryError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT key, value FROM drafts d WHERE NOT EXISTS (
                         SELECT 1 FROM conversations c
                         WHERE c.id = d.key AND c.deleted_at_ms IS NOT NULL
                     ) ORDER BY key",
                )?
                .query_map([], |row| {
                    let key = rows::text(row, 0)?;
                    let conversation = (key != NEW_CHAT).then(|| ConversationId::new(key));
                    Ok((conversation, rows::text(row, 1)?))
                })?
                .collect()
        })
    }
}

fn key(conversation: Option<&ConversationId>) -> &str {
    conversation.map_or(NEW_CHAT, ConversationId::as_str)
}
