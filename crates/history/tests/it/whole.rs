//! What is read to be taken elsewhere: whole trees, and everything as of one moment.

use tempfile::tempdir;
use tern_history::{Attachment, History, HistoryError, MessageState, Question};

use crate::exchange;

#[test]
fn a_whole_tree_has_every_branch_and_nothing_deleted() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", Some("guide")).unwrap().id;
    let files = [Attachment {
        name: "notes.md".to_owned(),
        text: "\0\u{202e}words\n".to_owned(),
    }];
    let question = Question {
        text: "q",
        attachments: &files,
    };
    let (question, answer) = history.append_exchange(&chat, question, None).unwrap();
    history
        .finish(&answer.id, "a1", MessageState::Complete, None, None)
        .unwrap();
    let other = history.append_answer_version(&answer.id, None).unwrap();
    history
        .finish(&other.id, "a2", MessageState::Stopped, None, None)
        .unwrap();
    let below = exchange(&history, &chat, "gone", "stays");
    let gone = history.branch(&chat).unwrap()[2].id.clone();
    history.delete_message(&gone).unwrap();

    let whole = history.whole(&chat).unwrap();
    let told: Vec<_> = whole
        .messages
        .iter()
        .map(|m| (&*m.text, &m.parent))
        .collect();
    assert_eq!(
        told,
        [
            ("q", &None),
            ("a1", &Some(question.id.clone())),
            ("a2", &Some(question.id.clone())),
            ("stays", &Some(other.id.clone())),
        ]
    );
    assert_eq!(whole.messages[0].attachments, files);
    assert_eq!(whole.conversation.active_leaf, Some(below.id));
    let branch: Vec<_> = whole.branch().into_iter().cloned().collect();
    assert_eq!(branch, history.branch(&chat).unwrap());
    let is_shown = |m: &tern_history::Message| history.is_shown(&chat, &m.id).unwrap();
    let shown: Vec<_> = whole.messages.iter().map(is_shown).collect();
    assert_eq!(shown, [true, false, true, true]);
    assert!(!history.is_shown(&chat, &gone).unwrap());
}

#[test]
fn a_snapshot_holds_still_while_chats_go_on() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let first = history.create_conversation("first", None).unwrap().id;
    let archived = history.create_conversation("archived", None).unwrap().id;
    let deleted = history.create_conversation("deleted", None).unwrap().id;
    history.set_archived(&archived, true).unwrap();
    history.delete(&deleted).unwrap();
    exchange(&history, &first, "q", "a");

    let snapshot = history.snapshot().unwrap();
    exchange(&history, &first, "later", "later");
    history.delete(&archived).unwrap();
    history.create_conversation("later", None).unwrap();

    let ids = snapshot.conversations().unwrap();
    assert_eq!(ids, [first.clone(), archived.clone()]);
    assert_eq!(snapshot.whole(&first).unwrap().messages.len(), 2);
    assert!(snapshot.whole(&archived).unwrap().conversation.archived);
    assert!(matches!(
        snapshot.whole(&deleted),
        Err(HistoryError::NotFound { .. })
    ));
    assert_eq!(history.whole(&first).unwrap().messages.len(), 4);
}

#[test]
fn a_time_is_told_in_the_persons_zone() {
    let history = History::in_memory().unwrap();
    let noon_ms = 1_763_640_000_000;
    let told = history.local_time(noon_ms).unwrap();
    assert_eq!(told.len(), "2025-11-20 12:00".len(), "{told}");
    // Whatever the zone, it is that day or the next.
    assert!(told.starts_with("2025-11-2"), "{told}");
    assert_eq!(history.local_time(i64::MAX).unwrap(), "");
}

#[test]
fn what_is_in_memory_gives_one_chat_but_no_copy_of_all() {
    let history = History::in_memory().unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    exchange(&history, &chat, "q", "a");
    assert_eq!(history.whole(&chat).unwrap().messages.len(), 2);
    assert!(history.snapshot().is_err());
    assert!(history.back_up_now().is_err());
    assert_eq!(history.backups().unwrap(), []);
    assert_eq!(history.disk_bytes(), 0);
}
