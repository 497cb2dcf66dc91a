//! Telling model files from other files, by what is in them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::{ModelKind, ModelsError, NotAModel};

const GGUF_MAGIC: &[u8; 4] = b"GGUF";
const CONFIG: &str = "config.json";

/// What a path leads to.
#[derive(Debug)]
pub(crate) struct Recognised {
    pub(crate) kind: ModelKind,
    /// The GGUF file or the folder, absolute, without `..`.
    pub(crate) path: PathBuf,
    /// Size of the files that belong to it.
    pub(crate) bytes: u64,
}

/// Recognises a GGUF file, a Hugging Face folder, or a safetensors file in such a folder.
///
/// # Errors
/// [`ModelsError::Missing`], [`ModelsError::NotAModel`], [`ModelsError::Unreadable`].
pub(crate) fn recognise(path: &Path) -> Result<Recognised, ModelsError> {
    let path = &absolute(path)?;
    let metadata = fs::metadata(path).map_err(|error| ModelsError::read(path, error))?;
    if metadata.is_dir() {
        return folder(path);
    }
    if !metadata.is_file() {
        return Err(not_a_model(path, NotAModel::NeitherFileNorFolder));
    }
    if has_magic(path).map_err(|error| ModelsError::read(path, error))? {
        return Ok(Recognised {
            kind: ModelKind::Gguf,
            path: path.clone(),
            bytes: metadata.len(),
        });
    }
    match path.parent() {
        Some(parent) if is_safetensors(path) => folder(parent).map_err(|error| match error {
            ModelsError::NotAModel { .. } => not_a_model(path, NotAModel::NoConfigBeside),
            error => error,
        }),
        Some(parent) if path.extension() == Some(OsStr::new("json")) && folder(parent).is_ok() => {
            Err(not_a_model(path, NotAModel::Description))
        }
        _ => Err(not_a_model(path, NotAModel::OtherFile)),
    }
}

fn folder(path: &Path) -> Result<Recognised, ModelsError> {
    let unreadable = |error| ModelsError::read(path, error);
    let (mut bytes, mut has_weights, mut has_gguf) = (0_u64, false, false);
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let extension = file.extension().and_then(OsStr::to_str).unwrap_or_default();
        has_gguf |= extension.eq_ignore_ascii_case("gguf");
        // Hugging Face's cache holds links; their targets count. One that leads nowhere is an
        // unfinished download.
        let Ok(metadata) = fs::metadata(&file) else {
            continue;
        };
        if metadata.is_file() && ["safetensors", "json"].contains(&extension) {
            has_weights |= extension == "safetensors";
            bytes = bytes.saturating_add(metadata.len());
        }
    }
    if !path.join(CONFIG).is_file() {
        return Err(not_a_model(path, NotAModel::NoConfig { has_gguf }));
    }
    if !has_weights {
        return Err(not_a_model(path, NotAModel::NoWeights { has_gguf }));
    }
    Ok(Recognised {
        kind: ModelKind::Folder,
        path: path.to_path_buf(),
        bytes,
    })
}

fn not_a_model(path: &Path, reason: NotAModel) -> ModelsError {
    ModelsError::NotAModel {
        path: path.to_path_buf(),
        reason,
    }
}

fn is_safetensors(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("safetensors"))
}

fn has_magic(path: &Path) -> io::Result<bool> {
    let mut start = Vec::with_capacity(GGUF_MAGIC.len());
    File::open(path)?
        .take(GGUF_MAGIC.len() as u64)
        .read_to_end(&mut start)?;
    Ok(start == GGUF_MAGIC)
}

/// The path with its folder made canonical. The last part stays, even if it is a link: in
/// Hugging Face's cache the link has the model's name and its target a hash.
fn absolute(path: &Path) -> Result<PathBuf, ModelsError> {
    let canonical = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            };
            parent.canonicalize().map(|parent| parent.join(name))
        }
        _ => path.canonicalize(),
    };
    Ok(plain(
        canonical.map_err(|error| ModelsError::read(path, error))?,
    ))
}

/// On Windows canonical paths begin with `\\?\`, which people don't know and some programs
/// don't take.
fn plain(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(rest) if cfg!(windows) && rest.as_bytes().get(1) == Some(&b':') => rest.into(),
        _ => path,
    }
}
