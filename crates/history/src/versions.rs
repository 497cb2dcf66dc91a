//! Versions of a message: siblings in the tree, and which of them the branch goes through.

use rusqlite::OptionalExtension;

use crate::conversations::require;
use crate::error::Fault;
use crate::history::Change;
use crate::messages::{active_leaf, answer, conversation_of, exchange, living};
use crate::rows::{self, MESSAGE};
use crate::tree::Tree;
use crate::{Absent, ConversationId, History, HistoryError, Message, MessageId, Question, Role};

/// A message of the branch that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The message.
    pub message: Message,
    /// Where it stands among its versions.
    pub versions: Versions,
}

/// Where a message stands among its versions, the oldest of which is the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Its place, from 1 on.
    pub position: usize,
    /// How many there are, itself included.
    pub count: usize,
    /// The version before it.
    pub previous: Option<MessageId>,
    /// The version after it.
    pub next: Option<MessageId>,
}

impl Default for Versions {
    /// Those of a message that is the only one.
    fn default() -> Self {
        Self {
            position: 1,
            count: 1,
            previous: None,
            next: None,
        }
    }
}

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
            let mut answer = answer(change, &earlier.conversation, earlier.parent, model)?;
            answer.parent = living(change, answer.parent)?;
            Ok(answer)
        })
    }

    /// Adds another wording of a question with an empty answer, which becomes the active leaf.
    /// The earlier question and what followed it stay on their branch. Returns
    /// (question, answer).
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such question or its conversation is deleted,
    /// or what the disk says.
    pub fn append_question_version<'a>(
        &self,
        earlier: &MessageId,
        question: impl Into<Question<'a>>,
        model: Option<&str>,
    ) -> Result<(Message, Message), HistoryError> {
        let question = question.into();
        self.write(|change| {
            let earlier = find(change, earlier, Role::User)?;
            let (mut question, answer) = exchange(
                change,
                &earlier.conversation,
                earlier.parent,
                question,
                model,
            )?;
            question.parent = living(change, question.parent)?;
            Ok((question, answer))
        })
    }

    /// The branch that is shown, like [`branch`](Self::branch), with each message's versions.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such conversation or it is deleted, or what
    /// the disk says.
    pub fn branch_with_versions(
        &self,
        conversation: &ConversationId,
    ) -> Result<Vec<Shown>, HistoryError> {
        self.read_or_refuse(|inner| {
            let leaf = active_leaf(&inner.connection, conversation)?;
            let tree = Tree::load(&inner.connection, conversation)?;
            let Some(leaf) = leaf.and_then(|leaf| tree.find(&leaf)) else {
                return Ok(Vec::new());
            };
            let path = tree.path_to(leaf);
            let messages = inner.messages(&tree, &path)?;
            let families = tree.families();
            let shown = messages
                .into_iter()
                .zip(path)
                .map(|(message, place)| Shown {
                    message,
                    versions: versions_of(&tree, &families[&tree.node(place).parent], place),
                });
            Ok(shown.collect())
        })
    }

    /// The message and its versions, oldest first: what is shown after the same message.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such message or it is deleted, or what the
    /// disk says.
    pub fn versions(&self, message: &MessageId) -> Result<Vec<Message>, HistoryError> {
        self.read_or_refuse(|inner| {
            let conversation = conversation_of(&inner.connection, message)?;
            let tree = Tree::load(&inner.connection, &conversation)?;
            let family = tree.family(tree.require(message)?);
            Ok(inner.messages(&tree, &family)?)
        })
    }

    /// Where a message stands among its versions.
    ///
    /// # Errors
    /// As [`versions`](Self::versions).
    pub fn place_among_versions(&self, message: &MessageId) -> Result<Versions, HistoryError> {
        self.read_or_refuse(|inner| {
            let conversation = conversation_of(&inner.connection, message)?;
            let tree = Tree::load(&inner.connection, &conversation)?;
            let place = tree.require(message)?;
            Ok(versions_of(&tree, &tree.family(place), place))
        })
    }

    /// Leads the branch that is shown through a message, and on to the newest message that
    /// follows it.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such message, or it or its conversation is
    /// deleted, or what the disk says.
    pub fn show_version(&self, message: &MessageId) -> Result<(), HistoryError> {
        self.write(|change| {
            let conversation = conversation_of(change, message)?;
            require(change, &conversation)?;
            let tree = Tree::load(change, &conversation)?;
            let leaf = tree.newest_below(tree.require(message)?);
            change
                .prepare_cached("UPDATE conversations SET active_leaf = ?2 WHERE id = ?1")?
                .execute([conversation.as_str(), tree.node(leaf).id.as_str()])?;
            Ok(())
        })
    }
}

/// `family` is in the order the messages came, which is that of their places.
fn versions_of(tree: &Tree, family: &[usize], place: usize) -> Versions {
    let index = family.partition_point(|&other| other < place);
    let id = |place: &usize| tree.node(*place).id.clone();
    Versions {
        position: index + 1,
        count: family.len(),
        previous: index.checked_sub(1).map(|before| id(&family[before])),
        next: family.get(index + 1).map(id),
    }
}

/// A message that is not deleted, as it lies on disk: a version of it is to have the same parent
/// even if that one is deleted, and come back with it.
fn find(change: &Change<'_>, id: &MessageId, role: Role) -> Result<Message, Fault> {
    let what = match role {
        Role::Assistant => Absent::Answer,
        Role::User => Absent::Question,
        Role::System => Absent::Message,
    };
    change
        .prepare_cached(&format!(
            "SELECT {MESSAGE} FROM messages m
             WHERE m.id = ?1 AND m.role = ?2 AND m.deleted_at_ms IS NULL"
        ))?
        .query_row([id.as_str(), rows::role_name(role)], rows::message)
        .optional()?
        .ok_or_else(|| Fault::absent(what, id.as_str()))
}
