//! Broken, foreign and hostile GGUF files: each gives an error that names the file, never a panic, and takes no
//! more memory than the file has bytes.

use std::fs;

use tern_engine::{ModelSource, Sequence, TokenId, inspect};

mod common;
#[path = "common/gguf.rs"]
mod gguf;
#[path = "common/refuse.rs"]
mod refuse;
use common::golden;
use gguf::{Gguf, Value, f32_value, i2_s, i32_list, raw_list, text, texts, u32_value};
use refuse::{load, peak_memory, refused};

type Spoil = fn(&mut Gguf);

#[test]
fn broken_gguf_files_are_refused_by_name_and_field() {
    let cases: &[(&str, &str, Spoil)] = &[
        ("version 1", "version 1", |g| g.version = 1),
        ("version 99", "version 99", |g| g.version = 99),
        ("big-endian", "big-endian", |g| {
            g.version = 3u32.swap_bytes()
        }),
        ("countless tensors", "number of tensors", |g| {
            g.n_tensors = Some(u64::MAX)
        }),
        ("countless keys", "number of keys", |g| {
            g.n_values = Some(1 << 60)
        }),
        ("more keys than there are", "damaged", |g| {
            g.n_values = Some(60_000)
        }),
        ("more tensors than there are", "", |g| {
            g.n_tensors = Some(60_000)
        }),
        ("endless text", "general.name", |g| {
            g.set("general.name", Value(8, u64::MAX.to_le_bytes().to_vec()))
        }),
        ("text longer than the file", "general.name", |g| {
            g.set(
                "general.name",
                Value(8, (10u64 << 20).to_le_bytes().to_vec()),
            );
        }),
        ("endless list", "x.list", |g| {
            g.set("x.list", raw_list(4, u64::MAX, &[]))
        }),
        ("endless list of texts", "x.list", |g| {
            g.set("x.list", raw_list(8, 1 << 60, &[]))
        }),
        ("list longer than the file", "x.list", |g| {
            g.set("x.list", raw_list(0, 1 << 30, &[]))
        }),
        ("lists in lists in lists", "nested", |g| {
            let mut inner = raw_list(0, 0, &[]);
            for _ in 0..1000 {
                inner = raw_list(9, 1, &inner.1);
            }
            g.set("x.list", inner);
        }),
        ("unknown type", "type 77", |g| {
            g.set("x.y", Value(77, vec![0; 8]))
        }),
        ("list of unknown type", "type 77", |g| {
            g.set("x.y", raw_list(77, 1, &[0; 8]))
        }),
        ("truth value of 7", "x.y", |g| {
            g.set("x.y", Value(7, vec![7]))
        }),
        ("key twice", "twice", |g| {
            g.values
                .push(("general.architecture".into(), text("bitnet")))
        }),
        ("text that is not UTF-8", "UTF-8", |g| {
            g.set(
                "x.y",
                Value(8, [&2u64.to_le_bytes()[..], &[0xff, 0xfe]].concat()),
            )
        }),
        ("tensor twice", "twice", |g| {
            g.tensors.push(g.tensors[0].clone())
        }),
        ("no dimensions", "0 dimensions", |g| {
            g.tensors[1].dims.clear()
        }),
        ("nine dimensions", "9 dimensions", |g| {
            g.tensors[1].dims = vec![1; 9]
        }),
        ("overflowing dimensions", "token_embd.weight", |g| {
            g.tensors[0].dims = vec![u64::MAX, u64::MAX]
        }),
        (
            "dimensions overflowing in bytes",
            "token_embd.weight",
            |g| g.tensors[0].dims = vec![1 << 63, 1],
        ),
        ("huge dimensions", "token_embd.weight", |g| {
            g.tensors[0].dims = vec![128, 1 << 40]
        }),
        ("offset outside", "output_norm.weight", |g| {
            g.tensors[1].offset = Some(1 << 40)
        }),
        ("offset wrapping round", "output_norm.weight", |g| {
            g.tensors[1].offset = Some(u64::MAX - 31)
        }),
        ("offset not aligned", "multiple of 32", |g| {
            g.tensors[1].offset = Some(33)
        }),
        ("alignment 0", "general.alignment", |g| {
            g.set("general.alignment", u32_value(0))
        }),
        ("alignment 3", "general.alignment", |g| {
            g.set("general.alignment", u32_value(3))
        }),
        ("alignment 2^31", "general.alignment", |g| {
            g.set("general.alignment", u32_value(1 << 31))
        }),
        ("alignment as text", "general.alignment", |g| {
            g.set("general.alignment", text("32"))
        }),
        ("no architecture", "general.architecture", |g| {
            g.remove("general.architecture")
        }),
        ("architecture as number", "general.architecture", |g| {
            g.set("general.architecture", u32_value(1))
        }),
        ("another architecture", "qwen3", |g| {
            g.set("general.architecture", text("qwen3"))
        }),
        ("no layer count", "block_count", |g| {
            g.remove("bitnet-b1.58.block_count")
        }),
        ("negative layer count", "block_count", |g| {
            g.set(
                "bitnet-b1.58.block_count",
                Value(5, (-1i32).to_le_bytes().to_vec()),
            );
        }),
        ("layer count as text", "block_count", |g| {
            g.set("bitnet-b1.58.block_count", text("1"))
        }),
        ("a billion layers", "number of layers", |g| {
            g.set("bitnet-b1.58.block_count", u32_value(1 << 30))
        }),
        ("no layers", "number of layers", |g| {
            g.set("bitnet-b1.58.block_count", u32_value(0))
        }),
        ("one layer too many", "blk.1.", |g| {
            g.set("bitnet-b1.58.block_count", u32_value(2))
        }),
        ("no heads", "heads", |g| {
            g.set("bitnet-b1.58.attention.head_count", u32_value(0))
        }),
        ("heads that do not divide", "hidden size", |g| {
            g.set("bitnet-b1.58.attention.head_count", u32_value(3))
        }),
        ("key heads that do not divide", "key-value heads", |g| {
            g.set("bitnet-b1.58.attention.head_count_kv", u32_value(3));
        }),
        ("no key heads", "key-value heads", |g| {
            g.set("bitnet-b1.58.attention.head_count_kv", u32_value(0))
        }),
        ("odd head size", "head size", |g| {
            g.set("bitnet-b1.58.attention.head_count", u32_value(128));
            g.set("bitnet-b1.58.attention.head_count_kv", u32_value(128));
        }),
        ("huge context", "context length", |g| {
            g.set("bitnet-b1.58.context_length", u32_value(u32::MAX))
        }),
        ("no context", "context length", |g| {
            g.set("bitnet-b1.58.context_length", u32_value(0))
        }),
        ("epsilon NaN", "rms_norm_eps", |g| {
            g.set(
                "bitnet-b1.58.attention.layer_norm_rms_epsilon",
                f32_value(f32::NAN),
            );
        }),
        ("theta NaN", "rope_theta", |g| {
            g.set("bitnet-b1.58.rope.freq_base", f32_value(f32::NAN))
        }),
        ("theta 0", "rope_theta", |g| {
            g.set("bitnet-b1.58.rope.freq_base", f32_value(0.0))
        }),
        ("stretched rope", "rotary", |g| {
            g.set("bitnet-b1.58.rope.scaling.type", text("yarn"))
        }),
        ("part of the head rotated", "rotary", |g| {
            g.set("bitnet-b1.58.rope.dimension_count", u32_value(32))
        }),
        ("vocabulary size wrong", "vocab_size", |g| {
            g.set("bitnet-b1.58.vocab_size", u32_value(1 << 20))
        }),
        ("unknown activation", "gelu", |g| {
            g.set("bitnet-b1.58.hidden_act", text("gelu"))
        }),
        ("missing projection", "blk.0.ffn_down.weight", |g| {
            g.tensors.retain(|t| t.name != "blk.0.ffn_down.weight")
        }),
        ("missing sub-norm", "blk.0.attn_sub_norm.weight", |g| {
            g.tensors.retain(|t| t.name != "blk.0.attn_sub_norm.weight");
        }),
        ("missing embedding", "token_embd.weight", |g| {
            g.tensors.retain(|t| t.name != "token_embd.weight")
        }),
        ("projection of another shape", "blk.0.attn_k.weight", |g| {
            g.tensor("blk.0.attn_k.weight").dims = vec![128, 64]
        }),
        ("norm of another shape", "output_norm.weight", |g| {
            g.tensors[1].dims = vec![64]
        }),
        (
            "embedding with three dimensions",
            "token_embd.weight",
            |g| g.tensors[0].dims = vec![128, 130, 2],
        ),
        ("bias", "attn_q.bias", |g| {
            let bias = gguf::Tensor {
                name: "blk.0.attn_q.bias".into(),
                ..g.tensors[1].clone()
            };
            g.tensors.push(bias);
        }),
        ("Q6_K embedding", "Q6_K", |g| g.tensors[0].kind = 14),
        ("TL1 weights", "TL1", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 38
        }),
        ("TL2 weights", "I2_S", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 39
        }),
        ("IQ2_BN weights", "IQ2_BN", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 135
        }),
        ("unknown weights", "type 999", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 999
        }),
        ("TQ2_0 in rows of 128", "blk.0.attn_q.weight", |g| {
            g.tensor("blk.0.attn_q.weight").kind = 35
        }),
        ("fourth code", "no ternary weight", |g| {
            g.tensor("blk.0.ffn_up.weight").data[100] = 0b11
        }),
        ("scale NaN", "scale NaN", |g| {
            g.tensor("blk.0.ffn_up.weight").data = i2_s(0, f32::NAN)
        }),
        ("scale infinite", "scale inf", |g| {
            g.tensor("blk.0.ffn_up.weight").data = i2_s(0, f32::INFINITY)
        }),
        ("scale negative", "scale -1", |g| {
            g.tensor("blk.0.ffn_up.weight").data = i2_s(0, -1.0)
        }),
        ("norm NaN", "output_norm.weight", |g| {
            g.tensors[1].data[..4].copy_from_slice(&f32::NAN.to_le_bytes())
        }),
        ("norm of bytes", "output_norm.weight", |g| {
            g.tensors[1].kind = 24
        }),
        ("embedding infinite", "token_embd.weight", |g| {
            g.tensors[0].data[..2].copy_from_slice(&[0x00, 0x7c])
        }),
        ("WordPiece tokenizer", "bert", |g| {
            g.set("tokenizer.ggml.model", text("bert"))
        }),
        ("pieces without scores", "tokenizer.ggml.scores", |g| {
            g.set("tokenizer.ggml.model", text("llama"))
        }),
        ("no tokenizer", "tokenizer.ggml.model", |g| {
            g.remove("tokenizer.ggml.model")
        }),
        ("no tokens", "tokenizer.ggml.tokens", |g| {
            g.remove("tokenizer.ggml.tokens")
        }),
        ("tokens as numbers", "tokenizer.ggml.tokens", |g| {
            g.set("tokenizer.ggml.tokens", i32_list(&[1, 2]))
        }),
        ("tokens empty", "vocabulary", |g| {
            g.set("tokenizer.ggml.tokens", texts(&[]));
            g.set("tokenizer.ggml.token_type", i32_list(&[]));
        }),
        ("more tokens than rows", "tokenizer", |g| {
            g.remove("tokenizer.ggml.token_type");
            g.set(
                "tokenizer.ggml.tokens",
                texts(&(0..300).map(|i| format!("t{i}")).collect::<Vec<_>>()),
            );
            g.set("tokenizer.ggml.merges", texts(&[]));
        }),
        ("endless token", "vocabulary", |g| {
            g.set("tokenizer.ggml.token_type", i32_list(&[1]));
            g.set("tokenizer.ggml.tokens", texts(&["x".repeat(1 << 16)]));
        }),
        ("too few token types", "token_type", |g| {
            g.set("tokenizer.ggml.token_type", i32_list(&[1]))
        }),
        ("negative token type", "token_type", |g| {
            g.set("tokenizer.ggml.token_type", i32_list(&[-1; 260]))
        }),
        ("merge of one", "merges", |g| {
            g.set("tokenizer.ggml.merges", texts(&["ab".into()]))
        }),
        ("merge into nothing", "merges", |g| {
            g.set("tokenizer.ggml.merges", texts(&["a c".into()]))
        }),
        ("merge of strangers", "merges", |g| {
            g.set("tokenizer.ggml.merges", texts(&["zz yy".into()]))
        }),
        ("no merges", "merges", |g| g.remove("tokenizer.ggml.merges")),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    fs::write(&path, Gguf::sound().bytes()).expect("it is written");
    load(&path).expect("without a fault it loads");
    let before = peak_memory();
    for (case, words, spoil) in cases {
        let mut file = Gguf::sound();
        spoil(&mut file);
        fs::write(&path, file.bytes()).expect("it is written");
        refused(case, &path, &path, words);
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
    for (case, bytes, words) in [
        ("empty", &b""[..], "empty"),
        ("three bytes", b"GGU", "GGUF"),
        ("magic only", b"GGUF", "cut short"),
        ("picture", b"\x89PNG\r\n\x1a\n0000000000", "GGUF"),
        ("web page", b"<!DOCTYPE html><html>Not found</html>", "GGUF"),
        (
            "Git LFS pointer",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
            "GGUF",
        ),
        ("zip", b"PK\x03\x04 lots of other bytes", "GGUF"),
    ] {
        fs::write(&path, bytes).expect("it is written");
        refused(case, &path, &path, words);
    }
    let gone = folder.path().join("gone.gguf");
    refused("gone", &gone, &gone, "could not be read");
    refused(
        "a folder without a model",
        folder.path(),
        folder.path(),
        "config.json",
    );
    let alone = folder.path().join("model.safetensors");
    fs::write(&alone, b"\x02\0\0\0\0\0\0\0{}").expect("it is written");
    refused("weights without config", &alone, &alone, "config.json");
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
        refused(&format!("cut to {len}"), &path, &path, "");
    }
    let small = Gguf::sound().bytes();
    for len in (0..9000).step_by(17) {
        fs::write(&path, &small[..len]).expect("it is written");
        refused(&format!("small, cut to {len}"), &path, &path, "");
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
