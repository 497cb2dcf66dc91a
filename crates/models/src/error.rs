//! What can go wrong with model files and their list, in sentences a person can act on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An error of everything about model files. `Display` is what the person reads.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// Nothing is there.
    #[error("There is nothing at {}. Check the name, or choose the file again.", .path.display())]
    Missing {
        /// The path chosen.
        path: PathBuf,
    },
    /// What is there is not a model.
    #[error("{} is not a model: {reason}", .path.display())]
    NotAModel {
        /// The path chosen.
        path: PathBuf,
        /// What it is or lacks.
        reason: NotAModel,
    },
    /// The path can't be written down.
    #[error(
        "The path {} contains characters that are not text, so Tern can't remember it. Rename \
         the file or folder, then choose it again.", .path.display()
    )]
    PathNotText {
        /// The path chosen.
        path: PathBuf,
    },
    /// The chosen file or folder can't be read.
    #[error(
        "Tern can't read {}: {source}. Make sure that you may open it, then choose it again.",
        .path.display()
    )]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No model has this id.
    #[error("There is no model \"{id}\" in Tern's list of opened models.")]
    Unknown {
        /// The id asked for.
        id: String,
    },
    /// The list was written by a newer Tern.
    #[error(
        "The list of models {} was written by a newer version of Tern (format {found}). Install \
         the newer version, or move the file to another folder and open your models again.",
        .path.display()
    )]
    NewerList {
        /// The list.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The disk is full.
    #[error(
        "The disk with {} is full, so the list of models stays as it was. Free some space and \
         try again.", .path.display()
    )]
    DiskFull {
        /// The list.
        path: PathBuf,
    },
    /// The list can't be read or written.
    #[error(
        "Tern could not read or write its list of models {}: {source}. Make sure that you can \
         write to this folder, then try again.", .path.display()
    )]
    List {
        /// The list.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not known how Tern may reach the network.
    #[error(
        "How Tern may reach the network can't be read from {}: {source}. Nothing is downloaded \
         until it is set anew in Tern's settings under Network.", .path.display()
    )]
    NetworkSettings {
        /// The file.
        path: PathBuf,
        /// What the system, or the file's reader, said.
        source: io::Error,
    },
    /// Not `owner/name`.
    #[error(
        "\"{name}\" is not the name of a repository. Write it as owner/name, for instance microsoft/bitnet-b1.58-2B-4T."
    )]
    BadRepo {
        /// What was given.
        name: String,
    },
    /// Not an address Tern may download from.
    #[error(
        "\"{address}\" can't be used to download from. Write an address that begins with \
         https:// (http:// only for this computer itself)."
    )]
    BadEndpoint {
        /// What was given.
        address: String,
    },
    /// Not the address of a proxy.
    #[error(
        "\"{address}\" is not the address of a proxy. Write it as http://host:port or socks5://host:port."
    )]
    BadProxy {
        /// What was given.
        address: String,
    },
    /// The hub has no such repository, revision or file.
    #[error("{host} has no {what}. Check the name; it may have been renamed or taken down.")]
    NotOnHub {
        /// The hub.
        host: String,
        /// Repository, revision or file.
        what: String,
    },
    /// The hub wants to know who asks.
    #[error(
        "{host} gives {repo} only to people it knows. Open its page in a browser, agree to its \
         terms, then enter a token of your account in Tern's settings under Network."
    )]
    NeedsToken {
        /// The hub.
        host: String,
        /// The repository.
        repo: String,
    },
    /// A redirect to a place Tern doesn't follow.
    #[error(
        "The download was led to {address}, which is not a safe address. Nothing was sent there. \
         Try another mirror."
    )]
    Insecure {
        /// Where to.
        address: String,
    },
    /// More redirects than any hub needs.
    #[error(
        "{host} leads in a circle and never to the file. Try again later, or set another mirror."
    )]
    RedirectLoop {
        /// The hub.
        host: String,
    },
    /// The hub's words on a repository make no sense.
    #[error(
        "What the hub says of this repository can't be used: {detail}. Try again later, or set another mirror."
    )]
    BadListing {
        /// What is wrong with it.
        detail: String,
    },
    /// A repository without a model Tern could use.
    #[error(
        "{repo} holds no GGUF file and no config.json with safetensors files, so there is no model in it for Tern."
    )]
    NothingToFetch {
        /// The repository.
        repo: String,
    },
    /// A repository with several models.
    #[error("{repo} holds several models: {}. Name one after a colon, as in {repo}:{}.", .files.join(", "), .files[0])]
    SeveralFiles {
        /// The repository.
        repo: String,
        /// Its GGUF files, at least two.
        files: Vec<String>,
    },
    /// A file name that could lead out of its folder.
    #[error(
        "The repository calls a file \"{name}\", which is not a safe name on this computer. Nothing was downloaded."
    )]
    UnsafeName {
        /// The name.
        name: String,
    },
    /// The hub's file is another than the catalogue's.
    #[error(
        "{file} is not the file Tern's catalogue records ({what} differs), so it was not \
         downloaded. The mirror may be wrong, or the file was replaced."
    )]
    NotAsRecorded {
        /// The file.
        file: String,
        /// Size or hash.
        what: &'static str,
    },
    /// What arrived is not what was promised, twice.
    #[error(
        "{file} arrived damaged twice, so it was thrown away. Something between the hub and this \
         computer changes files: try another network, or another mirror."
    )]
    WrongHash {
        /// The file.
        file: String,
    },
    /// A server that goes on answering nonsense.
    #[error(
        "{host} does not deliver the file: {setback}. Try again later, or set another mirror or proxy."
    )]
    Undelivered {
        /// Who answered.
        host: String,
        /// What was wrong with it, the last time.
        setback: Setback,
    },
    /// Too little room, seen before anything was downloaded.
    #[error(
        "The model needs {} MB of disk space and {} has {} MB left. Free some space, or choose \
         another folder for models.", needed.div_ceil(1_000_000), .folder.display(), free / 1_000_000
    )]
    NoSpace {
        /// Bytes still needed.
        needed: u64,
        /// Bytes there are.
        free: u64,
        /// The folder for models.
        folder: PathBuf,
    },
    /// The disk filled up meanwhile.
    #[error("The disk with {} is full. What was downloaded is kept: free some space and go on.", .path.display())]
    FolderFull {
        /// The file being written.
        path: PathBuf,
    },
    /// The folder for models can't be used.
    #[error("Tern could not read or write {}: {source}. Make sure that you can write to this folder, then try again.", .path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something stands where a download keeps its files, and it isn't a download's.
    #[error("{} is not a folder of Tern's (a link stands in its place). Remove it, then try again.", .path.display())]
    Planted {
        /// What stands there.
        path: PathBuf,
    },
    /// Another Tern works on the same download.
    #[error(
        "Another Tern is downloading this model already. Wait until it is done, or end it there."
    )]
    FetchedElsewhere,
    /// The files of a model are not what they were.
    #[error("{file} of this model is {what}. Download or import the model again.")]
    Altered {
        /// The file.
        file: String,
        /// How.
        what: Alteration,
    },
    /// There is nothing to compare the files with.
    #[error(
        "Tern has no record of what the files of this model should be. Import it again to make one."
    )]
    NoRecord,
    /// The person said so.
    #[error("The download is paused. What was downloaded is kept.")]
    Paused,
    /// The person said so.
    #[error("The work was cancelled.")]
    Cancelled,
}

