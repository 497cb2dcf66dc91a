//! Why a command failed, in words for the terminal.

use std::io;
use std::path::PathBuf;

/// An error of the command line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    App(#[from] tern_app::AppError),
    #[error(transparent)]
    Load(#[from] tern_engine::LoadError),
    #[error(transparent)]
    Engine(#[from] tern_engine::EngineError),
    #[error(transparent)]
    Models(#[from] tern_models::ModelsError),
    /// stdout or stdin.
    #[error("Reading or writing the terminal failed: {0}")]
    Output(#[from] io::Error),
    #[error("{path} could not be written: {source}. Choose a place you may write to.")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} could not be read: {source}. Check the path, and that the file is UTF-8 text.")]
    Read { path: PathBuf, source: io::Error },
    #[error("\"{word}\" is not a token id. Give whole numbers, separated by spaces or commas.")]
    NotAnId { word: String },
    #[error("The text has {tokens} tokens; measuring needs at least 2.")]
    TooShort { tokens: usize },
    #[error(
        "{tokens} tokens are asked for, but the model's context holds {context}. Ask for fewer."
    )]
    BeyondContext { tokens: usize, context: usize },
    #[error("The FFN density must be from 0.05 to 1.")]
    Density,
    /// Ctrl-C during a download.
    #[error("Paused: {kept}. To go on: tern models fetch {wish}")]
    Paused { kept: String, wish: String },
    /// The offline lock was put on during a download.
    #[error(
        "The offline lock was put on, so the download stopped: {kept}. Turn it off in Tern's \
         settings under Network, then: tern models fetch {wish}"
    )]
    Locked { kept: String, wish: String },
}

impl CliError {
    /// The person pressed Ctrl-C.
    pub(crate) fn is_interrupt(&self) -> bool {
        use tern_models::ModelsError::Cancelled;
        matches!(self, Self::Paused { .. } | Self::Models(Cancelled))
    }
}
