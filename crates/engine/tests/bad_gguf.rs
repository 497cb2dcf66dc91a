//! Broken, foreign and hostile GGUF files: each gives an error that names the file, never a panic, and takes no
//! more memory than the file has bytes.
//!
//! Longer than 500 lines, because it is one list.

use std::fs;

use tern_engine::{ModelSource, Sequence, TokenId, inspect};

mod common;
#[path = "common/gguf.rs"]
mod gguf;
#[path = "common/refuse.rs"]
mod refuse;
use common::golden;
use gguf::{Gguf, Value, f32_value, i2_s, i32_list, raw_list, text, texts, u32_value};
use refuse::{Kind, load, peak_memory, refused};

type Spoil = fn(&mut Gguf);

#[test]
fn broken_gguf_files_are_refused_by_name_and_field() {
    let cases: &[(&str, Kind, &str, Spoil)] = &[
        ("version 1", Kind::Unsupported, "version 1", |g| {
            g.version = 1
        }),
        ("version 99", Kind::Unsupported, "version 99", |g| {
            g.version = 99
        }),
        ("big-endian", Kind::Unsupported, "big-endian", |g| {
            g.version = 3u32.swap_bytes()
        }),
        (
            "countless tensors",
            Kind::Invalid,
            "number of tensors",
            |g| g.n_tensors = Some(u64::MAX),
        ),
        ("countless keys", Kind::Invalid, "number of keys", |g| {
            g.n_values = Some(1 << 60)
        }),
        ("more keys than there are", Kind::Invalid, "damaged", |g| {
            g.n_values = Some(60_000)
        }),
        ("more tensors than there are", Kind::Invalid, "", |g| {
            g.n_tensors = Some(60_000)
        }),
        ("endless text", Kind::Invalid, "general.name", |g| {
            g.set("general.name", Value(8, u64::MAX.to_le_bytes().to_vec()))
        }),
        ("key of 5,000 bytes", Kind::Invalid, "5000 bytes", |g| {
            g.set(&"k".repeat(5000), u32_value(1))
        }),
        (
            "negative value type",
            Kind::Invalid,
            "type 4294967295",
            |g| g.set("x.y", Value(-1i32 as u32, vec![0; 8])),
        ),
        ("list of negative type", Kind::Invalid, "x.y", |g| {
            g.set("x.y", raw_list(-1i32 as u32, 1, &[0; 8]))
        }),
        ("list of texts, one endless", Kind::Invalid, "x.list", |g| {
            g.set("x.list", raw_list(8, 1, &u64::MAX.to_le_bytes()))
        }),
        ("list of texts that are none", Kind::Invalid, "UTF-8", |g| {
            let bytes = [&1u64.to_le_bytes()[..], &[0xff]].concat();
            g.set("x.list", raw_list(8, 1, &bytes));
        }),
        (
            "list whose bytes overflow",
            Kind::Truncated,
            "x.list",
            |g| g.set("x.list", raw_list(12, 1 << 61, &[])),
        ),
        (
            "tensors in the same bytes",
            Kind::Invalid,
            "same bytes",
            |g| g.tensors[2].offset = Some(0),
        ),
        (
            "tensor into the next one",
            Kind::Invalid,
            "same bytes",
            |g| g.tensor("blk.0.ffn_norm.weight").dims = vec![129],
        ),
        (
            "negative tensor type",
            Kind::Unsupported,
            "4294967295",
            |g| g.tensor("blk.0.attn_q.weight").kind = -1i32 as u32,
        ),
        (
            "tensor name of 5,000 bytes",
            Kind::Invalid,
            "5000 bytes",
            |g| g.tensors[0].name = "t".repeat(5000),
        ),
        (
            "text longer than the file",
            Kind::Truncated,
            "general.name",
            |g| {
                g.set(
                    "general.name",
                    Value(8, (10u64 << 20).to_le_bytes().to_vec()),
                );
            },
        ),
        ("endless list", Kind::Truncated, "x.list", |g| {
            g.set("x.list", raw_list(4, u64::MAX, &[]))
        }),
        ("endless list of texts", Kind::Truncated, "x.list", |g| {
            g.set("x.list", raw_list(8, 1 << 60, &[]))
        }),
        (
            "list longer than the file",
            Kind::Truncated,
            "x.list",
            |g| g.set("x.list", raw_list(0, 1 << 30, &[])),
        ),
        ("lists in lists in lists", Kind::Invalid, "nested", |g| {
            let mut inner = raw_list(0, 0, &[]);
            for _ in 0..1000 {
                inner = raw_list(9, 1, &inner.1);
            }
            g.set("x.list", inner);
        }),
        ("unknown type", Kind::Invalid, "type 77", |g| {
            g.set("x.y", Value(77, vec![0; 8]))
        }),
        ("list of unknown type", Kind::Invalid, "type 77", |g| {
            g.set("x.y", raw_list(77, 1, &[0; 8]))
        }),
        ("truth value of 7", Kind::Invalid, "x.y", |g| {
            g.set("x.y", Value(7, vec![7]))
        }),
        ("key twice", Kind::Invalid, "twice", |g| {
            g.values
                .push(("general.architecture".into(), text("bitnet")))
        }),
        ("text that is not UTF-8", Kind::Invalid, "UTF-8", |g| {
            g.set(
                "x.y",
                Value(8, [&2u64.to_le_bytes()[..], &[0xff, 0xfe]].concat()),
            )
        }),
        ("tensor twice", Kind::Invalid, "twice", |g| {
            g.tensors.push(g.tensors[0].clone())
        }),
        ("no dimensions", Kind::Invalid, "0 dimensions", |g| {
            g.tensors[1].dims.clear()
        }),
        ("nine dimensions", Kind::Invalid, "9 dimensions", |g| {
            g.tensors[1].dims = vec![1; 9]
        }),
        (
            "overflowing dimensions",
            Kind::Invalid,
            "token_embd.weight",
            |g| g.tensors[0].dims = vec![u64::MAX, u64::MAX],
        ),
        (
            "dimensions overflowing in bytes",
            Kind::Invalid,
            "token_embd.weight",
            |g| g.tensors[0].dims = vec![1 << 63, 1],
        ),
        (
            "huge dimensions",
            Kind::Truncated,
            "token_embd.weight",
            |g| g.tensors[0].dims = vec![128, 1 << 40],
        ),
        (
            "offset outside",
            Kind::Truncated,
            "output_norm.weight",
            |g| g.tensors[1].offset = Some(1 << 40),
        ),
        (
            "offset wrapping round",
            Kind::Truncated,
            "output_norm.weight",
            |g| g.tensors[1].offset = Some(u64::MAX - 31),
        ),
        ("offset not aligned", Kind::Invalid, "multiple of 32", |g| {
            g.tensors[1].offset = Some(33)
        }),
        ("alignment 0", Kind::Invalid, "general.alignment", |g| {
            g.set("general.alignment", u32_value(0))
        }),
        ("alignment 3", Kind::Invalid, "general.alignment", |g| {
            g.set("general.alignment", u32_value(3))
        }),
        ("alignment 2^31", Kind::Invalid, "general.alignment", |g| {
            g.set("general.alignment", u32_value(1 << 31))
        }),
        (
            "alignment as text",
            Kind::Invalid,
            "general.alignment",
            |g| g.set("general.alignment", text("32")),
        ),
        (
            "no architecture",
            Kind::Missing,
            "general.architecture",
            |g| g.remove("general.architecture"),
        ),
        (
            "architecture as number",
            Kind::Invalid,
            "general.architecture",
            |g| g.set("general.architecture", u32_value(1)),
        ),
        ("another architecture", Kind::Unsupported, "qwen3", |g| {
            g.set("general.architecture", text("qwen3"))
        }),
        ("no layer count", Kind::Missing, "block_count", |g| {
            g.remove("bitnet-b1.58.block_count")
        }),
        ("negative layer count", Kind::Invalid, "block_count", |g| {
            g.set(
                "bitnet-b1.58.block_count",
                Value(5, (-1i32).to_le_bytes().to_vec()),
            );
        }),
        ("layer count as text", Kind::Invalid, "block_count", |g| {
            g.set("bitnet-b1.58.block_count", text("1"))
        }),
        ("a billion layers", Kind::Invalid, "number of layers", |g| {
            g.set("bitnet-b1.58.block_count", u32_value(1 << 30))
        }),
        ("no layers", Kind::Invalid, "number of layers", |g| {
            g.set("bitnet-b1.58.block_count", u32_value(0))
        }),
        ("one layer too many", Kind::Missing, "blk.1.", |g| {
            g.set("bitnet-b1.58.block_count", u32_value(2))
        }),
        ("no heads", Kind::Invalid, "heads", |g| {
            g.set("bitnet-b1.58.attention.head_count", u32_value(0))
        }),
        (
            "heads that do not divide",
            Kind::Invalid,
            "hidden size",
            |g| g.set("bitnet-b1.58.attention.head_count", u32_value(3)),
        ),
        (
            "key heads that do not divide",
            Kind::Invalid,
            "key-value heads",
            |g| {
                g.set("bitnet-b1.58.attention.head_count_kv", u32_value(3));
            },
        ),
        ("no key heads", Kind::Invalid, "key-value heads", |g| {
            g.set("bitnet-b1.58.attention.head_count_kv", u32_value(0))
        }),
        ("odd head size", Kind::Invalid, "head size", |g| {
            g.set("bitnet-b1.58.attention.head_count", u32_value(128));
            g.set("bitnet-b1.58.attention.head_count_kv", u32_value(128));
        }),
        ("huge context", Kind::Invalid, "context length", |g| {
            g.set("bitnet-b1.58.context_length", u32_value(u32::MAX))
        }),
        ("no context", Kind::Invalid, "context length", |g| {
            g.set("bitnet-b1.58.context_length", u32_value(0))
        }),
        ("epsilon NaN", Kind::Invalid, "rms_norm_eps", |g| {
            g.set(
                "bitnet-b1.58.attention.layer_norm_rms_epsilon",
                f32_value(f32::NAN),
            );
        }),
        ("theta NaN", Kind::Invalid, "rope_theta", |g| {
            g.set("bitnet-b1.58.rope.freq_base", f32_value(f32::NAN))
        }),
        ("theta 0", Kind::Invalid, "rope_theta", |g| {
            g.set("bitnet-b1.58.rope.freq_base", f32_value(0.0))
        }),
        ("stretched rope", Kind::Unsupported, "rotary", |g| {
            g.set("bitnet-b1.58.rope.scaling.type", text("yarn"))
        }),
        (
            "part of the head rotated",
            Kind::Unsupported,
            "rotary",
            |g| g.set("bitnet-b1.58.rope.dimension_count", u32_value(32)),
        ),
        ("vocabulary size wrong", Kind::Invalid, "vocab_size", |g| {
            g.set("bitnet-b1.58.vocab_size", u32_value(1 << 20))
        }),
        ("unknown activation", Kind::Unsupported, "gelu", |g| {
            g.set("bitnet-b1.58.hidden_act", text("gelu"))
        }),
        (
            "missing projection",
            Kind::Missing,
            "blk.0.ffn_down.weight",
            |g| g.tensors.retain(|t| t.name != "blk.0.ffn_down.weight"),
        ),
        (
            "missing sub-norm",
            Kind::Missing,
            "blk.0.attn_sub_norm.weight",
            |g| {
                g.tensors.retain(|t| t.name != "blk.0.attn_sub_norm.weight");
            },
        ),
        (
            "missing embedding",
            Kind::Missing,
            "token_embd.weight",
            |g| g.tensors.retain(|t| t.name != "token_embd.weight"),
        ),
        (
            "projection of another shape",
            Kind::Invalid,
            "blk.0.attn_k.weight",
            |g| g.tensor("blk.0.attn_k.weight").dims = vec![128, 64],
        ),
        (
            "norm of another shape",
            Kind::Invalid,
            "output_norm.weight",
            |g| g.tensors[1].dims = vec![64],
        ),
        (
            "embedding with three dimensions",
            Kind::Invalid,
            "token_embd.weight",
            |g| g.tensors[0].dims = vec![128, 130, 2],
        ),
        ("bias", Kind::Unsupported, "attn_q.bias", |g| {
            let bias = gguf::Tensor {
                name: "blk.0.attn_q.bias".into(),
                ..g.tensors[1].clone()
            };
            g.tensors.push(bias);
        }),
        ("Q4_K embedding", Kind::Unsupported, "Q4_K", |g| {
            g.tensors[0].kind = 12
        }),
        (
            "Q6_K in rows of 128",
            Kind::Invalid,
            "which Q6_K cannot hold",
            |g| g.tensors[0].kind = 14,
        ),
        (
            "Q8_0 in rows of 16",
            Kind::Invalid,
            "which Q8_0 cannot hold",
            |g| {
                g.tensors[0].kind = 8;
                g.tensors[0].dims = vec![16, 2080];
            },
        ),
        (
            "Q8_0 in other rows",
            Kind::Invalid,
            "has shape [260, 64]",
            |g| {
                g.tensors[0].kind = 8;
                g.tensors[0].dims = vec![64, 260];
            },
        ),
        (
            "Q5_0 in overflowing rows",
            Kind::Truncated,
            "token_embd.weight",
            |g| {
                g.tensors[0].kind = 6;
                g.tensors[0].dims = vec![1 << 62, 3];
            },
        ),
        (
            "Q4_0 embedding cut short",
            Kind::Truncated,
            "token_embd.weight",
            |g| {
                let mut table = g.tensors.remove(0);
                table.kind = 2;
                table.data.truncate(128 * 260 / 32 * 18 - 1);
                g.tensors.push(table);
            },
        ),
        (
            "Q8_0 embedding NaN",
            Kind::Invalid,
            "token_embd.weight holds",
            |g| {
                g.tensors[0].kind = 8;
                g.tensors[0].data[34 * 1000..][..2].copy_from_slice(&[0x01, 0x7e]);
            },
        ),
        (
            "Q4_0 embedding infinite",
            Kind::Invalid,
            "token_embd.weight holds",
            |g| {
                g.tensors[0].kind = 2;
                g.tensors[0].data[18 * 1000..][..2].copy_from_slice(&[0x00, 0xfc]);
            },
        ),
        (
            "Q8_0 weights",
            Kind::Unsupported,
            "weight format Q8_0",
            |g| {
                let tensor = g.tensor("blk.0.attn_q.weight");
                tensor.kind = 8;
                tensor.data.resize(128 * 128 * 2, 0);
            },
        ),
        ("Q4_0 norm", Kind::Invalid, "F32, F16 or BF16", |g| {
            g.tensors[1].kind = 2
        }),
        ("TL1 weights", Kind::Unsupported, "TL1", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 38
        }),
        ("TL2 weights", Kind::Unsupported, "I2_S", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 39
        }),
        ("IQ2_BN weights", Kind::Unsupported, "IQ2_BN", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 135
        }),
        ("unknown weights", Kind::Unsupported, "type 999", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 999
        }),
        (
            "TQ2_0 in rows of 128",
            Kind::Invalid,
            "blk.0.attn_q.weight",
            |g| g.tensor("blk.0.attn_q.weight").kind = 35,
        ),
        ("fourth code", Kind::Invalid, "no ternary weight", |g| {
            g.tensor("blk.0.ffn_up.weight").data[100] = 0b11
        }),
        ("scale NaN", Kind::Invalid, "scale NaN", |g| {
            g.tensor("blk.0.ffn_up.weight").data = i2_s(0, f32::NAN)
        }),
        ("scale infinite", Kind::Invalid, "scale inf", |g| {
            g.tensor("blk.0.ffn_up.weight").data = i2_s(0, f32::INFINITY)
        }),
        ("scale negative", Kind::Invalid, "scale -1", |g| {
            g.tensor("blk.0.ffn_up.weight").data = i2_s(0, -1.0)
        }),
        ("norm NaN", Kind::Invalid, "output_norm.weight", |g| {
            g.tensors[1].data[..4].copy_from_slice(&f32::NAN.to_le_bytes())
        }),
        ("norm of bytes", Kind::Invalid, "output_norm.weight", |g| {
            g.tensors[1].kind = 24
        }),
        (
            "embedding infinite",
            Kind::Invalid,
            "token_embd.weight",
            |g| g.tensors[0].data[..2].copy_from_slice(&[0x00, 0x7c]),
        ),
        ("WordPiece tokenizer", Kind::Unsupported, "bert", |g| {
            g.set("tokenizer.ggml.model", text("bert"))
        }),
        (
            "pieces without scores",
            Kind::Missing,
            "tokenizer.ggml.scores",
            |g| g.set("tokenizer.ggml.model", text("llama")),
        ),
        ("no tokenizer", Kind::Missing, "tokenizer.ggml.model", |g| {
            g.remove("tokenizer.ggml.model")
        }),
        ("no tokens", Kind::Missing, "tokenizer.ggml.tokens", |g| {
            g.remove("tokenizer.ggml.tokens")
        }),
        (
            "tokens as numbers",
            Kind::Invalid,
            "tokenizer.ggml.tokens",
            |g| g.set("tokenizer.ggml.tokens", i32_list(&[1, 2])),
        ),
        ("tokens empty", Kind::Invalid, "vocabulary", |g| {
            g.set("tokenizer.ggml.tokens", texts(&[]));
            g.set("tokenizer.ggml.token_type", i32_list(&[]));
        }),
        ("more tokens than rows", Kind::Invalid, "tokenizer", |g| {
            g.remove("tokenizer.ggml.token_type");
            g.set(
                "tokenizer.ggml.tokens",
                texts(&(0..300).map(|i| format!("t{i}")).collect::<Vec<_>>()),
            );
            g.set("tokenizer.ggml.merges", texts(&[]));
        }),
        ("endless token", Kind::Invalid, "vocabulary", |g| {
            g.set("tokenizer.ggml.token_type", i32_list(&[1]));
            g.set("tokenizer.ggml.tokens", texts(&["x".repeat(1 << 16)]));
        }),
        ("too few token types", Kind::Invalid, "token_type", |g| {
            g.set("tokenizer.ggml.token_type", i32_list(&[1]))
        }),
        ("negative token type", Kind::Invalid, "token_type", |g| {
            g.set("tokenizer.ggml.token_type", i32_list(&[-1; 260]))
        }),
        ("merge of one", Kind::Invalid, "merges", |g| {
            g.set("tokenizer.ggml.merges", texts(&["ab".into()]))
        }),
        ("merge into nothing", Kind::Invalid, "merges", |g| {
            g.set("tokenizer.ggml.merges", texts(&["a c".into()]))
        }),
        ("merge of strangers", Kind::Invalid, "merges", |g| {
            g.set("tokenizer.ggml.merges", texts(&["zz yy".into()]))
        }),
        ("no merges", Kind::Missing, "merges", |g| {
            g.remove("tokenizer.ggml.merges")
        }),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    fs::write(&path, Gguf::sound().bytes()).expect("it is written");
    load(&path).expect("without a fault it loads");
    let before = peak_memory();
    for (case, kind, words, spoil) in cases {
        let mut file = Gguf::sound();
        spoil(&mut file);
        fs::write(&path, file.bytes()).expect("it is written");
        refused(case, &path, &path, *kind, words);
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        assert!(
            after - before < 300 << 20,
            "{} MB more for files of 100 KB",
            (after - before) >> 20
        );
    }
}

