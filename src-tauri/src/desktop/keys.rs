//! Keys heard while another program is in front: they bring Tern up with a new chat.

use std::str::FromStr;

use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_global_shortcut::{GlobalShortcut, GlobalShortcutExt, Shortcut, ShortcutState};

use super::{choose, show};
use crate::ipc::wire::{Action, ProblemDetail};

/// On Linux, X11 alone lets programs hear keys that are not meant for them.
pub(crate) fn are_possible() -> bool {
    if cfg!(not(target_os = "linux")) {
        return true;
    }
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    set("DISPLAY") && !set("WAYLAND_DISPLAY")
}

/// Listens for these keys and no others.
pub(super) fn arrange(handle: &AppHandle, keys: Option<&str>) -> Result<(), ProblemDetail> {
    // The plugin starts a thread, so it is there only for those who want it.
    let known = handle.try_state::<GlobalShortcut<Wry>>();
    if let Some(listening) = &known {
        let _ = listening.unregister_all();
    }
    let Some(keys) = keys.filter(|_| are_possible()) else {
        return Ok(());
    };
    let refused = |error: &dyn std::fmt::Display| ProblemDetail::KeysRefused {
        keys: keys.to_owned(),
        detail: error.to_string(),
    };
    let shortcut = Shortcut::from_str(keys).map_err(|error| refused(&error))?;
    if known.is_none() {
        handle
            .plugin(tauri_plugin_global_shortcut::Builder::new().build())
            .map_err(|error| refused(&error))?;
    }
    handle
        .global_shortcut()
        .on_shortcut(shortcut, |handle, _, event| {
            if event.state == ShortcutState::Pressed {
                show(handle);
                choose(handle, Action::NewChat);
            }
        })
        .map_err(|error| refused(&error))
}
