//! Files that are sound, but hold weights or models this engine does not compute: each refusal calls them by their
//! name and says which file to get instead.

use std::fs;

use serde_json::json;

mod common;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/gguf.rs"]
mod gguf;
#[path = "common/refuse.rs"]
mod refuse;
use folder::Folder;
use gguf::{Gguf, f32_value, i2_s, text, u32_value};
use refuse::{Kind, load, refused};

/// The file to get instead.
const CHAT_MODEL: &str = "ggml-model-i2_s.gguf from microsoft/bitnet-b1.58-2B-4T-gguf";

/// Writes the file and checks its refusal, which says all of `words`.
fn check(case: &str, file: &Gguf, kind: Kind, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    fs::write(&path, file.bytes()).expect("it is written");
    for word in words {
        refused(case, &path, &path, kind, word);
    }
}

#[test]
fn weights_in_other_formats_are_called_by_name_with_the_file_to_get() {
    const PORTABLE: &str = "one kind of processor";
    const IK_LLAMA: &str = "Only ik_llama.cpp";
    const TERNARY: &str = "Choose a file with ternary weights";
    for (number, name, remedy) in [
        (2, "Q4_0", TERNARY),
        (8, "Q8_0", TERNARY),
        (10, "Q2_K", TERNARY),
        (12, "Q4_K", TERNARY),
        (16, "IQ2_XXS", TERNARY),
        (19, "IQ1_S", TERNARY),
        (29, "IQ1_M", TERNARY),
        (24, "I8", TERNARY),
        (28, "F64", TERNARY),
        (37, "I8_S", PORTABLE),
        (38, "TL1", PORTABLE),
        (39, "format TL2 (", PORTABLE),
        (134, "IQ1_BN", IK_LLAMA),
        (135, "IQ2_BN", IK_LLAMA),
        (335, "IQ2_BN_R4", IK_LLAMA),
        (137, "number 137 of ik_llama.cpp", IK_LLAMA),
        (144, "number 144 of ik_llama.cpp", IK_LLAMA),
        (202, "number 202 of ik_llama.cpp", IK_LLAMA),
        (337, "number 337 of ik_llama.cpp", IK_LLAMA),
        (399, "number 399 of ik_llama.cpp", IK_LLAMA),
        (31, "type 31", TERNARY),
        (40, "type 40", TERNARY),
        (u32::MAX, "type 4294967295", TERNARY),
    ] {
        let mut file = Gguf::sound();
        let tensor = file.tensor("blk.0.attn_q.weight");
        tensor.kind = number;
        // Room enough for each type.
        tensor.data.resize(128 * 128 * 8, 0);
        let words = [name, "blk.0.attn_q.weight", remedy, CHAT_MODEL];
        check(&format!("type {number}"), &file, Kind::Unsupported, &words);
    }
}

#[test]
fn number_39_is_not_called_tl2_in_a_file_that_bitnet_cpp_did_not_make() {
    let mut file = Gguf::sound();
    for (key, _) in &mut file.values {
        *key = key.replace("bitnet-b1.58.", "llama.");
    }
    file.set("general.architecture", text("llama"));
    file.tensors.retain(|t| !t.name.contains("sub_norm"));
    file.tensor("blk.0.attn_q.weight").kind = 39;
    let words = ["MXFP4 (or TL2)", "Choose a file with ternary weights"];
    check("llama with 39", &file, Kind::Unsupported, &words);
}

/// The sound model with a feed-forward layer of `width`, whose down projection is of type `kind`.
fn with_ffn(width: u64, kind: u32, data: Vec<u8>) -> Gguf {
    let mut file = Gguf::sound();
    file.set("bitnet-b1.58.feed_forward_length", u32_value(width as u32));
    for part in ["ffn_gate", "ffn_up"] {
        let tensor = file.tensor(&format!("blk.0.{part}.weight"));
        tensor.dims = vec![128, width];
        tensor.data = [vec![0b0101_0110; (128 * width / 4) as usize], vec![0; 32]].concat();
    }
    let norm = file.tensor("blk.0.ffn_sub_norm.weight");
    norm.dims = vec![width];
    norm.data = 1f32.to_le_bytes().repeat(width as usize);
    let down = file.tensor("blk.0.ffn_down.weight");
    down.dims = vec![width, 128];
    down.kind = kind;
    down.data = data;
    file
}

