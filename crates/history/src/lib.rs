//! Conversations, messages and settings on disk.
//!
//! One SQLite file, `history.db`, in the data folder. Whatever a call has acknowledged by
//! returning `Ok` is committed and synced: it survives a crash, `kill -9` and a power cut. A
//! conversation keeps its messages as a tree; the branch that ends at the active leaf is the
//! one shown. What was said can be searched. See `README.md` in this crate for the files in the
//! data folder and the promises.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! use tern_history::{History, MessageState};
//!
//! let history = History::open(folder.path())?;
//! let chat = history.create_conversation("Terns", None)?;
//! let (_question, answer) = history.append_exchange(&chat.id, "How far do they fly?", None)?;
//! history.set_text(&answer.id, "Very")?;
//! history.finish(&answer.id, "Very far.", MessageState::Complete, None, None)?;
//! assert_eq!(history.branch(&chat.id)?[1].text, "Very far.");
//! assert_eq!(history.search("how fly", 10)?[0].conversation.id, chat.id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod backup;
mod conversation;
mod conversations;
mod copies;
mod database;
mod deletions;
mod drafts;
mod error;
mod folder;
mod history;
mod message;
mod messages;
mod migrate;
mod rows;
mod search;
mod search_index;
mod settings;
mod snippet;
#[cfg(test)]
mod tests;
mod title;
mod tree;
mod versions;
mod whole;
mod words;

pub use backup::{Backup, BackupReason};
pub use conversation::{Conversation, ConversationId};
pub use error::{Absent, HistoryError, Note};
pub use history::History;
pub use message::{Attachment, Message, MessageId, MessageState, MessageStats, Question, Role};
pub use search::Found;
pub use versions::{Shown, Versions};
pub use whole::{Snapshot, WholeConversation};
