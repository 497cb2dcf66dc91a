//! Files held over the window and dropped on it.

use std::path::{Path, PathBuf};

use tauri::{AppHandle, DragDropEvent};
use tauri_specta::Event;

use crate::ipc::wire::AppEvent;
use crate::program::read_files;

/// Tells the page about files over it, and about models among those that are dropped; reads the
/// others.
pub(crate) fn dropped(handle: &AppHandle, event: &DragDropEvent) {
    match event {
        DragDropEvent::Enter { paths, .. } if !paths.is_empty() => tell_held(handle, true),
        DragDropEvent::Leave => tell_held(handle, false),
        DragDropEvent::Drop { paths, .. } => {
            tell_held(handle, false);
            take(handle.clone(), paths.clone());
        }
        _ => {}
    }
}

fn take(handle: AppHandle, paths: Vec<PathBuf>) {
    tauri::async_runtime::spawn_blocking(move || {
        let (models, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_model(path));
        // Emitting fails only while the window is going away.
        for model in models {
            let name = model.file_name().unwrap_or(model.as_os_str());
            let name = name.to_string_lossy().into_owned();
            // A path that is not text can't be remembered; the list of models says so.
            let path = model.to_string_lossy().into_owned();
            let _ = AppEvent::ModelDropped { path, name }.emit(&handle);
        }
        if !files.is_empty() {
            let files = read_files(&files);
            let _ = AppEvent::FilesDropped { files }.emit(&handle);
        }
    });
}

/// A model's file, or a folder as Hugging Face has them; anything else goes along with a question.
fn is_model(path: &Path) -> bool {
    let is_weights = path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("gguf") || extension.eq_ignore_ascii_case("safetensors")
    });
    is_weights || path.join("config.json").is_file()
}

fn tell_held(handle: &AppHandle, over: bool) {
    let _ = AppEvent::FilesHeld { over }.emit(handle);
}

#[cfg(test)]
mod tests {
    use super::is_model;

    #[test]
    fn a_model_is_never_attached_as_text_and_text_is_never_opened_as_a_model() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        std::fs::create_dir(path.join("Model")).expect("a folder");
        std::fs::write(path.join("Model/config.json"), "{}").expect("a file");
        std::fs::create_dir(path.join("notes")).expect("a folder");
        for model in ["a.gguf", "A.GGUF", "model.safetensors", "Model"] {
            assert!(is_model(&path.join(model)), "{model}");
        }
        for other in ["notes", "config.json", "gguf", "a.gguf.txt", "notes.md"] {
            assert!(!is_model(&path.join(other)), "{other}");
        }
    }
}
