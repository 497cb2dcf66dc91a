//! Bringing models in, checking, moving and removing them, and what there is to choose from.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use tern_models::{
    Candidate, CatalogueModel, Control, InstalledModel, ModelId, ModelsFolder, Shelf, catalogue,
    copy_in, move_in,
};

use crate::downloads::{DownloadInfo, TELL_EVERY};
use crate::fit::{self, Benchmark, Computer, Fit};
use crate::guide::GUIDE_ID;
use crate::live::{Core, lock};
use crate::settings::SELECTED_MODEL_KEY;
use crate::worker::Job;
use crate::{App, AppError, AppEvent, ModelInfo};

/// Key under which the last measurement lies in the history database, as JSON.
const BENCHMARK_KEY: &str = "benchmark";
/// Memory the measurement takes, in bytes: a whole model of random weights.
const BENCHMARK_MEMORY: u64 = 1_400_000_000;

/// Something that is done with a model's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelWork {
    /// What.
    pub kind: WorkKind,
    /// Bytes that are done.
    pub done_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// What is done with a model's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// Compared with what they should be.
    Verifying,
    /// Hashed where they lie, to know later what they were.
    Recording,
    /// Copied into Tern's folder; until that is done, the model can't be used.
    Copying,
    /// Brought into another folder.
    Moving,
}

/// Work under way, by model.
#[derive(Default)]
pub(crate) struct Works(Mutex<HashMap<String, Work>>);

struct Work {
    shown: ModelWork,
    control: Control,
    /// The model, while it is not on the list.
    newcomer: Option<ModelInfo>,
}

impl Works {
    pub(crate) fn of(&self, id: &str) -> Option<ModelWork> {
        lock(&self.0).get(id).map(|work| work.shown)
    }

    /// Models that are being copied in.
    pub(crate) fn newcomers(&self) -> Vec<ModelInfo> {
        let works = lock(&self.0);
        let found = works.values().filter_map(|work| work.newcomer.clone());
        found.collect()
    }

    pub(crate) fn stop_all(&self) {
        for work in lock(&self.0).values() {
            work.control.cancel();
        }
    }
}

/// A model of the catalogue, as this computer sees it.
#[derive(Clone, Debug)]
pub struct CatalogueRow {
    /// The model.
    pub model: &'static CatalogueModel,
    /// How it fits.
    pub fit: Fit,
    /// The id it has on this computer, if it is there.
    pub installed: Option<String>,
    /// Its download, if there is one.
    pub download: Option<String>,
}

/// Everything about models besides those that can be chosen.
#[derive(Clone, Debug)]
pub struct ModelsOverview {
    /// What can be downloaded.
    pub catalogue: Vec<CatalogueRow>,
    /// Downloads that are not done.
    pub downloads: Vec<DownloadInfo>,
    /// Where they go.
    pub folder: ModelsFolder,
    /// Free room there, in bytes; none where the system doesn't say.
    pub free_bytes: Option<u64>,
    /// What Tern's models take there, in bytes.
    pub used_bytes: u64,
    /// What was measured on this computer.
    pub benchmark: Option<Benchmark>,
    /// Downloads that were done since the start, the newest last.
    pub finished: Vec<DownloadInfo>,
    /// The hub.
    pub host: String,
}

