//! Writes GGUF files, sound and broken ones.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::path::Path;

use half::f16;

/// A value of the header: its type number and its bytes.
#[derive(Clone)]
pub(crate) struct Value(pub(crate) u32, pub(crate) Vec<u8>);

pub(crate) fn u32_value(n: u32) -> Value {
    Value(4, n.to_le_bytes().to_vec())
}

pub(crate) fn f32_value(x: f32) -> Value {
    Value(6, x.to_le_bytes().to_vec())
}

pub(crate) fn text(s: &str) -> Value {
    Value(8, string(s))
}

pub(crate) fn texts(all: &[String]) -> Value {
    let mut bytes = [
        8u32.to_le_bytes().to_vec(),
        (all.len() as u64).to_le_bytes().to_vec(),
    ]
    .concat();
    all.iter().for_each(|s| bytes.extend(string(s)));
    Value(9, bytes)
}

pub(crate) fn i32_list(all: &[i32]) -> Value {
    let mut bytes = [
        5u32.to_le_bytes().to_vec(),
        (all.len() as u64).to_le_bytes().to_vec(),
    ]
    .concat();
    all.iter().for_each(|n| bytes.extend(n.to_le_bytes()));
    Value(9, bytes)
}

/// A list header of `len` elements of type `kind`, with `bytes` behind it.
pub(crate) fn raw_list(kind: u32, len: u64, bytes: &[u8]) -> Value {
    Value(
        9,
        [&kind.to_le_bytes(), &len.to_le_bytes()[..], bytes].concat(),
    )
}

fn string(s: &str) -> Vec<u8> {
    [&(s.len() as u64).to_le_bytes(), s.as_bytes()].concat()
}

#[derive(Clone)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    /// Fastest first.
    pub(crate) dims: Vec<u64>,
    pub(crate) kind: u32,
    pub(crate) data: Vec<u8>,
    /// Instead of where the data really lie.
    pub(crate) offset: Option<u64>,
}

#[derive(Clone)]
pub(crate) struct Gguf {
    pub(crate) version: u32,
    pub(crate) n_tensors: Option<u64>,
    pub(crate) n_values: Option<u64>,
    pub(crate) values: Vec<(String, Value)>,
    pub(crate) tensors: Vec<Tensor>,
}

const ARCH: &str = "bitnet-b1.58";
const HIDDEN: u64 = 128;
const VOCAB: u64 = 260;

/// All bytes as GPT-2 spells them: printable ones as themselves.
pub(crate) fn byte_tokens() -> Vec<String> {
    let mut shifted = 0x100;
    (0..256u32)
        .map(|byte| {
            let plain = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
            let code = if plain { byte } else { shifted };
            shifted += u32::from(!plain);
            char::from_u32(code).expect("a character").to_string()
        })
        .collect()
}

