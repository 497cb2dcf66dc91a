//! Chats on disk: what they take, their backups, and files they are exported to.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

/// What chats are exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ExportFormat {
    /// To be read: the branch that is shown.
    Markdown,
    /// To be brought back: every branch, and all that is known of each message.
    Json,
}

/// Words for the dialog of the system and for what is written, in the window's language.
#[derive(Clone, Debug, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportWords {
    /// Title of the dialog.
    pub dialog: String,
    /// Over what the person wrote.
    pub you: String,
    /// Over an answer whose model is not known.
    pub answer: String,
    /// Over instructions to the model.
    pub system: String,
    /// Before the names of files that went along.
    pub attached: String,
    /// Beside an answer that was stopped.
    pub stopped: String,
    /// Beside one that was cut off.
    pub interrupted: String,
    /// Beside one that ended with an error.
    pub failed: String,
    /// What all chats together are called, in names of files and folders.
    pub all: String,
}

/// What was exported.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exported {
    /// The file, or the folder with a file for each chat.
    pub path: String,
    /// How many chats are in it.
    pub chats: u32,
}

/// What the chats take on disk.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StorageUse {
    /// All chats.
    #[specta(type = Number)]
    pub chats_bytes: f64,
    /// Copies of them, newest first.
    pub backups: Vec<Backup>,
}

/// A copy of all chats.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Backup {
    /// Name of its file.
    pub name: String,
    /// When it was made.
    #[specta(type = Number)]
    pub made_at: f64,
    /// Its size.
    #[specta(type = Number)]
    pub bytes: f64,
    /// Why it was made.
    pub reason: BackupReason,
}

/// Why a backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BackupReason {
    /// A day had passed since the last one.
    Daily,
    /// A new version of Tern was about to change how chats are kept.
    BeforeUpgrade,
    /// The person asked for it.
    Asked,
}

/// Folders of Tern that can be shown in the file manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Folder {
    /// Chats and settings.
    Data,
    /// Backups; the data folder while there are none.
    Backups,
}
