//! The menu bar: always there on macOS, elsewhere when the settings ask for it.

use tauri::AppHandle;
use tauri::Wry;
use tauri::menu::{Menu, MenuBuilder, MenuEvent, MenuItem, MenuItemBuilder, SubmenuBuilder};

use super::choose;
use crate::ipc::wire::{Action, DesktopWords, ProblemDetail};

const QUIT: &str = "quit";

/// Items, with the keys the page knows them by.
const ITEMS: [(&str, Action, &str); 11] = [
    ("new-chat", Action::NewChat, "CmdOrCtrl+N"),
    (
        "new-temporary-chat",
        Action::NewTemporaryChat,
        "CmdOrCtrl+Shift+N",
    ),
    ("models", Action::Models, "CmdOrCtrl+Shift+M"),
    ("settings", Action::Settings, "CmdOrCtrl+,"),
    ("palette", Action::Palette, "CmdOrCtrl+K"),
    ("find", Action::Find, "CmdOrCtrl+F"),
    ("toggle-sidebar", Action::ToggleSidebar, "CmdOrCtrl+B"),
    ("larger-text", Action::LargerText, "CmdOrCtrl+="),
    ("smaller-text", Action::SmallerText, "CmdOrCtrl+-"),
    ("ordinary-text", Action::OrdinaryText, "CmdOrCtrl+0"),
    ("keys", Action::Keys, "CmdOrCtrl+/"),
];

/// Shows the menu bar, or takes it away.
pub(super) fn arrange(
    handle: &AppHandle,
    wanted: bool,
    words: &DesktopWords,
) -> Result<(), ProblemDetail> {
    let done = if wanted || cfg!(target_os = "macos") {
        build(handle, words).and_then(|menu| handle.set_menu(menu).map(drop))
    } else {
        handle.remove_menu().map(drop)
    };
    done.map_err(|error| ProblemDetail::NoMenuBar {
        detail: error.to_string(),
    })
}

fn build(handle: &AppHandle, words: &DesktopWords) -> tauri::Result<Menu<Wry>> {
    let item = |id, label| item(handle, id, label);
    let mut file = SubmenuBuilder::new(handle, &words.file)
        .item(&item("new-chat", &words.new_chat)?)
        .item(&item("new-temporary-chat", &words.new_temporary_chat)?)
        .separator()
        .item(&item("models", &words.models)?)
        .item(&item("settings", &words.settings)?)
        .separator();
    file = if cfg!(target_os = "macos") {
        file.close_window()
    } else {
        file.text(QUIT, &words.quit)
    };
    let view = SubmenuBuilder::new(handle, &words.view)
        .item(&item("palette", &words.palette)?)
        .item(&item("find", &words.find)?)
        .item(&item("toggle-sidebar", &words.toggle_sidebar)?)
        .separator()
        .item(&item("larger-text", &words.larger_text)?)
        .item(&item("smaller-text", &words.smaller_text)?)
        .item(&item("ordinary-text", &words.ordinary_text)?)
        .build()?;
    let help = SubmenuBuilder::new(handle, &words.help)
        .item(&item("keys", &words.keys)?)
        .build()?;
    let mut menu = MenuBuilder::new(handle);
    if cfg!(target_os = "macos") {
        let app = SubmenuBuilder::new(handle, "Tern")
            .about(None)
            .separator()
            .services()
            .separator()
            .hide()
            .hide_others()
            .show_all()
            .separator()
            .quit()
            .build()?;
        menu = menu.item(&app);
    }
    menu = menu.item(&file.build()?);
    // On Linux the webview has these keys itself, and a menu's would need a library of their own.
    if cfg!(not(target_os = "linux")) {
        let edit = SubmenuBuilder::new(handle, &words.edit)
            .undo()
            .redo()
            .separator()
            .cut()
            .copy()
            .paste()
            .select_all()
            .build()?;
        menu = menu.item(&edit);
    }
    menu.item(&view).item(&help).build()
}

fn item(handle: &AppHandle, id: &str, label: &str) -> tauri::Result<MenuItem<Wry>> {
    let keys = ITEMS.iter().find(|(known, ..)| *known == id);
    let mut item = MenuItemBuilder::with_id(id, label);
    if let Some((.., keys)) = keys {
        item = item.accelerator(keys);
    }
    item.build(handle)
}

/// An item of the menu bar was chosen.
pub(crate) fn chosen(handle: &AppHandle, event: &MenuEvent) {
    let id = event.id().as_ref();
    if id == QUIT {
        handle.exit(0);
    } else if let Some((_, action, _)) = ITEMS.iter().find(|(known, ..)| *known == id) {
        choose(handle, *action);
    }
}
