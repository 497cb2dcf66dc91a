//! A model made up for these tests: it writes plain words without an end, slowly enough that a
//! person could press Stop. The Guide is done before a hand moves.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

const HIDDEN: usize = 1024;
const FFN: usize = 4096;
const LAYERS: usize = 12;
const HEADS: usize = 16;
const KV_HEADS: usize = 4;
const CONTEXT: usize = 4096;

/// A small repeatable source of numbers (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Between -1 and 1.
    fn signed(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

fn bf16(x: f32) -> [u8; 2] {
    let [_, _, low, high] = x.to_le_bytes();
    [low, high]
}

/// Writes the model as a Hugging Face folder below `folder` and returns its path. The tokenizer
/// is that of the golden model.
pub(crate) fn write(folder: &Path) -> PathBuf {
    let golden = tern_tests::root().join("tests/golden/tiny-bitnet/hf-packed");
    let target = folder.join("rambling");
    fs::create_dir(&target).expect("a new folder");
    for file in [
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        fs::copy(golden.join(file), target.join(file))
            .unwrap_or_else(|error| panic!("{file} of the golden model: {error}"));
    }
    let read = |file: &str| -> Value {
        let text = fs::read_to_string(golden.join(file)).expect("a file of the golden model");
        serde_json::from_str(&text).expect("JSON")
    };
    let mut config = read("config.json");
    for (key, value) in [
        ("hidden_size", HIDDEN),
        ("intermediate_size", FFN),
        ("num_hidden_layers", LAYERS),
        ("num_attention_heads", HEADS),
        ("num_key_value_heads", KV_HEADS),
        ("max_position_embeddings", CONTEXT),
    ] {
        config[key] = json!(value);
    }
    fs::write(target.join("config.json"), config.to_string()).expect("config.json");
    let vocab_size = config["vocab_size"].as_u64().expect("a vocabulary size") as usize;
    write_weights(
        &target.join("model.safetensors"),
        &plain_words(&read("tokenizer.json"), vocab_size),
    );
    target
}

/// Which ids are a space and small letters: text that Markdown leaves as it is.
fn plain_words(tokenizer: &Value, vocab_size: usize) -> Vec<bool> {
    let mut plain = vec![false; vocab_size];
    for (token, id) in tokenizer["model"]["vocab"]
        .as_object()
        .expect("a vocabulary")
    {
        let letters = token.strip_prefix('Ġ').unwrap_or_default();
        if letters.len() > 1 && letters.bytes().all(|b| b.is_ascii_lowercase()) {
            plain[id.as_u64().expect("an id") as usize] = true;
        }
    }
    plain
}

/// A tensor still to be written: name, type, shape and how to fill it.
enum Fill {
    /// Every value 1.
    Ones,
    /// One weight scale.
    Scale,
    /// Valid packed ternary bytes.
    Ternary,
    /// Rows of the plain words large, all others small, so that no end is ever likelier.
    Embedding,
}

fn write_weights(path: &Path, plain: &[bool]) {
    let mut tensors: Vec<(String, Vec<usize>, Fill)> = vec![
        (
            "model.embed_tokens.weight".to_owned(),
            vec![plain.len(), HIDDEN],
            Fill::Embedding,
        ),
        ("model.norm.weight".to_owned(), vec![HIDDEN], Fill::Ones),
    ];
    let kv = HIDDEN / HEADS * KV_HEADS;
    for layer in 0..LAYERS {
        let name = |rest: &str| format!("model.layers.{layer}.{rest}");
        for (norm, width) in [
            ("input_layernorm", HIDDEN),
            ("self_attn.attn_sub_norm", HIDDEN),
            ("post_attention_layernorm", HIDDEN),
            ("mlp.ffn_sub_norm", FFN),
        ] {
            tensors.push((name(&format!("{norm}.weight")), vec![width], Fill::Ones));
        }
        for (projection, rows, cols) in [
            ("self_attn.q_proj", HIDDEN, HIDDEN),
            ("self_attn.k_proj", kv, HIDDEN),
            ("self_attn.v_proj", kv, HIDDEN),
            ("self_attn.o_proj", HIDDEN, HIDDEN),
            ("mlp.gate_proj", FFN, HIDDEN),
            ("mlp.up_proj", FFN, HIDDEN),
            ("mlp.down_proj", HIDDEN, FFN),
        ] {
            tensors.push((
                name(&format!("{projection}.weight")),
                vec![rows / 4, cols],
                Fill::Ternary,
            ));
            tensors.push((
                name(&format!("{projection}.weight_scale")),
                vec![1],
                Fill::Scale,
            ));
        }
    }

    let mut header = Map::new();
    let mut offset = 0;
    for (name, shape, fill) in &tensors {
        let (dtype, size) = if matches!(fill, Fill::Ternary) {
            ("U8", 1)
        } else {
            ("BF16", 2)
        };
        let end = offset + shape.iter().product::<usize>() * size;
        header.insert(
            name.clone(),
            json!({"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}),
        );
        offset = end;
    }
    let mut header = Value::Object(header).to_string();
    // The data begins at a multiple of 8.
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));

    let mut file = BufWriter::new(File::create(path).expect("a new file"));
    let mut put = |bytes: &[u8]| file.write_all(bytes).expect("the disk has room");
    put(&(header.len() as u64).to_le_bytes());
    put(header.as_bytes());
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    // A byte holds four codes 0, 1 or 2; 3 would be refused.
    let code = |n: usize, place: usize| (n / 3_usize.pow(place as u32) % 3) << (2 * place);
    let valid: Vec<u8> = (0..81)
        .map(|n| (0..4).map(|place| code(n, place)).sum::<usize>() as u8)
        .collect();
    for (_, shape, fill) in &tensors {
        let count: usize = shape.iter().product();
        match fill {
            Fill::Ones => put(&bf16(1.0).repeat(count)),
            Fill::Scale => put(&bf16(0.05)),
            Fill::Ternary => {
                let bytes: Vec<u8> = (0..count)
                    .map(|_| valid[(numbers.next() >> 33) as usize % 81])
                    .collect();
                put(&bytes);
            }
            Fill::Embedding => {
                for &is_plain in plain {
                    let size = if is_plain { 1.0 } else { 0.02 };
                    let row: Vec<u8> = (0..HIDDEN)
                        .flat_map(|_| bf16(numbers.signed() * size))
                        .collect();
                    put(&row);
                }
            }
        }
    }
}
