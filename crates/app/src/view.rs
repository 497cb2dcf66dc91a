//! What the face of the program is shown of a chat.

use tern_engine::StopReason;
use tern_history::{Attachment, ConversationId, MessageId, MessageState, Role, Versions};

use crate::{ChatOptions, Draft, Failure, Sampling};

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
    /// Kept at the top of the list.
    pub pinned: bool,
    /// Kept out of the list.
    pub archived: bool,
    /// Kept in memory only: gone when the program ends.
    pub temporary: bool,
}

/// A chat with the messages of its active branch, oldest first.
#[derive(Clone, Debug)]
pub struct ChatView {
    /// Its row.
    pub row: ChatRow,
    /// Root first.
    pub messages: Vec<MessageText>,
    /// What it does otherwise than the settings say.
    pub options: ChatOptions,
    /// What was being written into its message box.
    pub draft: Option<Draft>,
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
    /// Why it is [`MessageState::Failed`].
    pub error: Option<Failure>,
    /// Sequence number the next `TextDelta` of this message will carry.
    pub next_seq: u32,
    /// Files that went along (questions only).
    pub attachments: Vec<Attachment>,
    /// Where it stands among its versions.
    pub versions: Versions,
    /// The model reads it even when older messages are left out.
    pub pinned: bool,
    /// An answer whose text the person changed.
    pub edited: bool,
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
    /// How its tokens were drawn; none for answers of versions that did not record it.
    pub sampling: Option<Sampling>,
    /// Oldest message the model read, when older ones were left out.
    pub first_seen: Option<MessageId>,
}

/// The exact text a model read before it wrote an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrompt {
    /// With the template's control tokens written out.
    pub text: String,
    /// Its length.
    pub tokens: usize,
    /// False when the chat or the model's file changed since, so that it may have been another.
    pub exact: bool,
}

/// How much of a model's context the next question takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextUse {
    /// Tokens of the prompt as it would be read now, the question included.
    pub used_tokens: usize,
    /// The model's context.
    pub total_tokens: usize,
    /// Of those used, still in the KV cache and not read again.
    pub cached_tokens: usize,
    /// Kept free for the answer.
    pub reserved_tokens: usize,
    /// Of those used, the question with its files.
    pub question_tokens: usize,
    /// How many of the oldest messages don't fit any more.
    pub left_out: usize,
    /// The question alone is longer than the context allows.
    pub too_long: bool,
}

/// A message found by searching.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// Its chat.
    pub row: ChatRow,
    /// The message, on whichever branch.
    pub message: MessageId,
    /// Who wrote it.
    pub role: Role,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// The text around the first match, in pieces; true where it matches.
    pub snippet: Vec<(String, bool)>,
}

/// What sending returns at once, before a token is written.
#[derive(Clone, Debug)]
pub struct SentMessage {
    /// The chat, made by the call when none was given.
    pub row: ChatRow,
    /// The question.
    pub question: MessageText,
    /// Its answer, [`MessageState::Writing`]; empty unless it is continued.
    pub answer: MessageText,
}
