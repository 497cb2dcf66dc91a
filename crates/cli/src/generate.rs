//! `tern generate`: one answer.

use std::io::Write;
use std::ops::ControlFlow;

use serde::Serialize;
use tern_engine::{
    Generation, GenerationEvent, GenerationParams, GenerationStats, Model, Role, Sequence,
    StopReason, TokenId, Turn,
};

use crate::args::GenerateArgs;
use crate::error::CliError;
use crate::model;

/// The object `--json` prints as its last line.
#[derive(Serialize)]
struct Record<'a> {
    text: &'a str,
    ids: Vec<u32>,
    stop_reason: &'static str,
    stats: Stats,
}

#[derive(Serialize)]
struct Stats {
    prompt_tokens: usize,
    reused_tokens: usize,
    generated_tokens: usize,
    prefill_seconds: f64,
    decode_seconds: f64,
    first_token_seconds: f64,
    prefill_tok_s: Option<f64>,
    decode_tok_s: Option<f64>,
    seed: u64,
}

impl From<&GenerationStats> for Stats {
    fn from(stats: &GenerationStats) -> Self {
        let rate = |tokens: usize, seconds: f64| {
            (tokens > 0 && seconds > 0.0).then(|| tokens as f64 / seconds)
        };
        Self {
            prompt_tokens: stats.prompt_tokens,
            reused_tokens: stats.reused_tokens,
            generated_tokens: stats.generated_tokens,
            prefill_seconds: stats.prefill_seconds,
            decode_seconds: stats.decode_seconds,
            first_token_seconds: stats.first_token_seconds,
            prefill_tok_s: rate(
                stats.prompt_tokens - stats.reused_tokens,
                stats.prefill_seconds,
            ),
            // The first token comes out of reading the prompt.
            decode_tok_s: rate(
                stats.generated_tokens.saturating_sub(1),
                stats.decode_seconds,
            ),
            seed: stats.seed,
        }
    }
}

/// The contract's word for why an answer ended.
pub(crate) fn stop_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndOfText => "end_of_text",
        StopReason::MaxTokens => "max_tokens",
        StopReason::ContextFull => "context_full",
        StopReason::Stopped => "stopped",
    }
}

pub(crate) fn run(args: &GenerateArgs, json: bool) -> Result<(), CliError> {
    let model = model::load(&args.model)?;
    let prompt = prompt(args, &model)?;
    let mut params = args.sampling.params(&model);
    params.ignore_eos = args.ignore_eos;
    let mut sequence = Sequence::new(&model, model.config().max_seq_len);
    let generation = stream(&model, &mut sequence, &prompt, &params, !json)?;
    if json {
        let record = Record {
            text: &generation.text,
            ids: generation.ids.iter().map(|id| id.0).collect(),
            stop_reason: stop_reason(generation.stop_reason),
            stats: Stats::from(&generation.stats),
        };
        println!(
            "{}",
            serde_json::to_string(&record).map_err(std::io::Error::from)?
        );
    } else {
        println!();
    }
    Ok(())
}

fn prompt(args: &GenerateArgs, model: &Model) -> Result<Vec<TokenId>, CliError> {
    if let Some(ids) = &args.ids {
        return Ok(ids.iter().copied().map(TokenId).collect());
    }
    let text = args.prompt.as_deref().unwrap_or_default();
    if args.raw {
        let bos = model.tokenizer().bos();
        return Ok(bos
            .into_iter()
            .chain(model.tokenizer().encode_plain(text))
            .collect());
    }
    let turn = |role, content: &str| Turn {
        role,
        content: content.to_owned(),
    };
    let turns: Vec<Turn> = args
        .system
        .as_deref()
        .map(|system| turn(Role::System, system))
        .into_iter()
        .chain([turn(Role::User, text)])
        .collect();
    Ok(model.chat_template().encode(model.tokenizer(), &turns)?)
}

/// Generates, writing the text to stdout as it comes if asked to. A reader that goes away
/// stops the generation.
pub(crate) fn stream(
    model: &Model,
    sequence: &mut Sequence,
    prompt: &[TokenId],
    params: &GenerationParams,
    print: bool,
) -> Result<Generation, CliError> {
    let mut failed = None;
    let generation = tern_engine::generate(model, sequence, prompt, params, &mut |event| {
        if let (true, GenerationEvent::Text(text)) = (print, event) {
            let mut out = std::io::stdout().lock();
            if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(generation),
    }
}
