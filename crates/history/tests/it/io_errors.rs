//! Writes that fail at any byte: what was acknowledged stays, the error is said, reading goes on.
//!
//! A writer runs under a limit on the size of its files, so that the system refuses one write
//! after another as the limit moves: in the log, in the database, in a checkpoint, in a backup.

#![cfg(unix)]

use std::env;
use std::path::Path;
use std::process::Command;

use tempfile::tempdir;
use tern_history::{ConversationId, History, HistoryError, MessageState};

use crate::{assert_sound, shown};

const WRITER: &str = "io_errors::writer_under_a_limit";
const FOLDER_VARIABLE: &str = "TERN_LIMITED_FOLDER";
const EXCHANGES: usize = 60;

#[test]
fn writes_that_fail_lose_nothing() {
    let mut refused_starts = 0;
    let mut failed_writers = 0;
    // In units of 512 bytes; closer where the files begin, which is where a start writes.
    for limit in (0..64).step_by(4).chain((64..1400).step_by(57)) {
        let folder = tempdir().unwrap();
        // A limit hits a history that exists and one that is being made.
        let is_new = limit % 8 == 0;
        let chat = (!is_new).then(|| {
            let history = History::open(folder.path()).unwrap();
            history.create_conversation("A", None).unwrap().id
        });
        let said = run_writer(folder.path(), limit);
        let promised: Vec<&str> = said.lines().filter_map(|l| l.strip_prefix("> ")).collect();

        let history = History::open(folder.path()).unwrap();
        let chats = history.conversations().unwrap();
        if let Some(chat) = &chat {
            assert_eq!(chats[0].id, *chat, "limit {limit}");
        }
        let texts = chats
            .first()
            .map_or(Vec::new(), |chat| shown(&history, &chat.id));
        for promise in &promised {
            let whole = text(promise.parse().unwrap());
            assert!(
                texts.contains(&whole),
                "limit {limit}: {promise} of {promised:?} is lost"
            );
        }
        history.create_conversation("works again", None).unwrap();
        drop(history);
        assert_sound(folder.path());
        refused_starts += usize::from(said.contains("not opened"));
        failed_writers += usize::from(said.contains("failed"));
    }
    assert!(refused_starts > 2, "{refused_starts} starts were refused");
    assert!(failed_writers > 20, "{failed_writers} writers met an error");
}

fn run_writer(folder: &Path, limit: u32) -> String {
    // Ignored, the signal of a write over the limit becomes an error.
    let script = "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"";
    let limit = limit.to_string();
    let output = Command::new("sh")
        .args(["-c", script, "sh", &limit])
        .arg(env::current_exe().unwrap())
        .args(["--exact", WRITER, "--ignored", "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "limit {limit}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// A text of up to 6 kB that follows from its number.
fn text(n: usize) -> String {
    format!("{n:03} ").repeat(1 + n * 389 % 1500)
}

/// The process whose writes fail. Alone it has nothing to do.
#[test]
#[ignore = "started by the test above"]
fn writer_under_a_limit() {
    let Some(folder) = env::var_os(FOLDER_VARIABLE) else {
        return;
    };
    println!();
    let history = match History::open(Path::new(&folder)) {
        Ok(history) => history,
        Err(error) => {
            assert_is_of_the_disk(&error);
            println!("not opened: {error}");
            return;
        }
    };
    let chats = history.conversations().unwrap();
    let chat = match chats.into_iter().next() {
        Some(chat) => chat.id,
        None => match history.create_conversation("A", None) {
            Ok(chat) => chat.id,
            Err(error) => {
                assert_is_of_the_disk(&error);
                println!("failed: {error}");
                return;
            }
        },
    };
    let mut kept = Vec::new();
    for n in 0..EXCHANGES {
        match exchange(&history, &chat, n) {
            Ok(()) => {
                println!("> {n}");
                kept.push(text(n));
            }
            Err(error) => {
                assert_is_of_the_disk(&error);
                println!("failed: {error}");
            }
        }
        // After an error as before it.
        let texts = shown(&history, &chat);
        assert!(kept.iter().all(|text| texts.contains(text)), "lost at once");
    }
}

fn exchange(history: &History, chat: &ConversationId, n: usize) -> Result<(), HistoryError> {
    let (_, answer) = history.append_exchange(chat, "q", None)?;
    history.set_text(&answer.id, &text(n)[..4])?;
    history.finish(&answer.id, &text(n), MessageState::Complete, None, None)
}

fn assert_is_of_the_disk(error: &HistoryError) {
    assert!(
        matches!(
            error,
            HistoryError::Io { .. }
                | HistoryError::DiskFull { .. }
                | HistoryError::FolderUnusable { .. }
        ),
        "{error:?}"
    );
}
