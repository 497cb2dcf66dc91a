//! Chats taken elsewhere: nothing is lost on the way, and nothing goes that should not.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tern_app::{
    AppEvent, Attachment, ChatOptions, ExportError, ExportFormat, ExportWords, Question, Sampling,
};
use tern_history::{History, Message, MessageState, Role};

use crate::desk::Desk;

fn words() -> ExportWords {
    ExportWords {
        you: "You".to_owned(),
        answer: "Answer".to_owned(),
        system: "System".to_owned(),
        attached: "Attached:".to_owned(),
        stopped: "stopped".to_owned(),
        interrupted: "cut off".to_owned(),
        failed: "failed".to_owned(),
        all: "Tern: chats".to_owned(),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable").flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort_unstable();
    names
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("readable");
    serde_json::from_str(&text).expect("JSON")
}

/// A message of the file as the history has it.
fn message(told: &Value, conversation: &str) -> Message {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let count = |value: &Value| u32::try_from(value.as_u64().expect("a count")).expect("small");
    let stats = &told["stats"];
    Message {
        id: text(&told["id"]).expect("an id").into(),
        conversation: conversation.to_owned().into(),
        parent: text(&told["parent"]).map(Into::into),
        role: match told["role"].as_str() {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            other => panic!("{other:?}"),
        },
        text: text(&told["text"]).expect("a text"),
        state: match told["state"].as_str() {
            Some("complete") => MessageState::Complete,
            Some("stopped") => MessageState::Stopped,
            Some("interrupted") => MessageState::Interrupted,
            other => panic!("{other:?}"),
        },
        created_at_ms: told["created_at_ms"].as_i64().expect("a time"),
        model: text(&told["model"]),
        stats: (!stats.is_null()).then(|| tern_history::MessageStats {
            prompt_tokens: count(&stats["prompt_tokens"]),
            reused_tokens: count(&stats["reused_tokens"]),
            generated_tokens: count(&stats["generated_tokens"]),
            prefill_seconds: stats["prefill_seconds"].as_f64().expect("seconds"),
            decode_seconds: stats["decode_seconds"].as_f64().expect("seconds"),
            first_token_seconds: stats["first_token_seconds"].as_f64().expect("seconds"),
            stop_reason: text(&stats["stop_reason"]).expect("a reason"),
            seed: text(&stats["seed"]).expect("a seed"),
            sampling: Some(stats["sampling"].to_string()),
            system_prompt: text(&stats["system_prompt"]),
            first_seen: text(&stats["first_seen"]),
            prompt_hash: text(&stats["prompt_hash"]).expect("a hash"),
        }),
        error: text(&told["error"]),
        attachments: told["attachments"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|file| Attachment {
                name: text(&file["name"]).expect("a name"),
                text: text(&file["text"]).expect("a text"),
            })
            .collect(),
        pinned: told["pinned"].as_bool().expect("yes or no"),
        edited: told["edited"].as_bool().expect("yes or no"),
    }
}

/// JSON in one order, as the file has it.
fn in_order(json: &str) -> String {
    let value: Value = serde_json::from_str(json).expect("JSON");
    value.to_string()
}

#[test]
fn json_brings_the_whole_tree_and_nothing_deleted() {
    let folder = tempfile::tempdir().expect("folder");
    let out = tempfile::tempdir().expect("folder");
    let path = out.path().join("chat.json");
    let desk = Desk::with_rambler(folder.path(), 6);
    let question = Question {
        text: "quote \" slash \\ \0 \u{1b}[1m \u{2028} \u{202e} 𝕏 </script>\r\n".to_owned(),
        attachments: vec![Attachment {
            name: "a\"b\n.md".to_owned(),
            text: "\0line\ttab\u{7f}".to_owned(),
        }],
    };
    let options = ChatOptions {
        system_prompt: Some("Be \"brief\".\n".to_owned()),
        sampling: Some(Sampling {
            temperature: 0.7,
            seed: Some(u64::MAX),
            max_answer_tokens: 6,
            ..Sampling::default()
        }),
    };
    let sent = desk
        .app
        .send_message(None, &question, false, Some(&options))
        .expect("sent");
    let id = sent.row.id.clone();
    let (_, first) = desk.finish(&sent);
    desk.finish(&desk.app.retry_answer(&first.id).expect("another answer"));
    let follow = desk.send(Some(&id), "Second");
    let (_, second) = desk.finish(&follow);
    desk.finish(
        &desk
            .app
            .edit_question(&follow.question.id, &"Other".into())
            .expect("a version"),
    );
    desk.app.edit_answer(&first.id, "mine").expect("edited");
    desk.app
        .set_message_pinned(&first.id, true)
        .expect("pinned");
    desk.app
        .delete_message(&follow.question.id)
        .expect("deleted");
    desk.app.show_version(&second.id).expect("shown");
    desk.app.rename(&id, "A \"title\"").expect("renamed");
    desk.app.set_pinned(&id, true).expect("pinned");
    let exported = desk
        .app
        .export_chat(&id, &path, ExportFormat::Json, &words())
        .expect("exported");
    assert_eq!((exported.chats, &exported.path), (1, &path));
    assert_eq!(names(out.path()), ["chat.json"]);
    drop(desk);

    let file = json(&path);
    assert_eq!(file["format"], "tern-chats");
    assert_eq!(file["version"], 1);
    let chats = file["chats"].as_array().expect("chats");
    assert_eq!(chats.len(), 1);
    let told = &chats[0];
    let history = History::open(folder.path()).expect("opens");
    let mut stored = history.whole(&id).expect("a chat");
    assert_eq!(stored.messages.len(), 6, "all branches");
    for message in &mut stored.messages {
        if let Some(stats) = &mut message.stats {
            stats.sampling = stats.sampling.as_deref().map(in_order);
        }
    }
    let brought: Vec<Message> = told["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|told| message(told, id.as_str()))
        .collect();
    assert_eq!(brought, stored.messages);
    let chat = stored.conversation;
    assert_eq!(told["id"], chat.id.as_str());
    assert_eq!(told["title"], chat.title);
    assert_eq!(told["title_is_manual"], true);
    assert_eq!(told["created_at_ms"], chat.created_at_ms);
    assert_eq!(told["updated_at_ms"], chat.updated_at_ms);
    assert_eq!(told["pinned"], true);
    assert_eq!(told["archived"], false);
    assert_eq!(told["model_id"], chat.model_id.expect("a model"));
    assert_eq!(told["system_prompt"], "Be \"brief\".\n");
    assert_eq!(told["active_leaf"], second.id.as_str());
    assert_eq!(
        told["options"].to_string(),
        in_order(&chat.options.expect("options"))
    );
}

#[test]
fn markdown_shows_the_branch_that_is_shown() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("chat.md");
    let desk = Desk::with_rambler(folder.path(), 6);
    let question = Question {
        text: "Read\0this".to_owned(),
        attachments: vec![Attachment {
            name: "field_notes.md".to_owned(),
            text: "not to be seen".to_owned(),
        }],
    };
    let sent = desk
        .app
        .send_message(None, &question, false, None)
        .expect("sent");
    let (_, first) = desk.finish(&sent);
    desk.app
        .edit_answer(&first.id, "The other version")
        .expect("edited");
    let again = desk.app.retry_answer(&first.id).expect("a version");
    let (_, shown) = desk.finish(&again);
    desk.app
        .edit_answer(&shown.id, "# Mine\n\n```\ncut")
        .expect("edited");
    desk.app.rename(&sent.row.id, "A *star*").expect("renamed");
    desk.app
        .export_chat(&sent.row.id, &path, ExportFormat::Markdown, &words())
        .expect("exported");

    let text = fs::read_to_string(&path).expect("readable");
    assert!(
        text.starts_with("# A \\*star\\*\n\n---\n\n**You** · 20"),
        "{text}"
    );
    assert!(
        text.contains("\nRead\u{fffd}this\n\n*Attached:* field\\_notes.md\n\n---\n"),
        "{text}"
    );
    let name = shown.model_name.expect("a model").replace('_', "\\_");
    assert!(text.contains(&format!("\n**{name}** · 20")), "{text}");
    assert!(text.ends_with("\n\n# Mine\n\n```\ncut\n```\n"), "{text}");
    assert!(
        !text.contains("other version") && !text.contains("not to be seen"),
        "{text}"
    );
}

#[test]
fn an_answer_under_way_is_told_as_far_as_it_is() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("chat.json");
    let desk = Desk::with_rambler(folder.path(), 0);
    let sent = desk.send(None, "Tell me all");
    desk.until(|event| matches!(event, AppEvent::TextDelta { seq: 1, .. }));
    desk.app
        .export_chat(&sent.row.id, &path, ExportFormat::Json, &words())
        .expect("exported");
    let answer = &json(&path)["chats"][0]["messages"][1];
    assert_eq!(answer["state"], "interrupted");
    assert_ne!(answer["text"], "");

    let path = folder.path().join("chat.md");
    desk.app
        .export_chat(&sent.row.id, &path, ExportFormat::Markdown, &words())
        .expect("exported");
    assert!(
        fs::read_to_string(&path)
            .expect("readable")
            .contains(" · cut off\n")
    );
    desk.app.stop(&sent.row.id);
    desk.finish(&sent);
}

