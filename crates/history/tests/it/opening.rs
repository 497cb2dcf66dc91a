//! Whatever lies in the data folder: it is opened, or it is left alone with words that help.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use tempfile::tempdir;
use tern_history::{History, HistoryError, MessageState};

use crate::{assert_sound, database, exchange, shown, sqlite, write_ahead_log};

fn refusal(folder: &Path) -> HistoryError {
    match History::open(folder) {
        Ok(_) => panic!("{} was opened", folder.display()),
        Err(error) => error,
    }
}

/// The sentence must name this and say that.
fn assert_says(error: &HistoryError, words: &[&str]) {
    let sentence = error.to_string();
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in: {sentence}");
    }
}

#[test]
fn chats_are_there_after_closing_and_opening() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", Some("guide")).unwrap();
    exchange(&history, &chat.id, "q", "a");
    let before = history.conversations().unwrap();
    drop(history);
    assert!(
        !write_ahead_log(folder.path()).exists(),
        "closing tidies up"
    );

    let history = History::open(folder.path()).unwrap();
    assert_eq!(history.conversations().unwrap(), before);
    assert_eq!(shown(&history, &chat.id), ["q", "a"]);
    assert!(history.notes().is_empty());
    drop(history);
    assert_sound(folder.path());
}

#[test]
fn a_half_answer_is_kept_and_marked() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let (_, answer) = history.append_exchange(&chat, "q", None).unwrap();
    history.set_text(&answer.id, "half an ans").unwrap();
    drop(history);

    let history = History::open(folder.path()).unwrap();
    let answer = history.message(&answer.id).unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.state),
        ("half an ans", MessageState::Interrupted)
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    for folder in [file.clone(), file.join("data")] {
        let error = refusal(&folder);
        assert!(
            matches!(error, HistoryError::FolderUnusable { .. }),
            "{error}"
        );
        assert_says(&error, &[&folder.display().to_string(), "TERN_DATA_DIR"]);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a folder");
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_nobody_may_write_to_is_named() {
    // Not even root may make files here.
    for folder in ["/proc/tern-data", "/proc/self"] {
        let error = refusal(Path::new(folder));
        assert!(
            matches!(error, HistoryError::FolderUnusable { .. }),
            "{error}"
        );
        assert_says(&error, &[folder, "TERN_DATA_DIR"]);
    }
}

#[test]
fn a_second_tern_stays_out_and_harms_nothing() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let (_, answer) = history.append_exchange(&chat, "q", None).unwrap();

    let error = refusal(folder.path());

    assert!(matches!(error, HistoryError::InUse { .. }), "{error}");
    assert_says(&error, &["Tern is already open with this data folder"]);
    // Had it come in, it would have marked the answer as interrupted.
    history.set_text(&answer.id, "a").unwrap();
    drop(history);
    History::open(folder.path()).unwrap();
}

#[test]
fn a_file_that_is_not_a_database_is_left_alone() {
    let sqlite_start = b"SQLite format 3\0";
    let contents: [&[u8]; 5] = [
        b"x",
        b"Dear diary, nothing of this may be lost.",
        &[0; 4096],
        sqlite_start,
        &[&sqlite_start[..], &[0xff; 4080]].concat(),
    ];
    for content in contents {
        let folder = tempdir().unwrap();
        fs::write(database(folder.path()), content).unwrap();
        let error = refusal(folder.path());
        assert!(
            matches!(error, HistoryError::NotADatabase { .. }),
            "{error}"
        );
        assert_says(
            &error,
            &[&database(folder.path()).display().to_string(), "Move it"],
        );
        assert_eq!(fs::read(database(folder.path())).unwrap(), content);
    }
}

#[test]
fn another_programs_database_is_left_alone() {
    let folder = tempdir().unwrap();
    let other = sqlite(folder.path());
    other
        .execute_batch("CREATE TABLE conversations (id); PRAGMA user_version = 1")
        .unwrap();
    drop(other);
    let before = fs::read(database(folder.path())).unwrap();

    let error = refusal(folder.path());

    assert!(
        matches!(error, HistoryError::NotADatabase { .. }),
        "{error}"
    );
    assert_eq!(fs::read(database(folder.path())).unwrap(), before);
    assert!(!write_ahead_log(folder.path()).exists());
}

