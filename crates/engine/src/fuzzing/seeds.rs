//! Sound files, small, made in code: what inputs begin as.

use half::f16;
use serde_json::{Value as Json, json};

use super::random::Random;

#[path = "../../tests/common/gguf.rs"]
pub(super) mod gguf;

use gguf::{Gguf, Tensor, i32_list, text, texts, u32_value};

/// Tokens of the small models.
pub(super) const VOCAB: u64 = 24;
/// Width of the folder's model.
pub(super) const HIDDEN: u64 = 8;

/// A GGUF model of one layer in one of the formats that are read.
pub(super) fn gguf_model(random: &mut Random) -> Gguf {
    // Type number and the width its blocks need.
    let (kind, hidden) = random.pick(&[
        (0, 8),
        (1, 8),
        (1, 16),
        (30, 8),
        (36, 128),
        (34, 256),
        (35, 256),
    ]);
    let mut file = Gguf::sound();
    shrink(&mut file, kind, hidden);
    if random.one_in(3) {
        let arch = random.pick(&["bitnet", "bitnet-25", "llama"]);
        rename(&mut file, arch);
    }
    file
}

/// A GGUF file whose header is most of it.
pub(super) fn gguf_header(random: &mut Random) -> Gguf {
    let mut file = Gguf::sound();
    shrink(&mut file, 1, 8);
    if random.one_in(8) {
        rename(&mut file, "llama");
    }
    file
}

fn shrink(file: &mut Gguf, kind: u32, hidden: u64) {
    let mut tokens: Vec<String> = ["a", "b", "c", "ab", "Ġ", "Ġa", "abc", "Ã", "©", "Ã©"]
        .map(str::to_owned)
        .to_vec();
    tokens.extend((tokens.len() as u64..VOCAB - 3).map(|i| format!("w{i}")));
    tokens.extend(["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"].map(str::to_owned));
    let control = |i| if i >= VOCAB - 3 { 3 } else { 1 };
    let types: Vec<i32> = (0..VOCAB).map(control).collect();
    let merges = ["a b", "ab c", "Ġ a", "Ã ©"].map(str::to_owned);
    file.set("tokenizer.ggml.tokens", texts(&tokens));
    file.set("tokenizer.ggml.token_type", i32_list(&types));
    file.set("tokenizer.ggml.merges", texts(&merges));
    // Its splitting rule is compiled once for all.
    file.set("tokenizer.ggml.pre", text("gpt-2"));
    file.set("tokenizer.ggml.bos_token_id", u32_value(VOCAB as u32 - 3));
    file.set("tokenizer.ggml.eos_token_id", u32_value(VOCAB as u32 - 2));
    for key in ["embedding_length", "feed_forward_length"] {
        file.set(&format!("bitnet-b1.58.{key}"), u32_value(hidden as u32));
    }
    for tensor in &mut file.tensors {
        let (kind, dims) = match tensor.dims.len() {
            1 => (0, vec![hidden]),
            _ if tensor.name.starts_with("token_embd") => (1, vec![hidden, VOCAB]),
            _ => (kind, vec![hidden, hidden]),
        };
        let n = dims.iter().product::<u64>() as usize;
        let data = match kind {
            0 => 1f32.to_le_bytes().repeat(n),
            1 => f16::from_f32(0.5).to_le_bytes().repeat(n),
            30 => half::bf16::from_f32(-0.5).to_le_bytes().repeat(n),
            36 => [vec![0b1001_0010; n / 4], 0.5f32.to_le_bytes().repeat(8)].concat(),
            34 => blocks(n / 256, 52),
            _ => blocks(n / 256, 64),
        };
        tensor.kind = kind;
        tensor.dims = dims;
        tensor.data = data;
    }
}

/// Blocks of `bytes` codes and an f16 scale of 0.5.
fn blocks(n: usize, bytes: usize) -> Vec<u8> {
    let scale = f16::from_f32(0.5).to_le_bytes();
    [vec![0b1001_0010; bytes], scale.to_vec()]
        .concat()
        .repeat(n)
}

fn rename(file: &mut Gguf, arch: &str) {
    for (key, _) in &mut file.values {
        if let Some(rest) = key.strip_prefix("bitnet-b1.58.") {
            *key = format!("{arch}.{rest}");
        }
    }
    file.set("general.architecture", text(arch));
}

/// A tensor like the others.
pub(super) fn spare_tensor(name: &str) -> Tensor {
    Tensor {
        name: name.to_owned(),
        dims: vec![8],
        kind: 0,
        data: vec![0; 32],
        offset: None,
    }
}

/// `config.json` of the folder's model.
pub(super) fn config() -> Json {
    json!({
        "architectures": ["BitNetForCausalLM"],
        "model_type": "bitnet",
        "hidden_size": HIDDEN,
        "intermediate_size": HIDDEN,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "vocab_size": VOCAB,
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "rope_scaling": {"rope_type": "default", "factor": 1.0},
        "hidden_act": "relu2",
        "tie_word_embeddings": true,
        "attention_bias": false,
        "bos_token_id": 21,
        "eos_token_id": [22, 23],
        "quantization_config": {
            "quant_method": "bitnet",
            "linear_class": "autobitlinear",
            "use_rms_norm": false,
            "modules_to_not_convert": ["lm_head"]
        }
    })
}

