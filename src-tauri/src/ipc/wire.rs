//! The words of the wire: what the window and the program say to each other.
//!
//! These types exist only here. `convert.rs` makes them from `tern-app`'s types, and
//! `ui/src/lib/ipc/bindings.ts` is generated from them. Times are milliseconds since the
//! Unix epoch, memory is bytes; both fit exactly in a JavaScript number. No float here is ever
//! NaN or infinite, which JSON would turn into null: fields are typed as plain numbers.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

/// What the window needs to draw itself for the first time.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Startup {
    /// Version of the app, for the About page.
    pub version: String,
    /// Folder with the chats and settings, as shown in Settings.
    pub data_dir: String,
    /// Set when the program could not open its data: the window shows this and a Retry button.
    pub problem: Option<Problem>,
    /// The person's settings.
    pub settings: Settings,
    /// Every model that can be chosen, the Guide first.
    pub models: Vec<ModelEntry>,
    /// Saved chats, newest first.
    pub conversations: Vec<ConversationSummary>,
    /// Memory and speed right now.
    pub status: Status,
}

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
}

/// A chat with the messages of its active branch.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationView {
    /// The row it belongs to.
    pub summary: ConversationSummary,
    /// Oldest first.
    pub messages: Vec<MessageView>,
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
    /// A sentence for `failed`.
    pub error: Option<String>,
    /// Sequence number the next `TextDelta` for this message will carry.
    pub next_seq: u32,
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

/// What `send_message` and `retry_answer` return at once, before a token is written.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    /// The chat, made by this call when none was given.
    pub conversation: ConversationSummary,
    /// The message sent (the question the answer belongs to).
    pub question: MessageView,
    /// The answer, empty and `writing`.
    pub answer: MessageView,
}

/// A model that can be chosen.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelEntry {
    /// Stable id; `guide` is the built-in one.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Where its file or folder is; none for the Guide.
    pub path: Option<String>,
    /// Size of its files.
    #[specta(type = Number)]
    pub bytes: f64,
    /// True for the one new chats use.
    pub selected: bool,
    /// What it is doing now.
    pub state: ModelState,
    /// Sentences worth knowing about the file (a broken upload, a replaced template).
    pub warnings: Vec<String>,
}

/// What a model is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ModelState {
    /// On disk only.
    Idle,
    /// Being read into memory.
    Loading,
    /// In memory.
    Ready,
    /// The file or folder is gone.
    Missing,
}

/// Colour scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Theme {
    /// As the computer is set.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Everything a person can set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    /// Colour scheme.
    pub theme: Theme,
    /// Given to the model before every chat; may be empty.
    pub system_prompt: String,
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
    /// Threads for the engine; 0 means chosen by Tern.
    pub threads: u32,
}

/// Live figures for the status strip.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// Writing speed while an answer is written, else none.
    #[specta(type = Option<Number>)]
    pub tokens_per_second: Option<f64>,
    /// Resident memory of the program.
    #[specta(type = Number)]
    pub app_bytes: f64,
    /// Of that, the model's weights.
    #[specta(type = Number)]
    pub weight_bytes: f64,
    /// Of that, the KV cache.
    #[specta(type = Number)]
    pub kv_bytes: f64,
    /// Engine threads.
    pub threads: u32,
    /// CPU path in use, for instance `avx2`.
    pub isa: String,
}

/// What an answer waits for.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Phase {
    /// Another answer is being written first.
    Queued,
    /// The model is read into memory; 0 to 1.
    LoadingModel {
        /// Share done.
        #[specta(type = Number)]
        fraction: f64,
    },
    /// The prompt is read.
    Reading {
        /// Tokens read.
        done: u32,
        /// Tokens in all.
        total: u32,
        /// Estimate of what is left, once there is one.
        #[specta(type = Option<Number>)]
        seconds_left: Option<f64>,
    },
    /// Tokens are coming.
    Writing,
}

/// Something that went wrong, in words.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// For the program.
    pub code: ProblemCode,
    /// For the person: what happened and what to do.
    pub message: String,
}

/// The few kinds of problem the window treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ProblemCode {
    /// The data folder can't be used (unwritable, newer database, damaged, in use).
    DataFolder,
    /// A write to disk failed while running (disk full, folder gone).
    Storage,
    /// A model file is missing, damaged or of a kind Tern can't open.
    Model,
    /// The chat or message does not exist (any more).
    NotFound,
    /// Not possible in the present state (an answer is being written in this chat).
    Busy,
    /// The request itself makes no sense (empty message, number out of range).
    Invalid,
    /// A defect in Tern.
    Internal,
}

/// Everything the program tells the window unasked: one event, one type.
#[derive(Clone, Debug, Serialize, Type, tauri_specta::Event)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum AppEvent {
    /// More text of an answer. `seq` counts from 0 for each answer without a gap.
    TextDelta {
        /// Chat.
        conversation: String,
        /// Answer.
        message: String,
        /// Position of this piece.
        seq: u32,
        /// Text to append.
        text: String,
    },
    /// An answer moved on to another waiting state.
    PhaseChanged {
        /// Chat.
        conversation: String,
        /// Answer.
        message: String,
        /// The state.
        phase: Phase,
    },
    /// An answer ended, however it ended; carries the whole text.
    AnswerFinished {
        /// Chat.
        conversation: String,
        /// The final message.
        message: MessageView,
    },
    /// A row of the sidebar changed or appeared.
    ConversationChanged {
        /// The row.
        summary: ConversationSummary,
    },
    /// The list of models, or the state of one, changed.
    ModelsChanged {
        /// All of them.
        models: Vec<ModelEntry>,
    },
    /// New figures, about once a second while something happens.
    StatusChanged {
        /// The figures.
        status: Status,
    },
    /// Something went wrong outside a command.
    ProblemOccurred {
        /// What.
        problem: Problem,
    },
}
