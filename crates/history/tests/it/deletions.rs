//! A message deleted alone leaves the rest in place, and comes back to where it was.

use tempfile::tempdir;
use tern_history::{Absent, ConversationId, History, HistoryError, Message, MessageState};

use crate::{assert_sound, exchange, shown};

/// A chat of three exchanges; its six messages.
fn three_exchanges(history: &History) -> (ConversationId, Vec<Message>) {
    let chat = history.create_conversation("A", None).unwrap().id;
    for n in 1..=3 {
        exchange(history, &chat, &format!("q{n}"), &format!("a{n}"));
    }
    let branch = history.branch(&chat).unwrap();
    (chat, branch)
}

#[test]
fn what_followed_a_deleted_message_follows_the_one_before_it() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let (chat, messages) = three_exchanges(&history);

    history.delete_message(&messages[2].id).unwrap();
    history.delete_message(&messages[1].id).unwrap();

    assert_eq!(shown(&history, &chat), ["q1", "a2", "q3", "a3"]);
    let branch = history.branch(&chat).unwrap();
    assert_eq!(branch[1].parent.as_ref(), Some(&messages[0].id));
    assert_eq!(history.message(&branch[1].id).unwrap(), branch[1]);
    assert!(matches!(
        history.message(&messages[1].id).unwrap_err(),
        HistoryError::NotFound {
            what: Absent::Message,
            ..
        }
    ));
    drop(history);
    let history = History::open(folder.path()).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a2", "q3", "a3"]);

    history.restore_message(&messages[1].id).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a1", "a2", "q3", "a3"]);
    history.restore_message(&messages[2].id).unwrap();
    history.restore_message(&messages[2].id).unwrap();
    assert_eq!(history.branch(&chat).unwrap(), messages);
    drop(history);
    assert_sound(folder.path());
}

#[test]
fn the_first_message_can_go_too() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let (chat, messages) = three_exchanges(&history);
    history.delete_message(&messages[0].id).unwrap();
    let branch = history.branch(&chat).unwrap();
    assert_eq!((branch.len(), branch[0].parent.as_ref()), (5, None));
    for message in &messages[1..] {
        history.delete_message(&message.id).unwrap();
    }
    assert_eq!(history.branch(&chat).unwrap(), []);
    assert_eq!(history.conversation(&chat).unwrap().active_leaf, None);
    exchange(&history, &chat, "new", "new");
    assert_eq!(shown(&history, &chat), ["new", "new"]);
    for message in &messages {
        history.restore_message(&message.id).unwrap();
    }
    history.show_version(&messages[0].id).unwrap();
    assert_eq!(history.branch(&chat).unwrap(), messages);
}

#[test]
fn a_branch_whose_end_is_deleted_ends_before_it_and_goes_on_from_there() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let (chat, messages) = three_exchanges(&history);
    history.delete_message(&messages[5].id).unwrap();
    history.delete_message(&messages[4].id).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a1", "q2", "a2"]);
    let leaf = history.conversation(&chat).unwrap().active_leaf;
    assert_eq!(leaf.as_ref(), Some(&messages[3].id));

    // Undone at once, in either order, it is as it was.
    history.restore_message(&messages[5].id).unwrap();
    history.restore_message(&messages[4].id).unwrap();
    assert_eq!(history.branch(&chat).unwrap(), messages);

    history.delete_message(&messages[5].id).unwrap();
    history.delete_message(&messages[4].id).unwrap();
    let answer = exchange(&history, &chat, "q3 again", "a3 again");
    let question = answer.parent.unwrap();
    assert_eq!(
        history.message(&question).unwrap().parent.as_ref(),
        Some(&messages[3].id)
    );
    // What comes back is another version and does not push aside what is shown.
    history.restore_message(&messages[4].id).unwrap();
    assert_eq!(
        shown(&history, &chat),
        ["q1", "a1", "q2", "a2", "q3 again", "a3 again"]
    );
    let versions = history.versions(&question).unwrap();
    assert_eq!(
        versions.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(),
        ["q3", "q3 again"]
    );
}