impl App {
    /// What there is to choose from, and how it fits this computer. Models a terminal added or removed
    /// meanwhile are told of by [`AppEvent::ModelsChanged`].
    pub fn models_overview(&self) -> ModelsOverview {
        let core = &self.core;
        let refreshed = lock(&core.shelf).refresh();
        match refreshed {
            Ok(true) => {
                if let Err(error) = core.leave_removed_model() {
                    tracing::warn!("the Guide could not be made the selected model: {error}");
                }
                core.tell_models();
            }
            Ok(false) => {}
            Err(error) => tracing::warn!("the list of models was not read anew: {error}"),
        }
        let folder = core.folder();
        let benchmark = core.benchmark();
        let free_bytes = folder.free_bytes();
        let computer = Computer::now(free_bytes, benchmark);
        let models = lock(&core.shelf).list();
        let downloads = core.downloads.list();
        let row = |model: &'static CatalogueModel| {
            let installed = models
                .iter()
                .find(|of| is_from(of, &model.id) && of.path.exists());
            CatalogueRow {
                model,
                fit: fit::judge(model, &computer, installed.is_some()),
                installed: installed.map(|of| of.id.as_str().to_owned()),
                download: downloads
                    .iter()
                    .find(|of| of.catalogue.as_deref() == Some(&model.id))
                    .map(|of| of.id.clone()),
            }
        };
        ModelsOverview {
            catalogue: catalogue().iter().map(row).collect(),
            used_bytes: models
                .iter()
                .filter(|model| model.owned)
                .map(|model| model.bytes)
                .sum(),
            downloads,
            folder,
            free_bytes,
            benchmark,
            // After those that are not done: one that ends meanwhile is in both, not in neither.
            finished: core.downloads.finished(),
            host: core.hub_host(),
        }
    }

    /// Brings in a model file or folder: used where it lies, or copied into Tern's folder. Its
    /// files are hashed; where they are used in place, that goes on after the call. One that is
    /// copied is listed meanwhile, with how far it is.
    ///
    /// # Errors
    /// [`AppError::Models`] when it is not a model or can't be copied, [`AppError::Load`] when it
    /// is one Tern can't open, [`AppError::ModelInUse`] while it is copied already.
    pub fn import_model(&self, path: &Path, copy: bool) -> Result<ModelInfo, AppError> {
        let source = tern_engine::ModelSource::from_path(path)?;
        // Reads the header only, so a foreign or damaged file is refused before it is listed.
        tern_engine::inspect(&source)?;
        let core = &self.core;
        let added = if copy {
            copy_model(core, path)?
        } else {
            let added = lock(&core.shelf).add(path)?;
            if added.record.is_none() {
                record(core, added.clone());
            }
            added
        };
        core.tell_models();
        core.model(added.id.as_str())
    }

    /// Compares a model's files with what they were when they came.
    ///
    /// # Errors
    /// [`AppError::Models`] names the first file that differs.
    pub fn verify_model(&self, id: &str) -> Result<(), AppError> {
        let model = self.core.installed(id)?;
        let bytes = model.record.as_ref().map_or(0, tern_models::Record::bytes);
        self.core
            .work(id, WorkKind::Verifying, bytes, |control, went| {
                Ok(Shelf::verify(&model, control, went)?)
            })
    }

    /// Ends what is done with a model's files.
    pub fn stop_model_work(&self, id: &str) {
        if let Some(work) = lock(&self.core.works.0).get(id) {
            work.control.cancel();
        }
    }

    /// Takes a model off the list and deletes its files if Tern put them there. New chats use the
    /// Guide if it was the selected one; chats that used it say so when they are asked again.
    ///
    /// # Errors
    /// [`AppError::ModelInUse`] while it is read or answers, [`AppError::Models`],
    /// [`AppError::History`].
    pub fn remove_model(&self, id: &str) -> Result<Vec<ModelInfo>, AppError> {
        let model = self.core.installed(id)?;
        if self.core.is_busy(id) {
            return Err(AppError::ModelInUse { name: model.name });
        }
        // Nothing may read its files when they go.
        self.unload_and_wait(Some(id));
        lock(&self.core.shelf).remove(&ModelId::new(id))?;
        self.core.leave_removed_model()?;
        self.core.tell_models();
        Ok(self.core.models())
    }

    /// Takes whatever model is in memory out of it.
    pub fn unload_model(&self) {
        self.unload_and_wait(None);
    }

    fn unload_and_wait(&self, id: Option<&str>) {
        let (done, wait) = mpsc::channel();
        self.submit(Job::Unload {
            model_id: id.map(str::to_owned),
            done,
        });
        // A worker that is gone has nothing in memory.
        let _ = wait.recv();
    }

    /// Chooses the folder for downloads. With `bring`, the models Tern put into the old one come
    /// along, checked.
    ///
    /// # Errors
    /// [`AppError::DownloadsRunning`] while something is downloaded into the old one,
    /// [`AppError::ModelInUse`], [`AppError::Models`].
    pub fn set_models_folder(&self, path: &Path, bring: bool) -> Result<(), AppError> {
        let core = &self.core;
        let folder = ModelsFolder::new(path);
        if !core.downloads.list().is_empty() {
            return Err(AppError::DownloadsRunning);
        }
        if bring {
            let old = core.folder();
            let models = lock(&core.shelf).list();
            let ours = |of: &&InstalledModel| of.owned && of.path.starts_with(old.path());
            for model in models.iter().filter(ours) {
                let id = model.id.as_str();
                if core.is_busy(id) {
                    return Err(AppError::ModelInUse {
                        name: model.name.clone(),
                    });
                }
                self.unload_and_wait(Some(id));
                core.work(id, WorkKind::Moving, model.bytes, |control, went| {
                    let path = move_in(&folder, model, control, went)?;
                    Ok(lock(&core.shelf).relocate(&model.id, &path)?)
                })?;
            }
        }
        lock(&core.shelf).set_folder(&folder)?;
        lock(&core.shelf).adopt(&folder)?;
        core.tell_models();
        Ok(())
    }

    /// Measures how fast this computer writes, with a model of random weights: about ten seconds
    /// and a gigabyte of memory. What is in memory makes way.
    ///
    /// # Errors
    /// [`AppError::TooLittleMemory`], [`AppError::Busy`] while an answer is written,
    /// [`AppError::Engine`].
    pub fn run_benchmark(&self) -> Result<Benchmark, AppError> {
        if lock(&self.core.answers).any_running() {
            return Err(AppError::Busy);
        }
        let free = Computer::now(None, None).free_memory;
        if free > 0 && free < BENCHMARK_MEMORY {
            return Err(AppError::TooLittleMemory {
                needed: BENCHMARK_MEMORY,
                free,
            });
        }
        let threads = lock(&self.core.settings).engine_threads();
        let (done, wait) = mpsc::channel();
        self.submit(Job::Benchmark { threads, done });
        let measured = wait.recv().unwrap_or(Err(AppError::EngineFailed {
            detail: "the measurement ended early".to_owned(),
        }))?;
        let json = serde_json::to_string(&measured).expect("plain numbers become JSON");
        self.core.history.set_setting(BENCHMARK_KEY, &json)?;
        Ok(measured)
    }
}

