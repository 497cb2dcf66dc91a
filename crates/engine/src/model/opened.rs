//! A model's files, opened and understood, but with the weights still on disk.

use std::path::Path;

use super::{Family, ModelConfig, SamplingDefaults, from_gguf, from_hf};
use crate::{
    ChatTemplate, LoadError, ModelSource, TokenId, Tokenizer,
    weights::{file::ModelFile, formats::ScaleRule, gguf, names::Naming, tensors::Tensors},
};

/// Everything about a model but its weights.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) config: ModelConfig,
    pub(crate) naming: Naming,
    pub(crate) scale_rule: ScaleRule,
    /// Rows of query and key heads lie as neighbouring pairs.
    pub(crate) paired_heads: bool,
    /// Float projections may be master weights, to be quantised.
    pub(crate) may_quantise: bool,
    pub(crate) tensors: Tensors,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) template: ChatTemplate,
    pub(crate) stop_tokens: Vec<TokenId>,
    pub(crate) defaults: SamplingDefaults,
    pub(crate) warnings: Vec<String>,
}

/// Names under which models keep the tokens that end an answer. Files often list only one of them.
const END_NAMES: [&str; 6] = [
    "<|eot_id|>",
    "<|end_of_text|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_turn|>",
    "</s>",
];

/// Opens files; a synthetic model has none.
pub(crate) fn open(source: &ModelSource) -> Result<Opened, LoadError> {
    match source {
        ModelSource::Gguf(path) => open_gguf(path),
        ModelSource::Folder(path) => from_hf::open_folder(path),
        ModelSource::Embedded(model) => from_hf::open_embedded(model),
        ModelSource::Synthetic(_) => Err(LoadError::unsupported(
            &source.place(),
            "no files",
            "Load it instead.",
        )),
    }
}

fn open_gguf(path: &Path) -> Result<Opened, LoadError> {
    let file = ModelFile::open(path)?;
    let stem = path
        .file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    gguf::open(file, |metadata, tensors| {
        from_gguf::understand(&metadata, tensors, stem)
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

/// The built-in template for a model, given the one its file has.
pub(crate) fn template(
    family: Family,
    found: Option<&str>,
    tokenizer: &Tokenizer,
    warnings: &mut Vec<String>,
) -> ChatTemplate {
    let found = found.map(str::trim).filter(|text| !text.is_empty());
    let is_bitnet = found == Some(crate::chat::BITNET_JINJA);
    if family == Family::BitNet || is_bitnet {
        if found.is_some() && !is_bitnet {
            warnings.push(
                "The chat template in the file is not the one BitNet was trained with. \
                 Tern uses the right one instead."
                    .to_owned(),
            );
        }
        return ChatTemplate::BitNet;
    }
    let known = [ChatTemplate::Llama3, ChatTemplate::ChatMl];
    if let Some(template) = known.into_iter().find(|template| template.fits(tokenizer)) {
        return template;
    }
    warnings.push(
        "Tern does not know the chat format of this model and writes chats as BitNet does. \
         Answers may be worse than they should be."
            .to_owned(),
    );
    ChatTemplate::BitNet
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
