//! What the face of the program is shown of a chat.

use tern_engine::StopReason;
use tern_history::{ConversationId, MessageId, MessageState, Role};

/// A row of the list of chats.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRow {
    /// Chat.
    pub id: ConversationId,
    /// Never empty.
    pub title: String,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Likewise; when a message was last added or finished.
    pub updated_at_ms: i64,
    /// Model the chat uses.
    pub model_id: String,
    /// An answer is queued, prepared or written.
    pub generating: bool,
}

/// A chat with the messages of its active branch, oldest first.
#[derive(Clone, Debug)]
pub struct ChatView {
    /// Its row.
    pub row: ChatRow,
    /// Root first.
    pub messages: Vec<MessageText>,
}

/// One message as it is now, the text of a running answer included.
#[derive(Clone, Debug)]
pub struct MessageText {
    /// Message.
    pub id: MessageId,
    /// Who wrote it.
    pub role: Role,
    /// Markdown.
    pub text: String,
    /// What became of it.
    pub state: MessageState,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Display name of the model (answers only).
    pub model_name: Option<String>,
    /// Figures of a finished answer.
    pub stats: Option<AnswerStats>,
    /// A sentence for [`MessageState::Failed`].
    pub error: Option<String>,
    /// Sequence number the next `TextDelta` of this message will carry.
    pub next_seq: u32,
}

/// Figures of one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerStats {
    /// Tokens of the prompt, chat template included.
    pub prompt_tokens: u32,
    /// Of those, still in the KV cache and not read again.
    pub reused_tokens: u32,
    /// Tokens written.
    pub generated_tokens: u32,
    /// Prompt reading speed, tokens per second.
    pub prefill_tokens_per_second: f64,
    /// Writing speed, tokens per second.
    pub decode_tokens_per_second: f64,
    /// Seconds from sending to the first token, loading and queueing included.
    pub first_token_seconds: f64,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Seed of the sampler.
    pub seed: u64,
}

/// What sending returns at once, before a token is written.
#[derive(Clone, Debug)]
pub struct SentMessage {
    /// The chat, made by the call when none was given.
    pub row: ChatRow,
    /// The question.
    pub question: MessageText,
    /// Its answer, empty and [`MessageState::Writing`].
    pub answer: MessageText,
}
