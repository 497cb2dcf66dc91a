//! What can go wrong in the program, in sentences a person can act on.

use tern_engine::{EngineError, LoadError};
use tern_history::{HistoryError, Note};
use tern_models::ModelsError;

use crate::ExportError;
use crate::SettingName;

/// An error of the program. `Display` is what the person reads.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No data folder could be named.
    #[error(
        "Tern found no folder for its data on this computer. Set the environment variable \
         TERN_DATA_DIR to a folder you can write to and start Tern again."
    )]
    NoHome,
    /// The history could not be opened, read or written.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Something to know about the history that kept nothing from working.
    #[error(transparent)]
    HistoryNote(Note),
    /// The list of opened models could not be read or written.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// Chats could not be written to a file of the person's.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A model could not be opened.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The engine could not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No such model in the list.
    #[error(
        "There is no model \"{id}\" in Tern's list. Choose another model, or open its file again."
    )]
    UnknownModel {
        /// The id asked for.
        id: String,
    },
    /// The model's file is gone.
    #[error(
        "The model \"{name}\" is no longer at {path}. Put the file back, or choose another model."
    )]
    ModelMissing {
        /// Display name.
        name: String,
        /// Where it was.
        path: String,
    },
    /// The message has no text.
    #[error("The message is empty. Write something first.")]
    EmptyMessage,
    /// The message alone is longer than the model's context.
    #[error(
        "This message is {tokens} tokens long; the model reads at most {limit}. Send it in parts, \
         or choose a model with a longer context."
    )]
    TooLong {
        /// Tokens of system prompt and message.
        tokens: usize,
        /// What fits, with room for an answer.
        limit: usize,
    },
    /// The chat already writes.
    #[error("This chat is still writing an answer. Stop it first, or wait until it is done.")]
    Busy,
    /// Only answers can be tried again.
    #[error("Only an answer can be written again.")]
    NotAnAnswer,
    /// A setting out of its range.
    #[error("{name} must be within {least} to {most}.")]
    Setting {
        /// Which one.
        name: SettingName,
        /// The least it may be.
        least: f64,
        /// The most it may be.
        most: f64,
    },
    /// Two presets under one name.
    #[error("There is a preset “{name}” already. Choose another name.")]
    PresetTwice {
        /// The name.
        name: String,
    },
    /// An answer that can't go on: it is not the last one of its chat.
    #[error("Only a chat's last answer can go on. Try again writes another version.")]
    NotLast,
    /// More or larger files than a message takes.
    #[error(
        "A message takes at most {files} files with {} MB of text together.",
        bytes / 1_000_000
    )]
    TooManyFiles {
        /// Most files.
        files: usize,
        /// Most text, in bytes.
        bytes: usize,
    },
    /// The worker thread panicked; a fresh one has taken over.
    #[error(
        "Tern's engine failed while answering. What was written is kept; try again. If it fails \
         again, please report it: {detail}"
    )]
    EngineFailed {
        /// The panic's message.
        detail: String,
    },
    /// A connection while the offline lock is closed.
    #[error(
        "The offline lock is on, so nothing is downloaded. Turn it off in Tern's settings under Network."
    )]
    Offline,
    /// What is to be downloaded is there.
    #[error(
        "The model \"{name}\" is here already: choose it in the list. To download it anew, remove it first."
    )]
    HereAlready {
        /// Display name.
        name: String,
    },
    /// No such download (any more).
    #[error("This download is over or was given up. Choose the model again.")]
    NoDownload,
    /// Something can't be done to a model that is in use.
    #[error(
        "The model \"{name}\" is in use right now. Wait until it is done, or stop it, then try again."
    )]
    ModelInUse {
        /// Display name.
        name: String,
    },
    /// The folder for models can't change while something is downloaded into it.
    #[error("A download is not done. Let it end, or give it up, before you choose another folder.")]
    DownloadsRunning,
    /// Too little memory for what was asked.
    #[error(
        "This takes {} MB of memory for a moment, and only {} MB are free. Close other programs and \
         try again.", .needed / 1_000_000, .free / 1_000_000
    )]
    TooLittleMemory {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// The system's keyring said no.
    #[error(
        "The system's keyring can't be used ({detail}), so the token was not saved. Unlock or \
         install one, or set the environment variable HF_TOKEN."
    )]
    Keyring {
        /// What it said.
        detail: String,
    },
    /// Not a token.
    #[error("This is not a token: it has spaces or other signs no token has. Copy it again.")]
    BadToken,
    /// A thread could not be started.
    #[error("Tern could not start a thread: {0}. Close other programs and start Tern again.")]
    Thread(#[source] std::io::Error),
}

/// The few kinds of error a face treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The data folder can't be used.
    DataFolder,
    /// A read or write on disk failed while running.
    Storage,
    /// A model is missing, damaged or of a kind Tern can't open.
    Model,
    /// The chat or message does not exist (any more).
    NotFound,
    /// Not possible in the present state.
    Busy,
    /// The request itself makes no sense.
    Invalid,
    /// A defect in Tern.
    Internal,
}

impl AppError {
    /// Which kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoHome => ErrorKind::DataFolder,
            Self::History(error) => match error {
                HistoryError::NotFound { .. } => ErrorKind::NotFound,
                HistoryError::StillWriting { .. } => ErrorKind::Busy,
                HistoryError::NotLast { .. } => ErrorKind::Invalid,
                HistoryError::FolderUnusable { .. }
                | HistoryError::InUse { .. }
                | HistoryError::NewerDatabase { .. }
                | HistoryError::NotADatabase { .. }
                | HistoryError::Damaged { .. }
                | HistoryError::Migration { .. } => ErrorKind::DataFolder,
                HistoryError::DiskFull { .. }
                | HistoryError::ReadOnly { .. }
                | HistoryError::Locked { .. }
                | HistoryError::Io { .. }
                | HistoryError::NotWriting { .. } => ErrorKind::Storage,
            },
            Self::HistoryNote(_) | Self::Export(_) => ErrorKind::Storage,
            Self::Models(_)
            | Self::Load(_)
            | Self::UnknownModel { .. }
            | Self::ModelMissing { .. } => ErrorKind::Model,
            Self::Engine(_)
            | Self::EmptyMessage
            | Self::TooLong { .. }
            | Self::NotAnAnswer
            | Self::NotLast
            | Self::TooManyFiles { .. }
            | Self::PresetTwice { .. }
            | Self::Setting { .. } => ErrorKind::Invalid,
            Self::Offline
            | Self::HereAlready { .. }
            | Self::BadToken
            | Self::Keyring { .. }
            | Self::TooLittleMemory { .. } => ErrorKind::Invalid,
            Self::NoDownload => ErrorKind::NotFound,
            Self::Busy | Self::ModelInUse { .. } | Self::DownloadsRunning => ErrorKind::Busy,
            Self::EngineFailed { .. } | Self::Thread(_) => ErrorKind::Internal,
        }
    }
}
