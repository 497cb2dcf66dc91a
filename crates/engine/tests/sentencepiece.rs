//! Llama 2's kind of tokenizer: the same ids from `tokenizer.json`, `tokenizer.model` and GGUF, and no text that
//! becomes a command. The recorded ids are those of Hugging Face tokenizers and of SentencePiece
//! (`tools/fixtures/sentencepiece.py`).

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tern_engine::{
    GenerationEvent, GenerationParams, SamplingParams, Sequence, TokenId, Tokenizer, generate,
};

mod common;
#[path = "common/gguf.rs"]
mod gguf;
use common::{golden, json as read_json, json_ids, load};
use gguf::{Gguf, i32_list, raw_list, text, texts, u32_value};

const N_PIECES: u32 = 900;
const PAD: TokenId = TokenId(N_PIECES);
const LINE: TokenId = TokenId(N_PIECES + 1);
const UNKNOWN: TokenId = TokenId(0);
const BOS: TokenId = TokenId(1);
const EOS: TokenId = TokenId(2);

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sentencepiece")
}

/// A folder with some of the files, each of which may be changed.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(names: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for name in names {
            folder.write(name, &fs::read(data().join(name)).expect("a fixture"));
        }
        folder
    }

    fn json() -> Self {
        Self::with(&["tokenizer.json", "tokenizer_config.json"])
    }

    fn model() -> Self {
        Self::with(&[
            "tokenizer.model",
            "added_tokens.json",
            "tokenizer_config.json",
        ])
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(name), bytes).expect("it is written");
    }

    fn edit(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut value = read_json(&self.0.path().join(name));
        edit(&mut value);
        self.write(name, value.to_string().as_bytes());
    }

    fn open(&self) -> Tokenizer {
        Tokenizer::open(self.0.path()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn refused(&self) -> String {
        match Tokenizer::open(self.0.path()) {
            Ok(_) => panic!("it was read"),
            Err(e) => e.to_string(),
        }
    }
}

/// A GGUF header with the pieces, as converters write it.
fn gguf() -> Gguf {
    let vocab = read_json(&data().join("tokenizer.json"));
    let vocab = vocab["model"]["vocab"].as_object().expect("a vocabulary");
    let mut tokens = vec![String::new(); N_PIECES as usize];
    for (piece, id) in vocab {
        tokens[id.as_u64().expect("an id") as usize] = piece.clone();
    }
    tokens.extend(["<pad>".to_owned(), "</line>".to_owned()]);
    // SentencePiece's scores for BPE: one less with each piece it learned.
    let scores = (0..tokens.len()).flat_map(|i| (259.0 - i as f32).to_le_bytes());
    let kind = |i| match i {
        0 => 2,
        1 | 2 | 900 => 3,
        3..=258 => 6,
        901 => 4,
        _ => 1,
    };
    let kinds: Vec<i32> = (0..tokens.len()).map(kind).collect();
    let mut gguf = Gguf::sound();
    let scores: Vec<u8> = scores.collect();
    gguf.set("tokenizer.ggml.model", text("llama"));
    gguf.set(
        "tokenizer.ggml.scores",
        raw_list(6, tokens.len() as u64, &scores),
    );
    gguf.set("tokenizer.ggml.tokens", texts(&tokens));
    gguf.set("tokenizer.ggml.token_type", i32_list(&kinds));
    gguf.set("tokenizer.ggml.bos_token_id", u32_value(1));
    gguf.set("tokenizer.ggml.eos_token_id", u32_value(2));
    gguf.remove("tokenizer.ggml.merges");
    gguf
}

fn open_gguf(gguf: &Gguf) -> Result<Tokenizer, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), gguf.bytes()).expect("it is written");
    Tokenizer::open(file.path()).map_err(|e| e.to_string())
}

fn routes() -> Vec<(&'static str, Tokenizer)> {
    let vocab = Tokenizer::open(&data().join("vocab.gguf")).unwrap_or_else(|e| panic!("{e}"));
    let without_config = Folder::with(&["tokenizer.model", "added_tokens.json"]);
    vec![
        ("tokenizer.json", Folder::json().open()),
        ("tokenizer.model", Folder::model().open()),
        ("tokenizer.model alone", without_config.open()),
        ("vocab.gguf", vocab),
        (
            "a GGUF header",
            open_gguf(&gguf()).unwrap_or_else(|e| panic!("{e}")),
        ),
    ]
}

fn vectors(kind: &str) -> Vec<Value> {
    let vectors = read_json(&data().join("vectors.json"));
    let all = vectors[kind].as_array().expect("vectors").clone();
    assert!(all.len() > 10);
    all
}

