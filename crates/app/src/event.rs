//! What the program tells its face (window or terminal) unasked.

use tern_history::{ConversationId, MessageId};

use crate::{AppError, ChatRow, DownloadInfo, MessageText, ModelInfo};

/// Everything the program reports by itself.
#[derive(Debug)]
pub enum AppEvent {
    /// More text of an answer; `seq` counts from 0 for each answer without a gap.
    TextDelta {
        /// Chat.
        conversation: ConversationId,
        /// Answer.
        message: MessageId,
        /// Position of this piece.
        seq: u32,
        /// Text to append.
        text: String,
    },
    /// An answer moved on to another waiting state.
    PhaseChanged {
        /// Chat.
        conversation: ConversationId,
        /// Answer.
        message: MessageId,
        /// The state.
        phase: Phase,
    },
    /// An answer ended, however it ended.
    AnswerFinished {
        /// Chat.
        conversation: ConversationId,
        /// Whole text, state and figures.
        message: Box<MessageText>,
    },
    /// A chat's row changed or appeared.
    ConversationChanged(ChatRow),
    /// The list of models, or the state of one, changed.
    ModelsChanged(Vec<ModelInfo>),
    /// A download began, moved on or ended: all that are not done.
    DownloadsChanged(Vec<DownloadInfo>),
    /// New figures.
    StatusChanged(Status),
    /// Something went wrong outside a command.
    Problem(AppError),
}

/// What an answer waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// Another answer is being written first.
    Queued,
    /// The model is read into memory; 0 to 1.
    LoadingModel {
        /// Share done.
        fraction: f32,
    },
    /// The prompt is read.
    Reading {
        /// Tokens read.
        done: usize,
        /// Tokens in all.
        total: usize,
        /// Estimate of what is left, once there is one.
        seconds_left: Option<f64>,
    },
    /// Tokens are coming.
    Writing,
}

/// Live figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Writing speed while an answer is written, else none.
    pub tokens_per_second: Option<f64>,
    /// Resident memory of the process, bytes.
    pub app_bytes: u64,
    /// Of that, the model's weights, bytes.
    pub weight_bytes: u64,
    /// Of that, the KV cache, bytes.
    pub kv_bytes: u64,
    /// Engine threads.
    pub threads: usize,
    /// CPU path in use.
    pub isa: &'static str,
}
