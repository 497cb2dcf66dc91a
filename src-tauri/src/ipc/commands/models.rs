//! Models: which there are, which one answers, what is done with their files.

use std::path::PathBuf;

use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt;
use tern_app::ConversationId;

use super::{Answer, off_thread};
use crate::ipc::wire::{Benchmark, ImportKind, ModelEntry, ModelsView, Problem};
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

/// Takes a model off the list, with its files where they are Tern's own.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_model(
    program: State<'_, Program>,
    model: String,
) -> Answer<Vec<ModelEntry>> {
    program
        .with(move |app| Ok(entries(app.forget_model(&model)?)))
        .await
}

/// Gives back the memory of the loaded model.
#[tauri::command]
#[specta::specta]
pub(crate) async fn unload_model() -> Answer<()> {
    Err(not_there_yet())
}

/// Asks for a model's file or folder with the platform's dialog and adds it, where it lies or
/// copied into Tern's folder; nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn import_model(
    handle: AppHandle,
    program: State<'_, Program>,
    kind: ImportKind,
    copy: bool,
) -> Answer<Option<ModelEntry>> {
    match ask_for_model(handle, kind).await? {
        Some(path) => add_model(&program, path, copy).await.map(Some),
        None => Ok(None),
    }
}

/// Adds a model that was dropped on the window, where it lies or copied into Tern's folder.
#[tauri::command]
#[specta::specta]
pub(crate) async fn import_dropped(
    program: State<'_, Program>,
    path: String,
    copy: bool,
) -> Answer<ModelEntry> {
    add_model(&program, PathBuf::from(path), copy).await
}

/// Compares a model's files with their checksums; an error when they were altered.
#[tauri::command]
#[specta::specta]
pub(crate) async fn verify_model(model: String) -> Answer<()> {
    let _ = model;
    Err(not_there_yet())
}

/// Ends what is being done with a model's files.
#[tauri::command]
#[specta::specta]
pub(crate) async fn stop_model_work(model: String) -> Answer<()> {
    let _ = model;
    Err(not_there_yet())
}

/// Everything about models besides those that can be chosen.
#[tauri::command]
#[specta::specta]
pub(crate) async fn models_view() -> Answer<ModelsView> {
    Err(not_there_yet())
}

/// Asks for another folder for models with the platform's dialog, and moves Tern's own there
/// if wanted; nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn choose_models_folder(
    handle: AppHandle,
    move_models: bool,
) -> Answer<Option<ModelsView>> {
    let _ = (handle, move_models);
    Err(not_there_yet())
}

/// Measures this computer, for about ten seconds.
#[tauri::command]
#[specta::specta]
pub(crate) async fn run_benchmark() -> Answer<Benchmark> {
    Err(not_there_yet())
}

/// Keeps a token for the hub in the system's keyring, or takes it out.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_token(token: Option<String>) -> Answer<ModelsView> {
    let _ = token;
    Err(not_there_yet())
}

fn entries(models: Vec<tern_app::ModelInfo>) -> Vec<ModelEntry> {
    models.into_iter().map(Into::into).collect()
}

async fn ask_for_model(handle: AppHandle, kind: ImportKind) -> Answer<Option<PathBuf>> {
    off_thread(move || {
        let dialog = handle.dialog().file();
        let chosen = match kind {
            ImportKind::File => dialog
                .set_title("Open a model file")
                .add_filter(
                    "Ternary models (GGUF, safetensors)",
                    &["gguf", "safetensors"],
                )
                .blocking_pick_file(),
            ImportKind::Folder => dialog
                .set_title("Open a model folder")
                .blocking_pick_folder(),
        };
        chosen.and_then(|path| path.into_path().ok())
    })
    .await
}

async fn add_model(program: &Program, path: PathBuf, copy: bool) -> Answer<ModelEntry> {
    if copy {
        return Err(not_there_yet());
    }
    program
        .with(move |app| Ok(app.open_model(&path)?.into()))
        .await
}

pub(super) fn not_there_yet() -> Problem {
    Problem::internal(&"this is not there yet")
}
