//! Files of BitNet b1.58 2B4T's size with random weights, in the forms it is published in.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

const LAYERS: usize = 30;
const HIDDEN: usize = 2560;
const FFN: usize = 6912;
const KV: usize = 640;
const VOCAB: usize = 128_256;
/// Tokens of text; the others are control tokens.
const TEXT_TOKENS: usize = 128_000;
/// Random bytes that are written over and over.
const PATTERN: usize = 1 << 20;

/// A tensor to write: its names in both worlds, and its shape.
struct Tensor {
    hf: String,
    gguf: String,
    shape: Vec<usize>,
    part: Part,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Embedding,
    Norm,
    Projection,
}

/// The path of the model in this form, written if it is not there yet.
pub(crate) fn written(folder: &Path, form: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(if form == "i2_s" { "i2_s.gguf" } else { form });
    if path.exists() {
        return Ok(path);
    }
    eprintln!("writing {}", path.display());
    let unfinished = folder.join("unfinished");
    if form == "i2_s" {
        gguf(&unfinished)?;
    } else {
        fs::create_dir_all(&unfinished)?;
        folder_form(&unfinished, form == "packed")?;
    }
    fs::rename(&unfinished, &path)?;
    Ok(path)
}

fn tensors() -> Vec<Tensor> {
    let tensor = |hf: String, gguf: String, shape: &[usize], part| Tensor {
        hf,
        gguf,
        shape: shape.to_vec(),
        part,
    };
    let mut all = vec![
        tensor(
            "model.embed_tokens.weight".into(),
            "token_embd.weight".into(),
            &[VOCAB, HIDDEN],
            Part::Embedding,
        ),
        tensor(
            "model.norm.weight".into(),
            "output_norm.weight".into(),
            &[HIDDEN],
            Part::Norm,
        ),
    ];
    for i in 0..LAYERS {
        for (hf, gguf, shape) in [
            ("input_layernorm", "attn_norm", &[HIDDEN][..]),
            ("self_attn.q_proj", "attn_q", &[HIDDEN, HIDDEN]),
            ("self_attn.k_proj", "attn_k", &[KV, HIDDEN]),
            ("self_attn.v_proj", "attn_v", &[KV, HIDDEN]),
            ("self_attn.attn_sub_norm", "attn_sub_norm", &[HIDDEN]),
            ("self_attn.o_proj", "attn_output", &[HIDDEN, HIDDEN]),
            ("post_attention_layernorm", "ffn_norm", &[HIDDEN]),
            ("mlp.gate_proj", "ffn_gate", &[FFN, HIDDEN]),
            ("mlp.up_proj", "ffn_up", &[FFN, HIDDEN]),
            ("mlp.ffn_sub_norm", "ffn_sub_norm", &[FFN]),
            ("mlp.down_proj", "ffn_down", &[HIDDEN, FFN]),
        ] {
            let part = if shape.len() == 2 {
                Part::Projection
            } else {
                Part::Norm
            };
            let hf = format!("model.layers.{i}.{hf}.weight");
            all.push(tensor(hf, format!("blk.{i}.{gguf}.weight"), shape, part));
        }
    }
    all
}

/// Xorshift: the same bytes everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Bytes of four codes each, none of them 3.
fn codes() -> Vec<u8> {
    let mut random = Random(1);
    let trit = |n: u64, i: u32| ((n >> (16 * i) & 0xffff) % 3) as u8;
    let mut byte = || {
        let n = random.next();
        (0..4).fold(0, |byte, i| byte << 2 | trit(n, i))
    };
    (0..PATTERN).map(|_| byte()).collect()
}

/// 16-bit floats around ±1, whose bits are `one` plus a random mantissa and sign.
fn floats(one: u16, mantissa: u16) -> Vec<u8> {
    let mut random = Random(2);
    (0..PATTERN / 2)
        .flat_map(|_| {
            let n = random.next();
            (one | (n as u16 & mantissa) | ((n >> 32) as u16 & 0x8000)).to_le_bytes()
        })
        .collect()
}

fn repeat(out: &mut impl Write, pattern: &[u8], mut bytes: usize) -> io::Result<()> {
    while bytes > 0 {
        let piece = bytes.min(pattern.len());
        out.write_all(&pattern[..piece])?;
        bytes -= piece;
    }
    Ok(())
}

