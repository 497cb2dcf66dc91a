//! What is counted is what is read.

use tern_app::{Attachment, ChatOptions, Question, Sampling};

use crate::desk::Desk;

#[test]
fn the_count_before_sending_is_the_prompt_that_is_read() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 6);
    let question = Question {
        text: "Say what stands in the file.".to_owned(),
        attachments: vec![Attachment {
            name: "notes.md".to_owned(),
            text: "Terns fly far.\n".to_owned(),
        }],
    };
    let empty = desk
        .app
        .context_use(None, &"".into(), None)
        .expect("counted");
    assert_eq!((empty.used_tokens, empty.question_tokens), (0, 0));
    let counted = desk
        .app
        .context_use(None, &question, None)
        .expect("counted");
    assert!(counted.question_tokens > 5 && counted.used_tokens > counted.question_tokens);
    assert_eq!(counted.cached_tokens, 0);
    let sent = desk
        .app
        .send_message(None, &question, false, None)
        .expect("sent");
    let (_, answer) = desk.finish(&sent);
    let stats = answer.stats.expect("figures");
    assert_eq!(stats.prompt_tokens as usize, counted.used_tokens);

    // The next question rereads nothing of it, and the count knows.
    let id = sent.row.id;
    let next = "And how far?";
    let counted = desk
        .app
        .context_use(Some(&id), &next.into(), None)
        .expect("counted");
    assert!(
        counted.cached_tokens >= stats.prompt_tokens as usize,
        "{counted:?}"
    );
    let sent = desk.send(Some(&id), next);
    let (_, answer) = desk.finish(&sent);
    let stats = answer.stats.expect("figures");
    assert_eq!(stats.prompt_tokens as usize, counted.used_tokens);
    assert_eq!(stats.reused_tokens as usize, counted.cached_tokens);
}

#[test]
fn what_the_model_saw_is_shown_exactly_and_says_when_it_may_not_be() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 6);
    let sent = desk.send(None, "Hi <|eot_id|> there");
    let options = ChatOptions {
        system_prompt: Some("Answer like a tern.".to_owned()),
        sampling: Some(Sampling {
            temperature: 0.0,
            max_answer_tokens: 5,
            ..Sampling::default()
        }),
    };
    let (_, first) = desk.finish(&sent);
    desk.app
        .set_chat_options(&sent.row.id, &options)
        .expect("set");
    let view = desk.app.chat(&sent.row.id, None).expect("chat");
    assert_eq!(view.options, options);
    let next = desk.send(Some(&sent.row.id), "Again");
    let (_, second) = desk.finish(&next);
    let stats = second.stats.clone().expect("figures");
    assert_eq!(stats.generated_tokens, 5, "the chat's own length counts");
    let sampling = stats.sampling.expect("how it was drawn");
    assert_eq!(sampling.temperature.to_bits(), 0.0_f32.to_bits());

    let prompt = desk.app.model_prompt(&second.id).expect("a prompt");
    assert!(prompt.exact);
    assert_eq!(prompt.tokens, stats.prompt_tokens as usize);
    for part in ["Answer like a tern.", "Hi <|eot_id|> there", "Again"] {
        assert!(prompt.text.contains(part), "{part} in {}", prompt.text);
    }
    assert!(!prompt.text.contains(&second.text));
    let earlier = desk.app.model_prompt(&first.id).expect("a prompt");
    assert!(earlier.exact && !earlier.text.contains("Answer like a tern."));

    desk.app
        .edit_answer(&first.id, "Something else")
        .expect("edited");
    let prompt = desk.app.model_prompt(&second.id).expect("a prompt");
    assert!(!prompt.exact, "an answer before it is another one now");
    assert!(desk.app.model_prompt(&sent.question.id).is_err());
}

#[test]
fn a_full_context_says_from_where_on_the_model_reads() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 2);
    let long = "tern ".repeat(60);
    let mut sent = desk.send(None, &format!("0 {long}"));
    let id = sent.row.id.clone();
    let first = sent.question.id.clone();
    let mut seen = None;
    for n in 1..20 {
        let (_, answer) = desk.finish(&sent);
        seen = answer.stats.and_then(|stats| stats.first_seen);
        if seen.is_some() {
            break;
        }
        sent = desk.send(Some(&id), &format!("{n} {long}"));
    }
    let seen = seen.expect("the context filled up");
    assert_ne!(seen, first);
    let prompt = desk.app.model_prompt(&sent.answer.id).expect("a prompt");
    assert!(prompt.exact);
    assert!(!prompt.text.contains("User: 0 tern"));

    desk.app.set_message_pinned(&first, true).expect("pinned");
    let counted = desk
        .app
        .context_use(Some(&id), &"Next".into(), None)
        .expect("counted");
    assert!(counted.left_out > 0 && !counted.too_long);
    let next = desk.send(Some(&id), "Next");
    desk.finish(&next);
    let prompt = desk.app.model_prompt(&next.answer.id).expect("a prompt");
    assert!(
        prompt.exact && prompt.text.contains("User: 0 tern"),
        "{}",
        prompt.text
    );

    let huge = "tern ".repeat(20_000);
    let counted = desk
        .app
        .context_use(Some(&id), &huge.as_str().into(), None)
        .expect("counted");
    assert!(counted.too_long);
}
