//! Reading model files.
//!
//! Files are read, not mapped: a mapped file that another program cuts short takes the process with it, a read
//! merely fails. Each tensor is read once, while loading, and nothing refers to the file afterwards.

use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::LoadError;

const CHECK_FILE: &str = "Check that the file is still there and that you may read it.";

/// The bytes of one model file.
#[derive(Debug)]
pub(crate) struct ModelFile {
    place: String,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    OnDisk { file: File, len: u64 },
    BuiltIn(&'static [u8]),
}

impl ModelFile {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let place = path.display().to_string();
        let open = || {
            let file = File::open(path)?;
            let meta = file.metadata()?;
            if !meta.is_file() {
                return Err(io::Error::other("it is not a regular file"));
            }
            Ok((file, meta.len()))
        };
        let (file, len) = open().map_err(|e| io_error(&place, e))?;
        Ok(Self {
            place,
            bytes: Bytes::OnDisk { file, len },
        })
    }

    /// Bytes built into the program; `place` is what errors call them.
    pub(crate) fn built_in(place: String, bytes: &'static [u8]) -> Self {
        Self {
            place,
            bytes: Bytes::BuiltIn(bytes),
        }
    }

    /// What errors call this file.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match &self.bytes {
            Bytes::OnDisk { len, .. } => *len,
            Bytes::BuiltIn(bytes) => bytes.len() as u64,
        }
    }

    /// The first `len` bytes, fewer if the file is shorter.
    pub(crate) fn prefix(&self, len: u64) -> Result<Cow<'static, [u8]>, LoadError> {
        self.read(0, len.min(self.len()), "the header")
    }

    /// `len` bytes at `offset`; `field` says what they are.
    ///
    /// # Errors
    /// [`LoadError::Truncated`] when the file is, or has become, shorter than that.
    pub(crate) fn read(
        &self,
        offset: u64,
        len: u64,
        field: &str,
    ) -> Result<Cow<'static, [u8]>, LoadError> {
        self.check_range(offset, len, field)?;
        match &self.bytes {
            Bytes::BuiltIn(bytes) => Ok(Cow::Borrowed(
                &bytes[offset as usize..(offset + len) as usize],
            )),
            Bytes::OnDisk { .. } => {
                let mut buffer = vec![0; len as usize];
                self.read_into(offset, &mut buffer, field)?;
                Ok(Cow::Owned(buffer))
            }
        }
    }

    /// Fills `buffer` from `offset`.
    pub(crate) fn read_into(
        &self,
        offset: u64,
        buffer: &mut [u8],
        field: &str,
    ) -> Result<(), LoadError> {
        self.check_range(offset, buffer.len() as u64, field)?;
        match &self.bytes {
            Bytes::BuiltIn(bytes) => {
                buffer.copy_from_slice(&bytes[offset as usize..][..buffer.len()]);
                Ok(())
            }
            Bytes::OnDisk { file, .. } => read_exact_at(file, buffer, offset).map_err(|e| {
                if e.kind() == io::ErrorKind::UnexpectedEof {
                    let found = file.metadata().map_or(0, |m| m.len());
                    self.truncated(field, offset + buffer.len() as u64, found)
                } else {
                    io_error(&self.place, e)
                }
            }),
        }
    }

    fn check_range(&self, offset: u64, len: u64, field: &str) -> Result<(), LoadError> {
        match offset.checked_add(len) {
            Some(end) if end <= self.len() && usize::try_from(len).is_ok() => Ok(()),
            end => Err(self.truncated(field, end.unwrap_or(u64::MAX), self.len())),
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

/// The first bytes of a file, enough to tell its kind.
pub(crate) fn read_head(path: &Path) -> Result<Vec<u8>, LoadError> {
    let file = ModelFile::open(path)?;
    Ok(file.prefix(8)?.into_owned())
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

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !buffer.is_empty() {
        match file.seek_read(buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                buffer = &mut buffer[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
