//! The JSON of a model folder, from one odd value to a hostile one, and what may lie where a file should be.
//!
//! Longer than 500 lines, because it is one list.

use std::fs;

use serde_json::{Value as Json, json};

mod common;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/refuse.rs"]
mod refuse;
use folder::{Folder, data_range};
use refuse::{Kind, load, refused};

const Q: &str = "model.layers.0.self_attn.q_proj.weight";
const Q_SCALE: &str = "model.layers.0.self_attn.q_proj.weight_scale";
const NORM: &str = "model.norm.weight";
const EMBEDDING: &str = "model.embed_tokens.weight";

#[test]
fn odd_numbers_in_config_json_are_refused_by_name() {
    for (key, value, words) in [
        ("num_key_value_heads", json!(0), "key-value heads"),
        ("num_key_value_heads", json!(3), "key-value heads"),
        ("num_key_value_heads", json!(-1), "-1"),
        ("num_attention_heads", json!(3), "attention heads"),
        ("num_attention_heads", json!(4.5), "4.5"),
        ("head_dim", json!(3), "head size"),
        ("head_dim", json!(0), "head size"),
        ("head_dim", json!(1u64 << 40), "head size"),
        ("hidden_size", json!(0), "hidden size"),
        ("hidden_size", json!(true), "true"),
        ("hidden_size", json!(1e99), "1e+99"),
        ("intermediate_size", json!(0), "feed-forward size"),
        ("intermediate_size", json!(u64::MAX), "feed-forward size"),
        ("intermediate_size", json!(1 << 16), "feed-forward size"),
        ("head_dim", json!(1024), "times the hidden size"),
        ("num_hidden_layers", json!(0), "number of layers"),
        ("num_hidden_layers", json!(513), "number of layers"),
        ("vocab_size", json!(0), "vocabulary size"),
        ("vocab_size", json!(1u64 << 32), "vocabulary size"),
        ("max_position_embeddings", json!(0), "context length"),
        (
            "max_position_embeddings",
            json!(1u64 << 50),
            "context length",
        ),
        ("rms_norm_eps", json!(-1e-5), "rms_norm_eps"),
        ("rms_norm_eps", json!(1e-60), "rms_norm_eps"),
        ("rms_norm_eps", json!("1e-5"), "1e-5"),
        ("rope_theta", json!(1e300), "rope_theta"),
        ("rope_theta", json!(0.5), "rope_theta"),
        ("rope_theta", json!([10_000]), "invalid type"),
        (
            "architectures",
            json!("BitNetForCausalLM"),
            "BitNetForCausalLM",
        ),
        ("model_type", json!(7), "7"),
        ("tie_word_embeddings", json!("yes"), "yes"),
        ("quantization_config", json!("bitnet"), "bitnet"),
    ] {
        let folder = Folder::new();
        folder.edit("config.json", |c| c[key] = value.clone());
        let case = format!("{key} = {value}");
        let file = folder.path("config.json");
        refused(&case, folder.root(), &file, Kind::Invalid, words);
    }
}

/// Writes the text of a JSON file with something before its last brace.
fn append(folder: &Folder, name: &str, text: &str) {
    let old = fs::read_to_string(folder.path(name)).expect("it is there");
    let open = old.trim_end().strip_suffix('}').expect("an object");
    folder.write(name, format!("{open}{text}}}"));
}

