//! The first minute: a window, the Guide, an answer.

use crate::stage::play;

#[test]
fn a_first_start_shows_the_guide_ready_to_be_asked() {
    play("first-start", async |stage| {
        let page = stage.open().await;
        let look = page.until("the welcome", |look| look.has("welcome")).await;
        assert!(
            look.part("welcome").contains("Guide"),
            "the welcome names the Guide: {look:?}"
        );
        assert!(
            look.part("model").contains("Guide"),
            "the Guide is chosen: {look:?}"
        );
        assert!(look.rows().is_empty(), "no chats yet: {look:?}");
        assert!(!look.has("problem"), "nothing is wrong: {look:?}");
        page.until("the cursor to be in the composer", |look| {
            look.part("focus") == "composer-input"
        })
        .await;
        page.find_button("sidebar", "Settings").await;
        page.find("status-strip").await;
        assert!(
            stage.data_dir().is_dir(),
            "the data folder is made on the first start"
        );
    });
}

#[test]
fn the_guide_answers_and_says_how_fast() {
    play("guide-answers", async |stage| {
        let page = stage.open().await;
        page.until("the welcome", |look| look.has("welcome")).await;
        let answer = page.ask_and_wait("What is Tern?").await;
        assert!(
            answer.text.split_whitespace().count() >= 5,
            "an answer of some words: {answer:?}"
        );
        let look = page
            .until("the figures under the answer", |look| {
                look.last().stats.contains("tok/s")
            })
            .await;
        assert!(look.last().stats.contains("tokens"), "{look:?}");
        assert!(!look.has("welcome"), "the welcome makes room: {look:?}");
        let rows = look.rows();
        assert_eq!(rows.len(), 1, "{look:?}");
        assert!(
            rows[0].title.contains("What is Tern?") && rows[0].current,
            "the chat is in the sidebar: {look:?}"
        );
    });
}

#[test]
fn the_next_question_follows_in_the_same_chat() {
    play("second-question", async |stage| {
        let page = stage.open().await;
        page.ask_and_wait("Hello").await;
        page.ask_and_wait("Where are my chats kept?").await;
        let look = page.look().await;
        assert_eq!(look.questions(), ["Hello", "Where are my chats kept?"]);
        assert_eq!(look.answers().len(), 2, "{look:?}");
        assert_eq!(look.rows().len(), 1, "one chat, not two: {look:?}");
    });
}