#[test]
fn foreign_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    for (case, kind, bytes, words) in [
        ("empty", Kind::NotAModel, &b""[..], "empty"),
        ("three bytes", Kind::NotAModel, b"GGU", "GGUF"),
        ("magic only", Kind::Truncated, b"GGUF", "cut short"),
        (
            "picture",
            Kind::NotAModel,
            b"\x89PNG\r\n\x1a\n0000000000",
            "GGUF",
        ),
        (
            "web page",
            Kind::NotAModel,
            b"<!DOCTYPE html><html>Not found</html>",
            "GGUF",
        ),
        (
            "Git LFS pointer",
            Kind::NotAModel,
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
            "GGUF",
        ),
        (
            "zip",
            Kind::NotAModel,
            b"PK\x03\x04 lots of other bytes",
            "GGUF",
        ),
    ] {
        fs::write(&path, bytes).expect("it is written");
        refused(case, &path, &path, kind, words);
    }
    let gone = folder.path().join("gone.gguf");
    refused("gone", &gone, &gone, Kind::Io, "could not be read");
    refused(
        "a folder without a model",
        folder.path(),
        folder.path(),
        Kind::NotAModel,
        "config.json",
    );
    let alone = folder.path().join("model.safetensors");
    fs::write(&alone, b"\x02\0\0\0\0\0\0\0{}").expect("it is written");
    refused(
        "weights without config",
        &alone,
        &alone,
        Kind::NotAModel,
        "config.json",
    );
}