/// How a file differs from its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// Not there.
    Gone,
    /// Of another size.
    Resized,
    /// Other bytes.
    Changed,
}

impl fmt::Display for Alteration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "gone",
            Self::Resized => "of another size than it was",
            Self::Changed => "not what it was",
        })
    }
}

/// What holds a download up for a while. `Display` is the reason a person reads while Tern waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setback {
    /// No connection, or a name that leads nowhere.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The connection broke off.
    CutShort,
    /// Bytes came too slowly to ever end.
    TooSlow,
    /// No safe connection could be made.
    Unsafe,
    /// The server has trouble, or too much to do: its status.
    Refused(u16),
    /// The server answers something else than what was asked: what.
    Nonsense(&'static str),
    /// The file changed on the server; it is started over.
    Changed,
    /// What arrived was damaged; it is started over.
    Damaged,
}

impl fmt::Display for Setback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("there is no connection"),
            Self::TimedOut => f.write_str("the server does not answer"),
            Self::CutShort => f.write_str("the connection broke off"),
            Self::TooSlow => f.write_str("almost nothing arrives"),
            Self::Unsafe => f.write_str("no safe connection could be made"),
            Self::Refused(429) => f.write_str("the server asks to wait"),
            Self::Refused(status) => write!(f, "the server has trouble (status {status})"),
            Self::Nonsense(what) => write!(f, "the server answers with {what}"),
            Self::Changed => f.write_str("the file changed on the server"),
            Self::Damaged => f.write_str("what arrived was damaged"),
        }
    }
}

/// Why something is no model. `Display` ends with what to choose instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAModel {
    /// A device, a socket.
    NeitherFileNorFolder,
    /// A safetensors file without the rest of its model.
    NoConfigBeside,
    /// A JSON file in a model's folder.
    Description,
    /// A file of another kind.
    OtherFile,
    /// A folder without config.json.
    NoConfig {
        /// There is a GGUF file in it.
        has_gguf: bool,
    },
    /// A folder without safetensors files.
    NoWeights {
        /// There is a GGUF file in it.
        has_gguf: bool,
    },
}

impl fmt::Display for NotAModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::NeitherFileNorFolder => "it is neither a file nor a folder",
            Self::NoConfigBeside => "there is no config.json beside it",
            Self::Description => "it only describes one",
            Self::OtherFile => "it does not begin as a GGUF file does",
            Self::NoConfig { .. } => "the folder has no config.json",
            Self::NoWeights { .. } => "the folder has no .safetensors file",
        };
        let advice = match self {
            Self::NoConfigBeside => {
                "Choose the whole folder of the model, with config.json and the tokenizer's files \
                 in it"
            }
            Self::Description => "Choose the folder it is in",
            Self::NoConfig { has_gguf: true } | Self::NoWeights { has_gguf: true } => {
                "Choose the .gguf file in it"
            }
            Self::NeitherFileNorFolder
            | Self::OtherFile
            | Self::NoConfig { has_gguf: false }
            | Self::NoWeights { has_gguf: false } => {
                "Choose a .gguf file, or a folder that holds config.json and .safetensors files"
            }
        };
        write!(f, "{what}. {advice}.")
    }
}

impl Setback {
    /// Whether waiting is no remedy: it is borne a few times only.
    pub(crate) fn is_stubborn(&self) -> bool {
        matches!(self, Self::Nonsense(_) | Self::Unsafe)
    }
}

impl ModelsError {
    /// What the system said of a file in the folder for models.
    pub(crate) fn folder(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::FolderFull { path },
            _ => Self::Folder { path, source },
        }
    }

    pub(crate) fn list(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::List { path, source },
        }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Unreadable { path, source },
        }
    }
}
