//! Every way to change the tree of a chat's messages.

use tern_app::{AppError, MessageState, MessageText, StopReason};

use crate::desk::{Desk, deltas};

fn texts(messages: &[MessageText]) -> Vec<&str> {
    messages.iter().map(|message| &*message.text).collect()
}

#[test]
fn an_edited_question_is_another_version_and_both_can_be_shown() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 8);
    let first = desk.send(None, "One");
    desk.finish(&first);
    let edited = desk
        .app
        .edit_question(&first.question.id, &"Two".into())
        .expect("another version");
    assert_eq!(edited.question.versions.position, 2);
    let (_, answer) = desk.finish(&edited);
    assert_eq!((answer.versions.position, answer.versions.count), (1, 1));

    let view = desk.app.chat(&first.row.id, None).expect("chat");
    assert_eq!(texts(&view.messages), ["Two", &answer.text]);
    let versions = &view.messages[0].versions;
    assert_eq!(versions.count, 2);
    let earlier = versions.previous.clone().expect("the first wording");
    let view = desk.app.show_version(&earlier).expect("shown");
    assert_eq!(view.messages[0].text, "One");
    assert_eq!(
        view.messages[0].versions.next,
        Some(edited.question.id.clone())
    );

    // A search result leads to its branch.
    let view = desk
        .app
        .chat(&first.row.id, Some(&answer.id))
        .expect("the other branch");
    assert_eq!(texts(&view.messages), ["Two", &answer.text]);
}

#[test]
fn a_continued_answer_goes_on_in_the_same_message() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 12);
    let sent = desk.send(None, "The assert statement");
    let (_, begun) = desk.finish(&sent);
    assert_eq!(
        begun.stats.as_ref().map(|stats| stats.stop_reason),
        Some(StopReason::MaxTokens)
    );
    let on = desk.app.continue_answer(&begun.id).expect("continued");
    assert_eq!((&on.answer.id, &on.answer.text), (&begun.id, &begun.text));
    assert_eq!(on.answer.state, MessageState::Writing);
    let (events, whole) = desk.finish(&on);
    let more: String = deltas(&events, &on)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert!(!more.is_empty());
    assert!(whole.text.starts_with(&format!("{}{more}", begun.text)));
    let stats = whole.stats.expect("figures");
    assert_eq!(stats.generated_tokens, 24);
    assert_eq!(
        stats.prompt_tokens,
        begun.stats.expect("figures").prompt_tokens,
        "the prompt is the one the answer was begun with"
    );

    // What was read for it is what was read at its beginning.
    let prompt = desk.app.model_prompt(&whole.id).expect("a prompt");
    assert!(prompt.exact, "{prompt:?}");
}

/// The Guide takes the likeliest token always, so going on in the middle leads to the same end.
#[test]
fn an_answer_stopped_and_continued_says_the_same() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::open(folder.path());
    let whole = desk.send(None, "What is Tern?");
    let (_, whole) = desk.finish(&whole);
    let words: Vec<&str> = whole.text.split_inclusive(' ').collect();
    assert!(words.len() > 8, "{}", whole.text);
    let half = words[..words.len() / 2].concat();
    desk.app
        .edit_answer(&whole.id, half.trim_end())
        .expect("cut short");
    let on = desk.app.continue_answer(&whole.id).expect("continued");
    let (_, again) = desk.finish(&on);
    assert_eq!(again.text, whole.text);
    assert!(again.edited);
}

#[test]
fn only_the_last_answer_goes_on() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 4);
    let first = desk.send(None, "One");
    desk.finish(&first);
    let second = desk.send(Some(&first.row.id), "Two");
    desk.finish(&second);
    let refused = desk.app.continue_answer(&first.answer.id);
    assert!(matches!(refused, Err(AppError::NotLast)), "{refused:?}");
    let refused = desk.app.continue_answer(&second.question.id);
    assert!(matches!(refused, Err(AppError::NotAnAnswer)), "{refused:?}");
}

#[test]
fn a_deleted_message_leaves_the_others_and_comes_back() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 4);
    let first = desk.send(None, "One");
    let (_, answer) = desk.finish(&first);
    let second = desk.send(Some(&first.row.id), "Two");
    let (_, last) = desk.finish(&second);
    let view = desk.app.delete_message(&answer.id).expect("deleted");
    assert_eq!(texts(&view.messages), ["One", "Two", &last.text]);
    let view = desk.app.restore_message(&answer.id).expect("restored");
    assert_eq!(
        texts(&view.messages),
        ["One", &answer.text, "Two", &last.text]
    );
}

#[test]
fn a_branch_becomes_a_chat_and_a_chat_is_copied() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 4);
    let first = desk.send(None, "One");
    let (_, answer) = desk.finish(&first);
    let second = desk.send(Some(&first.row.id), "Two");
    desk.finish(&second);
    let branch = desk.app.branch_off(&answer.id, "Branch").expect("made");
    assert_eq!(branch.row.title, "Branch");
    assert_eq!(texts(&branch.messages), ["One", &answer.text]);
    let copy = desk.app.duplicate(&first.row.id, "Copy").expect("made");
    let copied = desk.app.chat(&copy.id, None).expect("chat").messages;
    assert_eq!(copied.len(), 4);
    assert_eq!(desk.app.chats().expect("chats").len(), 3);
}

#[test]
fn nothing_changes_under_an_answer_that_is_written() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 0);
    let sent = desk.send(None, "One");
    let id = &sent.answer.id;
    let busy = |error: AppError| assert!(matches!(error, AppError::Busy), "{error}");
    busy(
        desk.app
            .delete_message(&sent.question.id)
            .expect_err("busy"),
    );
    busy(desk.app.show_version(&sent.question.id).expect_err("busy"));
    busy(desk.app.edit_answer(id, "mine").expect_err("busy"));
    busy(desk.app.branch_off(id, "Branch").expect_err("busy"));
    busy(desk.app.continue_answer(id).expect_err("busy"));
    let edited = desk.app.edit_question(&sent.question.id, &"Two".into());
    busy(edited.expect_err("busy"));
    desk.app.stop(&sent.row.id);
    desk.finish(&sent);
    desk.app.edit_answer(id, "mine").expect("free again");
}

#[test]
fn a_summary_is_asked_for_in_a_new_chat() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 4);
    let first = desk.send(None, "Where do terns spend the winter?");
    let (_, answer) = desk.finish(&first);
    let sent = desk
        .app
        .summarise(&first.row.id, "Terns, continued", "Summarise this.")
        .expect("asked");
    assert_eq!(sent.row.title, "Terns, continued");
    assert_ne!(sent.row.id, first.row.id);
    assert_eq!(sent.question.text, "Summarise this.");
    let file = &sent.question.attachments[0];
    assert_eq!(file.name, "Terns, continued.md");
    assert!(file.text.contains("Where do terns spend the winter?"));
    assert!(file.text.contains(answer.text.trim()));
    desk.finish(&sent);
}
