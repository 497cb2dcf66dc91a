//! What files say about byte-level tokenizers: their splitting rule, and the token a text begins with.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tern_engine::{ModelSource, TokenId, Tokenizer, Warning};

mod common;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/gguf.rs"]
mod gguf;
use common::{golden, load};
use folder::Folder;
use gguf::{Gguf, text, texts};

const BOS: TokenId = TokenId(257);

/// The tokenizer of a header, and what was said about it.
fn open(header: &Gguf) -> (Tokenizer, Vec<Warning>) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), header.bytes()).expect("it is written");
    let mut warnings = Vec::new();
    let source = ModelSource::Gguf(file.path().to_owned());
    let tokenizer = Tokenizer::of(&source, &mut warnings).unwrap_or_else(|e| panic!("{e}"));
    (tokenizer, warnings)
}

fn yes_or_no(yes: bool) -> gguf::Value {
    gguf::Value(7, vec![yes.into()])
}

/// A header whose rule is called `pre`.
fn named(pre: Option<&str>) -> Gguf {
    let mut header = Gguf::sound();
    if let Some(pre) = pre {
        header.set("tokenizer.ggml.pre", text(pre));
    }
    header
}

#[test]
fn a_gguf_text_begins_with_one_token_or_none() {
    // The rule, and whether its loaders put the token first when the file does not say.
    let rules = [
        (None, true),
        (Some("llama-bpe"), true),
        (Some("falcon3"), true),
        (Some("falcon_e"), true),
        (Some("smaug-bpe"), false),
        (Some("gpt-2"), false),
        (Some("default"), false),
        (Some("falcon"), false),
        (Some("qwen2"), false),
    ];
    for (pre, by_itself) in rules {
        let mut header = named(pre);
        let wanted = |yes: bool| yes.then_some(BOS);
        assert_eq!(open(&header).0.bos(), wanted(by_itself), "{pre:?}");
        for yes in [true, false] {
            header.set("tokenizer.ggml.add_bos_token", yes_or_no(yes));
            let (tokenizer, warnings) = open(&header);
            assert_eq!(tokenizer.bos(), wanted(yes), "{pre:?} {yes}");
            assert!(!tokenizer.encode_plain("a").contains(&BOS));
            assert!(warnings.is_empty(), "{pre:?}");
        }
        // Falcon3 has no such token. No other one may take its place.
        for says in [None, Some(true)] {
            let mut header = named(pre);
            header.remove("tokenizer.ggml.bos_token_id");
            if let Some(yes) = says {
                header.set("tokenizer.ggml.add_bos_token", yes_or_no(yes));
            }
            assert_eq!(open(&header).0.bos(), None, "{pre:?}");
        }
    }
}

#[test]
fn an_unknown_or_missing_rule_is_said() {
    let (_, warnings) = open(&named(Some("gpt-4o")));
    assert!(
        warnings[0].to_string().contains("\"gpt-4o\""),
        "{warnings:?}"
    );
    // BitNet files lack the key and mean Llama 3's rule; of others that is not known.
    assert_eq!(open(&named(None)).1.len(), 0);
    let mut header = named(None);
    header.set("general.architecture", text("llama"));
    let (tokenizer, warnings) = open(&header);
    assert_eq!(warnings, [Warning::NoSplittingRule]);
    assert_eq!(tokenizer.bos(), None);
}

#[test]
fn merges_give_way_to_whole_words_only_where_the_rule_says_so() {
    let whole = |pre| {
        let mut header = named(Some(pre));
        // "ab" is a token no merge leads to.
        header.set("tokenizer.ggml.merges", texts(&["x y".to_owned()]));
        let tokens = ["xy", "ab"].map(str::to_owned);
        let mut all: Vec<String> = (0..256u32).map(gguf_byte).collect();
        all.extend(tokens);
        header.set("tokenizer.ggml.tokens", texts(&all));
        header.remove("tokenizer.ggml.token_type");
        open(&header).0.encode_plain("ab").len() == 1
    };
    for (pre, want) in [
        ("llama-bpe", true),
        ("falcon3", true),
        ("falcon-h1", true),
        ("smaug-bpe", false),
        ("gpt-2", false),
        ("default", false),
    ] {
        assert_eq!(whole(pre), want, "{pre}");
    }
}

/// The character GPT-2 writes for a byte.
fn gguf_byte(byte: u32) -> String {
    let plain = |b: u32| matches!(b, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let shifted = (0..byte).filter(|&b| !plain(b)).count() as u32;
    let code = if plain(byte) { byte } else { 256 + shifted };
    char::from_u32(code).expect("a character").to_string()
}

/// A copy of the fixture of the Llama family.
fn llama() -> Folder {
    let folder = Folder::new();
    let from = golden().join("tiny-llama158/hf-packed");
    for file in fs::read_dir(from).expect("a fixture") {
        let file = file.expect("a fixture");
        folder.write(
            &file.file_name().to_string_lossy(),
            fs::read(file.path()).expect("a fixture"),
        );
    }
    folder
}

#[test]
fn a_folders_text_begins_with_one_token_or_none() {
    let bos = |folder: &Path| load(folder, 1, None).tokenizer().bos();
    let (bitnet, llama) = (Folder::new(), llama());
    for folder in [&bitnet, &llama] {
        let found = bos(folder.root());
        assert!(found.is_some(), "the post-processor has one");
        // The settings of another class don't reach the post-processor.
        folder.edit("tokenizer_config.json", |c| {
            c["add_bos_token"] = json!(false)
        });
        assert_eq!(bos(folder.root()), found);
        folder.edit("tokenizer_config.json", |c| {
            c["tokenizer_class"] = json!("LlamaTokenizerFast")
        });
        assert_eq!(bos(folder.root()), None, "config.json has one all the same");
        folder.edit("config.json", |c| c["bos_token_id"] = Value::Null);
        folder.edit("tokenizer.json", |t| t["post_processor"] = Value::Null);
        folder.edit("tokenizer_config.json", |c| {
            c["add_bos_token"] = Value::Null
        });
        assert_eq!(bos(folder.root()), None);
        folder.edit("tokenizer_config.json", |c| {
            c["add_bos_token"] = json!(true)
        });
        assert_eq!(bos(folder.root()), found);
    }
    // Only BitNet's config.json is taken at its word: Llama's lists a token Falcon3 does not have.
    for (folder, want) in [(&bitnet, Some(TokenId(1008))), (&llama, None)] {
        folder.edit("tokenizer_config.json", |c| {
            c["add_bos_token"] = Value::Null
        });
        folder.edit("config.json", |c| c["bos_token_id"] = json!(1008));
        assert_eq!(bos(folder.root()), want);
    }
}
