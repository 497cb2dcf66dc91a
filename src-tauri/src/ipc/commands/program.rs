//! The program: its start, settings, and what leaves the computer.

use tauri::{AppHandle, State};
use tauri_plugin_opener::OpenerExt;

use super::{Answer, off_thread};
use crate::desktop;
use crate::ipc::wire::{ConnectionLog, DesktopWords, Problem, ProblemDetail, Settings, Startup};
use crate::program::Program;

/// Everything the window needs first. A data folder that can't be opened is part of the
/// answer, not an error: the window shows it, and calls again for Retry.
#[tauri::command]
#[specta::specta]
pub(crate) async fn startup(program: State<'_, Program>) -> Answer<Startup> {
    let data_dir =
        Program::data_dir().map_or_else(|_| String::new(), |dir| dir.display().to_string());
    let opening = program.with(|app| {
        let draft = app.new_chat_draft()?;
        Ok((
            app.settings(),
            app.models(),
            app.chats()?,
            app.status(),
            draft,
        ))
    });
    let (opened, platform) = tokio::join!(opening, off_thread(desktop::platform));
    let platform = platform?;
    Ok(match opened {
        Ok((settings, models, chats, status, draft)) => Startup {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir,
            problem: None,
            settings: settings.into(),
            models: models.into_iter().map(Into::into).collect(),
            conversations: chats.into_iter().map(Into::into).collect(),
            status: status.into(),
            draft: draft.map(Into::into),
            platform,
        },
        Err(problem) => Startup {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir,
            problem: Some(problem),
            settings: tern_app::Settings::default().into(),
            models: Vec::new(),
            conversations: Vec::new(),
            status: tern_app::Status::default().into(),
            draft: None,
            platform,
        },
    })
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

/// Opens a web link in the person's browser. The window has shown where it leads.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_link(
    handle: AppHandle,
    program: State<'_, Program>,
    url: String,
) -> Answer<()> {
    let allowed = tauri::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if !allowed {
        return Err(Problem::not_a_web_link());
    }
    handle
        .opener()
        .open_url(&url, None::<&str>)
        .map_err(|error| Problem::link_not_opened(&error))?;
    program
        .with(move |app| {
            app.note_link(&url);
            Ok(())
        })
        .await
}

/// Shows what the settings ask for outside the page (menu bar, tray, keys heard everywhere), in
/// these words, and takes away what they don't. Returns what can't be.
#[tauri::command]
#[specta::specta]
pub(crate) async fn arrange_desktop(
    handle: AppHandle,
    program: State<'_, Program>,
    words: DesktopWords,
) -> Answer<Vec<ProblemDetail>> {
    let settings = program.with(|app| Ok(app.settings())).await?;
    desktop::arrange(&handle, settings, words).await
}

/// What left this computer since the start, and what is open now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn connection_log(program: State<'_, Program>) -> Answer<ConnectionLog> {
    program.with(|app| Ok(app.connections().into())).await
}
