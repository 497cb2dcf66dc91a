//! Reading model files.
//!
//! Files are mapped while they are loaded: each tensor is repacked straight from the map, its pages are then given
//! back, and nothing refers to the file once the model is in memory. A file cut short in the meantime is an error,
//! not a crash: its length is asked for before each tensor.

use std::{
    fs::{self, File},
    io::{self, Read},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use super::map::Map;
use crate::{EngineError, LoadError};

const CHECK_FILE: &str = "Check that the file is still there and that you may read it.";

/// The bytes of one model file. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct ModelFile {
    place: String,
    bytes: Arc<Bytes>,
}

#[derive(Debug)]
enum Bytes {
    Mapped {
        file: File,
        map: Map,
    },
    BuiltIn(&'static [u8]),
    #[cfg(any(test, feature = "fuzzing"))]
    Owned(Vec<u8>),
}

impl ModelFile {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let place = path.display().to_string();
        let open = || {
            // Asked before it is opened: opening a pipe waits for someone to write into it.
            if !fs::metadata(path)?.is_file() {
                return Err(io::Error::other("it is not a regular file"));
            }
            let file = File::open(path)?;
            let meta = file.metadata()?;
            // An empty file can't be mapped.
            if meta.len() == 0 {
                return Ok(Bytes::BuiltIn(&[]));
            }
            let map = Map::new(&file)?;
            Ok(Bytes::Mapped { file, map })
        };
        let bytes = open().map_err(|e| io_error(&place, e))?;
        Ok(Self {
            place,
            bytes: Arc::new(bytes),
        })
    }

    /// Bytes built into the program; `place` is what errors call them.
    pub(crate) fn built_in(place: String, bytes: &'static [u8]) -> Self {
        Self {
            place,
            bytes: Arc::new(Bytes::BuiltIn(bytes)),
        }
    }

    /// Bytes made in memory; `place` is what errors call them.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn in_memory(place: String, bytes: Vec<u8>) -> Self {
        Self {
            place,
            bytes: Arc::new(Bytes::Owned(bytes)),
        }
    }

    /// What errors call this file.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    fn all(&self) -> &[u8] {
        match &*self.bytes {
            Bytes::Mapped { map, .. } => map.bytes(),
            Bytes::BuiltIn(bytes) => bytes,
            #[cfg(any(test, feature = "fuzzing"))]
            Bytes::Owned(bytes) => bytes,
        }
    }

    /// Its length in bytes, when it was opened.
    pub(crate) fn len(&self) -> u64 {
        self.all().len() as u64
    }

    /// The first `len` bytes, fewer if the file is shorter.
    pub(crate) fn prefix(&self, len: u64) -> Result<&[u8], LoadError> {
        self.read(0, len.min(self.len()), "the header")
    }

    /// `len` bytes at `offset`; `field` says what they are.
    ///
    /// # Errors
    /// [`LoadError::Truncated`] when the file is, or has become, shorter than that.
    pub(crate) fn read(&self, offset: u64, len: u64, field: &str) -> Result<&[u8], LoadError> {
        let range = self.range(offset, len, field)?;
        if let Bytes::Mapped { map, .. } = &*self.bytes {
            map.will_need(range.clone());
        }
        Ok(&self.all()[range])
    }

    /// Says that up to `len` bytes at `offset` are looked at soon.
    pub(crate) fn will_need(&self, offset: u64, len: u64) {
        let len = len.min(self.len().saturating_sub(offset));
        if let (Bytes::Mapped { map, .. }, Ok(range)) = (&*self.bytes, self.range(offset, len, ""))
        {
            map.will_need(range);
        }
    }

    /// Says that these bytes will not be looked at again.
    pub(crate) fn release(&self, offset: u64, len: u64) {
        if let (Bytes::Mapped { map, .. }, Ok(range)) = (&*self.bytes, self.range(offset, len, ""))
        {
            map.release(range);
        }
    }

    /// Checks that the file has these bytes, and still has them.
    fn range(&self, offset: u64, len: u64, field: &str) -> Result<Range<usize>, LoadError> {
        let now = match &*self.bytes {
            Bytes::Mapped { file, .. } => {
                let meta = file.metadata().map_err(|e| io_error(&self.place, e))?;
                meta.len().min(self.len())
            }
            // Bytes in memory stay as long as they are.
            _ => self.len(),
        };
        match offset.checked_add(len) {
            // What ends inside a slice fits a usize.
            Some(end) if end <= now => Ok(offset as usize..end as usize),
            end => Err(self.truncated(field, end.unwrap_or(u64::MAX), now)),
        }
    }

    fn truncated(&self, field: &str, needed: u64, found: u64) -> LoadError {
        LoadError::Truncated {
            file: self.place.clone(),
            field: field.to_owned(),
            needed,
            found,
        }
    }
}

/// A file whose bytes are asked for one piece at a time, long after it was mapped for loading: a piece that is gone is an
/// error, where a map would end the process.
#[derive(Debug)]
pub(crate) struct Pieces {
    place: String,
    file: File,
    stamp: (u64, Option<SystemTime>),
}

impl ModelFile {
    /// The same file, for reading pieces later on. `None` for bytes that are in memory anyway.
    pub(crate) fn pieces(&self) -> Result<Option<Pieces>, LoadError> {
        let Bytes::Mapped { file, .. } = &*self.bytes else {
            return Ok(None);
        };
        let open = || {
            let file = file.try_clone()?;
            let stamp = stamp(&file)?;
            Ok(Pieces {
                place: self.place.clone(),
                file,
                stamp,
            })
        };
        open().map(Some).map_err(|e| io_error(&self.place, e))
    }
}

impl Pieces {
    /// Checks that nobody has written to the file since it was opened.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        match stamp(&self.file) {
            Ok(now) if now == self.stamp => Ok(()),
            Ok(_) => Err(self.changed("it has been changed since".to_owned())),
            Err(e) => Err(self.changed(e.to_string())),
        }
    }

    /// Fills `out` with the bytes at `offset`.
    pub(crate) fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), EngineError> {
        read_at(&self.file, offset, out).map_err(|e| self.changed(e.to_string()))
    }

    fn changed(&self, problem: String) -> EngineError {
        EngineError::FileChanged {
            file: self.place.clone(),
            problem,
        }
    }
}

fn stamp(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let meta = file.metadata()?;
    Ok((meta.len(), meta.modified().ok()))
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                out = &mut out[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// The first bytes of a file, enough to tell its kind.
pub(crate) fn read_head(path: &Path) -> Result<Vec<u8>, LoadError> {
    let file = ModelFile::open(path)?;
    Ok(file.prefix(8)?.to_vec())
}

/// A small text file of a model folder; `None` when it is not there. More than `limit` bytes are an error.
pub(crate) fn read_small(path: PathBuf, limit: u64) -> Result<Option<Vec<u8>>, LoadError> {
    let place = path.display().to_string();
    match fs::metadata(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error(&place, e)),
        Ok(meta) if !meta.is_file() => {
            return Err(LoadError::invalid(
                &place,
                "this",
                "should be a file, but is something else",
            ));
        }
        Ok(_) => {}
    }
    let read = || {
        let mut bytes = Vec::new();
        File::open(&path)?.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|e| io_error(&place, e))?;
    if bytes.len() as u64 > limit {
        return Err(LoadError::invalid(
            &place,
            "its size",
            format!("is more than {limit} bytes"),
        ));
    }
    Ok(Some(bytes))
}

fn io_error(place: &str, source: io::Error) -> LoadError {
    LoadError::Io {
        file: place.to_owned(),
        source,
        remedy: CHECK_FILE,
    }
}
