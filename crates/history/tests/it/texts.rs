//! Texts, figures and settings come back exactly as they were given.

use tempfile::tempdir;
use tern_history::{History, MessageState, MessageStats};

use crate::{database, exchange, shown, write_ahead_log};

#[test]
fn texts_that_other_programs_trip_over_come_back_whole() {
    let folder = tempdir().unwrap();
    let texts = [
        String::new(),
        "before\0after\0".to_owned(),
        "\u{feff}\u{202e}\u{200d}\u{fffd}\u{10ffff}".to_owned(),
        "\r\n\r \t\u{85}\u{2028}".to_owned(),
        "'; DROP TABLE messages; -- ?1 :text @x $y %".to_owned(),
        "\u{1f469}\u{200d}\u{1f4bb}".repeat(3),
        "0123456789abcde\n".repeat(512 * 1024),
    ];
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let mut expected = Vec::new();
    for text in &texts {
        exchange(&history, &chat, text, text);
        history.set_setting(text, text).unwrap();
        expected.extend([text.clone(), text.clone()]);
    }
    assert!(shown(&history, &chat) == expected);
    drop(history);

    let history = History::open(folder.path()).unwrap();
    assert!(
        shown(&history, &chat) == expected,
        "changed by closing and opening"
    );
    for text in &texts {
        assert!(history.setting(text).unwrap().as_ref() == Some(text));
    }
}

#[test]
fn figures_of_an_answer_come_back_and_nan_does_not_hide_it() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let stats = MessageStats {
        prompt_tokens: u32::MAX,
        reused_tokens: 1,
        generated_tokens: 2,
        prefill_seconds: 0.1,
        decode_seconds: f64::NAN,
        first_token_seconds: f64::INFINITY,
        stop_reason: "end_of_text".to_owned(),
        seed: u64::MAX.to_string(),
        system_prompt: Some("Be brief.".to_owned()),
        first_seen: Some("an id".to_owned()),
        prompt_hash: "00ff".to_owned(),
        sampling: Some("{\"top_k\":40}".to_owned()),
    };
    let (_, answer) = history.append_exchange(&chat, "q", None).unwrap();
    history
        .finish(
            &answer.id,
            "a",
            MessageState::Failed,
            Some(&stats),
            Some("Why."),
        )
        .unwrap();

    let stored = history.message(&answer.id).unwrap();
    assert_eq!(
        (stored.state, stored.error.as_deref()),
        (MessageState::Failed, Some("Why."))
    );
    let expected = MessageStats {
        decode_seconds: 0.0,
        first_token_seconds: 0.0,
        ..stats
    };
    assert_eq!(stored.stats, Some(expected));
}

#[test]
fn a_setting_keeps_its_last_value() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    assert_eq!(history.setting("theme").unwrap(), None);
    history.set_setting("theme", "\"dark\"").unwrap();
    history.set_setting("theme", "\"light\"").unwrap();
    drop(history);
    let history = History::open(folder.path()).unwrap();
    assert_eq!(
        history.setting("theme").unwrap().as_deref(),
        Some("\"light\"")
    );
}

#[test]
fn streaming_a_long_answer_does_not_fill_the_disk() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let (_, answer) = history.append_exchange(&chat, "q", None).unwrap();
    let text = "word ".repeat(20_000);
    for end in (0..text.len()).step_by(500) {
        history.set_text(&answer.id, &text[..end]).unwrap();
    }
    history
        .finish(&answer.id, &text, MessageState::Complete, None, None)
        .unwrap();
    let size = |path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let log = size(write_ahead_log(folder.path()));
    assert!(log < 24 << 20, "the write-ahead log has {log} bytes");
    drop(history);
    let file = size(database(folder.path()));
    assert!(
        file < 1 << 20,
        "the database has {file} bytes for a text of {}",
        text.len()
    );
}
