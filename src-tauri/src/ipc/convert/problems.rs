//! What went wrong: the program's errors become facts for the page's catalogues.

use tern_app as app;

use super::small;
use crate::ipc::wire::{
    ModelWarning, NotAModelReason, Problem, ProblemCode, ProblemDetail, SettingName,
};

impl From<&app::AppError> for Problem {
    fn from(error: &app::AppError) -> Self {
        use app::ErrorKind;
        let code = match error.kind() {
            ErrorKind::DataFolder => ProblemCode::DataFolder,
            ErrorKind::Storage => ProblemCode::Storage,
            ErrorKind::Model => ProblemCode::Model,
            ErrorKind::NotFound => ProblemCode::NotFound,
            ErrorKind::Busy => ProblemCode::Busy,
            ErrorKind::Invalid => ProblemCode::Invalid,
            ErrorKind::Internal => ProblemCode::Internal,
        };
        Self {
            code,
            detail: app::ErrorDetail::from(error).into(),
            message: error.to_string(),
        }
    }
}

/// A match over all errors: those named in the list have the same facts, under the same names,
/// on both sides; the arms after it are written out. What is in neither does not compile.
macro_rules! same {
    ($given:expr, [$($kind:ident($($fact:ident),*)),* $(,)?], $($others:tt)*) => {
        match $given {
            $(app::ErrorDetail::$kind { $($fact),* } => ProblemDetail::$kind { $($fact),* },)*
            $($others)*
        }
    };
}

impl From<app::ErrorDetail> for ProblemDetail {
    fn from(error: app::ErrorDetail) -> Self {
        use app::ErrorDetail as Detail;
        same!(error, [
            NoHome(),
            FolderUnusable(folder, detail),
            InUse(folder),
            NewerDatabase(path, found, supported),
            NotADatabase(path),
            Damaged(path, backups, detail),
            NotMigrated(path, backups, detail),
            DiskFull(path),
            ReadOnly(path),
            Locked(path),
            NotStored(path, detail),
            NoChat(),
            NoMessage(),
            NoAnswer(),
            NoQuestion(),
            StillWriting(),
            AnswerEnded(),
            NothingThere(path),
            PathNotText(path),
            ModelUnreadable(path, detail),
            UnknownModel(id),
            NewerModelList(path, found),
            ModelList(path, detail),
            ModelMissing(name, path),
            ExportDiskFull(path),
            ExportNotWritable(path),
            ExportFailed(path, detail),
            ExportCutOff(),
            Offline(),
            HereAlready(name),
            NoDownload(),
            ModelInUse(name),
            DownloadsRunning(),
            Keyring(detail),
            BadToken(),
            NetworkSettings(path, detail),
            BadRepo(name),
            BadEndpoint(address),
            BadProxy(address),
            NotOnHub(host, what),
            NeedsToken(host, repo),
            Insecure(address),
            RedirectLoop(host),
            BadListing(detail),
            NothingToFetch(repo),
            SeveralFiles(repo, files, first),
            UnsafeName(name),
            NotAsRecorded(file, detail),
            WrongHash(file),
            Undelivered(host, detail),
            ModelsDiskFull(path),
            ModelsFolder(path, detail),
            Planted(path),
            FetchedElsewhere(),
            ModelFileGone(file),
            ModelFileResized(file),
            ModelFileChanged(file),
            NoRecord(),
            ForeignFile(file, detail, advice),
            ModelDamaged(file, detail, advice),
            ModelIncomplete(file, part, advice),
            ModelUnsupported(file, detail, advice),
            NoThreads(threads, detail),
            Stopped(),
            EmptyMessage(),
            TooLong(tokens, limit),
            ContextFull(limit),
            TemplateToken(token),
            TemplateRefused(detail),
            ModelChanged(file, detail),
            Busy(),
            NotAnAnswer(),
            NotLast(),
            EngineFailed(detail),
            PresetTwice(name),
            ThreadNotStarted(detail),
            Defect(detail),
            FileUnreadable(name, detail),
            FileIsFolder(name),
            FileNotText(name),
            FileIsModel(name),
            PdfTooSlow(name),
            PdfUnusual(name),
            PdfOnlyPictures(name),
            Unworded(text),
        ],
            Detail::NoBackup { cause } => Self::NoBackup {
                cause: Box::new((*cause).into()),
            },
            Detail::NotAModel { path, reason, has_gguf } => Self::NotAModel {
                path,
                reason: reason.into(),
                has_gguf,
            },
            Detail::ModelCutShort { file, part, needed, found } => Self::ModelCutShort {
                file,
                part,
                needed: needed as f64,
                found: found as f64,
            },
            Detail::OutOfMemory { file, needed } => Self::OutOfMemory {
                file,
                needed: needed as f64,
            },
            Detail::TooLittleMemory { needed, free } => Self::TooLittleMemory {
                needed: needed as f64,
                free: free as f64,
            },
            Detail::NoSpace { needed, free, folder } => Self::NoSpace {
                needed: needed as f64,
                free: free as f64,
                folder,
            },
            Detail::TooManyFiles { files, bytes } => Self::TooManyFiles {
                files,
                bytes: bytes as f64,
            },
            Detail::Setting { setting, least, most } => Self::Setting {
                setting: setting.into(),
                least,
                most,
            },
            Detail::FileTooLarge { name, limit } => Self::FileTooLarge {
                name,
                limit: limit as f64,
            },
            Detail::PdfTooLarge { name, limit } => Self::PdfTooLarge {
                name,
                limit: limit as f64,
            },
        )
    }
}

