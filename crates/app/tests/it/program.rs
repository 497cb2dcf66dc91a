//! A tiny model answers, chats are kept, nothing is lost.

use tern_app::{
    App, AppError, AppEvent, ErrorDetail, ErrorKind, MessageState, Phase, Sampling, Settings,
    StopReason,
};

use crate::desk::{Desk, deltas, golden};

#[test]
fn an_answer_streams_without_gaps_and_is_on_disk() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 40);
    let sent = desk.send(None, "The assert statement\nsecond line");
    assert_eq!(sent.row.title, "The assert statement");
    assert_eq!(sent.answer.state, MessageState::Writing);

    let (events, answer) = desk.finish(&sent);
    let pieces = deltas(&events, &sent);
    assert!(!pieces.is_empty(), "text came before the end");
    for (place, (seq, _)) in pieces.iter().enumerate() {
        assert_eq!(*seq as usize, place, "sequence numbers have no gap");
    }
    let streamed: String = pieces.into_iter().map(|(_, text)| text).collect();
    assert!(
        answer.text.starts_with(&streamed),
        "{streamed:?} begins {:?}",
        answer.text
    );
    let stats = answer.stats.as_ref().expect("figures");
    assert_eq!(stats.stop_reason, StopReason::MaxTokens);
    assert_eq!((stats.generated_tokens, stats.seed), (40, 7));
    let writing = events.iter().position(|event| {
        matches!(
            event,
            AppEvent::PhaseChanged {
                phase: Phase::Writing,
                ..
            }
        )
    });
    let first_text = events
        .iter()
        .position(|event| matches!(event, AppEvent::TextDelta { .. }));
    assert!(
        writing < first_text,
        "the waiting state ends before the first text"
    );

    drop(desk);
    let desk = Desk::open(folder.path());
    let chat = desk.app.chat(&sent.row.id, None).expect("still there");
    assert_eq!(chat.messages.len(), 2);
    assert_eq!(chat.messages[1].text, answer.text);
    assert_eq!(chat.messages[1].stats, answer.stats);
}

#[test]
fn stop_keeps_the_text_so_far_and_the_next_answer_comes() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 0);
    let sent = desk.send(None, "Go on for long");
    desk.until(|event| matches!(event, AppEvent::TextDelta { seq: 2, .. }));
    desk.app.stop(&sent.row.id);
    let (_, answer) = desk.finish(&sent);
    assert_eq!(answer.state, MessageState::Stopped);
    assert!(!answer.text.is_empty());
    assert_eq!(
        desk.app.chat(&sent.row.id, None).expect("chat").messages[1].text,
        answer.text
    );

    let again = desk.app.retry_answer(&answer.id).expect("another version");
    desk.until(|event| matches!(event, AppEvent::TextDelta { .. }));
    desk.app.stop(&again.row.id);
    desk.finish(&again);
    let messages = desk.app.chat(&sent.row.id, None).expect("chat").messages;
    assert_eq!(
        messages.len(),
        2,
        "the new version replaces the old one in the branch"
    );
    assert_eq!(messages[1].id, again.answer.id);
}

#[test]
fn the_memory_an_answer_takes_is_known_while_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::with_rambler(folder.path(), 100_000);
    assert_eq!(desk.app.status().kv_bytes, 0);
    let sent = desk.send(None, "Hello");
    desk.until(|event| matches!(event, AppEvent::TextDelta { .. }));
    assert!(desk.app.status().kv_bytes > 0);
    desk.app.stop(&sent.row.id);
    desk.finish(&sent);
    desk.app.unload_model();
    desk.until_a_model(|of| of.id != "guide" && of.presence == tern_app::ModelPresence::Idle);
    assert_eq!(desk.app.status().kv_bytes, 0);
}

