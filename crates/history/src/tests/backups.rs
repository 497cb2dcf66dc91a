//! There is always a good copy, and copies never fill the disk.

use std::fs;

use tempfile::tempdir;

use super::{DAY_MS, NOON_MS, backups, open_at, open_backup, say, texts};
use crate::BackupReason;

#[test]
fn a_copy_a_day_and_five_in_all() {
    let folder = tempdir().unwrap();
    let history = open_at(folder.path(), NOON_MS).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    drop(history);
    assert_eq!(
        backups(folder.path()),
        [""; 0],
        "an empty history needs no copy"
    );

    for day in 0..8 {
        for hour in [0, 8, 16] {
            let now_ms = NOON_MS + day * DAY_MS + hour * 3_600_000;
            let history = open_at(folder.path(), now_ms).unwrap();
            say(&history, &chat, &format!("day {day}"));
        }
    }

    let names = backups(folder.path());
    assert_eq!(
        names,
        [
            "history_2025-11-23T120000Z.db",
            "history_2025-11-24T120000Z.db",
            "history_2025-11-25T120000Z.db",
            "history_2025-11-26T120000Z.db",
            "history_2025-11-27T120000Z.db",
        ]
    );
}

#[test]
fn a_copy_holds_every_chat() {
    let folder = tempdir().unwrap();
    let history = open_at(folder.path(), NOON_MS).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    for n in 0..20 {
        say(&history, &chat, &format!("{n} ").repeat(3000));
    }
    let said = texts(&history, &chat);
    drop(history);

    // Chats go on while the copy is made.
    let history = open_at(folder.path(), NOON_MS).unwrap();
    for n in 0..20 {
        say(&history, &chat, &format!("more {n}"));
    }
    assert!(history.notes().is_empty());
    drop(history);

    let names = backups(folder.path());
    assert_eq!(names.len(), 1);
    let (_other, copy) = open_backup(folder.path(), &names[0]);
    let copied = texts(&copy, &chat);
    assert!(
        copied.starts_with(&said),
        "{} of {}",
        copied.len(),
        said.len()
    );
}

#[test]
fn a_copy_cut_off_is_never_taken_for_a_whole_one() {
    let folder = tempdir().unwrap();
    let history = open_at(folder.path(), NOON_MS).unwrap();
    history.create_conversation("A", None).unwrap();
    drop(history);
    let copies = folder.path().join("backups");
    fs::create_dir(&copies).unwrap();
    fs::write(copies.join("history_2025-11-20T110000Z.db.partial"), "half").unwrap();

    drop(open_at(folder.path(), NOON_MS).unwrap());

    assert_eq!(backups(folder.path()), ["history_2025-11-20T120000Z.db"]);
}

#[test]
fn a_clock_that_was_wrong_once_does_not_end_the_copies() {
    let folder = tempdir().unwrap();
    let history = open_at(folder.path(), NOON_MS).unwrap();
    history.create_conversation("A", None).unwrap();
    drop(history);
    drop(open_at(folder.path(), NOON_MS + 9000 * DAY_MS).unwrap());
    drop(open_at(folder.path(), NOON_MS).unwrap());
    assert_eq!(backups(folder.path()).len(), 2);
}

#[test]
fn files_of_the_person_among_the_copies_stay() {
    let folder = tempdir().unwrap();
    let copies = folder.path().join("backups");
    fs::create_dir(&copies).unwrap();
    for name in [
        "history.db",
        "history-old.zip",
        "my history_2025-11-20T120000Z.db",
        "history_mine.db",
        "history_2025-11-20T12000xZ.db",
        "before-v.partial",
    ] {
        fs::write(copies.join(name), "mine").unwrap();
    }
    let history = open_at(folder.path(), NOON_MS).unwrap();
    history.create_conversation("A", None).unwrap();
    drop(history);
    for day in 0..8 {
        drop(open_at(folder.path(), NOON_MS + day * 2 * DAY_MS).unwrap());
    }
    let names = backups(folder.path());
    assert_eq!(names.len(), 5 + 6, "{names:?}");
}