impl From<app::NotAModelReason> for NotAModelReason {
    fn from(reason: app::NotAModelReason) -> Self {
        match reason {
            app::NotAModelReason::NeitherFileNorFolder => Self::NeitherFileNorFolder,
            app::NotAModelReason::NoConfigBeside => Self::NoConfigBeside,
            app::NotAModelReason::Description => Self::Description,
            app::NotAModelReason::OtherFile => Self::OtherFile,
            app::NotAModelReason::NoConfig => Self::NoConfig,
            app::NotAModelReason::NoWeights => Self::NoWeights,
        }
    }
}

impl From<app::SettingName> for SettingName {
    fn from(name: app::SettingName) -> Self {
        match name {
            app::SettingName::Temperature => Self::Temperature,
            app::SettingName::TopP => Self::TopP,
            app::SettingName::MinP => Self::MinP,
            app::SettingName::RepetitionPenalty => Self::RepetitionPenalty,
            app::SettingName::TopK => Self::TopK,
            app::SettingName::MaxAnswerTokens => Self::MaxAnswerTokens,
            app::SettingName::TextSize => Self::TextSize,
            app::SettingName::Threads => Self::Threads,
            app::SettingName::SystemPromptLength => Self::SystemPromptLength,
            app::SettingName::PresetCount => Self::PresetCount,
            app::SettingName::PresetNameLength => Self::PresetNameLength,
            app::SettingName::QuickAskLength => Self::QuickAskLength,
            app::SettingName::MirrorLength => Self::MirrorLength,
            app::SettingName::ProxyLength => Self::ProxyLength,
            app::SettingName::UnloadAfter => Self::UnloadAfter,
        }
    }
}

impl From<app::Warning> for ModelWarning {
    fn from(warning: app::Warning) -> Self {
        match warning {
            app::Warning::WrongTemplate => Self::WrongTemplate {},
            app::Warning::UnusableTemplate { problem } => {
                Self::UnusableTemplate { detail: problem }
            }
            app::Warning::UnknownChatFormat => Self::UnknownChatFormat {},
            app::Warning::NoSplittingRule => Self::NoSplittingRule {},
            app::Warning::UnknownSplittingRule { rule } => Self::UnknownSplittingRule { rule },
            app::Warning::Zeros { first, more } => Self::Zeros {
                first,
                more: small(more),
            },
        }
    }
}

impl Problem {
    /// A seed that is no whole number of 64 bits.
    pub(super) fn not_a_seed() -> Self {
        Self {
            code: ProblemCode::Invalid,
            detail: ProblemDetail::NotASeed {},
            message: "The seed must be a whole number from 0 to 18446744073709551615.".to_owned(),
        }
    }

    /// A link that leads elsewhere than to the web.
    pub(crate) fn not_a_web_link() -> Self {
        Self {
            code: ProblemCode::Invalid,
            detail: ProblemDetail::NotAWebLink {},
            message: "Tern opens web links only (http and https).".to_owned(),
        }
    }

    /// No browser took the link.
    pub(crate) fn link_not_opened(error: &dyn std::fmt::Display) -> Self {
        Self {
            code: ProblemCode::Invalid,
            detail: ProblemDetail::LinkNotOpened {
                detail: error.to_string(),
            },
            message: format!("The link could not be opened in a browser: {error}"),
        }
    }

    /// No file manager showed the folder.
    pub(crate) fn folder_not_shown(folder: &str, error: &dyn std::fmt::Display) -> Self {
        Self {
            code: ProblemCode::Invalid,
            detail: ProblemDetail::FolderNotShown {
                folder: folder.to_owned(),
                detail: error.to_string(),
            },
            message: format!("The folder {folder} could not be opened in a file manager: {error}"),
        }
    }

    /// A defect in Tern.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        Self {
            code: ProblemCode::Internal,
            detail: ProblemDetail::Defect {
                detail: error.to_string(),
            },
            message: format!(
                "Something in Tern failed: {error}. Your chats are safe; start Tern again."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail_of(error: &app::AppError) -> ProblemDetail {
        Problem::from(error).detail
    }

    /// The others are the same on both sides by name, which the compiler sees.
    #[test]
    fn facts_that_change_their_type_keep_their_value() {
        assert_eq!(
            detail_of(&app::AppError::Setting {
                name: app::SettingName::TopP,
                least: 0.0,
                most: 1.0,
            }),
            ProblemDetail::Setting {
                setting: SettingName::TopP,
                least: 0.0,
                most: 1.0,
            }
        );
        assert_eq!(
            ProblemDetail::from(app::ErrorDetail::ModelCutShort {
                file: "a".to_owned(),
                part: "b".to_owned(),
                needed: 5_000_000_000,
                found: 4,
            }),
            ProblemDetail::ModelCutShort {
                file: "a".to_owned(),
                part: "b".to_owned(),
                needed: 5e9,
                found: 4.0,
            }
        );
        let path = || "/a".to_owned();
        assert_eq!(
            ProblemDetail::from(app::ErrorDetail::NoBackup {
                cause: Box::new(app::ErrorDetail::NotAModel {
                    path: path(),
                    reason: app::NotAModelReason::NoConfig,
                    has_gguf: true,
                }),
            }),
            ProblemDetail::NoBackup {
                cause: Box::new(ProblemDetail::NotAModel {
                    path: path(),
                    reason: NotAModelReason::NoConfig,
                    has_gguf: true,
                }),
            }
        );
    }

    #[test]
    fn a_problem_keeps_its_code_and_its_sentence_for_logs() {
        let error = app::AppError::ModelMissing {
            name: "BitNet".to_owned(),
            path: "/a".to_owned(),
        };
        let problem = Problem::from(&error);
        assert_eq!(problem.code, ProblemCode::Model);
        assert_eq!(problem.message, error.to_string());
    }
}
