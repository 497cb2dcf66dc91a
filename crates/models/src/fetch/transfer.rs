//! One file: over several connections, through every setback, hashed while it comes.
//!
//! Here is what connections, hash and disk share, and who runs when; `piece.rs` is one request,
//! `disk.rs` the threads that hash and sync what came.

mod disk;
mod piece;

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;
use tokio::task::JoinSet;

use self::disk::{hash_along, sync_along};
use self::piece::piece;
use super::http::{Failure, Http};
use super::progress::Control;
use super::ranges::Ranges;
use super::state::{PartState, StateFile};
use crate::hash::{FileCheck, git_hash_of};
use crate::{ModelsError, Setback};

/// Connections to one file at a time.
const CONNECTIONS: usize = 4;
/// As many do where bytes come fast: more would only make the disk write at more places.
const FEW_CONNECTIONS: usize = 2;
/// How often it is looked at what came.
const TICK: Duration = Duration::from_millis(100);
/// Bytes in a tick that count as fast: at 100 MB a second no server holds a connection back.
const FAST: u64 = 10_000_000;
/// What one request asks for at most: little enough that hashing, which needs the bytes in their
/// order, never falls far behind.
const SPAN: u64 = 32 << 20;
/// After how many bytes at the latest what came is synced: what is left for the end is waited
/// for there.
const SYNC_BYTES: u64 = 64 << 20;
/// How often a file may be started over because it changes on the server.
const MOST_CHANGES: u32 = 3;

/// A file to fetch.
pub(crate) struct Wanted {
    pub(crate) url: Url,
    pub(crate) commit: String,
    pub(crate) bytes: u64,
    pub(crate) check: FileCheck,
    /// Name for people.
    pub(crate) name: String,
    /// Where its bytes go.
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) state: StateFile,
    /// What an earlier run left.
    pub(crate) found: Option<PartState>,
}

/// What is told of a file while it comes.
pub(crate) struct Pulse {
    /// Bytes that are there.
    pub(crate) done: u64,
    /// Set when every connection waits: why, and for how long.
    pub(crate) waiting: Option<(Setback, Duration)>,
    /// Everything is there and is being hashed.
    pub(crate) checking: bool,
}

/// What connections, hash and disk share about a file.
struct Shared {
    http: Arc<Http>,
    url: Url,
    commit: String,
    check: FileCheck,
    bytes: u64,
    name: String,
    path: PathBuf,
    file: File,
    now: Mutex<Now>,
    /// A piece more can be hashed, or it is over.
    more: Condvar,
    /// Enough is there to be synced, or it is over.
    enough: Condvar,
    over: AtomicBool,
}

struct Now {
    state: PartState,
    /// What no connection is at.
    todo: Ranges,
    slots: StateFile,
    unsaved: u64,
    unsynced: u64,
    /// The place the hub led to, and since when.
    link: Option<(Url, Instant)>,
    /// The server gives parts of the file.
    parts: Option<bool>,
    waiting: Vec<(Setback, Instant)>,
    /// Nonsensical answers since the last good one.
    nonsense: u32,
}

impl Now {
    /// Whether syncing is worth it, however long ago it was done.
    fn is_enough(&self) -> bool {
        let whole = self.state.there.bytes() == self.state.size;
        self.unsynced >= SYNC_BYTES || (whole && self.unsynced > 0)
    }
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Now> {
        // What is under the lock is whole at every step.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder_error(&self, error: io::Error) -> ModelsError {
        ModelsError::folder(&self.path, error)
    }
}

