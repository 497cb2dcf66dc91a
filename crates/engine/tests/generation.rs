//! Continuing a text: what ends it, what is said on the way, what is refused.

use std::ops::ControlFlow;

use tern_engine::{
    ChatTemplate, EngineError, Generation, GenerationEvent, GenerationParams, Model, Role,
    SamplingParams, Sequence, StopReason, TokenId, Turn, generate,
};

mod common;
use common::{golden, load};

fn tiny() -> Model {
    load(&golden().join("tiny-bitnet/hf-packed"), 1, None)
}

fn greedy(max_tokens: usize) -> GenerationParams {
    GenerationParams {
        sampling: SamplingParams::greedy(),
        max_tokens: Some(max_tokens),
        ..GenerationParams::default()
    }
}

fn prompt(model: &Model) -> Vec<TokenId> {
    let turns = [Turn {
        role: Role::User,
        content: "How do I define a function?".into(),
    }];
    model
        .chat_template()
        .encode(model.tokenizer(), &turns)
        .expect("a chat")
}

fn run(
    model: &Model,
    sequence: &mut Sequence,
    params: &GenerationParams,
) -> (Generation, Vec<String>) {
    let mut events = Vec::new();
    let answer = generate(model, sequence, &prompt(model), params, &mut |event| {
        events.push(format!("{event:?}"));
        ControlFlow::Continue(())
    });
    (answer.expect("the prompt fits"), events)
}

#[test]
fn pieces_of_text_add_up_and_each_token_is_announced() {
    let model = tiny();
    let mut sequence = Sequence::new(&model, usize::MAX);
    let (mut pieces, mut tokens, mut reading) = (String::new(), Vec::new(), Vec::new());
    let params = GenerationParams {
        ignore_eos: true,
        ..greedy(40)
    };
    let prompt = prompt(&model);
    let answer = generate(&model, &mut sequence, &prompt, &params, &mut |event| {
        match event {
            GenerationEvent::Text(text) => pieces.push_str(text),
            GenerationEvent::Token(id) => tokens.push(id),
            GenerationEvent::Reading {
                done,
                total,
                reused,
            } => reading.push((done, total, reused)),
        }
        ControlFlow::Continue(())
    })
    .expect("the prompt fits");
    assert_eq!(
        (answer.stop_reason, answer.ids.len()),
        (StopReason::MaxTokens, 40)
    );
    assert_eq!(pieces, answer.text);
    assert_eq!(tokens, answer.ids);
    assert_eq!(answer.text, model.tokenizer().decode(&answer.ids, true));
    assert_eq!(
        reading,
        [(0, prompt.len(), 0), (prompt.len(), prompt.len(), 0)]
    );
    let stats = answer.stats;
    assert_eq!(
        (
            stats.prompt_tokens,
            stats.reused_tokens,
            stats.generated_tokens
        ),
        (prompt.len(), 0, 40)
    );
    assert!(
        stats.first_token_seconds > 0.0
            && stats.prefill_seconds > 0.0
            && stats.decode_seconds > 0.0
    );
    // The next turn finds the prompt and all but the last token of the answer in memory.
    assert_eq!(sequence.tokens(), [&prompt[..], &answer.ids[..39]].concat());
}

#[test]
fn a_stop_token_ends_the_answer_and_is_not_part_of_it() {
    let model = tiny();
    // Very hot, so that the end comes up some time.
    let sampling = SamplingParams {
        temperature: 10.0,
        top_p: 1.0,
        seed: Some(3),
        ..SamplingParams::default()
    };
    let params = GenerationParams {
        sampling,
        max_tokens: None,
        ..GenerationParams::default()
    };
    let (answer, _) = run(&model, &mut Sequence::new(&model, usize::MAX), &params);
    assert_eq!(answer.stop_reason, StopReason::EndOfText);
    assert!(
        answer
            .ids
            .iter()
            .all(|id| !model.stop_tokens().contains(id))
    );
    let on = GenerationParams {
        ignore_eos: true,
        max_tokens: Some(answer.ids.len() + 5),
        ..params
    };
    let (longer, _) = run(&model, &mut Sequence::new(&model, usize::MAX), &on);
    assert_eq!(longer.stop_reason, StopReason::MaxTokens);
    assert_eq!(longer.ids[..answer.ids.len()], answer.ids);
    assert!(model.stop_tokens().contains(&longer.ids[answer.ids.len()]));
}

