//! What the window can ask for. Each command translates, calls the program, translates back.

use std::path::PathBuf;

use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;
use tern_app::{ConversationId, MessageId};

use super::wire::{
    ConversationSummary, ConversationView, ModelEntry, Problem, Sent, Settings, Startup,
};
use crate::program::Program;

type Answer<T> = Result<T, Problem>;

/// Everything the window needs first. A data folder that can't be opened is part of the
/// answer, not an error: the window shows it, and calls again for Retry.
#[tauri::command]
#[specta::specta]
pub(crate) async fn startup(program: State<'_, Program>) -> Answer<Startup> {
    let data_dir =
        Program::data_dir().map_or_else(|_| String::new(), |dir| dir.display().to_string());
    let opened = program.with(|app| Ok((app.settings(), app.models(), app.chats()?, app.status())));
    Ok(match opened.await {
        Ok((settings, models, chats, status)) => Startup {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir,
            problem: None,
            settings: settings.into(),
            models: models.into_iter().map(Into::into).collect(),
            conversations: chats.into_iter().map(Into::into).collect(),
            status: status.into(),
        },
        Err(problem) => Startup {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir,
            problem: Some(problem),
            settings: tern_app::Settings::default().into(),
            models: Vec::new(),
            conversations: Vec::new(),
            status: tern_app::Status::default().into(),
        },
    })
}

/// A chat with its messages.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_conversation(
    program: State<'_, Program>,
    conversation: String,
) -> Answer<ConversationView> {
    let id = ConversationId::new(conversation);
    program.with(move |app| Ok(app.chat(&id)?.into())).await
}

/// Sends a message; without a chat, into a new one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn send_message(
    program: State<'_, Program>,
    conversation: Option<String>,
    text: String,
) -> Answer<Sent> {
    let id = conversation.map(ConversationId::new);
    program
        .with(move |app| Ok(app.send_message(id.as_ref(), &text)?.into()))
        .await
}

/// Writes another version of an answer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn retry_answer(program: State<'_, Program>, message: String) -> Answer<Sent> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.retry_answer(&id)?.into()))
        .await
}

/// Ends a chat's answer; its text is kept.
#[tauri::command]
#[specta::specta]
pub(crate) async fn stop_generation(
    program: State<'_, Program>,
    conversation: String,
) -> Answer<()> {
    let id = ConversationId::new(conversation);
    program
        .with(move |app| {
            app.stop(&id);
            Ok(())
        })
        .await
}

/// Gives a chat a title.
#[tauri::command]
#[specta::specta]
pub(crate) async fn rename_conversation(
    program: State<'_, Program>,
    conversation: String,
    title: String,
) -> Answer<ConversationSummary> {
    let id = ConversationId::new(conversation);
    program
        .with(move |app| Ok(app.rename(&id, &title)?.into()))
        .await
}

/// Takes a chat off the list.
#[tauri::command]
#[specta::specta]
pub(crate) async fn delete_conversation(
    program: State<'_, Program>,
    conversation: String,
) -> Answer<()> {
    let id = ConversationId::new(conversation);
    program.with(move |app| app.delete(&id)).await
}

/// Brings a deleted chat back.
#[tauri::command]
#[specta::specta]
pub(crate) async fn restore_conversation(
    program: State<'_, Program>,
    conversation: String,
) -> Answer<ConversationSummary> {
    let id = ConversationId::new(conversation);
    program.with(move |app| Ok(app.restore(&id)?.into())).await
}

/// Stores the settings and returns them as stored.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_settings(
    program: State<'_, Program>,
    settings: Settings,
) -> Answer<Settings> {
    let settings = tern_app::Settings::try_from(settings)?;
    program
        .with(move |app| {
            app.set_settings(settings)?;
            Ok(app.settings().into())
        })
        .await
}

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

/// Asks for a model file with the platform's dialog and adds it; nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_model_file(
    handle: AppHandle,
    program: State<'_, Program>,
) -> Answer<Option<ModelEntry>> {
    let chosen = off_thread(move || {
        let dialog = handle.dialog().file().set_title("Open a model file");
        dialog
            .add_filter(
                "Ternary models (GGUF, safetensors)",
                &["gguf", "safetensors"],
            )
            .blocking_pick_file()
    });
    add_model(
        &program,
        chosen.await?.and_then(|path| path.into_path().ok()),
    )
    .await
}

/// Asks for a Hugging Face model folder and adds it; nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_model_folder(
    handle: AppHandle,
    program: State<'_, Program>,
) -> Answer<Option<ModelEntry>> {
    let chosen = off_thread(move || {
        handle
            .dialog()
            .file()
            .set_title("Open a model folder")
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

/// Opens a web link in the person's browser. The window has shown where it leads.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_link(handle: AppHandle, url: String) -> Answer<()> {
    let allowed = tauri::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if !allowed {
        return Err(Problem::invalid(
            "Tern opens web links only (http and https).",
        ));
    }
    handle
        .opener()
        .open_url(url, None::<&str>)
        .map_err(|error| {
            Problem::invalid(format!(
                "The link could not be opened in a browser: {error}"
            ))
        })
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

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    let done = tauri::async_runtime::spawn_blocking(work).await;
    done.map_err(|error| Problem::internal(&error))
}
