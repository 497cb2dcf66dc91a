//! Tests that need what the public face does not give: the clock, the migrations, a limit on
//! the connection. The others are in `tests/it`.

#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test"
)]

mod backups;
mod failing_writes;
mod migrations;
mod search_index;

use std::path::Path;

use crate::history::Opening;
use crate::migrate::MIGRATIONS;
use crate::{ConversationId, History, HistoryError, MessageState};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// 2025-11-20, noon UTC.
const NOON_MS: i64 = 1_763_640_000_000;

/// Opens the history as if it were `now_ms`.
fn open_at(folder: &Path, now_ms: i64) -> Result<History, HistoryError> {
    History::open_with(
        folder,
        &Opening {
            migrations: MIGRATIONS,
            now_ms,
        },
    )
}

/// Opens the history as the Tern with these migrations does.
fn open_with(folder: &Path, migrations: &[&str]) -> Result<History, HistoryError> {
    History::open_with(
        folder,
        &Opening {
            migrations,
            now_ms: NOON_MS,
        },
    )
}

fn say(history: &History, chat: &ConversationId, text: &str) {
    let (_, answer) = history.append_exchange(chat, text, None).unwrap();
    history
        .finish(&answer.id, text, MessageState::Complete, None, None)
        .unwrap();
}

fn texts(history: &History, chat: &ConversationId) -> Vec<String> {
    let branch = history.branch(chat).unwrap();
    branch.into_iter().map(|message| message.text).collect()
}

/// File names in `backups/`, sorted.
fn backups(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = match std::fs::read_dir(folder.join("backups")) {
        Ok(entries) => entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect(),
        Err(_) => Vec::new(),
    };
    names.sort_unstable();
    names
}

/// Opens a backup the way its owner would: as the history of another folder.
fn open_backup(folder: &Path, name: &str) -> (tempfile::TempDir, History) {
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(
        folder.join("backups").join(name),
        other.path().join("history.db"),
    )
    .unwrap();
    let history = open_with(other.path(), MIGRATIONS).unwrap();
    (other, history)
}

#[test]
fn deleted_chats_are_purged_after_a_day_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let kept = history.create_conversation("kept", None).unwrap().id;
    let deleted = history.create_conversation("deleted", None).unwrap().id;
    say(&history, &kept, "k");
    say(&history, &deleted, "d");
    let answer = history.branch(&deleted).unwrap().pop().unwrap().id;
    history.delete(&deleted).unwrap();
    drop(history);
    let now = crate::history::now_ms();

    let history = open_at(folder.path(), now + DAY_MS - 60_000).unwrap();
    assert_eq!(history.message(&answer).unwrap().text, "d");
    drop(history);
    let history = open_at(folder.path(), now + DAY_MS + 60_000).unwrap();
    assert!(history.message(&answer).is_err());
    assert!(history.restore(&deleted).is_err());
    assert_eq!(texts(&history, &kept), ["k", "k"]);
}

#[test]
fn a_message_purged_leaves_what_followed_it_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let draft = history.create_conversation("B", None).unwrap().id;
    history.set_draft(Some(&draft), Some("x")).unwrap();
    history.delete(&draft).unwrap();
    for text in ["1", "2", "3"] {
        say(&history, &chat, text);
    }
    let messages = history.branch(&chat).unwrap();
    for gone in [0, 2, 3, 5] {
        history.delete_message(&messages[gone].id).unwrap();
    }
    let shown = history.branch(&chat).unwrap();
    drop(history);
    let now = crate::history::now_ms();

    let history = open_at(folder.path(), now + DAY_MS - 60_000).unwrap();
    history.restore_message(&messages[5].id).unwrap();
    history.delete_message(&messages[5].id).unwrap();
    drop(history);
    let history = open_at(folder.path(), now + DAY_MS + 60_000).unwrap();

    assert_eq!(history.branch(&chat).unwrap(), shown);
    assert_eq!(texts(&history, &chat), ["1", "3"]);
    for gone in [0, 2, 3, 5] {
        assert!(history.restore_message(&messages[gone].id).is_err());
    }
    say(&history, &chat, "4");
    assert_eq!(texts(&history, &chat), ["1", "3", "4", "4"]);
    let drafts: i64 = history
        .read(|connection| {
            connection.query_row("SELECT count(*) FROM drafts", [], |row| row.get(0))
        })
        .unwrap();
    assert_eq!(drafts, 0, "a draft goes with its chat");
}
