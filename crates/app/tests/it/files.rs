//! Files are read the way the window does it: PDFs in a process of their own, here one that plays
//! its part badly. The real one is tested where it is built, in `src-tauri`.

use std::path::Path;

use tern_app::FileReader;

fn program(folder: &Path, script: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;

    let path = folder.join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("made executable");
    path
}

#[test]
fn whatever_the_reading_process_does_the_answer_is_a_sentence() {
    let folder = tempfile::tempdir().expect("folder");
    let pdf = folder.path().join("paper.pdf");
    std::fs::write(&pdf, "%PDF-1.7\n").expect("written");
    let read = |script: &str| {
        let program = program(folder.path(), script);
        FileReader::new(&program).read(&pdf).text
    };
    let refusal = |script: &str| read(script).expect_err(script).to_string();
    assert_eq!(
        read("test \"$1\" = --text-of-pdf && echo \" words \"").expect("text"),
        "words"
    );
    assert!(refusal("kill -ABRT $$").contains("damaged"));
    assert!(refusal("exit 1").contains("damaged"));
    assert!(refusal("printf '  \\n'").contains("only pictures"));
    assert!(refusal("yes").contains("too large"));
}
