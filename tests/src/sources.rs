//! The files of the repository, as git would commit them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{root, rust_text};

/// A text file: path from the top with `/`, and its content.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path from the top of the repository, with `/` on every system.
    pub path: String,
    /// Content.
    pub text: String,
}

impl SourceFile {
    /// A file that exists only in a test.
    pub fn made_up(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// File name without its folder.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether the file is below `folder`.
    pub fn is_below(&self, folder: &str) -> bool {
        self.path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Rust source.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// A file that holds nothing but tests or measurements.
    pub fn is_test(&self) -> bool {
        let test_folder = |part| matches!(part, "tests" | "benches" | "examples" | "e2e" | "fuzz");
        let stem = self.name().split('.').next().unwrap_or_default();
        self.path.split('/').any(test_folder)
            || stem == "tests"
            || stem.ends_with("_tests")
            || self.name().contains(".test.")
            || self.name().contains(".spec.")
    }

    /// Rust code without comments, literals and tests; line numbers stay.
    pub fn code(&self) -> String {
        if self.is_test() {
            return String::new();
        }
        rust_text::without_tests(&rust_text::code_only(&self.text))
    }
}

/// Every text file that is tracked, or would be after `git add`.
///
/// Without git (a source archive) the folders are walked instead, made ones left out.
pub fn all() -> Vec<SourceFile> {
    let mut paths = from_git().unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(root(), "", &mut found);
        found
    });
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| {
            // Not UTF-8: an image or a weight file, which no rule about text concerns.
            let text = fs::read_to_string(root().join(&path)).ok()?;
            Some(SourceFile { path, text })
        })
        .collect()
}

fn from_git() -> Option<Vec<String>> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .ok()
        .filter(|listed| listed.status.success())?;
    let text = String::from_utf8(listed.stdout).ok()?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    const MADE: [&str; 5] = [".git", "target", "node_modules", "dist", "results"];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            if !MADE.contains(&name.as_str()) {
                walk(&entry.path(), &format!("{path}/"), found);
            }
        } else {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, all};

    #[test]
    fn the_rules_see_the_real_files() {
        let files = all();
        for path in [
            "Cargo.toml",
            "crates/kernels/src/lib.rs",
            "tests/src/sources.rs",
        ] {
            assert!(
                files.iter().any(|file| file.path == path),
                "{path} is not among the files"
            );
        }
        assert!(files.iter().all(|file| !file.path.starts_with("target/")));
    }

    #[test]
    fn test_files_are_told_from_program_files() {
        let is_test = |path| SourceFile::made_up(path, "").is_test();
        assert!(is_test("crates/engine/tests/golden.rs"));
        assert!(is_test("crates/engine/src/weights/tests.rs"));
        assert!(is_test("ui/src/lib/state/chat.test.ts"));
        assert!(!is_test("crates/engine/src/attestation.rs"));
        assert!(SourceFile::made_up("crates/app/src/a.rs", "").is_below("crates/app"));
        assert!(!SourceFile::made_up("crates/apple/src/a.rs", "").is_below("crates/app"));
    }
}
