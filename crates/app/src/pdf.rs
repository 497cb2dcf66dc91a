//! The text of a PDF, read in a process that is there for nothing else.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// First argument of a program that is asked for the text of a PDF, the second being its path.
pub const READ_PDF_FLAG: &str = "--text-of-pdf";

/// What a PDF begins with: ISO 32000-2, 7.5.2.
pub(crate) const MAGIC: &[u8] = b"%PDF-";

/// Answers a request for the text of a PDF, if the program was started with one: text on
/// stdout, and the code to end with. None when it was started for something else.
pub fn answer_pdf_request(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter().skip(1);
    if arguments.next()? != READ_PDF_FLAG {
        return None;
    }
    let path = arguments.next()?;
    Some(match write_text(Path::new(&path)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn write_text(path: &Path) -> io::Result<()> {
    let text = pdf_extract::extract_text(path).map_err(io::Error::other)?;
    io::stdout().lock().write_all(text.as_bytes())
}
