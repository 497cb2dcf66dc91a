//! Inputs from seeds: a sound file with a few things wrong.

use serde_json::Value as Json;

use super::{
    mutate::{self, word},
    random::Random,
    seeds::{
        self,
        gguf::{Gguf, Value, raw_list, text, texts},
    },
};

pub(super) fn gguf_header(random: &mut Random) -> Vec<u8> {
    let file = seeds::gguf_header(random);
    spoilt_gguf(random, file)
}

pub(super) fn gguf_model(random: &mut Random) -> Vec<u8> {
    let file = seeds::gguf_model(random);
    spoilt_gguf(random, file)
}

/// Faults in the keys of the tokenizer, mostly.
pub(super) fn gguf_tokenizer(random: &mut Random) -> Vec<u8> {
    let mut file = seeds::gguf_header(random);
    for _ in 0..random.below(3) {
        let key = random.pick(&[
            "tokenizer.ggml.tokens",
            "tokenizer.ggml.merges",
            "tokenizer.ggml.token_type",
            "tokenizer.ggml.pre",
            "tokenizer.ggml.model",
            "tokenizer.ggml.bos_token_id",
            "tokenizer.ggml.add_bos_token",
        ]);
        let value = match random.below(4) {
            0 => any_value(random),
            1 => texts(
                &(0..random.below(40))
                    .map(|_| word(random))
                    .collect::<Vec<_>>(),
            ),
            2 => text(random.pick(&["gpt2", "gpt-2", "llama", "llama-bpe", "bert", "t5"])),
            _ => seeds::gguf::u32_value(random.edge() as u32),
        };
        file.set(key, value);
    }
    spoilt_gguf(random, file)
}

/// Changes keys, tensors and counts, then rarely the bytes.
fn spoilt_gguf(random: &mut Random, mut file: Gguf) -> Vec<u8> {
    for _ in 0..random.below(4) {
        if random.one_in(2) {
            spoil_value(random, &mut file);
        } else {
            spoil_tensor(random, &mut file);
        }
    }
    match random.below(40) {
        0 => file.version = random.edge() as u32,
        1 => file.n_tensors = Some(random.edge()),
        2 => file.n_values = Some(random.edge()),
        _ => {}
    }
    let mut bytes = file.bytes();
    if random.one_in(3) {
        // Most of what there is to break lies in the header.
        let header = random.below(bytes.len().min(4096));
        let mut tail = bytes.split_off(header);
        let keep = random.one_in(4);
        mutate::bytes(random, if keep { &mut tail } else { &mut bytes });
        bytes.extend(tail);
    }
    bytes
}

fn spoil_value(random: &mut Random, file: &mut Gguf) {
    let at = random.below(file.values.len());
    match random.below(8) {
        0 => drop(file.values.remove(at)),
        1 => file.values.push(file.values[at].clone()),
        2 => {
            let other = random.below(file.values.len());
            let value = file.values[other].1.clone();
            file.values[at].1 = value;
        }
        3 => file.values[at].0 = word(random),
        4 => {
            let value = any_value(random);
            let key = random.pick(&[
                "general.alignment",
                "general.name",
                "tokenizer.chat_template",
                "bitnet-b1.58.vocab_size",
                "bitnet-b1.58.attention.key_length",
                "bitnet-b1.58.rope.scaling.factor",
                "bitnet-b1.58.pooling_type",
            ]);
            file.set(key, value);
        }
        5 if !file.values[at].1.1.is_empty() => {
            // The length of a text or a list.
            let number = random.edge().to_le_bytes();
            let Value(kind, bytes) = &mut file.values[at].1;
            let from = if *kind == 9 { 4 } else { 0 };
            for (to, from) in bytes.iter_mut().skip(from).zip(number) {
                *to = from;
            }
        }
        _ => file.values[at].1 = any_value(random),
    }
}

