//! What the window says of itself is true.

use crate::page::{ESCAPE, Look};
use crate::stage::play;

#[test]
fn what_the_model_saw_is_the_prompt_word_for_word() {
    play("model-prompt", async |stage| {
        let page = stage.open().await;
        page.ask_and_wait("Hello").await;
        page.click("stats").await;
        page.press("What the model saw").await;
        let prompt = page.text_of("model-prompt-text").await;
        assert!(prompt.contains("User: Hello"), "{prompt}");
        assert!(prompt.trim_end().ends_with("Assistant:"), "{prompt}");
        page.type_into("model-prompt-text", ESCAPE).await;
    });
}

#[test]
fn the_log_of_connections_is_empty_and_says_when_it_was_made() {
    play("connections", async |stage| {
        let page = stage.open().await;
        page.ask_and_wait("Hello").await;
        page.press("No connections since start").await;
        let log = page.text_of("connection-log").await;
        assert!(
            log.contains("was asked for Tern\u{2019}s connections"),
            "{log}"
        );
        assert!(log.contains("nothing was connected to"), "{log}");
    });
}

#[test]
fn the_dial_counts_what_is_typed() {
    play("dial", async |stage| {
        let page = stage.open().await;
        page.ask_and_wait("Hello").await;
        page.type_into("composer-input", "What is Tern?").await;
        page.click("context-ring").await;
        let counted = |look: &Look| look.part("figures").contains(|c: char| c.is_ascii_digit());
        let look = page.until("the figures", counted).await;
        let figures = look.part("figures");
        let numbers: Vec<u32> = figures
            .split(|c: char| !(c.is_ascii_digit() || c == ','))
            .filter_map(|number| number.replace(',', "").parse().ok())
            .collect();
        assert!(
            numbers.len() >= 4,
            "used, total, cached and reserved: {figures}"
        );
        assert!(numbers.iter().any(|&n| n > 4), "{figures}");
    });
}
