//! What the files of a model are: names, sizes and hashes, kept so that they can be compared.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fetch::{Control, Order};
use crate::folder::{RECORD, read_json};
use crate::hash::{sha256_of, to_hex};
use crate::hub::{Commit, RepoId, Revision};
use crate::names;
use crate::{Alteration, ModelKind, ModelsError, Wish};

/// What is known of a model's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Format of this record.
    pub(crate) format: u32,
    /// Name for people.
    pub name: String,
    /// Where the files came from; none for files a person had.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// The files, at least one.
    pub files: Vec<RecordedFile>,
}

/// Where a downloaded model came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its id in the catalogue, if it was chosen there.
    #[serde(default)]
    pub catalogue: Option<String>,
    /// The repository.
    pub repo: RepoId,
    /// The very revision.
    pub commit: Commit,
    /// The revision as it was named: a branch may stand elsewhere by now.
    #[serde(default)]
    pub revision: Option<Revision>,
    /// The one file that was asked for of several.
    #[serde(default)]
    pub file: Option<String>,
}

impl Origin {
    /// Whether this is what `wish` asks for.
    pub(crate) fn answers(&self, wish: &Wish) -> bool {
        let chosen = self.catalogue.is_some() && self.catalogue == wish.catalogue;
        let named = self.revision.as_ref() == Some(&wish.revision);
        let revision = named || self.commit.as_str() == wish.revision.as_str();
        chosen || (self.repo == wish.repo && self.file == wish.file && revision)
    }
}

/// A file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// Path below the model's folder, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, 64 hex digits.
    pub sha256: String,
}

impl Record {
    pub(crate) const FORMAT: u32 = 1;

    /// The record beside the files of a folder Tern filled; none if there is none to trust.
    pub(crate) fn of_folder(folder: &Path) -> Option<Self> {
        let record: Self = read_json(&folder.join(RECORD))?;
        record.is_sound().then_some(record)
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.format == Self::FORMAT
            && !self.files.is_empty()
            && self.files.iter().all(|file| names::is_safe(&file.path))
    }

    /// Size of all files in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Makes a record of the files of a model that lies at `path`.
    pub(crate) fn make(
        name: &str,
        path: &Path,
        kind: ModelKind,
        control: &Control,
        went: &mut dyn FnMut(u64),
    ) -> Result<Self, ModelsError> {
        let mut files = Vec::new();
        for file in files_of(path, kind)? {
            let whole = below(path, kind, &file);
            let (bytes, sha256) = hash_file(&whole, control, went)?;
            files.push(RecordedFile {
                path: file,
                bytes,
                sha256,
            });
        }
        Ok(Self {
            format: Self::FORMAT,
            name: name.to_owned(),
            origin: None,
            files,
        })
    }

    /// Compares the files of the model at `path` with this record.
    ///
    /// # Errors
    /// [`ModelsError::Altered`] for the first that differs, [`ModelsError::Cancelled`].
    pub(crate) fn verify(
        &self,
        path: &Path,
        kind: ModelKind,
        control: &Control,
        went: &mut dyn FnMut(u64),
    ) -> Result<(), ModelsError> {
        for file in &self.files {
            let whole = below(path, kind, &file.path);
            let altered = |what| {
                Err(ModelsError::Altered {
                    file: file.path.clone(),
                    what,
                })
            };
            match std::fs::metadata(&whole) {
                Err(_) => return altered(Alteration::Gone),
                Ok(found) if found.len() != file.bytes => return altered(Alteration::Resized),
                Ok(_) => {}
            }
            if hash_file(&whole, control, went)?.1 != file.sha256 {
                return altered(Alteration::Changed);
            }
        }
        Ok(())
    }
}

/// The folder Tern put the model at `path` into, if it put it there.
pub(crate) fn home(path: &Path, kind: ModelKind) -> Option<&Path> {
    match kind {
        ModelKind::Folder => Some(path),
        ModelKind::Gguf => path.parent(),
    }
}

/// Where the file a record calls `file` lies.
pub(crate) fn below(path: &Path, kind: ModelKind, file: &str) -> PathBuf {
    match kind {
        ModelKind::Gguf => path.to_path_buf(),
        ModelKind::Folder => names::joined(path, file),
    }
}

/// Paths of the files that belong to the model at `path`, sorted.
pub(crate) fn files_of(path: &Path, kind: ModelKind) -> Result<Vec<String>, ModelsError> {
    if kind == ModelKind::Gguf {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        return Ok(vec![name]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| ModelsError::read(path, error))? {
        let entry = entry.map_err(|error| ModelsError::read(path, error))?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_file = std::fs::metadata(entry.path()).is_ok_and(|found| found.is_file());
        if is_file && name != RECORD && is_model_file(&name) {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}

/// What Tern reads of a Hugging Face folder.
pub(crate) fn is_model_file(name: &str) -> bool {
    [".json", ".safetensors", ".model", ".jinja"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn hash_file(
    path: &Path,
    control: &Control,
    went: &mut dyn FnMut(u64),
) -> Result<(u64, String), ModelsError> {
    let read = |error| ModelsError::read(path, error);
    let mut bytes = 0;
    let mut file = File::open(path).map_err(read)?;
    let hash = sha256_of(&mut file, &mut |n| {
        bytes += n;
        went(n);
        control.order() == Order::Go
    });
    match hash.map_err(read)? {
        Some(hash) => Ok((bytes, to_hex(&hash))),
        None => Err(ModelsError::Cancelled),
    }
}