#[test]
fn packed_rows_of_odd_length_are_refused_not_read_askew() {
    // Runs of 128 straddle rows of 192.
    let file = with_ffn(192, 36, vec![0; 192 * 128 / 4 + 32]);
    let words = ["I2_S in rows of 192", "blk.0.ffn_down", "model.safetensors"];
    check("I2_S in rows of 192", &file, Kind::Unsupported, &words);
    let file = with_ffn(130, 36, vec![0; 130 * 128 / 4 + 32]);
    check(
        "I2_S in rows of 130",
        &file,
        Kind::Invalid,
        &["blk.0.ffn_down"],
    );
    let file = with_ffn(192, 34, vec![0; 128 * 54]);
    check(
        "TQ1_0 in rows of 192",
        &file,
        Kind::Invalid,
        &["blk.0.ffn_down"],
    );
}

#[test]
fn scales_of_blocks_are_looked_at_one_by_one() {
    /// 128 rows of one TQ2_0 block; the scale of the last but one is `odd`.
    fn blocks(odd: f32) -> Vec<u8> {
        let block = |scale: f32| {
            let scale = half::f16::from_f32(scale).to_le_bytes();
            [vec![0b0110_0001; 64], scale.to_vec()].concat()
        };
        [block(0.5).repeat(126), block(odd), block(0.5)].concat()
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    fs::write(&path, with_ffn(256, 35, blocks(0.0)).bytes()).expect("it is written");
    load(&path).expect("a block of zeros has scale 0");
    for odd in [f32::NAN, f32::INFINITY, -0.5, 0.25] {
        let file = with_ffn(256, 35, blocks(odd));
        let words = ["different scales", "block 126", "blk.0.ffn_down"];
        check(&format!("scale {odd}"), &file, Kind::Invalid, &words);
    }
    let negative = blocks(-0.5)[126 * 66..127 * 66].repeat(128);
    let file = with_ffn(256, 35, negative);
    check("all negative", &file, Kind::Invalid, &["scale -0.5"]);
    let mut code = blocks(0.5);
    code[5000] = 0b11;
    let file = with_ffn(256, 35, code);
    check("fourth code", &file, Kind::Invalid, &["no ternary weight"]);
}

#[test]
fn scales_beside_a_matrix_are_looked_at_too() {
    for (case, values, word) in [
        ("NaN", vec![f32::NAN], "not a finite number"),
        ("negative", vec![-2.0], "scale -1"),
        ("two", vec![1.0, 1.0], "1 values"),
        ("none", vec![], "1 values"),
    ] {
        let mut file = Gguf::sound();
        file.tensors.push(gguf::Tensor {
            name: "blk.0.attn_q.scale".into(),
            dims: vec![values.len() as u64],
            kind: 0,
            data: values.iter().flat_map(|v: &f32| v.to_le_bytes()).collect(),
            offset: None,
        });
        check(case, &file, Kind::Invalid, &["blk.0.attn_q", word]);
    }
    let mut file = Gguf::sound();
    file.tensor("blk.0.attn_q.weight").data = i2_s(0, -f32::NAN);
    check("NaN with a sign", &file, Kind::Invalid, &["scale NaN"]);
    let mut file = Gguf::sound();
    file.tensors.push(gguf::Tensor {
        name: "rope_freqs.weight".into(),
        dims: vec![32],
        kind: 0,
        data: 0f32.to_le_bytes().repeat(32),
        offset: None,
    });
    check("rotary factors", &file, Kind::Invalid, &["rope_scaling"]);
}

type Spoil = fn(&mut Gguf);

#[test]
fn other_models_are_called_by_name_and_embedding_models_as_what_they_are() {
    const EMBEDDING: &str = "turns text into numbers";
    const OTHER: &str = "Tern runs BitNet b1.58 models";
    let cases: &[(&str, &str, Spoil)] = &[
        ("qwen3", OTHER, |_| {}),
        ("qwen3", EMBEDDING, |g| {
            g.set("qwen3.pooling_type", u32_value(3))
        }),
        // microsoft/bitnet-embedding-270m: a norm before each projection.
        ("gemma3", EMBEDDING, |g| {
            g.tensors[1].name = "blk.0.attn_q_norm_in.weight".into()
        }),
        ("gemma3", OTHER, |_| {}),
        ("bert", EMBEDDING, |_| {}),
        ("nomic-bert", EMBEDDING, |_| {}),
        ("jina-bert-v2", EMBEDDING, |_| {}),
        ("gemma-embedding", EMBEDDING, |_| {}),
        ("t5encoder", EMBEDDING, |_| {}),
        ("mamba", OTHER, |_| {}),
        ("whisper", OTHER, |_| {}),
        ("", OTHER, |_| {}),
    ];
    for (arch, remedy, spoil) in cases {
        let mut file = Gguf::sound();
        file.set("general.architecture", text(arch));
        spoil(&mut file);
        let named = format!("the architecture \"{arch}\"");
        check(
            arch,
            &file,
            Kind::Unsupported,
            &[&named, remedy, CHAT_MODEL],
        );
    }
}

#[test]
fn folders_of_other_models_are_told_apart_the_same_way() {
    const EMBEDDING: &str = "turns text into numbers";
    const OTHER: &str = "Tern runs BitNet b1.58 models";
    for (model_type, architecture, remedy) in [
        ("qwen3", "Qwen3ForCausalLM", OTHER),
        ("qwen3", "Qwen3Model", EMBEDDING),
        ("gemma3_text", "Gemma3TextModel", EMBEDDING),
        ("bert", "BertModel", EMBEDDING),
        ("bert", "BertForMaskedLM", EMBEDDING),
        ("xlm-roberta", "XLMRobertaModel", EMBEDDING),
        ("bitnet_qwen3_embedding", "BitNetQwen3", EMBEDDING),
        ("qwen3", "BitNetEmbeddingModel", EMBEDDING),
        ("t5", "T5ForConditionalGeneration", OTHER),
        ("", "", OTHER),
    ] {
        let folder = Folder::new();
        // Such a configuration may look different everywhere else.
        let config = json!({"model_type": model_type, "architectures": [architecture]});
        folder.write("config.json", config.to_string());
        let named = format!("the model type \"{model_type}\"");
        for word in [named.as_str(), remedy, CHAT_MODEL] {
            let case = format!("{model_type} {architecture}");
            let config = folder.path("config.json");
            refused(&case, folder.root(), &config, Kind::Unsupported, word);
        }
    }
}

#[test]
fn odd_shapes_of_a_gguf_model_are_refused() {
    let cases: &[(&str, Kind, &str, Spoil)] = &[
        ("wide keys", Kind::Invalid, "blk.0.attn_q.weight", |g| {
            g.set("bitnet-b1.58.attention.key_length", u32_value(128))
        }),
        ("keys of width 0", Kind::Invalid, "head size", |g| {
            g.set("bitnet-b1.58.attention.key_length", u32_value(0))
        }),
        ("other values", Kind::Unsupported, "another width", |g| {
            g.set("bitnet-b1.58.attention.value_length", u32_value(32))
        }),
        ("all heads", Kind::Invalid, "heads", |g| {
            g.set("bitnet-b1.58.attention.head_count", u32_value(u32::MAX))
        }),
        ("no feed-forward", Kind::Invalid, "feed-forward size", |g| {
            g.set("bitnet-b1.58.feed_forward_length", u32_value(0))
        }),
        ("endless feed-forward", Kind::Invalid, "feed-forward", |g| {
            g.set("bitnet-b1.58.feed_forward_length", u32_value(u32::MAX))
        }),
        ("512 layers of 131,072", Kind::Invalid, "hidden size", |g| {
            g.set("bitnet-b1.58.block_count", u32_value(512));
            g.set("bitnet-b1.58.embedding_length", u32_value((1 << 17) + 1));
        }),
        // Not a byte is taken for it: the file's first tensor does not fit.
        ("512 layers of that", Kind::Invalid, "attn_norm", |g| {
            g.set("bitnet-b1.58.block_count", u32_value(512));
            g.set("bitnet-b1.58.embedding_length", u32_value(1 << 17));
            g.set("bitnet-b1.58.feed_forward_length", u32_value(1 << 17));
            g.set("bitnet-b1.58.attention.head_count", u32_value(1024));
            g.set("bitnet-b1.58.attention.head_count_kv", u32_value(1024));
        }),
        ("epsilon 1", Kind::Invalid, "rms_norm_eps", |g| {
            g.set(
                "bitnet-b1.58.attention.layer_norm_rms_epsilon",
                f32_value(1.0),
            )
        }),
        ("theta infinite", Kind::Invalid, "rope_theta", |g| {
            g.set("bitnet-b1.58.rope.freq_base", f32_value(f32::INFINITY))
        }),
        ("rope factor NaN", Kind::Invalid, "rope_scaling", |g| {
            g.set("bitnet-b1.58.rope.scaling.type", text("linear"));
            g.set("bitnet-b1.58.rope.scaling.factor", f32_value(f32::NAN));
        }),
        ("embedding on its side", Kind::Invalid, "token_embd", |g| {
            g.tensors[0].dims = vec![260, 128];
            g.remove("tokenizer.ggml.token_type");
            g.set("tokenizer.ggml.tokens", gguf::texts(&["a".to_owned()]));
            g.set("tokenizer.ggml.merges", gguf::texts(&[]));
        }),
        ("no columns", Kind::Invalid, "blk.0.attn_q.weight", |g| {
            g.tensor("blk.0.attn_q.weight").dims = vec![0, 128]
        }),
    ];
    for (case, kind, words, spoil) in cases {
        let mut file = Gguf::sound();
        spoil(&mut file);
        check(case, &file, *kind, &[words]);
    }
}
