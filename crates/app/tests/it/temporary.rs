//! Temporary chats are chats like any other, and leave nothing on disk.

use std::path::Path;

use tern_app::{ConversationId, Draft};

use crate::desk::Desk;

const SECRET: &str = "quetzalcoatlus";

/// Every byte of every file of a folder.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => all.extend(bytes_of(&path)),
            false => all.extend(std::fs::read(&path).expect("readable")),
        }
    }
    all
}

#[test]
fn a_temporary_chat_leaves_nothing_on_disk() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 6);
    let sent = desk
        .app
        .send_message(None, &SECRET.into(), true, None)
        .expect("sent");
    assert!(sent.row.temporary);
    let (_, answer) = desk.finish(&sent);
    let id = sent.row.id.clone();
    let again = desk.app.retry_answer(&answer.id).expect("another version");
    desk.finish(&again);
    let edited = desk
        .app
        .edit_question(&sent.question.id, &format!("{SECRET}!").as_str().into());
    desk.finish(&edited.expect("another version"));
    let copy = desk.app.duplicate(&id, SECRET).expect("copied");
    assert!(copy.temporary);
    let branch = desk.app.branch_off(&answer.id, SECRET).expect("made");
    assert!(branch.row.temporary);
    let draft = Draft {
        question: SECRET.into(),
        queue: Vec::new(),
    };
    desk.app.save_draft(Some(&id), Some(draft)).expect("kept");
    assert_eq!(desk.app.search(SECRET).expect("searched").len(), 5);
    assert_eq!(desk.app.chats().expect("chats").len(), 3);
    desk.app
        .delete(std::slice::from_ref(&copy.id))
        .expect("deleted");
    desk.app
        .restore(std::slice::from_ref(&copy.id))
        .expect("restored");
    drop(desk);

    let found = bytes_of(folder.path());
    let leaks = found
        .windows(SECRET.len())
        .any(|bytes| bytes == SECRET.as_bytes());
    assert!(!leaks, "a temporary chat's words are on disk");
    let desk = Desk::open(folder.path());
    assert!(desk.app.chats().expect("chats").is_empty());
    assert!(
        desk.app
            .chat(&ConversationId::new(id.to_string()), None)
            .is_err()
    );
}
