//! Models being downloaded. Nothing is downloaded unless it was asked for here.

use tauri::State;

use super::Answer;
use crate::ipc::wire::Download;
use crate::program::Program;

/// Begins to download a model: one of the catalogue, or `owner/name[@revision][:file.gguf]`.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_download(program: State<'_, Program>, wish: String) -> Answer<Download> {
    program
        .with(move |app| Ok(app.start_download(&wish)?.into()))
        .await
}

/// Stops a download; it keeps what is there.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pause_download(
    program: State<'_, Program>,
    id: String,
) -> Answer<Vec<Download>> {
    program
        .with(move |app| Ok(downloads(app.pause_download(&id)?)))
        .await
}

/// Goes on with a download that was paused or has failed.
#[tauri::command]
#[specta::specta]
pub(crate) async fn resume_download(
    program: State<'_, Program>,
    id: String,
) -> Answer<Vec<Download>> {
    program
        .with(move |app| Ok(downloads(app.resume_download(&id)?)))
        .await
}

/// Ends a download and deletes what is there of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_download(
    program: State<'_, Program>,
    id: String,
) -> Answer<Vec<Download>> {
    program
        .with(move |app| Ok(downloads(app.cancel_download(&id)?)))
        .await
}

fn downloads(all: Vec<tern_app::DownloadInfo>) -> Vec<Download> {
    all.into_iter().map(Into::into).collect()
}
