//! How rules report.

use tern_tests::sources::SourceFile;

/// `path:line: why`.
pub(crate) fn finding(file: &SourceFile, line: usize, why: &str) -> String {
    format!("{}:{line}: {why}", file.path)
}

/// Fails with every finding on a line of its own.
#[track_caller]
pub(crate) fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n{}", findings.join("\n"));
}

/// Fails when the rule is blind: the made-up files break it in `expected` places.
#[track_caller]
pub(crate) fn assert_found(findings: &[String], expected: usize) {
    assert_eq!(
        findings.len(),
        expected,
        "the rule must find {expected} violations, found:\n{}",
        findings.join("\n")
    );
}
