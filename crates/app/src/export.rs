//! Chats written to files of the person's: one of them or all, to be read (Markdown) or to be
//! brought back without loss (JSON).

mod file;
mod json;
mod markdown;
mod names;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use tern_history::{ConversationId, History, HistoryError, MessageState, WholeConversation};

use crate::clock::now_ms;
use crate::live::lock;
use crate::{App, AppError};
use file::{NewFolder, WholeFile};

/// What chats are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// To be read: the branch that is shown.
    Markdown,
    /// To be brought back: every branch, and all that is known of each message.
    Json,
}

impl ExportFormat {
    /// What file names end in, without the point.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Json => "json",
        }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The file, or the folder with a file for each chat.
    pub path: PathBuf,
    /// How many chats are in it.
    pub chats: usize,
}

/// The words around what was said, in the language of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportWords {
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

/// Why chats could not be written to a file. None of these changed a file that was there.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No room.
    #[error(
        "The disk with {} is full, so nothing was exported. Free some space or choose another \
         disk, then try again.", .path.display()
    )]
    DiskFull {
        /// The file or folder.
        path: PathBuf,
    },
    /// No right to write there.
    #[error(
        "Tern may not write to {}, so nothing was exported. Choose another folder and try again.",
        .path.display()
    )]
    NotWritable {
        /// The file or folder.
        path: PathBuf,
    },
    /// Something else the system says.
    #[error(
        "{} could not be written: {source}. Nothing was exported. Choose another folder and try \
         again.", .path.display()
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Tern is about to end.
    #[error("Tern was closed before the export was done, so nothing was exported.")]
    Closing,
}

impl ExportError {
    fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path }
            }
            _ => Self::Io { path, source },
        }
    }
}

impl App {
    /// A name for the file one chat is exported to, made of its title: one that every system
    /// takes.
    ///
    /// # Errors
    /// [`AppError::History`], also when there is no such chat.
    pub fn export_name(
        &self,
        id: &ConversationId,
        format: ExportFormat,
    ) -> Result<String, AppError> {
        let title = self.core.of_chat(id).conversation(id)?.title;
        Ok(format!(
            "{}.{}",
            names::file_stem(&title),
            format.extension()
        ))
    }

