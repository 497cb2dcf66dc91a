//! Titles come from the first line at once, and from the model when it has time.

use std::path::Path;

use tern_app::{AppEvent, Settings};

use crate::desk::Desk;

/// The Guide's own files, opened like any other model: it answers quickly and ends its answers.
fn with_small_model(folder: &Path) -> Desk {
    let desk = Desk::open(folder);
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/guide");
    let model = desk.app.open_model(&files).expect("a model");
    desk.app.select_model(&model.id, None).expect("selected");
    desk
}

/// The Guide is no writer of titles; to this it says something short enough for one.
const QUESTION: &str = "Thank you";

#[test]
fn a_better_title_comes_when_nothing_else_is_to_do() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = with_small_model(folder.path());
    let sent = desk.send(None, QUESTION);
    assert_eq!(sent.row.title, "Thank you");
    let (_, first) = desk.finish(&sent);
    let read = first.stats.expect("figures").prompt_tokens;
    let events = desk.until(
        |event| matches!(event, AppEvent::ConversationChanged(row) if row.title != "Thank you"),
    );
    let Some(AppEvent::ConversationChanged(row)) = events.last() else {
        panic!("the row with its title");
    };
    assert!(
        (3..=60).contains(&row.title.chars().count()),
        "{}",
        row.title
    );
    // The chat's own tokens are still in memory, but for the space before the answer, which is
    // part of the answer's first word now.
    let next = desk.send(Some(&sent.row.id), "And then?");
    let (_, answer) = desk.finish(&next);
    let stats = answer.stats.expect("figures");
    assert!(
        stats.reused_tokens + 1 >= read,
        "{stats:?}, {read} were read before"
    );
}

#[test]
fn a_title_of_the_persons_own_stays() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = with_small_model(folder.path());
    let sent = desk.send(None, QUESTION);
    desk.finish(&sent);
    desk.app.rename(&sent.row.id, "Mine").expect("renamed");
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(desk.app.chats().expect("chats")[0].title, "Mine");
}

#[test]
fn without_the_setting_the_first_line_stays() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = with_small_model(folder.path());
    let settings = Settings {
        smart_titles: false,
        ..desk.app.settings()
    };
    desk.app.set_settings(settings).expect("stored");
    let sent = desk.send(None, QUESTION);
    desk.finish(&sent);
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(desk.app.chats().expect("chats")[0].title, "Thank you");
}
