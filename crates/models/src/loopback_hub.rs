//! A hub on this computer, for tests: it speaks the hub's own protocol and, when it is told to,
//! lies, breaks off, or dawdles.
//!
//! Two origins, as in the real one: the hub answers with lists, small files and redirects; the
//! place it leads to has the large files.
//!
//! Longer than 500 lines, because what the hub says and how it says it wrongly stand side by side.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use sha1::Digest;

use crate::hash::{sha256_of, to_hex};
use crate::positioned::read_at_most;

/// How much is sent at once.
const PIECE: usize = 256 << 10;
/// Entries on one page of a list.
const PAGE: usize = 50;

/// What goes wrong with one answer of the place with the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection is reset after so many bytes of the body.
    Reset(u64),
    /// The connection is closed after so many bytes of the body.
    Truncated(u64),
    /// No answer at all: the connection is closed.
    Closed,
    /// The answer says it is another part than was asked for.
    WrongContentRange,
    /// The whole file, whatever was asked for.
    IgnoredRange,
    /// Another ETag than before.
    ChangedEtag,
    /// An ETag that promises nothing.
    WeakEtag,
    /// No ETag.
    NoEtag,
    /// Status 416.
    Unsatisfiable,
    /// One byte of the answer is another.
    FlippedByte(u64),
    /// The body is said to be packed.
    Gzip,
    /// A redirect to itself.
    RedirectLoop,
    /// A redirect to this address.
    Redirect(String),
    /// So many bytes at a time, with this much time between.
    Drip(usize, Duration),
    /// Nothing more after so many bytes; the connection stays open.
    Stall(u64),
    /// This status, and a wish to be asked again after so many seconds if that is more than 0.
    Status(u16, u32),
    /// More bytes than were announced.
    TooMuch,
    /// The hub says another size than the file's.
    WrongLinkedSize,
    /// The hub says another hash than the file's.
    WrongLinkedHash,
    /// The hub says another revision than the one asked for.
    WrongCommit,
}

/// A request that reached the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The hub itself, or the place it leads to.
    pub at_hub: bool,
    /// Path and query.
    pub target: String,
    /// Bytes asked for, if not the whole.
    pub range: Option<Range<u64>>,
    /// A token was shown.
    pub token: Option<String>,
    /// Bytes of the body that were sent.
    pub sent: Range<u64>,
}

/// What is to go wrong: asked for every request for a file's bytes, in their order.
pub type Script = Box<dyn FnMut(&Asked) -> Fault + Send>;

/// A running hub. It ends when it is dropped.
pub struct LoopbackHub {
    hub: SocketAddr,
    files: SocketAddr,
    shared: Arc<Mutex<World>>,
    over: Arc<AtomicBool>,
}

struct World {
    repos: HashMap<String, Repo>,
    script: Script,
    asked: Vec<Asked>,
    /// A token without which nothing is given.
    token: Option<String>,
    files: SocketAddr,
}

struct Repo {
    commit: String,
    files: Vec<HubFile>,
}

#[derive(Clone)]
struct HubFile {
    path: String,
    bytes: u64,
    content: Arc<File>,
    sha256: String,
    git: String,
    lfs: bool,
}

