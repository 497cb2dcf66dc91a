//! Models: which there are, which one answers, what is done with their files.

use std::path::PathBuf;

use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt;
use tern_app::ConversationId;

use super::{Answer, off_thread};
use crate::ipc::wire::{Benchmark, ImportKind, ModelEntry, ModelsView, Problem, TokenState};
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
        .with(move |app| Ok(entries(app.remove_model(&model)?)))
        .await
}

/// Gives back the memory of the loaded model.
#[tauri::command]
#[specta::specta]
pub(crate) async fn unload_model(program: State<'_, Program>) -> Answer<()> {
    program
        .with(|app| {
            app.unload_model();
            Ok(())
        })
        .await
}

/// Asks for a model's file or folder with the platform's dialog, in these words, and adds it,
/// where it lies or copied into Tern's folder; nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn import_model(
    handle: AppHandle,
    program: State<'_, Program>,
    kind: ImportKind,
    copy: bool,
    title: String,
    filter: String,
) -> Answer<Option<ModelEntry>> {
    match ask_for_model(handle, kind, title, filter).await? {
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
pub(crate) async fn verify_model(program: State<'_, Program>, model: String) -> Answer<()> {
    program.with(move |app| app.verify_model(&model)).await
}

/// Ends what is being done with a model's files.
#[tauri::command]
#[specta::specta]
pub(crate) async fn stop_model_work(program: State<'_, Program>, model: String) -> Answer<()> {
    program
        .with(move |app| {
            app.stop_model_work(&model);
            Ok(())
        })
        .await
}

/// Everything about models besides those that can be chosen.
#[tauri::command]
#[specta::specta]
pub(crate) async fn models_view(program: State<'_, Program>) -> Answer<ModelsView> {
    program.with(|app| Ok(app.models_overview().into())).await
}

/// Asks for another folder for models with the platform's dialog, and moves Tern's own there
/// if wanted; nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn choose_models_folder(
    handle: AppHandle,
    program: State<'_, Program>,
    move_models: bool,
    title: String,
) -> Answer<Option<ModelsView>> {
    let chosen = off_thread(move || {
        let dialog = handle.dialog().file().set_title(title);
        let chosen = dialog.blocking_pick_folder();
        chosen.and_then(|path| path.into_path().ok())
    });
    let Some(path) = chosen.await? else {
        return Ok(None);
    };
    program
        .with(move |app| {
            app.set_models_folder(&path, move_models)?;
            Ok(Some(app.models_overview().into()))
        })
        .await
}

/// Measures this computer, for about ten seconds.
#[tauri::command]
#[specta::specta]
pub(crate) async fn run_benchmark(program: State<'_, Program>) -> Answer<Benchmark> {
    program.with(|app| Ok(app.run_benchmark()?.into())).await
}

/// Whether there is a token for the hub. A keyring that is locked may ask the person.
#[tauri::command]
#[specta::specta]
pub(crate) async fn token_state() -> Answer<TokenState> {
    off_thread(|| tern_app::token_state().into()).await
}

/// Keeps a token for the hub in the system's keyring, or takes it out.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_token(token: Option<String>) -> Answer<TokenState> {
    off_thread(move || {
        tern_app::set_token(token.as_deref()).map_err(|error| Problem::from(&error))?;
        Ok(tern_app::token_state().into())
    })
    .await?
}

fn entries(models: Vec<tern_app::ModelInfo>) -> Vec<ModelEntry> {
    models.into_iter().map(Into::into).collect()
}

async fn ask_for_model(
    handle: AppHandle,
    kind: ImportKind,
    title: String,
    filter: String,
) -> Answer<Option<PathBuf>> {
    off_thread(move || {
        let dialog = handle.dialog().file().set_title(title);
        let chosen = match kind {
            ImportKind::File => dialog
                .add_filter(filter, &["gguf", "safetensors"])
                .blocking_pick_file(),
            ImportKind::Folder => dialog.blocking_pick_folder(),
        };
        chosen.and_then(|path| path.into_path().ok())
    })
    .await
}

async fn add_model(program: &Program, path: PathBuf, copy: bool) -> Answer<ModelEntry> {
    program
        .with(move |app| Ok(app.import_model(&path, copy)?.into()))
        .await
}
