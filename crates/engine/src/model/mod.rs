//! A loaded model.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Serialize;
use tern_kernels::{Isa, Order};

use crate::{
    ChatTemplate, LoadError, ModelSource, SamplingParams, TokenId, Tokenizer, Warning, synthetic,
    team::Team,
};

mod aligned;
mod config;
mod ffn;
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
mod prompt_encoder;
mod rope;
pub(crate) mod sequence;
mod workers;

#[cfg(test)]
mod tests;

pub use config::{Activation, Family, ModelConfig};
pub use ffn::FfnReads;
pub use head::{HeadMode, HeadReads};
pub(crate) use head::{Keep, Planes, Table, table_bytes};
pub use kv_cache::KvFormat;
pub(crate) use layer::Layer;
pub(crate) use linear::{BitLinear, memory_for, order, shape};
pub(crate) use load::How;
pub use prompt_encoder::PromptEncoder;
pub use rope::RopeScaling;
use workers::Workers;

/// A forward pass over fewer bytes than this is over before another thread has woken up.
const WORTH_A_TEAM: usize = 1 << 20;

/// A model in memory, ready to run: immutable, shared freely between threads. Nothing refers to its files any
/// more; they may be moved or deleted.
#[derive(Debug)]
pub struct Model {
    id: u64,
    pub(crate) name: String,
    pub(crate) config: ModelConfig,
    prompt_encoder: Arc<PromptEncoder>,
    pub(crate) stop_tokens: Vec<TokenId>,
    pub(crate) defaults: SamplingDefaults,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) embedding: Table,
    /// A head of its own, where it is not the embedding.
    pub(crate) own_head: Option<Table>,
    /// The head's weights in four and eight bits, where it is large enough to be screened.
    pub(crate) planes: Option<Planes>,
    pub(crate) final_norm: Vec<f32>,
    pub(crate) layer_bytes: usize,
    isa: Isa,
    head_mode: HeadMode,
    kv: KvFormat,
    team: Team,
    /// For passes that are over before another thread has woken up.
    alone: Team,
}

/// How a model is run.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// Threads that compute, at least 1.
    pub threads: usize,
    /// The instruction-set path; the best one of this CPU if not given.
    pub isa: Option<Isa>,
    /// How the head's logits are found.
    pub head: HeadMode,
    /// How keys and values are kept.
    pub kv: KvFormat,
}

impl LoadOptions {
    fn how(&self) -> load::How {
        load::How {
            head: self.head,
            isa: self.isa.unwrap_or_else(Isa::detect),
        }
    }
}

impl Default for LoadOptions {
    /// As many threads as the system offers, on the best path.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            threads,
            isa: None,
            head: HeadMode::default(),
            kv: KvFormat::default(),
        }
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
    pub(crate) warnings: Vec<Warning>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) embedding: Table,
    pub(crate) own_head: Option<Table>,
    pub(crate) planes: Option<Planes>,
    pub(crate) final_norm: Vec<f32>,
}

/// Threads that answer, at least one.
fn team(threads: usize) -> Result<Team, LoadError> {
    let threads = threads.max(1);
    Team::new(threads).map_err(|e| LoadError::Threads {
        threads,
        problem: e.to_string(),
    })
}

/// Threads that load, at least one.
fn pool(threads: usize) -> Result<ThreadPool, LoadError> {
    let threads = threads.max(1);
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("tern-load-{i}"))
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
        let (how, team) = (options.how(), team(options.threads)?);
        // Loading is one large piece of work after another, which a general pool is made for; it ends with it.
        let pool = pool(options.threads)?;
        let parts = match source {
            ModelSource::Synthetic(spec) => synthetic::build(spec, how, &pool, progress)?,
            files => opened::open(files, |frame, words| {
                load::load(frame, words, how, &pool, progress)
            })?,
        };
        Ok(Self::assemble(parts, options, team))
    }

    fn assemble(parts: Parts, options: &LoadOptions, team: Team) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name: parts.name,
            prompt_encoder: Arc::new(PromptEncoder::new(
                parts.tokenizer,
                parts.template,
                parts.config.max_seq_len,
            )),
            config: parts.config,
            stop_tokens: parts.stop_tokens,
            defaults: parts.defaults,
            warnings: parts.warnings,
            layer_bytes: parts.layers.iter().map(Layer::bytes).sum(),
            layers: parts.layers,
            embedding: parts.embedding,
            own_head: parts.own_head,
            planes: parts.planes,
            final_norm: parts.final_norm,
            isa: options.how().isa,
            head_mode: options.head,
            kv: options.kv,
            team,
            alone: Team::alone(),
        }
    }

    /// Its shape.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.prompt_encoder.tokenizer()
    }

    /// How its chats are written.
    pub fn chat_template(&self) -> &ChatTemplate {
        self.prompt_encoder.chat_template()
    }

    /// What makes a chat a prompt for it; to be kept for as long as one likes.
    pub fn prompt_encoder(&self) -> &Arc<PromptEncoder> {
        &self.prompt_encoder
    }

    /// Every token that ends an answer.
    pub fn stop_tokens(&self) -> &[TokenId] {
        &self.stop_tokens
    }

    /// Sentences a person should see: a broken upload, a replaced template.
    pub fn warnings(&self) -> &[Warning] {
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
        let planes = self.planes.as_ref().map_or(0, Planes::bytes);
        (self.layer_bytes + self.embedding.bytes() + own_head + planes) as u64
    }

    /// Bytes of one row of `up` and of one column of `down`, where an FFN can leave single ones out; else 0.
    fn ffn_unit_bytes(&self) -> [usize; 2] {
        let unit = |linear: &BitLinear| match linear.weights.order() {
            Order::RowBlocks => 0,
            _ => linear.unit_bytes(),
        };
        let layer = self.layers.first();
        layer.map_or([0; 2], |layer| [unit(&layer.up), unit(&layer.down)])
    }

    /// The instruction-set path it runs on.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Threads it computes with.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// How its head's logits are found: [`HeadMode::Full`] where the head is too small to be screened.
    pub fn head_mode(&self) -> HeadMode {
        match self.planes {
            Some(_) => self.head_mode,
            None => HeadMode::Full,
        }
    }

    /// How keys and values are kept.
    pub fn kv_format(&self) -> KvFormat {
        self.kv
    }

    fn head(&self) -> &Table {
        self.own_head.as_ref().unwrap_or(&self.embedding)
    }

    /// The threads for work that reads about so many bytes: all, or this one if that is quicker.
    fn workers(&self, bytes: usize) -> Workers<'_> {
        let team = if bytes >= WORTH_A_TEAM {
            &self.team
        } else {
            &self.alone
        };
        Workers {
            isa: self.isa,
            team,
        }
    }
}
