//! Chats and their messages.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use super::ProblemDetail;

/// A row of the sidebar.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationSummary {
    /// Stable id.
    pub id: String,
    /// Title, never empty.
    pub title: String,
    /// When it was made.
    #[specta(type = Number)]
    pub created_at: f64,
    /// When a message was last added or finished.
    #[specta(type = Number)]
    pub updated_at: f64,
    /// Model the chat uses (a `ModelEntry.id`).
    pub model: String,
    /// True while an answer is being written (also when queued or loading).
    pub generating: bool,
    /// Kept at the top of the list.
    pub pinned: bool,
    /// Kept out of the list.
    pub archived: bool,
    /// Kept in memory only: gone when Tern ends.
    pub temporary: bool,
}

/// A chat with the messages of its active branch.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationView {
    /// The row it belongs to.
    pub summary: ConversationSummary,
    /// Oldest first.
    pub messages: Vec<MessageView>,
    /// What this chat does otherwise than Settings say.
    pub options: ChatOptions,
    /// What was being written into its message box.
    pub draft: Option<Draft>,
}

/// What one chat does otherwise than Settings say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatOptions {
    /// System prompt of its own, may be empty; none is the one of Settings.
    pub system_prompt: Option<String>,
    /// Sampling of its own; none is that of Settings.
    pub sampling: Option<Sampling>,
}

/// How tokens are drawn, and how many at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sampling {
    /// 0 is greedy; up to 2.
    #[specta(type = Number)]
    pub temperature: f32,
    /// Keep the k likeliest tokens; 0 is off.
    pub top_k: u32,
    /// Keep the likeliest tokens that add up to p; 1 is off.
    #[specta(type = Number)]
    pub top_p: f32,
    /// Drop tokens below this share of the likeliest one; 0 is off.
    #[specta(type = Number)]
    pub min_p: f32,
    /// Above 1 makes repeats less likely; 1 is off.
    #[specta(type = Number)]
    pub repetition_penalty: f32,
    /// Decimal digits (64 bits), or none for a new seed each time.
    pub seed: Option<String>,
    /// Longest answer in tokens; 0 means as long as the context allows.
    pub max_answer_tokens: u32,
}

/// A text file that goes along with a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachment {
    /// The file's name, without its folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What a person sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Question {
    /// The message; may be empty beside attachments.
    pub text: String,
    /// Files that go along with it.
    pub attachments: Vec<Attachment>,
}

/// What stands in a chat's message box, and what waits to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Draft {
    /// In the message box.
    pub question: Question,
    /// Questions sent while an answer was written, oldest first; asked one after the other.
    pub queue: Vec<Question>,
}

/// A file that was read, or why it could not be.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadFile {
    /// The file's name, without its folder.
    pub name: String,
    /// Its text, or none when there is a `problem`.
    pub text: Option<String>,
    /// Why it can't be attached.
    pub problem: Option<ProblemDetail>,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MessageRole {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MessageState {
    /// Whole.
    Complete,
    /// Being written now.
    Writing,
    /// Ended by the person; the text so far is kept.
    Stopped,
    /// Cut off by a crash or a kill; the text so far is kept.
    Interrupted,
    /// Ended by an error, see `error`.
    Failed,
}

/// One message.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    /// Stable id.
    pub id: String,
    /// Who wrote it.
    pub role: MessageRole,
    /// Markdown text; while `state` is `writing`, the text so far.
    pub text: String,
    /// What became of it.
    pub state: MessageState,
    /// When it was made.
    #[specta(type = Number)]
    pub created_at: f64,
    /// Display name of the model that wrote it (answers only).
    pub model_name: Option<String>,
    /// Figures of a finished answer.
    pub stats: Option<Stats>,
    /// Why it `failed`.
    pub error: Option<ProblemDetail>,
    /// Sequence number the next `TextDelta` for this message will carry.
    pub next_seq: u32,
    /// Files that went along (questions only).
    pub attachments: Vec<Attachment>,
    /// Where it stands among the versions of it.
    pub versions: Versions,
    /// The model reads it even when older messages are left out.
    pub pinned: bool,
    /// An answer whose text the person changed.
    pub edited: bool,
}

/// Versions of a message: what stands at the same place on other branches.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Versions {
    /// Of this one, from 1, oldest first.
    pub position: u32,
    /// How many there are, at least 1.
    pub count: u32,
    /// Message id of the version before.
    pub previous: Option<String>,
    /// Message id of the version after.
    pub next: Option<String>,
}

/// Figures of one answer.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    /// Tokens of the prompt, chat template included.
    pub prompt_tokens: u32,
    /// Prompt tokens that were still in the KV cache and not read again.
    pub reused_tokens: u32,
    /// Tokens written.
    pub generated_tokens: u32,
    /// Prompt reading speed, tokens per second.
    #[specta(type = Number)]
    pub prefill_tokens_per_second: f64,
    /// Writing speed, tokens per second.
    #[specta(type = Number)]
    pub decode_tokens_per_second: f64,
    /// Seconds from sending to the first token.
    #[specta(type = Number)]
    pub first_token_seconds: f64,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Seed of the sampler, as decimal digits (64 bits).
    pub seed: String,
    /// How its tokens were drawn; none for answers of versions that did not record it.
    pub sampling: Option<Sampling>,
    /// Id of the oldest message the model read, when older ones were left out.
    pub first_seen: Option<String>,
}

/// The exact text a model read before it wrote an answer.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelPrompt {
    /// With the chat template's control tokens written out.
    pub text: String,
    /// Its length.
    pub tokens: u32,
    /// False when the chat or the model's file changed since, so that it may have been another.
    pub exact: bool,
}

/// How much of a model's context the next question takes, counted by its own tokenizer.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContextUse {
    /// Tokens of the prompt as it would be read now, the question in the message box included.
    pub used_tokens: u32,
    /// The model's context.
    pub total_tokens: u32,
    /// Of those used, still in memory and not read again.
    pub cached_tokens: u32,
    /// Kept free for the answer.
    pub reserved_tokens: u32,
    /// Of those used, the question in the message box with its attachments.
    pub question_tokens: u32,
    /// How many of the oldest messages don't fit any more: the model would not read them.
    pub left_out: u32,
    /// True when the question alone is longer than the context allows.
    pub too_long: bool,
}

/// A message found by searching.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchHit {
    /// Its chat.
    pub conversation: ConversationSummary,
    /// The message, on whichever branch.
    pub message: String,
    /// Who wrote it.
    pub role: MessageRole,
    /// When it was made.
    #[specta(type = Number)]
    pub created_at: f64,
    /// The text around the first match, in pieces.
    pub snippet: Vec<SnippetPiece>,
}

/// A piece of a snippet.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SnippetPiece {
    /// Its text.
    pub text: String,
    /// True where it matches what was searched for.
    pub matched: bool,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum StopReason {
    /// The model said so.
    EndOfText,
    /// The answer length set in Settings was reached.
    MaxTokens,
    /// The model's context is full.
    ContextFull,
    /// The person pressed Stop.
    Stopped,
}

/// What every command that starts an answer returns at once, before a token is written.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    /// The chat, made by this call when none was given.
    pub conversation: ConversationSummary,
    /// The message sent (the question the answer belongs to).
    pub question: MessageView,
    /// The answer, `writing`; empty unless it is continued.
    pub answer: MessageView,
}
