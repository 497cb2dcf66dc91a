//! Chats on disk: what they take, their backups, and files they are exported to.

use tern_app as app;

use super::small;
use crate::ipc::wire::{Backup, BackupReason, ExportFormat, ExportWords, Exported, StorageUse};

impl From<ExportFormat> for app::ExportFormat {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Markdown => Self::Markdown,
            ExportFormat::Json => Self::Json,
        }
    }
}

impl From<ExportWords> for app::ExportWords {
    fn from(words: ExportWords) -> Self {
        Self {
            you: words.you,
            answer: words.answer,
            system: words.system,
            attached: words.attached,
            stopped: words.stopped,
            interrupted: words.interrupted,
            failed: words.failed,
            all: words.all,
        }
    }
}

impl From<app::Exported> for Exported {
    fn from(exported: app::Exported) -> Self {
        Self {
            path: exported.path.display().to_string(),
            chats: small(exported.chats),
        }
    }
}

impl From<app::StorageUse> for StorageUse {
    fn from(used: app::StorageUse) -> Self {
        Self {
            chats_bytes: used.chats_bytes as f64,
            backups: used.backups.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::Backup> for Backup {
    fn from(backup: app::Backup) -> Self {
        Self {
            name: backup.name,
            made_at: backup.made_at_ms as f64,
            bytes: backup.bytes as f64,
            reason: match backup.reason {
                app::BackupReason::Daily => BackupReason::Daily,
                app::BackupReason::BeforeUpgrade => BackupReason::BeforeUpgrade,
                app::BackupReason::Asked => BackupReason::Asked,
            },
        }
    }
}
