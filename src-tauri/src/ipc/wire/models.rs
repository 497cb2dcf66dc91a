//! Models: what there is to download, what is being downloaded, where they are kept.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use super::Problem;

/// Everything about models besides those that can be chosen.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelsView {
    /// Models known to run here.
    pub catalogue: Vec<CatalogueEntry>,
    /// Downloads that are not done.
    pub downloads: Vec<Download>,
    /// Where downloaded and copied models are kept.
    pub folder: String,
    /// Free space there, where the system tells.
    #[specta(type = Option<Number>)]
    pub folder_free_bytes: Option<f64>,
    /// What Tern's models take up there.
    #[specta(type = Number)]
    pub folder_used_bytes: f64,
    /// What was measured on this computer, if it was.
    pub benchmark: Option<Benchmark>,
    /// Downloads that were done since the start, the newest last.
    pub finished: Vec<Download>,
    /// Host models are downloaded from.
    pub host: String,
}

/// Where the token for the hub is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum TokenState {
    /// In the system's keyring.
    Kept,
    /// In the environment variable `HF_TOKEN`, and the keyring has none.
    Environment,
    /// Nowhere; the keyring can take one.
    Missing,
    /// Nowhere, and the system has no keyring.
    NoKeyring,
}

/// A model known to run here.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogueEntry {
    /// Stable id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Form of its weights.
    pub form: WeightForm,
    /// Repository on the hub, `owner/name`.
    pub repo: String,
    /// Revision (a commit); none is the newest one.
    pub revision: Option<String>,
    /// Name of its licence.
    pub licence: String,
    /// Where the licence can be read.
    pub licence_url: String,
    /// Number of weights.
    #[specta(type = Number)]
    pub parameters: f64,
    /// Tokens it can read.
    pub context: u32,
    /// Made for conversation; others only go on with a text.
    pub chat: bool,
    /// The one to begin with.
    pub recommended: bool,
    /// Size of the download.
    #[specta(type = Number)]
    pub download_bytes: f64,
    /// Memory it needs while it answers.
    #[specta(type = Number)]
    pub memory_bytes: f64,
    /// A sentence about it, in English.
    pub about_en: String,
    /// The same in German.
    pub about_de: String,
    /// Whether this computer can run it.
    pub fit: Fit,
    /// `ModelEntry.id` once it is there.
    pub installed: Option<String>,
    /// `Download.id` while it is being downloaded.
    pub download: Option<String>,
}

/// How a model's weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum WeightForm {
    /// Safetensors, four weights in a byte.
    Packed,
    /// Safetensors, the weights as they were trained.
    Bf16,
    /// GGUF.
    Gguf,
}

/// Whether this computer can run a model.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fit {
    /// In a word.
    pub verdict: FitVerdict,
    /// What it is that is short.
    pub reason: FitReason,
    /// Memory that is free now.
    #[specta(type = Number)]
    pub free_memory_bytes: f64,
    /// Memory there is.
    #[specta(type = Number)]
    pub total_memory_bytes: f64,
    /// Free space in the folder for models, where the system tells.
    #[specta(type = Option<Number>)]
    pub free_disk_bytes: Option<f64>,
    /// Expected writing speed, once this computer was measured.
    #[specta(type = Option<Number>)]
    pub tokens_per_second: Option<f64>,
}

/// Whether a model runs, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FitVerdict {
    /// It runs well.
    Fits,
    /// It runs, slowly.
    Slow,
    /// It does not run.
    WontFit,
}

/// What is short for a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FitReason {
    /// Nothing.
    None,
    /// Memory.
    Memory,
    /// Space on the disk.
    Disk,
    /// The processor lacks instructions for a fast path.
    Processor,
    /// Memory bandwidth.
    Speed,
}

/// A model being downloaded.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Download {
    /// Stable id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// `CatalogueEntry.id`, where it is of the catalogue.
    pub catalogue: Option<String>,
    /// Repository on the hub, `owner/name`.
    pub repo: String,
    /// Host it comes from.
    pub host: String,
    /// What it does now.
    pub state: DownloadState,
    /// Bytes that are there.
    #[specta(type = Number)]
    pub done_bytes: f64,
    /// Bytes in all; 0 while that is not known.
    #[specta(type = Number)]
    pub total_bytes: f64,
    /// Speed, once there is one.
    #[specta(type = Option<Number>)]
    pub bytes_per_second: Option<f64>,
    /// Estimate of what is left, once there is one.
    #[specta(type = Option<Number>)]
    pub seconds_left: Option<f64>,
}

/// What a download does.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum DownloadState {
    /// Asks the hub which files there are.
    Asking,
    /// Bytes are coming.
    Fetching,
    /// Waits before it tries again.
    Waiting {
        /// What came between.
        setback: Setback,
        /// Seconds until then.
        seconds: u32,
    },
    /// Compares the files with their checksums.
    Checking,
    /// Stopped by the person; goes on when asked.
    Paused,
    /// Given up; what is there is kept.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// What came between, so that a download tries again.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum Setback {
    /// No connection.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The answer ended early.
    CutShort,
    /// Hardly a byte for a long time.
    TooSlow,
    /// The connection could not be trusted.
    Unsafe,
    /// The host said no.
    Refused {
        /// Its HTTP status.
        status: u32,
    },
    /// The host said something that makes no sense.
    Nonsense {
        /// What.
        what: String,
    },
    /// The file changed on the hub.
    Changed,
    /// The bytes were not those of the file.
    Damaged,
}

/// What was measured on this computer.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Benchmark {
    /// Reading from memory, in gigabytes a second.
    #[specta(type = Number)]
    pub read_gb_s: f64,
    /// Expected writing speed of the recommended model.
    #[specta(type = Number)]
    pub tokens_per_second: f64,
    /// Threads it was measured with.
    pub threads: u32,
    /// When.
    #[specta(type = Number)]
    pub at: f64,
}

/// Where a model was downloaded from.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelOrigin {
    /// Repository on the hub, `owner/name`.
    pub repo: String,
    /// Revision (a commit).
    pub revision: String,
    /// `CatalogueEntry.id`, where it is of the catalogue.
    pub catalogue: Option<String>,
}

/// What is being done with a model's files.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelWork {
    /// What.
    pub kind: ModelWorkKind,
    /// Bytes that are done.
    #[specta(type = Number)]
    pub done_bytes: f64,
    /// Bytes in all.
    #[specta(type = Number)]
    pub total_bytes: f64,
}

/// What can be done with a model's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ModelWorkKind {
    /// Comparing them with their checksums.
    Verifying,
    /// Hashing them where they lie.
    Recording,
    /// Copying them into Tern's folder; the model can't be used yet.
    Copying,
    /// Moving them to another folder.
    Moving,
}

/// What is chosen in the system's dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ImportKind {
    /// A model file.
    File,
    /// A Hugging Face folder.
    Folder,
}
