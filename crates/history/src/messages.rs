//! The messages of a conversation: the branch that is shown, and how it grows.

use rusqlite::{Connection, OptionalExtension};

use crate::conversations::require;
use crate::error::Fault;
use crate::history::{Change, Inner};
use crate::rows::{self, MESSAGE};
use crate::tree::Tree;
use crate::{
    Absent, ConversationId, History, HistoryError, Message, MessageId, MessageState, Question,
    Role, search_index,
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
            let tree = Tree::load(&inner.connection, conversation)?;
            let path = leaf.and_then(|leaf| tree.find(&leaf));
            let path = path.map_or(Vec::new(), |leaf| tree.path_to(leaf));
            Ok(inner.messages(&tree, &path)?)
        })
    }

    /// Whether a message is on the branch that is shown; reads no texts.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such conversation or it is deleted, or what
    /// the disk says.
    pub fn is_shown(
        &self,
        conversation: &ConversationId,
        message: &MessageId,
    ) -> Result<bool, HistoryError> {
        self.read_or_refuse(|inner| {
            let leaf = active_leaf(&inner.connection, conversation)?;
            let tree = Tree::load(&inner.connection, conversation)?;
            let places = leaf
                .and_then(|leaf| tree.find(&leaf))
                .zip(tree.find(message));
            Ok(places.is_some_and(|(leaf, place)| tree.path_to(leaf).contains(&place)))
        })
    }

    /// From the first message to this one, on whichever branch that is.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such message or it is deleted, or what the
    /// disk says.
    pub fn branch_to(&self, message: &MessageId) -> Result<Vec<Message>, HistoryError> {
        self.read_or_refuse(|inner| {
            let conversation = conversation_of(&inner.connection, message)?;
            let tree = Tree::load(&inner.connection, &conversation)?;
            let path = tree.path_to(tree.require(message)?);
            Ok(inner.messages(&tree, &path)?)
        })
    }

    /// The conversation of a message, also of a deleted one.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is none, or what the disk says.
    pub fn conversation_of(&self, message: &MessageId) -> Result<ConversationId, HistoryError> {
        self.read_or_refuse(|inner| {
            inner
                .connection
                .prepare_cached("SELECT conversation_id FROM messages WHERE id = ?1")?
                .query_row([message.as_str()], |row| rows::text(row, 0))
                .optional()?
                .map(ConversationId::new)
                .ok_or_else(|| Fault::absent(Absent::Message, message.as_str()))
        })
    }

    /// One message, on whichever branch, also of a deleted conversation until that is purged.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is none or it is deleted itself, or what the disk
    /// says.
    pub fn message(&self, id: &MessageId) -> Result<Message, HistoryError> {
        self.read_or_refuse(|inner| {
            let message = read_message(&inner.connection, id)?;
            Ok(inner.as_it_stands(message))
        })
    }

    /// Keeps a message at hand or lets it go.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is none, or it or its conversation is deleted, or
    /// what the disk says.
    pub fn set_message_pinned(&self, id: &MessageId, pinned: bool) -> Result<(), HistoryError> {
        self.write(|change| {
            let conversation = conversation_of(change, id)?;
            require(change, &conversation)?;
            change
                .prepare_cached("UPDATE messages SET pinned = ?2 WHERE id = ?1")?
                .execute((id.as_str(), pinned))?;
            Ok(())
        })
    }

    /// Adds a question after the active leaf and an empty answer in [`MessageState::Writing`]
    /// after it, which becomes the active leaf. Returns (question, answer).
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says; then neither was added.
    pub fn append_exchange<'a>(
        &self,
        conversation: &ConversationId,
        question: impl Into<Question<'a>>,
        model: Option<&str>,
    ) -> Result<(Message, Message), HistoryError> {
        let question = question.into();
        self.write(|change| {
            let parent = active_leaf(change, conversation)?;
            exchange(change, conversation, parent, question, model)
        })
    }
}

impl Inner {
    /// While half answers of an earlier run are left, every answer that stands as being written
    /// is one of them: new ones come with a change, which marks them.
    pub(crate) fn as_it_stands(&self, mut message: Message) -> Message {
        if self.half_answers_left && message.state == MessageState::Writing {
            message.state = MessageState::Interrupted;
        }
        message
    }

    /// Messages of a tree with their texts.
    pub(crate) fn messages(&self, tree: &Tree, places: &[usize]) -> rusqlite::Result<Vec<Message>> {
        let messages = messages_at(&self.connection, tree, places)?;
        let as_they_stand = messages
            .into_iter()
            .map(|message| self.as_it_stands(message));
        Ok(as_they_stand.collect())
    }
}

