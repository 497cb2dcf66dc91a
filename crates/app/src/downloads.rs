//! Downloads under way, each on a thread of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tern_models::{
    Begun, Control, Endpoint, ModelsError, ModelsFolder, Network, Patience, Progress, Setback,
    Stage, TokenSource, Wish,
};

use crate::live::{Core, lock};
use crate::{App, AppError, AppEvent, token};

/// How often the face hears of a download, or of work on files, that goes on.
pub(crate) const TELL_EVERY: Duration = Duration::from_millis(250);

/// A download, as it is shown.
#[derive(Clone, Debug)]
pub struct DownloadInfo {
    /// Its name for the program.
    pub id: String,
    /// Name of the model.
    pub name: String,
    /// The model's id in the catalogue, if it was chosen there.
    pub catalogue: Option<String>,
    /// Repository, `owner/name`.
    pub repo: String,
    /// The hub it comes from.
    pub host: String,
    /// What it does.
    pub state: DownloadState,
    /// Bytes that are there.
    pub done_bytes: u64,
    /// Bytes in all; 0 until the hub has said.
    pub total_bytes: u64,
    /// Over the last seconds.
    pub bytes_per_second: Option<f64>,
    /// At that speed.
    pub seconds_left: Option<f64>,
}

/// What a download does.
#[derive(Clone, Debug)]
pub enum DownloadState {
    /// Asking the hub what there is.
    Asking,
    /// Bytes arrive.
    Fetching,
    /// Nothing arrives; Tern tries again by itself.
    Waiting {
        /// Why.
        setback: Setback,
        /// Seconds until the next try.
        seconds: u64,
    },
    /// Everything is there and is compared with what it should be.
    Checking,
    /// The person paused it.
    Paused,
    /// It ended; what is there is kept, and it can be tried again.
    Failed(Arc<AppError>),
}

/// Every download that is not done, and those that were done since the start, the newest last.
#[derive(Default)]
pub(crate) struct Downloads {
    begun: Mutex<BTreeMap<String, Entry>>,
    finished: Mutex<Vec<DownloadInfo>>,
}

struct Entry {
    wish: Wish,
    info: DownloadInfo,
    running: Option<Running>,
    told: Instant,
}

struct Running {
    control: Control,
    /// It was told to end: what it still reports is old.
    told_to_end: bool,
    thread: Option<JoinHandle<()>>,
}

impl Entry {
    /// Tells the download to end, if it runs; the thread is to be waited for without the lock.
    fn end(&mut self) -> Option<JoinHandle<()>> {
        let running = self.running.as_mut()?;
        running.told_to_end = true;
        running.control.pause();
        running.thread.take()
    }
}

impl Downloads {
    pub(crate) fn list(&self) -> Vec<DownloadInfo> {
        lock(&self.begun)
            .values()
            .map(|entry| entry.info.clone())
            .collect()
    }

    /// Those that were done since the start: a face may not have been there to see it.
    pub(crate) fn finished(&self) -> Vec<DownloadInfo> {
        lock(&self.finished).clone()
    }

    pub(crate) fn any_running(&self) -> bool {
        lock(&self.begun)
            .values()
            .any(|entry| entry.running.is_some())
    }

    /// Ends every download and waits for its last write.
    pub(crate) fn end_all(&self) {
        let ended: Vec<_> = lock(&self.begun).values_mut().map(Entry::end).collect();
        wait_for(ended.into_iter().flatten());
    }
}

/// A download that panicked has left its files as a kill would.
fn wait_for(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        let _ = thread.join();
    }
}

impl App {
    /// Starts the download of a model: an id of the catalogue, or
    /// `owner/name[@revision][:file.gguf]`. One that was begun goes on.
    ///
    /// # Errors
    /// [`AppError::Offline`] while the offline lock is on, [`AppError::Models`] for a name that is
    /// none, [`AppError::HereAlready`]. What happens later is told by [`AppEvent::DownloadsChanged`].
    pub fn start_download(&self, wish: &str) -> Result<DownloadInfo, AppError> {
        let wish = Wish::parse(wish.trim())?;
        if let Some(model) = lock(&self.core.shelf).find_fetched(&wish) {
            return Err(AppError::HereAlready { name: model.name });
        }
        let id = wish.folder_name();
        start(&self.core, wish)?;
        let list = self.core.downloads.list();
        let found = list.into_iter().find(|download| download.id == id);
        found.ok_or(AppError::NoDownload)
    }

