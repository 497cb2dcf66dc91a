//! Downloads: what is asked of the hub, and how its files get here whole.
//!
//! [`fetch`] blocks until the model has its place or something keeps it from ever getting it. It
//! goes on where an earlier run was interrupted, however that ended.

mod http;
mod plan;
mod progress;
mod ranges;
mod state;
mod token;
mod transfer;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::http::{Failure, Http};
use self::plan::{Plan, PlannedFile};
use self::progress::Meter;
use self::state::StateFile;
use crate::folder::{DownloadPlace, RECORD, make_folder, open_own, write_json};
use crate::hash::to_hex;
use crate::record::{Origin, Record, RecordedFile};
use crate::{ModelsError, ModelsFolder, Setback, names};

pub use http::{Network, Patience};
pub use plan::Wish;
pub(crate) use progress::Order;
pub use progress::{Control, Progress, Stage};
pub use token::TokenSource;

/// Threads that take bytes from connections and write them: while one waits for the disk, the
/// other takes.
const RECEIVERS: usize = 2;

/// A model that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The GGUF file, or the folder.
    pub path: PathBuf,
    /// What its files are.
    pub record: Record,
}

/// Fetches a model into `folder`. `report` hears how it goes, at most ten times a second, on this
/// thread.
///
/// # Errors
/// [`ModelsError::Paused`] and [`ModelsError::Cancelled`] as `control` says; otherwise what keeps
/// the model from being fetched. Losing the connection is not among them: it is waited for.
pub fn fetch(
    folder: &ModelsFolder,
    wish: &Wish,
    network: &Network,
    patience: Patience,
    control: &Control,
    report: &mut dyn FnMut(Progress),
) -> Result<Fetched, ModelsError> {
    let http = Arc::new(Http::new(network, patience)?);
    let name = wish.folder_name();
    let place = folder.download(&name)?;
    let lock = place.lock()?;
    if let Some(fetched) = placed_before(folder, &place, wish) {
        place.remove();
        return Ok(fetched);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(RECEIVERS)
        .enable_all()
        .build()
        .map_err(|error| ModelsError::folder(folder.path(), error))?;
    let fetched = runtime.block_on(run(&place, folder, wish, &http, control, report));
    let done = fetched.and_then(|record| {
        let path = folder.promote(&place, &name)?;
        Ok(Fetched {
            path: model_path(&path, &record),
            record,
        })
    });
    drop(lock);
    if matches!(done, Err(ModelsError::Cancelled)) {
        place.remove();
    }
    done
}

/// What an earlier run fetched that was killed after the model had its place and before its
/// download was cleared up.
fn placed_before(folder: &ModelsFolder, place: &DownloadPlace, wish: &Wish) -> Option<Fetched> {
    let plan = Plan::read(place).filter(|plan| plan.wish == *wish)?;
    let left = |file: &PlannedFile| file.done.is_some() && !is_there(place, file);
    if !plan.files.iter().all(left) {
        return None;
    }
    let record = record(&plan);
    let mut whole = folder.whole().into_iter();
    let home = whole.find(|home| Record::of_folder(home).as_ref() == Some(&record))?;
    Some(Fetched {
        path: model_path(&home, &record),
        record,
    })
}

/// A download that was begun and is not done.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    /// What it is to fetch.
    pub wish: Wish,
    /// How far it is.
    pub progress: Progress,
    /// The person paused it; otherwise it goes on by itself.
    pub paused: bool,
}

/// Downloads that were begun in `folder` and are not done.
pub fn begun(folder: &ModelsFolder) -> Vec<Begun> {
    let names = folder.begun();
    let plans = names.iter().filter_map(|name| {
        let place = folder.download(name).ok()?;
        let plan = Plan::read(&place)?;
        let done = (0..plan.files.len())
            .map(|at| there(&place, &plan, at))
            .sum();
        let progress = Progress {
            stage: Stage::Fetching,
            done,
            total: plan.bytes(),
            bytes_per_second: None,
        };
        // A folder somebody renamed is not the download of its wish any more.
        (plan.wish.folder_name() == *name).then_some(Begun {
            paused: place.paused().exists(),
            wish: plan.wish,
            progress,
        })
    });
    plans.collect()
}