impl LoopbackHub {
    /// Starts a hub without repositories.
    ///
    /// # Errors
    /// What the system says.
    pub fn start() -> io::Result<Self> {
        let (hub, files) = (
            TcpListener::bind("127.0.0.1:0")?,
            TcpListener::bind("127.0.0.1:0")?,
        );
        let (hub_at, files_at) = (hub.local_addr()?, files.local_addr()?);
        let shared = Arc::new(Mutex::new(World {
            repos: HashMap::new(),
            script: Box::new(|_| Fault::None),
            asked: Vec::new(),
            token: None,
            files: files_at,
        }));
        let over = Arc::new(AtomicBool::new(false));
        for (listener, at_hub) in [(hub, true), (files, false)] {
            let (shared, over) = (Arc::clone(&shared), Arc::clone(&over));
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if over.load(Ordering::Acquire) {
                        return;
                    }
                    let shared = Arc::clone(&shared);
                    // An error is the client's going away, or the fault that was asked for.
                    thread::spawn(move || serve(&stream, at_hub, &shared).unwrap_or_default());
                }
            });
        }
        Ok(Self {
            hub: hub_at,
            files: files_at,
            shared,
            over,
        })
    }

    /// The address to ask.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.hub)
    }

    /// The address of the place the hub leads to.
    pub fn files_address(&self) -> String {
        format!("http://{}", self.files)
    }

    /// Puts files into a repository, `owner/name`, in place of what was there. Those of at least
    /// a kilobyte are kept as the hub keeps large files.
    ///
    /// # Errors
    /// What the system says of a file.
    pub fn publish(&self, repo: &str, files: &[(&str, PathBuf)]) -> io::Result<()> {
        let files = files.iter().map(|(path, file)| HubFile::read(path, file));
        let files = files.collect::<io::Result<Vec<_>>>()?;
        let all: String = files
            .iter()
            .map(|file| format!("{} {}\n", file.path, file.sha256))
            .collect();
        let commit = to_hex(&sha1::Sha1::digest(all));
        self.world()
            .repos
            .insert(repo.to_owned(), Repo { commit, files });
        Ok(())
    }

    /// Puts every file of a folder into a repository.
    ///
    /// # Errors
    /// What the system says of the folder or a file.
    pub fn publish_folder(&self, repo: &str, folder: &Path) -> io::Result<()> {
        let entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        let names: Vec<(String, PathBuf)> = entries
            .iter()
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, entry.path())
            })
            .collect();
        let files: Vec<(&str, PathBuf)> = names
            .iter()
            .map(|(name, path)| (name.as_str(), path.clone()))
            .collect();
        self.publish(repo, &files)
    }

    /// What goes wrong from now on.
    pub fn set_script(&self, script: impl FnMut(&Asked) -> Fault + Send + 'static) {
        self.world().script = Box::new(script);
    }

    /// Gives nothing from now on to those who don't show this token.
    pub fn require_token(&self, token: Option<&str>) {
        self.world().token = token.map(str::to_owned);
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.world().asked.clone()
    }

    /// The commit a repository is at.
    pub fn commit(&self, repo: &str) -> Option<String> {
        self.world().repos.get(repo).map(|repo| repo.commit.clone())
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.shared)
    }
}

impl Drop for LoopbackHub {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        for address in [self.hub, self.files] {
            // Wakes the listener, so that it sees that it is over.
            let _ = TcpStream::connect(address);
        }
    }
}

fn lock(shared: &Mutex<World>) -> MutexGuard<'_, World> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HubFile {
    fn read(path: &str, file: &PathBuf) -> io::Result<Self> {
        let bytes = std::fs::metadata(file)?.len();
        let sha256 = sha256_of(&mut File::open(file)?, &mut |_| true)?.unwrap_or_default();
        let git = crate::hash::git_hash_of(&mut File::open(file)?, bytes)?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            content: Arc::new(File::open(file)?),
            sha256: to_hex(&sha256),
            git: to_hex(&git),
            lfs: bytes >= 1024,
        })
    }

    fn listing(&self) -> serde_json::Value {
        let mut entry = serde_json::json!({
            "type": "file", "oid": self.git, "size": self.bytes, "path": self.path,
        });
        if self.lfs {
            entry["lfs"] =
                serde_json::json!({ "oid": self.sha256, "size": self.bytes, "pointerSize": 134 });
        }
        entry
    }
}

struct Request {
    target: String,
    headers: HashMap<String, String>,
}

impl Request {
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let target = line.split(' ').nth(1).unwrap_or("/").to_owned();
        let mut headers = HashMap::new();
        loop {
            line.clear();
            from.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None => return Ok(Some(Self { target, headers })),
            };
        }
    }

    fn range(&self) -> Option<Range<u64>> {
        let (start, end) = self
            .headers
            .get("range")?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        Some(start.parse().ok()?..end.parse::<u64>().ok()? + 1)
    }
}

fn serve(stream: &TcpStream, at_hub: bool, shared: &Mutex<World>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    // The first byte of TLS, which is not spoken here.
    if reader.fill_buf()?.first() == Some(&0x16) {
        return plain(stream, "400 Bad Request", "connection: close\r\n", b"");
    }
    while let Some(request) = Request::read(&mut reader)? {
        if at_hub {
            hub(stream, &request, shared)?;
        } else {
            place(stream, &request, shared)?;
        }
    }
    Ok(())
}