    /// Stops a download and keeps what is there, also over the next start of Tern.
    ///
    /// # Errors
    /// [`AppError::NoDownload`], [`AppError::Models`] when that can't be written down.
    pub fn pause_download(&self, id: &str) -> Result<Vec<DownloadInfo>, AppError> {
        if let Some(entry) = lock(&self.core.downloads.begun).get_mut(id) {
            entry.info.state = DownloadState::Paused;
        }
        let wish = self.end_download(id)?;
        tern_models::keep_paused(&self.core.folder(), &wish, true)?;
        self.core.tell_downloads();
        Ok(self.core.downloads.list())
    }

    /// Lets a download go on that is paused or has failed.
    ///
    /// # Errors
    /// As [`start_download`](Self::start_download), and [`AppError::NoDownload`].
    pub fn resume_download(&self, id: &str) -> Result<Vec<DownloadInfo>, AppError> {
        let wish = lock(&self.core.downloads.begun)
            .get(id)
            .map(|entry| entry.wish.clone());
        start(&self.core, wish.ok_or(AppError::NoDownload)?)?;
        Ok(self.core.downloads.list())
    }

    /// Gives a download up and deletes what is there.
    ///
    /// # Errors
    /// [`AppError::NoDownload`], [`AppError::Models`] when another program is at it.
    pub fn cancel_download(&self, id: &str) -> Result<Vec<DownloadInfo>, AppError> {
        let wish = self.end_download(id)?;
        tern_models::discard(&self.core.folder(), &wish)?;
        lock(&self.core.downloads.begun).remove(id);
        self.core.tell_downloads();
        Ok(self.core.downloads.list())
    }

    /// Every download that is not done.
    pub fn downloads(&self) -> Vec<DownloadInfo> {
        self.core.downloads.list()
    }

    /// Tells a download to end and waits until it has.
    fn end_download(&self, id: &str) -> Result<Wish, AppError> {
        let (wish, thread) = {
            let mut downloads = lock(&self.core.downloads.begun);
            let entry = downloads.get_mut(id).ok_or(AppError::NoDownload)?;
            (entry.wish.clone(), entry.end())
        };
        wait_for(thread);
        Ok(wish)
    }
}

impl Core {
    pub(crate) fn folder(&self) -> ModelsFolder {
        lock(&self.shelf).folder()
    }

    pub(crate) fn tell_downloads(&self) {
        self.emit(AppEvent::DownloadsChanged(self.downloads.list()));
    }

    /// How downloads reach the hub, as the person set it.
    fn network(&self) -> Network {
        let settings = lock(&self.settings);
        settings.network.network(TokenSource::new(token::token))
    }

    /// The host downloads come from.
    pub(crate) fn hub_host(&self) -> String {
        let mirror = lock(&self.settings).network.mirror.clone();
        Endpoint::choose(mirror.as_deref()).map_or(String::new(), |hub| hub.host().to_owned())
    }
}

/// Lists the downloads of an earlier run, and lets those go on that may.
pub(crate) fn go_on(core: &Arc<Core>) {
    let begun = tern_models::begun(&core.folder());
    for begun in &begun {
        let mut info = DownloadInfo::new(core, &begun.wish);
        info.follow(&begun.progress);
        info.state = DownloadState::Paused;
        let entry = Entry {
            wish: begun.wish.clone(),
            info,
            running: None,
            told: Instant::now(),
        };
        lock(&core.downloads.begun).insert(begun.wish.folder_name(), entry);
    }
    if !lock(&core.settings).network.offline {
        start_unpaused(core, begun);
    }
}

/// The offline lock was closed or opened.
pub(crate) fn lock_changed(core: &Arc<Core>, offline: bool) {
    if offline {
        core.downloads.end_all();
        core.tell_downloads();
    } else {
        start_unpaused(core, tern_models::begun(&core.folder()));
    }
}

/// Lets downloads go on that the person did not pause.
fn start_unpaused(core: &Arc<Core>, begun: Vec<Begun>) {
    for begun in begun.into_iter().filter(|begun| !begun.paused) {
        if let Err(error) = start(core, begun.wish) {
            tracing::warn!("a download could not go on: {error}");
        }
    }
}

