//! The list of opened models.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::label::label;
use crate::list_file::{self, Contents};
use crate::recognise::recognise;
use crate::{InstalledModel, ModelId, ModelsError};

/// The models a person opened, kept in `models.json` in the data folder.
///
/// What a call changed is on disk when it returns `Ok`; after an error the list is as it was.
/// One writer at a time: the history's lock on the data folder keeps other processes out.
#[derive(Debug)]
pub struct Shelf {
    path: PathBuf,
    models: Vec<InstalledModel>,
    warning: Option<String>,
}

impl Shelf {
    /// Opens the list in `data_dir`; without one the shelf is empty. A list that can't be
    /// understood is set aside as `models.json.damaged-N`, and the shelf is empty with a
    /// [`warning`](Self::warning).
    ///
    /// # Errors
    /// [`ModelsError::NewerList`], or [`ModelsError::List`] when the disk says no.
    pub fn open(data_dir: &Path) -> Result<Self, ModelsError> {
        let path = data_dir.join("models.json");
        let (models, warning) = match list_file::read(&path)? {
            Contents::Models(models) => (models, None),
            Contents::Damaged(reason) => {
                let aside = list_file::set_aside(&path)?;
                let warning = format!(
                    "Tern's list of opened models was damaged ({reason}). The models themselves \
                     are untouched: open them again. The old list is kept as {}.",
                    aside.display()
                );
                tracing::warn!("{warning}");
                (Vec::new(), Some(warning))
            }
        };
        Ok(Self {
            path,
            models,
            warning,
        })
    }

    /// A sentence for the person if the list was damaged when it was opened.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Every opened model, in the order they were added. Their files may be gone by now.
    pub fn list(&self) -> Vec<InstalledModel> {
        self.models.clone()
    }

    /// The model with this id.
    pub fn find(&self, id: &ModelId) -> Option<InstalledModel> {
        self.models.iter().find(|model| model.id == *id).cloned()
    }

    /// Adds a GGUF file, a Hugging Face folder, or the folder a safetensors file is in. One
    /// that is already there is returned as it is, with its present size.
    ///
    /// # Errors
    /// [`ModelsError::Missing`], [`ModelsError::NotAModel`], [`ModelsError::PathNotText`] or
    /// [`ModelsError::Unreadable`] for the path, [`ModelsError::DiskFull`] or
    /// [`ModelsError::List`] when the list can't be saved.
    pub fn add(&mut self, path: &Path) -> Result<InstalledModel, ModelsError> {
        let found = recognise(path)?;
        if found.path.to_str().is_none() {
            return Err(ModelsError::PathNotText { path: found.path });
        }
        let mut models = self.models.clone();
        let known = models
            .iter_mut()
            .find(|model| is_same(&model.path, &found.path));
        let model = match known {
            Some(model) => {
                model.bytes = found.bytes;
                model.kind = found.kind;
                model.clone()
            }
            None => {
                let name = label(&found.path, found.kind);
                let id = free_id(&models, &name, &found.path);
                let model = InstalledModel {
                    id,
                    name,
                    path: found.path,
                    bytes: found.bytes,
                    kind: found.kind,
                    added_at_ms: now_ms(),
                };
                models.push(model.clone());
                model
            }
        };
        self.save(models)?;
        Ok(model)
    }

    /// Forgets a model. Its files stay where they are.
    ///
    /// # Errors
    /// [`ModelsError::Unknown`], or [`ModelsError::DiskFull`] or [`ModelsError::List`] when the
    /// list can't be saved.
    pub fn remove(&mut self, id: &ModelId) -> Result<(), ModelsError> {
        let mut models = self.models.clone();
        models.retain(|model| model.id != *id);
        if models.len() == self.models.len() {
            return Err(ModelsError::Unknown {
                id: id.as_str().to_owned(),
            });
        }
        self.save(models)
    }

    fn save(&mut self, models: Vec<InstalledModel>) -> Result<(), ModelsError> {
        if models != self.models {
            list_file::write(&self.path, &models)?;
            self.models = models;
        }
        Ok(())
    }
}

/// Whether two paths lead to the same file or folder, links followed.
fn is_same(a: &Path, b: &Path) -> bool {
    let same_target = || Some(a.canonicalize().ok()? == b.canonicalize().ok()?);
    a == b || same_target().unwrap_or(false)
}

fn free_id(models: &[InstalledModel], name: &str, path: &Path) -> ModelId {
    (0..=u8::MAX)
        .map(|salt| ModelId::of(name, path, salt))
        .find(|id| models.iter().all(|model| model.id != *id))
        .expect("256 different hashes are not all taken")
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
