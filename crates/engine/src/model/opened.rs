//! A model's files, opened and understood, but with the weights still on disk.

use std::path::Path;

use super::{ModelConfig, SamplingDefaults, from_gguf, from_hf};
use crate::{
    ChatTemplate, LoadError, ModelSource, TokenId, Tokenizer, Warning,
    weights::{file::ModelFile, formats::ScaleRule, gguf, names::Naming, tensors::Tensors},
};

/// A model's shape, and where its weights lie.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) name: String,
    pub(crate) config: ModelConfig,
    pub(crate) naming: Naming,
    pub(crate) scale_rule: ScaleRule,
    /// Rows of query and key heads lie as neighbouring pairs.
    pub(crate) paired_heads: bool,
    /// Float projections may be master weights, to be quantised.
    pub(crate) may_quantise: bool,
    pub(crate) tensors: Tensors,
}

/// What a model reads and writes with.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) template: ChatTemplate,
    pub(crate) stop_tokens: Vec<TokenId>,
    pub(crate) defaults: SamplingDefaults,
    pub(crate) warnings: Vec<Warning>,
}

/// Reads the words of a model that is being opened. A tokenizer takes as long to build as a share of the weights to
/// load, so this may run beside that, on another thread.
pub(crate) type ReadWords<'a> = &'a (dyn Fn() -> Result<Words, LoadError> + Sync);

/// Everything about a model but its weights.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) frame: Frame,
    pub(crate) words: Words,
}

impl Opened {
    /// Reads the words here and now.
    pub(crate) fn whole(frame: Frame, words: ReadWords) -> Result<Self, LoadError> {
        Ok(Self {
            words: words()?,
            frame,
        })
    }
}

/// Names under which models keep the tokens that end an answer. Files often list only one of them. A token that
/// begins the next turn ends an answer too: a model that writes it has gone on to speak for the person.
const END_NAMES: [&str; 14] = [
    // Llama 3 and BitNet b1.58 2B4T: end of turn, end of a turn that calls a tool, end of text.
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    // ChatML (Falcon-E), and the start of its next turn.
    "<|im_end|>",
    "<|im_start|>",
    // Falcon3 and others that end turns as texts end.
    "<|endoftext|>",
    // Falcon3, Zephyr, Phi: the next turn, where the name of a role is a token; end of a turn.
    "<|user|>",
    "<|system|>",
    "<|end|>",
    // OpenChat and Starling.
    "<|end_of_turn|>",
    // Gemma, whose embedding models are ternary too.
    "<end_of_turn>",
    "<start_of_turn>",
    // Llama 2 and everything with its tokenizer.
    "</s>",
    "[INST]",
];

/// Opens files and hands `with` what they are; a synthetic model has none.
pub(crate) fn open<T>(
    source: &ModelSource,
    with: impl FnOnce(Frame, ReadWords) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    match source {
        ModelSource::Gguf(path) => open_gguf(path, with),
        ModelSource::Folder(path) => from_hf::open_folder(path, with),
        ModelSource::Embedded(model) => from_hf::open_embedded(model, with),
        ModelSource::Synthetic(_) => Err(LoadError::unsupported(
            &source.place(),
            "no files",
            "Load it instead.",
        )),
    }
}

fn open_gguf<T>(
    path: &Path,
    with: impl FnOnce(Frame, ReadWords) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let file = ModelFile::open(path)?;
    let stem = path
        .file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    gguf::open(file, |metadata, tensors| {
        from_gguf::understand(&metadata, tensors, stem, with)
    })
}

/// All tokens that end an answer: those the files list, and those with a telling name.
pub(crate) fn stop_tokens(
    tokenizer: &Tokenizer,
    listed: impl IntoIterator<Item = u64>,
) -> Vec<TokenId> {
    let listed = listed
        .into_iter()
        .filter_map(|id| u32::try_from(id).ok())
        .map(TokenId);
    let named = END_NAMES
        .iter()
        .filter_map(|name| tokenizer.control_id(name));
    let mut all: Vec<TokenId> = listed
        .chain(tokenizer.eos().iter().copied())
        .chain(named)
        .collect();
    all.retain(|id| id.index() < tokenizer.vocab_size());
    all.sort_unstable();
    all.dedup();
    all
}

/// Checks that tokenizer and embedding agree.
pub(crate) fn check_vocabulary(
    place: &str,
    tokenizer: &Tokenizer,
    vocab_size: usize,
) -> Result<(), LoadError> {
    if tokenizer.vocab_size() > vocab_size {
        let problem = format!(
            "has {} ids, but the model only {vocab_size}",
            tokenizer.vocab_size()
        );
        return Err(LoadError::invalid(place, "the tokenizer", problem));
    }
    Ok(())
}
