//! Which error it is, and the facts its sentence is made of: for faces that speak other languages
//! than English, and for answers that failed, whose reason is kept.

mod facts;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{AppError, SettingName};

/// Errors by what they say to a person: those with one sentence are one here. Texts that only a
/// parser, SQLite or the system could say are in English, as `detail`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "facts are named by what they are; each variant says which sentence it is"
)]
pub enum ErrorDetail {
    // -- the data folder and the history
    /// No data folder could be named.
    NoHome {},
    /// The data folder can't be made or written to.
    FolderUnusable { folder: String, detail: String },
    /// Another Tern has the data folder open.
    InUse { folder: String },
    /// The database was written by a newer Tern.
    NewerDatabase {
        path: String,
        found: u32,
        supported: u32,
    },
    /// The file is something else than Tern's database.
    NotADatabase { path: String },
    /// The database contradicts itself.
    Damaged {
        path: String,
        backups: String,
        detail: String,
    },
    /// The database could not be brought up to date.
    NotMigrated {
        path: String,
        backups: String,
        detail: String,
    },
    /// The disk is full.
    DiskFull { path: String },
    /// The database can't be written to.
    ReadOnly { path: String },
    /// Another program has the database open.
    Locked { path: String },
    /// Reading or writing failed in another way.
    NotStored { path: String, detail: String },
    /// No such chat.
    NoChat {},
    /// No such message.
    NoMessage {},
    /// No such answer.
    NoAnswer {},
    /// No such question.
    NoQuestion {},
    /// The answer has to end first.
    StillWriting {},
    /// The answer has ended, so no text is added.
    AnswerEnded {},
    /// Today's backup could not be made.
    NoBackup { cause: Box<ErrorDetail> },

    // -- which models there are
    /// Nothing is at the path chosen.
    NothingThere { path: String },
    /// What is there is not a model.
    NotAModel {
        path: String,
        reason: NotAModelReason,
        /// The folder has a GGUF file in it.
        has_gguf: bool,
    },
    /// The path can't be written down.
    PathNotText { path: String },
    /// The system refuses a model's file.
    ModelUnreadable { path: String, detail: String },
    /// No model has this id.
    UnknownModel { id: String },
    /// The list of models was written by a newer Tern.
    NewerModelList { path: String, found: u32 },
    /// The list of models can't be read or written.
    ModelList { path: String, detail: String },
    /// The model's file is gone.
    ModelMissing { name: String, path: String },

    // -- exports, downloads and model files
    /// No room for an export.
    ExportDiskFull { path: String },
    /// No right to write an export there.
    ExportNotWritable { path: String },
    /// An export could not be written.
    ExportFailed { path: String, detail: String },
    /// Tern ended before an export did.
    ExportCutOff {},
    /// The offline lock is on.
    Offline {},
    /// What is to be downloaded is there.
    HereAlready { name: String },
    /// No such download.
    NoDownload {},
    /// The model is read, answers, or is worked on.
    ModelInUse { name: String },
    /// The folder can’t change during a download.
    DownloadsRunning {},
    /// Too little memory for a moment.
    TooLittleMemory { needed: u64, free: u64 },
    /// The keyring refuses.
    Keyring { detail: String },
    /// Not a token.
    BadToken {},
    /// How the network may be reached can’t be read.
    NetworkSettings { path: String, detail: String },
    /// Not the name of a repository.
    BadRepo { name: String },
    /// Not an address to download from.
    BadEndpoint { address: String },
    /// Not the address of a proxy.
    BadProxy { address: String },
    /// No such repository, revision or file.
    NotOnHub { host: String, what: String },
    /// The hub wants to know who asks.
    NeedsToken { host: String, repo: String },
    /// A redirect that is not followed.
    Insecure { address: String },
    /// Redirects without end.
    RedirectLoop { host: String },
    /// The hub’s list can’t be used.
    BadListing { detail: String },
    /// A repository without a model.
    NothingToFetch { repo: String },
    /// A repository with several models.
    SeveralFiles {
        repo: String,
        files: String,
        first: String,
    },
    /// A file name that could lead elsewhere.
    UnsafeName { name: String },
    /// The hub’s file is another than expected.
    NotAsRecorded { file: String, detail: String },
    /// What arrived is not what was promised, twice.
    WrongHash { file: String },
    /// A server that goes on answering nonsense.
    Undelivered { host: String, detail: String },
    /// Too little room for a model.
    NoSpace {
        needed: u64,
        free: u64,
        folder: String,
    },
    /// The disk filled up during a download.
    ModelsDiskFull { path: String },
    /// The folder for models can’t be used.
    ModelsFolder { path: String, detail: String },
    /// A link stands where Tern keeps its files.
    Planted { path: String },
    /// Another Tern works on the same download.
    FetchedElsewhere {},
    /// A file of a model is gone.
    ModelFileGone { file: String },
    /// A file of a model has another size.
    ModelFileResized { file: String },
    /// A file of a model holds other bytes.
    ModelFileChanged { file: String },
    /// There is nothing to compare a model’s files with.
    NoRecord {},