#[test]
fn a_stop_string_ends_the_answer_before_it() {
    let model = tiny();
    let mut sequence = Sequence::new(&model, usize::MAX);
    let (whole, _) = run(
        &model,
        &mut sequence,
        &GenerationParams {
            ignore_eos: true,
            ..greedy(30)
        },
    );
    let stop: String = whole.text.chars().skip(12).take(3).collect();
    let before = &whole.text[..whole.text.find(&stop).expect("it is a part")];
    let params = GenerationParams {
        stop_strings: vec![stop.clone()],
        ignore_eos: true,
        ..greedy(30)
    };
    let (answer, events) = run(&model, &mut sequence, &params);
    assert_eq!(
        (answer.text.as_str(), answer.stop_reason),
        (before, StopReason::EndOfText)
    );
    assert!(events.iter().all(|e| !e.contains(&stop)));
}

#[test]
fn a_full_context_ends_the_answer() {
    let model = tiny();
    let room = prompt(&model).len() + 5;
    let mut sequence = Sequence::new(&model, room);
    let params = GenerationParams {
        ignore_eos: true,
        max_tokens: None,
        ..greedy(0)
    };
    let (answer, _) = run(&model, &mut sequence, &params);
    // The last token need not be in memory.
    assert_eq!(
        (answer.stop_reason, answer.ids.len()),
        (StopReason::ContextFull, 6)
    );
    assert_eq!(sequence.tokens().len(), room);
    assert!(matches!(
        sequence.decode(&model, TokenId(1)),
        Err(EngineError::ContextFull { .. })
    ));
}

#[test]
fn stopping_keeps_what_was_written() {
    let model = tiny();
    let mut sequence = Sequence::new(&model, usize::MAX);
    let mut left = 3;
    let params = GenerationParams {
        ignore_eos: true,
        ..greedy(30)
    };
    let answer = generate(
        &model,
        &mut sequence,
        &prompt(&model),
        &params,
        &mut |event| {
            if matches!(event, GenerationEvent::Token(_)) {
                left -= 1;
            }
            if left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    )
    .expect("stopping is no error");
    assert_eq!(
        (answer.stop_reason, answer.ids.len()),
        (StopReason::Stopped, 3)
    );
    let at_once = generate(
        &model,
        &mut Sequence::new(&model, usize::MAX),
        &prompt(&model),
        &params,
        &mut |_| ControlFlow::Break(()),
    );
    let at_once = at_once.expect("stopping is no error");
    assert_eq!(
        (
            at_once.stop_reason,
            at_once.ids.len(),
            at_once.stats.generated_tokens
        ),
        (StopReason::Stopped, 0, 0)
    );
}

#[test]
fn no_tokens_asked_for_means_none() {
    let model = tiny();
    let (answer, _) = run(&model, &mut Sequence::new(&model, usize::MAX), &greedy(0));
    assert_eq!(
        (answer.stop_reason, answer.ids.len(), answer.text.as_str()),
        (StopReason::MaxTokens, 0, "")
    );
}

#[test]
fn what_cannot_be_done_is_said() {
    let model = tiny();
    let mut sequence = Sequence::new(&model, 8);
    let go_on = &mut |_: GenerationEvent| ControlFlow::Continue(());
    let params = greedy(1);
    let mut refuse = |ids: &[TokenId]| {
        generate(&model, &mut sequence, ids, &params, go_on).expect_err("it is refused")
    };
    assert!(matches!(refuse(&[]), EngineError::EmptyPrompt));
    assert!(matches!(
        refuse(&[TokenId(1); 8]),
        EngineError::PromptTooLong {
            tokens: 8,
            max_len: 8
        }
    ));
    assert!(matches!(
        refuse(&[TokenId(1024)]),
        EngineError::UnknownToken {
            vocab_size: 1024,
            ..
        }
    ));
    let other = tiny();
    assert!(matches!(
        sequence.decode(&other, TokenId(1)),
        Err(EngineError::WrongModel)
    ));
    assert!(matches!(
        ChatTemplate::BitNet.encode(model.tokenizer(), &[]),
        Err(EngineError::NoTurns)
    ));
    let turns = [Turn {
        role: Role::User,
        content: "Hi".into(),
    }];
    let missing = ChatTemplate::ChatMl.encode(model.tokenizer(), &turns);
    assert!(matches!(
        missing,
        Err(EngineError::TemplateToken {
            token: "<|im_start|>"
        })
    ));
}
