//! One text: its tokens, its KV cache, and the forward pass that extends it.

use std::{
    ops::{ControlFlow, Range},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tern_kernels::rms_norm;

use super::{
    FfnReads, HeadMode, HeadReads, KvFormat, Model,
    head::{Need, RowReader, Screen},
    kv_cache::KvCache,
    layer::Scratch,
    pass::Pass,
    rope::RopeTable,
};
use crate::{EngineError, SamplingParams, TokenId, sampler};

/// Tokens read at a time: enough for unpacking weights to cost little, few enough for their int8 inputs to stay in a
/// core's second cache and for a stop to be heard.
const CHUNK: usize = 256;
/// Tokens read at a time when everything is observed.
const OBSERVED_CHUNK: usize = 32;

/// How often a reader of a long prompt hears how far it is, and may stop.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// Called with how many layers a piece of text has passed, and its residual stream there, `[T][hidden]`; may stop.
type Watch<'a> = &'a mut dyn FnMut(usize, &[f32]) -> ControlFlow<()>;

/// A [`Watch`] of nothing.
fn unseen(_: usize, _: &[f32]) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// One text in a model's memory. Belongs to the model it was made for.
#[derive(Debug)]
pub struct Sequence {
    model: u64,
    max_len: usize,
    tokens: Vec<TokenId>,
    cache: KvCache,
    rope: RopeTable,
    scratch: Scratch,
    reader: RowReader,
    screen: Option<Screen>,
    head: HeadMode,
    need: Need,
    /// `[vocab]`
    logits: Vec<f32>,
    /// After how many tokens `logits` follow; 0 when they are not valid.
    logits_after: usize,
    /// Positions of the draft whose hidden states are in `scratch`.
    draft: Range<usize>,
    bytes_read: u64,
}

/// What [`Sequence::forward_all`] shows. Positions count from the beginning of the sequence.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// The residual stream at one position: after `layer` layers, so 0 is the embedding. `[hidden_dim]`
    Hidden {
        /// Layers that have added to it.
        layer: usize,
        /// Position in the sequence.
        position: usize,
        /// The values.
        values: &'a [f32],
    },
    /// The input of the head. `[hidden_dim]`
    FinalNorm {
        /// Position in the sequence.
        position: usize,
        /// The values.
        values: &'a [f32],
    },
    /// The output. `[vocab_size]`
    Logits {
        /// Position in the sequence.
        position: usize,
        /// The values.
        values: &'a [f32],
    },
}

impl Sequence {
    /// An empty sequence of at most `max_len` tokens (at most the model's context). Memory for keys and values is
    /// taken as the text grows, in blocks of 256 tokens.
    pub fn new(model: &Model, max_len: usize) -> Self {
        let config = model.config();
        Self {
            model: model.id,
            max_len: max_len.min(config.max_seq_len),
            tokens: Vec::new(),
            cache: KvCache::new(config, model.kv, model.isa),
            rope: RopeTable::new(config.rope_theta, config.head_dim, &config.rope_scaling),
            scratch: Scratch::new(config, model.threads()),
            reader: RowReader::default(),
            screen: model
                .planes
                .as_ref()
                .map(|_| Screen::new(config.vocab_size, config.hidden_dim)),
            head: model.head_mode(),
            need: Need::Draw(1.0),
            logits: vec![0.0; config.vocab_size],
            logits_after: 0,
            draft: 0..0,
            bytes_read: 0,
        }
    }

    /// Says how tokens will be drawn from the logits: what is sure not to be drawn need not be exact. Without this, the
    /// logits are good for any drawing at temperature 1.
    pub fn expect(&mut self, sampling: &SamplingParams) {
        // A penalty lowers the logits of tokens that were written, so another one can come first.
        let need = if sampling.temperature == 0.0 && sampling.repetition_penalty == 1.0 {
            Need::Top(1)
        } else {
            Need::Draw(sampling.temperature.max(0.1))
        };
        if need != self.need {
            self.need = need;
            self.logits_after = 0;
        }
    }

