//! Every rule held against the tokenizers crate itself, on text no one writes.

use std::path::Path;

use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use tern_engine::Tokenizer;

mod common;
use common::{golden, json as read_json, shared};

/// Fragments of text: what the rules look at, what tokens are made of, what control tokens are made of.
fn texts(controls: Vec<String>) -> impl Strategy<Value = String> {
    let chars: Vec<char> =
        "aAbehtnsStTrREevVmMlLdDſéÀßאع日本한ก𝒜01239²Ⅷ٣ \t\n\r\u{85}\u{a0}\u{2003}\u{3000}\
        ''’.,!?-_=`~$+<>|()/▁\u{301}\u{200d}🚀🏽👩\0\u{7f}\u{fffd}"
            .chars()
            .collect();
    let words = [
        " the",
        "The",
        "ing",
        " and",
        "    ",
        "\n\n",
        "  ",
        "aaaa",
        "banana",
        " 2024",
        "...",
        "▁▁",
        "'re",
        "<s",
        "</",
        "<|eot",
        "<0x0A>",
        "don't",
        "ананас",
        "天気",
    ];
    let fragment = prop_oneof![
        6 => proptest::sample::select(chars).prop_map(String::from),
        6 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => proptest::sample::select(controls),
        1 => ("[a ]", 1usize..90).prop_map(|(text, n)| text.repeat(n)),
    ];
    proptest::collection::vec(fragment, 0..20).prop_map(|all| all.concat())
}

/// Encodes `cases` texts with both and compares all ids.
fn compare(name: &str, file: &Value, cases: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, file.to_string()).expect("it is written");
    let ours = Tokenizer::open(folder.path()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let theirs = tokenizers::Tokenizer::from_file(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    let controls = ours.controls().map(|(text, _)| text.to_owned()).collect();
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    // With whole words, Hugging Face takes a word spelled like a byte's token for that byte. Here text is never
    // anything but what it says.
    let spells_bytes =
        file["model"]["byte_fallback"] == true && file["model"]["ignore_merges"] == true;
    let check = |text: String| {
        if spells_bytes && text.contains("<0x") {
            return Ok(());
        }
        let got: Vec<u32> = ours.encode_special(&text).iter().map(|id| id.0).collect();
        let want = theirs.encode_fast(text.as_str(), false);
        let want = want.unwrap_or_else(|e| panic!("{name}: {e}"));
        prop_assert_eq!(got.as_slice(), want.get_ids());
        Ok(())
    };
    runner
        .run(&texts(controls), check)
        .unwrap_or_else(|e| panic!("{name}: {e}"));
}

fn all(cases: u32) {
    let pieces = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sentencepiece");
    let pieces = read_json(&pieces.join("tokenizer.json"));
    compare("pieces", &pieces, cases);
    for scheme in ["first", "always", "never"] {
        for split in [true, false] {
            let mut file = pieces.clone();
            file["normalizer"] = Value::Null;
            file["pre_tokenizer"] = json!({
                "type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split
            });
            compare(&format!("{scheme} {split}"), &file, cases);
            file["model"]["ignore_merges"] = json!(true);
            compare(&format!("{scheme} {split} whole"), &file, cases);
        }
    }
    let bytes = read_json(&golden().join("tiny-bitnet/hf-packed/tokenizer.json"));
    compare("Llama 3's rule", &bytes, cases);
    let byte_level = |use_regex: bool, space: bool| {
        json!({
            "type": "ByteLevel", "add_prefix_space": space, "trim_offsets": true, "use_regex": use_regex
        })
    };
    let split = |regex: &str, behavior: &str| {
        json!({
            "type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": false
        })
    };
    let sequence = |all: &[Value]| json!({"type": "Sequence", "pretokenizers": all});
    let digits = |alone: bool| json!({"type": "Digits", "individual_digits": alone});
    let llama = bytes["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"].as_str();
    let qwen = llama.expect("a regex").replace("{1,3}", "");
    let rules = [
        ("GPT-2", byte_level(true, false)),
        ("GPT-2 with a space", byte_level(true, true)),
        (
            "Qwen 2",
            sequence(&[split(&qwen, "Isolated"), byte_level(false, false)]),
        ),
        (
            "Falcon",
            sequence(&[
                json!({"type": "Punctuation", "behavior": "Contiguous"}),
                byte_level(true, false),
                digits(false),
                split("[0-9][0-9][0-9]", "Isolated"),
            ]),
        ),
        ("digits", sequence(&[digits(true), byte_level(true, false)])),
        (
            "with the next",
            sequence(&[split(r"\s", "MergedWithNext"), byte_level(false, false)]),
        ),
    ];
    for (name, rule) in rules {
        for whole in [true, false] {
            let mut file = bytes.clone();
            file["pre_tokenizer"] = rule.clone();
            file["model"]["ignore_merges"] = json!(whole);
            compare(name, &file, cases);
        }
    }
    let mut file = bytes;
    file["normalizer"] = json!({"type": "NFC"});
    compare("NFC", &file, cases);
}

#[test]
fn ids_are_those_of_hugging_face_tokenizers() {
    all(300);
    if let Some(folder) = shared("tokenizer") {
        compare("Llama 3", &read_json(&folder.join("tokenizer.json")), 2000);
    }
}

/// `cargo test -p tern-engine --test hugging_face -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn ids_are_those_of_hugging_face_tokenizers_a_million_times() {
    all(40_000);
}
