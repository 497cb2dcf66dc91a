//! Which models can be chosen: the Guide, and what the person opened.

use std::path::{Path, PathBuf};

use tern_engine::{ModelSource, Warning};
use tern_models::{Candidate, InstalledModel, ModelId, Origin, Shelf};

use crate::AppError;
use crate::ModelWork;
use crate::guide::{GUIDE, GUIDE_ID, GUIDE_NAME, guide_bytes};

/// A model that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// Stable id; [`GUIDE_ID`] is the built-in one.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Where its file or folder is; none for the Guide.
    pub path: Option<PathBuf>,
    /// Size of its files in bytes.
    pub bytes: u64,
    /// True for the one new chats use.
    pub selected: bool,
    /// What it is doing now.
    pub presence: ModelPresence,
    /// What is worth knowing about the file.
    pub warnings: Vec<Warning>,
    /// Where it was downloaded from.
    pub origin: Option<Origin>,
    /// Tern put its files there and deletes them with it.
    pub owned: bool,
    /// There is a record of its files to compare them with.
    pub recorded: bool,
    /// What is done with its files now.
    pub work: Option<ModelWork>,
}

/// What a model is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelPresence {
    /// On disk only.
    #[default]
    Idle,
    /// Being read into memory.
    Loading,
    /// In memory.
    Ready,
    /// The file or folder is gone.
    Missing,
}

impl ModelInfo {
    pub(crate) fn guide() -> Self {
        Self {
            id: GUIDE_ID.to_owned(),
            name: GUIDE_NAME.to_owned(),
            path: None,
            bytes: guide_bytes(),
            selected: false,
            presence: ModelPresence::Idle,
            warnings: Vec::new(),
            origin: None,
            owned: false,
            recorded: false,
            work: None,
        }
    }

    pub(crate) fn installed(model: InstalledModel) -> Self {
        let presence = if model.path.exists() {
            ModelPresence::Idle
        } else {
            ModelPresence::Missing
        };
        Self {
            id: model.id.as_str().to_owned(),
            name: model.name,
            path: Some(model.path),
            bytes: model.bytes,
            selected: false,
            presence,
            warnings: Vec::new(),
            owned: model.owned,
            recorded: model.record.is_some(),
            origin: model.record.and_then(|record| record.origin),
            work: None,
        }
    }

    /// A model that is being copied into Tern's folder, where it lies now.
    pub(crate) fn newcomer(id: &str, path: &Path, candidate: Candidate) -> Self {
        Self {
            id: id.to_owned(),
            name: candidate.name,
            path: Some(path.to_path_buf()),
            bytes: candidate.bytes,
            owned: true,
            ..Self::guide()
        }
    }

    /// The engine's words for where the weights are.
    pub(crate) fn source(&self) -> Result<ModelSource, AppError> {
        match &self.path {
            None => Ok(ModelSource::Embedded(&GUIDE)),
            Some(path) if !path.exists() => Err(AppError::ModelMissing {
                name: self.name.clone(),
                path: path.display().to_string(),
            }),
            Some(path) => Ok(ModelSource::from_path(path)?),
        }
    }
}

/// The Guide and every opened model, in the order they are shown.
pub(crate) fn list(shelf: &Shelf) -> Vec<ModelInfo> {
    std::iter::once(ModelInfo::guide())
        .chain(shelf.list().into_iter().map(ModelInfo::installed))
        .collect()
}

/// What a person on the command line means by a model: `guide`, the id of an opened model,
/// or a path to a GGUF file or Hugging Face folder.
///
/// # Errors
/// [`AppError::UnknownModel`] when it is none of these, [`AppError::Load`] when the path holds
/// something else.
pub fn resolve_model(name: &str, data_dir: &Path) -> Result<ModelSource, AppError> {
    if name == GUIDE_ID {
        return ModelInfo::guide().source();
    }
    let path = Path::new(name);
    if path.exists() {
        return Ok(ModelSource::from_path(path)?);
    }
    let shelf = Shelf::open(data_dir)?;
    match shelf.find(&ModelId::new(name)) {
        Some(model) => ModelInfo::installed(model).source(),
        // Something that looks like a path deserves the loader's words for a missing file.
        None if name.contains(['/', '\\', '.']) => Ok(ModelSource::from_path(path)?),
        None => Err(AppError::UnknownModel {
            id: name.to_owned(),
        }),
    }
}

/// The Guide and every opened model of a data folder, for a face without a running program.
///
/// # Errors
/// [`AppError::Models`] when the list can't be read.
pub fn list_models(data_dir: &Path) -> Result<Vec<ModelInfo>, AppError> {
    Ok(list(&Shelf::open(data_dir)?))
}
