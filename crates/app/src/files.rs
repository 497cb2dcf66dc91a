//! Files that go along with a question: their text, or why there is none.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::pdf::{self, READ_PDF_FLAG};

/// Longest text taken from a file, in bytes: many times what a context holds.
const TEXT_LIMIT: u64 = 2_000_000;
/// Largest PDF that is looked into, in bytes.
const PDF_LIMIT: u64 = 64_000_000;
/// How long a PDF may take.
const PDF_TIME: Duration = Duration::from_secs(30);

/// Why a file has no text to give.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The system refuses it.
    #[error("{name} can't be read: {source}.")]
    Unreadable {
        /// Its name.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// A folder.
    #[error("{name} is a folder. Attach the files in it one by one.")]
    Folder {
        /// Its name.
        name: String,
    },
    /// Larger than any context.
    #[error(
        "{name} is too large: at most {} MB of text can be attached, and models read less.",
        limit / 1_000_000
    )]
    TooLarge {
        /// Its name.
        name: String,
        /// Most bytes of text.
        limit: u64,
    },
    /// Not text.
    #[error("{name} is not a text file. Tern can attach text, source code, Markdown and PDF.")]
    NotText {
        /// Its name.
        name: String,
    },
    /// A model.
    #[error("{name} is a model. Open it from the model menu at the top.")]
    Model {
        /// Its name.
        name: String,
    },
    /// A PDF with pictures of text, encrypted or damaged.
    #[error("{name} has no text Tern can read: {reason}.")]
    Pdf {
        /// Its name.
        name: String,
        /// Why not.
        reason: NoPdfText,
    },
}

/// Why a PDF has no text to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPdfText {
    /// The file is too large to look into.
    #[error("it is larger than {} MB", limit / 1_000_000)]
    TooLarge {
        /// Most bytes.
        limit: u64,
    },
    /// Reading it was given up.
    #[error("reading it takes too long")]
    TooSlow,
    /// The reader failed.
    #[error("it is damaged, encrypted or of an unusual kind")]
    Unusual,
    /// There is no text in it.
    #[error("it holds only pictures")]
    OnlyPictures,
}

/// A file that was read, or why it could not be.
#[derive(Debug)]
pub struct ReadFile {
    /// Its name, without its folder.
    pub name: String,
    /// Its text.
    pub text: Result<String, FileProblem>,
}

/// Reads files. PDFs are read in a process of its own: their parsers are large, and a damaged
/// file may crash one or keep it busy for ever.
pub struct FileReader<'a> {
    /// A program that answers [`READ_PDF_FLAG`] with
    /// [`answer_pdf_request`](pdf::answer_pdf_request).
    program: &'a Path,
}

impl<'a> FileReader<'a> {
    /// A reader that starts `program` for PDFs.
    pub fn new(program: &'a Path) -> Self {
        Self { program }
    }

    /// Reads one file.
    pub fn read(&self, path: &Path) -> ReadFile {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        ReadFile {
            text: self.text(path, &name),
            name,
        }
    }

    fn text(&self, path: &Path, name: &str) -> Result<String, FileProblem> {
        let unreadable = |source| FileProblem::Unreadable {
            name: name.to_owned(),
            source,
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(FileProblem::Folder {
                name: name.to_owned(),
            });
        }
        let has_extension = |wanted: &str| {
            let extension = path.extension().and_then(OsStr::to_str);
            extension.is_some_and(|it| it.eq_ignore_ascii_case(wanted))
        };
        if has_extension("gguf") || has_extension("safetensors") {
            return Err(FileProblem::Model {
                name: name.to_owned(),
            });
        }
        let mut file = File::open(path).map_err(unreadable)?;
        let mut begin = Vec::new();
        let magic = pdf::MAGIC.len() as u64;
        file.by_ref()
            .take(magic)
            .read_to_end(&mut begin)
            .map_err(unreadable)?;
        if begin == pdf::MAGIC {
            return self.pdf_text(path, name);
        }
        let mut bytes = begin;
        file.take(TEXT_LIMIT + 1 - magic)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > TEXT_LIMIT {
            return Err(too_large(name));
        }
        decode(&bytes).ok_or_else(|| FileProblem::NotText {
            name: name.to_owned(),
        })
    }

