//! One request: what is asked, whether the answer is one to it, and where its bytes go.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap};

use super::super::http::{Answer, Failure, setback, strong_etag};
use super::super::ranges::Ranges;
use super::disk::READ;
use super::{Now, Shared};
use crate::hash::FileCheck;
use crate::positioned::write_all_at;
use crate::{ModelsError, Setback};

/// How long a link the hub gave out is used before the hub is asked for another.
const LINK_LASTS: Duration = Duration::from_secs(240);
/// After how many bytes the state is handed to the system.
const SAVE_EVERY: u64 = 1 << 20;

/// Fetches `span`; what came is taken off its beginning.
pub(super) async fn piece(
    shared: &Shared,
    span: &mut Range<u64>,
    whole_only: bool,
) -> Result<(), Failure> {
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
