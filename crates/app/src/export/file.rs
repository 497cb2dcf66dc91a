//! Files and folders that are there whole or not at all.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::ExportError;

/// Attempts to rename on Windows, where a virus scanner may hold a file for a moment; the waits
/// between them add up to about a second.
const RENAME_ATTEMPTS: u32 = 10;

/// Most files of the same name, which only a mistake can reach.
const MOST_NUMBERS: u32 = 1_000_000;

/// A file being written under another name in the same folder. It takes its place with
/// [`finish`](Self::finish); dropped before, it is gone and what was in its place is as it was.
pub(super) struct WholeFile {
    path: PathBuf,
    unfinished: PathBuf,
    /// None once it is finished.
    file: Option<BufWriter<File>>,
}

impl WholeFile {
    pub(super) fn create(path: &Path) -> Result<Self, ExportError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let name = |number| format!(".tern-export-{}-{number}.part", std::process::id());
        let (unfinished, file) =
            create_new(folder, name).map_err(|error| ExportError::io(path, error))?;
        Ok(Self {
            path: path.to_path_buf(),
            unfinished,
            file: Some(file),
        })
    }

    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        let file = self.file.take();
        let put = file
            .map_or(Ok(()), sync)
            .and_then(|()| rename(&self.unfinished, &self.path));
        match put {
            Ok(()) => {
                // Best effort: the file is in its place, and some network folders can't be synced.
                let _ = self.path.parent().map_or(Ok(()), sync_folder);
                Ok(())
            }
            Err(error) => {
                let _ = fs::remove_file(&self.unfinished);
                Err(ExportError::io(&self.path, error))
            }
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // Windows removes no open file; what is still buffered need not reach the disk.
            drop(file.into_parts());
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

/// A new folder, filled under another name beside it. Dropped before it is finished, it is gone.
pub(super) struct NewFolder {
    parent: PathBuf,
    name: String,
    unfinished: PathBuf,
    is_finished: bool,
    /// How many files have a name already, by the name's small letters.
    taken: HashMap<String, u32>,
}

impl NewFolder {
    pub(super) fn create(parent: &Path, name: &str) -> Result<Self, ExportError> {
        let create = |number| {
            let unfinished = parent.join(format!("{}.unfinished", numbered(name, number)));
            fs::create_dir(&unfinished).map(|()| unfinished)
        };
        let unfinished = first_free(1, create).map_err(|error| ExportError::io(parent, error))?;
        Ok(Self {
            parent: parent.to_path_buf(),
            name: name.to_owned(),
            unfinished: unfinished.1,
            is_finished: false,
            taken: HashMap::new(),
        })
    }

    /// Adds a file; one whose name is taken gets a number.
    pub(super) fn add(
        &mut self,
        stem: &str,
        extension: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), ExportError> {
        // Only where to begin: what else the file system takes for the same name, it says.
        let next = self.taken.entry(stem.to_lowercase()).or_insert(1);
        let name = |number| format!("{}.{extension}", numbered(stem, number));
        let create = |number| open_new(&self.unfinished.join(name(number)));
        let written = first_free(*next, create).and_then(|(number, mut file)| {
            *next = number + 1;
            write(&mut file)?;
            sync(file)
        });
        written.map_err(|error| ExportError::io(&self.parent.join(&self.name), error))
    }

    /// Gives the folder its name, with a number where that is taken, and returns where it is.
    pub(super) fn finish(mut self) -> Result<PathBuf, ExportError> {
        let put = first_free(1, |number| {
            let path = self.parent.join(numbered(&self.name, number));
            // A rename would replace an empty folder.
            if path.try_exists()? {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            rename(&self.unfinished, &path).map(|()| path)
        });
        let (_, path) = put.map_err(|error| ExportError::io(&self.parent, error))?;
        self.is_finished = true;
        let _ = sync_folder(&self.parent);
        Ok(path)
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.is_finished {
            let _ = fs::remove_dir_all(&self.unfinished);
        }
    }
}

/// `name`, `name (2)`, `name (3)`…
fn numbered(name: &str, number: u32) -> String {
    match number {
        1 => name.to_owned(),
        _ => format!("{name} ({number})"),
    }
}

/// The first number from `from` on that nothing has yet, and what was made with it.
fn first_free<T>(from: u32, mut make: impl FnMut(u32) -> io::Result<T>) -> io::Result<(u32, T)> {
    for number in from..MOST_NUMBERS {
        match make(number) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|made| (number, made)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn create_new(
    folder: &Path,
    name: impl Fn(u32) -> String,
) -> io::Result<(PathBuf, BufWriter<File>)> {
    let create = |number| {
        let path = folder.join(name(number));
        open_new(&path).map(|file| (path, file))
    };
    first_free(1, create).map(|(_, made)| made)
}

fn open_new(path: &Path) -> io::Result<BufWriter<File>> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    Ok(BufWriter::new(file))
}

fn sync(file: BufWriter<File>) -> io::Result<()> {
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let attempts = if cfg!(windows) { RENAME_ATTEMPTS } else { 1 };
    for attempt in 1..attempts {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                thread::sleep(Duration::from_millis(20) * attempt);
            }
            result => return result,
        }
    }
    fs::rename(from, to)
}

/// Makes a rename survive a power cut; Windows does so by itself.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) && !folder.as_os_str().is_empty() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("readable").flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_file_given_up_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("chats.json");
        fs::write(&path, "old").expect("written");
        let mut file = WholeFile::create(&path).expect("created");
        file.write_all(&[b'x'; 100_000]).expect("written");
        assert_eq!(names(folder.path()).len(), 2, "it is written beside");
        drop(file);
        assert_eq!(names(folder.path()), ["chats.json"]);
        assert_eq!(fs::read_to_string(&path).expect("readable"), "old");

        let mut file = WholeFile::create(&path).expect("created");
        file.write_all(b"new").expect("written");
        file.finish().expect("in its place");
        assert_eq!(names(folder.path()), ["chats.json"]);
        assert_eq!(fs::read_to_string(&path).expect("readable"), "new");
    }

    #[test]
    fn a_place_that_cannot_be_taken_is_a_sentence_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        let missing = folder.path().join("gone").join("chats.json");
        let error = WholeFile::create(&missing).err().expect("no such folder");
        assert!(
            error
                .to_string()
                .contains("chats.json could not be written")
        );

        let taken = folder.path().join("taken");
        fs::create_dir(&taken).expect("created");
        let file = WholeFile::create(&taken).expect("created");
        file.finish().expect_err("a folder is in its place");
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn chats_of_one_name_get_numbers_and_replace_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        fs::create_dir(folder.path().join("Chats")).expect("created");
        let mut new = NewFolder::create(folder.path(), "Chats").expect("created");
        for (stem, text) in [
            ("Tern", "1"),
            ("tern", "2"),
            ("Tern", "3"),
            ("Tern (2)", "4"),
        ] {
            new.add(stem, "md", |file| file.write_all(text.as_bytes()))
                .expect("added");
        }
        let path = new.finish().expect("named");
        assert_eq!(path, folder.path().join("Chats (2)"));
        assert_eq!(names(folder.path()), ["Chats", "Chats (2)"]);
        let said: Vec<String> = names(&path)
            .iter()
            .map(|name| fs::read_to_string(path.join(name)).expect("readable"))
            .collect();
        assert_eq!(names(&path).len(), 4);
        assert_eq!(said.concat().len(), 4, "{said:?}");
    }

    #[test]
    fn a_folder_that_fails_in_the_middle_is_gone() {
        let folder = tempfile::tempdir().expect("folder");
        let mut new = NewFolder::create(folder.path(), "Chats").expect("created");
        new.add("a", "md", |file| file.write_all(b"a"))
            .expect("added");
        let full = |_: &mut dyn Write| Err(io::ErrorKind::StorageFull.into());
        let error = new.add("b", "md", full).expect_err("full");
        assert!(matches!(error, ExportError::DiskFull { .. }), "{error}");
        drop(new);
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
