//! The window: made once, shown when its page is drawn, and the program closed with it.

use tauri::{Manager, RunEvent, webview::PageLoadEvent};

use crate::ipc;
use crate::program::Program;

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
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .invoke_handler(handler)
        .on_page_load(|webview, page| {
            // Shown only now, so that nobody sees an empty white window first.
            if page.event() == PageLoadEvent::Finished {
                let _ = webview.window().show();
            }
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

/// GTK would end the process with a panic; asked first, the answer is a sentence.
#[cfg(target_os = "linux")]
fn check_display() -> Result<(), WindowError> {
    gtk::init().map_err(|_| WindowError::NoDisplay)
}

#[cfg(not(target_os = "linux"))]
fn check_display() -> Result<(), WindowError> {
    Ok(())
}
