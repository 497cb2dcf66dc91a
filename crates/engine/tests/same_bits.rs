//! The same text gives the same bits, however it is computed.

use std::ops::ControlFlow;

use tern_engine::{
    EngineError, GenerationParams, Isa, KvFormat, LoadOptions, Model, ModelSource, Observation,
    SamplingParams, Sequence, SyntheticShape, SyntheticSpec, TokenId, generate,
};

mod common;
use common::{Tensors, golden, ids, load};

/// A prompt of 300 tokens: more than one piece of 256, and more than one block of the cache.
fn long_prompt() -> Vec<TokenId> {
    let reference = Tensors::read(&golden().join("tiny-bitnet/refs/packed.f32.safetensors"));
    ids(reference.i32("p5_long.input_ids"))
}

fn small(threads: usize, isa: Option<Isa>) -> Model {
    small_with(threads, isa, KvFormat::default())
}

fn small_with(threads: usize, isa: Option<Isa>, kv: KvFormat) -> Model {
    let spec = SyntheticSpec {
        shape: SyntheticShape::Small,
        seed: 7,
        ffn_density: 0.3,
    };
    let source = ModelSource::Synthetic(spec);
    let options = LoadOptions {
        threads,
        isa,
        kv,
        ..LoadOptions::default()
    };
    Model::load(&source, &options, &mut |_| ControlFlow::Continue(()))
        .expect("it is made in memory")
}

fn bits(row: &[f32]) -> Vec<u32> {
    row.iter().map(|x| x.to_bits()).collect()
}

/// Logits after reading `prompt` at once, and after eight tokens more, one by one.
fn trail(model: &Model, prompt: &[TokenId]) -> Vec<Vec<u32>> {
    let mut sequence = Sequence::new(model, usize::MAX);
    sequence
        .prefill(model, prompt, &mut |_, _| ControlFlow::Continue(()))
        .expect("the prompt fits");
    let mut rows = vec![bits(sequence.logits())];
    for &id in &prompt[..8] {
        rows.push(bits(sequence.decode(model, id).expect("the text fits")));
    }
    rows
}

