//! Files held over the window and dropped on it.

use std::path::PathBuf;

use tauri::{AppHandle, DragDropEvent};
use tauri_specta::Event;

use crate::ipc::wire::AppEvent;
use crate::program::read_files;

/// Tells the page about files over it; reads those that are dropped.
pub(crate) fn dropped(handle: &AppHandle, event: &DragDropEvent) {
    match event {
        DragDropEvent::Enter { paths, .. } if !paths.is_empty() => tell_held(handle, true),
        DragDropEvent::Leave => tell_held(handle, false),
        DragDropEvent::Drop { paths, .. } => {
            tell_held(handle, false);
            read(handle.clone(), paths.clone());
        }
        _ => {}
    }
}

fn read(handle: AppHandle, paths: Vec<PathBuf>) {
    if paths.is_empty() {
        return;
    }
    tauri::async_runtime::spawn_blocking(move || {
        let files = read_files(&paths);
        // Fails only while the window is going away.
        let _ = AppEvent::FilesDropped { files }.emit(&handle);
    });
}

fn tell_held(handle: &AppHandle, over: bool) {
    let _ = AppEvent::FilesHeld { over }.emit(handle);
}
