//! The built-in Guide answers questions it was not trained on, and stays small.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;
use tern_app::{App, AppEvent};

/// Of the held-out questions, so many must be answered; a new training run may miss a few.
const LEAST: usize = 33;

fn root(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

#[test]
fn held_out_questions_are_answered() {
    let text = std::fs::read_to_string(root("tools/guide/questions.json")).expect("the questions");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let questions = file["questions"].as_array().expect("a list");
    assert!(questions.len() >= 36, "{} questions", questions.len());
    let folder = tempfile::tempdir().expect("folder");
    let (sender, events) = channel();
    let sink = move |event| {
        let _ = sender.send(event);
    };
    let app = App::open(folder.path(), Box::new(sink)).expect("opens");

    let mut missed = Vec::new();
    for entry in questions {
        let question = entry["question"].as_str().expect("a question");
        let expected = entry["expect"].as_array().expect("a list");
        app.send_message(None, &question.into(), false, None)
            .expect("sent");
        let answer = loop {
            let event = events
                .recv_timeout(Duration::from_secs(60))
                .expect("an answer in time");
            if let AppEvent::AnswerFinished { message, .. } = event {
                break message.text;
            }
        };
        let lower = answer.to_lowercase();
        let hit = |word: &Value| lower.contains(word.as_str().expect("a text"));
        if !expected.iter().any(hit) {
            missed.push(format!("{question} → {answer}"));
        }
    }
    assert!(
        questions.len() - missed.len() >= LEAST,
        "missed:\n{}",
        missed.join("\n")
    );
}

#[test]
fn the_guide_takes_at_most_four_megabytes() {
    let files = std::fs::read_dir(root("assets/guide")).expect("the folder");
    let bytes: u64 = files
        .map(|file| file.expect("a file").metadata().expect("its size").len())
        .sum();
    assert!(bytes <= 4 << 20, "{bytes} bytes");
}