#[test]
fn a_gguf_file_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    let whole =
        fs::read(golden().join("tiny-bitnet/gguf/ggml-model-i2_s.gguf")).expect("a fixture");
    let last = whole.len() - 29; // the last 28 bytes belong to nothing
    for len in (0..whole.len())
        .step_by(4096)
        .chain([1, 7, 23, 24, 25, 100, 1000, last])
    {
        fs::write(&path, &whole[..len]).expect("it is written");
        // Without its magic bytes it is anything.
        let kind = if len < 4 {
            Kind::NotAModel
        } else {
            Kind::Truncated
        };
        refused(&format!("cut to {len}"), &path, &path, kind, "");
    }
    let small = Gguf::sound().bytes();
    for len in (17..9000).step_by(17) {
        fs::write(&path, &small[..len]).expect("it is written");
        refused(
            &format!("small, cut to {len}"),
            &path,
            &path,
            Kind::Truncated,
            "",
        );
    }
}

#[test]
fn a_model_stays_usable_when_its_file_is_cut_or_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    fs::copy(
        golden().join("tiny-bitnet/gguf/ggml-model-tq2_0.gguf"),
        &path,
    )
    .expect("it is copied");
    let model = load(&path).expect("a sound file");
    fs::File::options()
        .write(true)
        .open(&path)
        .and_then(|f| f.set_len(100))
        .expect("it is cut");
    let mut sequence = Sequence::new(&model, 16);
    sequence
        .decode(&model, TokenId(1))
        .expect("the weights are in memory");
    fs::remove_file(&path).expect("it is removed");
    sequence
        .decode(&model, TokenId(2))
        .expect("the weights are in memory");
}

