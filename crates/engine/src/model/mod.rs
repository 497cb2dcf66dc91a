//! A loaded model.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering},
};

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Serialize;
use tern_kernels::Isa;

use crate::{ChatTemplate, LoadError, ModelSource, SamplingParams, TokenId, Tokenizer, synthetic};

mod aligned;
mod config;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod from_bytes;
mod from_gguf;
mod from_hf;
mod head;
pub(crate) mod kv_cache;
mod layer;
mod linear;
pub(crate) mod load;
pub(crate) mod opened;
mod pass;
mod rope;
pub(crate) mod sequence;
mod workers;

#[cfg(test)]
mod tests;

pub use config::{Activation, Family, ModelConfig};
pub(crate) use head::{Table, table_bytes};
pub(crate) use layer::Layer;
pub(crate) use linear::{BitLinear, memory_for};
pub use rope::RopeScaling;
use workers::Workers;

/// A forward pass over fewer bytes than this is over before another thread has woken up.
const WORTH_A_POOL: usize = 4 << 20;

/// A model in memory, ready to run: immutable, shared freely between threads. Nothing refers to its files any
/// more; they may be moved or deleted.
#[derive(Debug)]
pub struct Model {
    id: u64,
    pub(crate) name: String,
    pub(crate) config: ModelConfig,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) template: ChatTemplate,
    pub(crate) stop_tokens: Vec<TokenId>,
    pub(crate) defaults: SamplingDefaults,
    pub(crate) warnings: Vec<String>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) embedding: Table,
    /// A head of its own, where it is not the embedding.
    pub(crate) own_head: Option<Table>,
    pub(crate) final_norm: Vec<f32>,
    pub(crate) layer_bytes: usize,
    isa: Isa,
    threads: usize,
    pool: ThreadPool,
}

/// How a model is run.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// Threads that compute, at least 1.
    pub threads: usize,
    /// The instruction-set path; the best one of this CPU if not given.
    pub isa: Option<Isa>,
}

impl Default for LoadOptions {
    /// As many threads as the system offers, on the best path.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, isa: None }
    }
}

/// Sampling parameters a model comes with (`generation_config.json`); `None` where it has no opinion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SamplingDefaults {
    /// Temperature; 0 when the model asks for no sampling.
    pub temperature: Option<f32>,
    /// Top-k.
    pub top_k: Option<u32>,
    /// Top-p.
    pub top_p: Option<f32>,
    /// Min-p.
    pub min_p: Option<f32>,
    /// Repetition penalty.
    pub repetition_penalty: Option<f32>,
}

impl SamplingDefaults {
    /// Parameters to start from: the model's where it has some, else the usual ones.
    pub fn params(&self) -> SamplingParams {
        let usual = SamplingParams::default();
        SamplingParams {
            repetition_penalty: self.repetition_penalty.unwrap_or(usual.repetition_penalty),
            temperature: self.temperature.unwrap_or(usual.temperature),
            top_k: self.top_k.unwrap_or(usual.top_k),
            top_p: self.top_p.unwrap_or(usual.top_p),
            min_p: self.min_p.unwrap_or(usual.min_p),
            seed: None,
        }
    }
}

/// What loading produces, before it becomes a [`Model`].
pub(crate) struct Parts {
    pub(crate) name: String,
    pub(crate) config: ModelConfig,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) template: ChatTemplate,
    pub(crate) stop_tokens: Vec<TokenId>,
    pub(crate) defaults: SamplingDefaults,
    pub(crate) warnings: Vec<String>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) embedding: Table,
    pub(crate) own_head: Option<Table>,
    pub(crate) final_norm: Vec<f32>,
}

/// Threads that compute, at least one.
fn pool(threads: usize) -> Result<ThreadPool, LoadError> {
    let threads = threads.max(1);
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("tern-compute-{i}"))
        .build()
        .map_err(|e| LoadError::Threads {
            threads,
            problem: e.to_string(),
        })
}

/// Called with the share that is done, 0 to 1.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(f32) -> ControlFlow<()>;

impl Model {
    /// Reads a model into memory. `progress` is called with the share that is done (0 to 1) and ends loading by
    /// breaking.
    ///
    /// # Errors
    /// When a file is missing, damaged, cut short or of a kind this engine does not compute; each error names
    /// file, field and what to do. [`LoadError::Cancelled`] when `progress` breaks.
    pub fn load(
        source: &ModelSource,
        options: &LoadOptions,
        progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
    ) -> Result<Self, LoadError> {
        let pool = pool(options.threads)?;
        let parts = match source {
            ModelSource::Synthetic(spec) => synthetic::build(spec, &pool, progress)?,
            files => opened::open(files, |frame, words| {
                load::load(frame, words, &pool, progress)
            })?,
        };
        Ok(Self::assemble(parts, options, pool))
    }

    fn assemble(parts: Parts, options: &LoadOptions, pool: ThreadPool) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name: parts.name,
            config: parts.config,
            tokenizer: parts.tokenizer,
            template: parts.template,
            stop_tokens: parts.stop_tokens,
            defaults: parts.defaults,
            warnings: parts.warnings,
            layer_bytes: parts.layers.iter().map(Layer::bytes).sum(),
            layers: parts.layers,
            embedding: parts.embedding,
            own_head: parts.own_head,
            final_norm: parts.final_norm,
            isa: options.isa.unwrap_or_else(Isa::detect),
            threads: options.threads.max(1),
            pool,
        }
    }

    /// Its shape.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How its chats are written.
    pub fn chat_template(&self) -> &ChatTemplate {
        &self.template
    }

    /// Every token that ends an answer.
    pub fn stop_tokens(&self) -> &[TokenId] {
        &self.stop_tokens
    }

    /// Sentences a person should see: a broken upload, a replaced template.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Sampling parameters it comes with.
    pub fn defaults(&self) -> SamplingDefaults {
        self.defaults
    }

    /// Its name, from the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes its weights take in memory.
    pub fn weight_bytes(&self) -> u64 {
        let own_head = self.own_head.as_ref().map_or(0, Table::bytes);
        (self.layer_bytes + self.embedding.bytes() + own_head) as u64
    }

    /// Bytes of weights one decoded token reads: every projection and the head.
    pub fn bytes_per_token(&self) -> u64 {
        (self.layer_bytes + self.head().bytes()) as u64
    }

    /// The instruction-set path it runs on.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Threads it computes with.
    pub fn threads(&self) -> usize {
        self.threads
    }

    fn head(&self) -> &Table {
        self.own_head.as_ref().unwrap_or(&self.embedding)
    }

    /// Runs `work`, which reads about so many bytes: in the pool, or right here if that is quicker.
    fn compute<R: Send>(&self, bytes: usize, work: impl FnOnce(Workers) -> R + Send) -> R {
        if self.threads > 1 && bytes >= WORTH_A_POOL {
            self.pool.install(|| {
                work(Workers {
                    isa: self.isa,
                    threads: self.threads,
                })
            })
        } else {
            work(Workers {
                isa: self.isa,
                threads: 1,
            })
        }
    }
}
