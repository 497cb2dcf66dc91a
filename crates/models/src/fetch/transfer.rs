//! One file: over several connections, through every setback, hashed while it comes.
//!
//! Longer than 500 lines, because connections, hash and disk share one state, and each must know what the others may do to it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap};
use reqwest::{StatusCode, Url};
use tokio::task::JoinSet;

use super::http::{Answer, Failure, Http, setback, strong_etag};
use super::progress::Control;
use super::ranges::Ranges;
use super::state::{PartState, StateFile};
use crate::hash::{FileCheck, Sha256, git_hash_of};
use crate::positioned::{read_at_most, write_all_at};
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
/// The hash's state is kept at multiples of this.
pub(crate) const BLOCK: u64 = 8 << 20;
/// After how many bytes the state is handed to the system.
const SAVE_EVERY: u64 = 1 << 20;
/// How often what came is brought onto the disk itself.
const SYNC_EVERY: Duration = Duration::from_secs(2);
/// After how many bytes at the latest: what is left for the end is waited for there.
const SYNC_BYTES: u64 = 64 << 20;
/// How much is read at once for hashing.
const READ: usize = 1 << 20;
/// How long a link the hub gave out is used before the hub is asked for another.
const LINK_LASTS: Duration = Duration::from_secs(240);
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

/// Fetches `span`; what came is taken off its beginning.
async fn piece(shared: &Shared, span: &mut Range<u64>, whole_only: bool) -> Result<(), Failure> {
    let (url, etag) = {
        let mut now = shared.now();
        if now
            .link
            .as_ref()
            .is_some_and(|(_, since)| since.elapsed() > LINK_LASTS)
        {
            now.link = None;
        }
        let link = now.link.as_ref().map(|(url, _)| url.clone());
        (link, now.state.etag.clone())
    };
    let direct = url.is_some();
    let range = (!whole_only && !span.is_empty()).then(|| span.clone());
    let asked = url.unwrap_or_else(|| shared.url.clone());
    let look = |headers: &HeaderMap| match direct {
        true => Ok(()),
        false => promises(shared, headers),
    };
    let http = &shared.http;
    let answer = match http
        .get(asked, range.as_ref(), etag.as_deref(), &look)
        .await
    {
        Ok(answer) => answer,
        Err(failure) => {
            shared.now().link = None;
            return Err(failure);
        }
    };
    agree(shared, span, whole_only, &answer)?;
    read(shared, span, answer).await
}

/// What the hub says of a file before it leads to it must be what was expected.
fn promises(shared: &Shared, headers: &HeaderMap) -> Result<(), Failure> {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let differs = |what| {
        Err(Failure::Final(ModelsError::NotAsRecorded {
            file: shared.name.clone(),
            what,
        }))
    };
    if says("x-repo-commit").is_some_and(|commit| commit != shared.commit) {
        return differs("the revision");
    }
    if says("x-linked-size").is_some_and(|size| size != shared.bytes.to_string()) {
        return differs("the size");
    }
    let linked = says("x-linked-etag").map(|etag| etag.trim_start_matches("W/").trim_matches('"'));
    match (linked, &shared.check) {
        (Some(etag), FileCheck::Sha256(_)) if etag != shared.check.text() => differs("the hash"),
        _ => Ok(()),
    }
}

/// Settles what the answer is an answer to: the span, or the whole file.
fn agree(
    shared: &Shared,
    span: &mut Range<u64>,
    whole_only: bool,
    answer: &Answer,
) -> Result<(), Failure> {
    let headers = answer.response.headers();
    let nonsense = |what| Err(Failure::Passing(Setback::Nonsense(what), None));
    let etag = strong_etag(headers);
    let length: Option<u64> = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let mut now = shared.now();
    if answer.response.status() == StatusCode::PARTIAL_CONTENT {
        let covered = headers
            .get(CONTENT_RANGE)
            .and_then(|range| range.to_str().ok());
        let expected = format!(
            "bytes {}-{}/{}",
            span.start,
            span.end.wrapping_sub(1),
            shared.bytes
        );
        if whole_only || covered != Some(expected.as_str()) {
            return nonsense("another part of the file");
        }
        if length.is_some_and(|length| length != span.end - span.start) {
            return nonsense("another part of the file");
        }
        if etag.is_none() {
            // Nothing says that the next part would be of the same file.
            now.parts = Some(false);
            return Err(Failure::StartOver(Setback::Changed));
        }
        if now.state.etag.is_some() && now.state.etag != etag {
            return Err(Failure::StartOver(Setback::Changed));
        }
        now.parts = Some(true);
    } else {
        if length.is_some_and(|length| length != shared.bytes) {
            return nonsense("a file of another size");
        }
        let untouched = now.state.there.bytes() == 0
            && now.todo.bytes() + (span.end - span.start) == shared.bytes;
        if !untouched {
            // What was asked for was the rest of the same file: it is another, or there are no parts.
            now.parts = Some(now.parts == Some(true));
            return Err(Failure::StartOver(Setback::Changed));
        }
        now.todo = Ranges::default();
        now.parts = Some(false);
        *span = 0..shared.bytes;
    }
    now.state.etag = etag;
    now.link = Some((answer.url.clone(), Instant::now()));
    Ok(())
}

