//! A damaged index keeps nobody from the chats, and is made anew.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tempfile::{TempDir, tempdir};

use super::{DAY_MS, backups, open_at, say, texts};
use crate::{ConversationId, History, HistoryError};

/// What may be wrong with the tables the index is kept in.
const DAMAGES: [&str; 11] = [
    "DELETE FROM messages_fts_data",
    "DELETE FROM messages_fts_data WHERE id > 100",
    "DELETE FROM messages_fts_data WHERE id = 10",
    "UPDATE messages_fts_data SET block = X'00' WHERE id > 100",
    "UPDATE messages_fts_data SET block = CAST(hex(block) AS BLOB)",
    "UPDATE messages_fts_data SET block = zeroblob(length(block)) WHERE id > 100",
    "DELETE FROM messages_fts_idx",
    "DELETE FROM messages_fts_docsize",
    "DELETE FROM messages_fts_config",
    "DROP TABLE messages_fts_data",
    "DROP TABLE messages_fts_config",
];

fn filled() -> (TempDir, ConversationId) {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    for n in 0..30 {
        say(
            &history,
            &chat,
            &format!("needle {n} in a haystack of words"),
        );
    }
    (folder, chat)
}

fn damage(connection: &Connection, statement: &str) {
    let set_defensive = |on| {
        let setting = DbConfig::SQLITE_DBCONFIG_DEFENSIVE;
        connection.set_db_config(setting, on).unwrap();
    };
    set_defensive(false);
    connection.execute_batch(statement).unwrap();
    set_defensive(true);
}

fn count(history: &History) -> usize {
    history.search("needle", usize::MAX).unwrap().len()
}

fn assert_sound(folder: &Path) {
    let connection = Connection::open(folder.join("history.db")).unwrap();
    let report: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(report, "ok");
}

#[test]
fn writing_on_a_damaged_index_goes_on_and_mends_it() {
    for statement in DAMAGES {
        let (folder, chat) = filled();
        // Damaged between two starts, and while the history is open.
        for is_open in [false, true] {
            let before = texts(&History::open(folder.path()).unwrap(), &chat);
            let history = if is_open {
                let history = History::open(folder.path()).unwrap();
                say(&history, &chat, "needle");
                damage(&history.inner().connection, statement);
                history
            } else {
                let connection = Connection::open(folder.path().join("history.db")).unwrap();
                damage(&connection, statement);
                drop(connection);
                History::open(folder.path()).unwrap()
            };
            assert!(texts(&history, &chat).starts_with(&before), "{statement}");
            for _ in 0..10 {
                say(&history, &chat, "one more needle");
            }
            let answer = history.branch(&chat).unwrap().pop().unwrap().id;
            history.edit_answer(&answer, "needle, changed").unwrap();
            history.delete_message(&answer).unwrap();
            history.restore_message(&answer).unwrap();
            drop(history);

            // A damage that writing did not meet is found at the next closer look.
            fs::write(folder.path().join("tern.lock"), "in use\n").unwrap();
            let history = History::open(folder.path()).unwrap();
            let said = texts(&history, &chat);
            assert_eq!(count(&history), said.len(), "{statement}, open: {is_open}");
            drop(history);
            assert_sound(folder.path());
        }
    }
}

#[test]
fn searching_a_damaged_index_mends_it() {
    for statement in DAMAGES {
        let (folder, chat) = filled();
        let connection = Connection::open(folder.path().join("history.db")).unwrap();
        damage(&connection, statement);
        drop(connection);
        let history = History::open(folder.path()).unwrap();
        assert_eq!(count(&history), 60, "{statement}");
        say(&history, &chat, "needle");
        assert_eq!(count(&history), 62, "{statement}");
        drop(history);
        assert_sound(folder.path());
    }
}

#[test]
fn after_a_crash_a_damaged_index_keeps_nobody_out() {
    for statement in DAMAGES {
        let (folder, chat) = filled();
        let connection = Connection::open(folder.path().join("history.db")).unwrap();
        damage(&connection, statement);
        drop(connection);
        fs::write(folder.path().join("tern.lock"), "in use\n").unwrap();
        let history = History::open(folder.path()).unwrap();
        assert_eq!(texts(&history, &chat).len(), 60, "{statement}");
        assert_eq!(count(&history), 60, "{statement}");
        assert!(history.notes().is_empty());
    }
}

#[test]
fn a_damaged_index_does_not_end_the_backups() {
    let (folder, _) = filled();
    let connection = Connection::open(folder.path().join("history.db")).unwrap();
    damage(
        &connection,
        "UPDATE messages_fts_data SET block = X'00' WHERE id > 100",
    );
    drop(connection);
    let now = crate::history::now_ms();
    let history = open_at(folder.path(), now + 2 * DAY_MS).unwrap();
    drop(history);
    assert_eq!(backups(folder.path()).len(), 1);
}

#[test]
fn damaged_pages_of_the_index_do_not_stop_the_chats() {
    let (folder, chat) = filled();
    let path = folder.path().join("history.db");
    let connection = Connection::open(&path).unwrap();
    let page: u32 = connection
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'messages_fts_data'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    drop(connection);
    let mut bytes = fs::read(&path).unwrap();
    bytes[(page as usize - 1) * 4096] = 0x77;
    fs::write(&path, bytes).unwrap();

    let history = History::open(folder.path()).unwrap();
    say(&history, &chat, "goes on");
    assert_eq!(texts(&history, &chat).len(), 62);
    let error = history.search("goes", 10).unwrap_err();
    assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
    drop(history);
    // One page damaged by the disk is seldom alone: the next start looks at all of them.
    let error = History::open(folder.path()).err().unwrap();
    assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
}

#[test]
fn without_room_for_a_new_index_the_old_one_stays() {
    let (folder, chat) = filled();
    let history = History::open(folder.path()).unwrap();
    let limit_pages = |pages: u32| {
        let connection = &history.inner().connection;
        connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    };
    // Many words that the index does not know yet, and no page more.
    let more_words = "UPDATE messages SET text = text || replace(hex(randomblob(3000)), '0', ' ')";
    let changed = history.inner().connection.execute(more_words, []).unwrap();
    assert_eq!(changed, 60);
    limit_pages(1);

    let error = history.rebuild_search_index().unwrap_err();

    assert!(matches!(error, HistoryError::DiskFull { .. }), "{error}");
    assert_eq!(count(&history), 60);
    limit_pages(u32::MAX);
    say(&history, &chat, "needle");
    history.rebuild_search_index().unwrap();
    assert_eq!(count(&history), 62);
    drop(history);
    assert_sound(folder.path());
}

#[test]
fn nothing_purged_stays_in_the_index() {
    let (folder, chat) = filled();
    let history = History::open(folder.path()).unwrap();
    let other = history.create_conversation("B", None).unwrap().id;
    say(&history, &other, "needle");
    history.delete(&other).unwrap();
    let branch = history.branch(&chat).unwrap();
    history.delete_message(&branch[0].id).unwrap();
    drop(history);
    let now = crate::history::now_ms();
    let history = open_at(folder.path(), now + DAY_MS + 60_000).unwrap();
    let connection = &history.inner().connection;
    let indexed: i64 = connection
        .query_row("SELECT count(*) FROM messages_fts_docsize", [], |row| {
            row.get(0)
        })
        .unwrap();
    let messages: i64 = connection
        .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
        .unwrap();
    assert_eq!((indexed, messages), (59, 59));
}
