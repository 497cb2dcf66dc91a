//! Tern outside its page: the menu bar, the icon in the tray, and keys heard everywhere. All off
//! until the settings ask for them, but for macOS's menu bar; all in the page's words.

mod keys;
mod menu;
mod tray;

use tauri::{AppHandle, Manager, Window};
use tauri_specta::Event;
use tern_app::Settings;

use crate::ipc::wire::{Action, AppEvent, DesktopWords, Platform, Problem, ProblemDetail};

/// What this computer's desktop offers.
pub(crate) fn platform() -> Platform {
    Platform::with(tray::is_possible(), keys::are_possible())
}

/// Shows what `settings` ask for and takes away what they don't. Returns what
/// can't be.
///
/// # Errors
/// A defect: the window's thread did not do it.
pub(crate) async fn arrange(
    handle: &AppHandle,
    settings: Settings,
    words: DesktopWords,
) -> Result<Vec<ProblemDetail>, Problem> {
    let (done, answer) = tokio::sync::oneshot::channel();
    let on_main = handle.clone();
    // Menus and trays belong to the window's thread.
    handle
        .run_on_main_thread(move || {
            let attempts = [
                menu::arrange(&on_main, settings.menu_bar, &words),
                tray::arrange(&on_main, settings.tray, &words),
                keys::arrange(&on_main, settings.quick_ask.as_deref()),
            ];
            let problems = attempts.into_iter().filter_map(Result::err).collect();
            let _ = done.send(problems);
        })
        .map_err(|error| Problem::internal(&error))?;
    answer.await.map_err(|error| Problem::internal(&error))
}

pub(crate) use menu::chosen as menu_chosen;

/// True while closing the window leaves Tern running.
pub(crate) fn outlives_window(window: &Window) -> bool {
    tray::is_shown(window.app_handle())
}

/// Brings the window to the front.
pub(crate) fn show(handle: &AppHandle) {
    if let Some(window) = handle.get_webview_window("main") {
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

/// Tells the page what was asked for.
fn choose(handle: &AppHandle, action: Action) {
    // Fails only while the window is going away.
    let _ = AppEvent::ActionChosen { action }.emit(handle);
}