/// Fetches a file. Answers with its SHA-256 once it is whole, on the disk, and what it should be.
///
/// # Errors
/// [`ModelsError::Paused`] or [`ModelsError::Cancelled`] as `control` says, both with the state
/// on the disk; otherwise what keeps the file from ever coming.
pub(crate) async fn fetch(
    http: Arc<Http>,
    wanted: Wanted,
    control: &Control,
    pulse: &mut dyn FnMut(Pulse),
) -> Result<[u8; 32], ModelsError> {
    let state = wanted.found.unwrap_or_else(|| PartState::new(wanted.bytes));
    let shared = Arc::new(Shared {
        http,
        url: wanted.url,
        commit: wanted.commit,
        check: wanted.check,
        bytes: wanted.bytes,
        name: wanted.name,
        path: wanted.path,
        file: wanted.file,
        now: Mutex::new(Now {
            todo: state.there.gaps(wanted.bytes),
            parts: None,
            state,
            slots: wanted.state,
            unsaved: 0,
            unsynced: 0,
            link: None,
            waiting: Vec::new(),
            nonsense: 0,
        }),
        more: Condvar::new(),
        enough: Condvar::new(),
        over: AtomicBool::new(false),
    });
    let _ending = Ending(Arc::clone(&shared));
    let (mut changes, mut damages, mut starts, mut whole_only) = (0, 0, 0, false);
    loop {
        shared.over.store(false, Ordering::Release);
        let hashing = tokio::task::spawn_blocking({
            let shared = Arc::clone(&shared);
            move || hash_along(&shared)
        });
        let syncing = tokio::task::spawn_blocking({
            let shared = Arc::clone(&shared);
            move || sync_along(&shared)
        });
        let came = connections(&shared, whole_only.then_some(starts), control, pulse).await;
        let hashed = match came {
            // The hash ends by itself, with the file.
            Ok(()) => follow(&shared, hashing, control, pulse).await,
            Err(failure) => {
                end(&shared);
                let _ = hashing.await;
                Err(failure)
            }
        };
        end(&shared);
        let synced = syncing
            .await
            .unwrap_or_else(|panic| Err(io::Error::other(panic)));
        let setback = match hashed {
            Ok(hash) if is_right(&shared, hash).map_err(|e| shared.folder_error(e))? => {
                synced.map_err(|error| shared.folder_error(error))?;
                return Ok(hash);
            }
            Ok(_) => {
                damages += 1;
                if damages > 1 {
                    return Err(ModelsError::WrongHash {
                        file: shared.name.clone(),
                    });
                }
                Setback::Damaged
            }
            Err(Failure::StartOver(setback)) => {
                changes += u32::from(setback == Setback::Changed);
                if changes > MOST_CHANGES {
                    return Err(shared.http.undelivered(setback));
                }
                whole_only = shared.now().parts == Some(false);
                starts += 1;
                setback
            }
            Err(Failure::Passing(setback, _)) => return Err(shared.http.undelivered(setback)),
            Err(Failure::Final(error)) => return Err(error),
        };
        tracing::info!("{} is started over: {setback}", shared.name);
        start_over(&shared).map_err(|error| shared.folder_error(error))?;
    }
}

/// Lets the threads of a file end, also when whoever is told of progress panics.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        end(&self.0);
    }
}

fn end(shared: &Shared) {
    let _now = shared.now();
    shared.over.store(true, Ordering::Release);
    shared.more.notify_all();
    shared.enough.notify_all();
}

fn start_over(shared: &Shared) -> io::Result<()> {
    let mut now = shared.now();
    now.state = PartState::new(shared.bytes);
    now.todo = now.state.there.gaps(shared.bytes);
    (now.link, now.unsaved, now.unsynced) = (None, 0, 0);
    now.waiting.clear();
    let Now { slots, state, .. } = &mut *now;
    slots.save_latest(state)
}

fn is_right(shared: &Shared, sha256: [u8; 32]) -> io::Result<bool> {
    Ok(match shared.check {
        FileCheck::Sha256(expected) => sha256 == expected,
        FileCheck::Git(expected) => {
            let mut file = File::open(&shared.path)?;
            git_hash_of(&mut file, shared.bytes)? == expected
        }
    })
}

/// Waits for the hash of a file that is all there.
async fn follow(
    shared: &Shared,
    hashing: tokio::task::JoinHandle<io::Result<Option<[u8; 32]>>>,
    control: &Control,
    pulse: &mut dyn FnMut(Pulse),
) -> Result<[u8; 32], Failure> {
    pulse(Pulse {
        done: shared.bytes,
        waiting: None,
        checking: true,
    });
    tokio::pin!(hashing);
    let hashed = tokio::select! {
        hashed = &mut hashing => hashed,
        () = control.stopped() => {
            end(shared);
            let _ = hashing.await;
            return Err(Failure::Final(super::stop_error(control)));
        }
    };
    match hashed {
        Ok(Ok(Some(hash))) => Ok(hash),
        Ok(Ok(None)) => Err(Failure::Final(ModelsError::Paused)),
        Ok(Err(error)) => Err(Failure::Final(shared.folder_error(error))),
        Err(panic) => Err(Failure::Final(shared.folder_error(io::Error::other(panic)))),
    }
}

