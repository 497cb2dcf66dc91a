//! Messages: asking, answering, and the branches between them.

use tauri::State;
use tern_app::{ConversationId, MessageId};

use super::Answer;
use crate::ipc::wire::{
    ChatOptions, ContextUse, ConversationView, MessageView, ModelPrompt, Question, Sent,
};
use crate::program::Program;

/// Sends a question; without a chat, into a new one, which may be temporary and have options of
/// its own.
#[tauri::command]
#[specta::specta]
pub(crate) async fn send_message(
    program: State<'_, Program>,
    conversation: Option<String>,
    question: Question,
    temporary: bool,
    options: Option<ChatOptions>,
) -> Answer<Sent> {
    let id = conversation.map(ConversationId::new);
    let options = options.map(TryInto::try_into).transpose()?;
    program
        .with(move |app| {
            Ok(app
                .send_message(id.as_ref(), &question.into(), temporary, options.as_ref())?
                .into())
        })
        .await
}

/// Asks a question in another wording, as another version of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn edit_question(
    program: State<'_, Program>,
    message: String,
    question: Question,
) -> Answer<Sent> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.edit_question(&id, &question.into())?.into()))
        .await
}

/// Writes another version of an answer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn retry_answer(program: State<'_, Program>, message: String) -> Answer<Sent> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.retry_answer(&id)?.into()))
        .await
}

/// Goes on with an answer that ended early.
#[tauri::command]
#[specta::specta]
pub(crate) async fn continue_answer(program: State<'_, Program>, message: String) -> Answer<Sent> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.continue_answer(&id)?.into()))
        .await
}

/// Ends a chat's answer; its text is kept.
#[tauri::command]
#[specta::specta]
pub(crate) async fn stop_generation(
    program: State<'_, Program>,
    conversation: String,
) -> Answer<()> {
    let id = ConversationId::new(conversation);
    program
        .with(move |app| {
            app.stop(&id);
            Ok(())
        })
        .await
}

/// Replaces the text of an answer in place.
#[tauri::command]
#[specta::specta]
pub(crate) async fn edit_answer(
    program: State<'_, Program>,
    message: String,
    text: String,
) -> Answer<MessageView> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.edit_answer(&id, &text)?.into()))
        .await
}

/// Takes one message out of a chat; what followed it stays.
#[tauri::command]
#[specta::specta]
pub(crate) async fn delete_message(
    program: State<'_, Program>,
    message: String,
) -> Answer<ConversationView> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.delete_message(&id)?.into()))
        .await
}

/// Brings a deleted message back.
#[tauri::command]
#[specta::specta]
pub(crate) async fn restore_message(
    program: State<'_, Program>,
    message: String,
) -> Answer<ConversationView> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.restore_message(&id)?.into()))
        .await
}

/// Leads the branch that is shown through a version of a message.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_version(
    program: State<'_, Program>,
    message: String,
) -> Answer<ConversationView> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.show_version(&id)?.into()))
        .await
}

/// Keeps a message in what the model reads, or no longer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pin_message(
    program: State<'_, Program>,
    message: String,
    pinned: bool,
) -> Answer<()> {
    let id = MessageId::new(message);
    program
        .with(move |app| app.set_message_pinned(&id, pinned))
        .await
}

/// Makes a new chat of the branch up to a message.
#[tauri::command]
#[specta::specta]
pub(crate) async fn branch_off(
    program: State<'_, Program>,
    message: String,
    title: String,
) -> Answer<ConversationView> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.branch_off(&id, &title)?.into()))
        .await
}

/// Starts a new chat with a summary of this one: `request` asks for it, the text goes along as a file.
#[tauri::command]
#[specta::specta]
pub(crate) async fn summarise_conversation(
    program: State<'_, Program>,
    conversation: String,
    title: String,
    request: String,
) -> Answer<Sent> {
    let id = ConversationId::new(conversation);
    program
        .with(move |app| Ok(app.summarise(&id, &title, &request)?.into()))
        .await
}

/// Counts what the next question takes of the model's context; `options` are those of a new chat.
#[tauri::command]
#[specta::specta]
pub(crate) async fn context_use(
    program: State<'_, Program>,
    conversation: Option<String>,
    question: Question,
    options: Option<ChatOptions>,
) -> Answer<ContextUse> {
    let id = conversation.map(ConversationId::new);
    let options = options.map(TryInto::try_into).transpose()?;
    program
        .with(move |app| {
            Ok(app
                .context_use(id.as_ref(), &question.into(), options)?
                .into())
        })
        .await
}

/// The exact text the model read before it wrote an answer.
#[tauri::command]
#[specta::specta]
pub(crate) async fn model_prompt(
    program: State<'_, Program>,
    message: String,
) -> Answer<ModelPrompt> {
    let id = MessageId::new(message);
    program
        .with(move |app| Ok(app.model_prompt(&id)?.into()))
        .await
}