fn hub(stream: &TcpStream, request: &Request, shared: &Mutex<World>) -> io::Result<()> {
    let bearer = request
        .headers
        .get("authorization")
        .and_then(|of| of.strip_prefix("Bearer "));
    let mut asked = Asked {
        at_hub: true,
        target: request.target.clone(),
        range: request.range(),
        token: bearer.map(str::to_owned),
        sent: 0..0,
    };
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let world = &mut *lock(shared);
    world.asked.push(asked.clone());
    if world.token.is_some() && world.token != asked.token {
        return plain(
            stream,
            "401 Unauthorized",
            "x-error-code: GatedRepo\r\n",
            b"no",
        );
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "models", owner, name, what, revision @ ..] => {
            let Some(repo) = world.repos.get(&format!("{owner}/{name}")) else {
                return plain(
                    stream,
                    "404 Not Found",
                    "x-error-code: RepoNotFound\r\n",
                    b"no",
                );
            };
            let revision = revision.join("/");
            if revision != "main" && revision != repo.commit {
                return plain(
                    stream,
                    "404 Not Found",
                    "x-error-code: RevisionNotFound\r\n",
                    b"no",
                );
            }
            if *what == "revision" {
                let body = serde_json::json!({ "sha": repo.commit }).to_string();
                return plain(stream, "200 OK", "", body.as_bytes());
            }
            let cursor = query
                .split("cursor=")
                .nth(1)
                .and_then(|at| at.parse().ok())
                .unwrap_or(0);
            let page: Vec<_> = repo
                .files
                .iter()
                .skip(cursor)
                .take(PAGE)
                .map(HubFile::listing)
                .collect();
            let next = cursor + PAGE;
            let link = match next < repo.files.len() {
                true => format!("link: <{path}?recursive=true&cursor={next}>; rel=\"next\"\r\n"),
                false => String::new(),
            };
            plain(
                stream,
                "200 OK",
                &link,
                serde_json::json!(page).to_string().as_bytes(),
            )
        }
        [owner, name, "resolve", revision, file @ ..] => {
            let repo = world.repos.get(&format!("{owner}/{name}"));
            let file = file.join("/");
            let found = repo.and_then(|repo| repo.files.iter().find(|of| of.path == file));
            let (Some(repo), Some(found)) = (repo, found) else {
                return plain(
                    stream,
                    "404 Not Found",
                    "x-error-code: EntryNotFound\r\n",
                    b"no",
                );
            };
            if *revision != repo.commit {
                return plain(
                    stream,
                    "404 Not Found",
                    "x-error-code: RevisionNotFound\r\n",
                    b"no",
                );
            }
            let (mut commit, found) = (repo.commit.clone(), found.clone());
            if !found.lfs {
                let head = format!("x-repo-commit: {commit}\r\netag: \"{}\"\r\n", found.git);
                return file_body(
                    stream,
                    request,
                    &found,
                    &head,
                    &Fault::None,
                    &mut asked.sent,
                );
            }
            // What the hub says wrongly is decided where the file is asked for, once.
            let (mut size, mut hash) = (found.bytes, found.sha256.clone());
            match (world.script)(&asked) {
                Fault::WrongLinkedSize => size += 1,
                Fault::WrongLinkedHash => hash = "0".repeat(64),
                Fault::WrongCommit => commit = "0".repeat(40),
                _ => {}
            }
            let location = format!("http://{}/{}/{}", world.files, found.sha256, found.path);
            let head = format!(
                "location: {location}\r\nx-repo-commit: {commit}\r\nx-linked-size: {size}\r\n\
                 x-linked-etag: \"{hash}\"\r\n"
            );
            plain(stream, "302 Found", &head, b"")
        }
        _ => plain(stream, "404 Not Found", "", b"no"),
    }
}

fn place(stream: &TcpStream, request: &Request, shared: &Mutex<World>) -> io::Result<()> {
    let mut asked = Asked {
        at_hub: false,
        target: request.target.clone(),
        range: request.range(),
        token: request.headers.get("authorization").cloned(),
        sent: 0..0,
    };
    let hash = request
        .target
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    let (found, fault) = {
        let world = &mut *lock(shared);
        let mut all = world.repos.values().flat_map(|repo| &repo.files);
        let found = all.find(|file| file.sha256 == hash).cloned();
        (found, (world.script)(&asked))
    };
    let Some(found) = found else {
        return plain(stream, "404 Not Found", "", b"no");
    };
    let etag = match &fault {
        Fault::NoEtag => String::new(),
        Fault::WeakEtag => format!("etag: W/\"{hash}\"\r\n"),
        Fault::ChangedEtag => "etag: \"another\"\r\n".to_owned(),
        _ => format!("etag: \"{hash}\"\r\n"),
    };
    let sent = file_body(stream, request, &found, &etag, &fault, &mut asked.sent);
    lock(shared).asked.push(asked);
    match fault {
        Fault::Reset(_)
        | Fault::Truncated(_)
        | Fault::Closed
        | Fault::Stall(_)
        | Fault::TooMuch => Err(io::ErrorKind::ConnectionAborted.into()),
        _ => sent,
    }
}