#[test]
fn json_that_readers_could_take_in_two_ways_is_refused() {
    for (file, text, words) in [
        ("config.json", r#","hidden_size":512"#, "duplicate field"),
        ("config.json", r#","model_type":"llama""#, "duplicate field"),
        ("tokenizer.json", r#","model":{}"#, "duplicate field"),
        ("config.json", r#","extra":NaN"#, "JSON"),
        ("config.json", ",\"extra\":\"\u{1}\"", "JSON"),
        ("config.json", ",", "JSON"),
        ("config.json", "}", "JSON"),
        ("generation_config.json", ",", "JSON"),
        ("tokenizer_config.json", ",", "JSON"),
        ("tokenizer.json", ",", "tokenizer"),
    ] {
        let folder = Folder::new();
        append(&folder, file, text);
        let case = format!("{file}: {text}");
        refused(
            &case,
            folder.root(),
            &folder.path(file),
            Kind::Invalid,
            words,
        );
    }
    for file in [
        "config.json",
        "generation_config.json",
        "tokenizer_config.json",
        "tokenizer.json",
    ] {
        for (case, bytes) in [
            ("lists in lists", "[".repeat(1 << 20).into_bytes()),
            (
                "objects in objects",
                r#"{"a":"#.repeat(1 << 18).into_bytes(),
            ),
            ("not UTF-8", b"{\"\xff\xfe\": 1}".to_vec()),
            ("zeros", vec![0; 4096]),
            ("UTF-16", b"\xff\xfe{\0}\0".to_vec()),
            ("a number", b"17".to_vec()),
        ] {
            if case == "a number" && file == "tokenizer_config.json" {
                continue; // It says nothing then.
            }
            let folder = Folder::new();
            folder.write(file, bytes);
            let case = format!("{file}: {case}");
            refused(&case, folder.root(), &folder.path(file), Kind::Invalid, "");
        }
    }
}

type SpoilJson = fn(&mut Json);

#[test]
fn hostile_tokenizers_are_refused() {
    let cases: &[(&str, Kind, &str, SpoilJson)] = &[
        ("merge with nothing", Kind::Invalid, "\"\"", |t| {
            t["model"]["merges"] = json!([["", "a"]])
        }),
        ("merge onto itself", Kind::Invalid, "\"\"", |t| {
            t["model"]["vocab"][""] = json!(1023);
            t["added_tokens"] = json!([]);
            t["model"]["merges"] = json!([["a", ""]]);
        }),
        ("merges in a circle", Kind::Invalid, "merges", |t| {
            t["model"]["merges"] = json!([["a", "b"], ["ab", "a"], ["aba", "b"], ["abab", "ab"]])
        }),
        ("merge of numbers", Kind::Invalid, "tokenizer", |t| {
            t["model"]["merges"] = json!([[1, 2]])
        }),
        ("merge of one", Kind::Invalid, "two tokens", |t| {
            t["model"]["merges"] = json!(["ab"])
        }),
        ("merges as text", Kind::Invalid, "tokenizer", |t| {
            t["model"]["merges"] = json!("a b")
        }),
        ("vocabulary as list", Kind::Invalid, "tokenizer", |t| {
            t["model"]["vocab"] = json!([["a", 0.0]])
        }),
        ("no vocabulary", Kind::Invalid, "vocab", |t| {
            t["model"] = json!({"type": "BPE", "merges": []})
        }),
        ("empty vocabulary", Kind::Invalid, "vocabulary", |t| {
            t["model"]["vocab"] = json!({});
            t["model"]["merges"] = json!([]);
            t["added_tokens"] = json!([]);
        }),
        ("endless token", Kind::Invalid, "vocabulary", |t| {
            t["model"]["vocab"]["x".repeat(1 << 16)] = json!(0)
        }),
        ("fraction as id", Kind::Invalid, "tokenizer", |t| {
            t["model"]["vocab"]["a"] = json!(0.5)
        }),
        ("id of an added token twice", Kind::Invalid, "id 5", |t| {
            t["added_tokens"] = json!([{"id": 5, "content": "<x>"}, {"id": 5, "content": "<y>"}])
        }),
        (
            "id of an added token endless",
            Kind::Invalid,
            "4294967295",
            |t| t["added_tokens"][0]["id"] = json!(u32::MAX),
        ),
        ("added token without text", Kind::Invalid, "content", |t| {
            t["added_tokens"] = json!([{"id": 1}])
        }),
        ("no splitting rule", Kind::Unsupported, "bytes", |t| {
            t["pre_tokenizer"] = Json::Null
        }),
        ("splitting rule as text", Kind::Unsupported, "bytes", |t| {
            t["pre_tokenizer"] = json!("ByteLevel")
        }),
        (
            "pieces of words",
            Kind::Unsupported,
            "parts of words",
            |t| t["model"]["continuing_subword_prefix"] = json!("##"),
        ),
        ("ends of words", Kind::Unsupported, "parts of words", |t| {
            t["model"]["end_of_word_suffix"] = json!("</w>")
        }),
        // The tokenizers crate panics while it reads this one.
        (
            "table that stops the reader",
            Kind::Invalid,
            "normalizer",
            |t| t["normalizer"] = json!({"type": "Precompiled", "precompiled_charsmap": "AAAA\\"}),
        ),
        ("prefix of nothing", Kind::Invalid, "normalizer", |t| {
            t["normalizer"] = json!({"type": "Prepend", "prepend": ""})
        }),
        // It loses count of its positions when a pattern matches nothing.
        ("replacing by pattern", Kind::Invalid, "normalizer", |t| {
            t["normalizer"] = json!({"type": "Replace", "pattern": {"Regex": "x*"}, "content": "y"})
        }),
        ("replacing nothing", Kind::Invalid, "normalizer", |t| {
            t["normalizer"] = json!({"type": "Replace", "pattern": {"String": ""}, "content": "y"})
        }),
        ("unknown normaliser", Kind::Invalid, "Magic", |t| {
            t["normalizer"] = json!({"type": "Magic"})
        }),
        (
            "normaliser without a kind",
            Kind::Invalid,
            "normalizer",
            |t| t["normalizer"] = json!({"content": "x"}),
        ),
        (
            "unknown splitting rule",
            Kind::Invalid,
            "FixedLength",
            |t| {
                t["pre_tokenizer"]["pretokenizers"][0] = json!({"type": "FixedLength", "length": 0})
            },
        ),
        ("pattern that grows", Kind::Invalid, "pre_tokenizer", |t| {
            t["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] =
                json!(r"((\p{L}{1000}){1000}){1000}")
        }),
        ("hundred patterns", Kind::Invalid, "rules", |t| {
            let rule = json!({"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Isolated", "invert": false});
            let all = t["pre_tokenizer"]["pretokenizers"].as_array_mut();
            all.expect("a list").extend(vec![rule; 100]);
        }),
    ];
    for (case, kind, words, spoil) in cases {
        let folder = Folder::new();
        folder.edit("tokenizer.json", spoil);
        let file = folder.path("tokenizer.json");
        refused(case, folder.root(), &file, *kind, words);
    }
}

type SpoilWeights = fn(&mut Json, &mut Vec<u8>);

/// Adds a tensor of its own bytes.
fn add(header: &mut Json, data: &mut Vec<u8>, name: &str, dtype: &str, shape: &[u64], len: usize) {
    let begin = data.len();
    data.resize(begin + len, 0);
    header[name] = json!({"dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()]});
}

#[test]
fn odd_headers_of_weights_are_refused() {
    let cases: &[(&str, Kind, &str, SpoilWeights)] = &[
        ("no type", Kind::Invalid, "dtype", |h, _| {
            h[Q] = json!({"shape": [1], "data_offsets": [0, 1]})
        }),
        ("no shape", Kind::Invalid, "shape", |h, _| {
            h[Q] = json!({"dtype": "U8", "data_offsets": [0, 1]})
        }),
        ("no offsets", Kind::Invalid, "data_offsets", |h, _| {
            h[Q] = json!({"dtype": "U8", "shape": [1]})
        }),
        ("one offset", Kind::Invalid, "the header", |h, _| {
            h[Q]["data_offsets"] = json!([0])
        }),
        ("three offsets", Kind::Invalid, "the header", |h, _| {
            h[Q]["data_offsets"] = json!([0, 1, 2])
        }),
        ("negative dimension", Kind::Invalid, "-64", |h, _| {
            h[Q]["shape"] = json!([-64, 256])
        }),
        ("tensor as a list", Kind::Invalid, "the header", |h, _| {
            h[Q] = json!([])
        }),
        ("dimension of 0", Kind::Invalid, "do not fit", |h, _| {
            h[Q]["shape"] = json!([0, 256])
        }),
        ("no dimensions", Kind::Invalid, "do not fit", |h, _| {
            h[Q]["shape"] = json!([])
        }),
        ("nothing of a matrix", Kind::Invalid, "q_proj", |h, _| {
            h[Q] = json!({"dtype": "U8", "shape": [0, 256], "data_offsets": [0, 0]})
        }),
        (
            "in the bytes of another",
            Kind::Invalid,
            "same bytes",
            |h, _| {
                h[Q]["data_offsets"] =
                    h["model.layers.0.self_attn.o_proj.weight"]["data_offsets"].clone()
            },
        ),
        (
            "reaching into another",
            Kind::Invalid,
            "same bytes",
            |h, data| {
                let range = data_range(h, Q);
                let shift = if range.end < data.len() { 1 } else { -1 };
                let moved = |at: usize| (at as i64 + shift) as u64;
                h[Q]["data_offsets"] = json!([moved(range.start), moved(range.end)]);
            },
        ),
        (
            "half the quarter",
            Kind::Invalid,
            "shape [32, 256]",
            |h, data| add(h, data, Q, "U8", &[32, 256], 32 * 256),
        ),
        (
            "wrong quarter",
            Kind::Invalid,
            "shape [64, 255]",
            |h, data| add(h, data, Q, "U8", &[64, 255], 64 * 255),
        ),
        (
            "bytes that are not packed",
            Kind::Invalid,
            "type U8",
            |h, data| add(h, data, Q, "U8", &[256, 256], 256 * 256),
        ),
        (
            "three dimensions",
            Kind::Invalid,
            "shape [64, 256, 1]",
            |h, data| add(h, data, Q, "U8", &[64, 256, 1], 64 * 256),
        ),
        ("eight bits", Kind::Unsupported, "format I8", |h, data| {
            add(h, data, Q, "I8", &[256, 256], 256 * 256)
        }),
        (
            "eight-bit floats",
            Kind::Unsupported,
            "F8_E4M3",
            |h, data| add(h, data, Q, "F8_E4M3", &[256, 256], 256 * 256),
        ),
        (
            "endless type",
            Kind::Unsupported,
            "weight format xxx",
            |h, data| add(h, data, Q, &"x".repeat(100_000), &[256, 256], 256),
        ),
        (
            "endless foreign shape",
            Kind::Unsupported,
            "format I64",
            |h, data| add(h, data, Q, "I64", &[u64::MAX, u64::MAX], 8),
        ),
        (
            "floats that are no codes",
            Kind::Invalid,
            "no ternary weight",
            |h, data| {
                let begin = data.len();
                add(h, data, Q, "BF16", &[256, 256], 2 * 256 * 256);
                data[begin..begin + 2].copy_from_slice(&[0x00, 0x3f]);
            },
        ),
        (
            "infinite float weight",
            Kind::Invalid,
            "not finite",
            |h, data| {
                let begin = data.len();
                add(h, data, Q, "BF16", &[256, 256], 2 * 256 * 256);
                data[begin..begin + 2].copy_from_slice(&[0x80, 0x7f]);
                drop(h.as_object_mut().and_then(|h| h.remove(Q_SCALE)));
            },
        ),
        ("two scales", Kind::Invalid, "1 values", |h, data| {
            add(h, data, Q_SCALE, "BF16", &[2], 4)
        }),
        ("scale of integers", Kind::Invalid, "type I32", |h, data| {
            add(h, data, Q_SCALE, "I32", &[1], 4)
        }),
        ("scale negative", Kind::Invalid, "scale -", |h, data| {
            let begin = data.len();
            add(h, data, Q_SCALE, "BF16", &[1], 2);
            data[begin..].copy_from_slice(&[0x80, 0xbf]);
        }),
        (
            "norm of another width",
            Kind::Invalid,
            "256 values",
            |h, data| add(h, data, NORM, "F32", &[128], 512),
        ),
        ("norm of doubles", Kind::Invalid, "type F64", |h, data| {
            add(h, data, NORM, "F64", &[256], 2048)
        }),
        (
            "norm of endless shape",
            Kind::Invalid,
            "values are needed",
            |h, data| add(h, data, NORM, "F64", &[u64::MAX, 2, 3], 8),
        ),
        (
            "norm with an infinity",
            Kind::Invalid,
            "not a finite number",
            |h, data| {
                let range = data_range(h, NORM);
                data[range][..2].copy_from_slice(&[0x80, 0x7f]);
            },
        ),
        (
            "embedding of bytes",
            Kind::Unsupported,
            "type U8",
            |h, data| add(h, data, EMBEDDING, "U8", &[1024, 256], 1024 * 256),
        ),
        (
            "embedding on its side",
            Kind::Invalid,
            "shape [256, 1024]",
            |h, _| h[EMBEDDING]["shape"] = json!([256, 1024]),
        ),
        (
            "NaN in the embedding",
            Kind::Invalid,
            "embed_tokens",
            |h, data| {
                let range = data_range(h, EMBEDDING);
                data[range][..2].copy_from_slice(&[0xc0, 0x7f]);
            },
        ),
        (
            "name of 100,000 bytes",
            Kind::Unsupported,
            "tttt",
            |h, data| add(h, data, &"t".repeat(100_000), "F32", &[1], 4),
        ),
    ];
    for (case, kind, words, spoil) in cases {
        let folder = Folder::new();
        folder.edit_weights(spoil);
        let file = folder.path("model.safetensors");
        refused(case, folder.root(), &file, *kind, words);
    }
    for (case, kind, bytes) in [
        (
            "header of 7 bytes",
            Kind::Truncated,
            b"\x07\0\0\0\0\0\0".to_vec(),
        ),
        ("header of nothing", Kind::Invalid, vec![0; 8]),
        (
            "header 101 MB",
            Kind::NotAModel,
            101_000_000u64.to_le_bytes().to_vec(),
        ),
        (
            "header not UTF-8",
            Kind::Invalid,
            b"\x03\0\0\0\0\0\0\0\"\xff\"".to_vec(),
        ),
        (
            "header a list",
            Kind::Invalid,
            b"\x02\0\0\0\0\0\0\0[]".to_vec(),
        ),
        (
            "header with more",
            Kind::Invalid,
            b"\x04\0\0\0\0\0\0\0{}{}".to_vec(),
        ),
        (
            "a GGUF file",
            Kind::NotAModel,
            b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        ),
        (
            "a pickle",
            Kind::NotAModel,
            b"PK\x03\x04\0\0\x08\x08data.pkl".to_vec(),
        ),
    ] {
        let folder = Folder::new();
        folder.write("model.safetensors", bytes);
        let file = folder.path("model.safetensors");
        refused(case, folder.root(), &file, kind, "");
    }
}

#[test]
fn bytes_no_tensor_owns_do_no_harm() {
    let folder = Folder::new();
    let whole = load(folder.root()).expect("a sound folder");
    folder.edit_weights(|h, data| {
        let bytes = data[data_range(h, Q)].to_vec();
        let begin = data.len() + 100;
        data.resize(begin, 0xff);
        data.extend(&bytes);
        h[Q]["data_offsets"] = json!([begin, data.len()]);
        data.extend([0xff; 33]);
    });
    let gapped = load(folder.root()).expect("gaps are only space");
    assert_eq!(gapped.weight_bytes(), whole.weight_bytes());
}

#[test]
fn an_index_names_plain_files_of_its_folder() {
    let many: String = (0..600)
        .map(|i| format!(r#""t{i}":"part-{i}.safetensors","#))
        .collect();
    let cases = [
        ("not JSON", "nope".to_owned()),
        ("empty", String::new()),
        ("no map", r#"{"metadata":{}}"#.to_owned()),
        (
            "map as list",
            r#"{"weight_map":["a.safetensors"]}"#.to_owned(),
        ),
        ("number as file", r#"{"weight_map":{"a":1}}"#.to_owned()),
        (
            "600 files",
            format!(r#"{{"weight_map":{{{}"z":"z.safetensors"}}}}"#, many),
        ),
    ];
    let names = [
        "..\\\\model.safetensors",
        "C:model.safetensors",
        "C:\\\\model.safetensors",
        "\\\\\\\\host\\\\share\\\\model.safetensors",
        "a/../../model.safetensors",
        "./model-1.safetensors",
        ".safetensors",
        "..",
        "",
        "pytorch_model.bin",
        "model.safetensors/",
        "model\\u0000.safetensors",
    ];
    let named = names.map(|name| (name, format!(r#"{{"weight_map":{{"a":"{name}"}}}}"#)));
    for (case, json) in cases.into_iter().chain(named) {
        let folder = Folder::new();
        folder.remove("model.safetensors");
        folder.write("model.safetensors.index.json", json);
        let file = folder.path("model.safetensors.index.json");
        refused(case, folder.root(), &file, Kind::Invalid, "weight_map");
    }
}

#[test]
fn folders_where_files_should_be_are_refused() {
    for (name, kind, words) in [
        ("model.safetensors", Kind::Io, "not a regular file"),
        ("tokenizer.json", Kind::Invalid, "should be a file"),
        ("generation_config.json", Kind::Invalid, "should be a file"),
        ("tokenizer_config.json", Kind::Invalid, "should be a file"),
    ] {
        let folder = Folder::new();
        folder.remove(name);
        fs::create_dir(folder.path(name)).expect("a folder");
        refused(name, folder.root(), &folder.path(name), kind, words);
    }
    let folder = Folder::new();
    folder.remove("config.json");
    fs::create_dir(folder.path("config.json")).expect("a folder");
    refused(
        "config.json",
        folder.root(),
        folder.root(),
        Kind::NotAModel,
        "config.json",
    );
    let path = folder.path("model.gguf");
    fs::create_dir(&path).expect("a folder");
    refused("model.gguf", &path, &path, Kind::NotAModel, "config.json");
}

/// Hugging Face's cache keeps its files elsewhere and links to them, so a link is as good as a file. What a link leads
/// to is this computer's affair; only names inside files are held to the folder.
#[cfg(unix)]
#[test]
fn links_are_followed_and_pipes_are_not_waited_for() {
    use std::os::unix::fs::symlink;
    let (folder, blobs) = (Folder::new(), tempfile::tempdir().expect("a folder"));
    let blob = blobs.path().join("blob");
    fs::rename(folder.path("model.safetensors"), &blob).expect("it is moved");
    symlink(&blob, folder.path("part.safetensors")).expect("a link");
    let index = json!({"weight_map": {NORM: "part.safetensors"}});
    folder.write("model.safetensors.index.json", index.to_string());
    load(folder.root()).expect("a linked part is a part");

    let part = folder.path("part.safetensors");
    fs::remove_file(&blob).expect("it is removed");
    refused(
        "a link to nothing",
        folder.root(),
        &part,
        Kind::Io,
        "could not be read",
    );
    fs::remove_file(&part).expect("it is removed");
    symlink(&part, &part).expect("a link to itself");
    refused(
        "a link to itself",
        folder.root(),
        &part,
        Kind::Io,
        "could not be read",
    );

    let pipe = folder.path("model.gguf");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        refused("a pipe", &pipe, &pipe, Kind::Io, "not a regular file");
    }
}
