//! One text: its tokens, its KV cache, and the forward pass that extends it.

use std::ops::ControlFlow;

use tern_kernels::rms_norm;

use super::{
    Model, kv_cache::KvCache, layer::Scratch, pass::Pass, rope::RopeTable, workers::Workers,
};
use crate::{EngineError, TokenId};

/// Tokens read at a time.
const CHUNK: usize = 128;
/// Tokens read at a time when everything is observed.
const OBSERVED_CHUNK: usize = 32;

/// One text in a model's memory. Belongs to the model it was made for.
#[derive(Debug)]
pub struct Sequence {
    model: u64,
    max_len: usize,
    tokens: Vec<TokenId>,
    cache: KvCache,
    rope: RopeTable,
    scratch: Scratch,
    logits: Vec<f32>,
    has_logits: bool,
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
            cache: KvCache::new(config),
            rope: RopeTable::new(config.rope_theta, config.head_dim, &config.rope_scaling),
            scratch: Scratch::new(config),
            logits: vec![0.0; config.vocab_size],
            has_logits: false,
        }
    }

    /// Tokens read so far.
    pub fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    /// Tokens it can hold.
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// Forgets all but the first `n` tokens, and their memory. The logits are gone unless nothing changed.
    pub fn truncate(&mut self, n: usize) {
        if n < self.tokens.len() {
            self.tokens.truncate(n);
            self.cache.resize(n);
            self.has_logits = false;
        }
    }

    /// Bytes its keys and values take now.
    pub fn kv_bytes(&self) -> u64 {
        self.cache.bytes()
    }

    /// Logits of the last token, `[vocab_size]`; empty when there is none, or it was read without computing them
    /// (after [`Self::truncate`], or when reading was stopped).
    pub fn logits(&self) -> &[f32] {
        if self.has_logits { &self.logits } else { &[] }
    }

    /// Reads `ids` after what is there, 128 tokens at a time, and computes the logits of the last one. Before each
    /// piece, and at the end, `progress(done, total)` is called.
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
            self.extend(model, chunk, is_last, None);
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
        self.extend(model, &[id], true, None);
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
            self.extend(model, chunk, false, hidden.then_some(&mut record));
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
                let Self {
                    scratch, logits, ..
                } = self;
                model.compute(model.head().bytes(), |workers| {
                    predict(model, workers, scratch, t, logits)
                });
                observe(Observation::FinalNorm {
                    position,
                    values: &self.scratch.input.normed[..width],
                });
                observe(Observation::Logits {
                    position,
                    values: &self.logits,
                });
            }
            self.has_logits = true;
        }
        Ok(())
    }

    /// Runs the layers over `ids`, at most a chunk, and the head on the last of them if `head`. `record` gets the
    /// hidden states, `[layers + 1][T][hidden]`.
    fn extend(
        &mut self,
        model: &Model,
        ids: &[TokenId],
        head: bool,
        mut record: Option<&mut Vec<f32>>,
    ) {
        let (first, tokens) = (self.tokens.len(), ids.len());
        let c = &model.config;
        let Self {
            cache,
            rope,
            scratch,
            logits,
            ..
        } = self;
        cache.resize(first + tokens);
        rope.grow_to(first + tokens);
        scratch.resize(c, tokens);
        let head_bytes = if head { model.head().bytes() } else { 0 };
        model.compute(model.layer_bytes * tokens + head_bytes, |workers| {
            let pass = Pass {
                config: c,
                workers,
                rope,
                first,
                tokens,
            };
            for (id, x) in ids.iter().zip(scratch.x.chunks_exact_mut(c.hidden_dim)) {
                model.embedding.row(workers, id.index(), x);
            }
            for (i, layer) in model.layers.iter().enumerate() {
                if let Some(record) = &mut record {
                    record.extend_from_slice(&scratch.x);
                }
                layer.forward(&pass, cache.layer(i), scratch);
            }
            if let Some(record) = &mut record {
                record.extend_from_slice(&scratch.x);
            }
            if head {
                predict(model, workers, scratch, tokens - 1, logits);
            }
        });
        self.tokens.extend_from_slice(ids);
        self.has_logits = head;
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

/// Final norm and head of row `t` of the last chunk: leaves the head's input in `normed`.
fn predict(model: &Model, workers: Workers, scratch: &mut Scratch, t: usize, logits: &mut [f32]) {
    let c = &model.config;
    let x = &scratch.x[t * c.hidden_dim..(t + 1) * c.hidden_dim];
    let normed = &mut scratch.input.normed[..c.hidden_dim];
    rms_norm(workers.isa, x, &model.final_norm, c.norm_eps, normed);
    model.head().logits(workers, normed, logits);
}
