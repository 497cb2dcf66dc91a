//! Models: which there are, which one answers.

use std::path::PathBuf;

use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt;
use tern_app::ConversationId;

use super::{Answer, off_thread};
use crate::ipc::wire::ModelEntry;
use crate::program::Program;

/// Chooses the model of new chats, and of one chat if given.
#[tauri::command]
#[specta::specta]
pub(crate) async fn select_model(
    program: State<'_, Program>,
    model: String,
    conversation: Option<String>,
) -> Answer<Vec<ModelEntry>> {
    let id = conversation.map(ConversationId::new);
    program
        .with(move |app| Ok(entries(app.select_model(&model, id.as_ref())?)))
        .await
}

/// Asks for a model file with the platform's dialog, in these words, and adds it; nothing if
/// cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_model_file(
    handle: AppHandle,
    program: State<'_, Program>,
    title: String,
    kind: String,
) -> Answer<Option<ModelEntry>> {
    let chosen = off_thread(move || {
        let dialog = handle.dialog().file().set_title(title);
        dialog
            .add_filter(kind, &["gguf", "safetensors"])
            .blocking_pick_file()
    });
    add_model(
        &program,
        chosen.await?.and_then(|path| path.into_path().ok()),
    )
    .await
}

/// Asks for a Hugging Face model folder, under this title, and adds it; nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_model_folder(
    handle: AppHandle,
    program: State<'_, Program>,
    title: String,
) -> Answer<Option<ModelEntry>> {
    let chosen = off_thread(move || {
        handle
            .dialog()
            .file()
            .set_title(title)
            .blocking_pick_folder()
    });
    add_model(
        &program,
        chosen.await?.and_then(|path| path.into_path().ok()),
    )
    .await
}

/// Takes a model off the list; its file stays.
#[tauri::command]
#[specta::specta]
pub(crate) async fn forget_model(
    program: State<'_, Program>,
    model: String,
) -> Answer<Vec<ModelEntry>> {
    program
        .with(move |app| Ok(entries(app.forget_model(&model)?)))
        .await
}

fn entries(models: Vec<tern_app::ModelInfo>) -> Vec<ModelEntry> {
    models.into_iter().map(Into::into).collect()
}

async fn add_model(program: &Program, path: Option<PathBuf>) -> Answer<Option<ModelEntry>> {
    let Some(path) = path else { return Ok(None) };
    program
        .with(move |app| Ok(Some(app.open_model(&path)?.into())))
        .await
}