impl Gguf {
    /// A sound model: one layer of 128, two heads of 64, 260 tokens.
    pub(crate) fn sound() -> Self {
        let mut tokens = byte_tokens();
        tokens.extend(
            ["ab", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"].map(str::to_owned),
        );
        let types: Vec<i32> = (0..VOCAB).map(|i| if i >= 257 { 3 } else { 1 }).collect();
        let key = |name: &str| format!("{ARCH}.{name}");
        let values = vec![
            ("general.architecture".to_owned(), text(ARCH)),
            (key("context_length"), u32_value(64)),
            (key("embedding_length"), u32_value(HIDDEN as u32)),
            (key("block_count"), u32_value(1)),
            (key("feed_forward_length"), u32_value(HIDDEN as u32)),
            (key("attention.head_count"), u32_value(2)),
            (key("attention.head_count_kv"), u32_value(2)),
            (key("attention.layer_norm_rms_epsilon"), f32_value(1e-5)),
            (key("rope.freq_base"), f32_value(10_000.0)),
            ("tokenizer.ggml.model".to_owned(), text("gpt2")),
            ("tokenizer.ggml.tokens".to_owned(), texts(&tokens)),
            ("tokenizer.ggml.token_type".to_owned(), i32_list(&types)),
            (
                "tokenizer.ggml.merges".to_owned(),
                texts(&["a b".to_owned()]),
            ),
            ("tokenizer.ggml.bos_token_id".to_owned(), u32_value(257)),
            ("tokenizer.ggml.eos_token_id".to_owned(), u32_value(258)),
        ];
        let mut tensors = vec![
            tensor(
                "token_embd.weight",
                &[HIDDEN, VOCAB],
                1,
                f16::from_f32(0.5)
                    .to_le_bytes()
                    .repeat((HIDDEN * VOCAB) as usize),
            ),
            norm("output_norm.weight"),
        ];
        for part in ["attn_norm", "attn_sub_norm", "ffn_norm", "ffn_sub_norm"] {
            tensors.push(norm(&format!("blk.0.{part}.weight")));
        }
        for part in [
            "attn_q",
            "attn_k",
            "attn_v",
            "attn_output",
            "ffn_gate",
            "ffn_up",
            "ffn_down",
        ] {
            tensors.push(tensor(
                &format!("blk.0.{part}.weight"),
                &[HIDDEN, HIDDEN],
                36,
                i2_s(0b1001_0010, 0.5),
            ));
        }
        Self {
            version: 3,
            n_tensors: None,
            n_values: None,
            values,
            tensors,
        }
    }

    /// A sound file of version 3, to be changed. A tensor's data are those up to the next one.
    pub(crate) fn read(path: &Path) -> Self {
        let file = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut rest = &file[4..];
        let version = u32::from_le_bytes(take(&mut rest));
        let n_tensors = u64::from_le_bytes(take(&mut rest));
        let n_values = u64::from_le_bytes(take(&mut rest));
        let values = (0..n_values)
            .map(|_| {
                let key = take_string(&mut rest);
                let kind = u32::from_le_bytes(take(&mut rest));
                let len = value_len(kind, rest);
                let (value, after) = rest.split_at(len);
                rest = after;
                (key, Value(kind, value.to_vec()))
            })
            .collect();
        let mut tensors: Vec<Tensor> = (0..n_tensors)
            .map(|_| Tensor {
                name: take_string(&mut rest),
                dims: (0..u32::from_le_bytes(take(&mut rest)))
                    .map(|_| u64::from_le_bytes(take(&mut rest)))
                    .collect(),
                kind: u32::from_le_bytes(take(&mut rest)),
                data: Vec::new(),
                offset: Some(u64::from_le_bytes(take(&mut rest))),
            })
            .collect();
        let data = &file[(file.len() - rest.len()).next_multiple_of(32)..];
        tensors.sort_by_key(|tensor| tensor.offset);
        let mut end = data.len();
        for tensor in tensors.iter_mut().rev() {
            let start = tensor.offset.take().expect("it was just read") as usize;
            tensor.data = data[start..end].to_vec();
            end = start;
        }
        Self {
            version,
            n_tensors: None,
            n_values: None,
            values,
            tensors,
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend(
            self.n_tensors
                .unwrap_or(self.tensors.len() as u64)
                .to_le_bytes(),
        );
        out.extend(
            self.n_values
                .unwrap_or(self.values.len() as u64)
                .to_le_bytes(),
        );
        for (key, Value(kind, bytes)) in &self.values {
            out.extend(string(key));
            out.extend(kind.to_le_bytes());
            out.extend(bytes);
        }
        let mut at = 0;
        for tensor in &self.tensors {
            out.extend(string(&tensor.name));
            out.extend((tensor.dims.len() as u32).to_le_bytes());
            tensor.dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
            out.extend(tensor.kind.to_le_bytes());
            out.extend(tensor.offset.unwrap_or(at).to_le_bytes());
            at += tensor.data.len().next_multiple_of(32) as u64;
        }
        for tensor in &self.tensors {
            out.resize(out.len().next_multiple_of(32), 0);
            out.extend(&tensor.data);
        }
        out
    }

    /// Replaces a value, or adds it.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        match self.values.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => *old = value,
            None => self.values.push((key.to_owned(), value)),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.values.retain(|(k, _)| k != key);
    }

    pub(crate) fn tensor(&mut self, name: &str) -> &mut Tensor {
        self.tensors
            .iter_mut()
            .find(|t| t.name == name)
            .unwrap_or_else(|| panic!("no tensor {name}"))
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (taken, after) = rest.split_first_chunk().expect("the file goes on");
    *rest = after;
    *taken
}

fn take_string(rest: &mut &[u8]) -> String {
    let len = u64::from_le_bytes(take(rest)) as usize;
    let (text, after) = rest.split_at(len);
    *rest = after;
    String::from_utf8(text.to_vec()).expect("UTF-8")
}

/// Bytes of a value that `rest` begins with.
fn value_len(kind: u32, mut rest: &[u8]) -> usize {
    let all = rest.len();
    match kind {
        0 | 1 | 7 => return 1,
        2 | 3 => return 2,
        4..=6 => return 4,
        10..=12 => return 8,
        8 => drop(take_string(&mut rest)),
        _ => {
            let kind = u32::from_le_bytes(take(&mut rest));
            for _ in 0..u64::from_le_bytes(take(&mut rest)) {
                rest = &rest[value_len(kind, rest)..];
            }
        }
    }
    all - rest.len()
}

fn tensor(name: &str, dims: &[u64], kind: u32, data: Vec<u8>) -> Tensor {
    Tensor {
        name: name.to_owned(),
        dims: dims.to_vec(),
        kind,
        data,
        offset: None,
    }
}

fn norm(name: &str) -> Tensor {
    tensor(
        name,
        &[HIDDEN],
        0,
        1f32.to_le_bytes().repeat(HIDDEN as usize),
    )
}

/// A square matrix of one repeated byte.
pub(crate) fn i2_s(byte: u8, scale: f32) -> Vec<u8> {
    let mut data = vec![byte; (HIDDEN * HIDDEN / 4) as usize];
    data.extend(scale.to_le_bytes());
    data.extend([0xff; 28]);
    data
}

pub(crate) fn bool_value(value: bool) -> Value {
    Value(7, vec![value.into()])
}