#[test]
fn a_chat_opened_in_the_middle_continues_where_its_text_ends() {
    let folder = tempfile::tempdir().expect("folder");
    // As long as the context: a few hundred tokens can all be in the first piece.
    let desk = Desk::with_rambler(folder.path(), 0);
    let sent = desk.send(None, "Something long");
    desk.until(|event| matches!(event, AppEvent::TextDelta { seq: 1, .. }));
    let view = desk.app.chat(&sent.row.id, None).expect("chat");
    assert!(view.row.generating);
    let half = &view.messages[1];
    let (events, answer) = desk.finish(&sent);
    let rest: String = deltas(&events, &sent)
        .into_iter()
        .filter(|(seq, _)| *seq >= half.next_seq)
        .map(|(_, text)| text)
        .collect();
    let joined = format!("{}{rest}", half.text);
    assert!(
        answer.text.starts_with(&joined),
        "no piece twice, none missing"
    );
    assert!(
        !desk
            .app
            .chat(&sent.row.id, None)
            .expect("chat")
            .row
            .generating
    );
}

#[test]
fn a_second_chat_waits_its_turn_and_a_busy_chat_says_so() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 600);
    let first = desk.send(None, "First");
    let second = desk.send(None, "Second");
    let refused = desk
        .app
        .send_message(Some(&first.row.id), &"Third".into(), false, None)
        .expect_err("busy");
    assert_eq!(refused.kind(), ErrorKind::Busy);
    let (before, one) = desk.finish(&first);
    assert!(
        before.iter().any(|event| matches!(event,
            AppEvent::PhaseChanged { message, phase: Phase::Queued, .. } if *message == second.answer.id)),
        "the second answer says that it waits"
    );
    let (_, two) = desk.finish(&second);
    assert_eq!(
        (one.state, two.state),
        (MessageState::Complete, MessageState::Complete)
    );
    assert_eq!(desk.app.chats().expect("chats").len(), 2);
}

#[test]
fn stopping_a_waiting_answer_ends_it_before_it_begins() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 600);
    let first = desk.send(None, "First");
    let second = desk.send(None, "Second");
    desk.app.stop(&second.row.id);
    desk.finish(&first);
    let (_, answer) = desk.finish(&second);
    assert_eq!(
        (answer.state, answer.text.as_str()),
        (MessageState::Stopped, "")
    );
}

#[test]
fn a_model_file_that_went_away_fails_the_answer_in_words() {
    let folder = tempfile::tempdir().expect("folder");
    let models = tempfile::tempdir().expect("folder");
    let file = models.path().join("model.gguf");
    std::fs::copy(golden("tiny-bitnet/gguf/ggml-model-i2_s.gguf"), &file).expect("copied");
    let desk = Desk::open(folder.path());
    let model = desk.app.import_model(&file, false).expect("a model");
    let sent = {
        desk.app.select_model(&model.id, None).expect("selected");
        desk.until(|event| {
            matches!(event, AppEvent::ModelsChanged(list)
                if list.iter().any(|m| m.id == model.id && m.presence == tern_app::ModelPresence::Ready))
        });
        desk.app
            .select_model("guide", None)
            .expect("another in memory");
        std::fs::write(&file, b"GGUF").expect("cut short");
        desk.app
            .select_model(&model.id, None)
            .expect("still a GGUF by its first bytes");
        desk.send(None, "Hello")
    };
    let (_, answer) = desk.finish(&sent);
    assert_eq!(answer.state, MessageState::Failed);
    let failure = answer.error.expect("a failure");
    assert!(failure.sentence.contains("model.gguf"), "{failure:?}");
    assert!(
        matches!(&failure.detail, ErrorDetail::ModelCutShort { file, .. } if file.contains("model.gguf")),
        "{failure:?}"
    );
    // It is the same after a start, when it comes from disk.
    let again = desk.app.chat(&sent.row.id, None).expect("the chat");
    assert_eq!(
        again.messages.last().and_then(|last| last.error.clone()),
        Some(failure)
    );

    std::fs::remove_file(&file).expect("removed");
    let error = desk.app.select_model(&model.id, None).expect_err("gone");
    assert!(matches!(error, AppError::ModelMissing { .. }), "{error}");
    // The program goes on: the Guide answers.
    desk.app.select_model("guide", None).expect("the Guide");
    let sent = desk.send(None, "What is Tern?");
    let (_, answer) = desk.finish(&sent);
    assert_eq!(answer.state, MessageState::Complete, "{:?}", answer.error);
}

