//! The folder for downloaded models, and what lies in it.
//!
//! ```text
//! models/
//!   bitnet-b1.58-2b-4t/        a whole model: its files and tern-model.json
//!   .downloads/<name>/         a download that goes on, or will
//!     plan.json  lock          what is fetched; locked while someone does
//!     files/     state/        its files so far; how far each one is
//! ```
//!
//! A model gets its place by one rename, when every file of it is whole and on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::{ModelsError, atomic, names};

/// Beside a model's files: what they are.
pub(crate) const RECORD: &str = "tern-model.json";
/// Longest JSON of ours that is read, in bytes.
const MAX_JSON: u64 = 8 << 20;
/// Folders of one name before Tern gives up looking for a free one.
const MAX_SAME_NAME: u32 = 1000;

/// The folder of downloaded models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelsFolder(PathBuf);

impl ModelsFolder {
    /// The folder at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn downloads(&self) -> PathBuf {
        self.0.join(".downloads")
    }

    /// The place of the download called `name`, made if it isn't there.
    pub(crate) fn download(&self, name: &str) -> Result<DownloadPlace, ModelsError> {
        atomic::create_folders(&self.0).map_err(|error| ModelsError::folder(&self.0, error))?;
        let place = DownloadPlace(self.downloads().join(name));
        for folder in [
            self.downloads(),
            place.0.clone(),
            place.files(),
            place.states(),
        ] {
            make_folder(&folder)?;
        }
        Ok(place)
    }

    /// Names of the downloads that were begun and are not done, sorted.
    pub(crate) fn begun(&self) -> Vec<String> {
        let entries = fs::read_dir(self.downloads())
            .into_iter()
            .flatten()
            .flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().join("plan.json").is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    /// Gives a whole model its place. Answers with the folder it is in from now on.
    pub(crate) fn promote(
        &self,
        place: &DownloadPlace,
        name: &str,
    ) -> Result<PathBuf, ModelsError> {
        let files = place.files();
        let fail = |error| ModelsError::folder(&files, error);
        sync_folders(&files).map_err(fail)?;
        let free = (1..=MAX_SAME_NAME)
            .map(|n| {
                self.0.join(if n == 1 {
                    name.to_owned()
                } else {
                    format!("{name}-{n}")
                })
            })
            .find(|path| fs::symlink_metadata(path).is_err())
            .ok_or_else(|| fail(io::ErrorKind::AlreadyExists.into()))?;
        atomic::rename(&files, &free).map_err(fail)?;
        atomic::sync_folder(&free).map_err(fail)?;
        place.remove();
        Ok(free)
    }

    /// Folders that hold a whole model Tern put there.
    pub(crate) fn whole(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.join(RECORD).is_file())
            .collect();
        folders.sort();
        folders
    }

    /// Refuses what the disk has no room for: `missing` bytes of a model of `bytes`, and some more
    /// that is left for everything else.
    pub(crate) fn require_room(&self, missing: u64, bytes: u64) -> Result<(), ModelsError> {
        let spare = (bytes / 16).clamp(1 << 20, 64 << 20);
        let needed = missing.saturating_add(spare);
        match self.free_bytes() {
            Some(free) if free < needed => Err(ModelsError::NoSpace {
                needed,
                free,
                folder: self.0.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Bytes that are free where the folder is, or will be.
    pub fn free_bytes(&self) -> Option<u64> {
        let there = self.0.ancestors().find(|path| path.exists())?;
        fs4::available_space(there).ok()
    }
}

/// Where a download keeps its things.
#[derive(Clone, Debug)]
pub(crate) struct DownloadPlace(PathBuf);

impl DownloadPlace {
    pub(crate) fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.0.join("files")
    }

    pub(crate) fn states(&self) -> PathBuf {
        self.0.join("state")
    }

    /// Stands for a person's wish to go on later.
    pub(crate) fn paused(&self) -> PathBuf {
        self.0.join("paused")
    }

    /// Keeps every other Tern out until the lock is dropped.
    pub(crate) fn lock(&self) -> Result<File, ModelsError> {
        let path = self.0.join("lock");
        let lock = open_own(&path)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(fs::TryLockError::WouldBlock) => Err(ModelsError::FetchedElsewhere),
            Err(fs::TryLockError::Error(error)) => Err(ModelsError::folder(&path, error)),
        }
    }

    /// Deletes what lies among the files and is none of `wanted`: another download's leavings.
    pub(crate) fn keep_only<'a>(
        &self,
        wanted: impl Iterator<Item = &'a str>,
    ) -> Result<(), ModelsError> {
        let files = self.files();
        let wanted: Vec<PathBuf> = wanted
            .map(|file| names::below(&files, file))
            .collect::<Result<_, _>>()?;
        keep_only(&files, &wanted).map_err(|error| ModelsError::folder(&files, error))
    }

    /// Throws the download away. Best effort: what stays is overwritten or thrown away later.
    pub(crate) fn remove(&self) {
        // The plan first: without it nothing is taken for a download.
        let _ = fs::remove_file(self.plan());
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes a folder, or finds one; a link in its place is refused.
pub(crate) fn make_folder(path: &Path) -> Result<(), ModelsError> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(|e| ModelsError::folder(path, e))?;
            match found.is_dir() {
                true => Ok(()),
                false => Err(ModelsError::Planted {
                    path: path.to_path_buf(),
                }),
            }
        }
        made => made.map_err(|error| ModelsError::folder(path, error)),
    }
}

/// Opens a file of ours for reading and writing, making it if it isn't there. A link, or a
/// second name of somebody's file, is refused before a byte is written.
pub(crate) fn open_own(path: &Path) -> Result<File, ModelsError> {
    let planted = || ModelsError::Planted {
        path: path.to_path_buf(),
    };
    let fail = |error| ModelsError::folder(path, error);
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(planted());
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let file = file.map_err(fail)?;
    let after = fs::symlink_metadata(path).map_err(fail)?;
    if !after.is_file() || has_second_name(&file).map_err(fail)? {
        return Err(planted());
    }
    Ok(file)
}

#[cfg(unix)]
fn has_second_name(file: &File) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 1)
}

/// Windows tells the number of names only through an interface Rust has not settled.
#[cfg(not(unix))]
fn has_second_name(_: &File) -> io::Result<bool> {
    Ok(false)
}

fn keep_only(folder: &Path, wanted: &[PathBuf]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_folder = entry.file_type()?.is_dir();
        match wanted.iter().any(|file| file.starts_with(&path)) {
            true if is_folder => keep_only(&path, wanted)?,
            true => {}
            false if is_folder => fs::remove_dir_all(&path)?,
            false => fs::remove_file(&path)?,
        }
    }
    Ok(())
}

/// Brings the names in a folder, and in those below it, onto the disk.
fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

/// Reads JSON of ours; none if there is none that can be understood.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    let mut json = Vec::new();
    File::open(path)
        .ok()?
        .take(MAX_JSON)
        .read_to_end(&mut json)
        .ok()?;
    serde_json::from_slice(&json).ok()
}

/// Replaces JSON of ours, whole or not at all.
pub(crate) fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), ModelsError> {
    let json = serde_json::to_vec_pretty(value).map_err(io::Error::other);
    json.and_then(|json| atomic::write(path, &json))
        .map_err(|error| ModelsError::folder(path, error))
}
