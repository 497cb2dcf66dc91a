//! Guessed tokens: they may change how long an answer takes, and nothing else.

use std::ops::ControlFlow;

use tern_engine::{
    Generation, GenerationEvent, GenerationParams, Isa, LoadOptions, Model, ModelSource,
    SamplingParams, Sequence, StopReason, SyntheticShape, SyntheticSpec, TokenId, generate,
};

mod common;
use common::{golden, load};

fn tiny() -> Model {
    load(&golden().join("tiny-bitnet/hf-packed"), 1, None)
}

/// Wide enough for single rows and columns.
fn small(isa: Option<Isa>) -> Model {
    let spec = SyntheticSpec {
        shape: SyntheticShape::Small,
        seed: 7,
        ffn_density: 0.3,
    };
    let options = LoadOptions {
        threads: 2,
        isa,
        ..LoadOptions::default()
    };
    Model::load(&ModelSource::Synthetic(spec), &options, &mut |_| {
        ControlFlow::Continue(())
    })
    .expect("it is made in memory")
}

/// A prompt that repeats itself, so that there is something to guess from the first token on.
fn prompt() -> Vec<TokenId> {
    [11, 42, 7, 99, 300, 11, 42, 7, 99, 300, 11, 42, 7]
        .map(TokenId)
        .to_vec()
}

fn params(sampling: SamplingParams, max_tokens: Option<usize>) -> GenerationParams {
    GenerationParams {
        sampling,
        max_tokens,
        ignore_eos: true,
        ..GenerationParams::default()
    }
}

/// Whatever an answer shows; what follows is what the next turn begins with.
#[derive(Debug, PartialEq)]
struct Shown {
    ids: Vec<TokenId>,
    text: String,
    stop_reason: StopReason,
    events: Vec<String>,
    tokens_left: Vec<TokenId>,
}

/// One answer, stopped after `stop_after` tokens.
fn run(
    model: &Model,
    params: &GenerationParams,
    max_len: usize,
    stop_after: usize,
) -> (Shown, Generation) {
    let mut sequence = Sequence::new(model, max_len);
    let (mut events, mut left) = (Vec::new(), stop_after);
    let answer = generate(model, &mut sequence, &prompt(), params, &mut |event| {
        // How often progress is told depends on the clock.
        if !matches!(event, GenerationEvent::Reading { .. }) {
            events.push(format!("{event:?}"));
        }
        left -= usize::from(matches!(event, GenerationEvent::Token(_)));
        if left == 0 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })
    .expect("the prompt fits");
    let shown = Shown {
        ids: answer.ids.clone(),
        text: answer.text.clone(),
        stop_reason: answer.stop_reason,
        events,
        tokens_left: sequence.tokens().to_vec(),
    };
    (shown, answer)
}

/// With and without drafts: the same. Returns what was shown, and how many guesses were right.
fn both(
    model: &Model,
    params: &GenerationParams,
    max_len: usize,
    stop_after: usize,
) -> (Shown, usize) {
    let off = GenerationParams {
        drafts: false,
        ..params.clone()
    };
    let (without, plain) = run(model, &off, max_len, stop_after);
    let (with, drafted) = run(model, params, max_len, stop_after);
    assert_eq!(with, without);
    assert_eq!(
        (plain.stats.drafted_tokens, plain.stats.accepted_tokens),
        (0, 0)
    );
    assert!(drafted.stats.accepted_tokens <= drafted.stats.drafted_tokens);
    (with, drafted.stats.accepted_tokens)
}

#[test]
fn guesses_change_the_text() {
    for model in [tiny(), small(None)] {
        let mut accepted = 0;
        for repetition_penalty in [1.0, 1.3] {
            let greedy = SamplingParams {
                repetition_penalty,
                ..SamplingParams::greedy()
            };
            accepted += both(&model, &params(greedy, Some(120)), 4096, usize::MAX).1;
            for seed in 0..6 {
                let sampling = SamplingParams {
                    repetition_penalty,
                    temperature: 0.2 + 0.2 * seed as f32,
                    seed: Some(seed),
                    ..SamplingParams::default()
                };
                both(&model, &params(sampling, Some(60)), 4096, usize::MAX);
            }
        }
        assert!(accepted > 0, "no guess was right, so nothing was tested");
    }
}

