//! The list of models this computer has.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::fetch::model_path;
use crate::folder::RECORD;
use crate::label::label;
use crate::list_file::{self, Contents, List};
use crate::recognise::{Recognised, recognise};
use crate::record::home;
use crate::{Control, InstalledModel, ModelId, ModelsError, ModelsFolder, Record, Wish};

/// The models this computer has, kept in `models.json` in the data folder.
///
/// What a call changed is on disk when it returns `Ok`; after an error the list is as it was.
/// Every change starts from the list on disk under a lock, so that two programs, a window and a
/// terminal, don't undo each other's.
#[derive(Debug)]
pub struct Shelf {
    path: PathBuf,
    list: List,
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
        let (list, warning) = match list_file::read(&path)? {
            Contents::List(list) => (list, None),
            Contents::Damaged(reason) => {
                let aside = list_file::set_aside(&path)?;
                let warning = format!(
                    "Tern's list of opened models was damaged ({reason}). The models themselves \
                     are untouched: open them again. The old list is kept as {}.",
                    aside.display()
                );
                tracing::warn!("{warning}");
                (List::default(), Some(warning))
            }
        };
        Ok(Self {
            path,
            list,
            warning,
        })
    }

    /// A sentence for the person if the list was damaged when it was opened.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Reads the list anew, as another program may have changed it; true if one did. A list that can't
    /// be understood leaves what was read before.
    ///
    /// # Errors
    /// [`ModelsError::NewerList`], or [`ModelsError::List`] when the disk says no.
    pub fn refresh(&mut self) -> Result<bool, ModelsError> {
        match list_file::read(&self.path)? {
            Contents::List(list) if list != self.list => {
                self.list = list;
                Ok(true)
            }
            Contents::List(_) | Contents::Damaged(_) => Ok(false),
        }
    }

    /// Every model, in the order they were added. Their files may be gone by now.
    pub fn list(&self) -> Vec<InstalledModel> {
        self.list.models.clone()
    }

    /// The folder for downloads: the one a person chose, else `models` beside the list.
    pub fn folder(&self) -> ModelsFolder {
        let usual = || self.path.with_file_name("models");
        ModelsFolder::new(self.list.folder.clone().unwrap_or_else(usual))
    }

    /// Chooses the folder for downloads; what is in the old one stays there.
    ///
    /// # Errors
    /// When the list can't be saved.
    pub fn set_folder(&mut self, folder: &ModelsFolder) -> Result<(), ModelsError> {
        if folder.path().to_str().is_none() {
            return Err(ModelsError::PathNotText {
                path: folder.path().to_path_buf(),
            });
        }
        self.change_list(|list| {
            list.folder = Some(folder.path().to_path_buf());
            Ok(())
        })
    }

    /// The model a download of `wish` led to, if it is still here. A branch counts by its name: what
    /// was published there later is another download.
    pub fn find_fetched(&self, wish: &Wish) -> Option<InstalledModel> {
        let is = |model: &&InstalledModel| {
            let record = model.record.as_ref();
            let origin = record.and_then(|record| record.origin.as_ref());
            origin.is_some_and(|origin| origin.answers(wish)) && model.path.exists()
        };
        self.list.models.iter().find(is).cloned()
    }

    /// The model with this id.
    pub fn find(&self, id: &ModelId) -> Option<InstalledModel> {
        self.list
            .models
            .iter()
            .find(|model| model.id == *id)
            .cloned()
    }

    /// Adds a GGUF file, a Hugging Face folder, or the folder a safetensors file is in, used
    /// where it lies. One that is already there is returned as it is, with its present size.
    ///
    /// # Errors
    /// [`ModelsError::Missing`], [`ModelsError::NotAModel`], [`ModelsError::PathNotText`] or
    /// [`ModelsError::Unreadable`] for the path, [`ModelsError::DiskFull`] or
    /// [`ModelsError::List`] when the list can't be saved.
    pub fn add(&mut self, path: &Path) -> Result<InstalledModel, ModelsError> {
        let found = recognise(path)?;
        let name = label(&found.path, found.kind);
        self.put(found, &name, |_| {})
    }

    /// Adds a model Tern put at `path` itself, in a folder of its own.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_owned(
        &mut self,
        path: &Path,
        record: Record,
    ) -> Result<InstalledModel, ModelsError> {
        let found = recognise(path)?;
        let name = record.name.clone();
        self.put(found, &name, |model| {
            model.owned = true;
            model.record = Some(record);
        })
    }

    /// Adds the whole models in `folder` that are not on the list: a download that ended while
    /// nobody was there to add it, or a folder somebody brought.
    ///
    /// # Errors
    /// As [`add`](Self::add), when the list can't be saved; a folder that is no model is left out.
    pub fn adopt(&mut self, folder: &ModelsFolder) -> Result<(), ModelsError> {
        for place in folder.whole() {
            let Some(record) = Record::of_folder(&place) else {
                continue;
            };
            let path = model_path(&place, &record);
            let known = self
                .list
                .models
                .iter()
                .any(|model| is_same(&model.path, &path));
            if known {
                continue;
            }
            match self.add_owned(&path, record) {
                Ok(_) => {}
                Err(error @ (ModelsError::DiskFull { .. } | ModelsError::List { .. })) => {
                    return Err(error);
                }
                Err(error) => tracing::warn!("{} is left alone: {error}", place.display()),
            }
        }
        Ok(())
    }

    /// Hashes the files of a model and keeps what they are. `went` hears of every piece.
    ///
    /// # Errors
    /// [`ModelsError::Unknown`], [`ModelsError::Unreadable`], [`ModelsError::Cancelled`].
    pub fn hash(
        model: &InstalledModel,
        control: &Control,
        went: &mut dyn FnMut(u64),
    ) -> Result<Record, ModelsError> {
        Record::make(&model.name, &model.path, model.kind, control, went)
    }

    /// Keeps a record of a model's files.
    ///
    /// # Errors
    /// [`ModelsError::Unknown`], or when the list can't be saved.
    pub fn keep_record(&mut self, id: &ModelId, record: Record) -> Result<(), ModelsError> {
        self.change(|models| {
            let model = models.iter_mut().find(|model| model.id == *id);
            model.ok_or_else(|| unknown(id))?.record = Some(record);
            Ok(())
        })
    }

    /// Compares a model's files with their record.
    ///
    /// # Errors
    /// [`ModelsError::NoRecord`], [`ModelsError::Altered`], [`ModelsError::Cancelled`].
    pub fn verify(
        model: &InstalledModel,
        control: &Control,
        went: &mut dyn FnMut(u64),
    ) -> Result<(), ModelsError> {
        let record = model.record.as_ref().ok_or(ModelsError::NoRecord)?;
        record.verify(&model.path, model.kind, control, went)
    }

    /// Says where a model lies from now on.
    ///
    /// # Errors
    /// [`ModelsError::Unknown`], or when the list can't be saved.
    pub fn relocate(&mut self, id: &ModelId, path: &Path) -> Result<(), ModelsError> {
        let path = recognise(path)?.path;
        self.change(|models| {
            let model = models.iter_mut().find(|model| model.id == *id);
            model.ok_or_else(|| unknown(id))?.path = path;
            Ok(())
        })
    }

    /// Takes a model off the list. Files of a model that Tern put there are deleted; others stay
    /// where they are.
    ///
    /// # Errors
    /// [`ModelsError::Unknown`], [`ModelsError::Folder`] when the files can't be deleted, or
    /// [`ModelsError::DiskFull`] or [`ModelsError::List`] when the list can't be saved.
    pub fn remove(&mut self, id: &ModelId) -> Result<(), ModelsError> {
        let model = self.find(id).ok_or_else(|| unknown(id))?;
        if model.owned {
            delete_files(&model)?;
        }
        self.change(|models| {
            models.retain(|model| model.id != *id);
            Ok(())
        })
    }

    fn put(
        &mut self,
        found: Recognised,
        name: &str,
        more: impl FnOnce(&mut InstalledModel),
    ) -> Result<InstalledModel, ModelsError> {
        if found.path.to_str().is_none() {
            return Err(ModelsError::PathNotText { path: found.path });
        }
        self.change(|models| {
            let known = models
                .iter()
                .position(|model| is_same(&model.path, &found.path));
            let at = known.unwrap_or_else(|| {
                models.push(InstalledModel {
                    id: free_id(models, name, &found.path),
                    name: name.to_owned(),
                    path: found.path,
                    bytes: 0,
                    kind: found.kind,
                    added_at_ms: now_ms(),
                    owned: false,
                    record: None,
                });
                models.len() - 1
            });
            let model = &mut models[at];
            if model.bytes != found.bytes {
                // Other files than those that were recorded, or a first look at them.
                model.record = model.record.take().filter(|_| model.owned);
            }
            (model.bytes, model.kind) = (found.bytes, found.kind);
            more(model);
            Ok(model.clone())
        })
    }

    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Vec<InstalledModel>) -> Result<T, ModelsError>,
    ) -> Result<T, ModelsError> {
        self.change_list(|list| change(&mut list.models))
    }

    fn change_list<T>(
        &mut self,
        change: impl FnOnce(&mut List) -> Result<T, ModelsError>,
    ) -> Result<T, ModelsError> {
        let _lock = list_file::lock(&self.path)?;
        let before = match list_file::read(&self.path)? {
            Contents::List(list) => list,
            // Damaged since it was opened: what was read then is better than nothing.
            Contents::Damaged(_) => self.list.clone(),
        };
        let mut list = before.clone();
        let changed = change(&mut list)?;
        if list != before {
            list_file::write(&self.path, &list)?;
        }
        self.list = list;
        Ok(changed)
    }
}

fn unknown(id: &ModelId) -> ModelsError {
    ModelsError::Unknown {
        id: id.as_str().to_owned(),
    }
}

/// Deletes the folder of a model Tern put there: only one with Tern's record in it.
fn delete_files(model: &InstalledModel) -> Result<(), ModelsError> {
    let is_ours = |folder: &&Path| folder.join(RECORD).is_file();
    let Some(folder) = home(&model.path, model.kind).filter(is_ours) else {
        // Gone already, or not what was put there: the rest is nobody's business.
        return Ok(());
    };
    let fail = |error| ModelsError::folder(folder, error);
    // The record last but for the folder itself: what is left after an error is still the model's.
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let path = entry.path();
        match entry.file_type().map_err(fail)?.is_dir() {
            true => fs::remove_dir_all(&path).map_err(fail)?,
            false if path.ends_with(RECORD) => {}
            false => fs::remove_file(&path).map_err(fail)?,
        }
    }
    fs::remove_dir_all(folder).map_err(fail)
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
