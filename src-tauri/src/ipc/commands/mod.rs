//! What the window can ask for. Each command translates, calls the program, translates back.

mod chats;
mod downloads;
mod files;
mod messages;
mod models;
mod program;
mod storage;

pub(crate) use chats::*;
pub(crate) use downloads::*;
pub(crate) use files::*;
pub(crate) use messages::*;
pub(crate) use models::*;
pub(crate) use program::*;
pub(crate) use storage::*;

use super::wire::Problem;

type Answer<T> = Result<T, Problem>;

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    let done = tauri::async_runtime::spawn_blocking(work).await;
    done.map_err(|error| Problem::internal(&error))
}
