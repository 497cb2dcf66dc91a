//! Tern without its window: chats, the worker thread that owns the engine, joined text
//! pieces, settings, models and events. The window and the terminal are two faces of this crate.

mod answer;
mod app;
mod chats;
mod clock;
mod connections;
mod context;
mod deltas;
mod downloads;
mod error;
mod error_detail;
mod event;
mod export;
mod files;
mod fit;
mod guide;
mod live;
mod log;
mod memory;
mod messages;
mod model_files;
mod models;
mod paths;
mod pdf;
mod prompt;
mod question;
mod sampling;
mod settings;
mod storage;
mod token;
mod view;
mod worker;

pub use app::{App, EventSink};
pub use connections::{ConnectionEntry, ConnectionKind, ConnectionLog};
pub use downloads::{DownloadInfo, DownloadState};
pub use error::{AppError, ErrorKind};
pub use error_detail::{ErrorDetail, Failure, NotAModelReason};
pub use event::{AppEvent, Phase, Status};
pub use export::{ExportError, ExportFormat, ExportWords, Exported};
pub use files::{FileProblem, FileReader, NoPdfText, ReadFile};
pub use fit::{Benchmark, Fit, FitReason, FitVerdict};
pub use guide::GUIDE_ID;
pub use log::log_to_stderr;
pub use memory::peak_resident_bytes;
pub use model_files::{CatalogueRow, ModelWork, ModelsOverview, WorkKind};
pub use models::{ModelInfo, ModelPresence, list_models, resolve_model};
pub use paths::data_dir;
pub use pdf::{READ_PDF_FLAG, answer_pdf_request};
pub use question::{ChatOptions, Draft, Question};
pub use sampling::{Sampling, SettingName};
pub use settings::{Language, Preset, Profile, Settings, Theme};
pub use storage::StorageUse;
pub use tern_engine::{StopReason, Warning};
pub use tern_history::{
    Attachment, Backup, BackupReason, ConversationId, MessageId, MessageState, Role, Versions,
};
pub use tern_models::{CatalogueModel, NetworkSettings, Origin, ProxyChoice, Setback, WeightForm};
pub use token::{TokenState, set_token, token, token_state};
pub use view::{
    AnswerStats, ChatRow, ChatView, ContextUse, MessageText, ModelPrompt, SearchHit, SentMessage,
};
