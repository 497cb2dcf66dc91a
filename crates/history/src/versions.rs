//! Versions of a message: siblings in the tree, and which of them the branch goes through.

use rusqlite::OptionalExtension;

use crate::conversations::require;
use crate::error::Fault;
use crate::history::Change;
use crate::messages::{answer, exchange};
use crate::rows::{self, MESSAGE};
use crate::{Absent, History, HistoryError, Message, MessageId, Role};

impl History {
    /// Adds another answer to the same question, empty and in
    /// [`MessageState::Writing`](crate::MessageState::Writing), and makes it the active leaf.
    /// The earlier answer and what followed it stay on their branch.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such answer or its conversation is deleted,
    /// or what the disk says.
    pub fn append_answer_version(
        &self,
        earlier: &MessageId,
        model: Option<&str>,
    ) -> Result<Message, HistoryError> {
        self.write(|change| {
            let earlier = find(change, earlier, Role::Assistant)?;
            answer(change, &earlier.conversation, earlier.parent, model)
        })
    }

    /// Adds another wording of a question with an empty answer, which becomes the active leaf.
    /// The earlier question and what followed it stay on their branch. Returns
    /// (question, answer).
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such question or its conversation is deleted,
    /// or what the disk says.
    pub fn append_question_version(
        &self,
        earlier: &MessageId,
        text: &str,
        model: Option<&str>,
    ) -> Result<(Message, Message), HistoryError> {
        self.write(|change| {
            let earlier = find(change, earlier, Role::User)?;
            exchange(change, &earlier.conversation, earlier.parent, text, model)
        })
    }

    /// The message and its siblings (same parent), oldest first.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says.
    pub fn versions(&self, message: &MessageId) -> Result<Vec<Message>, HistoryError> {
        self.read_or_refuse(|inner| {
            let mut statement = inner.connection.prepare_cached(&format!(
                "SELECT {MESSAGE} FROM messages m JOIN messages self
                     ON m.conversation_id = self.conversation_id
                     AND m.parent_id IS self.parent_id
                 WHERE self.id = ?1 ORDER BY m.seq"
            ))?;
            let versions: Vec<Message> = statement
                .query_map([message.as_str()], |row| inner.message(row))?
                .collect::<Result<_, _>>()?;
            match versions.is_empty() {
                true => Err(Fault::absent(Absent::Message, message.as_str())),
                false => Ok(versions),
            }
        })
    }

    /// Leads the branch that is shown through a message, and on to the newest message that
    /// follows it.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such message or its conversation is deleted,
    /// or what the disk says.
    pub fn show_version(&self, message: &MessageId) -> Result<(), HistoryError> {
        self.write(|change| {
            let shown = change
                .prepare_cached(&format!("SELECT {MESSAGE} FROM messages m WHERE m.id = ?1"))?
                .query_row([message.as_str()], rows::message)
                .optional()?
                .ok_or_else(|| Fault::absent(Absent::Message, message.as_str()))?;
            require(change, &shown.conversation)?;
            // The newest message below has no children: they would be newer.
            change
                .prepare_cached(
                    "WITH RECURSIVE below (id) AS (
                         VALUES (?2)
                         UNION
                         SELECT m.id FROM messages m JOIN below ON m.parent_id = below.id
                         WHERE m.conversation_id = ?1
                     )
                     UPDATE conversations SET active_leaf = (
                         SELECT m.id FROM messages m JOIN below USING (id)
                         ORDER BY m.seq DESC LIMIT 1
                     ) WHERE id = ?1",
                )?
                .execute([shown.conversation.as_str(), message.as_str()])?;
            Ok(())
        })
    }
}

fn find(change: &Change<'_>, id: &MessageId, role: Role) -> Result<Message, Fault> {
    let what = match role {
        Role::Assistant => Absent::Answer,
        Role::User => Absent::Question,
        Role::System => Absent::Message,
    };
    change
        .prepare_cached(&format!(
            "SELECT {MESSAGE} FROM messages m WHERE m.id = ?1 AND m.role = ?2"
        ))?
        .query_row([id.as_str(), rows::role_name(role)], rows::message)
        .optional()?
        .ok_or_else(|| Fault::absent(what, id.as_str()))
}