    /// Says that of the logits only the best one matters, or all.
    pub fn expect_best_only(&mut self, only: bool) {
        self.need = if only { Need::Top(1) } else { Need::Draw(1.0) };
    }

    /// Changes how the head's logits are found from now on. A model loaded with [`HeadMode::Full`], or with a small head,
    /// has no other way.
    pub fn set_head_mode(&mut self, mode: HeadMode) {
        self.head = mode;
    }

    /// What the head read for the last token.
    pub fn head_reads(&self) -> HeadReads {
        self.screen
            .as_ref()
            .map_or_else(HeadReads::default, |screen| screen.reads)
    }

    /// What the feed-forward parts of single tokens read since this was last called.
    pub fn take_ffn_reads(&mut self) -> FfnReads {
        std::mem::take(&mut self.scratch.sparse.reads)
    }

    /// Bytes of weights, head and cache that single tokens read since this was last called.
    pub fn take_bytes_read(&mut self) -> u64 {
        std::mem::take(&mut self.bytes_read)
    }

    /// How keys and values are kept.
    pub fn kv_format(&self) -> KvFormat {
        self.cache.format()
    }

    /// Tokens read so far.
    pub fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    /// Tokens it can hold.
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// Forgets all but the first `n` tokens, and their memory. The logits are gone unless they are those of
    /// token `n`.
    pub fn truncate(&mut self, n: usize) {
        if n < self.tokens.len() {
            self.tokens.truncate(n);
            self.cache.resize(n);
            self.draft.end = self.draft.end.min(n);
            if self.logits_after > n {
                self.logits_after = 0;
            }
        }
    }

    /// Bytes its keys and values take now.
    pub fn kv_bytes(&self) -> u64 {
        self.cache.held().load(Ordering::Relaxed)
    }

    /// The same, to be looked at from other threads while this one reads on.
    pub fn kv_gauge(&self) -> Arc<AtomicU64> {
        Arc::clone(self.cache.held())
    }

    /// The token with the best of these logits, the lowest among equals.
    pub fn best(&self) -> Option<TokenId> {
        (self.logits_after > 0).then(|| sampler::argmax(self.logits()))
    }

    /// Logits of the last token, or of the one that [`Self::draft_logits`] was last asked for, `[vocab_size]`; empty when
    /// there is none, or it was read without computing them (after [`Self::truncate`], or when reading was stopped).
    pub fn logits(&self) -> &[f32] {
        match self.logits_after {
            0 => &[],
            _ => &self.logits,
        }
    }

    /// Reads `ids` after what is there, 256 tokens at a time, and computes the logits of the last one. Before each
    /// piece, several times a second while it is read, and at the end, `progress(done, total)` is called.
    ///
    /// # Errors
    /// When `ids` do not fit or are not in the vocabulary (nothing is read then), or with
    /// [`EngineError::Stopped`] when `progress` breaks: what was read until then stays valid.
    pub fn prefill(
        &mut self,
        model: &Model,
        ids: &[TokenId],
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        self.check(model, ids)?;
        if ids.is_empty() {
            return Ok(());
        }
        let mut done = 0;
        for chunk in ids.chunks(CHUNK) {
            if progress(done, ids.len()).is_break() {
                return Err(EngineError::Stopped);
            }
            let is_last = done + chunk.len() == ids.len();
            let (n_layers, mut told) = (model.layers.len(), Instant::now());
            self.extend(model, chunk, is_last, &mut |layers, _| {
                if layers == n_layers || told.elapsed() < TOLD_EVERY {
                    return ControlFlow::Continue(());
                }
                told = Instant::now();
                progress(done + chunk.len() * layers / n_layers, ids.len())
            })?;
            done += chunk.len();
        }
        // Everything is read; there is nothing left to stop.
        let _ = progress(done, ids.len());
        Ok(())
    }

