//! The window: made once, shown when its page is drawn, and the program closed with it.

use tauri::plugin::{self, TauriPlugin};
use tauri::webview::PageLoadEvent;
use tauri::{Manager, RunEvent, Runtime, Url, WindowEvent};
use tauri_plugin_window_state::StateFlags;

use crate::program::Program;
use crate::{desktop, drops, ipc};

/// Why there is no window.
#[derive(Debug)]
pub(crate) enum WindowError {
    /// No screen to draw on.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only Linux runs without a screen")
    )]
    NoDisplay,
    /// The webview could not be started.
    Webview(tauri::Error),
}

impl std::fmt::Display for WindowError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoDisplay => f.write_str(
                "Tern can't open a window: there is no display. Start it from a desktop session, \
                 or use the terminal program instead: tern chat",
            ),
            Self::Webview(error) => write!(
                f,
                "Tern can't open its window: {error}. On Linux, check that WebKitGTK 4.1 is \
                 installed; on Windows, the WebView2 runtime."
            ),
        }
    }
}

/// Opens the window and runs until it is closed.
///
/// # Errors
/// [`WindowError`] when no window can be made.
pub(crate) fn run() -> Result<(), WindowError> {
    check_display()?;
    let ipc = ipc::builder();
    let handler = ipc.invoke_handler();
    let mut builder = tauri::Builder::default();
    // Somebody who names a data folder may well want a second Tern beside the first.
    if std::env::var_os("TERN_DATA_DIR").is_none() {
        builder = builder.plugin(tauri_plugin_single_instance::init(|handle, _, _| {
            desktop::show(handle);
        }));
    }
    let app = builder
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(remember_place())
        .plugin(stay_at_home())
        .invoke_handler(handler)
        .on_page_load(|webview, page| {
            // Shown only now, so that nobody sees an empty white window first.
            if page.event() == PageLoadEvent::Finished {
                let _ = webview.window().show();
            }
        })
        .on_menu_event(|handle, event| desktop::menu_chosen(handle, &event))
        .on_window_event(|window, event| match event {
            WindowEvent::DragDrop(event) => drops::dropped(window.app_handle(), event),
            // The icon in the tray keeps Tern running.
            WindowEvent::CloseRequested { api, .. } if desktop::outlives_window(window) => {
                api.prevent_close();
                let _ = window.hide();
            }
            _ => {}
        })
        .setup(move |app| {
            ipc.mount_events(app);
            let program = Program::new(app.handle().clone());
            program.open_ahead();
            app.manage(program);
            Ok(())
        })
        .build(tauri::generate_context!())
        .map_err(WindowError::Webview)?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            app.state::<Program>().close();
        }
    });
    Ok(())
}

/// Opens the window where and as large as it was. Kept beside the chats; whether it is shown is
/// decided by its page.
fn remember_place<R: Runtime>() -> TauriPlugin<R> {
    let mut builder = tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::all() & !StateFlags::VISIBLE);
    if let Ok(folder) = Program::data_dir() {
        builder = builder.with_filename(folder.join("window.json").display().to_string());
    }
    builder.build()
}

/// The window shows Tern's own pages and nothing else, whatever a message may contain.
fn stay_at_home<R: Runtime>() -> TauriPlugin<R> {
    plugin::Builder::new("stay-at-home")
        .on_navigation(|_, url| is_own_page(url))
        .build()
}

/// Tauri serves the app's pages as `tauri://localhost`, on Windows as `http://tauri.localhost`;
/// a development build has them from Vite.
fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" | "https" => {
            url.host_str() == Some("tauri.localhost")
                || (tauri::is_dev() && url.host_str() == Some("localhost"))
        }
        _ => url.as_str() == "about:blank",
    }
}

/// GTK would end the process with a panic; asked first, the answer is a sentence.
#[cfg(target_os = "linux")]
fn check_display() -> Result<(), WindowError> {
    gtk::init().map_err(|_| WindowError::NoDisplay)
}

#[cfg(not(target_os = "linux"))]
fn check_display() -> Result<(), WindowError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_else() {
        let own = |text: &str| is_own_page(&text.parse().expect("a URL"));
        assert!(own("tauri://localhost/index.html"));
        assert!(own("http://tauri.localhost/"));
        for other in [
            "https://example.org/",
            "http://tauri.localhost.example.org/",
            "file:///etc/passwd",
            "data:text/html,hi",
            "javascript:alert(1)",
        ] {
            assert!(!own(other), "{other}");
        }
    }
}
