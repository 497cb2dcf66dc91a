//! Chats on disk: what they take, their backups, and files they are exported to.

use std::path::PathBuf;

use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;
use tern_app::ConversationId;

use super::{Answer, off_thread};
use crate::ipc::wire::{ExportFormat, ExportWords, Exported, Folder, Problem, StorageUse};
use crate::program::Program;

/// Asks with the platform's dialog for a file and writes one chat to it; nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_conversation(
    handle: AppHandle,
    program: State<'_, Program>,
    conversation: String,
    format: ExportFormat,
    words: ExportWords,
) -> Answer<Option<Exported>> {
    let id = ConversationId::new(conversation);
    let format = format.into();
    let title = words.dialog.clone();
    let words = words.into();
    let of_chat = id.clone();
    let name = program
        .with(move |app| app.export_name(&of_chat, format))
        .await?;
    let Some(path) = choose_file(handle, title, name, format).await? else {
        return Ok(None);
    };
    program
        .with(move |app| Ok(Some(app.export_chat(&id, &path, format, &words)?.into())))
        .await
}

/// Asks with the platform's dialog where to, and writes every chat but temporary ones there: as
/// JSON into one file, as Markdown into a new folder. Nothing if cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_all(
    handle: AppHandle,
    program: State<'_, Program>,
    format: ExportFormat,
    words: ExportWords,
) -> Answer<Option<Exported>> {
    let format = format.into();
    let title = words.dialog.clone();
    let words: tern_app::ExportWords = words.into();
    let chosen = match format {
        tern_app::ExportFormat::Markdown => choose_folder(handle, title).await?,
        tern_app::ExportFormat::Json => {
            let for_name = words.clone();
            let name = program
                .with(move |app| app.export_all_name(format, &for_name))
                .await?;
            choose_file(handle, title, name, format).await?
        }
    };
    let Some(path) = chosen else { return Ok(None) };
    program
        .with(move |app| Ok(Some(app.export_all(&path, format, &words)?.into())))
        .await
}

/// What the chats take on disk, and which backups there are.
#[tauri::command]
#[specta::specta]
pub(crate) async fn storage_use(program: State<'_, Program>) -> Answer<StorageUse> {
    program.with(|app| Ok(app.storage_use()?.into())).await
}

/// Makes a backup of every chat.
#[tauri::command]
#[specta::specta]
pub(crate) async fn back_up_now(program: State<'_, Program>) -> Answer<StorageUse> {
    program.with(|app| Ok(app.back_up_now()?.into())).await
}

/// Shows a folder of Tern in the file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_folder(
    handle: AppHandle,
    program: State<'_, Program>,
    folder: Folder,
) -> Answer<()> {
    let path = program
        .with(move |app| {
            Ok(match folder {
                Folder::Data => app.data_dir().to_path_buf(),
                Folder::Backups => app.backups_dir(),
            })
        })
        .await?;
    let path = path.display().to_string();
    let open = move || {
        let opened = handle.opener().open_path(&path, None::<&str>);
        opened.map_err(|error| Problem::folder_not_shown(&path, &error))
    };
    off_thread(open).await?
}

async fn choose_file(
    handle: AppHandle,
    title: String,
    name: String,
    format: tern_app::ExportFormat,
) -> Answer<Option<PathBuf>> {
    let kind = match format {
        tern_app::ExportFormat::Markdown => "Markdown",
        tern_app::ExportFormat::Json => "JSON",
    };
    let chosen = off_thread(move || {
        handle
            .dialog()
            .file()
            .set_title(title)
            .set_file_name(name)
            .add_filter(kind, &[format.extension()])
            .blocking_save_file()
    });
    Ok(chosen.await?.and_then(|path| path.into_path().ok()))
}

async fn choose_folder(handle: AppHandle, title: String) -> Answer<Option<PathBuf>> {
    let chosen = off_thread(move || {
        let dialog = handle.dialog().file().set_title(title);
        dialog.blocking_pick_folder()
    });
    Ok(chosen.await?.and_then(|path| path.into_path().ok()))
}
