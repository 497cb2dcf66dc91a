//! The program: every command a face can give, each safe to call from any thread.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use tern_history::{ConversationId, History, HistoryError};
use tern_models::{ModelId, ModelsError, NetworkSettings, Shelf};
use tokio::sync::mpsc::unbounded_channel;

use crate::deltas::Deltas;
use crate::event::{AppEvent, Status};
use crate::guide::GUIDE_ID;
use crate::live::{Core, lock};
use crate::settings::{SELECTED_MODEL_KEY, SETTINGS_KEY};
use crate::worker::{Job, Worker};
use crate::{AppError, ConnectionLog, ModelInfo, Settings, downloads};

/// Receives what the program reports; called from its own threads, must not block.
pub type EventSink = Box<dyn Fn(AppEvent) + Send + Sync>;

/// The running program. Dropping it stops the answer under way, keeps its text and joins
/// every thread.
pub struct App {
    pub(crate) core: Arc<Core>,
    data_dir: PathBuf,
    /// Held while a chat's messages change, so that two calls can't both find it idle.
    pub(crate) changing: Mutex<()>,
    // Dropped in this order: the worker ends first, then nothing feeds the deltas thread.
    worker: Option<Worker>,
    deltas: Option<JoinHandle<()>>,
}

impl App {
    /// Opens the data folder (made if missing), starts the threads and warms the Guide up if it
    /// is the selected model.
    ///
    /// # Errors
    /// [`AppError::History`] or [`AppError::Models`] when the data folder can't be used,
    /// [`AppError::Thread`] when a thread can't be started.
    pub fn open(data_dir: &Path, events: EventSink) -> Result<Self, AppError> {
        let history = History::open(data_dir)?;
        let mut shelf = Shelf::open(data_dir)?;
        let folder = shelf.folder();
        // A list that can't be saved now is no reason not to start.
        if let Err(error) = shelf.adopt(&folder) {
            tracing::warn!("downloaded models could not be listed: {error}");
        }
        let mut settings = stored_settings(&history)?;
        let network_problem = read_network(data_dir, &mut settings.network).err();
        let selected = history
            .setting(SELECTED_MODEL_KEY)?
            .filter(|id| id == GUIDE_ID || shelf.find(&ModelId::new(id)).is_some())
            .unwrap_or_else(|| GUIDE_ID.to_owned());
        let core = Arc::new(Core::new(history, shelf, settings, selected, events));

        let (steps, queue) = unbounded_channel();
        let unload_after = Arc::clone(&core.unload_after);
        let worker = Worker::start(steps, unload_after).map_err(AppError::Thread)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(AppError::Thread)?;
        let deltas = Deltas::new(Arc::clone(&core));
        let deltas = thread::Builder::new()
            .name("tern-deltas".to_owned())
            .spawn(move || runtime.block_on(deltas.run(queue)))
            .map_err(AppError::Thread)?;
        let app = Self {
            core,
            data_dir: data_dir.to_path_buf(),
            changing: Mutex::default(),
            worker: Some(worker),
            deltas: Some(deltas),
        };
        app.core.tell_history_notes();
        if let Some(error) = network_problem {
            app.core.emit(AppEvent::Problem(error.into()));
        }
        downloads::go_on(&app.core);
        // Only the Guide: it is a few MB. A large model is read when its first answer is asked for.
        if *lock(&app.core.selected_model) == GUIDE_ID {
            app.warm(ModelInfo::guide());
        }
        Ok(app)
    }

    /// The data folder in use.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The person's settings.
    pub fn settings(&self) -> Settings {
        lock(&self.core.settings).clone()
    }

