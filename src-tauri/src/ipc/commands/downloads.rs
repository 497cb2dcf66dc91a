//! Models being downloaded. Nothing is downloaded unless it was asked for here.

use super::Answer;
use super::models::not_there_yet;
use crate::ipc::wire::Download;

/// Begins to download a model: one of the catalogue, or `owner/name[@revision][:file.gguf]`.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_download(wish: String) -> Answer<Download> {
    let _ = wish;
    Err(not_there_yet())
}

/// Stops a download; it keeps what is there.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pause_download(id: String) -> Answer<Vec<Download>> {
    let _ = id;
    Err(not_there_yet())
}

/// Goes on with a download that was paused or given up.
#[tauri::command]
#[specta::specta]
pub(crate) async fn resume_download(id: String) -> Answer<Vec<Download>> {
    let _ = id;
    Err(not_there_yet())
}

/// Ends a download and deletes what is there of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_download(id: String) -> Answer<Vec<Download>> {
    let _ = id;
    Err(not_there_yet())
}
