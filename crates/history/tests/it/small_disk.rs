//! A disk that is really full. `src/tests/full_disk.rs` does the same with a limit in SQLite,
//! everywhere and every day.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tern_history::{ConversationId, History, HistoryError, MessageState};

use crate::{assert_sound, shown};

/// Takes what is left of the disk but `spare` bytes, until the folder is dropped.
fn fill(disk: &Path, spare: usize) -> TempDir {
    let ballast = tempfile::tempdir_in(disk).unwrap();
    let folder = ballast.path();
    fs::write(folder.join("spare"), vec![1; spare]).unwrap();
    let mut file = File::create(folder.join("ballast")).unwrap();
    for size in [65_536, 4096, 512, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    fs::remove_file(folder.join("spare")).unwrap();
    ballast
}

fn assert_opens_or_says_full(folder: &Path, chat: &ConversationId, said: &[String]) {
    match History::open(folder) {
        Ok(history) => assert_eq!(shown(&history, chat), said),
        Err(error) => assert!(matches!(error, HistoryError::DiskFull { .. }), "{error:?}"),
    }
}

#[test]
#[ignore = "needs TERN_SMALL_DISK, a folder on a disk of a few MiB"]
fn a_full_disk_is_a_message_and_never_a_loss() {
    let disk = PathBuf::from(std::env::var_os("TERN_SMALL_DISK").expect("TERN_SMALL_DISK is set"));
    for spare_pages in [0, 1, 2, 5, 10, 20, 50] {
        let folder = tempfile::tempdir_in(&disk).unwrap();
        let history = History::open(folder.path()).unwrap();
        let chat = history.create_conversation("A", None).unwrap().id;
        let mut said = Vec::new();
        let ballast = fill(&disk, spare_pages * 4096);
        let mut half = None;
        let error = loop {
            assert!(said.len() < 1000, "the disk is not small or not full");
            let text = format!("{} ", said.len()).repeat(200);
            let (_, answer) = match history.append_exchange(&chat, &text, None) {
                Ok(exchange) => exchange,
                Err(error) => break error,
            };
            said.extend([text.clone(), String::new()]);
            half = Some(answer.id.clone());
            match history.finish(&answer.id, &text, MessageState::Complete, None, None) {
                Ok(()) => said.splice(said.len() - 1.., [text]),
                Err(error) => break error,
            };
        };
        assert!(
            matches!(error, HistoryError::DiskFull { .. }),
            "{spare_pages}: {error:?}"
        );
        assert_eq!(shown(&history, &chat), said, "read while the disk is full");
        drop(history);

        // Starting with a full disk: the chats are shown, or the sentence says why not. Closing
        // made a little room, which goes as well.
        let rest = fill(&disk, 0);
        for _ in 0..2 {
            assert_opens_or_says_full(folder.path(), &chat, &said);
        }
        drop((ballast, rest));
        let history = History::open(folder.path()).unwrap();
        assert_eq!(shown(&history, &chat), said);
        if let Some(half) = half {
            assert_ne!(history.message(&half).unwrap().state, MessageState::Writing);
        }
        history.append_exchange(&chat, "and on", None).unwrap();
        said.extend(["and on".to_owned(), String::new()]);
        drop(history);
        assert_sound(folder.path());

        // Closed in an orderly way, so that opening needs room for the log's files again.
        let ballast = fill(&disk, spare_pages * 4096);
        assert_opens_or_says_full(folder.path(), &chat, &said);
        drop(ballast);
        assert_eq!(shown(&History::open(folder.path()).unwrap(), &chat), said);
    }
}