#[test]
fn an_end_in_the_middle_of_a_draft_leaves_other_text_or_other_memory() {
    let model = tiny();
    let greedy = SamplingParams::greedy();
    let whole = params(greedy, Some(40));
    let (shown, accepted) = both(&model, &whole, 4096, usize::MAX);
    assert!(accepted > 0, "there are drafts to end in: {accepted}");
    for n in 1..40 {
        // Asked to stop, out of tokens, out of context: at each token.
        let (stopped, _) = both(&model, &whole, 4096, n);
        assert_eq!(
            (stopped.ids.len(), stopped.stop_reason),
            (n, StopReason::Stopped)
        );
        let (short, _) = both(&model, &params(greedy, Some(n)), 4096, usize::MAX);
        assert_eq!(short.ids, shown.ids[..n]);
        let (full, _) = both(
            &model,
            &params(greedy, None),
            prompt().len() + n,
            usize::MAX,
        );
        assert_eq!(full.stop_reason, StopReason::ContextFull);
        // A stop string that begins anywhere.
        let stop: String = shown.text.chars().skip(n).take(3).collect();
        let with_stop = GenerationParams {
            stop_strings: vec![stop.clone()],
            ..whole.clone()
        };
        let (cut, _) = both(&model, &with_stop, 4096, usize::MAX);
        assert!(stop.is_empty() || !cut.text.contains(&stop));
    }
}

#[test]
fn a_stop_token_is_passed_over_in_a_draft() {
    let model = tiny();
    for seed in 0..10 {
        let sampling = SamplingParams {
            temperature: 3.0,
            top_p: 1.0,
            seed: Some(seed),
            ..SamplingParams::default()
        };
        let params = GenerationParams {
            ignore_eos: false,
            ..params(sampling, Some(200))
        };
        both(&model, &params, 4096, usize::MAX);
    }
}

fn bits(row: &[f32]) -> Vec<u32> {
    row.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_draft_gives_other_logits_than_its_tokens_one_by_one() {
    for isa in Isa::available() {
        for model in [
            load(&golden().join("tiny-bitnet/hf-packed"), 1, Some(isa)),
            load(
                &golden().join("tiny-silu-subnorm/gguf/ggml-model-i2_s.gguf"),
                1,
                Some(isa),
            ),
            small(Some(isa)),
        ] {
            // A large one is slow on the plain path: drafts of up to 6, after the others' up to 9.
            let n = if model.config().hidden_dim > 512 {
                27
            } else {
                54
            };
            let ids: Vec<_> = (0..n).map(|i| TokenId(i * 37 % 1000)).collect();
            let mut single = Sequence::new(&model, 4096);
            let rows: Vec<_> = ids
                .iter()
                .map(|&id| bits(single.decode(&model, id).expect("it fits")))
                .collect();
            let mut drafted = Sequence::new(&model, 4096);
            let mut first = 0;
            for width in (1..=9).cycle() {
                let end = (first + width).min(ids.len());
                // Two wrong guesses at the end are taken back.
                let wrong = [TokenId(5), TokenId(6)];
                let draft = [&ids[first..end], &wrong].concat();
                drafted.decode_draft(&model, &draft).expect("it fits");
                assert!(drafted.logits().is_empty(), "no head was asked for");
                for i in 0..end - first {
                    let row = drafted.draft_logits(&model, i).expect("it is there");
                    assert!(
                        bits(row) == rows[first + i],
                        "{} position {}",
                        isa.name(),
                        first + i
                    );
                }
                drafted.truncate(end);
                assert!(bits(drafted.logits()) == rows[end - 1]);
                first = end;
                if first == ids.len() {
                    break;
                }
                // A token alone goes on from there.
                let row = drafted.decode(&model, ids[first]).expect("it fits");
                assert!(bits(row) == rows[first], "{} position {first}", isa.name());
                first += 1;
                if first == ids.len() {
                    break;
                }
            }
        }
    }
}

#[test]
fn logits_of_what_was_taken_back_are_still_there() {
    let model = tiny();
    let mut sequence = Sequence::new(&model, 4096);
    let ids = [1, 2, 3, 4].map(TokenId);
    sequence.decode_draft(&model, &ids).expect("it fits");
    let _ = sequence.draft_logits(&model, 3).expect("it is there");
    sequence.truncate(2);
    assert!(sequence.logits().is_empty());
    assert_eq!(sequence.best(), None);
    assert!(sequence.draft_logits(&model, 1).is_ok());
    let gone = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sequence.draft_logits(&model, 2).map(<[f32]>::len)
    }));
    assert!(gone.is_err(), "token 2 was taken back");
}
