//! Continuing a text.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    EngineError, Model, Sampler, SamplingParams, Sequence, TextStream, TokenId, drafts::Drafts,
};

/// How a text is continued.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerationParams {
    /// How each token is drawn.
    pub sampling: SamplingParams,
    /// Most tokens to write; `None` for as many as the context holds.
    pub max_tokens: Option<usize>,
    /// Texts that end the answer; they are not part of it.
    pub stop_strings: Vec<String>,
    /// Go on after tokens that end an answer, for measurements.
    pub ignore_eos: bool,
    /// The prompt ends within an answer, which goes on where it stopped.
    pub continues: bool,
    /// Guess tokens from what the text already holds, where that saves time. The text is the same with and without.
    pub drafts: bool,
}

impl Default for GenerationParams {
    fn default() -> Self {
        Self {
            sampling: SamplingParams::default(),
            max_tokens: None,
            stop_strings: Vec::new(),
            ignore_eos: false,
            continues: false,
            drafts: true,
        }
    }
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
    /// Tokens that were guessed from the text.
    pub drafted_tokens: usize,
    /// Of these, guesses that were right.
    pub accepted_tokens: usize,
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
    sequence.expect(&params.sampling);

    let mut answer = Answer {
        ids: Vec::new(),
        text: String::new(),
        stream: TextStream::new(&params.stop_strings),
        strips_space: model.tokenizer().strips_space() && !params.continues,
        first_token_seconds: 0.0,
        drafted_tokens: 0,
        accepted_tokens: 0,
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
            drafted_tokens: answer.drafted_tokens,
            accepted_tokens: answer.accepted_tokens,
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
    drafted_tokens: usize,
    accepted_tokens: usize,
}

type OnEvent<'a> = &'a mut dyn FnMut(GenerationEvent<'_>) -> ControlFlow<()>;

impl Answer {
    /// Writes until something ends the answer. Leaves in `sequence` what was written, and no guesses.
    fn write(
        &mut self,
        model: &Model,
        sequence: &mut Sequence,
        sampler: &mut Sampler,
        params: &GenerationParams,
        on_event: OnEvent,
        begin: Instant,
    ) -> Result<StopReason, EngineError> {
        let drafts = params.drafts.then(|| Drafts::new(sequence.tokens()));
        let mut reader = Reader {
            model,
            known: sequence.tokens().len(),
            sequence,
            drafts,
            draft: Vec::new(),
            guesses: Vec::new(),
            right: 0,
            time: Duration::ZERO,
        };
        let ended = self.write_from(&mut reader, sampler, params, on_event, begin);
        reader.end_draft(self);
        ended
    }

    fn write_from(
        &mut self,
        reader: &mut Reader,
        sampler: &mut Sampler,
        params: &GenerationParams,
        on_event: OnEvent,
        begin: Instant,
    ) -> Result<StopReason, EngineError> {
        let model = reader.model;
        let max = params.max_tokens.unwrap_or(usize::MAX);
        while self.ids.len() < max {
            let history = &reader.sequence.tokens()[..reader.known];
            let id = sampler.sample(reader.sequence.logits(), history);
            if self.ids.is_empty() {
                self.first_token_seconds = begin.elapsed().as_secs_f64();
            }
            if !params.ignore_eos && model.stop_tokens().contains(&id) {
                return Ok(StopReason::EndOfText);
            }
            if self.show(model, id, on_event).is_break() {
                return Ok(StopReason::Stopped);
            }
            if self.stream.is_stopped() {
                return Ok(StopReason::EndOfText);
            }
            if self.ids.len() >= max {
                break;
            }
            if reader.known == reader.sequence.max_len() {
                return Ok(StopReason::ContextFull);
            }
            // Reading `id` brings one token more, and each guess another one.
            reader.read(self, id, max - self.ids.len() - 1)?;
        }
        Ok(StopReason::MaxTokens)
    }

    /// Takes a token into the answer and says so.
    fn show(&mut self, model: &Model, id: TokenId, on_event: OnEvent) -> ControlFlow<()> {
        let tokenizer = model.tokenizer();
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
        if !text.is_empty() {
            on_event(GenerationEvent::Text(text))?;
        }
        on_event(GenerationEvent::Token(id))
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

/// Reads the tokens of an answer, alone or with guesses of what comes next.
struct Reader<'a> {
    model: &'a Model,
    sequence: &'a mut Sequence,
    /// Tokens of the sequence that are the text; more are guesses.
    known: usize,
    drafts: Option<Drafts>,
    /// The present draft: a token of the text and guesses. Empty when there is none.
    draft: Vec<TokenId>,
    guesses: Vec<TokenId>,
    /// Guesses of it that were right so far.
    right: usize,
    /// What it has cost so far.
    time: Duration,
}

impl Reader<'_> {
    /// Reads `id`, so that the logits of what follows it are there; at most `room` guesses are of use.
    fn read(&mut self, answer: &mut Answer, id: TokenId, room: usize) -> Result<(), EngineError> {
        if let Some(drafts) = &mut self.drafts {
            drafts.push(id);
        }
        let begin = Instant::now();
        if self.sequence.tokens().get(self.known) == Some(&id) {
            self.known += 1;
            self.right += 1;
            self.sequence.draft_logits(self.model, self.right)?;
            self.time += begin.elapsed();
            return Ok(());
        }
        self.end_draft(answer);
        let room = room.min(self.sequence.max_len() - self.known - 1);
        self.guesses.clear();
        if let Some(drafts) = &self.drafts {
            drafts.propose(room, &mut self.guesses);
        }
        if self.guesses.is_empty() {
            self.sequence.decode(self.model, id)?;
            if let Some(drafts) = &mut self.drafts {
                drafts.read_single(begin.elapsed());
            }
        } else {
            self.draft.push(id);
            self.draft.extend_from_slice(&self.guesses);
            self.sequence.decode_draft(self.model, &self.draft)?;
            self.sequence.draft_logits(self.model, 0)?;
            self.time = begin.elapsed();
        }
        self.known += 1;
        Ok(())
    }

    /// Takes back what was guessed wrong, and counts what the draft brought.
    fn end_draft(&mut self, answer: &mut Answer) {
        self.sequence.truncate(self.known);
        let guessed = self.draft.len().saturating_sub(1);
        if guessed > 0 {
            answer.drafted_tokens += guessed;
            answer.accepted_tokens += self.right;
            if let Some(drafts) = &mut self.drafts {
                drafts.read_draft(guessed, self.right, self.time);
            }
        }
        self.draft.clear();
        self.right = 0;
    }
}