    /// Checks and stores the settings; answers started later use them.
    ///
    /// # Errors
    /// [`AppError::Setting`] for a value out of range, [`AppError::History`], [`AppError::Models`] for
    /// how the network is reached.
    pub fn set_settings(&self, settings: Settings) -> Result<(), AppError> {
        settings.validate()?;
        // First, as the offline lock may be in it.
        if lock(&self.core.settings).network != settings.network {
            settings.network.write(&self.data_dir)?;
        }
        let json = serde_json::to_string(&settings).expect("plain numbers and texts become JSON");
        self.core.history.set_setting(SETTINGS_KEY, &json)?;
        let unload_after = settings.unload_after_seconds();
        self.core
            .unload_after
            .store(unload_after, Ordering::Relaxed);
        let offline = settings.network.offline;
        let before = std::mem::replace(&mut *lock(&self.core.settings), settings);
        if before.network.offline != offline {
            downloads::lock_changed(&self.core, offline);
        }
        Ok(())
    }

    /// Every model that can be chosen, the Guide first.
    pub fn models(&self) -> Vec<ModelInfo> {
        self.core.models()
    }

    /// Makes a model the one for new chats, and for one existing chat if given, and starts
    /// reading it into memory.
    ///
    /// # Errors
    /// [`AppError::UnknownModel`], [`AppError::ModelMissing`], [`AppError::Load`] when its file
    /// is not one Tern can open, [`AppError::History`].
    pub fn select_model(
        &self,
        id: &str,
        conversation: Option<&ConversationId>,
    ) -> Result<Vec<ModelInfo>, AppError> {
        let model = self.core.model(id)?;
        model.source()?;
        if let Some(conversation) = conversation {
            self.core
                .of_chat(conversation)
                .set_model(conversation, id)?;
            self.core.emit_row(conversation);
        }
        self.core.history.set_setting(SELECTED_MODEL_KEY, id)?;
        *lock(&self.core.selected_model) = model.id.clone();
        self.warm(model);
        Ok(self.core.models())
    }

    /// What left this computer since the start; asks the system for open connections.
    pub fn connections(&self) -> ConnectionLog {
        self.core
            .connections
            .check(self.core.downloads.any_running())
    }

    /// Notes a link that the face handed to the browser.
    pub fn note_link(&self, url: &str) {
        self.core.connections.note_link(url);
    }

    /// Memory and threads right now.
    pub fn status(&self) -> Status {
        self.core.status(None)
    }

    fn warm(&self, model: ModelInfo) {
        let threads = lock(&self.core.settings).engine_threads();
        self.submit(Job::Warm {
            model: Box::new(model),
            threads,
        });
    }

    pub(crate) fn submit(&self, job: Job) {
        if let Some(worker) = &self.worker {
            worker.submit(job);
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        lock(&self.core.answers).stop_all();
        self.core.works.stop_all();
        self.core.downloads.end_all();
        self.worker = None;
        if let Some(deltas) = self.deltas.take() {
            let _ = deltas.join();
        }
    }
}

/// The stored settings; ones that can't be read give the defaults rather than no program.
fn stored_settings(history: &History) -> Result<Settings, HistoryError> {
    let Some(json) = history.setting(SETTINGS_KEY)? else {
        return Ok(Settings::default());
    };
    let settings = serde_json::from_str::<Settings>(&json).ok();
    let settings = settings.filter(|settings| settings.validate().is_ok());
    if settings.is_none() {
        tracing::warn!("stored settings can't be read; using the defaults");
    }
    Ok(settings.unwrap_or_default())
}

/// Reads how the network may be reached; where that can't be read, the offline lock is on. What the
/// history says of it is an older version's word, and gets its file now; it counts also when the file
/// can't be written.
fn read_network(data_dir: &Path, network: &mut NetworkSettings) -> Result<(), ModelsError> {
    match NetworkSettings::read(data_dir) {
        Ok(Some(found)) => *network = found,
        Ok(None) if *network != NetworkSettings::default() => network.write(data_dir)?,
        Ok(None) => {}
        Err(error) => {
            *network = NetworkSettings {
                offline: true,
                ..NetworkSettings::default()
            };
            return Err(error);
        }
    }
    Ok(())
}