/// Runs connections until every byte is there or one of them knows that it never will be.
async fn connections(
    shared: &Arc<Shared>,
    whole: Option<u32>,
    control: &Control,
    pulse: &mut dyn FnMut(Pulse),
) -> Result<(), Failure> {
    let mut running = JoinSet::new();
    let mut tick = tokio::time::interval(TICK);
    let mut before = shared.now().state.there.bytes();
    if shared.now().todo.bytes() > 0 || shared.bytes == 0 {
        running.spawn(connection(Arc::clone(shared), whole));
    }
    while !running.is_empty() {
        tokio::select! {
            ended = running.join_next() => match ended {
                Some(Ok(Err(failure))) => {
                    running.shutdown().await;
                    return Err(failure);
                }
                Some(Err(panic)) => {
                    running.shutdown().await;
                    return Err(Failure::Final(shared.folder_error(io::Error::other(panic))));
                }
                _ => {}
            },
            () = control.stopped() => {
                running.shutdown().await;
                return Err(Failure::Final(super::stop_error(control)));
            }
            _ = tick.tick() => {
                let (told, more) = look(shared, running.len());
                let fast = told.done.saturating_sub(before) >= FAST;
                before = told.done;
                pulse(told);
                // More connections once the server has shown that it gives parts.
                if more && (running.len() < FEW_CONNECTIONS || !fast) {
                    running.spawn(connection(Arc::clone(shared), whole));
                }
            }
        }
    }
    Ok(())
}

fn look(shared: &Shared, running: usize) -> (Pulse, bool) {
    let now = shared.now();
    let next = now.waiting.iter().min_by_key(|(_, until)| *until);
    let waiting = next
        .filter(|_| now.waiting.len() >= running)
        .map(|(setback, until)| {
            (
                setback.clone(),
                until.saturating_duration_since(Instant::now()),
            )
        });
    let pulse = Pulse {
        done: now.state.there.bytes(),
        waiting,
        checking: false,
    };
    let more = now.parts == Some(true)
        && running < CONNECTIONS
        && now.waiting.is_empty()
        && now.todo.bytes() > SPAN / 2;
    (pulse, more)
}

/// One connection: takes what is still to be fetched, piece by piece, and waits after setbacks.
/// `whole`: only the whole file can be asked for, and this is how often that went wrong.
async fn connection(shared: Arc<Shared>, whole: Option<u32>) -> Result<(), Failure> {
    let patience = &shared.http.patience;
    let mut setbacks = whole.unwrap_or_default();
    loop {
        let most = if whole.is_some() { u64::MAX } else { SPAN };
        let Some(mut span) = shared.now().todo.take_first(most) else {
            return Ok(());
        };
        let start = span.start;
        let failure = match piece(&shared, &mut span, whole.is_some()).await {
            Ok(()) => {
                setbacks = 0;
                shared.now().nonsense = 0;
                continue;
            }
            Err(failure) => failure,
        };
        let Failure::Passing(setback, asked) = failure else {
            return Err(failure);
        };
        if span.start > start && whole.is_none() {
            setbacks = 0;
        }
        setbacks += 1;
        let wait = patience.wait(setbacks, asked);
        tracing::debug!("{}: {setback}, next try in {wait:?}", shared.name);
        let until = Instant::now() + wait;
        {
            let mut now = shared.now();
            now.todo.add(span);
            now.waiting.push((setback.clone(), until));
            if setback.is_stubborn() {
                now.nonsense += 1;
                if now.nonsense >= patience.nonsense {
                    return Err(Failure::Passing(setback, None));
                }
            }
        }
        tokio::time::sleep(wait).await;
        shared.now().waiting.retain(|(_, of)| *of != until);
        if whole.is_some() {
            // Without parts there is nothing to go on from.
            return Err(Failure::StartOver(setback));
        }
    }
}
