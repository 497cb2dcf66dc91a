//! The history from outside, by danger. What needs to look inside is in `src/tests`.

#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test"
)]

mod copies;
mod crash_consistency;
mod damage;
mod deletions;
mod in_memory;
mod io_errors;
mod opening;
mod random_use;
mod search;
mod small_disk;
mod texts;
mod tree;
mod whole;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tern_history::{ConversationId, History, Message, MessageState};

/// The database as the format's own library sees it.
fn sqlite(folder: &Path) -> Connection {
    Connection::open(database(folder)).unwrap()
}

fn database(folder: &Path) -> PathBuf {
    folder.join("history.db")
}

fn write_ahead_log(folder: &Path) -> PathBuf {
    folder.join("history.db-wal")
}

/// Every page, index and foreign key.
fn assert_sound(folder: &Path) {
    let connection = sqlite(folder);
    let report: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(report, "ok");
    let mut orphans = connection.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(!orphans.exists([]).unwrap(), "a message lost its parent");
}

/// A question and its whole answer.
fn exchange(history: &History, chat: &ConversationId, question: &str, answer: &str) -> Message {
    let (_, writing) = history
        .append_exchange(chat, question, Some("Guide"))
        .unwrap();
    history
        .finish(&writing.id, answer, MessageState::Complete, None, None)
        .unwrap();
    history.message(&writing.id).unwrap()
}

/// The texts of the branch that is shown.
fn shown(history: &History, chat: &ConversationId) -> Vec<String> {
    let branch = history.branch(chat).unwrap();
    branch.into_iter().map(|message| message.text).collect()
}

/// Xorshift64*: numbers that a seed repeats.
/// Source: <https://doi.org/10.1145/2845077>
struct Rng(u64);

impl Rng {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number in `0..n`.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