fn text_of(vector: &Value) -> &str {
    vector["text"].as_str().expect("a text")
}

#[test]
fn all_three_files_give_the_recorded_ids_and_texts() {
    for (route, tokenizer) in routes() {
        for vector in vectors("plain") {
            let text = text_of(&vector);
            let want = json_ids(&vector["ids"]["prepend"]);
            assert_eq!(tokenizer.encode_plain(text), want, "{route} {text:?}");
            let decoded = vector["decoded"].as_str().expect("a text");
            assert_eq!(tokenizer.decode(&want, true), decoded, "{route} {text:?}");
        }
    }
}

#[test]
fn written_out_control_tokens_are_found_as_hugging_face_finds_them() {
    for (route, tokenizer) in routes() {
        for vector in vectors("marked") {
            let text = text_of(&vector);
            let want = json_ids(&vector["ids"]["prepend"]);
            assert_eq!(tokenizer.encode_special(text), want, "{route} {text:?}");
            let decoded = vector["decoded"].as_str().expect("a text");
            // `</line>` is no control token, so it is shown; some routes can't know `<pad>`'s kind.
            if !text.contains("<pad>") {
                assert_eq!(tokenizer.decode(&want, true), decoded, "{route} {text:?}");
            }
        }
    }
}

#[test]
fn every_way_to_write_the_rule_for_spaces_is_carried_out() {
    let metaspace = |scheme: &str, split: bool| json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split});
    let replace = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    let forms = [
        ("never", replace, Value::Null),
        ("never", Value::Null, metaspace("never", false)),
        ("first", Value::Null, metaspace("first", false)),
        ("always", Value::Null, metaspace("always", false)),
        ("first_split", Value::Null, metaspace("first", true)),
        ("always_split", Value::Null, metaspace("always", true)),
        // As tokenizers before 0.19 wrote it.
        (
            "always_split",
            Value::Null,
            json!({"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}),
        ),
    ];
    let mut differ = 0;
    for (form, normalizer, pre_tokenizer) in forms {
        let folder = Folder::json();
        folder.edit("tokenizer.json", |t| {
            t["normalizer"] = normalizer;
            t["pre_tokenizer"] = pre_tokenizer;
        });
        let tokenizer = folder.open();
        for vector in vectors("plain") {
            let want = json_ids(&vector["ids"][form]);
            differ += usize::from(vector["ids"][form] != vector["ids"]["prepend"]);
            let text = text_of(&vector);
            assert_eq!(tokenizer.encode_plain(text), want, "{form} {text:?}");
        }
        for vector in vectors("marked") {
            let want = json_ids(&vector["ids"][form]);
            let text = text_of(&vector);
            assert_eq!(tokenizer.encode_special(text), want, "{form} {text:?}");
        }
    }
    assert!(differ > 50, "the forms differ in {differ} places only");
}

#[test]
fn a_token_that_swallows_white_space_does() {
    let folder = Folder::json();
    folder.edit("tokenizer.json", |t| {
        let added = t["added_tokens"].as_array_mut().expect("a list");
        for token in added.iter_mut().filter(|t| t["content"] == "</line>") {
            token["lstrip"] = json!(true);
            token["rstrip"] = json!(true);
        }
    });
    let model = Folder::model();
    model.edit("tokenizer_config.json", |c| {
        let token = &mut c["added_tokens_decoder"][LINE.0.to_string()];
        token["lstrip"] = json!(true);
        token["rstrip"] = json!(true);
    });
    for tokenizer in [folder.open(), model.open()] {
        for vector in vectors("marked") {
            let text = text_of(&vector);
            let want = json_ids(&vector["ids"]["strips"]);
            assert_eq!(tokenizer.encode_special(text), want, "{text:?}");
        }
    }
}

#[test]
fn a_word_that_is_a_token_wins_where_the_file_says_so() {
    let folder = Folder::json();
    folder.edit("tokenizer.json", |t| {
        t["model"]["ignore_merges"] = json!(true);
        t["model"]["merges"] = json!([]);
    });
    let tokenizer = folder.open();
    let whole = tokenizer.encode_plain("the");
    assert_eq!(whole.len(), 1);
    assert_eq!(tokenizer.decode(&whole, true), "the");
    assert_eq!(tokenizer.encode_plain("the the").len(), 8);
}

#[test]
fn no_text_becomes_a_control_token_or_a_byte_it_is_not() {
    for (route, tokenizer) in routes() {
        let controls: Vec<String> = tokenizer.controls().map(|(t, _)| t.to_owned()).collect();
        assert_eq!(controls.len(), 5, "{route}");
        let mut texts = controls.clone();
        texts.push(controls.concat());
        texts.push("<0x0A><0x41> <unk> ▁<s>".to_owned());
        for text in texts {
            let ids = tokenizer.encode_plain(&text);
            assert!(
                ids.iter()
                    .all(|id| !controls.contains(&tokenizer.decode(&[*id], false))),
                "{route} {text:?}"
            );
            let shown = text.replace('▁', " ");
            assert_eq!(tokenizer.decode(&ids, true), shown, "{route} {text:?}");
        }
        assert_eq!(tokenizer.control_id("<pad>"), Some(PAD), "{route}");
        assert_eq!(tokenizer.control_id("</line>"), Some(LINE), "{route}");
        assert!(
            [UNKNOWN, BOS, EOS]
                .iter()
                .all(|&id| tokenizer.is_control(id))
        );
    }
}

#[test]
fn one_leading_space_is_taken_away_and_no_more() {
    let tokenizer = Folder::model().open();
    let ids = |text| tokenizer.encode_plain(text);
    assert_eq!(tokenizer.decode(&ids("  two"), true), "  two");
    let marked = [&[BOS], ids("text").as_slice(), &[EOS]].concat();
    assert_eq!(tokenizer.decode(&marked, true), "text");
    assert_eq!(tokenizer.decode(&marked, false), "<s> text</s>");
    let folder = Folder::json();
    folder.edit(
        "tokenizer.json",
        |t| {
            t["normalizer"] = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})
        },
    );
    let without = folder.open();
    assert_eq!(without.decode(&without.encode_plain(" a"), true), " a");
}

