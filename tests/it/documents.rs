//! The documents tell the truth about names that can be checked.

use tern_tests::root;
use tern_tests::sources::{self, SourceFile};

use crate::crates::TABLE;
use crate::finding::{assert_none, finding};

/// Top-level folders; a path in a document that begins with one of them must exist.
const TOP: [&str; 6] = ["crates", "src-tauri", "ui", "tests", "assets", "tools"];

/// Folders that appear only after a build.
const MADE: [&str; 3] = ["target/", "ui/dist", "node_modules"];

/// Pieces of a line between single backticks.
fn backticked(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Targets of Markdown links that are files of the repository.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#', ' ']).next())
        .filter(|target| !target.is_empty() && !target.contains(':'))
}

/// Lines of a Markdown file outside fenced blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((at + 1, line))
    })
}

/// Paths a document names that do not exist. `exists` takes a path from the top.
fn missing_paths(file: &SourceFile, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = file
        .path
        .rsplit_once('/')
        .map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let mut found = Vec::new();
    for (line, text) in prose(&file.text) {
        let paths = backticked(text).filter(|piece| {
            let plain = |c: char| c.is_alphanumeric() || "/._-@".contains(c);
            let top = piece.split('/').next().unwrap_or_default();
            piece.contains('/')
                && piece.chars().all(plain)
                && TOP.contains(&top)
                && !MADE.iter().any(|made| piece.starts_with(made))
        });
        let missing_path = paths
            .map(|path| path.trim_end_matches('/').to_owned())
            // A crate's own README may speak from its folder.
            .filter(|path| !exists(path) && !exists(&format!("{folder}{path}")));
        let links = link_targets(text)
            .map(|target| format!("{folder}{target}"))
            .filter(|path| !exists(path));
        found.extend(
            missing_path
                .chain(links)
                .map(|path| finding(file, line, &format!("names `{path}`, which does not exist"))),
        );
    }
    found
}

/// npm commands a document names that package.json does not have.
fn missing_scripts(file: &SourceFile, package_json: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        let named = line.split("npm run ").skip(1).map(|rest| {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == ':' || c == '-'))
                .unwrap_or(rest.len());
            &rest[..end]
        });
        let short = ["start", "test"]
            .into_iter()
            .filter(|name| line.contains(&format!("npm {name}")));
        for script in named.chain(short).filter(|script| !script.is_empty()) {
            if !package_json.contains(&format!("\"{script}\":")) {
                found.push(finding(
                    file,
                    at + 1,
                    &format!("names `npm run {script}`, which package.json does not have"),
                ));
            }
        }
    }
    found
}

fn documents() -> Vec<SourceFile> {
    sources::all()
        .into_iter()
        .filter(|file| file.path.ends_with(".md") && !file.path.contains("/corpus/"))
        .collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_path_a_document_names_exists() {
    let exists = |path: &str| root().join(path).exists();
    let found: Vec<String> = documents()
        .iter()
        .flat_map(|file| missing_paths(file, exists))
        .collect();
    assert_none("documents name what is there", &found);
}

#[test]
fn every_command_a_document_names_exists() {
    let package_json = read("package.json");
    let found: Vec<String> = documents()
        .iter()
        .flat_map(|file| missing_scripts(file, &package_json))
        .collect();
    assert_none("documents name scripts of package.json", &found);
}

#[test]
fn the_architecture_names_every_crate_and_every_top_folder() {
    let text = read("ARCHITECTURE.md");
    let folder_of = |name: &str| match name {
        "tern-desktop" => "src-tauri".to_owned(),
        "tern-tests" => "tests".to_owned(),
        _ => name.replace("tern-", "crates/"),
    };
    let wanted = TABLE
        .iter()
        .map(|(name, _)| folder_of(name))
        .chain(TOP.iter().skip(1).map(|top| (*top).to_owned()));
    let missing: Vec<String> = wanted
        .filter(|folder| {
            !text.contains(&format!("`{folder}`")) && !text.contains(&format!("`{folder}/"))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md does not mention {missing:?}"
    );
}

#[test]
fn the_documents_a_newcomer_looks_for_are_there() {
    for path in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
    ] {
        assert!(read(path).len() > 100, "{path} says too little");
    }
    assert!(read("LICENSE").contains("The Tern authors"));
}

mod self_checks {
    use super::*;
    use crate::finding::assert_found;

    #[test]
    fn a_path_that_is_gone_is_found() {
        let text = "See `crates/engine/src/gone.rs`, `a/b`, `crates/here`, `target/x`, [this](docs/gone.md) and [that](https://example.org/x).\n```\n`crates/in/a/fence.rs`\n```\n";
        let file = SourceFile::made_up("crates/kernels/README.md", text);
        let found = missing_paths(&file, |path| path == "crates/here");
        assert_found(&found, 2);
        assert!(
            found[1].contains("crates/kernels/docs/gone.md"),
            "{found:?}"
        );
    }

    #[test]
    fn a_script_that_is_gone_is_found() {
        let file = SourceFile::made_up(
            "README.md",
            "Run `npm start`, `npm run test:ui` or `npm run gone`.",
        );
        assert_found(
            &missing_scripts(&file, r#"{"start": "", "test:ui": ""}"#),
            1,
        );
    }
}
