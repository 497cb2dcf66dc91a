//! The list on disk: `models.json`, its format and its reading and writing.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic::{self, with_suffix};
use crate::{InstalledModel, ModelId, ModelKind, ModelsError, Record};

const FORMAT: u32 = 1;

/// Longest list that is read, in bytes: thousands of models. A longer file is not ours.
const MAX_BYTES: u64 = 4 << 20;

/// Lists set aside as damaged before Tern gives up looking for a free name.
const MAX_SET_ASIDE: u32 = 1000;

#[derive(Serialize, Deserialize)]
struct StoredList {
    format: u32,
    models: Vec<StoredModel>,
    /// Where downloads go, if a person chose a folder for them.
    #[serde(default)]
    folder: Option<PathBuf>,
}

/// The part every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredModel {
    id: String,
    name: String,
    path: PathBuf,
    bytes: u64,
    kind: StoredKind,
    added_at_ms: i64,
    #[serde(default)]
    owned: bool,
    #[serde(default)]
    record: Option<Record>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredKind {
    Gguf,
    Folder,
}

/// What the list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) models: Vec<InstalledModel>,
    /// The folder for downloads, if one was chosen.
    pub(crate) folder: Option<PathBuf>,
}

/// What the file holds.
pub(crate) enum Contents {
    List(List),
    /// Nothing that can be read as a list, for this reason.
    Damaged(String),
}

/// Reads the list; a missing file is an empty one.
pub(crate) fn read(path: &Path) -> Result<Contents, ModelsError> {
    let mut json = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut json));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Contents::List(List::default()));
        }
        Err(error) => return Err(ModelsError::list(path, error)),
        Ok(bytes) if bytes as u64 > MAX_BYTES => {
            return Ok(Contents::Damaged(format!(
                "it is longer than {MAX_BYTES} bytes"
            )));
        }
        Ok(_) => {}
    }
    match serde_json::from_slice::<Format>(&json) {
        Ok(Format { format }) if format > FORMAT => {
            return Err(ModelsError::NewerList {
                path: path.to_path_buf(),
                found: format,
            });
        }
        Ok(_) => {}
        Err(error) => return Ok(Contents::Damaged(error.to_string())),
    }
    Ok(match serde_json::from_slice::<StoredList>(&json) {
        Ok(list) => Contents::List(List {
            folder: list.folder.clone(),
            models: models(list),
        }),
        Err(error) => Contents::Damaged(error.to_string()),
    })
}

/// Keeps other programs from changing the list until the lock is dropped.
pub(crate) fn lock(path: &Path) -> Result<File, ModelsError> {
    let fail = |error| ModelsError::list(path, error);
    path.parent()
        .map_or(Ok(()), atomic::create_folders)
        .map_err(fail)?;
    let lock = File::create(with_suffix(path, ".lock")).map_err(fail)?;
    lock.lock().map_err(fail)?;
    Ok(lock)
}

/// Replaces the list.
pub(crate) fn write(path: &Path, list: &List) -> Result<(), ModelsError> {
    let list = StoredList {
        format: FORMAT,
        models: list.models.iter().map(stored).collect(),
        folder: list.folder.clone(),
    };
    let json = serde_json::to_vec_pretty(&list).expect("paths were checked to be text");
    let folder = path.parent().map_or(Ok(()), atomic::create_folders);
    let written = folder.and_then(|()| atomic::write(path, &json));
    written.map_err(|error| ModelsError::list(path, error))
}

/// Renames a damaged list to the first free `models.json.damaged-N`.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, ModelsError> {
    let free = (1..=MAX_SET_ASIDE)
        .map(|n| with_suffix(path, &format!(".damaged-{n}")))
        .find(|aside| !aside.exists());
    let renamed = match free {
        Some(aside) => fs::rename(path, &aside).map(|()| aside),
        None => Err(io::Error::other("too many damaged lists lie beside it")),
    };
    renamed.map_err(|error| ModelsError::list(path, error))
}

/// Entries as the program knows them. One with an id that is taken or reserved was written by
/// hand; the first keeps it.
fn models(list: StoredList) -> Vec<InstalledModel> {
    let mut seen = HashSet::from(["guide".to_owned()]);
    let models = list
        .models
        .into_iter()
        .filter(|model| seen.insert(model.id.clone()));
    models
        .map(|model| InstalledModel {
            id: ModelId::new(model.id),
            name: model.name,
            path: model.path,
            bytes: model.bytes,
            kind: match model.kind {
                StoredKind::Gguf => ModelKind::Gguf,
                StoredKind::Folder => ModelKind::Folder,
            },
            added_at_ms: model.added_at_ms,
            owned: model.owned,
            record: model.record.filter(Record::is_sound),
        })
        .collect()
}

fn stored(model: &InstalledModel) -> StoredModel {
    StoredModel {
        id: model.id.as_str().to_owned(),
        name: model.name.clone(),
        path: model.path.clone(),
        bytes: model.bytes,
        kind: match model.kind {
            ModelKind::Gguf => StoredKind::Gguf,
            ModelKind::Folder => StoredKind::Folder,
        },
        added_at_ms: model.added_at_ms,
        owned: model.owned,
        record: model.record.clone(),
    }
}
