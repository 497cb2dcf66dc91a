//! What the chats take on disk, and their backups.

use std::path::PathBuf;

use tern_history::Backup;

use crate::{App, AppError};

/// What the chats take on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageUse {
    /// The database with every chat, in bytes.
    pub chats_bytes: u64,
    /// Copies of it, the newest first.
    pub backups: Vec<Backup>,
}

impl App {
    /// What the chats take on disk now, and which backups there are.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn storage_use(&self) -> Result<StorageUse, AppError> {
        Ok(StorageUse {
            chats_bytes: self.core.history.disk_bytes(),
            backups: self.core.history.backups()?,
        })
    }

    /// Makes a backup of every chat now. Chats go on meanwhile; temporary ones are in none.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn back_up_now(&self) -> Result<StorageUse, AppError> {
        self.core.history.back_up_now()?;
        self.storage_use()
    }

    /// Where backups are; the data folder while there are none.
    pub fn backups_dir(&self) -> PathBuf {
        let backups = self.core.history.backups_dir();
        let made = backups.is_dir();
        if made {
            backups
        } else {
            self.data_dir().to_path_buf()
        }
    }
}