#[test]
fn a_folder_in_the_databases_place_is_an_error() {
    let folder = tempdir().unwrap();
    fs::create_dir(database(folder.path())).unwrap();
    let error = refusal(folder.path());
    assert_says(&error, &["history.db"]);
    assert!(database(folder.path()).is_dir());
}

#[test]
fn a_newer_database_is_refused_and_not_changed() {
    let folder = tempdir().unwrap();
    drop(History::open(folder.path()).unwrap());
    sqlite(folder.path())
        .pragma_update(None, "user_version", 7)
        .unwrap();
    let before = fs::read(database(folder.path())).unwrap();

    let error = refusal(folder.path());

    let HistoryError::NewerDatabase {
        found, supported, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((found, supported), (7, 2));
    assert_says(&error, &["newer version of Tern", "format 7"]);
    assert_eq!(fs::read(database(folder.path())).unwrap(), before);
}

#[test]
fn chats_in_a_log_without_its_database_are_not_thrown_away() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    history.create_conversation("A", None).unwrap();
    let log = fs::read(write_ahead_log(folder.path())).unwrap();
    drop(history);
    for database_is_empty in [false, true] {
        fs::remove_file(database(folder.path())).unwrap();
        if database_is_empty {
            fs::write(database(folder.path()), "").unwrap();
        }
        fs::write(write_ahead_log(folder.path()), &log).unwrap();
        let error = refusal(folder.path());
        assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
        assert_says(&error, &["history.db-wal", "backups"]);
        assert_eq!(fs::read(write_ahead_log(folder.path())).unwrap(), log);
        fs::write(database(folder.path()), "").unwrap();
    }
}

#[test]
fn a_first_start_cut_off_is_made_good() {
    // An empty file, one that only has Tern's mark, and the mark with the journal that undoes
    // it: what a kill in the first milliseconds of the first start can leave.
    let mark = u32::from_be_bytes(*b"TERN");
    for (marked, journaled) in [(false, false), (true, false), (true, true)] {
        let folder = tempdir().unwrap();
        fs::write(database(folder.path()), "").unwrap();
        let journal = folder.path().join("history.db-journal");
        if marked {
            let first_start = sqlite(folder.path());
            // Unsynced, the journal is complete at once and can be copied.
            first_start
                .execute_batch("PRAGMA synchronous = OFF; BEGIN")
                .unwrap();
            first_start
                .pragma_update(None, "application_id", mark)
                .unwrap();
            let undo = fs::read(&journal).unwrap();
            first_start.execute_batch("COMMIT").unwrap();
            drop(first_start);
            if journaled {
                fs::write(&journal, undo).unwrap();
            }
        }

        for _ in 0..2 {
            let history = History::open(folder.path()).unwrap();
            history.create_conversation("A", None).unwrap();
            drop(history);
            assert_sound(folder.path());
            assert_eq!(fs::read(database(folder.path())).unwrap()[68..72], *b"TERN");
        }
    }
}

#[test]
#[cfg(unix)]
fn other_users_of_the_computer_cannot_read_the_chats() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    let data = folder.path().join("a/tern");
    drop(History::open(&data).unwrap());
    let mode = fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn folders_with_unusual_names_work() {
    let folder = tempdir().unwrap();
    let names: Vec<OsString> = vec![
        "\u{c4} \u{1f426} 'quoted' %20 #&=".into(),
        #[cfg(unix)]
        "file:x.db?mode=memory".into(),
        #[cfg(target_os = "linux")]
        std::os::unix::ffi::OsStringExt::from_vec(b"\xff\xfe".to_vec()),
    ];
    for name in names {
        let data = folder.path().join(&name);
        for _ in 0..2 {
            let history = History::open(&data).unwrap();
            history.create_conversation("A", None).unwrap();
            drop(history);
        }
        // The second opening made a backup.
        assert_eq!(
            fs::read_dir(data.join("backups")).unwrap().count(),
            1,
            "{name:?}"
        );
    }
}

#[test]
fn sentences_end_and_hide_no_code() {
    let folder = tempdir().unwrap();
    fs::write(database(folder.path()), "x").unwrap();
    let sentence = refusal(folder.path()).to_string();
    assert!(
        sentence.ends_with('.') && !sentence.contains("  "),
        "{sentence}"
    );
}