/// Remembers that the person paused a download, or that they want it to go on.
///
/// # Errors
/// [`ModelsError::Folder`] when it can't be written down.
pub fn keep_paused(folder: &ModelsFolder, wish: &Wish, paused: bool) -> Result<(), ModelsError> {
    let mark = folder.download(&wish.folder_name())?.paused();
    let kept = match paused {
        true => fs::write(&mark, b""),
        false if mark.exists() => fs::remove_file(&mark),
        false => Ok(()),
    };
    kept.map_err(|error| ModelsError::folder(&mark, error))
}

/// Throws a download away that no one is at.
///
/// # Errors
/// [`ModelsError::FetchedElsewhere`] if someone is.
pub fn discard(folder: &ModelsFolder, wish: &Wish) -> Result<(), ModelsError> {
    let place = folder.download(&wish.folder_name())?;
    let lock = place.lock()?;
    drop(lock);
    place.remove();
    Ok(())
}

/// What to open of a model's folder.
pub(crate) fn model_path(folder: &Path, record: &Record) -> PathBuf {
    match record.files.as_slice() {
        [only] if only.path.to_lowercase().ends_with(".gguf") => {
            names::below(folder, &only.path).unwrap_or_else(|_| folder.to_path_buf())
        }
        _ => folder.to_path_buf(),
    }
}

fn stop_error(control: &Control) -> ModelsError {
    match control.order() {
        Order::Cancel => ModelsError::Cancelled,
        Order::Go | Order::Pause => ModelsError::Paused,
    }
}

async fn run(
    place: &DownloadPlace,
    folder: &ModelsFolder,
    wish: &Wish,
    http: &Arc<Http>,
    control: &Control,
    report: &mut dyn FnMut(Progress),
) -> Result<Record, ModelsError> {
    let mut plan = match Plan::read(place).filter(|plan| plan.wish == *wish) {
        Some(plan) => plan,
        None => {
            let plan = ask(http, wish, control, report).await?;
            write_json(&place.plan(), &plan)?;
            plan
        }
    };
    place.keep_only(plan.files.iter().map(|file| file.path.as_str()))?;
    for (at, file) in plan.files.iter_mut().enumerate() {
        if file.done.is_some() && !is_there(place, file) {
            file.done = None;
            let _ = fs::remove_file(state_path(place, at));
        }
    }
    let had: u64 = (0..plan.files.len())
        .map(|at| there(place, &plan, at))
        .sum();
    let missing = plan.bytes().saturating_sub(had);
    folder.require_room(missing, plan.bytes())?;
    let (mut meter, total) = (Meter::default(), plan.bytes());
    let mut before = 0;
    for at in 0..plan.files.len() {
        let file = plan.files[at].clone();
        if file.done.is_none() {
            let wanted = wanted(place, http, &plan, at)?;
            let mut pulse = |pulse: transfer::Pulse| {
                let done = before + pulse.done;
                let bytes_per_second = meter.speed(Instant::now(), done);
                let stage = match pulse.waiting {
                    Some((setback, wait)) => waiting(setback, wait),
                    None if pulse.checking => Stage::Checking,
                    None => Stage::Fetching,
                };
                report(Progress {
                    bytes_per_second: bytes_per_second.filter(|_| stage == Stage::Fetching),
                    stage,
                    done,
                    total,
                });
            };
            let sha256 = transfer::fetch(Arc::clone(http), wanted, control, &mut pulse).await?;
            let sha256 = to_hex(&sha256);
            if file.contradicts(&sha256) {
                let _ = fs::remove_file(names::below(&place.files(), &file.path)?);
                return Err(ModelsError::NotAsRecorded {
                    file: file.path,
                    what: "the hash",
                });
            }
            plan.files[at].done = Some(sha256);
            write_json(&place.plan(), &plan)?;
        }
        before += file.bytes;
    }
    if control.order() != Order::Go {
        return Err(stop_error(control));
    }
    let record = record(&plan);
    write_json(&place.files().join(RECORD), &record)?;
    Ok(record)
}

/// Whether a file lies where it is fetched to, in its whole length.
fn is_there(place: &DownloadPlace, file: &PlannedFile) -> bool {
    let path = names::below(&place.files(), &file.path);
    let found = path.ok().and_then(|path| fs::symlink_metadata(path).ok());
    found.is_some_and(|found| found.is_file() && found.len() == file.bytes)
}

