//! Flipped bytes and torn logs: no crash, nothing deleted, the rest stays readable.

use std::fs;
use std::path::Path;

use tempfile::tempdir;
use tern_history::{ConversationId, History, HistoryError};

use crate::{Rng, assert_sound, database, exchange, shown, sqlite, write_ahead_log};

const SEED: u64 = 20_251_120;

/// A folder's history with some chats in it, closed.
fn filled(folder: &Path) -> Vec<ConversationId> {
    let history = History::open(folder).unwrap();
    let chats: Vec<ConversationId> = (0..5)
        .map(|n| {
            history
                .create_conversation(&format!("Chat {n}"), None)
                .unwrap()
                .id
        })
        .collect();
    for n in 0..30 {
        let answer = "An answer. ".repeat(n * 13);
        exchange(&history, &chats[n % 5], &format!("Question {n}"), &answer);
    }
    chats
}

/// Says that the last use did not end in an orderly way.
fn mark_unclean(folder: &Path) {
    fs::write(folder.join("tern.lock"), "in use\n").unwrap();
}

#[test]
fn flipped_bytes_never_crash_and_never_delete() {
    let original = tempdir().unwrap();
    filled(original.path());
    let whole = fs::read(database(original.path())).unwrap();
    let mut rng = Rng::new(SEED);
    let (mut refused, mut opened) = (0, 0);
    for round in 0..100 {
        let folder = tempdir().unwrap();
        let mut bytes = whole.clone();
        for _ in 0..1 + rng.below(20) {
            let at = rng.below(bytes.len());
            bytes[at] ^= 1 << rng.below(8);
        }
        fs::write(database(folder.path()), &bytes).unwrap();
        if round % 2 == 0 {
            mark_unclean(folder.path());
        }
        match History::open(folder.path()) {
            Ok(history) => {
                opened += 1;
                // Each of these may fail, none may panic or hang.
                if let Ok(chats) = history.conversations() {
                    for chat in chats {
                        let _ = history.branch(&chat.id);
                        let _ = history.search("question", 10);
                        let _ = history.append_exchange(&chat.id, "more", None);
                        let _ = history.duplicate(&chat.id, "copy");
                    }
                }
                drop(history);
                let left = fs::metadata(database(folder.path())).unwrap().len();
                assert!(
                    left >= whole.len() as u64,
                    "round {round}: the file shrank to {left}"
                );
            }
            Err(error) => {
                refused += 1;
                let now = fs::read(database(folder.path())).unwrap();
                assert!(
                    now == bytes,
                    "round {round}: changed although refused: {error}"
                );
            }
        }
    }
    assert!(
        refused > 10 && opened > 10,
        "{refused} refused, {opened} opened: not a fair mix"
    );
}

#[test]
fn damage_after_a_crash_is_named_with_the_way_out() {
    let folder = tempdir().unwrap();
    filled(folder.path());
    let mut bytes = fs::read(database(folder.path())).unwrap();
    // The last page's header: its kind becomes one that does not exist.
    let last_page = bytes.len() - 4096;
    bytes[last_page] = 0x77;
    fs::write(database(folder.path()), &bytes).unwrap();
    mark_unclean(folder.path());
    // Not only at the first start after it.
    for _ in 0..2 {
        let error = History::open(folder.path())
            .err()
            .expect("the damage is found");
        assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
        let sentence = error.to_string();
        for words in ["history.db", "backups", "Nothing was deleted"] {
            assert!(sentence.contains(words), "{sentence}");
        }
    }
    assert!(fs::read(database(folder.path())).unwrap() == bytes);
}

#[test]
fn one_text_that_is_no_text_hides_no_other() {
    let folder = tempdir().unwrap();
    let chats = filled(folder.path());
    let connection = sqlite(folder.path());
    connection
        .execute_batch(
            "PRAGMA ignore_check_constraints = ON;
             UPDATE conversations SET title = CAST(X'FF41' AS TEXT) WHERE title = 'Chat 0';
             UPDATE messages SET text = CAST(X'FEFF42' AS TEXT), stats = '{', state = 'odd'
             WHERE text = 'Question 0'",
        )
        .unwrap();
    drop(connection);

    let history = History::open(folder.path()).unwrap();
    let titles: Vec<String> = history
        .conversations()
        .unwrap()
        .into_iter()
        .map(|c| c.title)
        .collect();
    assert!(titles.contains(&"\u{fffd}A".to_owned()), "{titles:?}");
    let texts = shown(&history, &chats[0]);
    assert_eq!(texts.len(), 12);
    assert_eq!(
        (texts[0].as_str(), texts[2].as_str()),
        ("\u{fffd}\u{fffd}B", "Question 5")
    );
}

#[test]
fn a_tree_bent_into_a_circle_does_not_hang() {
    let folder = tempdir().unwrap();
    let chats = filled(folder.path());
    let connection = sqlite(folder.path());
    connection
        .execute(
            "UPDATE messages SET parent_id = (SELECT active_leaf FROM conversations WHERE id = ?1)
             WHERE conversation_id = ?1 AND parent_id IS NULL",
            [chats[1].as_str()],
        )
        .unwrap();
    drop(connection);
    let history = History::open(folder.path()).unwrap();
    assert_eq!(shown(&history, &chats[1]).len(), 12);
    let first = history.branch(&chats[1]).unwrap().remove(0);
    history.show_version(&first.id).unwrap();
}

#[test]
fn a_torn_log_keeps_a_beginning_of_what_was_said() {
    let original = tempdir().unwrap();
    let history = History::open(original.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    for n in 0..40 {
        exchange(&history, &chat, &format!("q{n}"), &"a".repeat(n * 50));
    }
    let said = shown(&history, &chat);
    // Copied while in use: the last changes are in the log only.
    let file = fs::read(database(original.path())).unwrap();
    let log = fs::read(write_ahead_log(original.path())).unwrap();
    assert!(log.len() > 100 * 4096, "the log holds the changes");
    drop(history);

    let mut rng = Rng::new(SEED);
    let mut lengths = Vec::new();
    for round in 0..60 {
        let folder = tempdir().unwrap();
        fs::write(database(folder.path()), &file).unwrap();
        let mut torn = log.clone();
        let at = rng.below(torn.len());
        match round % 3 {
            0 => torn.truncate(at),
            1 => torn[at] ^= 0x10,
            _ => torn[at..].fill(0),
        }
        fs::write(write_ahead_log(folder.path()), &torn).unwrap();
        mark_unclean(folder.path());

        let history = History::open(folder.path()).unwrap();
        let kept = match history.branch(&chat) {
            // Torn before the chat itself was made.
            Err(HistoryError::NotFound { .. }) => Vec::new(),
            branch => branch.unwrap(),
        };
        // Exchanges are whole; the last answer may be one the tear left empty.
        assert_eq!(kept.len() % 2, 0);
        for (n, (message, text)) in kept.iter().zip(&said).enumerate() {
            let last = n + 1 == kept.len();
            assert!(
                message.text == *text || last && message.text.is_empty(),
                "message {n}"
            );
        }
        lengths.push(kept.len());
        drop(history);
        assert_sound(folder.path());
    }
    lengths.sort_unstable();
    lengths.dedup();
    assert!(
        lengths.len() > 10,
        "the tears fell on too few places: {lengths:?}"
    );
}
