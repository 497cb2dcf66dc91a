//! Broken and hostile model folders: each gives an error that names the file, never a panic.

use std::fs;

use serde_json::json;

mod common;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/refuse.rs"]
mod refuse;
use folder::{Folder, data_range};
use refuse::{load, refused};

const Q: &str = "model.layers.0.self_attn.q_proj.weight";
const Q_SCALE: &str = "model.layers.0.self_attn.q_proj.weight_scale";

type SpoilFolder = fn(&Folder);

#[test]
fn broken_model_folders_are_refused_by_name_and_field() {
    let cases: &[(&str, &str, &str, SpoilFolder)] = &[
        ("config empty", "config.json", "JSON", |f| {
            f.write("config.json", "")
        }),
        ("config not JSON", "config.json", "JSON", |f| {
            f.write("config.json", "{oops")
        }),
        ("config a list", "config.json", "JSON", |f| {
            f.write("config.json", "[1]")
        }),
        ("config nested deeply", "config.json", "JSON", |f| {
            f.write("config.json", "[".repeat(100_000))
        }),
        ("config too large", "config.json", "size", |f| {
            f.write("config.json", " ".repeat(5 << 20))
        }),
        ("no hidden size", "config.json", "hidden_size", |f| {
            f.edit("config.json", |c| {
                drop(c.as_object_mut().and_then(|c| c.remove("hidden_size")))
            });
        }),
        ("negative size", "config.json", "-256", |f| {
            f.edit("config.json", |c| c["hidden_size"] = json!(-256))
        }),
        ("size as text", "config.json", "256", |f| {
            f.edit("config.json", |c| c["hidden_size"] = json!("256"))
        }),
        ("huge size", "config.json", "hidden size", |f| {
            f.edit("config.json", |c| c["hidden_size"] = json!(1u64 << 62))
        }),
        ("huge product", "config.json", "heads", |f| {
            f.edit("config.json", |c| {
                c["num_attention_heads"] = json!(1024);
                c["head_dim"] = json!(1024);
            });
        }),
        ("heads 0", "config.json", "heads", |f| {
            f.edit("config.json", |c| c["num_attention_heads"] = json!(0))
        }),
        ("layers 10^9", "config.json", "layers", |f| {
            f.edit("config.json", |c| {
                c["num_hidden_layers"] = json!(1_000_000_000)
            })
        }),
        (
            "vocabulary too large",
            "model.safetensors",
            "embed_tokens",
            |f| f.edit("config.json", |c| c["vocab_size"] = json!(2000)),
        ),
        ("vocabulary too small", "tokenizer.json", "1024", |f| {
            f.edit("config.json", |c| c["vocab_size"] = json!(1000))
        }),
        ("another model", "config.json", "qwen3", |f| {
            f.edit("config.json", |c| c["model_type"] = json!("qwen3"))
        }),
        ("ordinary Llama", "config.json", "not ternary", |f| {
            f.edit("config.json", |c| {
                c["model_type"] = json!("llama");
                c["architectures"] = json!(["LlamaForCausalLM"]);
                drop(
                    c.as_object_mut()
                        .and_then(|c| c.remove("quantization_config")),
                );
            });
            f.edit_header(|h| h[Q]["dtype"] = json!("I8"));
        }),
        ("norm in projections", "config.json", "use_rms_norm", |f| {
            f.edit("config.json", |c| {
                c["quantization_config"]["use_rms_norm"] = json!(true)
            });
        }),
        ("unknown linear class", "config.json", "superlinear", |f| {
            f.edit("config.json", |c| {
                c["quantization_config"]["linear_class"] = json!("superlinear")
            });
        }),
        ("another quantisation", "config.json", "gptq", |f| {
            f.edit("config.json", |c| {
                c["quantization_config"]["quant_method"] = json!("gptq")
            });
        }),
        ("projection kept in float", "config.json", "q_proj", |f| {
            f.edit("config.json", |c| {
                c["quantization_config"]["modules_to_not_convert"] = json!(["q_proj"])
            });
        }),
        ("unknown activation", "config.json", "gelu", |f| {
            f.edit("config.json", |c| c["hidden_act"] = json!("gelu"))
        }),
        ("stretched rope", "config.json", "yarn", |f| {
            f.edit("config.json", |c| {
                c["rope_scaling"] = json!({"rope_type": "yarn", "factor": 8.0})
            });
        }),
        ("biases", "config.json", "biases", |f| {
            f.edit("config.json", |c| c["attention_bias"] = json!(true))
        }),
        ("epsilon 0", "config.json", "rms_norm_eps", |f| {
            f.edit("config.json", |c| c["rms_norm_eps"] = json!(0.0))
        }),
        (
            "rope without its bounds",
            "config.json",
            "low_freq_factor",
            |f| {
                f.edit("config.json", |c| {
                    c["rope_scaling"] = json!({"rope_type": "llama3", "factor": 8.0})
                })
            },
        ),
        ("rope by zero", "config.json", "rope_scaling", |f| {
            f.edit("config.json", |c| {
                c["rope_scaling"] = json!({"type": "linear", "factor": 0.0})
            })
        }),
        ("theta negative", "config.json", "rope_theta", |f| {
            f.edit("config.json", |c| c["rope_theta"] = json!(-1.0))
        }),
        (
            "generation config broken",
            "generation_config.json",
            "JSON",
            |f| f.write("generation_config.json", "{"),
        ),
        (
            "tokenizer config broken",
            "tokenizer_config.json",
            "JSON",
            |f| f.write("tokenizer_config.json", "nope"),
        ),
        ("tokenizer broken", "tokenizer.json", "tokenizer", |f| {
            f.write("tokenizer.json", "{\"model\":")
        }),
        ("tokenizer empty", "tokenizer.json", "model", |f| {
            f.write("tokenizer.json", "{}")
        }),
        ("tokenizer without bytes", "tokenizer.json", "bytes", |f| {
            f.edit("tokenizer.json", |t| {
                t["pre_tokenizer"] = json!({"type": "Whitespace"})
            });
        }),
        ("tokenizer of another kind", "tokenizer.json", "BPE", |f| {
            f.edit("tokenizer.json", |t| {
                t["model"]["type"] = json!("WordPiece")
            })
        }),
        (
            "tokenizer like SentencePiece",
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
        ("merge of three", "tokenizer.json", "tokenizer", |f| {
            f.edit("tokenizer.json", |t| {
                t["model"]["merges"] = json!([["a", "b", "c"]])
            });
        }),
        (
            "id beyond every vocabulary",
            "tokenizer.json",
            "4294967295",
            |f| {
                f.edit("tokenizer.json", |t| {
                    t["model"]["vocab"]["a"] = json!(u32::MAX)
                });
            },
        ),
        ("negative id", "tokenizer.json", "tokenizer", |f| {
            f.edit("tokenizer.json", |t| t["model"]["vocab"]["a"] = json!(-1))
        }),
        ("id twice", "tokenizer.json", "id 5", |f| {
            f.edit("tokenizer.json", |t| {
                t["model"]["vocab"]["a new token"] = json!(5);
            });
        }),
        ("weights empty", "model.safetensors", "cut short", |f| {
            f.write("model.safetensors", "")
        }),
        ("header endless", "model.safetensors", "header", |f| {
            f.write("model.safetensors", [0xff; 64])
        }),
        (
            "header longer than the file",
            "model.safetensors",
            "cut short",
            |f| {
                f.write(
                    "model.safetensors",
                    [&1000u64.to_le_bytes()[..], b"{}"].concat(),
                );
            },
        ),
        ("header not JSON", "model.safetensors", "header", |f| {
            f.write_weights("{\"a\":", b"")
        }),
        ("header nested deeply", "model.safetensors", "header", |f| {
            f.write_weights(&"{\"a\":".repeat(50_000), b"")
        }),
        ("no tensors", "model.safetensors", "has no tensor", |f| {
            f.write_weights("{}", b"")
        }),
        ("tensor twice", "model.safetensors", "twice", |f| {
            let one = r#""a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
            f.write_weights(&format!("{{{one},{one}}}"), b"x");
        }),
        (
            "offsets reversed",
            "model.safetensors",
            "before it begins",
            |f| f.edit_header(|h| h[Q]["data_offsets"] = json!([100, 50])),
        ),
        ("offset outside", "model.safetensors", "q_proj", |f| {
            f.edit_header(|h| h[Q]["data_offsets"] = json!([0, 1u64 << 40]))
        }),
        ("offset overflowing", "model.safetensors", "q_proj", |f| {
            f.edit_header(|h| h[Q]["data_offsets"] = json!([0, u64::MAX]))
        }),
        ("negative offset", "model.safetensors", "header", |f| {
            f.edit_header(|h| h[Q]["data_offsets"] = json!([-1, 5]))
        }),
        ("shape overflowing", "model.safetensors", "q_proj", |f| {
            f.edit_header(|h| h[Q]["shape"] = json!([u64::MAX, u64::MAX]))
        }),
        (
            "shape with nine dimensions",
            "model.safetensors",
            "dimensions",
            |f| f.edit_header(|h| h[Q]["shape"] = json!([1, 1, 1, 1, 1, 1, 1, 1, 1])),
        ),
        (
            "bytes that do not fit the shape",
            "model.safetensors",
            "do not fit",
            |f| f.edit_header(|h| h[Q]["shape"] = json!([64, 255])),
        ),
        ("another shape", "model.safetensors", "shape", |f| {
            f.edit_header(|h| h[Q]["shape"] = json!([128, 128]))
        }),
        ("unknown type", "model.safetensors", "F4", |f| {
            f.edit_header(|h| h[Q]["dtype"] = json!("F4"))
        }),
        ("missing tensor", "model.safetensors", "q_proj", |f| {
            f.edit_header(|h| drop(h.as_object_mut().and_then(|h| h.remove(Q))));
        }),
        (
            "missing scale",
            "model.safetensors",
            "q_proj.weight_scale",
            |f| {
                f.edit_header(|h| drop(h.as_object_mut().and_then(|h| h.remove(Q_SCALE))));
            },
        ),
        (
            "stranger among the tensors",
            "model.safetensors",
            "q_norm",
            |f| {
                f.edit_header(|h| {
                    h["model.layers.0.self_attn.q_norm.weight"] = h["model.norm.weight"].clone()
                });
            },
        ),
        (
            "fourth code",
            "model.safetensors",
            "no ternary weight",
            |f| {
                f.edit_weights(|h, data| data[data_range(h, Q)][7] = 0b1100);
            },
        ),
        ("scale NaN", "model.safetensors", "weight_scale", |f| {
            f.edit_weights(|h, data| data[data_range(h, Q_SCALE)].copy_from_slice(&[0xc0, 0x7f]));
        }),
        (
            "inverse of scale 0",
            "model.safetensors",
            "scale inf",
            |f| {
                f.edit("config.json", |c| {
                    c["quantization_config"]["linear_class"] = json!("bitlinear")
                });
                f.edit_weights(|h, data| data[data_range(h, Q_SCALE)].fill(0));
            },
        ),
        ("no weights", "", "model.safetensors", |f| {
            f.remove("model.safetensors")
        }),
        ("no tokenizer", "", "tokenizer.json", |f| {
            f.remove("tokenizer.json")
        }),
        (
            "index leaving the folder",
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
            "model.safetensors.index.json",
            "0 files",
            |f| {
                f.remove("model.safetensors");
                f.write("model.safetensors.index.json", r#"{"weight_map":{}}"#);
            },
        ),
        (
            "index promising too much",
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
    for (case, file, words, spoil) in cases {
        let folder = Folder::new();
        spoil(&folder);
        let named = if file.is_empty() {
            folder.root().to_owned()
        } else {
            folder.path(file)
        };
        refused(case, folder.root(), &named, words);
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
        refused(&format!("cut to {len}"), folder.root(), &path, "");
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
