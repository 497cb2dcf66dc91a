//! PDFs are read by the window's own program, started once more.

use std::fs;
use std::path::Path;

use tern_app::FileReader;

/// A PDF of one page that shows `text` in Helvetica. Source: ISO 32000-2, 7.5 and 9.4.
fn pdf(text: &str) -> Vec<u8> {
    let content = format!("BT /F1 12 Tf 72 720 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!(
            "<< /Length {} >>\nstream\n{content}\nendstream",
            content.len()
        ),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
            .to_owned(),
    ];
    let mut file = "%PDF-1.7\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.push_str(&format!(
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ));
    file.into_bytes()
}

fn read(bytes: &[u8]) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("paper.pdf");
    fs::write(&path, bytes).expect("written");
    let reader = FileReader::new(Path::new(env!("CARGO_BIN_EXE_tern-desktop")));
    reader
        .read(&path)
        .text
        .map_err(|problem| problem.to_string())
}

#[test]
fn the_words_of_a_pdf_are_read() {
    let text = read(&pdf("Terns winter on the southern ice")).expect("text");
    assert_eq!(text, "Terns winter on the southern ice");
}

#[test]
fn a_pdf_that_breaks_its_reader_is_a_sentence() {
    let whole = pdf("Terns");
    for end in [9, 60, 200, whole.len() - 30] {
        let refused = read(&whole[..end]).expect_err("cut short");
        assert!(refused.starts_with("paper.pdf has no text"), "{refused}");
    }
    let refused = read(&pdf("")).expect_err("nothing to read");
    assert!(refused.contains("only pictures"), "{refused}");
}