/// Sends a file or a part of it; `sent` says which bytes went out, whatever happens.
fn file_body(
    stream: &TcpStream,
    request: &Request,
    file: &HubFile,
    head: &str,
    fault: &Fault,
    sent: &mut Range<u64>,
) -> io::Result<()> {
    let itself = || format!("location: {}\r\n", request.target);
    match fault {
        Fault::Closed => return Ok(()),
        Fault::Status(status, after) => {
            let retry = match after {
                0 => String::new(),
                seconds => format!("retry-after: {seconds}\r\n"),
            };
            return plain(stream, &format!("{status} Trouble"), &retry, b"");
        }
        Fault::Unsatisfiable => {
            let head = format!("content-range: bytes */{}\r\n", file.bytes);
            return plain(stream, "416 Range Not Satisfiable", &head, b"");
        }
        Fault::RedirectLoop => return plain(stream, "302 Found", &itself(), b""),
        Fault::Redirect(to) => {
            let head = format!("location: {to}\r\n");
            return plain(stream, "302 Found", &head, b"");
        }
        _ => {}
    }
    let current = head
        .split("etag: ")
        .nth(1)
        .and_then(|etag| etag.split("\r\n").next());
    let holds = request
        .headers
        .get("if-range")
        .is_none_or(|etag| Some(etag.as_str()) == current);
    let wanted = request
        .range()
        .filter(|_| holds && *fault != Fault::IgnoredRange);
    let body = match &wanted {
        Some(range) => range.start.min(file.bytes)..range.end.min(file.bytes),
        None => 0..file.bytes,
    };
    let mut out = io::BufWriter::with_capacity(PIECE, stream);
    match wanted {
        Some(_) => {
            let shift = u64::from(*fault == Fault::WrongContentRange);
            let (start, last) = (body.start + shift, body.end.wrapping_sub(1) + shift);
            write!(out, "HTTP/1.1 206 Partial Content\r\n")?;
            write!(
                out,
                "content-range: bytes {start}-{last}/{}\r\n",
                file.bytes
            )?;
        }
        None => write!(out, "HTTP/1.1 200 OK\r\n")?,
    }
    let coding = if *fault == Fault::Gzip {
        "content-encoding: gzip\r\n"
    } else {
        ""
    };
    let length = body.end - body.start;
    match fault {
        // Its end is the connection's.
        Fault::TooMuch => write!(out, "connection: close\r\n{head}{coding}\r\n")?,
        _ => write!(
            out,
            "content-length: {length}\r\naccept-ranges: bytes\r\n{head}{coding}\r\n"
        )?,
    }
    let stop = match fault {
        Fault::Reset(after) | Fault::Truncated(after) | Fault::Stall(after) => length.min(*after),
        _ => length,
    };
    let (piece, pause) = match fault {
        Fault::Drip(bytes, pause) => (*bytes, *pause),
        _ => (PIECE, Duration::ZERO),
    };
    let (mut at, end) = (body.start, body.start + stop);
    *sent = at..at;
    let mut buffer = vec![0; piece.max(1)];
    while at < end {
        let n = buffer
            .len()
            .min(usize::try_from(end - at).unwrap_or(usize::MAX));
        let n = read_at_most(&file.content, &mut buffer[..n], at)?;
        if let Fault::FlippedByte(place) = fault
            && (at..at + n as u64).contains(place)
        {
            buffer[usize::try_from(place - at).unwrap_or_default()] ^= 1;
        }
        out.write_all(&buffer[..n])?;
        at += n as u64;
        sent.end = at;
        if !pause.is_zero() {
            out.flush()?;
            thread::sleep(pause);
        }
    }
    if *fault == Fault::TooMuch {
        out.write_all(&[0; 100])?;
    }
    out.flush()?;
    match fault {
        Fault::Reset(_) => {
            socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
        }
        Fault::Stall(_) => thread::sleep(Duration::from_secs(5)),
        _ => {}
    }
    Ok(())
}

fn plain(mut stream: &TcpStream, status: &str, head: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{head}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}