    fn pdf_text(&self, path: &Path, name: &str) -> Result<String, FileProblem> {
        let unreadable = |source| FileProblem::Unreadable {
            name: name.to_owned(),
            source,
        };
        let refused = |reason| FileProblem::Pdf {
            name: name.to_owned(),
            reason,
        };
        if std::fs::metadata(path).map_err(unreadable)?.len() > PDF_LIMIT {
            return Err(refused(NoPdfText::TooLarge { limit: PDF_LIMIT }));
        }
        let mut reading = Command::new(self.program)
            .arg(READ_PDF_FLAG)
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(unreadable)?;
        let mut output = reading.stdout.take().expect("asked for just above");
        // Read beside waiting: a full pipe would keep the process from ending.
        let text = thread::spawn(move || {
            let mut text = Vec::new();
            let read = output.by_ref().take(TEXT_LIMIT + 1).read_to_end(&mut text);
            read.map(|_| text)
        });
        let deadline = Instant::now() + PDF_TIME;
        let status = loop {
            match reading.try_wait().map_err(unreadable)? {
                Some(status) => break Some(status),
                None if Instant::now() > deadline => break None,
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        let Some(status) = status else {
            let _ = reading.kill();
            let _ = reading.wait();
            return Err(refused(NoPdfText::TooSlow));
        };
        let text = text.join().unwrap_or_else(|_| Ok(Vec::new()));
        let text = text.map_err(unreadable)?;
        if text.len() as u64 > TEXT_LIMIT {
            return Err(too_large(name));
        }
        if !status.success() {
            return Err(refused(NoPdfText::Unusual));
        }
        let text = String::from_utf8_lossy(&text).trim().to_owned();
        if text.is_empty() {
            return Err(refused(NoPdfText::OnlyPictures));
        }
        Ok(text)
    }
}

fn too_large(name: &str) -> FileProblem {
    FileProblem::TooLarge {
        name: name.to_owned(),
        limit: TEXT_LIMIT,
    }
}

/// Text with a byte-order mark, in UTF-8, or in the single-byte encoding of older Windows
/// programs; none for what is no text.
fn decode(bytes: &[u8]) -> Option<String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        return text.map(Cow::into_owned);
    }
    let is_control = |byte: &u8| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127);
    if bytes.iter().any(is_control) {
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(_) => Some(
            WINDOWS_1252
                .decode_without_bom_handling(bytes)
                .0
                .into_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::tempdir;

    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<String, FileProblem> {
        let folder = tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        let read = FileReader::new(Path::new("/nowhere/tern")).read(&path);
        assert_eq!(read.name, name);
        read.text
    }

    #[test]
    fn text_is_read_in_the_encodings_people_have() {
        let says = |bytes: &[u8]| read("a.txt", bytes).expect("text");
        assert_eq!(says("Größe\r\n".as_bytes()), "Größe\r\n");
        assert_eq!(says(b"\xef\xbb\xbfBOM"), "BOM");
        assert_eq!(says(b"\xff\xfeG\0r\0\xf6\0"), "Grö");
        assert_eq!(says(b"\xfe\xff\0G\0r\0\xf6"), "Grö");
        assert_eq!(says(b"Gr\xf6\xdfe \x80"), "Größe €");
        assert_eq!(says(b""), "");
    }

    #[test]
    fn what_is_no_text_is_refused_in_words() {
        let refusal = |name: &str, bytes: &[u8]| {
            let problem = read(name, bytes).expect_err("refused");
            problem.to_string()
        };
        assert!(refusal("a.png", b"\x89PNG\r\n\x1a\n\0\0").contains("not a text file"));
        assert!(refusal("a.txt", b"a\0b").contains("not a text file"));
        assert!(refusal("m.GGUF", b"GGUF").contains("model menu"));
        assert!(refusal("a.txt", &vec![b'x'; 2_000_001]).contains("too large"));
        assert!(read("a.txt", &vec![b'x'; 2_000_000]).is_ok());
        let folder = tempdir().expect("a temporary folder");
        let reader = FileReader::new(Path::new("/nowhere/tern"));
        let says = |path: &Path| reader.read(path).text.expect_err("refused").to_string();
        assert!(says(folder.path()).contains("is a folder"));
        assert!(says(&folder.path().join("gone.txt")).contains("can't be read"));
        assert!(refusal("a.pdf", b"%PDF-1.7 nothing").contains("can't be read"));
    }
}
