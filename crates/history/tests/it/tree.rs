//! Trying again, editing and deleting never lose what was there.

use tempfile::tempdir;
use tern_history::{Absent, ConversationId, History, HistoryError, MessageId, MessageState, Role};

use crate::{assert_sound, exchange, shown, sqlite};

#[test]
fn an_exchange_is_one_question_and_one_empty_answer() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", Some("guide")).unwrap();
    assert_eq!(history.branch(&chat.id).unwrap(), []);

    let (question, answer) = history
        .append_exchange(&chat.id, "Hi", Some("Guide"))
        .unwrap();

    assert_eq!(
        (question.role, question.state),
        (Role::User, MessageState::Complete)
    );
    assert_eq!(
        (question.parent.as_ref(), question.model.as_ref()),
        (None, None)
    );
    assert_eq!(
        (answer.role, answer.state),
        (Role::Assistant, MessageState::Writing)
    );
    assert_eq!(answer.parent.as_ref(), Some(&question.id));
    assert_eq!(answer.model.as_deref(), Some("Guide"));
    assert_eq!(
        history.conversation(&chat.id).unwrap().active_leaf.as_ref(),
        Some(&answer.id)
    );
    assert_eq!(history.branch(&chat.id).unwrap(), [question, answer]);
}

#[test]
fn trying_again_keeps_the_earlier_answer_and_what_followed_it() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let first = exchange(&history, &chat, "q1", "a1");
    exchange(&history, &chat, "q2", "a2");

    let second = history
        .append_answer_version(&first.id, Some("Other"))
        .unwrap();
    history
        .finish(&second.id, "a1 again", MessageState::Complete, None, None)
        .unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a1 again"]);
    exchange(&history, &chat, "q3", "a3");

    let versions = history.versions(&second.id).unwrap();
    assert_eq!(
        versions.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(),
        ["a1", "a1 again"]
    );
    history.show_version(&first.id).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a1", "q2", "a2"]);
    history.show_version(&second.id).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a1 again", "q3", "a3"]);
}

#[test]
fn editing_a_question_keeps_the_earlier_one_even_at_the_root() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let other = history.create_conversation("B", None).unwrap().id;
    exchange(&history, &other, "other", "other");
    let answer = exchange(&history, &chat, "q1", "a1");
    let question = answer.parent.unwrap();

    let (edited, empty) = history
        .append_question_version(&question, "q1!", None)
        .unwrap();

    assert_eq!(edited.parent, None);
    assert_eq!(shown(&history, &chat), ["q1!", ""]);
    // The root of the other chat has no parent either, and is no version of this one.
    let versions = history.versions(&question).unwrap();
    assert_eq!(
        versions.iter().map(|m| &m.id).collect::<Vec<_>>(),
        [&question, &edited.id]
    );
    history.show_version(&question).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a1"]);
    history.show_version(&empty.id).unwrap();
    assert_eq!(shown(&history, &chat), ["q1!", ""]);
}

#[test]
fn a_deleted_chat_comes_back_whole() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap();
    exchange(&history, &chat.id, "q", "a");
    let before = history.conversation(&chat.id).unwrap();
    let (_, running) = history.append_exchange(&chat.id, "q2", None).unwrap();

    history.delete(&chat.id).unwrap();

    assert_eq!(history.conversations().unwrap(), []);
    let gone = |error| {
        matches!(
            error,
            HistoryError::NotFound {
                what: Absent::Conversation,
                ..
            }
        )
    };
    assert!(gone(history.conversation(&chat.id).unwrap_err()));
    assert!(gone(history.branch(&chat.id).unwrap_err()));
    assert!(gone(history.delete(&chat.id).unwrap_err()));
    assert!(gone(history.rename(&chat.id, "B").unwrap_err()));
    assert!(gone(
        history.append_exchange(&chat.id, "q3", None).unwrap_err()
    ));
    assert!(gone(
        history
            .append_answer_version(&running.id, None)
            .unwrap_err()
    ));
    assert!(gone(history.show_version(&running.id).unwrap_err()));
    // The answer that was being written meanwhile may still end.
    history.set_text(&running.id, "a").unwrap();
    history
        .finish(&running.id, "a2", MessageState::Stopped, None, None)
        .unwrap();
    drop(history);

    let history = History::open(folder.path()).unwrap();
    history.restore(&chat.id).unwrap();
    assert_eq!(shown(&history, &chat.id), ["q", "a", "q2", "a2"]);
    let after = history.conversation(&chat.id).unwrap();
    assert_eq!(
        (after.title, after.created_at_ms),
        (before.title, before.created_at_ms)
    );
}

