//! A history in memory leaves nothing on any disk.

#![cfg(unix)]

use std::env;
use std::process::Command;

use tempfile::tempdir;
use tern_history::{History, MessageState};

use crate::{exchange, shown};

const WRITER: &str = "in_memory::writer_without_a_disk";
const ALLOWED_VARIABLE: &str = "TERN_WITHOUT_A_DISK";

#[test]
fn a_history_in_memory_writes_no_byte_to_a_file() {
    let folder = tempdir().unwrap();
    // No file may grow: the system refuses every byte, also to one that has no name any more.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", WRITER, "--ignored", "--nocapture"])
        .env(ALLOWED_VARIABLE, "1")
        .env("TMPDIR", folder.path())
        .env("SQLITE_TMPDIR", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The process that may not write. Alone it has nothing to do.
#[test]
#[ignore = "started by the test above"]
fn writer_without_a_disk() {
    if env::var_os(ALLOWED_VARIABLE).is_none() {
        return;
    }
    let here = env::current_dir().unwrap();
    assert!(
        History::open(&here.join("on disk")).is_err(),
        "there is a disk"
    );
    std::fs::remove_dir_all(here.join("on disk")).unwrap();

    let history = History::in_memory().unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    // More than fits SQLite's cache of pages.
    let text = "A sentence of some words. ".repeat(500);
    for _ in 0..100 {
        exchange(&history, &chat, &text, &text);
    }
    assert_eq!(history.search("sentence", 1000).unwrap().len(), 200);
    history.rebuild_search_index().unwrap();
    let copy = history.duplicate(&chat, "B").unwrap();
    let (_, answer) = history.append_exchange(&copy.id, "q", None).unwrap();
    history.set_text(&answer.id, "a").unwrap();
    history
        .finish(&answer.id, "b", MessageState::Complete, None, None)
        .unwrap();
    assert_eq!(shown(&history, &copy.id).len(), 202);
    assert!(history.notes().is_empty());
}

#[test]
fn histories_in_memory_know_nothing_of_each_other() {
    let [one, other] = [(); 2].map(|()| History::in_memory().unwrap());
    one.create_conversation("A", None).unwrap();
    one.set_draft(None, Some("x")).unwrap();
    assert_eq!(other.conversations().unwrap(), []);
    assert_eq!(other.draft(None).unwrap(), None);
}
