//! Bringing models from elsewhere on this computer into the folder for models.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::atomic::create_folders;
use crate::fetch::{Control, Order, model_path};
use crate::folder::{RECORD, make_folder, open_own, write_json};
use crate::hash::{Sha256, to_hex};
use crate::label::label;
use crate::names::{self, slug};
use crate::recognise::recognise;
use crate::record::{below, files_of, home};
use crate::{InstalledModel, ModelKind, ModelsError, ModelsFolder, Record, RecordedFile};

/// How much is copied at once.
const PIECE: usize = 1 << 20;

/// A model that could be brought in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it would be called.
    pub name: String,
    /// Size of its files.
    pub bytes: u64,
}

impl Candidate {
    /// The model at `path`.
    ///
    /// # Errors
    /// What is wrong with the path.
    pub fn at(path: &Path) -> Result<Self, ModelsError> {
        let found = recognise(path)?;
        Ok(Self {
            name: label(&found.path, found.kind),
            bytes: found.bytes,
        })
    }
}

/// Copies the model at `path` into `folder`, hashing it on the way. Answers with what to open,
/// and what its files are. `went` hears of every piece.
///
/// # Errors
/// What is wrong with the path, [`ModelsError::NoSpace`], [`ModelsError::FolderFull`],
/// [`ModelsError::Cancelled`]; nothing of the copy stays then.
pub fn copy_in(
    folder: &ModelsFolder,
    path: &Path,
    control: &Control,
    went: &mut dyn FnMut(u64),
) -> Result<(PathBuf, Record), ModelsError> {
    let found = recognise(path)?;
    let name = label(&found.path, found.kind);
    let record = Record {
        format: Record::FORMAT,
        name: name.clone(),
        origin: None,
        files: Vec::new(),
    };
    copy(
        folder,
        &slug(&name),
        &found.path,
        found.kind,
        record,
        control,
        went,
    )
}

/// Moves a model Tern put somewhere into `folder`. Answers with what to open from now on.
///
/// # Errors
/// As [`copy_in`]; the model stays where it was then.
pub fn move_in(
    folder: &ModelsFolder,
    model: &InstalledModel,
    control: &Control,
    went: &mut dyn FnMut(u64),
) -> Result<PathBuf, ModelsError> {
    let place = home(&model.path, model.kind);
    let record = place
        .and_then(Record::of_folder)
        .ok_or(ModelsError::NoRecord)?;
    let place = place.unwrap_or(&model.path);
    let name = place
        .file_name()
        .and_then(|name| name.to_str())
        .map_or("model".to_owned(), slug);
    let target = folder.path().join(&name);
    if fs::symlink_metadata(&target).is_err() {
        create_folders(folder.path()).map_err(|e| ModelsError::folder(folder.path(), e))?;
        if fs::rename(place, &target).is_ok() {
            went(record.bytes());
            return Ok(model_path(&target, &record));
        }
    }
    // Another disk: the copy is checked before the original goes.
    let expected = record.files.clone();
    let (path, copied) = copy(
        folder,
        &name,
        &model.path,
        model.kind,
        record,
        control,
        went,
    )?;
    if expected != copied.files {
        let file = expected.iter().find(|file| !copied.files.contains(file));
        if let Some(copy) = home(&path, model.kind) {
            let _ = fs::remove_dir_all(copy);
        }
        return Err(ModelsError::Altered {
            file: file.map(|file| file.path.clone()).unwrap_or_default(),
            what: crate::Alteration::Changed,
        });
    }
    if let Err(error) = fs::remove_dir_all(place) {
        tracing::warn!("{} could not be deleted: {error}", place.display());
    }
    Ok(path)
}

fn copy(
    folder: &ModelsFolder,
    name: &str,
    path: &Path,
    kind: ModelKind,
    mut record: Record,
    control: &Control,
    went: &mut dyn FnMut(u64),
) -> Result<(PathBuf, Record), ModelsError> {
    let files = files_of(path, kind)?;
    let sizes = files
        .iter()
        .filter_map(|file| fs::metadata(below(path, kind, file)).ok());
    let bytes = sizes.map(|found| found.len()).sum::<u64>();
    folder.require_room(bytes, bytes)?;
    let name = format!("{name}.copy");
    let place = folder.download(&name)?;
    let lock = place.lock()?;
    // What a copy that was killed left is not gone on with.
    let _ = fs::remove_dir_all(place.files());
    make_folder(&place.files())?;
    let copied = files.iter().map(|file| {
        let target = names::below(&place.files(), file)?;
        copy_file(&below(path, kind, file), &target, control, went).map(|(bytes, sha256)| {
            RecordedFile {
                path: file.clone(),
                bytes,
                sha256,
            }
        })
    });
    let done = copied.collect::<Result<Vec<_>, _>>().and_then(|files| {
        record.files = files;
        write_json(&place.files().join(RECORD), &record)?;
        folder.promote(&place, name.trim_end_matches(".copy"))
    });
    drop(lock);
    match done {
        Ok(home) => Ok((model_path(&home, &record), record)),
        Err(error) => {
            place.remove();
            Err(error)
        }
    }
}

fn copy_file(
    from: &Path,
    to: &Path,
    control: &Control,
    went: &mut dyn FnMut(u64),
) -> Result<(u64, String), ModelsError> {
    let read = |error: io::Error| ModelsError::read(from, error);
    let write = |error: io::Error| ModelsError::folder(to, error);
    let mut source = File::open(from).map_err(read)?;
    let mut target = open_own(to)?;
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        if control.order() != Order::Go {
            return Err(ModelsError::Cancelled);
        }
        let n = source.read(&mut piece).map_err(read)?;
        if n == 0 {
            break;
        }
        target.write_all(&piece[..n]).map_err(write)?;
        hash.update(&piece[..n]);
        bytes += n as u64;
        went(n as u64);
    }
    target.sync_all().map_err(write)?;
    Ok((bytes, to_hex(&hash.finish())))
}
