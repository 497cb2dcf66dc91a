//! Holds the running program for the commands, opens it, and turns its events into typed ones.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tauri::AppHandle;
use tauri_specta::Event;
use tern_app::{App, AppError, FileReader};

use crate::ipc::wire;

/// How long the end of the window waits for commands under way.
const PATIENCE: Duration = Duration::from_secs(3);

/// The program behind the window. It may fail to open (an unwritable data folder, say); the
/// window then shows why, and asks again when the person has mended it.
pub(crate) struct Program {
    handle: AppHandle,
    app: Arc<Mutex<Option<Arc<App>>>>,
}

impl Program {
    pub(crate) fn new(handle: AppHandle) -> Self {
        Self {
            handle,
            app: Arc::default(),
        }
    }

    /// Opens the program while the webview loads its page. A failure is met again, and shown,
    /// when the page asks.
    pub(crate) fn open_ahead(&self) {
        let (handle, slot) = (self.handle.clone(), Arc::clone(&self.app));
        tauri::async_runtime::spawn_blocking(move || {
            if let Err(error) = open(&handle, &slot) {
                tracing::warn!(%error, "program not opened ahead");
            }
        });
    }

    /// Runs `work` with the open program, away from the window's thread.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, wire::Problem> {
        let (handle, slot) = (self.handle.clone(), Arc::clone(&self.app));
        let result = tauri::async_runtime::spawn_blocking(move || work(&*open(&handle, &slot)?));
        match result.await {
            Ok(result) => result.map_err(|error| wire::Problem::from(&error)),
            Err(error) => Err(wire::Problem::internal(&error)),
        }
    }

    /// The data folder, also when it can't be opened.
    pub(crate) fn data_dir() -> Result<PathBuf, AppError> {
        tern_app::data_dir()
    }

    /// Ends the program: stops what runs, keeps its text.
    pub(crate) fn close(&self) {
        let app = self
            .app
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut app) = app else { return };
        app.stop_exports();
        // Whoever still works with the program holds it open. Only an open program that is let
        // go here, and not with the process, ends in an orderly way.
        let until = Instant::now() + PATIENCE;
        while Arc::get_mut(&mut app).is_none() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn open(handle: &AppHandle, slot: &Mutex<Option<Arc<App>>>) -> Result<Arc<App>, AppError> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(app) = &*slot {
        return Ok(Arc::clone(app));
    }
    let handle = handle.clone();
    let emit = move |event| {
        // Fails only while the window is going away; nobody is left to tell.
        let _ = wire::AppEvent::from(event).emit(&handle);
    };
    let app = Arc::new(App::open(&Program::data_dir()?, Box::new(emit))?);
    *slot = Some(Arc::clone(&app));
    Ok(app)
}

/// Reads files that go along with a question. PDFs are read by this program, started once more.
pub(crate) fn read_files(paths: &[PathBuf]) -> Vec<wire::ReadFile> {
    // Where the program can't be named, PDFs say that they can't be read.
    let program = std::env::current_exe().unwrap_or_default();
    let reader = FileReader::new(&program);
    paths.iter().map(|path| reader.read(path).into()).collect()
}