/// Asks the hub what there is, as often as it takes.
async fn ask(
    http: &Http,
    wish: &Wish,
    control: &Control,
    report: &mut dyn FnMut(Progress),
) -> Result<Plan, ModelsError> {
    let mut nothing = |stage| {
        report(Progress {
            stage,
            done: 0,
            total: 0,
            bytes_per_second: None,
        });
    };
    let (mut setbacks, mut nonsense) = (0_u32, 0_u32);
    loop {
        nothing(Stage::Asking);
        let asked = tokio::select! {
            asked = Plan::ask(http, wish) => asked,
            () = control.stopped() => return Err(stop_error(control)),
        };
        let (setback, wait) = match asked {
            Ok(plan) => return Ok(plan),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Passing(setback, wait)) => (setback, wait),
            Err(Failure::StartOver(setback)) => (setback, None),
        };
        if setback.is_stubborn() {
            nonsense += 1;
            if nonsense >= http.patience.nonsense {
                return Err(http.undelivered(setback));
            }
        }
        setbacks += 1;
        let wait = http.patience.wait(setbacks, wait);
        nothing(waiting(setback, wait));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = control.stopped() => return Err(stop_error(control)),
        }
    }
}

fn waiting(setback: Setback, wait: Duration) -> Stage {
    Stage::Waiting {
        setback,
        seconds: wait.as_millis().div_ceil(1000) as u64,
    }
}

fn wanted(
    place: &DownloadPlace,
    http: &Http,
    plan: &Plan,
    at: usize,
) -> Result<transfer::Wanted, ModelsError> {
    let file = &plan.files[at];
    let path = names::below(&place.files(), &file.path)?;
    let parents: Vec<&Path> = path
        .ancestors()
        .skip(1)
        .take_while(|parent| *parent != place.files())
        .collect();
    for parent in parents.into_iter().rev() {
        make_folder(parent)?;
    }
    let bytes = open_own(&path)?;
    let fail = |error| ModelsError::folder(&path, error);
    let found_size = bytes.metadata().map_err(fail)?.len();
    let states = state_path(place, at);
    let opened = StateFile::open(open_own(&states)?, file.bytes);
    let (state, found) = opened.map_err(|error| ModelsError::folder(&states, error))?;
    // A file that lost its length lost its bytes, too.
    let found = found.filter(|_| found_size == file.bytes);
    bytes.set_len(file.bytes).map_err(fail)?;
    Ok(transfer::Wanted {
        url: http.endpoint.join(&[
            plan.wish.repo.as_str(),
            "resolve",
            plan.commit.as_str(),
            &file.path,
        ]),
        commit: plan.commit.as_str().to_owned(),
        bytes: file.bytes,
        check: file.check()?,
        name: file.path.clone(),
        path,
        file: bytes,
        state,
        found,
    })
}

fn state_path(place: &DownloadPlace, at: usize) -> PathBuf {
    place.states().join(format!("{at}.state"))
}

/// Bytes of a file that are there from an earlier run.
fn there(place: &DownloadPlace, plan: &Plan, at: usize) -> u64 {
    let file = &plan.files[at];
    if file.done.is_some() {
        return file.bytes;
    }
    let opened = fs::File::open(state_path(place, at)).ok();
    let state = opened.and_then(|opened| StateFile::open(opened, file.bytes).ok()?.1);
    state.map_or(0, |state| state.there.bytes())
}

fn record(plan: &Plan) -> Record {
    let mut files: Vec<RecordedFile> = plan
        .files
        .iter()
        .map(|file| RecordedFile {
            path: file.path.clone(),
            bytes: file.bytes,
            sha256: file.done.clone().unwrap_or_default(),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Record {
        format: Record::FORMAT,
        name: plan.wish.label(),
        origin: Some(Origin {
            catalogue: plan.wish.catalogue.clone(),
            repo: plan.wish.repo.clone(),
            commit: plan.commit.clone(),
            revision: Some(plan.wish.revision.clone()),
            file: plan.wish.file.clone(),
        }),
        files,
    }
}
