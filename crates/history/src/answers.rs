//! Answers: how they are written, ended, changed and gone on with.

use rusqlite::OptionalExtension;

use crate::conversations::require;
use crate::error::Fault;
use crate::history::Change;
use crate::messages::{active_leaf, read_message};
use crate::{
    Absent, ConversationId, History, HistoryError, Message, MessageId, MessageState, MessageStats,
    Role, rows, search_index,
};

impl History {
    /// Sets the text so far of an answer that is being written.
    ///
    /// # Errors
    /// [`HistoryError::NotWriting`] when it has ended, [`HistoryError::NotFound`], or what the
    /// disk says; then the text is as the last successful call left it.
    pub fn set_text(&self, answer: &MessageId, text: &str) -> Result<(), HistoryError> {
        self.write(|change| {
            let updated = change
                .prepare_cached(
                    "UPDATE messages SET text = ?2 WHERE id = ?1 AND state = 'writing'",
                )?
                .execute([answer.as_str(), text])?;
            if updated > 0 {
                return Ok(());
            }
            let exists = change
                .prepare_cached("SELECT 1 FROM messages WHERE id = ?1")?
                .exists([answer.as_str()])?;
            Err(match exists {
                true => Fault::Refused(HistoryError::NotWriting {
                    id: answer.as_str().to_owned(),
                }),
                false => Fault::absent(Absent::Answer, answer.as_str()),
            })
        })
    }

    /// Ends an answer: its whole text, what became of it, its figures, and the reason if it
    /// failed. May be repeated, the last one counts: a call that failed may have reached the
    /// disk all the same.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such answer, or what the disk says.
    pub fn finish(
        &self,
        answer: &MessageId,
        text: &str,
        state: MessageState,
        stats: Option<&MessageStats>,
        error: Option<&str>,
    ) -> Result<(), HistoryError> {
        self.write(|change| {
            let conversation = change
                .prepare_cached(
                    "UPDATE messages SET text = ?2, state = ?3, stats = ?4, error = ?5
                     WHERE id = ?1 AND role = 'assistant' RETURNING conversation_id",
                )?
                .query_row(
                    (
                        answer.as_str(),
                        text,
                        rows::state_name(state),
                        stats.map(rows::stats_json),
                        error,
                    ),
                    |row| rows::text(row, 0),
                )
                .optional()?
                .ok_or_else(|| Fault::absent(Absent::Answer, answer.as_str()))?;
            change
                .prepare_cached("UPDATE conversations SET updated_at_ms = ?2 WHERE id = ?1")?
                .execute((conversation, change.now_ms))?;
            search_index::refresh(change, answer)
        })
    }

    /// Puts the person's words in the place of an answer that has ended, and marks it as edited.
    /// What became of it and its figures stay.
    ///
    /// # Errors
    /// [`HistoryError::StillWriting`], [`HistoryError::NotFound`] when there is no such answer,
    /// or it or its conversation is deleted, or what the disk says.
    pub fn edit_answer(&self, answer: &MessageId, text: &str) -> Result<(), HistoryError> {
        self.write(|change| {
            require_ended(change, answer)?;
            change
                .prepare_cached("UPDATE messages SET text = ?2, edited = 1 WHERE id = ?1")?
                .execute([answer.as_str(), text])?;
            search_index::refresh(change, answer)
        })
    }

    /// Goes on with an ended answer, the last one of the branch that is shown: it is being
    /// written again, with its text so far. Its figures and its error go;
    /// [`finish`](Self::finish) brings new ones.
    ///
    /// # Errors
    /// [`HistoryError::StillWriting`], [`HistoryError::NotLast`], [`HistoryError::NotFound`] when
    /// there is no such answer, or it or its conversation is deleted, or what the disk says.
    pub fn resume_answer(&self, answer: &MessageId) -> Result<Message, HistoryError> {
        self.write(|change| {
            let conversation = require_ended(change, answer)?;
            if active_leaf(change, &conversation)?.as_ref() != Some(answer) {
                return Err(Fault::Refused(HistoryError::NotLast {
                    id: answer.as_str().to_owned(),
                }));
            }
            change
                .prepare_cached(
                    "UPDATE messages SET state = 'writing', stats = NULL, error = NULL
                     WHERE id = ?1",
                )?
                .execute([answer.as_str()])?;
            search_index::refresh(change, answer)?;
            read_message(change, answer)
        })
    }
}

/// Refuses what is not an answer, is deleted, or has not ended. Returns its conversation.
fn require_ended(change: &Change<'_>, answer: &MessageId) -> Result<ConversationId, Fault> {
    let (conversation, state) = change
        .prepare_cached(
            "SELECT conversation_id, state FROM messages
             WHERE id = ?1 AND role = ?2 AND deleted_at_ms IS NULL",
        )?
        .query_row([answer.as_str(), rows::role_name(Role::Assistant)], |row| {
            Ok((
                ConversationId::new(rows::text(row, 0)?),
                rows::text(row, 1)?,
            ))
        })
        .optional()?
        .ok_or_else(|| Fault::absent(Absent::Answer, answer.as_str()))?;
    require(change, &conversation)?;
    match rows::state(&state) {
        MessageState::Writing => Err(Fault::still_writing(answer)),
        _ => Ok(conversation),
    }
}
