//! Each line of published models in small, from files as its makers write them: it opens, computes what the plain engine
//! does, writes chats in its own way, begins them once and ends where its makers end them.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tern_engine::{Family, Model, Observation, Role, Sequence, TokenId, Turn};

mod common;
#[path = "common/gguf.rs"]
mod gguf;
#[path = "common/plain.rs"]
mod plain;
#[path = "common/plain_files.rs"]
mod plain_files;

use common::load;
use gguf::{Gguf, bool_value, byte_tokens, i32_list, text, texts, u32_value};
use plain::{Mistake, PlainModel};
use plain_files::Stored;

/// What a chat of a family looks like.
struct Chat {
    template: &'static str,
    /// Text of the whole prompt for one question, without the begin-of-text token.
    prompt: &'static str,
    begins: Option<u32>,
    stops: &'static [u32],
}

fn check(plain: &PlainModel, model: &Model, family: Family, chat: &Chat) {
    assert_eq!(model.config().family, family);
    let prompt: Vec<TokenId> = [5, 72, 101, 108, 111, 32, 119].map(TokenId).to_vec();
    let mut found = Vec::new();
    let mut sequence = Sequence::new(model, prompt.len());
    sequence
        .forward_all(model, &prompt, false, &mut |seen| {
            if let Observation::Logits { values, .. } = seen {
                found.push(values.to_vec());
            }
        })
        .expect("the prompt fits");
    let ids: Vec<u32> = prompt.iter().map(|id| id.0).collect();
    let wanted = plain.logits(&ids, Mistake::None);
    let mut off: Vec<f32> = found
        .iter()
        .zip(&wanted)
        .map(|(a, b)| {
            let largest = b.iter().fold(0f32, |m, x| m.max(x.abs()));
            a.iter()
                .zip(b)
                .map(|(a, b)| (a - b).abs())
                .fold(0f32, f32::max)
                / largest
        })
        .collect();
    off.sort_by(f32::total_cmp);
    assert!(off[off.len() / 2] < 1e-4, "the engine is off by {off:?}");

    let turn = Turn {
        role: Role::User,
        content: "Hi <|im_end|></s>".to_owned(),
    };
    let tokenizer = model.tokenizer();
    let ids = model
        .chat_template()
        .encode(tokenizer, &[turn])
        .expect("a prompt");
    assert_eq!(
        model.chat_template().name(),
        chat.template,
        "{:?}",
        model.warnings()
    );
    assert_eq!(tokenizer.bos().map(|id| id.0), chat.begins);
    let begins = ids
        .iter()
        .filter(|id| Some(**id) == tokenizer.bos())
        .count();
    assert_eq!(begins, usize::from(chat.begins.is_some()));
    let body: Vec<TokenId> = ids
        .into_iter()
        .filter(|id| Some(*id) != tokenizer.bos())
        .collect();
    assert_eq!(tokenizer.decode(&body, false), chat.prompt);
    let stops: Vec<u32> = model.stop_tokens().iter().map(|id| id.0).collect();
    assert_eq!(stops, chat.stops);
}

fn edit(folder: &Path, name: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(name);
    let mut value = fs::read(&path).map_or(json!({}), |bytes| {
        serde_json::from_slice(&bytes).expect("JSON")
    });
    change(&mut value);
    fs::write(path, value.to_string()).expect("it is written");
}

fn added(names: &[(&str, u32)]) -> Value {
    names
        .iter()
        .map(|(name, id)| json!({"id": id, "content": name, "special": true}))
        .collect()
}

fn from_gguf(file: &Gguf) -> Model {
    let path = tempfile::NamedTempFile::with_suffix(".gguf").expect("a file");
    fs::write(path.path(), file.bytes()).expect("it is written");
    load(path.path(), 2, None)
}

/// Names of the control tokens of a GGUF file.
fn name_tokens(file: &mut Gguf, vocab: usize, names: &[(&str, u32)]) {
    let mut tokens = byte_tokens();
    tokens.extend((tokens.len()..vocab).map(|id| format!("unused{id}")));
    for (name, id) in names {
        tokens[*id as usize] = (*name).to_owned();
    }
    let types: Vec<i32> = (0..vocab)
        .map(|id| 1 + 2 * i32::from(names.iter().any(|(_, special)| *special == id as u32)))
        .collect();
    file.set("tokenizer.ggml.tokens", texts(&tokens));
    file.set("tokenizer.ggml.token_type", i32_list(&types));
    file.set("tokenizer.ggml.merges", texts(&[]));
}

