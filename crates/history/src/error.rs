//! What can go wrong with the history, in sentences a person can act on.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use crate::MessageId;
use crate::database::backups_folder;

/// An error of the history. `Display` is what the person reads.
///
/// None of them means that something on disk was deleted or overwritten.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The data folder can't be made or written to (only when opening).
    #[error(
        "Tern can't keep its chats in the folder {}: {source}. Make sure that you can write to \
         this folder, or set the environment variable TERN_DATA_DIR to another one, then start \
         Tern again.", .folder.display()
    )]
    FolderUnusable {
        /// The data folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another Tern has the data folder open (only when opening).
    #[error(
        "Tern is already open with this data folder ({}). Use the window that is open, or close \
         it and try again.", .folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// The database was written by a newer Tern (only when opening).
    #[error(
        "The chats in {} were last used by a newer version of Tern (format {found}; this one \
         knows up to {supported}). Install the newer version to open them. They have not been \
         changed.", .path.display()
    )]
    NewerDatabase {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest schema version this Tern knows.
        supported: u32,
    },
    /// The file is something else than Tern's database (only when opening).
    #[error(
        "The file {} is not a chat history of Tern, so Tern leaves it alone. Move it to another \
         folder and start Tern again.", .path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database contradicts itself.
    #[error(
        "The chat history {} is damaged ({detail}). Nothing was deleted. To go back to a backup: \
         close Tern, move every file whose name begins with history.db to a safe place, copy the \
         newest file from {} (if there is one) to where history.db was, and name it history.db.",
        .path.display(), backups_folder(.path).display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// The schema could not be brought up to date; the database is as it was (only when
    /// opening).
    #[error(
        "The chat history {} could not be brought up to date: {source}. No chat was changed, and \
         a copy from before is in {}. Go back to the version of Tern you used before, and please \
         report this.", .path.display(), backups_folder(.path).display()
    )]
    Migration {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The disk is full.
    #[error(
        "The disk with {} is full. What is already saved is safe; free some space and try again.",
        .path.display()
    )]
    DiskFull {
        /// The file being written.
        path: PathBuf,
    },
    /// The database can't be written to.
    #[error(
        "Tern may not write to {}. Make the file and its folder writable, then try again.",
        .path.display()
    )]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// Another program kept the database locked for longer than Tern waits.
    #[error(
        "Another program is using {}. Close it (a database viewer, a backup or sync program) and \
         try again.", .path.display()
    )]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// Reading or writing failed in another way.
    #[error(
        "Tern could not read or write {}: {source}. Check that the disk is connected and try \
         again.", .path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no such conversation or message.
    #[error("This {what} does not exist any more. Choose another one from the list.")]
    NotFound {
        /// What was asked for.
        what: Absent,
        /// Its id.
        id: String,
    },
    /// A change to an answer that has to end first.
    #[error("This answer is still being written. Stop it, or wait for its end, then try again.")]
    StillWriting {
        /// The message.
        id: String,
    },
    /// An answer that others follow can't be gone on with.
    #[error("Only the last answer of a chat can be continued. Ask for more in a new message.")]
    NotLast {
        /// The message.
        id: String,
    },
    /// Text for an answer that has already ended.
    #[error("This answer has already ended, so its text stays as it is.")]
    NotWriting {
        /// The message.
        id: String,
    },
}

/// Something to know about the history that kept nothing from working. `Display` is what the
/// person reads.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Note {
    /// Today's backup could not be made.
    #[error("Today's backup of the chats could not be made. {0}")]
    NoBackup(Arc<HistoryError>),
    /// The disk was too full to tidy up.
    #[error("{0}")]
    NotTidied(Arc<HistoryError>),
}

/// What a [`HistoryError::NotFound`] looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// A conversation, or one that is deleted.
    Conversation,
    /// A message.
    Message,
    /// A message that is an answer.
    Answer,
    /// A message that is a question.
    Question,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conversation => "chat",
            Self::Message => "message",
            Self::Answer => "answer",
            Self::Question => "question",
        })
    }
}

impl HistoryError {
    /// The folder with the backups of the database at `path`, for faces that make sentences of
    /// their own.
    pub fn backups_of(path: &Path) -> PathBuf {
        backups_folder(path)
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            _ if is_full(&source) => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path }
            }
            _ => Self::Io {
                path,
                source: Box::new(source),
            },
        }
    }

    /// Puts what SQLite said about the database at `path` into the words above.
    pub(crate) fn sql(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        // No room for the 32 KiB of memory that the connections of a database share.
        let no_shared_memory = error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE);
        match error.sqlite_error_code() {
            _ if no_shared_memory => Self::DiskFull { path },
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged {
                path,
                detail: error.to_string(),
            },
            // Strict tables hold what the schema says, so a value of another type is damage.
            None if matches!(
                error,
                rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
            ) =>
            {
                Self::Damaged {
                    path,
                    detail: error.to_string(),
                }
            }
            _ => Self::Io {
                path,
                source: Box::new(error),
            },
        }
    }
}

/// Whether the disk, or the person's share of it, is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Why the closure of one transaction gave up: SQLite did, the index of words is damaged, or the
/// request makes no sense.
#[derive(Debug)]
pub(crate) enum Fault {
    Sql(rusqlite::Error),
    Index(rusqlite::Error),
    Refused(HistoryError),
}

impl Fault {
    pub(crate) fn absent(what: Absent, id: impl Into<String>) -> Self {
        Self::Refused(HistoryError::NotFound {
            what,
            id: id.into(),
        })
    }

    pub(crate) fn still_writing(id: &MessageId) -> Self {
        Self::Refused(HistoryError::StillWriting {
            id: id.as_str().to_owned(),
        })
    }

    pub(crate) fn into_error(self, path: &Path) -> HistoryError {
        match self {
            Self::Sql(error) | Self::Index(error) => HistoryError::sql(path, error),
            Self::Refused(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}
