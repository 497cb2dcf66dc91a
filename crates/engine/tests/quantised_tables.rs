//! Models whose embedding or head is quantised compute what the numbers in the file say.

use std::{fs, ops::ControlFlow, path::Path};

use half::f16;
use tern_engine::{Model, ModelSource, Sequence, inspect};

mod common;
#[path = "common/gguf.rs"]
mod gguf;
#[path = "common/refuse.rs"]
mod refuse;
use common::{Tensors, golden, ids, load};
use gguf::Gguf;
use refuse::{Kind, refused};

/// Name, number in GGUF, numbers and bytes of a block, and where its f16 factor lies.
type Type = (&'static str, u32, usize, usize, usize);

const TYPES: [Type; 4] = [
    ("Q8_0", 8, 32, 34, 0),
    ("Q6_K", 14, 256, 210, 208),
    ("Q5_0", 6, 32, 22, 0),
    ("Q4_0", 2, 32, 18, 0),
];

/// Number `i` of a tensor, as float32: from the description of the formats, one number at a time.
fn number((name, _, numbers, size, factor): Type, data: &[u8], i: usize) -> f32 {
    let (b, i) = (&data[i / numbers * size..][..size], i % numbers);
    let d = f16::from_le_bytes([b[factor], b[factor + 1]]).to_f32();
    let nibble = |byte: u8, high: bool| i32::from(if high { byte >> 4 } else { byte & 15 });
    match name {
        "Q8_0" => d * f32::from(b[2 + i] as i8),
        "Q4_0" => d * (nibble(b[2 + i % 16], i >= 16) - 8) as f32,
        "Q5_0" => {
            let fifth = i32::from(b[2 + i / 8] >> (i % 8) & 1);
            d * (nibble(b[6 + i % 16], i >= 16) + 16 * fifth - 16) as f32
        }
        "Q6_K" => {
            let (run, i) = (i / 128, i % 128);
            let lower = nibble(b[64 * run + i % 64], i >= 64);
            let upper = i32::from(b[128 + 32 * run + i % 32] >> (i / 32 * 2) & 3);
            let own = f32::from(b[192 + 8 * run + i / 16] as i8);
            d * own * (lower + 16 * upper - 32) as f32
        }
        other => panic!("no numbers of {other}"),
    }
}

#[test]
fn the_test_reads_the_formats_wrong() {
    let rows = Tensors::read(&golden().join("quantised_rows.safetensors"));
    for kind in TYPES {
        let blocks = rows.bytes(&format!("{}.blocks", kind.0));
        for (i, want) in rows.f32(&format!("{}.values", kind.0)).iter().enumerate() {
            let got = number(kind, blocks, i);
            assert_eq!(got.to_bits(), want.to_bits(), "{} number {i}", kind.0);
        }
    }
}

/// Blocks of random bytes, with factors of either sign that keep the numbers about as large as 1.
fn blocks((name, _, numbers, size, factor): Type, len: usize, seed: u64) -> Vec<u8> {
    let largest = match name {
        "Q8_0" => 128.0,
        "Q6_K" => 32.0 * 128.0,
        "Q5_0" => 16.0,
        _ => 8.0,
    };
    let mut state = seed;
    let mut random = || {
        // Knuth's MMIX constants; the high bits are good enough.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut data: Vec<u8> = (0..len / numbers * size).map(|_| random()).collect();
    for block in data.chunks_exact_mut(size) {
        let d = f16::from_f32(f32::from(random() as i8) / 64.0 / largest);
        block[factor..][..2].copy_from_slice(&d.to_le_bytes());
    }
    data
}

/// Puts random numbers into a table, quantised; gives the same file with them as F32.
fn requantise(file: &mut Gguf, name: &str, kind: Type, floats: &mut Gguf) {
    let table = file.tensor(name);
    let len = table.dims.iter().product::<u64>() as usize;
    table.kind = kind.1;
    table.data = blocks(kind, len, u64::from(kind.1));
    let numbers = (0..len).flat_map(|i| number(kind, &table.data, i).to_le_bytes());
    let other = floats.tensor(name);
    (other.kind, other.data) = (0, numbers.collect());
}

/// Bits of the logits after a prompt, and after each of eight tokens more.
fn trail(model: &Model) -> Vec<Vec<u32>> {
    let reference = Tensors::read(&golden().join("tiny-bitnet/refs/packed.f32.safetensors"));
    let prompt = ids(reference.i32("p5_long.input_ids"));
    let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let mut sequence = Sequence::new(model, usize::MAX);
    sequence
        .prefill(model, &prompt[..150], &mut |_, _| ControlFlow::Continue(()))
        .expect("the prompt fits");
    let mut rows = vec![bits(sequence.logits())];
    for &id in &prompt[150..158] {
        rows.push(bits(sequence.decode(model, id).expect("the text fits")));
    }
    rows
}

/// Loads both files and holds what they compute, and what is said about them, to one another.
fn assert_same(what: &str, file: &Gguf, floats: &Gguf) {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, float_path) = (folder.path().join("q.gguf"), folder.path().join("f.gguf"));
    fs::write(&path, file.bytes()).expect("it is written");
    fs::write(&float_path, floats.bytes()).expect("it is written");
    let want = trail(&load(&float_path, 1, None));
    let first = f32::from_bits(want[0][0]);
    assert!(
        first.is_finite() && want[0][0] != want[1][0],
        "{what}: {first}"
    );
    for threads in [1, 3] {
        let model = load(&path, threads, None);
        assert!(trail(&model) == want, "{what} on {threads} threads");
        let memory = inspect(&ModelSource::Gguf(path.clone()))
            .expect("it is described")
            .memory
            .expect("it can run");
        assert_eq!(memory.weights, model.weight_bytes(), "{what}");
    }
}

fn fixture(name: &str) -> Gguf {
    Gguf::read(&golden().join(name).join("gguf/ggml-model-i2_s.gguf"))
}

#[test]
fn a_quantised_embedding_computes_other_logits_than_its_numbers() {
    for kind in TYPES {
        let mut file = fixture("tiny-bitnet");
        let mut floats = file.clone();
        requantise(&mut file, "token_embd.weight", kind, &mut floats);
        assert_same(kind.0, &file, &floats);
    }
}

#[test]
fn a_head_of_another_type_than_the_embedding_is_read_as_it() {
    for (embedding, head) in [(TYPES[3], TYPES[1]), (TYPES[0], TYPES[2])] {
        let mut file = fixture("tiny-llama158");
        let mut floats = file.clone();
        requantise(&mut file, "token_embd.weight", embedding, &mut floats);
        requantise(&mut file, "output.weight", head, &mut floats);
        let what = format!("{} and {}", embedding.0, head.0);
        assert_same(&what, &file, &floats);
    }
}

#[test]
fn projections_of_these_types_are_taken_for_ternary_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let path: &Path = &folder.path().join("model.gguf");
    for kind in TYPES {
        let mut file = fixture("tiny-bitnet");
        let name = "blk.1.attn_q.weight";
        let matrix = file.tensor(name);
        let len = matrix.dims.iter().product::<u64>() as usize;
        (matrix.kind, matrix.data) = (kind.1, blocks(kind, len, 1));
        fs::write(path, file.bytes()).expect("it is written");
        let words = format!("the weight format {} (tensor {name})", kind.0);
        refused(kind.0, path, path, Kind::Unsupported, &words);
    }
}
