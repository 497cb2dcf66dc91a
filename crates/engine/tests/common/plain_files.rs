//! Writes a [`PlainModel`] in the forms models are published in.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::{fs, path::Path};

use half::{bf16, f16};
use serde_json::{Map, Value as Json, json};

use crate::{
    gguf::{Gguf, Tensor, f32_value, u32_value},
    plain::{Matrix, PlainLayer, PlainModel},
};

/// How a projection is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stored {
    I2S,
    Tq1_0,
    Tq2_0,
    F16,
}

impl Stored {
    fn number(self) -> u32 {
        match self {
            Self::I2S => 36,
            Self::Tq1_0 => 34,
            Self::Tq2_0 => 35,
            Self::F16 => 1,
        }
    }

    fn bytes(self, m: &Matrix) -> Vec<u8> {
        match self {
            Self::I2S => {
                let mut out: Vec<u8> = m
                    .codes
                    .chunks(128)
                    .flat_map(|run| {
                        (0..32).map(|j| {
                            (0..4).fold(0, |byte, k| byte << 2 | (run[k * 32 + j] + 1) as u8)
                        })
                    })
                    .collect();
                out.extend(m.scale.to_le_bytes());
                out.extend([0; 28]);
                out
            }
            Self::Tq2_0 => m
                .codes
                .chunks(256)
                .flat_map(|block| tq2_0(block, m.scale))
                .collect(),
            Self::Tq1_0 => m
                .codes
                .chunks(256)
                .flat_map(|block| tq1_0(block, m.scale))
                .collect(),
            Self::F16 => m
                .codes
                .iter()
                .flat_map(|&code| f16::from_f32(f32::from(code) * m.scale).to_le_bytes())
                .collect(),
        }
    }
}

/// The scale of a block: none, where all its weights are zero.
fn block_scale(block: &[i8], scale: f32) -> [u8; 2] {
    let scale = if block.iter().all(|&code| code == 0) {
        0.0
    } else {
        scale
    };
    f16::from_f32(scale).to_le_bytes()
}

fn tq2_0(block: &[i8], scale: f32) -> Vec<u8> {
    let mut out: Vec<u8> = block
        .chunks(128)
        .flat_map(|run| {
            (0..32)
                .map(|j| (0..4).fold(0, |byte, k| byte | ((run[k * 32 + j] + 1) as u8) << (2 * k)))
        })
        .collect();
    out.extend(block_scale(block, scale));
    out
}

fn tq1_0(block: &[i8], scale: f32) -> Vec<u8> {
    // Trits from the most significant one on, as a share of 3^5 scaled to a byte and rounded up.
    let byte = |trits: [i8; 5]| {
        let value = trits.iter().fold(0u32, |v, &t| v * 3 + (t + 1) as u32);
        (value * 256).div_ceil(243) as u8
    };
    let mut out = Vec::new();
    for (start, width) in [(0, 32), (160, 16)] {
        out.extend((0..width).map(|j| byte(std::array::from_fn(|k| block[start + k * width + j]))));
    }
    out.extend((0..4).map(|j| {
        // The fifth trit is unused.
        byte(std::array::from_fn(|k| {
            if k < 4 { block[240 + k * 4 + j] } else { -1 }
        }))
    }));
    out.extend(block_scale(block, scale));
    out
}

impl PlainModel {
    /// As a GGUF file of the architecture `arch`.
    pub(crate) fn gguf(&self, arch: &str, stored: Stored) -> Gguf {
        let mut file = Gguf::sound();
        for (key, value) in &mut file.values {
            *key = key.replace("bitnet-b1.58.", &format!("{arch}."));
            if key == "general.architecture" {
                *value = crate::gguf::text(arch);
            }
        }
        for (name, n) in [
            ("context_length", 128),
            ("embedding_length", self.hidden),
            ("block_count", self.layers.len()),
            ("feed_forward_length", self.ffn),
            ("attention.head_count", self.heads),
            ("attention.head_count_kv", self.kv_heads),
        ] {
            file.set(&format!("{arch}.{name}"), u32_value(n as u32));
        }
        file.set(
            &format!("{arch}.attention.layer_norm_rms_epsilon"),
            f32_value(self.eps),
        );
        file.set(&format!("{arch}.rope.freq_base"), f32_value(self.theta));
        let floats = |x: &[f32]| x.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let tensor = |name: String, dims: &[usize], kind: u32, data: Vec<u8>| Tensor {
            name,
            dims: dims.iter().map(|&n| n as u64).collect(),
            kind,
            data,
            offset: None,
        };
        let table = [self.hidden, self.vocab];
        let mut all = vec![
            tensor(
                "token_embd.weight".into(),
                &table,
                0,
                floats(&self.embedding),
            ),
            tensor(
                "output_norm.weight".into(),
                &[self.hidden],
                0,
                floats(&self.final_norm),
            ),
        ];
        if let Some(head) = &self.head {
            all.push(tensor("output.weight".into(), &table, 0, floats(head)));
        }
        for (i, layer) in self.layers.iter().enumerate() {
            for (name, norm) in norms(layer) {
                let name = format!("blk.{i}.{}.weight", name.1);
                all.push(tensor(name, &[norm.len()], 0, floats(norm)));
            }
            for (name, m) in projections(layer) {
                let name = format!("blk.{i}.{}.weight", name.1);
                all.push(tensor(
                    name,
                    &[m.cols, m.rows],
                    stored.number(),
                    stored.bytes(m),
                ));
            }
        }
        file.tensors = all;
        file
    }