#[test]
fn leaving_in_the_middle_keeps_the_text() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 0);
    let sent = desk.send(None, "Something long");
    desk.until(|event| matches!(event, AppEvent::TextDelta { seq: 3, .. }));
    drop(desk);
    let desk = Desk::open(folder.path());
    let message = desk
        .app
        .chat(&sent.row.id, None)
        .expect("chat")
        .messages
        .remove(1);
    assert_eq!(message.state, MessageState::Stopped);
    assert!(!message.text.is_empty());
}

#[test]
fn deleted_chats_come_back_and_deleting_stops_the_answer() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 0);
    let sent = desk.send(None, "Something long");
    desk.until(|event| matches!(event, AppEvent::TextDelta { .. }));
    desk.app
        .delete(std::slice::from_ref(&sent.row.id))
        .expect("deleted");
    let (_, answer) = desk.finish(&sent);
    assert_eq!(answer.state, MessageState::Stopped);
    assert!(desk.app.chats().expect("chats").is_empty());
    desk.app
        .restore(std::slice::from_ref(&sent.row.id))
        .expect("restored");
    assert_eq!(
        desk.app.chat(&sent.row.id, None).expect("chat").messages[1].text,
        answer.text
    );
}

#[test]
fn a_message_longer_than_the_context_is_refused_in_words_and_old_turns_make_room() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 4);
    let sent = desk.send(None, &"word ".repeat(6000));
    let (_, answer) = desk.finish(&sent);
    assert_eq!(answer.state, MessageState::Failed);
    assert!(
        answer
            .error
            .as_ref()
            .is_some_and(|failure| failure.sentence.contains("tokens long")),
        "{answer:?}"
    );

    // The long question stays in the chat; the next one is answered without it.
    let sent = desk.send(Some(&sent.row.id), "Short");
    let (_, answer) = desk.finish(&sent);
    assert_eq!(answer.state, MessageState::Complete, "{:?}", answer.error);
    assert!(answer.stats.expect("figures").prompt_tokens < 100);
}

#[test]
fn empty_messages_and_answers_of_questions_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 4);
    assert!(matches!(
        desk.app.send_message(None, &" \n\t".into(), false, None),
        Err(AppError::EmptyMessage)
    ));
    let sent = desk.send(None, "Hi");
    desk.finish(&sent);
    let error = desk
        .app
        .retry_answer(&sent.question.id)
        .expect_err("a question");
    assert!(matches!(error, AppError::NotAnAnswer), "{error}");
    assert!(
        desk.app.chats().expect("chats").len() == 1,
        "no chat of a refused message"
    );
}

#[test]
fn a_second_program_on_the_same_folder_is_told_so() {
    let folder = tempfile::tempdir().expect("folder");
    let _desk = Desk::open(folder.path());
    let Err(error) = App::open(folder.path(), Box::new(|_| ())) else {
        panic!("two at once")
    };
    assert_eq!(error.kind(), ErrorKind::DataFolder);
    assert!(error.to_string().contains("already open"), "{error}");
}

#[test]
fn the_guide_is_never_sampled_from() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::open(folder.path());
    let hot = Settings {
        sampling: Sampling {
            temperature: 2.0,
            top_p: 1.0,
            ..desk.app.settings().sampling
        },
        ..desk.app.settings()
    };
    desk.app.set_settings(hot).expect("stored");
    let ask = || {
        let sent = desk.send(None, "What is Tern?");
        desk.finish(&sent).1.text
    };
    let answer = ask();
    assert!(answer.contains("private chat"), "{answer}");
    assert_eq!(answer, ask());
}

#[test]
fn the_same_seed_writes_the_same_answer() {
    let text = |threads| {
        let folder = tempfile::tempdir().expect("folder");
        let desk = Desk::with_rambler(folder.path(), 30);
        desk.app
            .set_settings(Settings {
                threads,
                ..desk.app.settings()
            })
            .expect("stored");
        let sent = desk.send(None, "The import system");
        desk.finish(&sent).1.text
    };
    let once = text(1);
    assert!(!once.is_empty());
    assert_eq!(once, text(1));
    assert_eq!(once, text(3), "at any thread count");
}
