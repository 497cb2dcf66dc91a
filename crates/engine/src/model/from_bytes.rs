//! Ways in for tests and fuzzing: models from bytes instead of files.

use std::sync::atomic::AtomicBool;

use super::{
    LoadOptions, Model, ModelConfig, Progress, SamplingDefaults, from_gguf, from_hf, load,
    opened::Opened,
};
use crate::{
    LoadError,
    tokenizer::TokenizerFiles,
    weights::{gguf::Metadata, tensors::Tensors},
};
use rayon::ThreadPool;

/// What a GGUF header says.
pub(crate) fn gguf(metadata: &Metadata, tensors: Tensors) -> Result<Opened, LoadError> {
    from_gguf::understand(metadata, tensors, "model".to_owned(), Opened::whole)
}

/// What the files of a folder say.
pub(crate) fn folder(
    config: &str,
    generation: &str,
    tokenizer: &str,
    tokenizer_config: &str,
    tensors: Tensors,
) -> Result<Opened, LoadError> {
    let named = |text: &str, name: &str| (text.to_owned().into_bytes(), name.to_owned());
    let files = [
        named(config, "config.json"),
        named(generation, "generation_config.json"),
        named(tokenizer, "tokenizer.json"),
        named(tokenizer_config, "tokenizer_config.json"),
    ];
    let [config, generation, tokenizer, tokenizer_config] = files
        .each_ref()
        .map(|(bytes, name)| (bytes.as_slice(), name.clone()));
    from_hf::understand(
        &from_hf::Files {
            name: "model".to_owned(),
            config,
            generation,
            tokenizer: TokenizerFiles::Json(tokenizer.0.into(), tokenizer.1),
            tokenizer_config,
            chat_template: None,
        },
        tensors,
        Opened::whole,
    )
}

/// What `config.json` alone says, beside these tensors.
pub(crate) fn config(json: &[u8], tensors: &Tensors, file: &str) -> Result<ModelConfig, LoadError> {
    let (_, config, _) = from_hf::understand_config(&(json, file.to_owned()), tensors)?;
    Ok(config)
}

/// What `generation_config.json` alone says.
pub(crate) fn generation(json: &[u8], file: &str) -> Result<SamplingDefaults, LoadError> {
    let generation: from_hf::Generation = from_hf::parse_or_default(&(json, file.to_owned()))?;
    Ok(from_hf::defaults(&generation))
}

impl Model {
    /// The rest of [`Model::load`] for opened files. The weights are read on `pool`; the model has its own.
    pub(crate) fn load_opened(
        opened: Opened,
        options: &LoadOptions,
        pool: &ThreadPool,
        progress: Progress,
    ) -> Result<Self, LoadError> {
        let Opened { frame, words } = opened;
        let how = options.how();
        let weights = load::load_weights(&frame, how, pool, progress, &AtomicBool::new(false))?;
        let parts = load::joined(frame, words, weights);
        Ok(Self::assemble(
            parts,
            options,
            super::team(options.threads)?,
        ))
    }
}