#[test]
fn a_late_flush_cannot_overwrite_a_finished_answer() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let answer = exchange(&history, &chat, "q", "whole");

    let late = history.set_text(&answer.id, "who").unwrap_err();

    assert!(matches!(late, HistoryError::NotWriting { .. }), "{late}");
    assert_eq!(history.message(&answer.id).unwrap(), answer);
    // A question is never an answer, whatever id it is called by.
    let question = answer.parent.unwrap();
    let error = history
        .finish(&question, "x", MessageState::Complete, None, None)
        .unwrap_err();
    assert!(
        matches!(
            error,
            HistoryError::NotFound {
                what: Absent::Answer,
                ..
            }
        ),
        "{error}"
    );
    assert!(matches!(
        history.set_text(&question, "x").unwrap_err(),
        HistoryError::NotWriting { .. }
    ));
    assert_eq!(shown(&history, &chat), ["q", "whole"]);
}

#[test]
fn a_chat_renamed_or_pinned_does_not_jump_to_the_top() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let [old, new] = ["old", "new"].map(|title| history.create_conversation(title, None).unwrap());
    let order = || -> Vec<ConversationId> {
        let list = history.conversations().unwrap();
        list.into_iter().map(|chat| chat.id).collect()
    };

    history.rename(&old.id, "older").unwrap();
    history.set_pinned(&old.id, true).unwrap();
    history.set_archived(&old.id, true).unwrap();
    history.set_model(&old.id, "m").unwrap();
    history
        .set_system_prompt(&old.id, Some("Be brief."))
        .unwrap();
    assert_eq!(order(), [new.id.clone(), old.id.clone()]);

    let chat = history.conversation(&old.id).unwrap();
    assert!(chat.pinned && chat.archived && chat.title_is_manual);
    assert_eq!(chat.model_id.as_deref(), Some("m"));
    assert_eq!(chat.system_prompt.as_deref(), Some("Be brief."));
    history.set_system_prompt(&old.id, None).unwrap();
    assert_eq!(history.conversation(&old.id).unwrap().system_prompt, None);

    // A new message does, and the end of an answer too, even within one millisecond.
    let (_, answer) = history.append_exchange(&old.id, "q", None).unwrap();
    assert_eq!(order(), [old.id.clone(), new.id.clone()]);
    history.append_exchange(&new.id, "q", None).unwrap();
    assert_eq!(order(), [new.id.clone(), old.id.clone()]);
    history
        .finish(&answer.id, "a", MessageState::Complete, None, None)
        .unwrap();
    assert_eq!(order(), [old.id, new.id]);
}

#[test]
fn an_automatic_title_never_replaces_the_persons() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("", None).unwrap();
    assert_eq!(chat.title, "New chat");

    assert!(history.set_title_if_auto(&chat.id, "Auto").unwrap());
    assert_eq!(history.conversation(&chat.id).unwrap().title, "Auto");
    history.rename(&chat.id, " Mine\n").unwrap();
    assert!(!history.set_title_if_auto(&chat.id, "Auto 2").unwrap());
    assert_eq!(history.conversation(&chat.id).unwrap().title, "Mine");
}

