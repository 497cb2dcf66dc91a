//! Chats are sacred: stopped, left, killed, they keep their words.

use std::time::Duration;

use tern_models::Shelf;

use crate::page::{Look, Page};
use crate::rambling_model;
use crate::stage::{Stage, play};

/// What the rambling model is asked; also the title of its chat.
const ENDLESS: &str = "Tell me everything";

/// Opens the program with the rambling model chosen and an answer under way that is at least
/// `chars` long.
async fn ramble(stage: &Stage, chars: usize) -> Page {
    let path = rambling_model::write(stage.folder());
    let mut shelf = Shelf::open(&stage.data_dir()).expect("the shelf opens");
    let model = shelf.add(&path).expect("the model is a model");
    let page = stage.open().await;
    page.choose_model(&model.name).await;
    page.ask(ENDLESS).await;
    page.until("some text", |look| long_enough(look, chars))
        .await;
    page
}

fn long_enough(look: &Look, chars: usize) -> bool {
    look.last().state == "writing" && look.last().text.len() >= chars
}

#[test]
fn stop_keeps_the_text_so_far_and_says_so() {
    play("stop", async |stage| {
        let page = ramble(&stage, 40).await;
        let before = page.look().await.last().text;
        page.click("stop").await;
        let look = page
            .until("the answer to end", |look| look.last().state == "stopped")
            .await;
        let stopped = look.last();
        assert!(
            stopped.text.starts_with(&before),
            "text was lost: {before:?}, then {stopped:?}"
        );
        assert!(
            stopped.note.to_lowercase().contains("stopped"),
            "the answer says that it was stopped: {stopped:?}"
        );
        assert!(!look.is("can_stop"), "Stop makes room for Send: {look:?}");

        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(
            page.look().await.last().text,
            stopped.text,
            "nothing is written after Stop"
        );

        let page = stage.open().await;
        page.open_chat(ENDLESS).await;
        let look = page
            .until("the answer", |look| !look.answers().is_empty())
            .await;
        assert_eq!(
            look.last().text,
            stopped.text,
            "the stopped text is on disk"
        );
        assert_eq!(look.last().state, "stopped");
    });
}

#[test]
fn chats_do_not_mix() {
    play("two-chats", async |stage| {
        let page = stage.open().await;
        let first = page.ask_and_wait("Hello").await;
        page.click("new-chat").await;
        page.until("an empty chat", |look| {
            look.has("welcome") && look.questions().is_empty()
        })
        .await;
        let second = page.ask_and_wait("What is Tern?").await;
        page.until("both chats", |look| look.rows().len() == 2)
            .await;
        for (title, answer) in [
            ("Hello", &first),
            ("What is Tern?", &second),
            ("Hello", &first),
        ] {
            page.open_chat(title).await;
            let look = page
                .until("its messages", |look| look.questions() == [title])
                .await;
            assert_eq!(
                look.last().text,
                answer.text,
                "the answer belongs to {title}"
            );
        }
    });
}

#[test]
fn leaving_a_chat_while_it_writes_loses_no_word() {
    play("leave-and-return", async |stage| {
        let page = ramble(&stage, 20).await;
        for _ in 0..5 {
            page.click("new-chat").await;
            page.until("an empty chat", |look| look.questions().is_empty())
                .await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            page.open_chat(ENDLESS).await;
            page.until("the answer", |look| long_enough(look, 20)).await;
        }
        page.click("stop").await;
        let shown = page
            .until("the answer to end", |look| look.last().state == "stopped")
            .await
            .last()
            .text;

        let page = stage.open().await;
        page.open_chat(ENDLESS).await;
        let stored = page
            .until("the answer", |look| !look.answers().is_empty())
            .await
            .last()
            .text;
        assert_eq!(shown, stored, "what was shown is what was written");
    });
}

#[test]
fn kill_9_while_writing_keeps_every_message_and_marks_the_half_answer() {
    play("kill", async |stage| {
        let page = stage.open().await;
        page.ask_and_wait("Hello").await;
        stage.close().await;

        let page = ramble(&stage, 40).await;
        let shown = page.look().await.last().text;
        // The text reaches the disk about every 300 ms; what was shown a second ago is there.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            page.look().await.last().state,
            "writing",
            "the kill comes mid-answer"
        );
        stage.kill().await;

        let page = stage.open().await;
        let look = page
            .until("both chats", |look| look.rows().len() == 2)
            .await;
        assert!(
            !look.has("problem"),
            "the program opens without a complaint: {look:?}"
        );
        page.open_chat(ENDLESS).await;
        let look = page
            .until("its messages", |look| !look.answers().is_empty())
            .await;
        assert_eq!(look.questions(), [ENDLESS]);
        let half = look.last();
        assert_eq!(half.state, "interrupted", "{half:?}");
        assert!(half.note.to_lowercase().contains("interrupted"), "{half:?}");
        assert!(
            half.text.starts_with(&shown),
            "words were lost: {shown:?} was shown, {half:?} is left"
        );

        // And it goes on: the same chat takes the next question.
        page.choose_model("Guide").await;
        page.ask_and_wait("Hello again").await;
    });
}