#[test]
fn all_chats_are_the_archived_ones_too_and_neither_deleted_nor_temporary_ones() {
    let folder = tempfile::tempdir().expect("folder");
    let out = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 2);
    let mut ids = Vec::new();
    for (title, temporary) in [
        ("one/two?", false),
        ("One-Two", false),
        ("archived", false),
        ("deleted", false),
        ("secret", true),
    ] {
        let sent = desk.app.send_message(None, &title.into(), temporary, None);
        let sent = sent.expect("sent");
        desk.finish(&sent);
        ids.push(sent.row.id);
    }
    desk.app.set_archived(&ids[2], true).expect("archived");
    desk.app.delete(&ids[3..4]).expect("deleted");

    let path = out.path().join("all.json");
    let all = desk.app.export_all(&path, ExportFormat::Json, &words());
    assert_eq!(all.expect("exported").chats, 3);
    let file = json(&path);
    let chats = file["chats"].as_array().expect("chats");
    let titles: Vec<_> = chats.iter().map(|chat| &chat["title"]).collect();
    assert_eq!(titles, ["one/two?", "One-Two", "archived"]);
    assert_eq!(chats[2]["archived"], true);
    assert!(!file.to_string().contains("secret"));

    let all = desk
        .app
        .export_all(out.path(), ExportFormat::Markdown, &words());
    let all = all.expect("exported");
    assert_eq!(all.chats, 3);
    assert_eq!(
        names(&all.path),
        ["One-Two (2).md", "archived.md", "one-two.md"]
    );
    let name = all.path.file_name().expect("a name").to_string_lossy();
    assert!(name.starts_with("Tern chats 20"), "{name}");
    let again = desk
        .app
        .export_all(out.path(), ExportFormat::Markdown, &words());
    assert_eq!(
        again.expect("exported").path,
        out.path().join(format!("{name} (2)"))
    );
    assert_eq!(names(out.path()).len(), 3);

    // The person asks for this one by itself.
    let secret = out.path().join("secret.json");
    desk.app
        .export_chat(&ids[4], &secret, ExportFormat::Json, &words())
        .expect("exported");
    assert_eq!(json(&secret)["chats"][0]["title"], "secret");
}