#[test]
fn versions_are_what_is_shown_after_the_same_message() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let (chat, messages) = three_exchanges(&history);
    let second = history
        .append_answer_version(&messages[1].id, None)
        .unwrap();
    history
        .finish(&second.id, "a1 again", MessageState::Complete, None, None)
        .unwrap();

    // q2 followed the first answer; without that one it stands beside the second.
    history.delete_message(&messages[1].id).unwrap();
    let ids = |versions: Vec<Message>| versions.into_iter().map(|m| m.id).collect::<Vec<_>>();
    let expected = [messages[2].id.clone(), second.id.clone()];
    assert_eq!(ids(history.versions(&second.id).unwrap()), expected);
    let shown_now = history.branch_with_versions(&chat).unwrap();
    let versions = &shown_now[1].versions;
    assert_eq!((versions.position, versions.count), (2, 2));
    assert_eq!(
        (versions.previous.as_ref(), versions.next.as_ref()),
        (Some(&messages[2].id), None)
    );
    history.show_version(&messages[2].id).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "q2", "a2", "q3", "a3"]);
    assert!(history.show_version(&messages[1].id).is_err());
    assert!(
        history
            .append_answer_version(&messages[1].id, None)
            .is_err()
    );

    // A version made meanwhile comes back together with what it belongs to.
    let (again, _) = history
        .append_question_version(&messages[2].id, "q2 again", None)
        .unwrap();
    assert_eq!(again.parent.as_ref(), Some(&messages[0].id));
    history.restore_message(&messages[1].id).unwrap();
    assert_eq!(shown(&history, &chat), ["q1", "a1", "q2 again", ""]);
}

#[test]
fn an_answer_being_written_can_be_neither_deleted_nor_edited() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let (question, answer) = history.append_exchange(&chat, "q", None).unwrap();
    for refused in [
        history.delete_message(&answer.id).unwrap_err(),
        history.edit_answer(&answer.id, "x").unwrap_err(),
        history.resume_answer(&answer.id).unwrap_err(),
    ] {
        assert!(
            matches!(refused, HistoryError::StillWriting { .. }),
            "{refused}"
        );
    }
    // The question it answers may go, the answer goes on.
    history.delete_message(&question.id).unwrap();
    history.set_text(&answer.id, "a").unwrap();
    assert_eq!(shown(&history, &chat), ["a"]);
}

#[test]
fn many_chats_go_and_come_back_in_one_step() {
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
    let before = history.conversations().unwrap();
    let mut some = chats[1..].to_vec();
    some.push(ConversationId::new("no such chat"));
    history.delete_all(&some).unwrap();
    history.delete_all(&some).unwrap();
    let left = history.conversations().unwrap();
    assert_eq!(left.iter().map(|c| &c.id).collect::<Vec<_>>(), [&chats[0]]);
    history.restore_all(&some).unwrap();
    assert_eq!(history.conversations().unwrap(), before);
}

#[test]
fn a_draft_waits_for_its_chat_to_come_back() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap();
    history.set_draft(None, Some("{\"text\":\"new\"}")).unwrap();
    history.set_draft(Some(&chat.id), Some("first")).unwrap();
    history.set_draft(Some(&chat.id), Some("second")).unwrap();
    assert_eq!(
        history.conversation(&chat.id).unwrap(),
        chat,
        "writing one moves nothing"
    );

    history.delete(&chat.id).unwrap();
    assert_eq!(history.draft(Some(&chat.id)).unwrap(), None);
    assert_eq!(
        history.drafts().unwrap(),
        [(None, "{\"text\":\"new\"}".to_owned())]
    );
    assert!(history.set_draft(Some(&chat.id), Some("third")).is_err());
    assert!(
        history
            .set_draft(Some(&ConversationId::new("")), Some("x"))
            .is_err()
    );
    drop(history);

    let history = History::open(folder.path()).unwrap();
    history.restore(&chat.id).unwrap();
    assert_eq!(
        history.draft(Some(&chat.id)).unwrap().as_deref(),
        Some("second")
    );
    assert_eq!(history.drafts().unwrap().len(), 2);
    history.set_draft(None, None).unwrap();
    assert_eq!(history.draft(None).unwrap(), None);
}