fn gguf(path: &Path) -> io::Result<()> {
    let (tokens, merges) = vocabulary();
    let tensors = tensors();
    let mut head = Vec::new();
    let string = |out: &mut Vec<u8>, text: &str| {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text.as_bytes());
    };
    head.extend(b"GGUF");
    head.extend(3u32.to_le_bytes());
    head.extend((tensors.len() as u64).to_le_bytes());
    let mut keys: Vec<(String, u32, Vec<u8>)> = Vec::new();
    let text_value = |text: &str| {
        let mut out = Vec::new();
        string(&mut out, text);
        out
    };
    let list = |all: &[String]| {
        let mut out = Vec::new();
        out.extend(8u32.to_le_bytes());
        out.extend((all.len() as u64).to_le_bytes());
        all.iter().for_each(|text| string(&mut out, text));
        out
    };
    keys.push(("general.architecture".into(), 8, text_value("bitnet-b1.58")));
    for (key, n) in [
        ("vocab_size", VOCAB),
        ("context_length", 4096),
        ("embedding_length", HIDDEN),
        ("block_count", LAYERS),
        ("feed_forward_length", FFN),
        ("rope.dimension_count", 128),
        ("attention.head_count", 20),
        ("attention.head_count_kv", 5),
    ] {
        keys.push((
            format!("bitnet-b1.58.{key}"),
            4,
            (n as u32).to_le_bytes().to_vec(),
        ));
    }
    for (key, x) in [
        ("attention.layer_norm_rms_epsilon", 1e-5f32),
        ("rope.freq_base", 500_000.0),
    ] {
        keys.push((format!("bitnet-b1.58.{key}"), 6, x.to_le_bytes().to_vec()));
    }
    keys.push(("tokenizer.ggml.model".into(), 8, text_value("gpt2")));
    keys.push(("tokenizer.ggml.tokens".into(), 9, list(&tokens)));
    let types = (0..VOCAB).flat_map(|id| (1 + 2 * i32::from(id >= TEXT_TOKENS)).to_le_bytes());
    let types = [
        5u32.to_le_bytes().to_vec(),
        (VOCAB as u64).to_le_bytes().to_vec(),
    ]
    .concat()
    .into_iter()
    .chain(types)
    .collect();
    keys.push(("tokenizer.ggml.token_type".into(), 9, types));
    let merges: Vec<String> = merges.iter().map(|(a, b)| format!("{a} {b}")).collect();
    keys.push(("tokenizer.ggml.merges".into(), 9, list(&merges)));
    for (key, id) in [("bos", 128_000u32), ("eos", 128_001)] {
        keys.push((
            format!("tokenizer.ggml.{key}_token_id"),
            4,
            id.to_le_bytes().to_vec(),
        ));
    }
    head.extend((keys.len() as u64).to_le_bytes());
    for (key, kind, value) in keys {
        string(&mut head, &key);
        head.extend(kind.to_le_bytes());
        head.extend(value);
    }
    let bytes_of = |tensor: &Tensor| {
        let n: usize = tensor.shape.iter().product();
        match tensor.part {
            Part::Embedding => n * 2,
            Part::Norm => n * 4,
            Part::Projection => n / 4 + 32,
        }
    };
    let mut offset = 0;
    for tensor in &tensors {
        string(&mut head, &tensor.gguf);
        head.extend((tensor.shape.len() as u32).to_le_bytes());
        for n in tensor.shape.iter().rev() {
            head.extend((*n as u64).to_le_bytes());
        }
        let kind: u32 = match tensor.part {
            Part::Embedding => 1,
            Part::Norm => 0,
            Part::Projection => 36,
        };
        head.extend(kind.to_le_bytes());
        head.extend((offset as u64).to_le_bytes());
        offset += bytes_of(tensor).next_multiple_of(32);
    }
    head.resize(head.len().next_multiple_of(32), 0);

    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&head)?;
    let (codes, f16, one) = (codes(), floats(0x3800, 0x3ff), 1f32.to_le_bytes());
    for tensor in &tensors {
        let bytes = bytes_of(tensor);
        match tensor.part {
            Part::Embedding => repeat(&mut out, &f16, bytes)?,
            Part::Norm => repeat(&mut out, &one, bytes)?,
            Part::Projection => {
                repeat(&mut out, &codes, bytes - 32)?;
                repeat(&mut out, &one, 4)?;
                repeat(&mut out, &[0], 28)?;
            }
        }
        repeat(&mut out, &[0], bytes.next_multiple_of(32) - bytes)?;
    }
    out.flush()
}

