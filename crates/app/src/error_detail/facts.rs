//! The facts of each error. No match here has a wildcard: a new error asks for its sentence.

use std::fmt::Display;
use std::path::Path;

use tern_engine::{EngineError, LoadError};
use tern_history::{Absent, HistoryError, Note};
use tern_models::{Alteration, ModelsError, NotAModel};

use super::{ErrorDetail, NotAModelReason};
use crate::{AppError, ExportError, FileProblem, NoPdfText};

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn said(source: &dyn Display) -> String {
    source.to_string()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl From<&AppError> for ErrorDetail {
    fn from(error: &AppError) -> Self {
        match error {
            AppError::NoHome => Self::NoHome {},
            AppError::History(error) => error.into(),
            AppError::HistoryNote(Note::NoBackup(cause)) => Self::NoBackup {
                cause: Box::new(cause.as_ref().into()),
            },
            AppError::HistoryNote(Note::NotTidied(error)) => error.as_ref().into(),
            AppError::Models(error) => error.into(),
            AppError::Load(error) => error.into(),
            AppError::Engine(error) => error.into(),
            AppError::UnknownModel { id } => Self::UnknownModel { id: id.clone() },
            AppError::ModelMissing { name, path } => Self::ModelMissing {
                name: name.clone(),
                path: path.clone(),
            },
            AppError::EmptyMessage => Self::EmptyMessage {},
            AppError::TooLong { tokens, limit } => Self::TooLong {
                tokens: number(*tokens),
                limit: number(*limit),
            },
            AppError::Busy => Self::Busy {},
            AppError::NotAnAnswer => Self::NotAnAnswer {},
            AppError::Setting { name, least, most } => Self::Setting {
                setting: *name,
                least: *least,
                most: *most,
            },
            AppError::PresetTwice { name } => Self::PresetTwice { name: name.clone() },
            AppError::NotLast => Self::NotLast {},
            AppError::TooManyFiles { files, bytes } => Self::TooManyFiles {
                files: number(*files),
                bytes: *bytes as u64,
            },
            AppError::EngineFailed { detail } => Self::EngineFailed {
                detail: detail.clone(),
            },
            AppError::Offline => Self::Offline {},
            AppError::HereAlready { name } => Self::HereAlready { name: name.clone() },
            AppError::NoDownload => Self::NoDownload {},
            AppError::ModelInUse { name } => Self::ModelInUse { name: name.clone() },
            AppError::DownloadsRunning => Self::DownloadsRunning {},
            AppError::TooLittleMemory { needed, free } => Self::TooLittleMemory {
                needed: *needed,
                free: *free,
            },
            AppError::Keyring { detail } => Self::Keyring {
                detail: detail.clone(),
            },
            AppError::BadToken => Self::BadToken {},
            AppError::Export(error) => error.into(),
            AppError::Thread(source) => Self::ThreadNotStarted {
                detail: said(source),
            },
        }
    }
}

impl From<&HistoryError> for ErrorDetail {
    fn from(error: &HistoryError) -> Self {
        match error {
            HistoryError::FolderUnusable { folder, source } => Self::FolderUnusable {
                folder: shown(folder),
                detail: said(source),
            },
            HistoryError::InUse { folder } => Self::InUse {
                folder: shown(folder),
            },
            HistoryError::NewerDatabase {
                path,
                found,
                supported,
            } => Self::NewerDatabase {
                path: shown(path),
                found: *found,
                supported: *supported,
            },
            HistoryError::NotADatabase { path } => Self::NotADatabase { path: shown(path) },
            HistoryError::Damaged { path, detail } => Self::Damaged {
                path: shown(path),
                backups: shown(&HistoryError::backups_of(path)),
                detail: detail.clone(),
            },
            HistoryError::Migration { path, source } => Self::NotMigrated {
                path: shown(path),
                backups: shown(&HistoryError::backups_of(path)),
                detail: said(source),
            },
            HistoryError::DiskFull { path } => Self::DiskFull { path: shown(path) },
            HistoryError::ReadOnly { path } => Self::ReadOnly { path: shown(path) },
            HistoryError::Locked { path } => Self::Locked { path: shown(path) },
            HistoryError::Io { path, source } => Self::NotStored {
                path: shown(path),
                detail: said(source),
            },
            HistoryError::NotFound { what, id: _ } => match what {
                Absent::Conversation => Self::NoChat {},
                Absent::Message => Self::NoMessage {},
                Absent::Answer => Self::NoAnswer {},
                Absent::Question => Self::NoQuestion {},
            },
            HistoryError::StillWriting { id: _ } => Self::StillWriting {},
            HistoryError::NotLast { id: _ } => Self::NotLast {},
            HistoryError::NotWriting { id: _ } => Self::AnswerEnded {},
        }
    }
}

impl From<&ModelsError> for ErrorDetail {
    fn from(error: &ModelsError) -> Self {
        match error {
            ModelsError::Missing { path } => Self::NothingThere { path: shown(path) },
            ModelsError::NotAModel { path, reason } => Self::NotAModel {
                path: shown(path),
                reason: match reason {
                    NotAModel::NeitherFileNorFolder => NotAModelReason::NeitherFileNorFolder,
                    NotAModel::NoConfigBeside => NotAModelReason::NoConfigBeside,
                    NotAModel::Description => NotAModelReason::Description,
                    NotAModel::OtherFile => NotAModelReason::OtherFile,
                    NotAModel::NoConfig { has_gguf: _ } => NotAModelReason::NoConfig,
                    NotAModel::NoWeights { has_gguf: _ } => NotAModelReason::NoWeights,
                },
                has_gguf: matches!(
                    reason,
                    NotAModel::NoConfig { has_gguf: true }
                        | NotAModel::NoWeights { has_gguf: true }
                ),
            },
            ModelsError::PathNotText { path } => Self::PathNotText { path: shown(path) },
            ModelsError::Unreadable { path, source } => Self::ModelUnreadable {
                path: shown(path),
                detail: said(source),
            },
            ModelsError::Unknown { id } => Self::UnknownModel { id: id.clone() },
            ModelsError::NewerList { path, found } => Self::NewerModelList {
                path: shown(path),
                found: *found,
            },
            ModelsError::DiskFull { path } => Self::DiskFull { path: shown(path) },
            ModelsError::BadRepo { name } => Self::BadRepo { name: name.clone() },
            ModelsError::BadEndpoint { address } => Self::BadEndpoint {
                address: address.clone(),
            },
            ModelsError::BadProxy { address } => Self::BadProxy {
                address: address.clone(),
            },
            ModelsError::NotOnHub { host, what } => Self::NotOnHub {
                host: host.clone(),
                what: what.clone(),
            },
            ModelsError::NeedsToken { host, repo } => Self::NeedsToken {
                host: host.clone(),
                repo: repo.clone(),
            },
            ModelsError::Insecure { address } => Self::Insecure {
                address: address.clone(),
            },
            ModelsError::RedirectLoop { host } => Self::RedirectLoop { host: host.clone() },
            ModelsError::BadListing { detail } => Self::BadListing {
                detail: detail.clone(),
            },
            ModelsError::NothingToFetch { repo } => Self::NothingToFetch { repo: repo.clone() },
            ModelsError::SeveralFiles { repo, files } => Self::SeveralFiles {
                repo: repo.clone(),
                files: files.join(", "),
                first: files.first().cloned().unwrap_or_default(),
            },
            ModelsError::UnsafeName { name } => Self::UnsafeName { name: name.clone() },
            ModelsError::NotAsRecorded { file, what } => Self::NotAsRecorded {
                file: file.clone(),
                detail: (*what).to_owned(),
            },
            ModelsError::WrongHash { file } => Self::WrongHash { file: file.clone() },
            ModelsError::Undelivered { host, setback } => Self::Undelivered {
                host: host.clone(),
                detail: said(setback),
            },
            ModelsError::NoSpace {
                needed,
                free,
                folder,
            } => Self::NoSpace {
                needed: *needed,
                free: *free,
                folder: shown(folder),
            },
            ModelsError::FolderFull { path } => Self::ModelsDiskFull { path: shown(path) },
            ModelsError::Folder { path, source } => Self::ModelsFolder {
                path: shown(path),
                detail: said(source),
            },
            ModelsError::NetworkSettings { path, source } => Self::NetworkSettings {
                path: shown(path),
                detail: said(source),
            },
            ModelsError::Planted { path } => Self::Planted { path: shown(path) },
            ModelsError::FetchedElsewhere => Self::FetchedElsewhere {},
            ModelsError::Altered {
                file,
                what: Alteration::Gone,
            } => Self::ModelFileGone { file: file.clone() },
            ModelsError::Altered {
                file,
                what: Alteration::Resized,
            } => Self::ModelFileResized { file: file.clone() },
            ModelsError::Altered {
                file,
                what: Alteration::Changed,
            } => Self::ModelFileChanged { file: file.clone() },
            ModelsError::NoRecord => Self::NoRecord {},
            ModelsError::Paused | ModelsError::Cancelled => Self::Stopped {},
            ModelsError::List { path, source } => Self::ModelList {
                path: shown(path),
                detail: said(source),
            },
        }
    }
}

impl From<&ExportError> for ErrorDetail {
    fn from(error: &ExportError) -> Self {
        match error {
            ExportError::DiskFull { path } => Self::ExportDiskFull { path: shown(path) },
            ExportError::NotWritable { path } => Self::ExportNotWritable { path: shown(path) },
            ExportError::Io { path, source } => Self::ExportFailed {
                path: shown(path),
                detail: said(source),
            },
            ExportError::Closing => Self::ExportCutOff {},
        }
    }
}

impl From<&LoadError> for ErrorDetail {
    fn from(error: &LoadError) -> Self {
        match error {
            LoadError::Io {
                file,
                source,
                remedy: _,
            } => Self::ModelUnreadable {
                path: file.clone(),
                detail: said(source),
            },
            LoadError::NotAModel {
                file,
                found,
                remedy,
            } => Self::ForeignFile {
                file: file.clone(),
                detail: found.clone(),
                advice: (*remedy).to_owned(),
            },
            LoadError::Truncated {
                file,
                field,
                needed,
                found,
            } => Self::ModelCutShort {
                file: file.clone(),
                part: field.clone(),
                needed: *needed,
                found: *found,
            },
            LoadError::Invalid {
                file,
                field,
                problem,
                remedy,
            } => Self::ModelDamaged {
                file: file.clone(),
                detail: format!("{field} {problem}"),
                advice: (*remedy).to_owned(),
            },
            LoadError::Missing {
                file,
                field,
                remedy,
            } => Self::ModelIncomplete {
                file: file.clone(),
                part: field.clone(),
                advice: (*remedy).to_owned(),
            },
            LoadError::Unsupported { file, what, remedy } => Self::ModelUnsupported {
                file: file.clone(),
                detail: what.clone(),
                advice: (*remedy).to_owned(),
            },
            LoadError::OutOfMemory { file, needed } => Self::OutOfMemory {
                file: file.clone(),
                needed: *needed,
            },
            LoadError::Cancelled => Self::Stopped {},
            LoadError::Threads { threads, problem } => Self::NoThreads {
                threads: number(*threads),
                detail: problem.clone(),
            },
        }
    }
}

impl From<&EngineError> for ErrorDetail {
    fn from(error: &EngineError) -> Self {
        match error {
            EngineError::EmptyPrompt | EngineError::NoTurns => Self::EmptyMessage {},
            EngineError::PromptTooLong { tokens, max_len } => Self::TooLong {
                tokens: number(*tokens),
                limit: number(*max_len),
            },
            EngineError::ContextFull { max_len } => Self::ContextFull {
                limit: number(*max_len),
            },
            EngineError::TemplateToken { token } => Self::TemplateToken {
                token: (*token).to_owned(),
            },
            EngineError::Template { problem } => Self::TemplateRefused {
                detail: problem.clone(),
            },
            EngineError::FileChanged { file, problem } => Self::ModelChanged {
                file: file.clone(),
                detail: problem.clone(),
            },
            EngineError::Stopped => Self::Stopped {},
            // The program checks these itself before it asks the engine.
            EngineError::UnknownToken { .. }
            | EngineError::WrongModel
            | EngineError::BadParameter { .. } => Self::Defect {
                detail: said(error),
            },
        }
    }
}

impl From<&FileProblem> for ErrorDetail {
    fn from(problem: &FileProblem) -> Self {
        match problem {
            FileProblem::Unreadable { name, source } => Self::FileUnreadable {
                name: name.clone(),
                detail: said(source),
            },
            FileProblem::Folder { name } => Self::FileIsFolder { name: name.clone() },
            FileProblem::TooLarge { name, limit } => Self::FileTooLarge {
                name: name.clone(),
                limit: *limit,
            },
            FileProblem::NotText { name } => Self::FileNotText { name: name.clone() },
            FileProblem::Model { name } => Self::FileIsModel { name: name.clone() },
            FileProblem::Pdf { name, reason } => {
                let name = name.clone();
                match reason {
                    NoPdfText::TooLarge { limit } => Self::PdfTooLarge {
                        name,
                        limit: *limit,
                    },
                    NoPdfText::TooSlow => Self::PdfTooSlow { name },
                    NoPdfText::Unusual => Self::PdfUnusual { name },
                    NoPdfText::OnlyPictures => Self::PdfOnlyPictures { name },
                }
            }
        }
    }
}