impl DownloadInfo {
    /// A download that was not heard of yet.
    fn new(core: &Core, wish: &Wish) -> Self {
        Self {
            id: wish.folder_name(),
            name: wish.label(),
            catalogue: wish.catalogue.clone(),
            repo: wish.repo.as_str().to_owned(),
            host: core.hub_host(),
            state: DownloadState::Asking,
            done_bytes: 0,
            total_bytes: 0,
            bytes_per_second: None,
            seconds_left: None,
        }
    }

    fn follow(&mut self, progress: &Progress) {
        self.state = match progress.stage.clone() {
            Stage::Asking => DownloadState::Asking,
            Stage::Fetching => DownloadState::Fetching,
            Stage::Waiting { setback, seconds } => DownloadState::Waiting { setback, seconds },
            Stage::Checking => DownloadState::Checking,
        };
        (self.done_bytes, self.total_bytes) = (progress.done, progress.total);
        self.bytes_per_second = progress.bytes_per_second;
        self.seconds_left = progress.seconds_left();
    }
}

fn start(core: &Arc<Core>, wish: Wish) -> Result<(), AppError> {
    if lock(&core.settings).network.offline {
        return Err(AppError::Offline);
    }
    let id = wish.folder_name();
    // An address or proxy that is none is said at once, not in a list.
    let network = core.network();
    Endpoint::choose(network.endpoint.as_deref())?;
    let mut downloads = lock(&core.downloads.begun);
    if downloads
        .get(&id)
        .is_some_and(|entry| entry.running.is_some())
    {
        return Ok(());
    }
    let mut info = DownloadInfo::new(core, &wish);
    if let Some(known) = downloads.get(&id) {
        (info.done_bytes, info.total_bytes) = (known.info.done_bytes, known.info.total_bytes);
    }
    let control = Control::default();
    let entry = Entry {
        info,
        wish: wish.clone(),
        running: Some(Running {
            control: control.clone(),
            told_to_end: false,
            thread: None,
        }),
        told: Instant::now(),
    };
    let of_thread = (Arc::clone(core), id.clone());
    let thread = thread::Builder::new()
        .name("tern-download".to_owned())
        .spawn(move || {
            let (core, id) = of_thread;
            run(&core, &id, &wish, network, &control);
        })
        .map_err(AppError::Thread)?;
    let entry = downloads.entry(id).insert_entry(entry).into_mut();
    if let Some(running) = &mut entry.running {
        running.thread = Some(thread);
    }
    drop(downloads);
    core.tell_downloads();
    Ok(())
}

fn run(core: &Arc<Core>, id: &str, wish: &Wish, network: Network, control: &Control) {
    let folder = core.folder();
    core.connections.note_download(&core.hub_host());
    let mut report = |progress: Progress| {
        let mut downloads = lock(&core.downloads.begun);
        let Some(entry) = downloads.get_mut(id) else {
            return;
        };
        if entry.running.as_ref().is_none_or(|it| it.told_to_end) {
            return;
        }
        let before = std::mem::discriminant(&entry.info.state);
        entry.info.follow(&progress);
        let same = before == std::mem::discriminant(&entry.info.state);
        if same && entry.told.elapsed() < TELL_EVERY {
            return;
        }
        entry.told = Instant::now();
        drop(downloads);
        core.tell_downloads();
    };
    let unpaused = tern_models::keep_paused(&folder, wish, false);
    let fetched = unpaused.and_then(|()| {
        tern_models::fetch(
            &folder,
            wish,
            &network,
            Patience::default(),
            control,
            &mut report,
        )
    });
    let added =
        fetched.and_then(|fetched| lock(&core.shelf).add_owned(&fetched.path, fetched.record));
    let mut downloads = lock(&core.downloads.begun);
    match added {
        Ok(_) => {
            let done = downloads.remove(id).map(|entry| entry.info);
            lock(&core.downloads.finished).extend(done);
        }
        Err(error) => {
            if let Some(entry) = downloads.get_mut(id) {
                entry.running = None;
                (entry.info.bytes_per_second, entry.info.seconds_left) = (None, None);
                entry.info.state = match error {
                    ModelsError::Paused | ModelsError::Cancelled => DownloadState::Paused,
                    error => DownloadState::Failed(Arc::new(error.into())),
                };
            }
        }
    }
    drop(downloads);
    // First that the model is there, then that its download is over: a face asks in this order.
    core.tell_models();
    core.tell_downloads();
}
