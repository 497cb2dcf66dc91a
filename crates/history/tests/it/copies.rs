//! Copies are whole and their own; answers are changed and gone on with where that makes sense.

use tempfile::tempdir;
use tern_history::{Attachment, History, HistoryError, MessageState, MessageStats, Question};

use crate::{assert_sound, exchange, shown};

#[test]
fn a_copy_has_every_version_and_shares_nothing() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", Some("guide")).unwrap().id;
    history.set_system_prompt(&chat, Some("Be brief.")).unwrap();
    history.set_options(&chat, Some("{\"seed\":7}")).unwrap();
    history.set_pinned(&chat, true).unwrap();
    let first = exchange(&history, &chat, "q1", "a1");
    let last = exchange(&history, &chat, "q2", "a2");
    let second = history.append_answer_version(&first.id, None).unwrap();
    history.set_text(&second.id, "half").unwrap();
    let stats = MessageStats {
        first_seen: Some(first.id.to_string()),
        ..MessageStats::default()
    };
    history
        .finish(&last.id, "a2", MessageState::Complete, Some(&stats), None)
        .unwrap();

    let copy = history.duplicate(&chat, " Copy\n").unwrap();

    assert_eq!(history.conversation(&copy.id).unwrap(), copy);
    assert_eq!((copy.title.as_str(), copy.pinned), ("Copy", false));
    assert_eq!(copy.model_id.as_deref(), Some("guide"));
    assert_eq!(copy.system_prompt.as_deref(), Some("Be brief."));
    assert_eq!(copy.options.as_deref(), Some("{\"seed\":7}"));
    assert!(copy.created_at_ms > last.created_at_ms);
    assert_eq!(
        history.conversations().unwrap()[0].id,
        copy.id,
        "it is the newest"
    );
    let branch = history.branch_with_versions(&copy.id).unwrap();
    assert_eq!(shown(&history, &copy.id), ["q1", "half"]);
    assert_eq!(branch[1].message.state, MessageState::Interrupted);
    assert_eq!(branch[1].message.created_at_ms, second.created_at_ms);
    assert_eq!(
        (branch[1].versions.position, branch[1].versions.count),
        (2, 2)
    );
    let first_copy = branch[1].versions.previous.clone().unwrap();
    history.show_version(&first_copy).unwrap();
    assert_eq!(shown(&history, &copy.id), ["q1", "a1", "q2", "a2"]);
    let stats = history
        .branch(&copy.id)
        .unwrap()
        .pop()
        .unwrap()
        .stats
        .unwrap();
    assert_eq!(
        stats.first_seen.as_deref(),
        Some(first_copy.as_str()),
        "an id of the copy"
    );

    // The original goes on as it was, also without its copy.
    assert_eq!(
        history.message(&second.id).unwrap().state,
        MessageState::Writing
    );
    history.delete(&copy.id).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "half"]);
    drop(history);
    assert_sound(folder.path());
}

#[test]
fn a_branch_taken_off_ends_where_it_was_taken() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let first = exchange(&history, &chat, "q1", "a1");
    exchange(&history, &chat, "q2", "a2");
    history.append_answer_version(&first.id, None).unwrap();
    history
        .delete_message(first.parent.as_ref().unwrap())
        .unwrap();

    let branch = history.branch_off(&first.id, "B").unwrap();
    assert_eq!(shown(&history, &branch.id), ["a1"]);
    exchange(&history, &branch.id, "other q2", "other a2");
    assert_eq!(shown(&history, &branch.id), ["a1", "other q2", "other a2"]);
    history.show_version(&first.id).unwrap();
    assert_eq!(shown(&history, &chat), ["a1", "q2", "a2"]);
    drop(history);
    assert_sound(folder.path());
}

#[test]
fn an_empty_chat_can_be_copied() {
    let history = History::in_memory().unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let copy = history.duplicate(&chat, "B").unwrap();
    assert_eq!(history.branch(&copy.id).unwrap(), []);
}

#[test]
fn attachments_come_back_as_they_were_given() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let attachments = ["notes.md", "", "\"\0\u{202e}.txt"].map(|name| Attachment {
        name: name.to_owned(),
        text: format!("{name}\r\n").repeat(1000),
    });
    let asked = Question {
        text: "What do they say?",
        attachments: &attachments,
    };
    let (question, answer) = history.append_exchange(&chat, asked, None).unwrap();
    assert_eq!(
        (&question.attachments[..], &answer.attachments[..]),
        (&attachments[..], &[][..])
    );
    let (again, _) = history
        .append_question_version(
            &question.id,
            Question {
                attachments: &attachments[..1],
                ..asked
            },
            None,
        )
        .unwrap();
    drop(history);
    let history = History::open(folder.path()).unwrap();
    assert_eq!(history.message(&question.id).unwrap(), question);
    assert_eq!(
        history.message(&again.id).unwrap().attachments,
        attachments[..1]
    );
}

#[test]
fn the_last_answer_can_be_gone_on_with_and_survives_a_crash() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let first = exchange(&history, &chat, "q1", "a1");
    let (question, last) = history.append_exchange(&chat, "q2", None).unwrap();
    history
        .finish(
            &last.id,
            "half",
            MessageState::Failed,
            Some(&MessageStats::default()),
            Some("Why."),
        )
        .unwrap();

    let refused = history.resume_answer(&first.id).unwrap_err();
    assert!(matches!(refused, HistoryError::NotLast { .. }), "{refused}");
    let refused = history.resume_answer(&question.id).unwrap_err();
    assert!(
        matches!(refused, HistoryError::NotFound { .. }),
        "{refused}"
    );
    let resumed = history.resume_answer(&last.id).unwrap();
    assert_eq!(
        (resumed.state, resumed.text.as_str()),
        (MessageState::Writing, "half")
    );
    assert_eq!(
        (resumed.stats.as_ref(), resumed.error.as_ref()),
        (None, None)
    );
    history.set_text(&last.id, "half and").unwrap();
    drop(history);

    let history = History::open(folder.path()).unwrap();
    let message = history.message(&last.id).unwrap();
    assert_eq!(
        (message.state, message.text.as_str()),
        (MessageState::Interrupted, "half and")
    );
    history.resume_answer(&last.id).unwrap();
    history
        .finish(
            &last.id,
            "half and half",
            MessageState::Complete,
            None,
            None,
        )
        .unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a1", "q2", "half and half"]);
}

#[test]
fn an_answer_the_person_changed_says_so() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let answer = exchange(&history, &chat, "q", "a");
    assert!(!answer.edited);
    history.edit_answer(&answer.id, "better").unwrap();
    history.set_message_pinned(&answer.id, true).unwrap();
    let edited = history.message(&answer.id).unwrap();
    assert!(edited.edited && edited.pinned);
    assert_eq!(
        (edited.text.as_str(), edited.state),
        ("better", answer.state)
    );
    assert!(
        history
            .edit_answer(answer.parent.as_ref().unwrap(), "x")
            .is_err()
    );
    history.delete(&chat).unwrap();
    assert!(history.edit_answer(&answer.id, "x").is_err());
    assert!(history.set_message_pinned(&answer.id, false).is_err());
}
