//! What can go wrong with the list of models, in sentences a person can act on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An error of the list of models. `Display` is what the person reads.
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

impl ModelsError {
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
