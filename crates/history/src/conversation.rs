//! What a conversation is.

use std::fmt;

use crate::MessageId;

/// Name of a conversation: a UUID v7, unique on this computer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(String);

impl ConversationId {
    /// Takes an id as it came from outside; whether there is such a conversation shows when it
    /// is used.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    pub(crate) fn fresh() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for ConversationId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

/// A conversation without its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its name.
    pub id: ConversationId,
    /// Never empty, at most 200 characters, without control characters.
    pub title: String,
    /// The person gave the title; [`set_title_if_auto`](crate::History::set_title_if_auto)
    /// leaves it alone.
    pub title_is_manual: bool,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Likewise: when a message was last added or finished. Renaming, pinning and the like
    /// leave it, so they don't move the conversation in the list.
    pub updated_at_ms: i64,
    /// Kept at the top of the list.
    pub pinned: bool,
    /// Kept out of the list.
    pub archived: bool,
    /// Model chosen for it, in the program's words.
    pub model_id: Option<String>,
    /// System prompt of its own.
    pub system_prompt: Option<String>,
    /// Last message of the branch that is shown; none while it has no messages.
    pub active_leaf: Option<MessageId>,
    /// Choices of its own, such as how words are drawn: JSON of the program, which it is to read.
    pub options: Option<String>,
}
