//! Changes to bytes and to JSON.

use serde_json::{Map, Number, Value, json};

use super::random::Random;

/// Inputs never grow beyond this.
const MAX_BYTES: usize = 1 << 20;

/// Changes bytes wherever they are, one to four times.
pub(super) fn bytes(random: &mut Random, data: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        let at = random.below(data.len());
        let len = random.below(64).min(data.len() - at);
        match random.below(9) {
            0 => data.truncate(at),
            1 if !data.is_empty() => data[at] ^= 1 << random.below(8),
            2 if !data.is_empty() => data[at] = random.next() as u8,
            3 => write_edge(random, data, at),
            4 => drop(data.drain(at..at + len)),
            5 => {
                let new = random.bytes(len);
                data.splice(at..at, new);
            }
            6 => {
                let from = random.below(data.len());
                let piece = data[from..data.len().min(from + 64)].to_vec();
                data.splice(at..at, piece);
            }
            7 => {
                let from = random.below(data.len());
                let piece = data[from..data.len().min(from + len)].to_vec();
                let end = data.len().min(at + piece.len());
                data.splice(at..end, piece);
            }
            _ => data[at..at + len].fill(random.pick(&[0, 0xff, b'"', b'[', b'{', b'9'])),
        }
    }
    data.truncate(MAX_BYTES);
}

/// Writes a telling number of 1, 2, 4 or 8 bytes.
fn write_edge(random: &mut Random, data: &mut [u8], at: usize) {
    let number = random.edge().to_le_bytes();
    let width = 1 << random.below(4);
    for (to, from) in data[at..].iter_mut().zip(&number[..width]) {
        *to = *from;
    }
}

/// Changes a JSON document in its structure, one to four times, and rarely in its bytes too.
pub(super) fn json(random: &mut Random, seed: &Value) -> Vec<u8> {
    let mut value = seed.clone();
    for _ in 0..=random.below(4) {
        let donor = pick_node(random, &mut value).clone();
        let node = pick_node(random, &mut value);
        change(random, node, donor);
    }
    let mut text = value.to_string().into_bytes();
    if random.one_in(4) {
        bytes(random, &mut text);
    }
    text
}

/// A node somewhere in the document; deep ones as likely as shallow ones.
fn pick_node<'a>(random: &mut Random, mut node: &'a mut Value) -> &'a mut Value {
    loop {
        let len = match node {
            Value::Array(all) => all.len(),
            Value::Object(all) => all.len(),
            _ => 0,
        };
        if len == 0 || random.one_in(4) {
            return node;
        }
        let at = random.below(len);
        node = match node {
            Value::Array(all) => &mut all[at],
            Value::Object(all) => all.values_mut().nth(at).expect("below its length"),
            _ => unreachable!("only lists and objects have members"),
        };
    }
}

fn change(random: &mut Random, node: &mut Value, donor: Value) {
    match (random.below(6), &mut *node) {
        (0, Value::Object(all)) => {
            if let Some(key) = nth_key(random, all) {
                all.remove(&key);
            }
        }
        (1, Value::Object(all)) => {
            if let (Some(from), Some(to)) = (nth_key(random, all), nth_key(random, all)) {
                let value = all.remove(&from).unwrap_or_default();
                all.insert(to, value);
            }
        }
        (2, Value::Object(all)) => {
            all.insert(word(random), donor);
        }
        (0, Value::Array(all)) if !all.is_empty() => drop(all.remove(random.below(all.len()))),
        (1, Value::Array(all)) => {
            let copies = all.clone();
            all.extend(copies);
            all.truncate(4096);
        }
        (2, Value::Array(all)) => all.insert(random.below(all.len() + 1), donor),
        (3, Value::Array(all)) => {
            let (a, b) = (random.below(all.len()), random.below(all.len()));
            if !all.is_empty() {
                all.swap(a, b);
            }
        }
        (4, _) => *node = donor,
        _ => *node = leaf(random),
    }
}

fn nth_key(random: &mut Random, map: &Map<String, Value>) -> Option<String> {
    map.keys().nth(random.below(map.len())).cloned()
}

/// A value nobody expects.
fn leaf(random: &mut Random) -> Value {
    match random.below(12) {
        0 => Value::Null,
        1 => json!(random.one_in(2)),
        2 => json!(-1),
        3 => json!(random.edge() as i64),
        4..=6 => json!(random.edge()),
        7 => {
            let bits = f64::from_bits(random.next());
            Number::from_f64(bits).map_or(Value::Null, Value::Number)
        }
        8 => json!(random.pick(&[0.0, -0.0, 0.5, 1e-320, 1e300, -1.0, f64::MAX])),
        9 => json!(word(random)),
        10 => json!([]),
        _ => (0..random.below(200)).fold(json!({}), |inner, _| json!([inner])),
    }
}

/// Words that mean something to one parser or another.
pub(super) fn word(random: &mut Random) -> String {
    const WORDS: [&str; 40] = [
        "",
        " ",
        "a",
        "a b",
        "Ġ",
        "Ġa",
        "ab",
        "\u{0}",
        "\u{feff}",
        "\u{10ffff}",
        "é",
        "<|eot_id|>",
        "<|x|>",
        "<s>",
        "<0x0A>",
        "..",
        "../model.safetensors",
        "/etc/passwd",
        "C:\\model.safetensors",
        "model-00001-of-00002.safetensors",
        "bitnet",
        "llama",
        "qwen3",
        "relu2",
        "silu",
        "autobitlinear",
        "BPE",
        "ByteLevel",
        "Sequence",
        "Split",
        "Replace",
        "Prepend",
        "NFKC",
        "Precompiled",
        "(a+)+$",
        "(?=x)|\\s+(?!\\S)",
        "\\p{L}{100}",
        "U8",
        "BF16",
        "I8",
    ];
    match random.below(16) {
        0 => "x".repeat(random.below(10_000)),
        1 => char::from_u32(random.next() as u32 % 0x11_0000)
            .unwrap_or('\u{fffd}')
            .to_string(),
        _ => random.pick(&WORDS).to_owned(),
    }
}
