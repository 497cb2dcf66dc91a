//! Where a model comes from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{LoadError, synthetic::SyntheticSpec, weights::file::read_head};

/// Where a model comes from.
#[derive(Clone, Debug)]
pub enum ModelSource {
    /// One GGUF file.
    Gguf(PathBuf),
    /// A folder in Hugging Face form: `config.json`, `tokenizer.json` (or `tokenizer.model`), `model.safetensors`.
    Folder(PathBuf),
    /// A model built into the program.
    Embedded(&'static EmbeddedModel),
    /// Seeded random weights of a real model's size, for measurements.
    Synthetic(SyntheticSpec),
}

/// The files of a model built into the program, in Hugging Face form.
#[derive(Debug)]
pub struct EmbeddedModel {
    /// Display name.
    pub name: &'static str,
    /// Text of `config.json`.
    pub config: &'static str,
    /// Text of `generation_config.json`; may be empty.
    pub generation_config: &'static str,
    /// Content of `tokenizer.json`.
    pub tokenizer: &'static [u8],
    /// Text of `tokenizer_config.json`; may be empty.
    pub tokenizer_config: &'static str,
    /// Content of `model.safetensors`.
    pub weights: &'static [u8],
}

const CHOOSE: &str = "Choose a GGUF file of a BitNet model, or the folder with its config.json.";

impl ModelSource {
    /// Looks at a path a person chose: a GGUF file, a folder with `config.json`, or a
    /// `model.safetensors` (or `config.json`) inside such a folder. Reads a few bytes only.
    ///
    /// # Errors
    /// When nothing is there, it cannot be read, or it is something else.
    pub fn from_path(path: &Path) -> Result<Self, LoadError> {
        let file = path.display().to_string();
        let meta = fs::metadata(path).map_err(|source| LoadError::Io {
            file: file.clone(),
            source,
            remedy: "Check that it is still there and that you may read it.",
        })?;
        let not = |found: &str| LoadError::NotAModel {
            file: file.clone(),
            found: found.to_owned(),
            remedy: CHOOSE,
        };
        if meta.is_dir() {
            return if path.join("config.json").is_file() {
                Ok(Self::Folder(path.to_owned()))
            } else {
                Err(not("the folder has no config.json"))
            };
        }
        let head = read_head(path)?;
        if head.starts_with(b"GGUF") {
            return Ok(Self::Gguf(path.to_owned()));
        }
        if head.is_empty() {
            return Err(not("the file is empty"));
        }
        let in_model_folder = path.file_name().and_then(|n| n.to_str()).is_some_and(|n| {
            n.ends_with(".safetensors") || n == "config.json" || n == "model.safetensors.index.json"
        });
        match path.parent() {
            Some(folder) if in_model_folder => {
                // A bare file name has the parent "".
                let folder = if folder.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    folder
                };
                if folder.join("config.json").is_file() {
                    Ok(Self::Folder(folder.to_owned()))
                } else {
                    Err(not("there is no config.json beside it"))
                }
            }
            _ => Err(not("it does not begin like a GGUF file")),
        }
    }

    /// What errors call this source.
    pub fn place(&self) -> String {
        match self {
            Self::Gguf(path) | Self::Folder(path) => path.display().to_string(),
            Self::Embedded(model) => format!("the built-in model {}", model.name),
            Self::Synthetic(_) => "the synthetic model".to_owned(),
        }
    }
}
