//! Which template a model gets, and that words stay words in every one of them.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;
use tern_engine::{ChatTemplate, EngineError, Model, Role, TokenId, Turn};

mod common;
use common::{chats, golden, load, turn};

/// Names the fixture's reserved tokens take here, by their numbers.
const NAMES: [(usize, &str); 8] = [
    (0, "<|im_start|>"),
    (1, "<|im_end|>"),
    (2, "<|user|>"),
    (3, "<|assistant|>"),
    (4, "<|endoftext|>"),
    (5, "<s>"),
    (6, "</s>"),
    (7, "[INST]"),
];

/// A Llama-like model whose tokenizer has these of the reserved names, and this template.
fn folder(names: &[usize], template: Value) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = golden().join("tiny-llama158/hf-packed");
    for entry in fs::read_dir(&from).expect("the fixture") {
        let entry = entry.expect("a file");
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    let path = folder.path().join("tokenizer.json");
    let mut text = fs::read_to_string(&path).expect("a tokenizer");
    for (number, name) in NAMES.iter().filter(|(number, _)| names.contains(number)) {
        text = text.replace(
            &format!("\"<|reserved_special_token_{number}|>\""),
            &format!("\"{name}\""),
        );
    }
    fs::write(&path, text).expect("a tokenizer");
    let path = folder.path().join("tokenizer_config.json");
    let mut config: Value =
        serde_json::from_slice(&fs::read(&path).expect("a config")).expect("JSON");
    config["chat_template"] = template;
    fs::write(&path, config.to_string()).expect("a config");
    folder
}

fn open(folder: &Path) -> Model {
    load(folder, 1, None)
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/chat_templates.json")).expect("JSON")
}

fn source(name: &str) -> String {
    let vectors = vectors();
    let templates = vectors["templates"].as_array().expect("templates");
    let found = templates.iter().find(|t| t["name"] == name);
    found.unwrap_or_else(|| panic!("{name}"))["template"]
        .as_str()
        .expect("a text")
        .to_owned()
}

const ALL: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

#[test]
fn a_template_is_known_by_what_it_writes() {
    let llama2 = source("llama2").replace(
        "bos_token + '[INST] '",
        "('<s>' if not loop.first else '') + '[INST] '",
    );
    for (name, text) in [
        ("bitnet", source("bitnet")),
        ("llama3", source("llama3")),
        ("chatml", source("chatml")),
        (
            "falcon3",
            source("falcon3").replace("eos_token", "'<|endoftext|>'"),
        ),
        ("zephyr", source("zephyr").replace("eos_token", "'</s>'")),
        ("llama2", llama2.replace("eos_token", "'</s>'")),
        ("from_file", source("chatml with a default system prompt")),
        ("from_file", source("gemma")),
        ("from_file", source("qwen3")),
        // As ChatML, but for one space.
        (
            "from_file",
            source("chatml").replace("assistant\\n", "assistant \\n"),
        ),
    ] {
        let folder = folder(&ALL, json!(text));
        let model = open(folder.path());
        assert_eq!(model.chat_template().name(), name, "{text}");
        assert!(model.warnings().is_empty(), "{text}");
    }
}

#[test]
fn without_a_template_the_tokens_speak() {
    for (names, want) in [(vec![], "llama3"), (vec![0, 1], "llama3")] {
        let folder = folder(&names, Value::Null);
        assert_eq!(open(folder.path()).chat_template().name(), want);
    }
    // Without Llama 3's headers.
    for (names, want, warned) in [
        (vec![0, 1], "chatml", false),
        (vec![2, 3, 4], "falcon3", false),
        (vec![2, 3, 6], "zephyr", false),
        (vec![5, 6, 7], "llama2", false),
        (vec![], "plain", true),
    ] {
        let folder = folder(&names, Value::Null);
        let path = folder.path().join("tokenizer.json");
        let text = fs::read_to_string(&path).expect("a tokenizer");
        let text = text
            .replace("<|start_header_id|>", "<|other_0|>")
            .replace("<|eot_id|>", "<|other_1|>");
        fs::write(&path, text).expect("a tokenizer");
        let model = open(folder.path());
        assert_eq!(model.chat_template().name(), want);
        assert_eq!(
            !model.warnings().is_empty(),
            warned,
            "{:?}",
            model.warnings()
        );
        let turns = [turn(Role::User, "Hi")];
        model
            .chat_template()
            .encode(model.tokenizer(), &turns)
            .unwrap_or_else(|e| panic!("{want}: {e}"));
    }
}

#[test]
fn the_file_beside_wins_and_of_a_list_the_default() {
    let list = json!([
        {"name": "tool_use", "template": "{{ raise_exception('tools only') }}"},
        {"name": "default", "template": source("chatml")},
    ]);
    let folder = folder(&ALL, list);
    assert_eq!(*open(folder.path()).chat_template(), ChatTemplate::ChatMl);
    fs::write(folder.path().join("chat_template.jinja"), source("llama3")).expect("a file");
    assert_eq!(*open(folder.path()).chat_template(), ChatTemplate::Llama3);
}

