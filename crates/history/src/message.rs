//! What a message is.

use std::fmt;

use crate::ConversationId;

/// Name of a message: a UUID v7, unique on this computer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(String);

impl MessageId {
    /// Takes an id as it came from outside; whether there is such a message shows when it is
    /// used.
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

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for MessageId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

/// Who a message is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions to the model.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// Whole.
    Complete,
    /// Being written now.
    Writing,
    /// Ended by the person; the text so far is kept.
    Stopped,
    /// Cut off by a crash or a kill; the text so far is kept.
    Interrupted,
    /// Ended by an error; the text so far is kept.
    Failed,
}

/// One message of a conversation's tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its name.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// The message it is shown after: the nearest one before it that is not deleted; none for
    /// the first of a conversation.
    pub parent: Option<MessageId>,
    /// Who it is from.
    pub role: Role,
    /// Exactly as written, any length, NUL included.
    pub text: String,
    /// What became of it.
    pub state: MessageState,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Display name of the model that wrote it (answers only).
    pub model: Option<String>,
    /// Figures of a finished answer.
    pub stats: Option<MessageStats>,
    /// Why it is [`MessageState::Failed`], in the program's words.
    pub error: Option<String>,
    /// Files given along with a question.
    pub attachments: Vec<Attachment>,
    /// Kept at hand by the person.
    pub pinned: bool,
    /// The person changed the model's words.
    pub edited: bool,
}

/// A file given along with a question, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, without a folder.
    pub name: String,
    /// What it says; like a message's text, exactly as given.
    pub text: String,
}

/// What a person asks. A text alone is one, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The person's words.
    pub text: &'a str,
    /// Files given along.
    pub attachments: &'a [Attachment],
}

impl<'a> From<&'a str> for Question<'a> {
    fn from(text: &'a str) -> Self {
        Self {
            text,
            attachments: &[],
        }
    }
}

impl<'a> From<&'a String> for Question<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

/// Figures of one answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageStats {
    /// Tokens of the prompt, chat template included.
    pub prompt_tokens: u32,
    /// Of those, still in the KV cache and not read again.
    pub reused_tokens: u32,
    /// Tokens written.
    pub generated_tokens: u32,
    /// Seconds the prompt took. Like the other times: kept as 0 when not finite.
    pub prefill_seconds: f64,
    /// Seconds the answer took.
    pub decode_seconds: f64,
    /// Seconds until the first token.
    pub first_token_seconds: f64,
    /// Why it ended, in the program's words.
    pub stop_reason: String,
    /// Seed of the sampler, as decimal digits.
    pub seed: String,
    /// How its tokens were drawn, as JSON of the program.
    pub sampling: Option<String>,
    /// The system prompt it was written under.
    pub system_prompt: Option<String>,
    /// Id of the oldest message of the branch the model read, when older ones were left out.
    pub first_seen: Option<String>,
    /// Hash of the prompt, in hexadecimal digits.
    pub prompt_hash: String,
}
