//! Tern without its window: chats, the worker thread that owns the engine, joined text
//! pieces, settings, models and events. The window and the terminal are two faces of this crate.

mod answer;
mod app;
mod deltas;
mod error;
mod event;
mod guide;
mod live;
mod log;
mod memory;
mod models;
mod paths;
mod prompt;
mod settings;
mod view;
mod worker;

pub use app::{App, EventSink};
pub use error::{AppError, ErrorKind};
pub use event::{AppEvent, Phase, Status};
pub use guide::GUIDE_ID;
pub use log::log_to_stderr;
pub use memory::peak_resident_bytes;
pub use models::{ModelInfo, ModelPresence, list_models, resolve_model};
pub use paths::data_dir;
pub use settings::{Settings, Theme};
pub use tern_engine::StopReason;
pub use tern_history::{ConversationId, MessageId, MessageState, Role};
pub use view::{AnswerStats, ChatRow, ChatView, MessageText, SentMessage};
