//! What the program tells unasked.

use serde::Serialize;
use specta::Type;
use specta_typescript::Number;

use super::{ConversationSummary, Download, MessageView, ModelEntry, Problem, ReadFile, Status};

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
        message: Box<MessageView>,
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
    /// Downloads began, went on or ended; at most about five times a second.
    DownloadsChanged {
        /// All of them; one that is done is not among them any more.
        downloads: Vec<Download>,
    },
    /// New figures, about once a second while something happens.
    StatusChanged {
        /// The figures.
        status: Status,
    },
    /// Files are held over the window, or no longer.
    FilesHeld {
        /// They are.
        over: bool,
    },
    /// Files were dropped on the window and read.
    FilesDropped {
        /// Each with its text or why it has none.
        files: Vec<ReadFile>,
    },
    /// A model's file or folder was dropped on the window.
    ModelDropped {
        /// Where it is.
        path: String,
        /// Its last part, to call it by.
        name: String,
    },
    /// A menu item, a tray item or the quick-ask keys were used.
    ActionChosen {
        /// What to do.
        action: Action,
    },
    /// Something went wrong outside a command.
    ProblemOccurred {
        /// What.
        problem: Problem,
    },
}

/// What can be asked for outside the page: in menus, in the tray, by keys heard everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Action {
    /// A new chat.
    NewChat,
    /// A new temporary chat.
    NewTemporaryChat,
    /// Search and commands.
    Palette,
    /// Find in the open chat.
    Find,
    /// Show or hide the sidebar.
    ToggleSidebar,
    /// All models.
    Models,
    /// Settings.
    Settings,
    /// The list of keys.
    Keys,
    /// Larger text.
    LargerText,
    /// Smaller text.
    SmallerText,
    /// Text of the ordinary size.
    OrdinaryText,
}
