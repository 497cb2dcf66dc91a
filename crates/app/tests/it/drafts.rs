//! What was being written is there after a restart.

use tern_app::{Attachment, Draft, Question};

use crate::desk::Desk;

#[test]
fn drafts_and_queues_survive_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 4);
    let sent = desk.send(None, "One");
    desk.finish(&sent);
    let draft = Draft {
        question: Question {
            text: "half a".to_owned(),
            attachments: vec![Attachment {
                name: "a.md".to_owned(),
                text: "words".to_owned(),
            }],
        },
        queue: vec!["next".into()],
    };
    let id = Some(&sent.row.id);
    desk.app.save_draft(id, Some(draft.clone())).expect("kept");
    let of_new_chat = Draft {
        question: "and another".into(),
        queue: Vec::new(),
    };
    desk.app
        .save_draft(None, Some(of_new_chat.clone()))
        .expect("kept");
    drop(desk);

    let desk = Desk::open(folder.path());
    let view = desk.app.chat(&sent.row.id, None).expect("chat");
    assert_eq!(view.draft, Some(draft));
    assert_eq!(desk.app.new_chat_draft().expect("read"), Some(of_new_chat));
    desk.app.save_draft(id, None).expect("cleared");
    assert_eq!(desk.app.chat(&sent.row.id, None).expect("chat").draft, None);
}