fn any_value(random: &mut Random) -> Value {
    let number = random.edge().to_le_bytes();
    match random.below(18) {
        kind @ (0 | 1 | 7) => Value(kind as u32, number[..1].to_vec()),
        kind @ (2 | 3) => Value(kind as u32, number[..2].to_vec()),
        kind @ 4..=6 => Value(kind as u32, number[..4].to_vec()),
        kind @ 10..=12 => Value(kind as u32, number.to_vec()),
        8 => text(&word(random)),
        9 => texts(
            &(0..random.below(8))
                .map(|_| word(random))
                .collect::<Vec<_>>(),
        ),
        13 => {
            let (kind, len) = (random.below(14) as u32, random.below(200));
            let bytes = random.bytes(len);
            raw_list(kind, random.edge(), &bytes)
        }
        14 => {
            let inner = any_value(random);
            raw_list(9, 1 + random.edge() % 2, &inner.1)
        }
        15 => Value(
            6,
            f32::from_bits(random.next() as u32).to_le_bytes().to_vec(),
        ),
        16 => Value(random.edge() as u32, number.to_vec()),
        _ => {
            let (kind, n) = (random.pick(&[0u32, 4, 5]), random.below(30));
            let width = if kind == 0 { 1 } else { 4 };
            let bytes = random.bytes(n * width);
            raw_list(kind, n as u64, &bytes)
        }
    }
}

fn spoil_tensor(random: &mut Random, file: &mut Gguf) {
    if file.tensors.is_empty() {
        return;
    }
    let at = random.below(file.tensors.len());
    let other = random.below(file.tensors.len());
    match random.below(10) {
        0 => drop(file.tensors.remove(at)),
        1 => file.tensors.push(file.tensors[at].clone()),
        2 => file.tensors.swap(at, other),
        3 => file.tensors[at].name = file.tensors[other].name.clone(),
        4 => {
            let name = random.pick(&["output.weight", "rope_freqs.weight", "blk.0.attn_q.scale"]);
            file.tensors.push(seeds::spare_tensor(name));
        }
        5 => {
            let tensor = &mut file.tensors[at];
            let dim = random.below(tensor.dims.len());
            if let Some(dim) = tensor.dims.get_mut(dim) {
                *dim = random.edge();
            }
        }
        6 => {
            let n = random.below(6);
            file.tensors[at].dims = (0..n).map(|_| random.edge()).collect();
        }
        7 => {
            let known = random.pick(&[0, 1, 8, 14, 24, 30, 34, 35, 36, 37, 38, 39, 134, 135, 335]);
            file.tensors[at].kind = if random.one_in(4) {
                random.edge() as u32
            } else {
                known
            };
        }
        8 => file.tensors[at].offset = Some(random.edge() & !31),
        _ => {
            let data = &mut file.tensors[at].data;
            if random.one_in(2) {
                mutate::bytes(random, data);
            } else if let Some(byte) = {
                let len = data.len();
                data.get_mut(random.below(len))
            } {
                *byte = random.next() as u8;
            }
        }
    }
}

pub(super) fn safetensors(random: &mut Random) -> Vec<u8> {
    let (header, mut data) = seeds::safetensors(random.one_in(2));
    let json = if random.one_in(8) {
        header.to_string().into_bytes()
    } else {
        mutate::json(random, &header)
    };
    if random.one_in(4) {
        mutate::bytes(random, &mut data);
    }
    let len = if random.one_in(16) {
        random.edge()
    } else {
        json.len() as u64
    };
    [&len.to_le_bytes()[..], &json, &data].concat()
}

pub(super) fn safetensors_index(random: &mut Random) -> Vec<u8> {
    mutate::json(random, &seeds::index())
}

pub(super) fn config(random: &mut Random) -> Vec<u8> {
    mutate::json(random, &seeds::config())
}

pub(super) fn generation_config(random: &mut Random) -> Vec<u8> {
    mutate::json(random, &seeds::generation_config())
}

pub(super) fn tokenizer_config(random: &mut Random) -> Vec<u8> {
    mutate::json(random, &seeds::tokenizer_config())
}

pub(super) fn tokenizer_json(random: &mut Random) -> Vec<u8> {
    let mut seed = seeds::tokenizer(random.one_in(4));
    if random.one_in(3) {
        spoil_rules(random, &mut seed);
    }
    mutate::json(random, &seed)
}

