//! Tern without its window: chats, the worker thread that owns the engine, joined text
//! pieces, settings, models and events. The window and the terminal are two faces of this crate.

mod answer;
mod app;
mod chats;
mod connections;
mod context;
mod deltas;
mod error;
mod event;
mod files;
mod guide;
mod live;
mod log;
mod memory;
mod messages;
mod models;
mod paths;
mod pdf;
mod prompt;
mod question;
mod sampling;
mod settings;
mod view;
mod worker;

pub use app::{App, EventSink};
pub use connections::{ConnectionEntry, ConnectionKind, ConnectionLog};
pub use error::{AppError, ErrorKind};
pub use event::{AppEvent, Phase, Status};
pub use files::{FileProblem, FileReader, ReadFile};
pub use guide::GUIDE_ID;
pub use log::log_to_stderr;
pub use memory::peak_resident_bytes;
pub use models::{ModelInfo, ModelPresence, list_models, resolve_model};
pub use paths::data_dir;
pub use pdf::{READ_PDF_FLAG, answer_pdf_request};
pub use question::{ChatOptions, Draft, Question};
pub use sampling::Sampling;
pub use settings::{Language, Preset, Profile, ProxyChoice, Settings, Theme};
pub use tern_engine::StopReason;
pub use tern_history::{Attachment, ConversationId, MessageId, MessageState, Role, Versions};
pub use view::{
    AnswerStats, ChatRow, ChatView, ContextUse, MessageText, ModelPrompt, SearchHit, SentMessage,
};