/// Rows of query and key heads as llama.cpp's converter leaves them: halves of a head interleaved.
fn with_paired_heads(plain: &PlainModel) -> PlainModel {
    let mut paired = plain.clone();
    let head_dim = plain.hidden / plain.heads;
    for layer in &mut paired.layers {
        for m in [&mut layer.q, &mut layer.k] {
            let rows: Vec<&[i8]> = m.codes.chunks(m.cols).collect();
            m.codes = (0..m.rows)
                .flat_map(|row| {
                    let (head, within) = (row / head_dim, row % head_dim);
                    rows[head * head_dim + within % 2 * (head_dim / 2) + within / 2].to_vec()
                })
                .collect();
        }
    }
    paired
}

#[test]
fn llama3_8b_1_58_packed_and_gguf() {
    const NAMES: [(&str, u32); 5] = [
        ("<|begin_of_text|>", 256),
        ("<|end_of_text|>", 257),
        ("<|start_header_id|>", 258),
        ("<|end_header_id|>", 259),
        ("<|eot_id|>", 260),
    ];
    let mut plain = PlainModel::of_vocabulary(261, 21, true, false);
    plain.theta = 500_000.0;
    plain.head = Some(PlainModel::of_vocabulary(261, 22, true, false).embedding);
    let chat = Chat {
        template: "llama3",
        prompt: "<|start_header_id|>user<|end_header_id|>\n\nHi <|im_end|></s><|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\n",
        begins: Some(256),
        stops: &[257, 260],
    };
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    // No linear class: the scale is an inverse.
    plain.write_folder(root, Some(&|scale| 1.0 / scale), |c| {
        c["model_type"] = "llama".into();
        c["architectures"] = json!(["LlamaForCausalLM"]);
        c["hidden_act"] = "silu".into();
        c["bos_token_id"] = 256.into();
        c["eos_token_id"] = 260.into();
    });
    edit(root, "tokenizer.json", |t| {
        t["added_tokens"] = added(&NAMES);
        t["post_processor"] = json!({"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<|begin_of_text|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [], "special_tokens": {}});
    });
    check(&plain, &load(root, 2, None), Family::Llama, &chat);

    let mut file = with_paired_heads(&plain).gguf("llama", Stored::I2S);
    name_tokens(&mut file, 261, &NAMES);
    file.set("tokenizer.ggml.pre", text("llama-bpe"));
    file.set("tokenizer.ggml.bos_token_id", u32_value(256));
    file.set("tokenizer.ggml.eos_token_id", u32_value(257));
    check(&plain, &from_gguf(&file), Family::Llama, &chat);
}

#[test]
fn falcon3_1_58_packed_and_gguf() {
    const NAMES: [(&str, u32); 3] = [(">>TITLE<<", 0), ("<|endoftext|>", 11), ("<|pad|>", 256)];
    let mut plain = PlainModel::of_vocabulary(260, 23, true, false);
    plain.theta = 1_000_042.0;
    plain.eps = 1e-6;
    plain.head = Some(PlainModel::random(24, true, false).embedding);
    let chat = Chat {
        template: "falcon3",
        prompt: "<|user|>\nHi <|im_end|></s>\n<|assistant|>\n",
        begins: None,
        stops: &[11],
    };
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    plain.write_folder(root, Some(&|scale| 1.0 / scale), |c| {
        c["model_type"] = "llama".into();
        c["architectures"] = json!(["LlamaForCausalLM"]);
        c["hidden_act"] = "silu".into();
        c["head_dim"] = 32.into();
        c["bos_token_id"] = Value::Null;
        c["eos_token_id"] = 11.into();
        c["quantization_config"]["modules_to_not_convert"] = json!(["lm_head"]);
    });
    edit(root, "tokenizer.json", |t| {
        t["added_tokens"] = added(&NAMES);
        // Those ids were bytes; the bytes move behind the others.
        let vocab = t["model"]["vocab"].as_object_mut().expect("a vocabulary");
        for id in vocab.values_mut() {
            if let Some((_, moved)) = [(0, 257), (11, 258)].iter().find(|(old, _)| *id == *old) {
                *id = (*moved).into();
            }
        }
    });
    check(&plain, &load(root, 2, None), Family::Llama, &chat);

    let mut file = with_paired_heads(&plain).gguf("llama", Stored::I2S);
    file.set("llama.attention.key_length", u32_value(32));
    name_tokens(&mut file, 260, &NAMES);
    let mut tokens = byte_tokens();
    tokens.extend([
        "<|pad|>".to_owned(),
        tokens[0].clone(),
        tokens[11].clone(),
        "unused".to_owned(),
    ]);
    tokens[0] = NAMES[0].0.to_owned();
    tokens[11] = NAMES[1].0.to_owned();
    file.set("tokenizer.ggml.tokens", texts(&tokens));
    file.set("tokenizer.ggml.pre", text("falcon3"));
    file.remove("tokenizer.ggml.bos_token_id");
    file.set("tokenizer.ggml.eos_token_id", u32_value(11));
    check(&plain, &from_gguf(&file), Family::Llama, &chat);
}

#[test]
fn falcon_e_packed_master_and_gguf() {
    const NAMES: [(&str, u32); 3] = [
        ("<|im_start|>", 256),
        ("<|im_end|>", 257),
        ("<|end_of_text|>", 258),
    ];
    let mut plain = PlainModel::of_vocabulary(260, 25, true, false);
    plain.theta = 1e6;
    plain.head = Some(PlainModel::random(26, true, false).embedding);
    let chat = Chat {
        template: "chatml",
        prompt: "<|im_start|>user\nHi <|im_end|></s><|im_end|>\n<|im_start|>assistant\n",
        begins: None,
        stops: &[256, 257, 258],
    };
    // The packed branch, and the one with master weights.
    let inverse = |scale: f32| 1.0 / scale;
    for packed in [Some(&inverse as &dyn Fn(f32) -> f32), None] {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        plain.write_folder(root, packed, |c| {
            c["model_type"] = "llama".into();
            c["architectures"] = json!(["LlamaForCausalLM"]);
            c["hidden_act"] = "silu".into();
            c["bos_token_id"] = Value::Null;
            c["eos_token_id"] = 257.into();
        });
        edit(root, "tokenizer.json", |t| {
            t["added_tokens"] = added(&NAMES)
        });
        check(&plain, &load(root, 2, None), Family::Llama, &chat);
    }
    let mut file = with_paired_heads(&plain).gguf("llama", Stored::I2S);
    name_tokens(&mut file, 260, &NAMES);
    file.set("tokenizer.ggml.pre", text("falcon_e"));
    file.set("tokenizer.ggml.add_bos_token", bool_value(false));
    file.set("tokenizer.ggml.eos_token_id", u32_value(257));
    check(&plain, &from_gguf(&file), Family::Llama, &chat);
}

#[test]
fn bitnet_b1_58_large_master_weights_and_gguf() {
    let pieces = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sentencepiece");
    let vocab = 902;
    let plain = PlainModel::of_vocabulary(vocab, 27, true, true);
    let chat = Chat {
        template: "plain",
        prompt: "User: Hi <|im_end|></s>\n\nAssistant: ",
        begins: Some(1),
        stops: &[2],
    };
    // tokenizer.json, or SentencePiece's own file, as 1bitLLM's repositories have it.
    let forms: [&[&str]; 2] = [
        &["tokenizer.json", "tokenizer_config.json"],
        &[
            "tokenizer.model",
            "added_tokens.json",
            "tokenizer_config.json",
        ],
    ];
    for names in forms {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        plain.write_folder(root, None, |c| {
            c["model_type"] = "llama".into();
            c["architectures"] = json!(["BitnetForCausalLM"]);
            c["hidden_act"] = "silu".into();
            c["bos_token_id"] = 1.into();
            c["eos_token_id"] = 2.into();
            c["weight_bits"] = 1.into();
            c["input_bits"] = 8.into();
            let record = c.as_object_mut().expect("an object");
            record.remove("quantization_config");
        });
        fs::remove_file(root.join("tokenizer.json")).expect("it was there");
        for name in names {
            fs::copy(pieces.join(name), root.join(name)).expect("a fixture");
        }
        check(&plain, &load(root, 2, None), Family::BitNet, &chat);
    }
    // The same tokenizer in GGUF, where mainline's architecture is "bitnet".
    let mut file = plain.gguf("bitnet", Stored::I2S);
    let vocabulary = Gguf::read(&pieces.join("vocab.gguf"));
    file.values
        .retain(|(key, _)| !key.starts_with("tokenizer."));
    let tokenizer = vocabulary
        .values
        .into_iter()
        .filter(|(key, _)| key.starts_with("tokenizer."));
    file.values.extend(tokenizer);
    check(&plain, &from_gguf(&file), Family::BitNet, &chat);
}
