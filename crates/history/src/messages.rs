//! The messages of a conversation: the branch that is shown, and how it grows.

use rusqlite::{Connection, OptionalExtension};

use crate::conversations::require;
use crate::error::Fault;
use crate::history::{Change, Inner};
use crate::rows::{self, MESSAGE};
use crate::{
    Absent, ConversationId, History, HistoryError, Message, MessageId, MessageState, MessageStats,
    Role,
};

impl History {
    /// The branch that is shown: from the first message to the active leaf.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such conversation or it is deleted, or what
    /// the disk says.
    pub fn branch(&self, conversation: &ConversationId) -> Result<Vec<Message>, HistoryError> {
        self.read_or_refuse(|inner| {
            let leaf = active_leaf(&inner.connection, conversation)?;
            // A parent's `seq` is smaller than its child's, which gives the order; UNION drops
            // what was seen, so that not even a damaged tree goes round in circles.
            let mut statement = inner.connection.prepare_cached(&format!(
                "WITH RECURSIVE branch (id) AS (
                     VALUES (?1)
                     UNION
                     SELECT m.parent_id FROM messages m JOIN branch USING (id)
                     WHERE m.parent_id IS NOT NULL
                 )
                 SELECT {MESSAGE} FROM messages m JOIN branch USING (id) ORDER BY m.seq"
            ))?;
            let messages = statement.query_map([leaf], |row| inner.message(row))?;
            Ok(messages.collect::<Result<_, _>>()?)
        })
    }

    /// One message, on whichever branch, also of a deleted conversation until that is purged.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn message(&self, id: &MessageId) -> Result<Message, HistoryError> {
        self.read_or_refuse(|inner| {
            inner
                .connection
                .prepare_cached(&format!("SELECT {MESSAGE} FROM messages m WHERE m.id = ?1"))?
                .query_row([id.as_str()], |row| inner.message(row))
                .optional()?
                .ok_or_else(|| Fault::absent(Absent::Message, id.as_str()))
        })
    }

    /// Adds a question after the active leaf and an empty answer in [`MessageState::Writing`]
    /// after it, which becomes the active leaf. Returns (question, answer).
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says; then neither was added.
    pub fn append_exchange(
        &self,
        conversation: &ConversationId,
        text: &str,
        model: Option<&str>,
    ) -> Result<(Message, Message), HistoryError> {
        self.write(|change| {
            let parent = active_leaf(change, conversation)?.map(MessageId::new);
            exchange(change, conversation, parent, text, model)
        })
    }

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

    /// Ends an answer: its whole text, what became of it, its figures, and a sentence if it
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
            Ok(())
        })
    }
}

impl Inner {
    /// A row as a message. While half answers of an earlier run are left, every answer that
    /// stands as being written is one of them: new ones come with a change, which marks them.
    pub(crate) fn message(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Message> {
        let mut message = rows::message(row)?;
        if self.half_answers_left && message.state == MessageState::Writing {
            message.state = MessageState::Interrupted;
        }
        Ok(message)
    }
}

/// Last message of the branch that is shown.
fn active_leaf(
    connection: &Connection,
    conversation: &ConversationId,
) -> Result<Option<String>, Fault> {
    connection
        .prepare_cached(
            "SELECT active_leaf FROM conversations WHERE id = ?1 AND deleted_at_ms IS NULL",
        )?
        .query_row([conversation.as_str()], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Fault::absent(Absent::Conversation, conversation.as_str()))
}

/// Adds a question and its empty answer after `parent`.
pub(crate) fn exchange(
    change: &Change<'_>,
    conversation: &ConversationId,
    parent: Option<MessageId>,
    text: &str,
    model: Option<&str>,
) -> Result<(Message, Message), Fault> {
    let question = Message {
        id: MessageId::fresh(),
        conversation: conversation.clone(),
        parent,
        role: Role::User,
        text: text.to_owned(),
        state: MessageState::Complete,
        created_at_ms: change.now_ms,
        model: None,
        stats: None,
        error: None,
    };
    insert(change, &question)?;
    let answer = answer(change, conversation, Some(question.id.clone()), model)?;
    Ok((question, answer))
}

/// Adds an empty answer after `parent` and makes it the active leaf.
pub(crate) fn answer(
    change: &Change<'_>,
    conversation: &ConversationId,
    parent: Option<MessageId>,
    model: Option<&str>,
) -> Result<Message, Fault> {
    let answer = Message {
        id: MessageId::fresh(),
        conversation: conversation.clone(),
        parent,
        role: Role::Assistant,
        text: String::new(),
        state: MessageState::Writing,
        created_at_ms: change.now_ms,
        model: model.map(str::to_owned),
        stats: None,
        error: None,
    };
    insert(change, &answer)?;
    change
        .prepare_cached(
            "UPDATE conversations SET active_leaf = ?2, updated_at_ms = ?3 WHERE id = ?1",
        )?
        .execute((conversation.as_str(), answer.id.as_str(), change.now_ms))?;
    Ok(answer)
}

fn insert(change: &Change<'_>, message: &Message) -> Result<(), Fault> {
    require(change, &message.conversation)?;
    change
        .prepare_cached(
            "INSERT INTO messages
                 (id, conversation_id, parent_id, role, text, state, created_at_ms, model)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            message.id.as_str(),
            message.conversation.as_str(),
            message.parent.as_ref().map(MessageId::as_str),
            rows::role_name(message.role),
            &message.text,
            rows::state_name(message.state),
            message.created_at_ms,
            message.model.as_deref(),
        ))?;
    Ok(())
}