fn folder_form(folder: &Path, packed: bool) -> io::Result<()> {
    let (tokens, merges) = vocabulary();
    let config = json!({
        "architectures": ["BitNetForCausalLM"], "model_type": "bitnet", "hidden_act": "relu2",
        "bos_token_id": 128_000, "eos_token_id": 128_001, "hidden_size": HIDDEN, "intermediate_size": FFN,
        "max_position_embeddings": 4096, "num_attention_heads": 20, "num_hidden_layers": LAYERS,
        "num_key_value_heads": 5, "rms_norm_eps": 1e-5, "rope_theta": 500_000.0, "tie_word_embeddings": true,
        "vocab_size": VOCAB,
        "quantization_config": {
            "quant_method": "bitnet", "linear_class": "autobitlinear",
            "quantization_mode": if packed { "offline" } else { "online" },
        },
    });
    fs::write(folder.join("config.json"), config.to_string())?;
    let vocab: Map<String, Value> = tokens[..TEXT_TOKENS]
        .iter()
        .enumerate()
        .map(|(id, text)| (text.clone(), json!(id)))
        .collect();
    let added: Vec<Value> = (TEXT_TOKENS..VOCAB)
        .map(|id| json!({ "id": id, "content": tokens[id], "special": true }))
        .collect();
    let tokenizer = json!({
        "added_tokens": added,
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        "model": { "type": "BPE", "vocab": vocab, "merges": merges, "ignore_merges": true },
    });
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string())?;

    let mut entries = Map::new();
    let mut offset = 0;
    let mut order = Vec::new();
    let mut add = |name: String, kind: &str, shape: &[usize], bytes: usize, part: Part| {
        let range = [offset, offset + bytes];
        entries.insert(
            name,
            json!({ "dtype": kind, "shape": shape, "data_offsets": range }),
        );
        order.push((part, kind == "U8", bytes));
        offset += bytes;
    };
    for tensor in tensors() {
        let n: usize = tensor.shape.iter().product();
        if tensor.part == Part::Projection && packed {
            let shape = [tensor.shape[0] / 4, tensor.shape[1]];
            add(tensor.hf.clone(), "U8", &shape, n / 4, Part::Projection);
            add(format!("{}_scale", tensor.hf), "BF16", &[1], 2, Part::Norm);
        } else {
            add(tensor.hf, "BF16", &tensor.shape, n * 2, tensor.part);
        }
    }
    let mut head = Value::Object(entries).to_string().into_bytes();
    head.resize(head.len().next_multiple_of(8), b' ');
    let mut out = BufWriter::new(File::create(folder.join("model.safetensors"))?);
    out.write_all(&(head.len() as u64).to_le_bytes())?;
    out.write_all(&head)?;
    let (codes, bf16) = (codes(), floats(0x3f00, 0xff));
    for (part, is_codes, bytes) in order {
        let pattern = match part {
            _ if is_codes => &codes[..],
            Part::Norm => &[0x80, 0x3f],
            _ => &bf16,
        };
        repeat(&mut out, pattern, bytes)?;
    }
    out.flush()
}

/// A byte-level vocabulary and merges, as many as Llama 3 has (128,256 and about 280,000).
fn vocabulary() -> (Vec<String>, Vec<(String, String)>) {
    let mut shifted = 0x100;
    let mut tokens: Vec<String> = (0..256u32)
        .map(|byte| {
            let plain = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
            let code = if plain { byte } else { shifted };
            shifted += u32::from(!plain);
            char::from_u32(code).map_or_else(String::new, String::from)
        })
        .collect();
    let mut known: HashSet<String> = tokens.iter().cloned().collect();
    let mut merges = Vec::new();
    let mut random = Random(3);
    while tokens.len() < TEXT_TOKENS {
        // Mostly joined from short tokens, as real words are.
        let mut pick = || {
            let n = random.next();
            let below = if n & 3 == 0 {
                tokens.len()
            } else {
                tokens.len().min(4096)
            };
            tokens[(n >> 8) as usize % below].clone()
        };
        let (left, right) = (pick(), pick());
        let joined = format!("{left}{right}");
        if joined.len() > 24 || !known.insert(joined.clone()) {
            continue;
        }
        let splits = joined
            .char_indices()
            .skip(1)
            .map(|(at, _)| joined.split_at(at));
        merges.extend(
            splits
                .filter(|(a, b)| known.contains(*a) && known.contains(*b))
                .map(|(a, b)| (a.to_owned(), b.to_owned())),
        );
        tokens.push(joined);
    }
    let names = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"];
    tokens.extend(names.map(str::to_owned));
    tokens.extend((0..VOCAB - TEXT_TOKENS - names.len()).map(|i| format!("<|reserved_{i}|>")));
    (tokens, merges)
}