/// Whether a model came from this entry of the catalogue.
fn is_from(model: &InstalledModel, catalogue: &str) -> bool {
    let origin = model
        .record
        .as_ref()
        .and_then(|record| record.origin.as_ref());
    origin.is_some_and(|origin| origin.catalogue.as_deref() == Some(catalogue))
}

/// Copies a model into Tern's folder. What it will be on the list is not known before the end, so
/// until then it goes by the path it comes from, which no id looks like.
fn copy_model(core: &Core, path: &Path) -> Result<InstalledModel, AppError> {
    let id = format!("copy of {}", path.display());
    let candidate = Candidate::at(path)?;
    let bytes = candidate.bytes;
    let newcomer = ModelInfo::newcomer(&id, path, candidate);
    core.work_on(
        &id,
        Some(newcomer),
        WorkKind::Copying,
        bytes,
        |control, went| {
            let (path, record) = copy_in(&core.folder(), path, control, went)?;
            Ok(lock(&core.shelf).add_owned(&path, record)?)
        },
    )
}

/// Hashes a model that is used where it lies, on a thread of its own.
fn record(core: &Arc<Core>, model: InstalledModel) {
    let core = Arc::clone(core);
    let spawned = thread::Builder::new()
        .name("tern-hash".to_owned())
        .spawn(move || {
            let id = model.id.as_str();
            let hashed = core.work(id, WorkKind::Recording, model.bytes, |control, went| {
                let record = Shelf::hash(&model, control, went)?;
                Ok(lock(&core.shelf).keep_record(&model.id, record)?)
            });
            if let Err(error) = hashed {
                tracing::info!("{} has no record: {error}", model.name);
            }
        });
    if let Err(error) = spawned {
        tracing::warn!("no thread for hashing: {error}");
    }
}

impl Core {
    pub(crate) fn tell_models(&self) {
        self.emit(AppEvent::ModelsChanged(self.models()));
    }

    fn installed(&self, id: &str) -> Result<InstalledModel, AppError> {
        let found = lock(&self.shelf).find(&ModelId::new(id));
        found.ok_or_else(|| AppError::UnknownModel { id: id.to_owned() })
    }

    /// New chats use the Guide once the selected model is off the list.
    fn leave_removed_model(&self) -> Result<(), AppError> {
        let selected = lock(&self.selected_model).clone();
        if selected != GUIDE_ID && self.installed(&selected).is_err() {
            self.history.set_setting(SELECTED_MODEL_KEY, GUIDE_ID)?;
            *lock(&self.selected_model) = GUIDE_ID.to_owned();
        }
        Ok(())
    }

    fn benchmark(&self) -> Option<Benchmark> {
        serde_json::from_str(&self.history.setting(BENCHMARK_KEY).ok()??).ok()
    }

    /// Whether a model is being read, answers, or is worked on.
    fn is_busy(&self, id: &str) -> bool {
        let answers = lock(&self.answers).any_running();
        let reads = self.with_engine(|engine| {
            let loaded = engine.loaded.as_ref().is_some_and(|loaded| loaded.id == id);
            engine.loading.as_deref() == Some(id) || (loaded && answers)
        });
        reads || self.works.of(id).is_some()
    }

    /// Does something with a model's files, told of in the list of models.
    fn work<T>(
        &self,
        id: &str,
        kind: WorkKind,
        total_bytes: u64,
        does: impl FnOnce(&Control, &mut dyn FnMut(u64)) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        self.work_on(id, None, kind, total_bytes, does)
    }

    /// Likewise with a model that is not on the list: it is shown as `newcomer` until the end.
    fn work_on<T>(
        &self,
        id: &str,
        newcomer: Option<ModelInfo>,
        kind: WorkKind,
        total_bytes: u64,
        does: impl FnOnce(&Control, &mut dyn FnMut(u64)) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let control = Control::default();
        let work = Work {
            shown: ModelWork {
                kind,
                done_bytes: 0,
                total_bytes,
            },
            control: control.clone(),
            newcomer,
        };
        {
            let mut works = lock(&self.works.0);
            if works.contains_key(id) {
                return Err(AppError::ModelInUse {
                    name: id.to_owned(),
                });
            }
            works.insert(id.to_owned(), work);
        }
        self.tell_models();
        let mut told = Instant::now();
        let done = does(&control, &mut |bytes| {
            if let Some(work) = lock(&self.works.0).get_mut(id) {
                work.shown.done_bytes += bytes;
            }
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                self.tell_models();
            }
        });
        lock(&self.works.0).remove(id);
        self.tell_models();
        done
    }
}
