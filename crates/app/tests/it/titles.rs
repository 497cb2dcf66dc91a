//! Titles come from the first line at once, and from the model when it has time.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tern_app::{AppEvent, Settings};

use crate::desk::Desk;

/// The Guide's own files, opened like any other model, with marks that end an answer at its first
/// clause: short enough for a title, whatever the Guide has to say.
fn with_small_model(folder: &Path) -> Desk {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/guide");
    let files = folder.join("terse");
    fs::create_dir(&files).expect("a new folder");
    for file in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
    ] {
        fs::copy(guide.join(file), files.join(file)).expect(file);
    }
    let json = |path: PathBuf| -> Value {
        let text = fs::read_to_string(path).expect("a file of the Guide");
        serde_json::from_str(&text).expect("JSON")
    };
    let vocabulary = json(guide.join("tokenizer.json"))["model"]["vocab"].clone();
    let marks = [".", ",", "!", "?", ":", ";"].map(|mark| vocabulary[mark].clone());
    let mut generation = json(guide.join("generation_config.json"));
    generation["eos_token_id"] = marks.iter().filter(|id| id.is_u64()).cloned().collect();
    let generation = generation.to_string();
    fs::write(files.join("generation_config.json"), generation).expect("written");

    let desk = Desk::open(&folder.join("data"));
    let model = desk.app.import_model(&files, false).expect("a model");
    desk.app.select_model(&model.id, None).expect("selected");
    desk
}

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