    // -- loading a model
    /// The file is of another kind than it looked.
    ForeignFile {
        file: String,
        detail: String,
        advice: String,
    },
    /// The file ends before its data.
    ModelCutShort {
        file: String,
        part: String,
        needed: u64,
        found: u64,
    },
    /// A field of the file holds something it must not.
    ModelDamaged {
        file: String,
        detail: String,
        advice: String,
    },
    /// Something the model needs is not there.
    ModelIncomplete {
        file: String,
        part: String,
        advice: String,
    },
    /// The file is sound, but of a kind that is not computed.
    ModelUnsupported {
        file: String,
        detail: String,
        advice: String,
    },
    /// The weights don't fit into memory.
    OutOfMemory { file: String, needed: u64 },
    /// The threads that compute could not be started.
    NoThreads { threads: u32, detail: String },
    /// Loading or reading was stopped.
    Stopped {},

    // -- answering
    /// There is nothing to answer.
    EmptyMessage {},
    /// The message alone is longer than the context.
    TooLong { tokens: u32, limit: u32 },
    /// One more token does not fit.
    ContextFull { limit: u32 },
    /// The chat template needs a token that is not there.
    TemplateToken { token: String },
    /// The chat template refuses the chat.
    TemplateRefused { detail: String },
    /// The model's file is not what it was when it was loaded.
    ModelChanged { file: String, detail: String },
    /// The chat already writes.
    Busy {},
    /// Only answers can be written again.
    NotAnAnswer {},
    /// Only the last answer can go on.
    NotLast {},
    /// More or larger files than a message takes.
    TooManyFiles { files: u32, bytes: u64 },
    /// The worker failed; a fresh one has taken over.
    EngineFailed { detail: String },

    // -- settings and the system
    /// A setting out of its range.
    Setting {
        setting: SettingName,
        least: f64,
        most: f64,
    },
    /// Two presets under one name.
    PresetTwice { name: String },
    /// A thread could not be started.
    ThreadNotStarted { detail: String },
    /// A defect in Tern that has no sentence of its own.
    Defect { detail: String },

    // -- files that go along
    /// The system refuses the file.
    FileUnreadable { name: String, detail: String },
    /// A folder.
    FileIsFolder { name: String },
    /// More text than can go along.
    FileTooLarge { name: String, limit: u64 },
    /// Not text.
    FileNotText { name: String },
    /// A model.
    FileIsModel { name: String },
    /// A PDF too large to look into.
    PdfTooLarge { name: String, limit: u64 },
    /// A PDF whose reading was given up.
    PdfTooSlow { name: String },
    /// A PDF that can't be read.
    PdfUnusual { name: String },
    /// A PDF without text.
    PdfOnlyPictures { name: String },

    // -- what an earlier or a later version wrote down
    /// A sentence in English, of which no more is known.
    Unworded { text: String },
}

/// Why something is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAModelReason {
    /// A device, a socket.
    NeitherFileNorFolder,
    /// A safetensors file without the rest of its model.
    NoConfigBeside,
    /// A JSON file in a model's folder.
    Description,
    /// A file of another kind.
    OtherFile,
    /// A folder without config.json.
    NoConfig,
    /// A folder without safetensors files.
    NoWeights,
}

/// Why an answer failed. The history keeps it as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// A sentence in English.
    pub sentence: String,
    /// For sentences in other languages.
    pub detail: ErrorDetail,
}

impl Failure {
    /// The failure an error makes.
    pub(crate) fn of(error: &AppError) -> Self {
        Self {
            sentence: error.to_string(),
            detail: error.into(),
        }
    }

    /// As the history keeps it.
    pub(crate) fn record(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers become JSON")
    }

    /// From what the history kept: a record, or the sentence alone of versions before there were
    /// any. Of a record with a kind this version does not know, the sentence is left.
    pub(crate) fn recorded(text: &str) -> Self {
        #[derive(Deserialize)]
        struct Sentence {
            sentence: String,
        }
        serde_json::from_str(text).unwrap_or_else(|_| {
            let sentence = serde_json::from_str(text)
                .map_or_else(|_| text.to_owned(), |Sentence { sentence }| sentence);
            Self {
                detail: ErrorDetail::Unworded {
                    text: sentence.clone(),
                },
                sentence,
            }
        })
    }
}
