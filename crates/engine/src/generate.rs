//! Continuing a text.

use std::{ops::ControlFlow, time::Instant};

use serde::Serialize;

use crate::{EngineError, Model, Sampler, SamplingParams, Sequence, TextStream, TokenId};

/// How a text is continued.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GenerationParams {
    /// How each token is drawn.
    pub sampling: SamplingParams,
    /// Most tokens to write; `None` for as many as the context holds.
    pub max_tokens: Option<usize>,
    /// Texts that end the answer; they are not part of it.
    pub stop_strings: Vec<String>,
    /// Go on after tokens that end an answer, for measurements.
    pub ignore_eos: bool,
}

/// What happens while a text is continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenerationEvent<'a> {
    /// The prompt is being read.
    Reading {
        /// Tokens of the prompt that are in memory, `reused` included.
        done: usize,
        /// Tokens of the prompt.
        total: usize,
        /// Tokens that were in memory from before.
        reused: usize,
    },
    /// More of the answer; all pieces add up to it.
    Text(&'a str),
    /// A token was written; its text may still be held back.
    Token(TokenId),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model ended it, or a stop string did.
    EndOfText,
    /// It has as many tokens as were asked for.
    MaxTokens,
    /// The sequence can hold no more.
    ContextFull,
    /// The caller stopped it.
    Stopped,
}

/// Figures of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct GenerationStats {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Of these, tokens that were in memory and not read again.
    pub reused_tokens: usize,
    /// Tokens written, without the one that ended the answer.
    pub generated_tokens: usize,
    /// Seconds spent reading the prompt.
    pub prefill_seconds: f64,
    /// Seconds from the end of reading to the end of the answer.
    pub decode_seconds: f64,
    /// Seconds from the call to the first token; 0 when there was none.
    pub first_token_seconds: f64,
    /// Seed of the sampler.
    pub seed: u64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Generation {
    /// Its tokens, without the one that ended it.
    pub ids: Vec<TokenId>,
    /// Its text.
    pub text: String,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Figures.
    pub stats: GenerationStats,
}

/// Reads `prompt` and continues it. What `sequence` holds from before is reused as far as it is the same; at
/// least one token is always read, so that there are logits to start from.
///
/// `on_event` hears about progress, text and tokens; it is asked once per piece of 128 prompt tokens and once per
/// token written, and ends the answer by breaking. That is no error: what was written is returned, with
/// [`StopReason::Stopped`].
///
/// # Errors
/// When the prompt is empty, leaves no room or holds unknown tokens, or a parameter is out of range.
pub fn generate(
    model: &Model,
    sequence: &mut Sequence,
    prompt: &[TokenId],
    params: &GenerationParams,
    on_event: &mut dyn FnMut(GenerationEvent<'_>) -> ControlFlow<()>,
) -> Result<Generation, EngineError> {
    let begin = Instant::now();
    let mut sampler = Sampler::new(&params.sampling)?;
    if prompt.is_empty() {
        return Err(EngineError::EmptyPrompt);
    }
    if prompt.len() >= sequence.max_len() {
        return Err(EngineError::PromptTooLong {
            tokens: prompt.len(),
            max_len: sequence.max_len(),
        });
    }
    let common = sequence
        .tokens()
        .iter()
        .zip(prompt)
        .take_while(|(a, b)| a == b)
        .count();
    let reused = common.min(prompt.len() - 1);
    sequence.truncate(reused);

    let mut answer = Answer {
        ids: Vec::new(),
        text: String::new(),
        stream: TextStream::new(&params.stop_strings),
        strips_space: model.tokenizer().strips_space(),
        first_token_seconds: 0.0,
    };
    let total = prompt.len();
    let mut reading = |done, _| {
        on_event(GenerationEvent::Reading {
            done: reused + done,
            total,
            reused,
        })
    };
    let stop_reason = match sequence.prefill(model, &prompt[reused..], &mut reading) {
        Err(EngineError::Stopped) => Some(StopReason::Stopped),
        Err(other) => return Err(other),
        Ok(()) => None,
    };
    let read = Instant::now();
    let stop_reason = match stop_reason {
        Some(reason) => reason,
        None => answer.write(model, sequence, &mut sampler, params, on_event, begin)?,
    };
    answer.end(on_event);
    Ok(Generation {
        stats: GenerationStats {
            prompt_tokens: total,
            reused_tokens: reused,
            generated_tokens: answer.ids.len(),
            prefill_seconds: (read - begin).as_secs_f64(),
            decode_seconds: read.elapsed().as_secs_f64(),
            first_token_seconds: answer.first_token_seconds,
            seed: sampler.seed(),
        },
        ids: answer.ids,
        text: answer.text,
        stop_reason,
    })
}

/// An answer being written.
struct Answer {
    ids: Vec<TokenId>,
    text: String,
    stream: TextStream,
    /// A space that comes next is the tokenizer's, not the answer's.
    strips_space: bool,
    first_token_seconds: f64,
}

type OnEvent<'a> = &'a mut dyn FnMut(GenerationEvent<'_>) -> ControlFlow<()>;

impl Answer {
    fn write(
        &mut self,
        model: &Model,
        sequence: &mut Sequence,
        sampler: &mut Sampler,
        params: &GenerationParams,
        on_event: OnEvent,
        begin: Instant,
    ) -> Result<StopReason, EngineError> {
        let tokenizer = model.tokenizer();
        loop {
            if params.max_tokens.is_some_and(|max| self.ids.len() >= max) {
                return Ok(StopReason::MaxTokens);
            }
            let id = sampler.sample(sequence.logits(), sequence.tokens());
            if self.ids.is_empty() {
                self.first_token_seconds = begin.elapsed().as_secs_f64();
            }
            if !params.ignore_eos && model.stop_tokens().contains(&id) {
                return Ok(StopReason::EndOfText);
            }
            self.ids.push(id);
            let mut shown: &[u8] = if tokenizer.is_control(id) {
                &[]
            } else {
                tokenizer.bytes_of(id)
            };
            if self.strips_space && !shown.is_empty() {
                shown = shown.strip_prefix(b" ").unwrap_or(shown);
                self.strips_space = false;
            }
            let released = self.text.len();
            self.stream.push(shown, &mut self.text);
            let text = &self.text[released..];
            let mut flow = ControlFlow::Continue(());
            if !text.is_empty() {
                flow = on_event(GenerationEvent::Text(text));
            }
            if flow.is_break() || on_event(GenerationEvent::Token(id)).is_break() {
                return Ok(StopReason::Stopped);
            }
            if self.stream.is_stopped() {
                return Ok(StopReason::EndOfText);
            }
            if params.max_tokens.is_some_and(|max| self.ids.len() >= max) {
                return Ok(StopReason::MaxTokens);
            }
            if sequence.tokens().len() == sequence.max_len() {
                return Ok(StopReason::ContextFull);
            }
            sequence.decode(model, id)?;
        }
    }

    /// Releases what the stream held back.
    fn end(&mut self, on_event: OnEvent) {
        let released = self.text.len();
        self.stream.finish(&mut self.text);
        let text = &self.text[released..];
        if !text.is_empty() {
            // The answer is over; there is nothing left to stop.
            let _ = on_event(GenerationEvent::Text(text));
        }
    }
}