#[test]
fn reading_at_once_equals_reading_token_by_token() {
    let prompt = long_prompt();
    for path in [
        "tiny-bitnet/hf-packed",
        "tiny-llama158/gguf/ggml-model-i2_s.gguf",
    ] {
        let model = load(&golden().join(path), 1, None);
        let mut whole = Sequence::new(&model, usize::MAX);
        let mut rows = Vec::new();
        whole
            .forward_all(&model, &prompt, false, &mut |seen| {
                if let Observation::Logits { values, .. } = seen {
                    rows.push(bits(values));
                }
            })
            .expect("the prompt fits");
        let mut single = Sequence::new(&model, usize::MAX);
        for (position, &id) in prompt.iter().enumerate() {
            let row = bits(single.decode(&model, id).expect("the prompt fits"));
            assert!(row == rows[position], "{path} position {position}");
        }
        let mut pieces = Sequence::new(&model, usize::MAX);
        for piece in prompt.chunks(77) {
            pieces
                .prefill(&model, piece, &mut |_, _| ControlFlow::Continue(()))
                .expect("the prompt fits");
        }
        assert!(
            bits(pieces.logits()) == *rows.last().expect("there are rows"),
            "{path} in pieces"
        );
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let prompt = long_prompt();
    let alone = trail(&small(1, None), &prompt);
    for threads in [2, 3, 8] {
        assert!(
            trail(&small(threads, None), &prompt) == alone,
            "{threads} threads"
        );
    }
    let path = golden().join("tiny-bitnet/gguf/ggml-model-tq1_0.gguf");
    let alone = trail(&load(&path, 1, None), &prompt);
    for threads in [2, 3, 8] {
        assert!(
            trail(&load(&path, threads, None), &prompt) == alone,
            "{threads} threads"
        );
    }
}

#[test]
fn every_cpu_path_gives_the_same_bits() {
    let prompt = long_prompt();
    let paths = Isa::available();
    assert_eq!(paths[0], Isa::Scalar);
    for file in [
        "tiny-bitnet/hf-packed",
        "tiny-silu-subnorm/gguf/ggml-model-i2_s.gguf",
        "tiny-llama158/hf-packed",
    ] {
        let scalar = trail(&load(&golden().join(file), 1, Some(Isa::Scalar)), &prompt);
        for &isa in &paths[1..] {
            assert!(
                trail(&load(&golden().join(file), 1, Some(isa)), &prompt) == scalar,
                "{file} on {}",
                isa.name()
            );
        }
    }
    let prompt = &prompt[..40];
    let scalar = trail(&small(2, Some(Isa::Scalar)), prompt);
    for &isa in &paths[1..] {
        assert!(
            trail(&small(2, Some(isa)), prompt) == scalar,
            "{}",
            isa.name()
        );
    }
}

#[test]
fn a_format_of_keys_and_values_depends_on_path_threads_or_batch() {
    let prompt = long_prompt();
    let mut seen = Vec::new();
    for kv in KvFormat::ALL {
        let alone = trail(&small_with(1, Some(Isa::Scalar), kv), &prompt[..40]);
        for isa in Isa::available() {
            let same = trail(&small_with(3, Some(isa), kv), &prompt[..40]) == alone;
            assert!(same, "{} on {}", kv.name(), isa.name());
        }
        seen.push(alone);
        // One by one the FFN leaves rows and columns out; in a batch it reads all.
        let model = small_with(2, None, kv);
        let mut single = Sequence::new(&model, usize::MAX);
        for &id in &prompt {
            single.decode(&model, id).expect("the prompt fits");
        }
        let reads = single.take_ffn_reads();
        assert!(reads.up_rows < reads.layers * 2816 / 2, "{reads:?}");
        assert!(reads.down_columns < reads.up_rows, "{reads:?}");
        let mut whole = Sequence::new(&model, usize::MAX);
        whole
            .prefill(&model, &prompt, &mut |_, _| ControlFlow::Continue(()))
            .expect("the prompt fits");
        assert!(
            bits(single.logits()) == bits(whole.logits()),
            "{}",
            kv.name()
        );
    }
    assert!(seen[0] != seen[1] && seen[1] != seen[2], "formats differ");
}

#[test]
fn forgetting_and_reading_again_changes_nothing() {
    let model = load(&golden().join("tiny-bitnet/hf-packed"), 1, None);
    let prompt = long_prompt();
    let fresh = trail(&model, &prompt);
    let mut sequence = Sequence::new(&model, usize::MAX);
    let go_on = &mut |_: usize, _: usize| ControlFlow::Continue(());
    sequence
        .prefill(&model, &prompt, go_on)
        .expect("the prompt fits");
    let full = sequence.kv_bytes();
    sequence.truncate(10);
    assert_eq!(
        (sequence.tokens(), sequence.logits().len()),
        (&prompt[..10], 0)
    );
    assert!(sequence.kv_bytes() < full, "memory is given back");
    // Something else is written over the forgotten part first.
    sequence
        .prefill(&model, &prompt[50..200], go_on)
        .expect("the text fits");
    sequence.truncate(10);
    sequence
        .prefill(&model, &prompt[10..], go_on)
        .expect("the prompt fits");
    assert!(bits(sequence.logits()) == fresh[0]);
}

#[test]
fn a_stopped_prompt_can_be_read_on() {
    let model = load(&golden().join("tiny-bitnet/hf-packed"), 1, None);
    let prompt = long_prompt();
    let mut sequence = Sequence::new(&model, usize::MAX);
    let mut calls = Vec::new();
    let stopped = sequence.prefill(&model, &prompt, &mut |done, total| {
        calls.push((done, total));
        if done < 256 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    assert!(matches!(stopped, Err(EngineError::Stopped)));
    assert_eq!(calls.last(), Some(&(256, 300)));
    assert_eq!((sequence.tokens().len(), sequence.logits().len()), (256, 0));
    sequence
        .prefill(
            &model,
            &prompt[256..],
            &mut |_, _| ControlFlow::Continue(()),
        )
        .expect("the prompt fits");
    assert!(bits(sequence.logits()) == trail(&model, &prompt)[0]);
}

#[test]
fn a_stop_waits_for_the_end_of_a_piece() {
    // Slow enough for a piece to be told of more than once.
    let model = small(1, Some(Isa::Scalar));
    let prompt = long_prompt();
    let mut sequence = Sequence::new(&model, usize::MAX);
    let mut calls = Vec::new();
    let stopped = sequence.prefill(&model, &prompt, &mut |done, _| {
        calls.push(done);
        match calls.len() {
            3.. => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert!(matches!(stopped, Err(EngineError::Stopped)));
    assert!(
        calls.is_sorted() && (1..256).contains(&calls[2]),
        "{calls:?}"
    );
    assert_eq!((sequence.tokens().len(), sequence.logits().len()), (0, 0));
    sequence
        .prefill(&model, &prompt[..9], &mut |_, _| ControlFlow::Continue(()))
        .expect("the prompt fits");
    let mut fresh = Sequence::new(&model, usize::MAX);
    fresh
        .prefill(&model, &prompt[..9], &mut |_, _| ControlFlow::Continue(()))
        .expect("the prompt fits");
    assert!(bits(sequence.logits()) == bits(fresh.logits()));
}

#[test]
fn a_seed_gives_one_text_with_any_threads_and_any_cached_prefix() {
    let sampling = SamplingParams {
        temperature: 1.0,
        seed: Some(11),
        ..SamplingParams::default()
    };
    let params = GenerationParams {
        sampling,
        max_tokens: Some(24),
        ignore_eos: true,
        ..GenerationParams::default()
    };
    let prompt: Vec<TokenId> = long_prompt().into_iter().take(60).collect();
    let mut texts = Vec::new();
    for threads in [1, 3] {
        let model = small(threads, None);
        let mut sequence = Sequence::new(&model, usize::MAX);
        for other in [&prompt[..0], &prompt[..40], &prompt[..]] {
            // What the sequence holds from before: nothing, a part, all of it and an answer.
            sequence.truncate(0);
            sequence
                .prefill(&model, other, &mut |_, _| ControlFlow::Continue(()))
                .expect("it fits");
            let answer = generate(&model, &mut sequence, &prompt, &params, &mut |_| {
                ControlFlow::Continue(())
            });
            let answer = answer.expect("the prompt fits");
            assert_eq!(
                answer.stats.reused_tokens,
                other.len().min(prompt.len() - 1)
            );
            texts.push((answer.ids, answer.text));
        }
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert!(
        texts[0].1.contains(' '),
        "the text can be read: {:?}",
        texts[0].1
    );
}
