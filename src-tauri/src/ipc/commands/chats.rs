//! Chats: the list, its order, and what is found in it.

use tauri::State;
use tern_app::{ConversationId, MessageId};

use super::Answer;
use crate::ipc::wire::{ChatOptions, ConversationSummary, ConversationView, Draft, SearchHit};
use crate::program::Program;

/// A chat with its messages; with a message of it, on a branch that leads through that one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_conversation(
    program: State<'_, Program>,
    conversation: String,
    message: Option<String>,
) -> Answer<ConversationView> {
    let id = ConversationId::new(conversation);
    let through = message.map(MessageId::new);
    program
        .with(move |app| Ok(app.chat(&id, through.as_ref())?.into()))
        .await
}

/// Gives a chat a title.
#[tauri::command]
#[specta::specta]
pub(crate) async fn rename_conversation(
    program: State<'_, Program>,
    conversation: String,
    title: String,
) -> Answer<ConversationSummary> {
    let id = ConversationId::new(conversation);
    program
        .with(move |app| Ok(app.rename(&id, &title)?.into()))
        .await
}

/// Keeps a chat at the top of the list, or no longer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pin_conversation(
    program: State<'_, Program>,
    conversation: String,
    pinned: bool,
) -> Answer<ConversationSummary> {
    let id = ConversationId::new(conversation);
    program
        .with(move |app| Ok(app.set_pinned(&id, pinned)?.into()))
        .await
}

/// Takes a chat out of the list without deleting it, or brings it back.
#[tauri::command]
#[specta::specta]
pub(crate) async fn archive_conversation(
    program: State<'_, Program>,
    conversation: String,
    archived: bool,
) -> Answer<ConversationSummary> {
    let id = ConversationId::new(conversation);
    program
        .with(move |app| Ok(app.set_archived(&id, archived)?.into()))
        .await
}

/// Copies a chat with all its branches.
#[tauri::command]
#[specta::specta]
pub(crate) async fn duplicate_conversation(
    program: State<'_, Program>,
    conversation: String,
    title: String,
) -> Answer<ConversationSummary> {
    let id = ConversationId::new(conversation);
    program
        .with(move |app| Ok(app.duplicate(&id, &title)?.into()))
        .await
}

/// Takes chats off the list; they can be brought back for a day.
#[tauri::command]
#[specta::specta]
pub(crate) async fn delete_conversations(
    program: State<'_, Program>,
    conversations: Vec<String>,
) -> Answer<()> {
    let ids = ids(conversations);
    program.with(move |app| app.delete(&ids)).await
}

/// Brings deleted chats back. Those that are gone for good are not among the answer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn restore_conversations(
    program: State<'_, Program>,
    conversations: Vec<String>,
) -> Answer<Vec<ConversationSummary>> {
    let ids = ids(conversations);
    program
        .with(move |app| Ok(app.restore(&ids)?.into_iter().map(Into::into).collect()))
        .await
}

/// Sets what a chat does otherwise than Settings say.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_chat_options(
    program: State<'_, Program>,
    conversation: String,
    options: ChatOptions,
) -> Answer<()> {
    let id = ConversationId::new(conversation);
    let options = options.try_into()?;
    program
        .with(move |app| app.set_chat_options(&id, &options))
        .await
}

/// Keeps what stands in a chat's message box, a new chat's without one; none clears it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_draft(
    program: State<'_, Program>,
    conversation: Option<String>,
    draft: Option<Draft>,
) -> Answer<()> {
    let id = conversation.map(ConversationId::new);
    program
        .with(move |app| app.save_draft(id.as_ref(), draft.map(Into::into)))
        .await
}

/// Searches the text of every message on every branch, newest first.
#[tauri::command]
#[specta::specta]
pub(crate) async fn search(program: State<'_, Program>, query: String) -> Answer<Vec<SearchHit>> {
    program
        .with(move |app| Ok(app.search(&query)?.into_iter().map(Into::into).collect()))
        .await
}

fn ids(conversations: Vec<String>) -> Vec<ConversationId> {
    conversations.into_iter().map(ConversationId::new).collect()
}