/// Reads the body onto its place in the file.
async fn read(shared: &Shared, span: &mut Range<u64>, mut answer: Answer) -> Result<(), Failure> {
    let patience = &shared.http.patience;
    let (mut since, mut seen) = (Instant::now(), 0_u64);
    while !span.is_empty() {
        let left = patience.window.saturating_sub(since.elapsed());
        let chunk = match tokio::time::timeout(left, answer.response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return Err(Failure::Passing(Setback::CutShort, None)),
            Ok(Err(error)) => return Err(Failure::Passing(setback(&error), None)),
            Err(_) if seen >= patience.least => {
                (since, seen) = (Instant::now(), 0);
                continue;
            }
            Err(_) => return Err(Failure::Passing(Setback::TooSlow, None)),
        };
        seen += chunk.len() as u64;
        if since.elapsed() >= patience.window {
            if seen < patience.least {
                return Err(Failure::Passing(Setback::TooSlow, None));
            }
            (since, seen) = (Instant::now(), 0);
        }
        let wanted = usize::try_from(span.end - span.start).unwrap_or(usize::MAX);
        let surplus = chunk.len() > wanted;
        let bytes = &chunk[..chunk.len().min(wanted)];
        write_all_at(&shared.file, bytes, span.start)
            .and_then(|()| came(shared, span.start..span.start + bytes.len() as u64))
            .map_err(|error| Failure::Final(shared.folder_error(error)))?;
        span.start += bytes.len() as u64;
        if surplus {
            return Err(Failure::Passing(
                Setback::Nonsense("more than the file"),
                None,
            ));
        }
    }
    Ok(())
}

/// Takes down that `range` is there.
fn came(shared: &Shared, range: Range<u64>) -> io::Result<()> {
    let mut now = shared.now();
    let bytes = range.end - range.start;
    let pieces = now.state.there.prefix() / READ as u64;
    now.state.there.add(range);
    now.unsynced += bytes;
    now.unsaved += bytes;
    let saved = if now.unsaved >= SAVE_EVERY {
        now.unsaved = 0;
        let Now { slots, state, .. } = &mut *now;
        slots.save_latest(state)
    } else {
        Ok(())
    };
    let prefix = now.state.there.prefix();
    // Waking a thread costs more than taking a chunk down.
    if prefix / READ as u64 > pieces || prefix == shared.bytes {
        shared.more.notify_one();
    }
    if now.is_enough() {
        shared.enough.notify_one();
    }
    saved
}

/// Hashes what is there from the beginning without a gap, until the file ends; none if the
/// download ended before.
fn hash_along(shared: &Shared) -> io::Result<Option<[u8; 32]>> {
    let (mut at, state) = shared.now().state.hashed;
    let mut hash = Sha256::resume(state, at);
    let mut buffer = vec![0; READ];
    while at < shared.bytes {
        let prefix = {
            let mut now = shared.now();
            loop {
                let prefix = now.state.there.prefix();
                if shared.over.load(Ordering::Acquire) {
                    return Ok(None);
                }
                if prefix > at && (prefix - at >= READ as u64 || prefix == shared.bytes) {
                    break prefix;
                }
                now = shared
                    .more
                    .wait(now)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        };
        let stop = prefix.min(at - at % READ as u64 + READ as u64);
        let piece = &mut buffer[..usize::try_from(stop - at).unwrap_or(READ)];
        if read_at_most(&shared.file, piece, at)? < piece.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        hash.update(piece);
        at = stop;
        if at.is_multiple_of(BLOCK)
            && let Some(state) = hash.state()
        {
            shared.now().state.hashed = (at, state);
        }
    }
    Ok(Some(hash.finish()))
}

/// Brings what came onto the disk itself now and then, and when the download ends.
fn sync_along(shared: &Shared) -> io::Result<()> {
    loop {
        let (state, over) = {
            let mut now = shared.now();
            let since = Instant::now();
            while !shared.over.load(Ordering::Acquire)
                && !now.is_enough()
                && since.elapsed() < SYNC_EVERY
            {
                let left = SYNC_EVERY.saturating_sub(since.elapsed());
                let waited = shared.enough.wait_timeout(now, left);
                now = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            let over = shared.over.load(Ordering::Acquire);
            let state = (over || now.unsynced > 0).then(|| now.state.clone());
            now.unsynced = 0;
            (state, over)
        };
        if let Some(state) = state {
            shared.file.sync_data()?;
            shared.now().slots.save_synced(&state)?;
        }
        if over {
            return Ok(());
        }
    }
}
