//! A word from any branch of any chat leads back to it.

use crate::stage::play;

#[test]
fn a_word_of_an_answer_leads_to_its_chat() {
    play("search", async |stage| {
        let page = stage.open().await;
        let answer = page.ask_and_wait("What is Tern?").await;
        page.click("new-chat").await;
        page.ask_and_wait("Hello").await;
        // A word that is in neither title.
        let word = answer
            .text
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !"What is Tern Hello".contains(word))
            .max_by_key(|word| word.len())
            .expect("an answer of words")
            .to_owned();
        page.click("search").await;
        page.type_into("palette-input", &word).await;
        page.click("palette-message").await;
        let look = page
            .until("the chat to open", |look| {
                look.questions() == ["What is Tern?"] && look.last().text == answer.text
            })
            .await;
        let open = look.rows().into_iter().find(|row| row.current);
        assert!(
            open.is_some_and(|row| row.title == "What is Tern?"),
            "{look:?}"
        );
    });
}