#[test]
fn an_answer_does_not_begin_with_the_tokenizers_own_space() {
    let folder = Folder::model();
    let from = golden().join("tiny-bitnet/hf-packed");
    for name in ["config.json", "generation_config.json", "model.safetensors"] {
        folder.write(name, &fs::read(from.join(name)).expect("a fixture"));
    }
    let model = load(folder.0.path(), 1, None);
    assert_eq!(model.tokenizer().bos(), Some(BOS));
    assert!(model.stop_tokens().contains(&EOS));
    let mut began_with_space = 0;
    for seed in 0..40 {
        let params = GenerationParams {
            sampling: SamplingParams {
                temperature: 2.0,
                seed: Some(seed),
                ..SamplingParams::default()
            },
            max_tokens: Some(6),
            ignore_eos: true,
            ..GenerationParams::default()
        };
        let mut sequence = Sequence::new(&model, 64);
        let mut streamed = String::new();
        let prompt = [BOS, TokenId(300 + seed as u32)];
        let answer = generate(&model, &mut sequence, &prompt, &params, &mut |event| {
            if let GenerationEvent::Text(text) = event {
                streamed.push_str(text);
            }
            ControlFlow::Continue(())
        })
        .expect("it answers");
        assert_eq!(streamed, answer.text);
        assert_eq!(answer.text, model.tokenizer().decode(&answer.ids, true));
        let shown = answer
            .ids
            .iter()
            .filter(|&&id| !model.tokenizer().is_control(id));
        let bytes: Vec<u8> = shown
            .flat_map(|&id| model.tokenizer().token_bytes(id))
            .collect();
        if let Some(rest) = bytes.strip_prefix(b" ") {
            assert_eq!(answer.text, String::from_utf8_lossy(rest));
            began_with_space += 1;
        }
    }
    assert!(began_with_space > 0, "no answer began with a space");
}

#[test]
fn a_text_begins_with_one_token_or_none_as_the_files_say() {
    for (route, tokenizer) in routes() {
        assert_eq!(tokenizer.bos(), Some(BOS), "{route}");
        assert!(!tokenizer.encode_plain("a").contains(&BOS), "{route}");
        assert!(!tokenizer.encode_special("a").contains(&BOS), "{route}");
    }
    let says = |folder: Folder, adds: Value| {
        folder.edit("tokenizer_config.json", |c| c["add_bos_token"] = adds);
        folder.open().bos()
    };
    for make in [Folder::json, Folder::model] {
        assert_eq!(says(make(), json!(false)), None);
        assert_eq!(says(make(), json!(true)), Some(BOS));
        assert_eq!(says(make(), Value::Null), Some(BOS));
    }
    // Other classes keep the file's own post-processor, whatever the settings say.
    let folder = Folder::json();
    folder.edit("tokenizer_config.json", |c| {
        c["tokenizer_class"] = json!("PreTrainedTokenizerFast");
        c["add_bos_token"] = json!(false);
    });
    assert_eq!(folder.open().bos(), Some(BOS));
    folder.edit("tokenizer.json", |t| t["post_processor"] = Value::Null);
    assert_eq!(folder.open().bos(), None);
    folder.edit("tokenizer_config.json", |c| {
        c["add_bos_token"] = json!(true)
    });
    assert_eq!(folder.open().bos(), Some(BOS));

    for (adds, want) in [
        (Some(true), Some(BOS)),
        (Some(false), None),
        (None, Some(BOS)),
    ] {
        let mut header = gguf();
        if let Some(adds) = adds {
            header.set(
                "tokenizer.ggml.add_bos_token",
                gguf::Value(7, vec![adds.into()]),
            );
        }
        for _ in 0..2 {
            let tokenizer = open_gguf(&header).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(tokenizer.bos(), want, "{adds:?}");
            // Without the id, the usual name is looked for.
            header.remove("tokenizer.ggml.bos_token_id");
        }
    }
}

