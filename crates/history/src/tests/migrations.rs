//! Every earlier version opens, with a copy made first; what fails changes nothing.

use std::fs;

use rusqlite::Connection;
use tempfile::{TempDir, tempdir};

use super::{backups, open_backup, open_with, say, texts};
use crate::migrate::MIGRATIONS;
use crate::{ConversationId, History, HistoryError, MessageId, MessageState};

/// The versions as they were released. Their statements are never changed, or the databases out
/// there are of another version than they say. The hashes are FNV-1a, without the line ends a
/// checkout may change.
const RELEASED: [(&str, u64); 2] = [
    (MIGRATIONS[0], 0xe590_62e0_c356_466d),
    (MIGRATIONS[1], 0x046a_2978_8af8_8610),
];

const V1: &str = MIGRATIONS[0];
const V2: &str = MIGRATIONS[1];
/// Two that may come.
const V3: &str = "ALTER TABLE messages ADD COLUMN note TEXT;
    UPDATE messages SET note = upper(text);";
/// Builds a table anew, the way SQLite needs it for larger changes.
const V4: &str = "CREATE TABLE conversations_new (
        id TEXT NOT NULL PRIMARY KEY, title TEXT NOT NULL, title_is_manual INTEGER NOT NULL
        DEFAULT 0, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL,
        pinned INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0, model_id TEXT,
        system_prompt TEXT, active_leaf TEXT, deleted_at_ms INTEGER, options TEXT, colour TEXT
    ) STRICT;
    INSERT INTO conversations_new SELECT *, 'coral' FROM conversations;
    DROP TABLE conversations;
    ALTER TABLE conversations_new RENAME TO conversations;";

/// A closed version 1 history with a chat of ten exchanges in it, two versions of the last
/// answer, and an answer that a crash cut off.
fn version_1() -> (TempDir, ConversationId) {
    let folder = tempdir().unwrap();
    let connection = Connection::open(folder.path().join("history.db")).unwrap();
    let mark = u32::from_be_bytes(*b"TERN");
    connection
        .pragma_update(None, "application_id", mark)
        .unwrap();
    connection.execute_batch(V1).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection
        .execute_batch(
            "BEGIN;
             INSERT INTO conversations (id, title, title_is_manual, created_at_ms, updated_at_ms,
                 pinned, model_id, system_prompt, active_leaf)
             VALUES ('chat', 'A', 1, 10, 20, 1, 'm', 'Be brief.', 'm19');
             WITH RECURSIVE n (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM n WHERE n < 19)
             INSERT INTO messages (id, conversation_id, parent_id, role, text, state,
                 created_at_ms, model, stats)
             SELECT 'm' || n, 'chat', CASE n WHEN 0 THEN NULL ELSE 'm' || (n - 1) END,
                 CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, 'Text ' || (n / 2),
                 'complete', n, 'M', '{\"seed\":\"7\"}' FROM n;
             INSERT INTO messages (id, conversation_id, parent_id, role, text, state,
                 created_at_ms)
             VALUES ('other', 'chat', 'm18', 'assistant', 'Küste 候鳥', 'stopped', 30),
                 ('half', 'chat', 'm18', 'assistant', 'Half a', 'writing', 31);
             COMMIT;",
        )
        .unwrap();
    (folder, ConversationId::new("chat"))
}

/// The same, brought up to date and closed.
fn version_2() -> (TempDir, ConversationId) {
    let (folder, chat) = version_1();
    drop(open_with(folder.path(), &[V1, V2]).unwrap());
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
    // If this fails, write the next migration instead of changing an old one.
    for (statements, released) in RELEASED {
        let bytes = statements.bytes().filter(|byte| *byte != b'\r');
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        assert_eq!(hash, released, "{hash:#x}");
    }
    assert_eq!(RELEASED.len(), MIGRATIONS.len());
}

#[test]
fn chats_of_version_1_are_whole_and_can_be_found() {
    let (folder, chat) = version_1();
    let history = open_with(folder.path(), MIGRATIONS).unwrap();

    let conversation = history.conversation(&chat).unwrap();
    assert!(conversation.pinned && conversation.title_is_manual);
    assert_eq!(
        (conversation.created_at_ms, conversation.updated_at_ms),
        (10, 20)
    );
    assert_eq!(conversation.system_prompt.as_deref(), Some("Be brief."));
    assert_eq!(conversation.options, None);
    let branch = history.branch_with_versions(&chat).unwrap();
    assert_eq!(branch.len(), 20);
    let last = &branch[19];
    assert_eq!((last.versions.position, last.versions.count), (1, 3));
    assert_eq!(last.message.text, "Text 9");
    assert_eq!(last.message.stats.as_ref().unwrap().seed, "7");
    assert!(last.message.attachments.is_empty());
    assert!(!last.message.pinned && !last.message.edited);
    let half = history.message(&MessageId::new("half")).unwrap();
    assert_eq!(
        (half.text.as_str(), half.state),
        ("Half a", MessageState::Interrupted)
    );

    let found = |query: &str| -> Vec<String> {
        let found = history.search(query, 100).unwrap();
        found
            .into_iter()
            .map(|found| found.message.to_string())
            .collect()
    };
    assert_eq!(found("text").len(), 20);
    assert_eq!(found("text 3"), ["m7", "m6"]);
    assert_eq!(found("kust"), ["other"]);
    assert_eq!(found("鳥"), ["other"]);
    assert_eq!(found("half"), ["half"]);
}

#[test]
fn an_older_history_is_brought_up_to_date_with_a_copy_first() {
    let (folder, chat) = version_1();
    let history = open_with(folder.path(), &[V1, V2, V3, V4]).unwrap();
    let said = texts(&history, &chat);
    assert_eq!((said.len(), said[0].as_str()), (20, "Text 0"));
    say(&history, &chat, "after");
    drop(history);
    assert_eq!(version(&folder), 4);

    let names = backups(folder.path());
    let before: Vec<_> = names.iter().filter(|n| n.starts_with("before")).collect();
    assert_eq!(before, ["before-v4_2025-11-20T120000Z.db"]);
    let copy = folder.path().join("backups").join(before[0]);
    let copied: u32 = Connection::open(copy)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(copied, 1);
    let (_other, copy) = open_backup(folder.path(), before[0]);
    assert_eq!(texts(&copy, &chat), said);
}

#[test]
fn a_rebuilt_table_does_not_take_the_messages_with_it() {
    let (folder, chat) = version_1();
    let history = open_with(folder.path(), &[V1, V2, "", V4]).unwrap();
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
        let (folder, chat) = version_2();
        for _ in 0..2 {
            let error = refusal(&folder, &[V1, V2, failing]);
            assert!(matches!(error, HistoryError::Migration { .. }), "{error}");
            assert!(error.to_string().contains("backups"), "{error}");
        }
        assert_eq!(version(&folder), 2);
        let history = open_with(folder.path(), &[V1, V2]).unwrap();
        assert_eq!(texts(&history, &chat).len(), 20);
        say(&history, &chat, "goes on");
    }
}

#[test]
fn whole_steps_before_a_failing_one_are_kept() {
    let (folder, chat) = version_1();
    refusal(&folder, &[V1, V2, V3, "nonsense"]);
    assert_eq!(version(&folder), 3);
    let history = open_with(folder.path(), &[V1, V2, V3]).unwrap();
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
