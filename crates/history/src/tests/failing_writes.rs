//! A write that fails is a message and loses nothing, and the next one works.

use std::time::Duration;

use rusqlite::Connection;
use tempfile::{TempDir, tempdir};

use super::{say, texts};
use crate::{ConversationId, History, HistoryError, MessageState};

struct Fixture {
    folder: TempDir,
    history: History,
    chat: ConversationId,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        let chat = history.create_conversation("A", None).unwrap().id;
        for n in 0..5 {
            say(&history, &chat, &n.to_string());
        }
        Self {
            folder,
            history,
            chat,
        }
    }

    fn connection<R>(&self, change: impl FnOnce(&Connection) -> R) -> R {
        change(&self.history.inner().connection)
    }

    /// Lets the file grow by so many pages at most; `u32::MAX` lifts the limit.
    fn allow_pages(&self, more: u32) {
        self.connection(|connection| {
            let pages: u32 = connection
                .pragma_query_value(None, "page_count", |row| row.get(0))
                .unwrap();
            let limit = pages.saturating_add(more);
            connection
                .pragma_update_and_check(None, "max_page_count", limit, |_| Ok(()))
                .unwrap();
        });
    }

    fn assert_sound(&self) {
        let report: String = self.connection(|connection| {
            connection
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap()
        });
        assert_eq!(report, "ok");
    }
}

#[test]
fn a_full_disk_is_a_message_and_never_a_loss() {
    for pages_left in 0..12 {
        let fixture = Fixture::new();
        let (history, chat) = (&fixture.history, &fixture.chat);
        let mut said = texts(history, chat);
        fixture.allow_pages(pages_left);
        let mut writing = None;
        let error = loop {
            let text = "A question that takes half a page. ".repeat(60);
            let answer = match history.append_exchange(chat, &text, None) {
                Ok((_, answer)) => answer.id,
                Err(error) => break error,
            };
            said.extend([text.clone(), String::new()]);
            writing = Some(answer.clone());
            if let Err(error) = history.set_text(&answer, &text) {
                break error;
            }
            *said.last_mut().unwrap() = text;
        };
        assert!(matches!(error, HistoryError::DiskFull { .. }), "{error}");
        assert!(error.to_string().contains("history.db"), "{error}");
        assert_eq!(texts(history, chat), said, "with {pages_left} pages left");

        // Small things may still find room; whatever fails says why.
        let renamed = history.rename(chat, "Full");
        let title = history.conversation(chat).unwrap().title;
        assert_eq!(title, if renamed.is_ok() { "Full" } else { "A" });

        fixture.allow_pages(u32::MAX);
        if let Some(answer) = &writing {
            history
                .finish(answer, "whole", MessageState::Complete, None, None)
                .unwrap();
            *said.last_mut().unwrap() = "whole".to_owned();
        }
        say(history, chat, "and on");
        said.extend(["and on".to_owned(), "and on".to_owned()]);
        assert_eq!(texts(history, chat), said);
        fixture.assert_sound();

        let Fixture {
            folder,
            history,
            chat,
            ..
        } = fixture;
        drop(history);
        let history = History::open(folder.path()).unwrap();
        assert_eq!(texts(&history, &chat), said, "after opening again");
    }
}

#[test]
fn a_disk_that_became_read_only_is_a_message_and_never_a_loss() {
    let fixture = Fixture::new();
    let before = texts(&fixture.history, &fixture.chat);
    let set_read_only = |on: bool| {
        fixture.connection(|connection| connection.pragma_update(None, "query_only", on).unwrap());
    };
    set_read_only(true);
    let error = fixture
        .history
        .append_exchange(&fixture.chat, "q", None)
        .unwrap_err();
    assert!(matches!(error, HistoryError::ReadOnly { .. }), "{error}");
    assert_eq!(texts(&fixture.history, &fixture.chat), before);
    set_read_only(false);
    say(&fixture.history, &fixture.chat, "q");
    fixture.assert_sound();
}

#[test]
fn a_database_locked_by_another_program_is_a_message_and_never_a_loss() {
    let fixture = Fixture::new();
    let before = texts(&fixture.history, &fixture.chat);
    let shortly = Duration::from_millis(1);
    fixture.connection(|connection| connection.busy_timeout(shortly).unwrap());
    let other = Connection::open(fixture.folder.path().join("history.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let error = fixture
        .history
        .append_exchange(&fixture.chat, "q", None)
        .unwrap_err();

    assert!(matches!(error, HistoryError::Locked { .. }), "{error}");
    assert_eq!(texts(&fixture.history, &fixture.chat), before);
    other.execute_batch("ROLLBACK").unwrap();
    say(&fixture.history, &fixture.chat, "q");
}

#[test]
fn a_panic_in_one_call_does_not_take_the_others_with_it() {
    let fixture = Fixture::new();
    let before = texts(&fixture.history, &fixture.chat);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        fixture.history.write::<()>(|change| {
            change.execute("DELETE FROM conversations", [])?;
            panic!("in the middle of a transaction")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(texts(&fixture.history, &fixture.chat), before);
    say(&fixture.history, &fixture.chat, "q");
    fixture.assert_sound();
}

#[test]
fn half_answers_are_told_apart_even_while_the_disk_is_too_full_to_mark_them() {
    let fixture = Fixture::new();
    let (history, chat) = (&fixture.history, &fixture.chat);
    let (_, half) = history.append_exchange(chat, "q", None).unwrap();
    // As `tidy` leaves it when its change fails.
    history.inner().half_answers_left = true;
    fixture.allow_pages(0);
    history
        .append_exchange(chat, &"q".repeat(10_000), None)
        .unwrap_err();
    let state = |id| history.message(id).unwrap().state;
    assert_eq!(state(&half.id), MessageState::Interrupted);
    assert_eq!(
        history.branch(chat).unwrap().pop().unwrap().state,
        MessageState::Interrupted
    );

    fixture.allow_pages(u32::MAX);
    let (_, new) = history.append_exchange(chat, "q", None).unwrap();
    assert_eq!(state(&half.id), MessageState::Interrupted);
    assert_eq!(state(&new.id), MessageState::Writing);
}