#[test]
fn a_template_that_cannot_be_used_still_opens_the_model() {
    for text in [
        "{% set x = 'a' %}{% for i in range(99) %}{% set x = x * 9 %}{% endfor %}{{ 'a' * 99999999999 }}".to_owned(),
        "{{ messages[0].content[0:1] }}".to_owned(),
        "{% for m in messages %}".to_owned(),
        "{{ strftime_now('%Y') }}{{ messages[0].content }}".to_owned(),
        "-".repeat(70_000),
        format!("{{{{ {}1 }}}}", "-".repeat(20_000)),
    ] {
        let folder = folder(&ALL, Value::Null);
        // Bytes that are no UTF-8 at the end are the reader's to survive.
        let mut bytes = text.clone().into_bytes();
        bytes.extend([b'\n', 0xff]);
        fs::write(folder.path().join("chat_template.jinja"), bytes).expect("a file");
        let model = open(folder.path());
        assert_eq!(*model.chat_template(), ChatTemplate::Llama3, "{:.60}", text);
        let warnings = model.warnings();
        assert!(warnings.iter().any(|w| w.to_string().contains("cannot be used")), "{warnings:?}");
    }
}

#[test]
fn content_never_becomes_a_control_token_in_any_template() {
    let vectors = vectors();
    let templates = vectors["templates"].as_array().expect("templates");
    let mut tested = 0;
    for record in templates {
        let folder = folder(&ALL, record["template"].clone());
        let model = open(folder.path());
        let tokenizer = model.tokenizer();
        let built_in = [
            ChatTemplate::BitNet,
            ChatTemplate::Llama3,
            ChatTemplate::ChatMl,
            ChatTemplate::Falcon3,
            ChatTemplate::Zephyr,
            ChatTemplate::Llama2,
            ChatTemplate::Plain,
        ];
        let own = [model.chat_template().clone()];
        let templates = if tested == 0 {
            built_in.iter().chain(&own)
        } else {
            [].iter().chain(&own)
        };
        let controls: Vec<&str> = tokenizer.controls().map(|(text, _)| text).collect();
        let joined = controls.concat();
        // With the scaffold around them these would spell control tokens.
        let halves = [
            "im_start|>",
            "<|im_",
            "|>",
            "<|",
            ">",
            "<",
            "eot_id|>system",
            "/s>",
        ];
        let texts = controls
            .iter()
            .copied()
            .chain([joined.as_str()])
            .chain(halves);
        let texts: Vec<&str> = texts.collect();
        for template in templates {
            for text in &texts {
                for turns in chats(text) {
                    let count = |turns: &[Turn]| {
                        let ids = template
                            .encode(tokenizer, turns)
                            .unwrap_or_else(|e| panic!("{}: {e}", record["name"]));
                        let begins = ids.iter().filter(|&&id| Some(id) == tokenizer.bos());
                        assert!(template.name() == "from_file" || begins.count() == 1);
                        assert_eq!(Some(ids[0]), tokenizer.bos());
                        assert_ne!(Some(ids[1]), tokenizer.bos());
                        ids.iter().filter(|&&id| tokenizer.is_control(id)).count()
                    };
                    let harmless: Vec<Turn> = turns.iter().map(|t| turn(t.role, "x")).collect();
                    assert_eq!(
                        count(&turns),
                        count(&harmless),
                        "{} with {text:?}",
                        template.name()
                    );
                }
            }
            tested += 1;
        }
    }
    assert!(tested >= 20, "{tested}");
}

#[test]
fn a_template_from_a_file_gives_the_tokens_of_its_text() {
    let folder = folder(&ALL, json!(source("qwen3")));
    let model = open(folder.path());
    let (template, tokenizer) = (model.chat_template(), model.tokenizer());
    let turns = [
        turn(Role::System, "Be kind."),
        turn(Role::User, "One"),
        turn(Role::Assistant, "<think>\nhm\n</think>\n\nTwo"),
        turn(Role::User, " Three "),
    ];
    let text = template.render(&turns).expect("a chat");
    assert_eq!(
        text,
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nOne<|im_end|>\n\
         <|im_start|>assistant\nTwo<|im_end|>\n<|im_start|>user\n Three <|im_end|>\n<|im_start|>assistant\n"
    );
    let ids = template.encode(tokenizer, &turns).expect("a chat");
    let want: Vec<TokenId> = tokenizer
        .bos()
        .into_iter()
        .chain(tokenizer.encode_special(&text))
        .collect();
    assert_eq!(ids, want);
}

#[test]
fn roles_a_template_has_no_place_for_are_joined_to_others() {
    let folder = folder(&ALL, json!(source("gemma")));
    let model = open(folder.path());
    let render = |turns: &[Turn]| model.chat_template().render(turns);
    let got = render(&[
        turn(Role::System, "Be kind."),
        turn(Role::User, "One"),
        turn(Role::User, "Two"),
    ]);
    assert_eq!(
        got.expect("a chat").trim_start_matches("<|begin_of_text|>"),
        "<start_of_turn>user\nBe kind.\n\nOne\n\nTwo<end_of_turn>\n<start_of_turn>model\n"
    );
    let refused = render(&[turn(Role::Assistant, "I first")]);
    assert!(
        matches!(refused, Err(EngineError::Template { .. })),
        "{refused:?}"
    );
}

#[test]
fn tokens_that_end_turns_end_answers() {
    let folder = folder(&ALL, Value::Null);
    let model = open(folder.path());
    for name in [
        "<|im_end|>",
        "<|endoftext|>",
        "</s>",
        "<|user|>",
        "<|eot_id|>",
    ] {
        let id = model.tokenizer().control_id(name).expect("a token");
        assert!(model.stop_tokens().contains(&id), "{name}");
    }
    let id = model
        .tokenizer()
        .control_id("<|assistant|>")
        .expect("a token");
    assert!(!model.stop_tokens().contains(&id));
}