#[test]
fn a_gguf_file_may_say_that_no_space_goes_first() {
    let mut header = gguf();
    header.set("tokenizer.ggml.add_space_prefix", gguf::Value(7, vec![0]));
    let tokenizer = open_gguf(&header).unwrap_or_else(|e| panic!("{e}"));
    for vector in vectors("plain") {
        let text = text_of(&vector);
        let want = json_ids(&vector["ids"]["never"]);
        assert_eq!(tokenizer.encode_plain(text), want, "{text:?}");
    }
}

#[test]
fn broken_gguf_vocabularies_are_refused() {
    let refused = |spoil: &dyn Fn(&mut Gguf)| {
        let mut header = gguf();
        spoil(&mut header);
        open_gguf(&header).expect_err("it was read")
    };
    let message = refused(&|g| g.remove("tokenizer.ggml.scores"));
    assert!(message.contains("tokenizer.ggml.scores"), "{message}");
    let message = refused(&|g| g.set("tokenizer.ggml.scores", raw_list(6, 2, &[0; 8])));
    assert!(message.contains("2 entries for 902"), "{message}");
    let message = refused(&|g| {
        g.set(
            "tokenizer.ggml.tokens",
            texts(&vec!["<0x00>".to_owned(); 902]),
        );
    });
    assert!(message.contains("byte 0x01"), "{message}");
    // Pieces whose every split would have to be looked at.
    let message = refused(&|g| {
        let n = 902;
        let long = "x".repeat(4000);
        let all: Vec<String> = (0..n).map(|_| long.clone()).collect();
        g.set("tokenizer.ggml.tokens", texts(&all));
        g.set(
            "tokenizer.ggml.scores",
            raw_list(6, n, &vec![0; n as usize * 4]),
        );
        g.remove("tokenizer.ggml.token_type");
    });
    assert!(message.contains("too long to be pieces"), "{message}");
}

#[test]
fn broken_and_foreign_model_files_are_refused() {
    let good = fs::read(data().join("tokenizer.model")).expect("a fixture");
    let folder = Folder::with(&["tokenizer.model"]);
    for end in (0..good.len()).step_by(131) {
        folder.write("tokenizer.model", &good[..end]);
        // A cut between two pieces leaves a model without its settings, which is one of another kind.
        let message = folder.refused();
        assert!(message.contains("tokenizer.model"), "{end}: {message}");
    }
    folder.write("tokenizer.model", b"IQ== 0\nIg== 1\n");
    let message = folder.refused();
    assert!(message.contains("Download tokenizer.json"), "{message}");
    // Settings at the end count: a later one replaces an earlier one.
    for (field, word) in [
        (vec![0x12, 2, 3 << 3, 1], "unigram"),
        (vec![0x12, 2, 3 << 3, 4], "not BPE"),
        (vec![0x12, 3, 0xc0, 1, 1], "another way"),
        (vec![0x1a, 2, 4 << 3, 1], "rewrites"),
        (vec![0x1a, 3, 2 << 3 | 2, 1, b'x'], "rewrites"),
        (vec![0x0a, 2, 3 << 3, 9], "cannot be read"),
        (vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f], "cannot be read"),
        (vec![0x0b], "cannot be read"),
    ] {
        folder.write("tokenizer.model", &[&good[..], &field].concat());
        let message = folder.refused();
        assert!(message.contains(word), "{field:?}: {message}");
    }
    fs::remove_file(folder.0.path().join("tokenizer.model")).expect("it is removed");
    let message = folder.refused();
    assert!(message.contains("Download tokenizer.json"), "{message}");
    let folder = Folder::model();
    folder.write("added_tokens.json", b"{\"<pad>\": 4294967295}");
    let message = folder.refused();
    assert!(message.contains("4294967295"), "{message}");
}
