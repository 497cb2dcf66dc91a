//! The same model written in other accepted ways computes the same.

use serde_json::{Value, json};
use tern_engine::{EmbeddedModel, KvFormat, LoadOptions, Model, ModelSource, Sequence};

mod common;
#[path = "common/folder.rs"]
mod folder;
use common::{Tensors, golden, ids, load};
use folder::{Folder, data_range};

/// Bits of the logits after a short prompt.
fn answer(model: &Model) -> Vec<u32> {
    let reference = Tensors::read(&golden().join("tiny-bitnet/refs/packed.f32.safetensors"));
    let prompt = ids(reference.i32("p1_short.input_ids"));
    let mut sequence = Sequence::new(model, usize::MAX);
    sequence
        .prefill(model, &prompt, &mut |_, _| {
            std::ops::ControlFlow::Continue(())
        })
        .expect("the prompt fits");
    sequence.logits().iter().map(|x| x.to_bits()).collect()
}

fn original() -> Vec<u32> {
    answer(&load(&golden().join("tiny-bitnet/hf-packed"), 1, None))
}

fn remove(value: &mut Value, key: &str) {
    value
        .as_object_mut()
        .expect("an object")
        .remove(key)
        .unwrap_or_else(|| panic!("no {key}"));
}

#[test]
fn config_keys_may_be_written_as_transformers_5_does() {
    let folder = Folder::new();
    folder.edit("config.json", |c| {
        remove(c, "rope_theta");
        remove(c, "torch_dtype");
        c["rope_parameters"] = json!({"rope_type": "default", "rope_theta": 500000.0});
        c["rope_scaling"] = Value::Null;
        c["dtype"] = json!("bfloat16");
        c["head_dim"] = json!(32);
        c["eos_token_id"] = json!([1009, 1017]);
        c["quantization_config"]["use_rms_norm"] = json!(false);
        c["quantization_config"]["modules_to_not_convert"] = json!(["lm_head"]);
    });
    assert_eq!(answer(&load(folder.root(), 1, None)), original());
}

#[test]
fn sub_norms_may_have_1bitllms_names() {
    let folder = Folder::new();
    folder.edit("config.json", |c| {
        c["model_type"] = json!("llama");
        c["architectures"] = json!(["BitnetForCausalLM"]);
    });
    folder.edit_header(|header| {
        let names: Vec<String> = header
            .as_object()
            .expect("tensors")
            .keys()
            .cloned()
            .collect();
        for name in names.iter().filter(|name| name.contains("_sub_norm")) {
            let other = name
                .replace("attn_sub_norm", "inner_attn_ln")
                .replace("ffn_sub_norm", "ffn_layernorm");
            header[other] = header[name].clone();
            remove(header, name);
        }
    });
    assert_eq!(answer(&load(folder.root(), 1, None)), original());
}

/// Replaces every packed projection by floats: `value(code, scale)`, stored in `width` bytes by `store`.
fn unpack(folder: &Folder, kind: &str, store: &dyn Fn(i8, f32) -> Vec<u8>) {
    folder.edit_weights(|header, data| {
        let names: Vec<String> = header
            .as_object()
            .expect("tensors")
            .keys()
            .cloned()
            .collect();
        for name in &names {
            if header[name.as_str()]["dtype"] != "U8" {
                continue;
            }
            let scale = &data[data_range(header, &format!("{name}_scale"))];
            let scale =
                half::bf16::from_le_bytes(*scale.first_chunk().expect("two bytes")).to_f32();
            let packed = data[data_range(header, name)].to_vec();
            let floats: Vec<u8> = [0, 2, 4, 6]
                .iter()
                .flat_map(|shift| {
                    packed
                        .iter()
                        .map(move |byte| ((byte >> shift) & 3) as i8 - 1)
                })
                .flat_map(|code| store(code, scale))
                .collect();
            let quarter = header[name]["shape"][0].as_u64().expect("a size");
            header[name]["shape"][0] = json!(quarter * 4);
            header[name]["dtype"] = json!(kind);
            header[name]["data_offsets"] = json!([data.len(), data.len() + floats.len()]);
            data.extend(floats);
        }
    });
}

#[test]
fn codes_may_be_stored_unpacked_beside_their_scale() {
    let folder = Folder::new();
    unpack(&folder, "BF16", &|code, _| {
        half::bf16::from_f32(code.into()).to_le_bytes().to_vec()
    });
    assert_eq!(answer(&load(folder.root(), 1, None)), original());
}

#[test]
fn dequantised_weights_keep_their_scale() {
    let folder = Folder::new();
    unpack(&folder, "F32", &|code, scale| {
        (f32::from(code) * scale).to_le_bytes().to_vec()
    });
    folder.edit_header(|header| {
        let names: Vec<String> = header
            .as_object()
            .expect("tensors")
            .keys()
            .cloned()
            .collect();
        names
            .iter()
            .filter(|name| name.ends_with("_scale"))
            .for_each(|name| remove(header, name));
    });
    assert_eq!(answer(&load(folder.root(), 1, None)), original());
}

#[test]
fn a_built_in_model_equals_its_folder() {
    macro_rules! file {
        ($name:literal) => {
            concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../tests/golden/tiny-bitnet/hf-packed/",
                $name
            )
        };
    }
    static BUILT_IN: EmbeddedModel = EmbeddedModel {
        name: "Tiny",
        config: include_str!(file!("config.json")),
        generation_config: include_str!(file!("generation_config.json")),
        tokenizer: include_bytes!(file!("tokenizer.json")),
        tokenizer_config: "",
        weights: include_bytes!(file!("model.safetensors")),
    };
    let source = ModelSource::Embedded(&BUILT_IN);
    let options = LoadOptions {
        threads: 1,
        kv: KvFormat::F32,
        ..LoadOptions::default()
    };
    let model = Model::load(&source, &options, &mut |_| {
        std::ops::ControlFlow::Continue(())
    })
    .expect("it is sound");
    assert_eq!(answer(&model), original());
    assert_eq!(
        (model.name(), model.tokenizer().bos().map(|id| id.0)),
        ("Tiny", Some(1008))
    );
}