/// `generation_config.json`.
pub(super) fn generation_config() -> Json {
    json!({
        "eos_token_id": [22, 23],
        "do_sample": true,
        "temperature": 0.6,
        "top_k": 50,
        "top_p": 0.9,
        "min_p": 0.05,
        "repetition_penalty": 1.1
    })
}

/// `tokenizer_config.json`.
pub(super) fn tokenizer_config() -> Json {
    json!({
        "add_bos_token": true,
        "bos_token": "<|begin_of_text|>",
        "eos_token": {"content": "<|eot_id|>", "lstrip": false},
        "chat_template": "{% for message in messages %}{{ message['content'] }}{% endfor %}",
        "added_tokens_decoder": {"22": {"content": "<|end_of_text|>", "special": true}},
        "model_max_length": 1e30,
        "tokenizer_class": "PreTrainedTokenizerFast"
    })
}

/// `tokenizer.json` of the folder's model.
pub(super) fn tokenizer(llama_rule: bool) -> Json {
    let words = ["a", "b", "c", "ab", "Ġ", "Ġa", "abc", "Ã", "©", "Ã©"];
    let vocab: serde_json::Map<String, Json> = words
        .iter()
        .enumerate()
        .map(|(id, word)| ((*word).to_owned(), json!(id)))
        .collect();
    let controls = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"];
    let added: Vec<Json> = controls
        .iter()
        .zip(VOCAB - 3..)
        .map(|(content, id)| json!({"id": id, "content": content, "special": true}))
        .collect();
    let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
    let rule = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|\s+(?!\S)|\s+";
    let pre_tokenizer = if llama_rule {
        json!({"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": rule}, "behavior": "Isolated", "invert": false},
            bytes(false)
        ]})
    } else {
        bytes(true)
    };
    json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": llama_rule.then(|| json!({"type": "NFC"})),
        "pre_tokenizer": pre_tokenizer,
        "post_processor": {"type": "TemplateProcessing", "single": [
            {"SpecialToken": {"id": "<|begin_of_text|>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}}
        ]},
        "decoder": bytes(true),
        "model": {
            "type": "BPE",
            "vocab": vocab,
            "merges": ["a b", ["ab", "c"], "Ġ a", "Ã ©"],
            "ignore_merges": false,
            "byte_fallback": false
        }
    })
}

/// `model.safetensors.index.json`.
pub(super) fn index() -> Json {
    json!({
        "metadata": {"total_size": 1000},
        "weight_map": {
            "model.embed_tokens.weight": "model-00001-of-00002.safetensors",
            "model.norm.weight": "model-00002-of-00002.safetensors"
        }
    })
}

/// Header and data of the folder's `model.safetensors`. `packed`: projections as bytes of four rows, else as floats.
pub(super) fn safetensors(packed: bool) -> (Json, Vec<u8>) {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut add = |name: String, dtype: &str, shape: &[u64], bytes: Vec<u8>| {
        let begin = data.len();
        data.extend(bytes);
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert(name, entry);
    };
    let bf16 = |x: f32, n: u64| half::bf16::from_f32(x).to_le_bytes().repeat(n as usize);
    let layer = "model.layers.0";
    for name in [
        "model.norm".to_owned(),
        format!("{layer}.input_layernorm"),
        format!("{layer}.post_attention_layernorm"),
        format!("{layer}.self_attn.attn_sub_norm"),
        format!("{layer}.mlp.ffn_sub_norm"),
    ] {
        add(
            format!("{name}.weight"),
            "BF16",
            &[HIDDEN],
            bf16(1.0, HIDDEN),
        );
    }
    let n = VOCAB * HIDDEN;
    add(
        "model.embed_tokens.weight".to_owned(),
        "BF16",
        &[VOCAB, HIDDEN],
        bf16(0.25, n),
    );
    for part in [
        "self_attn.q_proj",
        "self_attn.k_proj",
        "self_attn.v_proj",
        "self_attn.o_proj",
        "mlp.gate_proj",
        "mlp.up_proj",
        "mlp.down_proj",
    ] {
        let name = format!("{layer}.{part}.weight");
        if packed {
            add(format!("{name}_scale"), "BF16", &[1], bf16(0.5, 1));
            let bytes = vec![0b1001_0010; (HIDDEN / 4 * HIDDEN) as usize];
            add(name, "U8", &[HIDDEN / 4, HIDDEN], bytes);
        } else {
            add(name, "BF16", &[HIDDEN, HIDDEN], bf16(-0.5, HIDDEN * HIDDEN));
        }
    }
    (Json::Object(header), data)
}
