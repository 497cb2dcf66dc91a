//! Every earlier version opens, with a copy made first; what fails changes nothing.

use std::fs;

use rusqlite::Connection;
use tempfile::{TempDir, tempdir};

use super::{backups, open_backup, open_with, say, texts};
use crate::migrate::MIGRATIONS;
use crate::{ConversationId, History, HistoryError};

/// Version 1 as it was released. Its statements are never changed, or the databases out there
/// are of another version than they say.
const V1: &str = MIGRATIONS[0];
const V2: &str = "ALTER TABLE messages ADD COLUMN note TEXT;
    UPDATE messages SET note = upper(text);";
/// Builds a table anew, the way SQLite needs it for larger changes.
const V3: &str = "CREATE TABLE conversations_new (
        id TEXT NOT NULL PRIMARY KEY, title TEXT NOT NULL, title_is_manual INTEGER NOT NULL
        DEFAULT 0, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL,
        pinned INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0, model_id TEXT,
        system_prompt TEXT, active_leaf TEXT, deleted_at_ms INTEGER, colour TEXT
    ) STRICT;
    INSERT INTO conversations_new SELECT *, 'coral' FROM conversations;
    DROP TABLE conversations;
    ALTER TABLE conversations_new RENAME TO conversations;";

/// A closed version 1 history with a chat in it.
fn version_1() -> (TempDir, ConversationId) {
    let folder = tempdir().unwrap();
    let history = open_with(folder.path(), &[V1]).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    for n in 0..10 {
        say(&history, &chat, &format!("text {n}"));
    }
    (folder, chat)
}

fn version(folder: &TempDir) -> u32 {
    Connection::open(folder.path().join("history.db"))
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

fn refusal(folder: &TempDir, migrations: &[&str]) -> HistoryError {
    match open_with(folder.path(), migrations) {
        Ok(_) => panic!("it was migrated"),
        Err(error) => error,
    }
}

#[test]
fn the_released_schema_is_not_edited() {
    // FNV-1a, without the line ends a checkout may change. If this fails, write the next
    // migration instead of changing an old one.
    let bytes = V1.bytes().filter(|byte| *byte != b'\r');
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    assert_eq!(hash, 0xe590_62e0_c356_466d, "{hash:#x}");
}

#[test]
fn an_older_history_is_brought_up_to_date_with_a_copy_first() {
    let (folder, chat) = version_1();
    let history = open_with(folder.path(), &[V1, V2, V3]).unwrap();
    let said = texts(&history, &chat);
    assert_eq!((said.len(), said[0].as_str()), (20, "text 0"));
    say(&history, &chat, "after");
    drop(history);
    assert_eq!(version(&folder), 3);

    let names = backups(folder.path());
    let before: Vec<_> = names.iter().filter(|n| n.starts_with("before")).collect();
    assert_eq!(before, ["before-v3_2025-11-20T120000Z.db"]);
    let (other, copy) = open_backup(folder.path(), before[0]);
    assert_eq!(texts(&copy, &chat), said);
    drop(copy);
    assert_eq!(version(&other), 1);
}

#[test]
fn a_rebuilt_table_does_not_take_the_messages_with_it() {
    let (folder, chat) = version_1();
    let history = open_with(folder.path(), &[V1, "", V3]).unwrap();
    assert_eq!(texts(&history, &chat).len(), 20);
    // Foreign keys are enforced again.
    let orphan = history.write(|change| {
        change.execute("UPDATE messages SET parent_id = 'nobody'", [])?;
        Ok(())
    });
    assert!(orphan.is_err());
}

#[test]
fn a_step_that_fails_changes_nothing_and_the_older_tern_goes_on() {
    let orphans = "UPDATE messages SET parent_id = 'nobody' WHERE parent_id IS NOT NULL";
    let half = "ALTER TABLE messages ADD COLUMN note TEXT; UPDATE messages SET note = nonsense()";
    for failing in [orphans, half] {
        let (folder, chat) = version_1();
        for _ in 0..2 {
            let error = refusal(&folder, &[V1, failing]);
            assert!(matches!(error, HistoryError::Migration { .. }), "{error}");
            assert!(error.to_string().contains("backups"), "{error}");
        }
        assert_eq!(version(&folder), 1);
        let history = open_with(folder.path(), &[V1]).unwrap();
        assert_eq!(texts(&history, &chat).len(), 20);
        say(&history, &chat, "goes on");
    }
}

#[test]
fn whole_steps_before_a_failing_one_are_kept() {
    let (folder, chat) = version_1();
    refusal(&folder, &[V1, V2, "nonsense"]);
    assert_eq!(version(&folder), 2);
    let history = open_with(folder.path(), &[V1, V2]).unwrap();
    assert_eq!(texts(&history, &chat).len(), 20);
}

#[test]
fn without_room_for_a_copy_nothing_is_migrated() {
    let (folder, chat) = version_1();
    fs::write(folder.path().join("backups"), "in the way").unwrap();
    let error = refusal(&folder, &[V1, V2]);
    assert!(error.to_string().contains("backups"), "{error}");
    assert_eq!(version(&folder), 1);
    fs::remove_file(folder.path().join("backups")).unwrap();
    let history = open_with(folder.path(), &[V1, V2]).unwrap();
    assert_eq!(texts(&history, &chat).len(), 20);
}

#[test]
fn an_older_tern_says_that_the_history_is_newer() {
    let (folder, _) = version_1();
    drop(open_with(folder.path(), &[V1, V2]).unwrap());
    let error = refusal(&folder, &[V1]);
    let newer = matches!(
        error,
        HistoryError::NewerDatabase {
            found: 2,
            supported: 1,
            ..
        }
    );
    assert!(newer, "{error}");
}

#[test]
fn a_version_that_cannot_be_is_damage() {
    let (folder, _) = version_1();
    Connection::open(folder.path().join("history.db"))
        .unwrap()
        .pragma_update(None, "user_version", -1)
        .unwrap();
    let error = History::open(folder.path()).err().unwrap();
    assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
}