#[test]
fn ids_of_nothing_are_refused_by_every_call() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = ConversationId::new("no such chat");
    let message = MessageId::new("'; DROP TABLE messages; --");
    let refused = [
        history.conversation(&chat).err(),
        history.branch(&chat).err(),
        history.rename(&chat, "t").err(),
        history.set_title_if_auto(&chat, "t").err(),
        history.set_model(&chat, "m").err(),
        history.delete(&chat).err(),
        history.restore(&chat).err(),
        history.append_exchange(&chat, "q", None).err(),
        history.branch_with_versions(&chat).err(),
        history.set_options(&chat, None).err(),
        history.duplicate(&chat, "t").err(),
        history.set_draft(Some(&chat), None).err(),
        history.branch_off(&message, "t").err(),
        history.delete_message(&message).err(),
        history.restore_message(&message).err(),
        history.set_message_pinned(&message, true).err(),
        history.edit_answer(&message, "a").err(),
        history.resume_answer(&message).err(),
        history.message(&message).err(),
        history.versions(&message).err(),
        history.show_version(&message).err(),
        history.append_answer_version(&message, None).err(),
        history.append_question_version(&message, "q", None).err(),
        history.set_text(&message, "a").err(),
        history
            .finish(&message, "a", MessageState::Complete, None, None)
            .err(),
    ];
    for error in refused {
        assert!(
            matches!(error, Some(HistoryError::NotFound { .. })),
            "{error:?}"
        );
    }
    drop(history);
    assert_sound(folder.path());
}

#[test]
fn threads_writing_at_once_lose_nothing() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chats: Vec<ConversationId> = (0..4)
        .map(|n| {
            history
                .create_conversation(&n.to_string(), None)
                .unwrap()
                .id
        })
        .collect();
    std::thread::scope(|scope| {
        for chat in &chats {
            scope.spawn(|| {
                for n in 0..20 {
                    exchange(&history, chat, &format!("q{n}"), &format!("a{n}"));
                    history.conversations().unwrap();
                }
            });
        }
    });
    for chat in &chats {
        let expected: Vec<String> = (0..20)
            .flat_map(|n| [format!("q{n}"), format!("a{n}")])
            .collect();
        assert_eq!(shown(&history, chat), expected);
    }
}

#[test]
fn a_chat_made_after_a_restart_stands_above_those_of_the_same_moment() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let first = history.create_conversation("first", None).unwrap();
    drop(history);
    // As after many changes within one millisecond, which are given later ones each.
    sqlite(folder.path())
        .execute(
            "UPDATE conversations SET updated_at_ms = updated_at_ms + 5000",
            [],
        )
        .unwrap();
    let history = History::open(folder.path()).unwrap();
    let second = history.create_conversation("second", None).unwrap();
    let ids: Vec<_> = history
        .conversations()
        .unwrap()
        .into_iter()
        .map(|c| c.id)
        .collect();
    assert_eq!(ids, [second.id, first.id]);
}

#[test]
fn what_is_known_of_one_message_agrees_with_the_branch_it_is_on() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let first = exchange(&history, &chat, "q1", "a1");
    exchange(&history, &chat, "q2", "a2");
    let again = history.append_answer_version(&first.id, None).unwrap();
    history
        .finish(&again.id, "a1 again", MessageState::Complete, None, None)
        .unwrap();
    exchange(&history, &chat, "q3", "a3");

    for shown in history.branch_with_versions(&chat).unwrap() {
        let id = &shown.message.id;
        assert_eq!(history.place_among_versions(id).unwrap(), shown.versions);
        assert_eq!(history.conversation_of(id).unwrap(), chat);
    }
    let to_the_other = history.branch_to(&first.id).unwrap();
    let texts: Vec<&str> = to_the_other.iter().map(|m| &*m.text).collect();
    assert_eq!(texts, ["q1", "a1"]);

    history.delete_message(&again.id).unwrap();
    assert_eq!(
        history.place_among_versions(&first.id).unwrap().count,
        1 + 1
    );
    assert_eq!(history.conversation_of(&again.id).unwrap(), chat);
    assert!(history.place_among_versions(&again.id).is_err());
    assert!(history.branch_to(&again.id).is_err());
}