/// Normalisers and splitting rules of every kind the tokenizers crate can read.
fn spoil_rules(random: &mut Random, tokenizer: &mut Json) {
    use serde_json::json;
    let pattern = word(random);
    let content = word(random);
    let normalizer = match random.below(12) {
        0 => json!({"type": "Replace", "pattern": {"Regex": pattern}, "content": content}),
        1 => json!({"type": "Replace", "pattern": {"String": pattern}, "content": content}),
        2 => json!({"type": "Prepend", "prepend": content}),
        3 => json!({"type": "Precompiled", "precompiled_charsmap": content}),
        4 => json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true}),
        5 => json!({"type": "Strip", "strip_left": true, "strip_right": true}),
        6 => {
            json!({"type": "Sequence", "normalizers": [{"type": "NFKD"}, {"type": "StripAccents"}]})
        }
        7 => {
            json!({"type": random.pick(&["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "ByteLevel"])})
        }
        _ => Json::Null,
    };
    let other = match random.below(8) {
        0 => {
            json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": random.one_in(2)})
        }
        1 => {
            json!({"type": "Split", "pattern": {"String": pattern}, "behavior": "MergedWithNext", "invert": false})
        }
        2 => {
            json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true})
        }
        3 => json!({"type": "Punctuation", "behavior": "Contiguous"}),
        4 => json!({"type": "Digits", "individual_digits": true}),
        5 => json!({"type": "FixedLength", "length": random.edge()}),
        6 => json!({"type": "UnicodeScripts"}),
        _ => json!({"type": "CharDelimiterSplit", "delimiter": " "}),
    };
    let own = tokenizer["pre_tokenizer"].take();
    tokenizer["normalizer"] = normalizer;
    tokenizer["pre_tokenizer"] = json!({"type": "Sequence", "pretokenizers": [other, own]});
}

/// Text with everything in it that tokenizers treat in a way of their own.
fn text_bytes(random: &mut Random, pieces: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(pieces) {
        match random.below(6) {
            0 => bytes.extend(word(random).into_bytes()),
            1 => bytes.extend(
                random
                    .pick(&["\r\n", "\n\n\n", "   ", "\t", "\u{a0}", "\u{3000}"])
                    .bytes(),
            ),
            2 => bytes.extend(
                random
                    .pick(&[
                        "Hello",
                        " world",
                        "don't",
                        "12345",
                        "日本語",
                        "👩‍👩‍👧",
                        "e\u{301}",
                        "ﷺ",
                    ])
                    .bytes(),
            ),
            3 => bytes.extend(
                random
                    .pick(&[
                        "<|begin_of_text|>",
                        "<|eot_id|>",
                        "<|end_of_text|>",
                        "<|eot",
                        "_id|>",
                    ])
                    .bytes(),
            ),
            4 => {
                let len = random.below(9);
                bytes.extend(random.bytes(len));
            }
            _ => {
                let c = char::from_u32(random.next() as u32 % 0x11_0000).unwrap_or(' ');
                bytes.extend(c.to_string().bytes());
            }
        }
    }
    bytes
}

pub(super) fn plain_text(random: &mut Random) -> Vec<u8> {
    // Long ones rarely: they take their time.
    let pieces = if random.one_in(50) { 400 } else { 24 };
    let mut bytes = random.bytes(1);
    bytes.extend(text_bytes(random, pieces));
    bytes
}

/// Bytes with telling numbers in them, floats too.
pub(super) fn noise(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(120) {
        let number = match random.below(4) {
            0 => f32::NAN,
            1 => random.pick(&[
                0.0,
                1.0,
                -1.0,
                0.9,
                f32::INFINITY,
                f32::NEG_INFINITY,
                f32::MAX,
            ]),
            2 => (random.next() >> 40) as f32 / 1e6,
            _ => f32::from_bits(random.next() as u32),
        };
        bytes.extend(number.to_le_bytes());
    }
    bytes
}