/// Messages of a tree as they lie on disk but for their parents.
pub(crate) fn messages_at(
    connection: &Connection,
    tree: &Tree,
    places: &[usize],
) -> rusqlite::Result<Vec<Message>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {MESSAGE} FROM messages m WHERE m.seq = ?1"
    ))?;
    let messages = places.iter().map(|&place| {
        let mut message = statement.query_row([tree.node(place).seq], rows::message)?;
        message.parent = tree.parent_id(place).cloned();
        Ok(message)
    });
    messages.collect()
}

/// A message that is not deleted.
pub(crate) fn read_message(connection: &Connection, id: &MessageId) -> Result<Message, Fault> {
    let mut message = connection
        .prepare_cached(&format!(
            "SELECT {MESSAGE} FROM messages m WHERE m.id = ?1 AND m.deleted_at_ms IS NULL"
        ))?
        .query_row([id.as_str()], rows::message)
        .optional()?
        .ok_or_else(|| Fault::absent(Absent::Message, id.as_str()))?;
    message.parent = living(connection, message.parent)?;
    Ok(message)
}

/// The nearest message from this one upwards that is not deleted.
pub(crate) fn living(
    connection: &Connection,
    id: Option<MessageId>,
) -> rusqlite::Result<Option<MessageId>> {
    let Some(id) = id else { return Ok(None) };
    // A parent's `seq` is the smaller one, which also ends a way that damage bent into a circle.
    connection
        .prepare_cached(
            "WITH RECURSIVE above (seq, id, parent_id, is_deleted) AS (
                 SELECT seq, id, parent_id, deleted_at_ms IS NOT NULL
                 FROM messages WHERE id = ?1
                 UNION ALL
                 SELECT m.seq, m.id, m.parent_id, m.deleted_at_ms IS NOT NULL
                 FROM above JOIN messages m ON m.id = above.parent_id
                 WHERE above.is_deleted AND m.seq < above.seq
             )
             SELECT id FROM above WHERE NOT is_deleted",
        )?
        .query_row([id.as_str()], |row| Ok(MessageId::new(rows::text(row, 0)?)))
        .optional()
}

/// The conversation of a message that is not deleted.
pub(crate) fn conversation_of(
    connection: &Connection,
    id: &MessageId,
) -> Result<ConversationId, Fault> {
    connection
        .prepare_cached(
            "SELECT conversation_id FROM messages WHERE id = ?1 AND deleted_at_ms IS NULL",
        )?
        .query_row([id.as_str()], |row| {
            Ok(ConversationId::new(rows::text(row, 0)?))
        })
        .optional()?
        .ok_or_else(|| Fault::absent(Absent::Message, id.as_str()))
}

/// Last message of the branch that is shown.
pub(crate) fn active_leaf(
    connection: &Connection,
    conversation: &ConversationId,
) -> Result<Option<MessageId>, Fault> {
    connection
        .prepare_cached(
            "SELECT active_leaf FROM conversations WHERE id = ?1 AND deleted_at_ms IS NULL",
        )?
        .query_row([conversation.as_str()], |row| {
            Ok(rows::optional_text(row, 0)?.map(MessageId::new))
        })
        .optional()?
        .ok_or_else(|| Fault::absent(Absent::Conversation, conversation.as_str()))
}

/// Adds a question and its empty answer after `parent`.
pub(crate) fn exchange(
    change: &Change<'_>,
    conversation: &ConversationId,
    parent: Option<MessageId>,
    question: Question<'_>,
    model: Option<&str>,
) -> Result<(Message, Message), Fault> {
    let question = Message {
        id: MessageId::fresh(),
        conversation: conversation.clone(),
        parent,
        role: Role::User,
        text: question.text.to_owned(),
        state: MessageState::Complete,
        created_at_ms: change.now_ms,
        model: None,
        stats: None,
        error: None,
        attachments: question.attachments.to_vec(),
        pinned: false,
        edited: false,
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
        attachments: Vec::new(),
        pinned: false,
        edited: false,
    };
    insert(change, &answer)?;
    change
        .prepare_cached(
            "UPDATE conversations SET active_leaf = ?2, updated_at_ms = ?3 WHERE id = ?1",
        )?
        .execute((conversation.as_str(), answer.id.as_str(), change.now_ms))?;
    Ok(answer)
}

pub(crate) fn insert(change: &Change<'_>, message: &Message) -> Result<(), Fault> {
    require(change, &message.conversation)?;
    change
        .prepare_cached(
            "INSERT INTO messages
                 (id, conversation_id, parent_id, role, text, state, created_at_ms, model, stats,
                  error, attachments, pinned, edited)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
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
            message.stats.as_ref().map(rows::stats_json),
            message.error.as_deref(),
            rows::attachments_json(&message.attachments),
            message.pinned,
            message.edited,
        ))?;
    search_index::refresh(change, &message.id)
}
