//! The icon in the tray, which keeps Tern running when its window is closed.

use tauri::AppHandle;
use tauri::menu::{MenuBuilder, MenuEvent};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};

use super::{choose, show};
use crate::ipc::wire::{Action, DesktopWords, ProblemDetail};

const ID: &str = "tern";
const SHOW: &str = "tray-show";
const NEW_CHAT: &str = "tray-new-chat";
const QUIT: &str = "tray-quit";

/// On Linux a tray is the work of a library that not every desktop brings.
#[cfg(target_os = "linux")]
pub(crate) fn is_possible() -> bool {
    let listed = std::process::Command::new("/sbin/ldconfig")
        .arg("-p")
        .output();
    listed.is_ok_and(|listed| {
        let names = String::from_utf8_lossy(&listed.stdout);
        ["libayatana-appindicator3.so.1", "libappindicator3.so.1"]
            .iter()
            .any(|name| names.contains(name))
    })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_possible() -> bool {
    true
}

/// True while closing the window leaves Tern running.
pub(crate) fn is_shown(handle: &AppHandle) -> bool {
    handle.tray_by_id(ID).is_some()
}

/// Shows the icon with its menu, or takes it away.
pub(super) fn arrange(
    handle: &AppHandle,
    wanted: bool,
    words: &DesktopWords,
) -> Result<(), ProblemDetail> {
    // Made anew each time: its words may have changed.
    handle.remove_tray_by_id(ID);
    if !wanted {
        return Ok(());
    }
    if !is_possible() {
        return Err(ProblemDetail::NoTray {});
    }
    build(handle, words).map_err(|error| ProblemDetail::NoTrayIcon {
        detail: error.to_string(),
    })
}

fn build(handle: &AppHandle, words: &DesktopWords) -> tauri::Result<()> {
    let menu = MenuBuilder::new(handle)
        .text(SHOW, &words.show)
        .text(NEW_CHAT, &words.new_chat)
        .separator()
        .text(QUIT, &words.quit)
        .build()?;
    let mut icon = TrayIconBuilder::with_id(ID)
        .menu(&menu)
        .show_menu_on_left_click(false)
        .tooltip("Tern")
        .on_menu_event(chosen)
        .on_tray_icon_event(clicked);
    if let Some(image) = handle.default_window_icon() {
        icon = icon.icon(image.clone());
    }
    icon.build(handle)?;
    Ok(())
}

fn chosen(handle: &AppHandle, event: MenuEvent) {
    match event.id().as_ref() {
        SHOW => show(handle),
        NEW_CHAT => {
            show(handle);
            choose(handle, Action::NewChat);
        }
        QUIT => handle.exit(0),
        _ => {}
    }
}

fn clicked(icon: &TrayIcon, event: TrayIconEvent) {
    if let TrayIconEvent::Click {
        button: MouseButton::Left,
        button_state: MouseButtonState::Up,
        ..
    } = event
    {
        show(icon.app_handle());
    }
}
