//! Where Tern keeps its data.

use std::path::PathBuf;

use directories::ProjectDirs;

use crate::AppError;

/// The data folder: `TERN_DATA_DIR` if set, else the platform's place for application data.
///
/// # Errors
/// [`AppError::NoHome`] when the platform names no home folder and the variable is unset.
pub fn data_dir() -> Result<PathBuf, AppError> {
    if let Some(dir) = std::env::var_os("TERN_DATA_DIR").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    ProjectDirs::from("", "", "Tern")
        .map(|dirs| dirs.data_dir().to_path_buf())
        .ok_or(AppError::NoHome)
}