    /// Reads one token and returns the logits of what follows it, `[vocab_size]`.
    ///
    /// # Errors
    /// When the context is full or the token is not in the vocabulary.
    pub fn decode(&mut self, model: &Model, id: TokenId) -> Result<&[f32], EngineError> {
        self.check(model, &[id])?;
        self.extend(model, &[id], true, &mut unseen)?;
        Ok(self.logits())
    }

    /// Reads a few tokens at once, of which [`Self::truncate`] takes back those that turn out wrong. Their logits are
    /// found when [`Self::draft_logits`] asks for them: the head is not read for tokens that are taken back.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_draft(&mut self, model: &Model, ids: &[TokenId]) -> Result<(), EngineError> {
        self.check(model, ids)?;
        if ids.is_empty() {
            return Ok(());
        }
        let first = self.tokens.len();
        self.extend(model, ids, false, &mut unseen)?;
        self.draft = first..first + ids.len();
        Ok(())
    }

    /// Logits of what follows token `i` of the last draft, `[vocab_size]`: the same bits as [`Self::decode`] of it gives.
    /// Good until other tokens are read.
    ///
    /// # Errors
    /// When the model is another one, or its head can't be read.
    ///
    /// # Panics
    /// When the draft has no such token, or no longer.
    pub fn draft_logits(&mut self, model: &Model, i: usize) -> Result<&[f32], EngineError> {
        self.check(model, &[])?;
        assert!(i < self.draft.len(), "token {i} of {:?}", self.draft);
        self.logits_after = 0;
        self.head_of(model, i)?;
        self.logits_after = self.draft.start + i + 1;
        Ok(&self.logits)
    }

    /// Reads `ids` and shows everything on the way: for each piece of the text, the hidden states layer by layer
    /// (if `hidden`), then for each position the head's input and the logits.
    ///
    /// # Errors
    /// As [`Self::prefill`].
    pub fn forward_all(
        &mut self,
        model: &Model,
        ids: &[TokenId],
        hidden: bool,
        observe: &mut dyn FnMut(Observation<'_>),
    ) -> Result<(), EngineError> {
        self.check(model, ids)?;
        let width = model.config.hidden_dim;
        let mut record = Vec::new();
        for chunk in ids.chunks(OBSERVED_CHUNK) {
            let first = self.tokens.len();
            record.clear();
            self.extend(model, chunk, false, &mut |_, x| {
                if hidden {
                    record.extend_from_slice(x);
                }
                ControlFlow::Continue(())
            })?;
            for (layer, states) in record.chunks_exact(chunk.len() * width).enumerate() {
                for (position, values) in (first..).zip(states.chunks_exact(width)) {
                    observe(Observation::Hidden {
                        layer,
                        position,
                        values,
                    });
                }
            }
            for t in 0..chunk.len() {
                let position = first + t;
                self.final_norm(model, t);
                let normed = &self.scratch.input.normed[..width];
                let workers = model.workers(model.head().bytes());
                model.head().logits(workers, normed, &mut self.logits)?;
                observe(Observation::FinalNorm {
                    position,
                    values: normed,
                });
                observe(Observation::Logits {
                    position,
                    values: &self.logits,
                });
            }
            self.logits_after = self.tokens.len();
        }
        Ok(())
    }

    /// Runs the layers over `ids`, at most a chunk, and if `head` the head on the last of them. Nothing is read when there
    /// is an error, or `watch` breaks.
    fn extend(
        &mut self,
        model: &Model,
        ids: &[TokenId],
        head: bool,
        watch: Watch,
    ) -> Result<(), EngineError> {
        let (first, tokens) = (self.tokens.len(), ids.len());
        self.logits_after = 0;
        self.draft = 0..0;
        model.embedding.check()?;
        self.cache.resize(first + tokens);
        self.rope.grow_to(first + tokens);
        self.scratch.resize(&model.config, tokens);
        let mut result = self.layers(model, ids, watch);
        if head && result.is_ok() {
            result = self.head_of(model, tokens - 1);
        }
        if result.is_err() {
            self.cache.resize(first);
            return result;
        }
        self.tokens.extend_from_slice(ids);
        self.logits_after = if head { self.tokens.len() } else { 0 };
        Ok(())
    }

    /// From tokens to the residual stream after the last layer, in `scratch.x`.
    fn layers(&mut self, model: &Model, ids: &[TokenId], watch: Watch) -> Result<(), EngineError> {
        let (c, scratch) = (&model.config, &mut self.scratch);
        for (id, x) in ids.iter().zip(scratch.x.chunks_exact_mut(c.hidden_dim)) {
            model
                .embedding
                .row(model.isa, id.index(), &mut self.reader, x)?;
        }
        let pass = Pass {
            config: c,
            workers: model.workers(model.layer_bytes * ids.len()),
            rope: &self.rope,
            first: self.tokens.len(),
            tokens: ids.len(),
        };
        let before = scratch.sparse.reads;
        for (i, layer) in model.layers.iter().enumerate() {
            if watch(i, &scratch.x).is_break() {
                return Err(EngineError::Stopped);
            }
            layer.forward(&pass, self.cache.layer(i), scratch);
        }
        // The layers are done; there is nothing left to stop.
        let _ = watch(model.layers.len(), &scratch.x);
        if ids.len() == 1 {
            let (now, [row, column]) = (scratch.sparse.reads, model.ffn_unit_bytes());
            // What all layers hold, less the rows and columns that were left out.
            let units = (now.layers - before.layers) * c.ffn_dim as u64;
            let rows = units - (now.up_rows - before.up_rows);
            let columns = units - (now.down_columns - before.down_columns);
            self.bytes_read +=
                model.layer_bytes as u64 - rows * row as u64 - columns * column as u64;
            self.bytes_read += self.cache.bytes_read(pass.first + 1) as u64;
        }
        Ok(())
    }

    /// Logits of token `t` of the last chunk.
    fn head_of(&mut self, model: &Model, t: usize) -> Result<(), EngineError> {
        let (vocab, width) = (model.config.vocab_size, model.config.hidden_dim);
        self.final_norm(model, t);
        let normed = &self.scratch.input.normed[..width];
        match (&mut self.screen, &model.planes) {
            (Some(screen), Some(planes)) if self.head != HeadMode::Full => {
                let workers = model.workers(planes.bytes());
                let (head, logits) = ((model.head(), planes), &mut self.logits);
                screen.logits(workers, head, self.head, self.need, normed, logits)?;
                self.bytes_read += screen.reads.bytes;
            }
            _ => {
                let workers = model.workers(model.head().bytes());
                model.head().logits(workers, normed, &mut self.logits)?;
                self.bytes_read += (vocab * model.head().row_bytes(width)) as u64;
            }
        }
        Ok(())
    }

    /// Leaves the head's input of row `t` of the last chunk in `normed`.
    fn final_norm(&mut self, model: &Model, t: usize) {
        let c = &model.config;
        let x = &self.scratch.x[t * c.hidden_dim..(t + 1) * c.hidden_dim];
        let normed = &mut self.scratch.input.normed[..c.hidden_dim];
        rms_norm(model.isa, x, &model.final_norm, c.norm_eps, normed);
    }

    fn check(&self, model: &Model, ids: &[TokenId]) -> Result<(), EngineError> {
        if model.id != self.model {
            return Err(EngineError::WrongModel);
        }
        let vocab_size = model.config.vocab_size;
        if let Some(&id) = ids.iter().find(|id| id.index() >= vocab_size) {
            return Err(EngineError::UnknownToken { id, vocab_size });
        }
        if self.tokens.len() + ids.len() > self.max_len {
            return Err(EngineError::ContextFull {
                max_len: self.max_len,
            });
        }
        Ok(())
    }
}