#[test]
fn no_chat_at_all_is_a_file_too() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::open(folder.path());
    let path = folder.path().join("all.json");
    let all = desk.app.export_all(&path, ExportFormat::Json, &words());
    assert_eq!(all.expect("exported").chats, 0);
    assert_eq!(json(&path)["chats"], Value::Array(Vec::new()));
}

#[test]
fn a_folder_that_cannot_be_written_is_a_sentence_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let out = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 2);
    let sent = desk.send(None, "Hi");
    desk.finish(&sent);
    let file = out.path().join("file");
    fs::write(&file, "mine").expect("written");
    for format in [ExportFormat::Json, ExportFormat::Markdown] {
        let inside = file.join("chats");
        let one = desk
            .app
            .export_chat(&sent.row.id, &inside, format, &words());
        let all = desk.app.export_all(&inside, format, &words());
        for error in [one.expect_err("no folder"), all.expect_err("no folder")] {
            let told = error.to_string();
            assert!(told.contains("Choose another folder"), "{told}");
            assert_eq!(error.kind(), tern_app::ErrorKind::Storage);
        }
    }
    assert_eq!(names(out.path()), ["file"]);
    assert_eq!(fs::read_to_string(&file).expect("readable"), "mine");

    // Tern is about to end: nothing half done stays.
    desk.app.stop_exports();
    for format in [ExportFormat::Json, ExportFormat::Markdown] {
        let path = out.path().join("chats");
        let path = if format == ExportFormat::Json {
            &*path
        } else {
            out.path()
        };
        let error = desk
            .app
            .export_all(path, format, &words())
            .expect_err("closing");
        assert!(matches!(
            error,
            tern_app::AppError::Export(ExportError::Closing)
        ));
    }
    assert_eq!(names(out.path()), ["file"]);
}

#[test]
#[ignore = "needs TERN_SMALL_DISK, a folder on a disk of a few MiB"]
fn a_full_disk_is_a_sentence_and_the_old_file_stays() {
    let disk = std::env::var_os("TERN_SMALL_DISK").expect("TERN_SMALL_DISK is set");
    let out = tempfile::tempdir_in(disk).expect("folder");
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 2);
    let question = Question {
        text: "Hi".to_owned(),
        attachments: vec![Attachment {
            name: "large.txt".to_owned(),
            text: "x".repeat(2_000_000),
        }],
    };
    let sent = desk.app.send_message(None, &question, false, None);
    let mut id = sent.expect("sent").row.id;
    for _ in 0..20 {
        id = desk.app.duplicate(&id, "Copy").expect("copied").id;
    }
    let path = out.path().join("all.json");
    fs::write(&path, "old").expect("written");
    let error = desk.app.export_all(&path, ExportFormat::Json, &words());
    let error = error.expect_err("full");
    assert!(error.to_string().contains("is full"), "{error}");
    assert_eq!(names(out.path()), ["all.json"]);
    assert_eq!(fs::read_to_string(&path).expect("readable"), "old");
}

#[test]
fn a_backup_asked_for_is_in_the_list() {
    let folder = tempfile::tempdir().expect("folder");
    let desk = Desk::with_rambler(folder.path(), 2);
    let before = desk.app.storage_use().expect("read");
    assert_eq!(before.backups, []);
    assert!(before.chats_bytes > 0);
    assert_eq!(desk.app.backups_dir(), folder.path());
    let after = desk.app.back_up_now().expect("made");
    assert_eq!(after.backups.len(), 1);
    assert_eq!(after.backups[0].reason, tern_app::BackupReason::Asked);
    assert_eq!(desk.app.backups_dir(), folder.path().join("backups"));
}
