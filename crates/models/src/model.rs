//! What an opened model is.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::Record;

/// Name of a model: a slug of its display name and a hash of its path. `guide` is the built-in
/// model's and never an opened one's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(String);

impl ModelId {
    /// Takes an id as it came from outside; whether there is such a model shows when it is
    /// looked for.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id of the model called `name` at `path`: the same on every run, and with the hash's
    /// hyphen in it never a plain word. `salt` tells apart two paths with the same hash.
    pub(crate) fn of(name: &str, path: &Path, salt: u8) -> Self {
        let mut slug = String::new();
        for c in name.chars().take(48) {
            match c.is_ascii_alphanumeric() || c == '.' {
                true => slug.push(c.to_ascii_lowercase()),
                false if slug.ends_with('-') => {}
                false => slug.push('-'),
            }
        }
        let slug = slug.trim_matches(['-', '.']);
        let slug = if slug.is_empty() { "model" } else { slug };
        let hash = fnv1a(path.as_os_str().as_encoded_bytes(), salt);
        Self(format!("{slug}-{:08x}", hash as u32))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// FNV-1a, 64 bits: short, and the same in every version of Rust, which ids on disk need.
/// Source: <http://www.isthe.com/chongo/tech/comp/fnv>
fn fnv1a(bytes: &[u8], salt: u8) -> u64 {
    let bytes = bytes.iter().chain(std::slice::from_ref(&salt));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// How a model lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// One GGUF file.
    Gguf,
    /// A Hugging Face folder: `config.json` and safetensors files.
    Folder,
}

/// A model this computer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledModel {
    /// Its name for the program.
    pub id: ModelId,
    /// Its name for people, never empty.
    pub name: String,
    /// The GGUF file or the folder. It may be gone by now.
    pub path: PathBuf,
    /// Size of the files that belong to it when it was added.
    pub bytes: u64,
    /// How it lies on disk.
    pub kind: ModelKind,
    /// When it was first added, in milliseconds since the Unix epoch.
    pub added_at_ms: i64,
    /// Tern put its files where they are, in a folder of their own, and deletes them with it.
    pub owned: bool,
    /// What its files were when they came; none for models opened before such records were made.
    pub record: Option<Record>,
}