    /// As a Hugging Face folder: packed bytes with `scale` applied to each matrix's, or BF16 weights.
    pub(crate) fn write_folder(
        &self,
        folder: &Path,
        packed: Option<&dyn Fn(f32) -> f32>,
        config: impl FnOnce(&mut Json),
    ) {
        let mut json = json!({
            "architectures": ["BitNetForCausalLM"], "model_type": "bitnet",
            "hidden_act": if self.silu { "silu" } else { "relu2" },
            "bos_token_id": 257, "eos_token_id": 258, "hidden_size": self.hidden, "intermediate_size": self.ffn,
            "max_position_embeddings": 128, "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers.len(), "num_key_value_heads": self.kv_heads,
            "rms_norm_eps": self.eps, "rope_theta": self.theta, "tie_word_embeddings": self.head.is_none(),
            "vocab_size": self.vocab, "quantization_config": { "quant_method": "bitnet" },
        });
        config(&mut json);
        let write =
            |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).expect("written");
        write("config.json", json.to_string().into_bytes());
        let source = crate::common::golden().join("tiny-bitnet/hf-packed/tokenizer.json");
        let mut tokenizer = crate::common::json(&source);
        // Bytes and nothing else: ids below 256.
        let vocab = tokenizer["model"]["vocab"]
            .as_object_mut()
            .expect("a vocabulary");
        vocab.retain(|_, id| id.as_u64().expect("an id") < 256);
        tokenizer["model"]["merges"] = json!([]);
        let names = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"];
        let added = names.iter().zip(257..);
        tokenizer["added_tokens"] = added
            .map(|(name, id)| json!({"id": id, "content": name, "special": true}))
            .collect();
        tokenizer["post_processor"] = Json::Null;
        write("tokenizer.json", tokenizer.to_string().into_bytes());

        let (mut header, mut data) = (Map::new(), Vec::new());
        let mut put = |name: String, kind: &str, shape: &[usize], bytes: Vec<u8>| {
            let range = [data.len(), data.len() + bytes.len()];
            header.insert(
                name,
                json!({"dtype": kind, "shape": shape, "data_offsets": range}),
            );
            data.extend(bytes);
        };
        let floats = |x: &[f32]| x.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let halves = |x: &mut dyn Iterator<Item = f32>| {
            x.flat_map(|x| bf16::from_f32(x).to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let table = [self.vocab, self.hidden];
        put(
            "model.embed_tokens.weight".into(),
            "F32",
            &table,
            floats(&self.embedding),
        );
        put(
            "model.norm.weight".into(),
            "F32",
            &[self.hidden],
            floats(&self.final_norm),
        );
        if let Some(head) = &self.head {
            put("lm_head.weight".into(), "F32", &table, floats(head));
        }
        for (i, layer) in self.layers.iter().enumerate() {
            for (name, norm) in norms(layer) {
                let name = format!("model.layers.{i}.{}.weight", name.0);
                put(name, "F32", &[norm.len()], floats(norm));
            }
            for (name, m) in projections(layer) {
                let name = format!("model.layers.{i}.{}.weight", name.0);
                let Some(scale) = packed else {
                    let mut values = m.codes.iter().map(|&code| f32::from(code) * m.scale);
                    put(name, "BF16", &[m.rows, m.cols], halves(&mut values));
                    continue;
                };
                let quarter = m.codes.len() / 4;
                let bytes = (0..quarter)
                    .map(|at| {
                        (0..4).fold(0, |byte, q| {
                            byte | ((m.codes[q * quarter + at] + 1) as u8) << (2 * q)
                        })
                    })
                    .collect();
                put(name.clone(), "U8", &[m.rows / 4, m.cols], bytes);
                let scale = halves(&mut std::iter::once(scale(m.scale)));
                put(format!("{name}_scale"), "BF16", &[1], scale);
            }
        }
        let header = Json::Object(header).to_string();
        let length = (header.len() as u64).to_le_bytes();
        write(
            "model.safetensors",
            [&length, header.as_bytes(), &data].concat(),
        );
    }
}

/// Names in Hugging Face files and in GGUF.
type Names = (&'static str, &'static str);

fn norms(l: &PlainLayer) -> Vec<(Names, &Vec<f32>)> {
    let mut all = vec![
        (("input_layernorm", "attn_norm"), &l.attn_norm),
        (("post_attention_layernorm", "ffn_norm"), &l.ffn_norm),
    ];
    all.extend(
        l.attn_sub_norm
            .iter()
            .map(|norm| (("self_attn.attn_sub_norm", "attn_sub_norm"), norm)),
    );
    all.extend(
        l.ffn_sub_norm
            .iter()
            .map(|norm| (("mlp.ffn_sub_norm", "ffn_sub_norm"), norm)),
    );
    all
}

fn projections(l: &PlainLayer) -> [(Names, &Matrix); 7] {
    [
        (("self_attn.q_proj", "attn_q"), &l.q),
        (("self_attn.k_proj", "attn_k"), &l.k),
        (("self_attn.v_proj", "attn_v"), &l.v),
        (("self_attn.o_proj", "attn_output"), &l.o),
        (("mlp.gate_proj", "ffn_gate"), &l.gate),
        (("mlp.up_proj", "ffn_up"), &l.up),
        (("mlp.down_proj", "ffn_down"), &l.down),
    ]
}
