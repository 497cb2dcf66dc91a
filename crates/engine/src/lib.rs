//! A ternary model file in, tokens and pieces of text out.
//!
//! [`Model::load`] reads a GGUF file or a Hugging Face folder, [`Sequence`] is one text with its KV cache,
//! [`generate`] continues it. What is computed is BitNet b1.58: ternary weights times per-token int8
//! activations with exact integer sums, everything else in float32 in one fixed order, so the same prompt and
//! seed give the same text on every CPU path and at every thread count.

// Helpers of the integration tests name the crate from outside.
#[cfg(test)]
extern crate self as tern_engine;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

mod chat;
mod compare;
mod drafts;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod generate;
mod inspect;
mod model;
mod sampler;
mod source;
mod synthetic;
mod team;
mod text_stream;
mod token;
mod tokenizer;
mod warning;
mod weights;

pub use chat::{ChatTemplate, FileTemplate, Role, Turn};
pub use compare::{LogitComparison, LogitFigures};
pub use error::{EngineError, LoadError};
pub use generate::{
    Generation, GenerationEvent, GenerationParams, GenerationStats, StopReason, generate,
};
pub use inspect::{Inspection, MemoryNeed, SpecialToken, TensorRecord, inspect};
pub use model::{
    Activation, Family, FfnReads, HeadMode, HeadReads, KvFormat, LoadOptions, Model, ModelConfig,
    PromptEncoder, RopeScaling, SamplingDefaults,
    sequence::{Observation, Sequence},
};
pub use sampler::{Sampler, SamplingParams};
pub use source::{EmbeddedModel, ModelSource};
pub use synthetic::{SyntheticShape, SyntheticSpec};
pub use tern_kernels::{Isa, multiply_adds};
pub use text_stream::TextStream;
pub use token::TokenId;
pub use tokenizer::Tokenizer;
pub use warning::Warning;
pub use weights::memory::memory_like_weights;
