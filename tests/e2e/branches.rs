//! Messages can be changed, and nothing that was there is lost by it.

use crate::page::{BACKSPACE, ENTER, Look, UP};
use crate::stage::play;

#[test]
fn an_edited_question_is_another_version_and_the_first_one_stays() {
    play("edit-question", async |stage| {
        let page = stage.open().await;
        let first = page.ask_and_wait("Hello").await;
        // Up in an empty box edits the last question.
        page.type_into("composer-input", UP).await;
        let edited = format!("{}What is Tern?{ENTER}", BACKSPACE.repeat("Hello".len()));
        page.type_into("message-editor", &edited).await;
        let answered =
            |look: &Look| look.questions() == ["What is Tern?"] && look.last().state == "complete";
        let second = page.until("the new answer", answered).await.last();
        assert_ne!(first.text, second.text);
        page.until("the versions", |look| {
            look.part("version").starts_with("2/2")
        })
        .await;

        page.press("Previous version").await;
        let look = page
            .until("the first version", |look| look.questions() == ["Hello"])
            .await;
        assert_eq!(look.last().text, first.text);

        // Both are on disk, and the one that was shown last is shown again.
        let page = stage.open().await;
        page.open_chat("Hello").await;
        page.until("the first version", |look| look.questions() == ["Hello"])
            .await;
        page.press("Next version").await;
        let look = page.until("the second version", answered).await;
        assert_eq!(look.last().text, second.text);
    });
}

#[test]
fn a_deleted_message_comes_back_with_undo_and_stays_away_without() {
    play("delete-message", async |stage| {
        let page = stage.open().await;
        page.ask_and_wait("Hello").await;
        let kept = page.ask_and_wait("What is Tern?").await;
        let delete_last_answer = async || {
            page.press("More actions").await;
            page.press("Delete message").await;
            page.until("one answer", |look| look.answers().len() == 1)
                .await;
        };
        delete_last_answer().await;
        page.press("Undo").await;
        let look = page
            .until("both answers", |look| look.answers().len() == 2)
            .await;
        assert_eq!(look.last().text, kept.text);
        delete_last_answer().await;

        let page = stage.open().await;
        page.open_chat("Hello").await;
        let look = page
            .until("its messages", |look| look.questions().len() == 2)
            .await;
        assert_eq!(look.answers().len(), 1, "{look:?}");
    });
}

#[test]
fn a_branch_becomes_a_chat_of_its_own() {
    play("branch-off", async |stage| {
        let page = stage.open().await;
        let answer = page.ask_and_wait("Hello").await;
        page.press("More actions").await;
        page.press("Branch into a new chat").await;
        let look = page.until("two chats", |look| look.rows().len() == 2).await;
        let open = look.rows().into_iter().find(|row| row.current);
        assert!(
            open.is_some_and(|row| row.title.contains("(branch)")),
            "{look:?}"
        );
        let look = page
            .until("its messages", |look| look.questions() == ["Hello"])
            .await;
        assert_eq!(look.last().text, answer.text);
    });
}
