//! Broken and hostile model folders: each gives an error that names the file, never a panic.
//!
//! Longer than 500 lines, because it is one list.

use std::fs;

use serde_json::json;

mod common;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/refuse.rs"]
mod refuse;
use folder::{Folder, data_range};
use refuse::{Kind, load, refused};

const Q: &str = "model.layers.0.self_attn.q_proj.weight";
const Q_SCALE: &str = "model.layers.0.self_attn.q_proj.weight_scale";

type SpoilFolder = fn(&Folder);

#[test]
fn broken_model_folders_are_refused_by_name_and_field() {
    let cases: &[(&str, Kind, &str, &str, SpoilFolder)] = &[
        ("config empty", Kind::Invalid, "config.json", "JSON", |f| {
            f.write("config.json", "")
        }),
        (
            "config not JSON",
            Kind::Invalid,
            "config.json",
            "JSON",
            |f| f.write("config.json", "{oops"),
        ),
        ("config a list", Kind::Invalid, "config.json", "JSON", |f| {
            f.write("config.json", "[1]")
        }),
        (
            "config nested deeply",
            Kind::Invalid,
            "config.json",
            "JSON",
            |f| f.write("config.json", r#"{"a":"#.repeat(100_000)),
        ),
        (
            "config too large",
            Kind::Invalid,
            "config.json",
            "size",
            |f| f.write("config.json", " ".repeat(5 << 20)),
        ),
        (
            "no hidden size",
            Kind::Invalid,
            "config.json",
            "hidden_size",
            |f| {
                f.edit("config.json", |c| {
                    drop(c.as_object_mut().and_then(|c| c.remove("hidden_size")))
                });
            },
        ),
        ("negative size", Kind::Invalid, "config.json", "-256", |f| {
            f.edit("config.json", |c| c["hidden_size"] = json!(-256))
        }),
        ("size as text", Kind::Invalid, "config.json", "256", |f| {
            f.edit("config.json", |c| c["hidden_size"] = json!("256"))
        }),
        (
            "huge size",
            Kind::Invalid,
            "config.json",
            "hidden size",
            |f| f.edit("config.json", |c| c["hidden_size"] = json!(1u64 << 62)),
        ),
        ("huge product", Kind::Invalid, "config.json", "heads", |f| {
            f.edit("config.json", |c| {
                c["num_attention_heads"] = json!(1024);
                c["head_dim"] = json!(1024);
            });
        }),
        ("heads 0", Kind::Invalid, "config.json", "heads", |f| {
            f.edit("config.json", |c| c["num_attention_heads"] = json!(0))
        }),
        ("layers 10^9", Kind::Invalid, "config.json", "layers", |f| {
            f.edit("config.json", |c| {
                c["num_hidden_layers"] = json!(1_000_000_000)
            })
        }),
        (
            "vocabulary too large",
            Kind::Invalid,
            "model.safetensors",
            "embed_tokens",
            |f| f.edit("config.json", |c| c["vocab_size"] = json!(2000)),
        ),
        (
            "vocabulary too small",
            Kind::Invalid,
            "tokenizer.json",
            "1024",
            |f| f.edit("config.json", |c| c["vocab_size"] = json!(1000)),
        ),
        (
            "another model",
            Kind::Unsupported,
            "config.json",
            "qwen3",
            |f| f.edit("config.json", |c| c["model_type"] = json!("qwen3")),
        ),
        (
            "ordinary Llama",
            Kind::Unsupported,
            "config.json",
            "not ternary",
            |f| {
                f.edit("config.json", |c| {
                    c["model_type"] = json!("llama");
                    c["architectures"] = json!(["LlamaForCausalLM"]);
                    drop(
                        c.as_object_mut()
                            .and_then(|c| c.remove("quantization_config")),
                    );
                });
                f.edit_header(|h| h[Q]["dtype"] = json!("I8"));
            },
        ),
        (
            "norm in projections",
            Kind::Unsupported,
            "config.json",
            "use_rms_norm",
            |f| {
                f.edit("config.json", |c| {
                    c["quantization_config"]["use_rms_norm"] = json!(true)
                });
            },
        ),
        (
            "unknown linear class",
            Kind::Unsupported,
            "config.json",
            "superlinear",
            |f| {
                f.edit("config.json", |c| {
                    c["quantization_config"]["linear_class"] = json!("superlinear")
                });
            },
        ),
        (
            "another quantisation",
            Kind::Unsupported,
            "config.json",
            "gptq",
            |f| {
                f.edit("config.json", |c| {
                    c["quantization_config"]["quant_method"] = json!("gptq")
                });
            },
        ),
        (
            "projection kept in float",
            Kind::Unsupported,
            "config.json",
            "q_proj",
            |f| {
                f.edit("config.json", |c| {
                    c["quantization_config"]["modules_to_not_convert"] = json!(["q_proj"])
                });
            },
        ),
        (
            "unknown activation",
            Kind::Unsupported,
            "config.json",
            "gelu",
            |f| f.edit("config.json", |c| c["hidden_act"] = json!("gelu")),
        ),
        (
            "stretched rope",
            Kind::Unsupported,
            "config.json",
            "yarn",
            |f| {
                f.edit("config.json", |c| {
                    c["rope_scaling"] = json!({"rope_type": "yarn", "factor": 8.0})
                });
            },
        ),
        ("biases", Kind::Unsupported, "config.json", "biases", |f| {
            f.edit("config.json", |c| c["attention_bias"] = json!(true))
        }),
        (
            "epsilon 0",
            Kind::Invalid,
            "config.json",
            "rms_norm_eps",
            |f| f.edit("config.json", |c| c["rms_norm_eps"] = json!(0.0)),
        ),
        (
            "theta negative",
            Kind::Invalid,
            "config.json",
            "rope_theta",
            |f| f.edit("config.json", |c| c["rope_theta"] = json!(-1.0)),
        ),
        (
            "rope without its bounds",
            Kind::Missing,
            "config.json",
            "low_freq_factor",
            |f| {
                f.edit("config.json", |c| {
                    c["rope_scaling"] = json!({"rope_type": "llama3", "factor": 8.0})
                })
            },
        ),
        (
            "rope by zero",
            Kind::Invalid,
            "config.json",
            "rope_scaling",
            |f| {
                f.edit("config.json", |c| {
                    c["rope_scaling"] = json!({"type": "linear", "factor": 0.0})
                })
            },
        ),
        (
            "generation config broken",
            Kind::Invalid,
            "generation_config.json",
            "JSON",
            |f| f.write("generation_config.json", "{"),
        ),
        (
            "tokenizer config broken",
            Kind::Invalid,
            "tokenizer_config.json",
            "JSON",
            |f| f.write("tokenizer_config.json", "nope"),
        ),
        (
            "tokenizer broken",
            Kind::Invalid,
            "tokenizer.json",
            "tokenizer",
            |f| f.write("tokenizer.json", "{\"model\":"),
        ),
        (
            "tokenizer empty",
            Kind::Invalid,
            "tokenizer.json",
            "model",
            |f| f.write("tokenizer.json", "{}"),
        ),
        (
            "tokenizer without bytes",
            Kind::Unsupported,
            "tokenizer.json",
            "bytes",
            |f| {
                f.edit("tokenizer.json", |t| {
                    t["pre_tokenizer"] = json!({"type": "Whitespace"})
                });
            },
        ),
        (
            "tokenizer of another kind",
            Kind::Unsupported,
            "tokenizer.json",
            "BPE",
            |f| {
                f.edit("tokenizer.json", |t| {
                    t["model"]["type"] = json!("WordPiece")
                })
            },
        ),
        (
            "tokenizer like SentencePiece",
            Kind::Unsupported,
            "tokenizer.json",
            "SentencePiece",
            |f| {
                f.edit("tokenizer.json", |t| {
                    t["model"]["byte_fallback"] = json!(true)
                });
            },
        ),
        (
            "tokenizer with a broken rule",
            Kind::Invalid,
            "tokenizer.json",
            "pre_tokenizer",
            |f| {
                f.edit("tokenizer.json", |t| {
                    t["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = json!("(unclosed")
                });
            },
        ),
        (
            "tokenizer with an endless rule",
            Kind::Invalid,
            "tokenizer.json",
            "pre_tokenizer",
            |f| {
                f.edit("tokenizer.json", |t| {
                    t["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] =
                        json!("a".repeat(1 << 20))
                });
            },
        ),
        (
            "merge longer than any token",
            Kind::Invalid,
            "tokenizer.json",
            "merges",
            |f| {
                f.edit("tokenizer.json", |t| {
                    let longest = t["model"]["vocab"]
                        .as_object()
                        .and_then(|v| v.keys().max_by_key(|k| k.len()).cloned());
                    let longest = longest.expect("there are tokens");
                    t["model"]["merges"] = json!([[longest, longest]]);
                });
            },
        ),
        (
            "merge of three",
            Kind::Invalid,
            "tokenizer.json",
            "tokenizer",
            |f| {
                f.edit("tokenizer.json", |t| {
                    t["model"]["merges"] = json!([["a", "b", "c"]])
                });
            },
        ),
        (
            "id beyond every vocabulary",
            Kind::Invalid,
            "tokenizer.json",
            "4294967295",
            |f| {
                f.edit("tokenizer.json", |t| {
                    t["model"]["vocab"]["a"] = json!(u32::MAX)
                });
            },
        ),
        (
            "negative id",
            Kind::Invalid,
            "tokenizer.json",
            "tokenizer",
            |f| f.edit("tokenizer.json", |t| t["model"]["vocab"]["a"] = json!(-1)),
        ),
        ("id twice", Kind::Invalid, "tokenizer.json", "id 5", |f| {
            f.edit("tokenizer.json", |t| {
                t["model"]["vocab"]["a new token"] = json!(5);
            });
        }),
        (
            "weights empty",
            Kind::Truncated,
            "model.safetensors",
            "cut short",
            |f| f.write("model.safetensors", ""),
        ),
        (
            "header endless",
            Kind::NotAModel,
            "model.safetensors",
            "header",
            |f| f.write("model.safetensors", [0xff; 64]),
        ),
        (
            "header longer than the file",
            Kind::Truncated,
            "model.safetensors",
            "cut short",
            |f| {
                f.write(
                    "model.safetensors",
                    [&1000u64.to_le_bytes()[..], b"{}"].concat(),
                );
            },
        ),
        (
            "header not JSON",
            Kind::Invalid,
            "model.safetensors",
            "header",
            |f| f.write_weights("{\"a\":", b""),
        ),
        (
            "header nested deeply",
            Kind::Invalid,
            "model.safetensors",
            "header",
            |f| f.write_weights(&"{\"a\":".repeat(50_000), b""),
        ),
        (
            "no tensors",
            Kind::Missing,
            "model.safetensors",
            "has no tensor",
            |f| f.write_weights("{}", b""),
        ),
        (
            "tensor twice",
            Kind::Invalid,
            "model.safetensors",
            "twice",
            |f| {
                let one = r#""a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
                f.write_weights(&format!("{{{one},{one}}}"), b"x");
            },
        ),
        (
            "offsets reversed",
            Kind::Invalid,
            "model.safetensors",
            "before it begins",
            |f| f.edit_header(|h| h[Q]["data_offsets"] = json!([100, 50])),
        ),
        (
            "offset outside",
            Kind::Truncated,
            "model.safetensors",
            "q_proj",
            |f| f.edit_header(|h| h[Q]["data_offsets"] = json!([0, 1u64 << 40])),
        ),
        (
            "offset overflowing",
            Kind::Truncated,
            "model.safetensors",
            "q_proj",
            |f| f.edit_header(|h| h[Q]["data_offsets"] = json!([0, u64::MAX])),
        ),
        (
            "negative offset",
            Kind::Invalid,
            "model.safetensors",
            "header",
            |f| f.edit_header(|h| h[Q]["data_offsets"] = json!([-1, 5])),
        ),
        (
            "shape overflowing",
            Kind::Invalid,
            "model.safetensors",
            "q_proj",
            |f| f.edit_header(|h| h[Q]["shape"] = json!([u64::MAX, u64::MAX])),
        ),
        (
            "shape with nine dimensions",
            Kind::Invalid,
            "model.safetensors",
            "dimensions",
            |f| f.edit_header(|h| h[Q]["shape"] = json!([1, 1, 1, 1, 1, 1, 1, 1, 1])),
        ),
        (
            "bytes that do not fit the shape",
            Kind::Invalid,
            "model.safetensors",
            "do not fit",
            |f| f.edit_header(|h| h[Q]["shape"] = json!([64, 255])),
        ),
        (
            "another shape",
            Kind::Invalid,
            "model.safetensors",
            "shape",
            |f| f.edit_header(|h| h[Q]["shape"] = json!([128, 128])),
        ),
        (
            "unknown type",
            Kind::Unsupported,
            "model.safetensors",
            "F4",
            |f| f.edit_header(|h| h[Q]["dtype"] = json!("F4")),
        ),
        (
            "missing tensor",
            Kind::Missing,
            "model.safetensors",
            "q_proj",
            |f| {
                f.edit_header(|h| drop(h.as_object_mut().and_then(|h| h.remove(Q))));
            },
        ),
        (
            "missing scale",
            Kind::Missing,
            "model.safetensors",
            "q_proj.weight_scale",
            |f| {
                f.edit_header(|h| drop(h.as_object_mut().and_then(|h| h.remove(Q_SCALE))));
            },
        ),
        (
            "stranger among the tensors",
            Kind::Unsupported,
            "model.safetensors",
            "q_norm",
            |f| {
                f.edit_weights(|h, data| {
                    h["model.layers.0.self_attn.q_norm.weight"] =
                        json!({"dtype": "U8", "shape": [1], "data_offsets": [data.len(), data.len() + 1]});
                    data.push(0);
                });
            },
        ),
        (
            "fourth code",
            Kind::Invalid,
            "model.safetensors",
            "no ternary weight",
            |f| {
                f.edit_weights(|h, data| data[data_range(h, Q)][7] = 0b1100);
            },
        ),
        (
            "scale NaN",
            Kind::Invalid,
            "model.safetensors",
            "weight_scale",
            |f| {
                f.edit_weights(|h, data| {
                    data[data_range(h, Q_SCALE)].copy_from_slice(&[0xc0, 0x7f])
                });
            },
        ),
        (
            "inverse of scale 0",
            Kind::Invalid,
            "model.safetensors",
            "scale inf",
            |f| {
                f.edit("config.json", |c| {
                    c["quantization_config"]["linear_class"] = json!("bitlinear")
                });
                f.edit_weights(|h, data| data[data_range(h, Q_SCALE)].fill(0));
            },
        ),
        ("no weights", Kind::Missing, "", "model.safetensors", |f| {
            f.remove("model.safetensors")
        }),
        ("no tokenizer", Kind::Missing, "", "tokenizer.json", |f| {
            f.remove("tokenizer.json")
        }),
        (
            "index leaving the folder",
            Kind::Invalid,
            "model.safetensors.index.json",
            "plain",
            |f| {
                f.remove("model.safetensors");
                f.write(
                    "model.safetensors.index.json",
                    r#"{"weight_map":{"a":"../model.safetensors"}}"#,
                );
            },
        ),
        (
            "index with an absolute path",
            Kind::Invalid,
            "model.safetensors.index.json",
            "plain",
            |f| {
                f.remove("model.safetensors");
                f.write(
                    "model.safetensors.index.json",
                    r#"{"weight_map":{"a":"/etc/x.safetensors"}}"#,
                );
            },
        ),
        (
            "index naming a missing file",
            Kind::Io,
            "model-1.safetensors",
            "could not be read",
            |f| {
                f.remove("model.safetensors");
                f.write(
                    "model.safetensors.index.json",
                    r#"{"weight_map":{"a":"model-1.safetensors"}}"#,
                );
            },
        ),
        (
            "index naming nothing",
            Kind::Invalid,
            "model.safetensors.index.json",
            "0 files",
            |f| {
                f.remove("model.safetensors");
                f.write("model.safetensors.index.json", r#"{"weight_map":{}}"#);
            },
        ),
        (
            "index promising too much",
            Kind::Invalid,
            "model.safetensors.index.json",
            "tensor b",
            |f| {
                fs::rename(f.path("model.safetensors"), f.path("part.safetensors"))
                    .expect("it is renamed");
                f.write(
                    "model.safetensors.index.json",
                    r#"{"weight_map":{"b":"part.safetensors"}}"#,
                );
            },
        ),
    ];
    for (case, kind, file, words, spoil) in cases {
        let folder = Folder::new();
        spoil(&folder);
        let named = if file.is_empty() {
            folder.root().to_owned()
        } else {
            folder.path(file)
        };
        refused(case, folder.root(), &named, *kind, words);
    }
}

#[test]
fn weights_cut_anywhere_are_refused() {
    let folder = Folder::new();
    let path = folder.path("model.safetensors");
    let whole = fs::read(&path).expect("a fixture");
    for len in (0..whole.len())
        .step_by(4096)
        .chain([1, 7, 8, 9, whole.len() - 1])
    {
        folder.write("model.safetensors", &whole[..len]);
        refused(
            &format!("cut to {len}"),
            folder.root(),
            &path,
            Kind::Truncated,
            "",
        );
    }
    folder.write("model.safetensors", &whole);
    load(folder.root()).expect("whole, it loads");
}

#[test]
fn weights_in_parts_load_like_one_file() {
    let folder = Folder::new();
    let whole = load(folder.root()).expect("a sound folder");
    fs::rename(
        folder.path("model.safetensors"),
        folder.path("part-1.safetensors"),
    )
    .expect("it is renamed");
    folder.write(
        "model.safetensors.index.json",
        json!({"weight_map": {"model.norm.weight": "part-1.safetensors"}}).to_string(),
    );
    let parts = load(folder.root()).expect("the parts are there");
    assert_eq!(parts.weight_bytes(), whole.weight_bytes());
}
