//! What can go wrong, each with the file, the place in it and what to do.

use std::io;

use crate::TokenId;

/// A model could not be loaded. The message is a sentence for the person who opened the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The operating system refused a file.
    #[error("{file} could not be read: {source}. {remedy}")]
    Io {
        /// The file, as the person named it.
        file: String,
        /// What the system said.
        source: io::Error,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The file or folder is something else than a model.
    #[error("{file} is not a model Tern can open: {found}. {remedy}")]
    NotAModel {
        /// The file or folder.
        file: String,
        /// What was found instead.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The file ends before the data it announces.
    #[error(
        "{file} is cut short: {field} needs {needed} bytes, but the file has {found}. {COPY_AGAIN}"
    )]
    Truncated {
        /// The file.
        file: String,
        /// What was being read.
        field: String,
        /// Bytes the file must have at least.
        needed: u64,
        /// Bytes it has.
        found: u64,
    },
    /// A field of the file holds something it must not.
    #[error("{file} is damaged or not a model Tern understands: {field} {problem}. {remedy}")]
    Invalid {
        /// The file.
        file: String,
        /// Key, tensor or header field.
        field: String,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Something the model needs is not in the file.
    #[error("{file} has no {field}. {remedy}")]
    Missing {
        /// The file or folder.
        file: String,
        /// Key, tensor or file name.
        field: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The file is sound, but of a kind this engine does not compute.
    #[error("{file} uses {what}, which Tern does not support. {remedy}")]
    Unsupported {
        /// The file.
        file: String,
        /// Format, architecture or option.
        what: String,
        /// Which file to get instead, or what to do.
        remedy: &'static str,
    },
    /// The system has not enough memory for the weights.
    #[error(
        "{file} needs {} MB of memory, and the system has not that much. {SMALLER}",
        needed / 1_000_000
    )]
    OutOfMemory {
        /// The file or folder.
        file: String,
        /// Bytes of the weights in memory.
        needed: u64,
    },
    /// Loading was ended by the caller's progress function.
    #[error("Loading was stopped.")]
    Cancelled,
    /// The threads that compute could not be started.
    #[error(
        "The {threads} threads that run the model could not be started: {problem}. Close other programs, or use fewer threads."
    )]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        problem: String,
    },
}

/// Advice for files that end too early.
const COPY_AGAIN: &str = "Download it again, or copy it again from where it came.";

/// Advice where memory is short.
const SMALLER: &str = "Close other programs, or choose a smaller model.";

/// Standard advice for damaged files.
pub(crate) const GET_AGAIN: &str = "Download the file again, or choose another one.";

impl LoadError {
    pub(crate) fn invalid(
        file: &str,
        field: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self::Invalid {
            file: file.to_owned(),
            field: field.into(),
            problem: problem.into(),
            remedy: GET_AGAIN,
        }
    }

    pub(crate) fn missing(file: &str, field: impl Into<String>) -> Self {
        Self::Missing {
            file: file.to_owned(),
            field: field.into(),
            remedy: GET_AGAIN,
        }
    }

    pub(crate) fn unsupported(file: &str, what: impl Into<String>, remedy: &'static str) -> Self {
        Self::Unsupported {
            file: file.to_owned(),
            what: what.into(),
            remedy,
        }
    }

    /// The file the error is about, if it is about one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Io { file, .. }
            | Self::NotAModel { file, .. }
            | Self::Truncated { file, .. }
            | Self::Invalid { file, .. }
            | Self::Missing { file, .. }
            | Self::OutOfMemory { file, .. }
            | Self::Unsupported { file, .. } => Some(file),
            Self::Cancelled | Self::Threads { .. } => None,
        }
    }

    /// What in the file the error is about: a key, a tensor, a part of the header, a format. None where it is the
    /// file as a whole.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Truncated { field, .. }
            | Self::Invalid { field, .. }
            | Self::Missing { field, .. }
            | Self::Unsupported { what: field, .. } => Some(field),
            Self::Io { .. }
            | Self::NotAModel { .. }
            | Self::OutOfMemory { .. }
            | Self::Cancelled
            | Self::Threads { .. } => None,
        }
    }

    /// What to do about it; the message ends with it.
    pub fn remedy(&self) -> Option<&str> {
        match self {
            Self::Io { remedy, .. }
            | Self::NotAModel { remedy, .. }
            | Self::Invalid { remedy, .. }
            | Self::Missing { remedy, .. }
            | Self::Unsupported { remedy, .. } => Some(remedy),
            Self::Truncated { .. } => Some(COPY_AGAIN),
            Self::OutOfMemory { .. } => Some(SMALLER),
            Self::Cancelled | Self::Threads { .. } => None,
        }
    }
}

/// A loaded model was asked for something it cannot do.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing to read.
    #[error("The prompt is empty. Write something first.")]
    EmptyPrompt,
    /// The prompt leaves no room for an answer.
    #[error(
        "The text is too long for this model: {tokens} tokens, but its context holds {max_len}. \
         Shorten the message, or start a new chat."
    )]
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Tokens the sequence can hold.
        max_len: usize,
    },
    /// One more token does not fit.
    #[error("The context is full: it holds {max_len} tokens. Start a new chat to go on.")]
    ContextFull {
        /// Tokens the sequence can hold.
        max_len: usize,
    },
    /// A token id outside the vocabulary.
    #[error("Token {} is not in the vocabulary of {vocab_size} tokens. Use ids below {vocab_size}.", id.0)]
    UnknownToken {
        /// The id.
        id: TokenId,
        /// Number of tokens.
        vocab_size: usize,
    },
    /// A sequence was used with another model than the one it was made for.
    #[error("This sequence belongs to another model. Start a new one for this model.")]
    WrongModel,
    /// The chat template needs a token the tokenizer does not have.
    #[error(
        "The chat template needs the token {token}, which this model does not have. Use the model without a chat template."
    )]
    TemplateToken {
        /// The token's text.
        token: &'static str,
    },
    /// The template in the model's file refuses this chat.
    #[error(
        "The chat template of this model cannot write this chat: {problem}. Start a new chat, or use another model."
    )]
    Template {
        /// What stood in its way.
        problem: String,
    },
    /// A chat must have something to answer.
    #[error("There is nothing to answer yet. Write a message first.")]
    NoTurns,
    /// The model's file, of which rows are read while answering, is not what it was.
    #[error(
        "The model file {file} can no longer be read: {problem}. Put the file back and load the model again."
    )]
    FileChanged {
        /// The file.
        file: String,
        /// What was found.
        problem: String,
    },
    /// Reading was ended by the caller's progress function; what was read stays valid.
    #[error("Reading was stopped.")]
    Stopped,
    /// A sampling parameter outside its range.
    #[error("{name} is {value}, but must be {range}.")]
    BadParameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f32,
        /// What it may be.
        range: &'static str,
    },
}
