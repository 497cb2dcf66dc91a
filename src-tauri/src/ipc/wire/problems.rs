//! What went wrong, as facts: the page's catalogues make the sentences.

use serde::Serialize;
use specta::Type;
use specta_typescript::Number;

/// What went wrong, by what it says to a person. Names and paths are as they are; `detail`,
/// `part` and `advice` are in English, because a parser or the system wrote them.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum ProblemDetail {
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
    NoBackup { cause: Box<ProblemDetail> },

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
    TooLittleMemory {
        #[specta(type = Number)]
        needed: f64,
        #[specta(type = Number)]
        free: f64,
    },
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
        #[specta(type = Number)]
        needed: f64,
        #[specta(type = Number)]
        free: f64,
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
        #[specta(type = Number)]
        needed: f64,
        #[specta(type = Number)]
        found: f64,
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
    OutOfMemory {
        file: String,
        #[specta(type = Number)]
        needed: f64,
    },
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
    TooManyFiles {
        files: u32,
        #[specta(type = Number)]
        bytes: f64,
    },
    /// The worker failed; a fresh one has taken over.
    EngineFailed { detail: String },

    // -- settings and the system
    /// A setting out of its range.
    Setting {
        setting: SettingName,
        #[specta(type = Number)]
        least: f64,
        #[specta(type = Number)]
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
    FileTooLarge {
        name: String,
        #[specta(type = Number)]
        limit: f64,
    },
    /// Not text.
    FileNotText { name: String },
    /// A model.
    FileIsModel { name: String },
    /// A PDF too large to look into.
    PdfTooLarge {
        name: String,
        #[specta(type = Number)]
        limit: f64,
    },
    /// A PDF whose reading was given up.
    PdfTooSlow { name: String },
    /// A PDF that can't be read.
    PdfUnusual { name: String },
    /// A PDF without text.
    PdfOnlyPictures { name: String },

    // -- the shell
    /// A seed that is no whole number of 64 bits.
    NotASeed {},
    /// A link that leads elsewhere than to the web.
    NotAWebLink {},
    /// No browser took the link.
    LinkNotOpened { detail: String },
    /// No file manager showed the folder.
    FolderNotShown { folder: String, detail: String },
    /// There is no menu bar.
    NoMenuBar { detail: String },
    /// The desktop has no tray.
    NoTray {},
    /// There is no icon in the tray.
    NoTrayIcon { detail: String },
    /// The quick-ask keys can't be heard.
    KeysRefused { keys: String, detail: String },

    // -- what an earlier or a later version wrote down
    /// A sentence in English, of which no more is known.
    Unworded { text: String },
}

/// Why something is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NotAModelReason {
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

/// What has a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SettingName {
    /// See [`Sampling`](super::Sampling); so on for the next five.
    Temperature,
    /// Top-p.
    TopP,
    /// Min-p.
    MinP,
    /// Repetition penalty.
    RepetitionPenalty,
    /// Top-k.
    TopK,
    /// Longest answer.
    MaxAnswerTokens,
    /// Size of all text.
    TextSize,
    /// Threads of the engine.
    Threads,
    /// Bytes of a system prompt.
    SystemPromptLength,
    /// How many presets there are.
    PresetCount,
    /// Characters of a preset's name.
    PresetNameLength,
    /// Bytes of the combination of keys.
    QuickAskLength,
    /// Bytes of a mirror's address.
    MirrorLength,
    /// Bytes of a proxy's address.
    ProxyLength,
    /// Minutes until an unused model leaves memory.
    UnloadAfter,
}

/// What is worth knowing about a model that opens all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum ModelWarning {
    /// The file's chat template is a placeholder that no model was trained with.
    WrongTemplate {},
    /// The file's chat template can't be run.
    UnusableTemplate { detail: String },
    /// There is no template, and the vocabulary speaks for none.
    UnknownChatFormat {},
    /// The file names no rule that cuts text into words.
    NoSplittingRule {},
    /// The file names a rule that Tern does not know.
    UnknownSplittingRule { rule: String },
    /// All weights of these projections are zero.
    Zeros { first: String, more: u32 },
}