    /// A name for what all chats are exported to, with today's date: with an extension where
    /// that is a file.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn export_all_name(
        &self,
        format: ExportFormat,
        words: &ExportWords,
    ) -> Result<String, AppError> {
        let now = self.core.history.local_time(now_ms())?;
        let day = now.split(' ').next().unwrap_or_default();
        let name = names::file_stem(&format!("{} {day}", words.all));
        Ok(match format {
            ExportFormat::Markdown => name,
            ExportFormat::Json => format!("{name}.json"),
        })
    }

    /// Writes one chat to the file at `path`, which then is whole or as it was. Temporary chats
    /// too: the person asks for it.
    ///
    /// # Errors
    /// [`AppError::History`], also when there is no such chat; [`AppError::Export`].
    pub fn export_chat(
        &self,
        id: &ConversationId,
        path: &Path,
        format: ExportFormat,
        words: &ExportWords,
    ) -> Result<Exported, AppError> {
        let history = self.core.of_chat(id);
        let whole = self.with_live(id, || history.whole(id))?;
        let mut file = WholeFile::create(path)?;
        let written = match format {
            ExportFormat::Markdown => {
                markdown::write(&mut file, &whole, words, &local_time(history))
            }
            ExportFormat::Json => json::begin(&mut file, now_ms())
                .and_then(|()| json::add(&mut file, &whole, true))
                .and_then(|()| json::end(&mut file)),
        };
        written.map_err(|error| ExportError::io(path, error))?;
        file.finish()?;
        Ok(Exported {
            path: path.to_path_buf(),
            chats: 1,
        })
    }

    /// Writes every chat but the temporary ones, as of this moment: as JSON into the file at
    /// `path`, as Markdown into a new folder in the folder at `path`, a file for each chat. One
    /// chat at a time is in memory.
    ///
    /// # Errors
    /// [`AppError::History`], [`AppError::Export`].
    pub fn export_all(
        &self,
        path: &Path,
        format: ExportFormat,
        words: &ExportWords,
    ) -> Result<Exported, AppError> {
        match format {
            ExportFormat::Json => self.export_all_json(path),
            ExportFormat::Markdown => self.export_all_markdown(path, words),
        }
    }

    fn export_all_json(&self, path: &Path) -> Result<Exported, AppError> {
        let io = |error| ExportError::io(path, error);
        let mut file = WholeFile::create(path)?;
        json::begin(&mut file, now_ms()).map_err(io)?;
        let chats = self.each_chat(|number, whole| {
            json::add(&mut file, &whole, number == 0).map_err(io)?;
            Ok(())
        })?;
        json::end(&mut file).map_err(io)?;
        file.finish()?;
        Ok(Exported {
            path: path.to_path_buf(),
            chats,
        })
    }

    fn export_all_markdown(
        &self,
        parent: &Path,
        words: &ExportWords,
    ) -> Result<Exported, AppError> {
        let name = self.export_all_name(ExportFormat::Markdown, words)?;
        let mut folder = NewFolder::create(parent, &name)?;
        let time = local_time(&self.core.history);
        let chats = self.each_chat(|_, whole| {
            let stem = names::file_stem(&whole.conversation.title);
            folder.add(&stem, ExportFormat::Markdown.extension(), |file| {
                markdown::write(file, &whole, words, &time)
            })?;
            Ok(())
        })?;
        let path = folder.finish()?;
        Ok(Exported { path, chats })
    }

    /// Every chat as of one moment, one after the other, with its number from 0; returns how
    /// many there were.
    fn each_chat(
        &self,
        mut visit: impl FnMut(usize, WholeConversation) -> Result<(), AppError>,
    ) -> Result<usize, AppError> {
        let snapshot = self.core.history.snapshot()?;
        let ids = snapshot.conversations()?;
        for (number, id) in ids.iter().enumerate() {
            if self.core.closing.load(Ordering::Relaxed) {
                return Err(ExportError::Closing.into());
            }
            visit(number, self.with_live(id, || snapshot.whole(id))?)?;
        }
        Ok(ids.len())
    }

    /// A chat with the text of its answer under way. Elsewhere that answer will not go on, so it
    /// is one that was cut off.
    fn with_live(
        &self,
        id: &ConversationId,
        read: impl FnOnce() -> Result<WholeConversation, HistoryError>,
    ) -> Result<WholeConversation, AppError> {
        // Looked at before the stored messages: one that ends in between is stored as ended, and
        // stands as it is stored.
        let live = lock(&self.core.answers).get(id).map(|live| live.message());
        let mut whole = read()?;
        let halves = whole.messages.iter_mut();
        for half in halves.filter(|message| message.state == MessageState::Writing) {
            if let Some(live) = live.as_ref().filter(|live| live.id == half.id) {
                half.text.clone_from(&live.text);
                half.state = live.state;
                half.stats.clone_from(&live.stats);
                half.error.clone_from(&live.error);
            }
            if half.state == MessageState::Writing {
                half.state = MessageState::Interrupted;
            }
        }
        Ok(whole)
    }

    /// Ends exports of all chats soon, with an error: the program is about to end, and waits for
    /// them.
    pub fn stop_exports(&self) {
        self.core.closing.store(true, Ordering::Relaxed);
    }
}

/// A time that can't be told is left out.
fn local_time(history: &History) -> impl Fn(i64) -> String {
    |ms| history.local_time(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_refuses_is_said_with_what_to_do() {
        let said = |kind: io::ErrorKind| {
            ExportError::io(Path::new("/media/stick/chats.json"), kind.into()).to_string()
        };
        let full = said(io::ErrorKind::StorageFull);
        assert!(full.contains("/media/stick/chats.json is full"), "{full}");
        assert_eq!(full, said(io::ErrorKind::QuotaExceeded));
        let denied = said(io::ErrorKind::PermissionDenied);
        assert!(denied.contains("may not write"), "{denied}");
        assert_eq!(denied, said(io::ErrorKind::ReadOnlyFilesystem));
        let other = said(io::ErrorKind::FileTooLarge);
        assert!(other.contains("Choose another folder"), "{other}");
    }
}
