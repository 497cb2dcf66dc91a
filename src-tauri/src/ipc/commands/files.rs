//! Files that go along with a question.

use std::path::PathBuf;

use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

use super::{Answer, off_thread};
use crate::ipc::wire::ReadFile;
use crate::program::read_files;

/// Asks for files with the platform's dialog, under this title, and reads them; none if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn attach_files(handle: AppHandle, title: String) -> Answer<Vec<ReadFile>> {
    off_thread(move || {
        let chosen = handle
            .dialog()
            .file()
            .set_title(title)
            .blocking_pick_files();
        let paths = chosen.unwrap_or_default().into_iter();
        let paths: Vec<PathBuf> = paths.filter_map(|path| path.into_path().ok()).collect();
        read_files(&paths)
    })
    .await
}