#[test]
fn a_damaged_history_does_not_push_out_the_good_copies() {
    let folder = tempdir().unwrap();
    let history = open_at(folder.path(), NOON_MS).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    for n in 0..50 {
        say(&history, &chat, &n.to_string().repeat(500));
    }
    drop(history);
    drop(open_at(folder.path(), NOON_MS).unwrap());
    let good = backups(folder.path());
    assert_eq!(good.len(), 1);
    let database = folder.path().join("history.db");
    let mut bytes = fs::read(&database).unwrap();
    let last_page = bytes.len() - 4096;
    bytes[last_page] = 0x77;
    fs::write(&database, bytes).unwrap();

    // The last end was clean, so the start itself does not look at every page.
    let history = open_at(folder.path(), NOON_MS + 2 * DAY_MS).unwrap();
    let notes = loop {
        let notes = history.notes();
        if !notes.is_empty() {
            break notes;
        }
        std::thread::yield_now();
    };
    assert!(notes[0].to_string().contains("damaged"), "{notes:?}");
    drop(history);

    assert_eq!(backups(folder.path()), good);
    let (_other, copy) = open_backup(folder.path(), &good[0]);
    assert_eq!(texts(&copy, &chat).len(), 100);
}

#[test]
fn a_copy_that_cannot_be_made_does_not_keep_the_person_out() {
    let folder = tempdir().unwrap();
    let history = open_at(folder.path(), NOON_MS).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    drop(history);
    fs::write(
        folder.path().join("backups"),
        "a file where the folder should be",
    )
    .unwrap();

    let history = open_at(folder.path(), NOON_MS).unwrap();
    say(&history, &chat, "hi");
    let notes = history.notes();
    assert!(notes[0].to_string().contains("backup"), "{notes:?}");
}

#[test]
fn the_list_says_when_and_why_each_copy_was_made() {
    let folder = tempdir().unwrap();
    let history = open_at(folder.path(), NOON_MS).unwrap();
    history.create_conversation("A", None).unwrap();
    assert_eq!(history.backups().unwrap(), []);
    drop(history);
    drop(open_at(folder.path(), NOON_MS).unwrap());
    let copies = folder.path().join("backups");
    for name in [
        "before-v2_2025-11-19T235959Z.db",
        "before-vx_2025-11-19T235959Z.db",
        "my history_2025-11-20T120000Z.db",
        "history_2025-99-20T120000Z.db",
        "history_2025-11-20T110000Z.db.partial",
    ] {
        fs::write(copies.join(name), "mine").unwrap();
    }

    let history = open_at(folder.path(), NOON_MS).unwrap();
    let listed = history.backups().unwrap();
    let told: Vec<_> = listed.iter().map(|b| (b.made_at_ms, b.reason)).collect();
    assert_eq!(
        told,
        [
            (NOON_MS, BackupReason::Daily),
            (NOON_MS - 12 * 3_600_000 - 1000, BackupReason::BeforeUpgrade),
        ]
    );
    assert_eq!(listed[1].bytes, 4);
    assert!(listed[0].bytes > 4096);
}

#[test]
fn a_copy_asked_for_pushes_out_no_daily_one_and_holds_every_chat() {
    let folder = tempdir().unwrap();
    let history = open_at(folder.path(), NOON_MS).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    drop(history);
    let history = open_at(folder.path(), NOON_MS).unwrap();
    say(&history, &chat, "kept");
    let copies = folder.path().join("backups");
    fs::create_dir_all(&copies).unwrap();
    for day in 10..16 {
        fs::write(
            copies.join(format!("asked_2025-11-{day}T120000Z.db")),
            "old",
        )
        .unwrap();
    }
    // The daily one is being made at the same time.
    history.back_up_now().unwrap();
    assert!(history.notes().is_empty(), "{:?}", history.notes());
    let newest = history.backups().unwrap().remove(0);
    assert_eq!(newest.reason, BackupReason::Asked);
    drop(history);

    let names = backups(folder.path());
    let asked = names
        .iter()
        .filter(|name| name.starts_with("asked"))
        .count();
    assert_eq!((asked, names.len()), (5, 6), "{names:?}");
    let (_other, copy) = open_backup(folder.path(), &newest.name);
    assert_eq!(texts(&copy, &chat), ["kept", "kept"]);
}