#[test]
fn a_matrix_of_zeros_loads_with_a_warning_that_names_the_good_revision() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    let mut file = Gguf::sound();
    for part in ["ffn_gate", "ffn_up"] {
        file.tensor(&format!("blk.0.{part}.weight")).data = i2_s(0b0101_0101, 1e-5);
    }
    fs::write(&path, file.bytes()).expect("it is written");
    let model = load(&path).expect("it is a sound file");
    let warning = model
        .warnings()
        .iter()
        .map(ToString::to_string)
        .find(|w| w.contains("zero"))
        .expect("a warning");
    assert!(
        warning.contains("blk.0.ffn_gate.weight and 1 more"),
        "{warning}"
    );
    assert!(
        warning.contains("a1f2f1c765812aa8af3f6eda4a313707064bba15"),
        "{warning}"
    );
}

#[test]
fn a_model_that_cannot_run_can_still_be_described() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    let mut file = Gguf::sound();
    file.set("general.architecture", text("qwen3"));
    fs::write(&path, file.bytes()).expect("it is written");
    let described = inspect(&ModelSource::Gguf(path)).expect("the header is sound");
    assert!(described.problem.expect("a problem").contains("qwen3"));
    assert_eq!((described.tensors.len(), described.config), (13, None));
    let sound = inspect(&ModelSource::Folder(golden().join("tiny-bitnet/hf-packed")))
        .expect("a sound folder");
    let memory = sound.memory.expect("it can run");
    assert_eq!(memory.full_context, 16 * memory.context_step);
    assert_eq!(sound.tensors.iter().filter(|t| t.kind == "U8").count(), 28);
}
