//! Tidiness that a reader would otherwise have to watch over.

use tern_tests::rust_text::words;
use tern_tests::sources::{self, SourceFile};

use crate::finding::{assert_none, finding};

/// Lines of a file before it has to say why it is longer.
const RUST_LINES: usize = 500;
const UI_LINES: usize = 300;

/// Lines of `files` that `bad` gives a reason against.
fn lines_where(
    files: &[&SourceFile],
    bad: impl Fn(&SourceFile, &str) -> Option<String>,
) -> Vec<String> {
    files
        .iter()
        .flat_map(|file| {
            file.text
                .lines()
                .enumerate()
                .filter_map(|(at, line)| bad(file, line).map(|why| finding(file, at + 1, &why)))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Files this repository made, not a generator or a lock.
fn written(files: &[SourceFile]) -> Vec<&SourceFile> {
    files
        .iter()
        .filter(|file| {
            let generated =
                ["Cargo.lock", "package-lock.json", "bindings.ts"].contains(&file.name());
            !generated && !file.is_below("tests/golden") && !file.is_below("src-tauri/gen")
        })
        .collect()
}

/// Notes to oneself that were left behind.
fn left_notes(files: &[&SourceFile]) -> Vec<String> {
    let notes = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("HACK", ":"),
    ];
    lines_where(files, |_, line| {
        notes
            .iter()
            .find(|note| line.contains(**note))
            .map(|note| format!("`{note}` left behind"))
    })
}

/// Rust that stops the program where it should give an error, or talks to its author.
fn careless_rust(files: &[&SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let code = file.code();
        let lines: Vec<&str> = file.text.lines().collect();
        for (at, line) in code.lines().enumerate() {
            for needle in ["dbg!(", "todo!(", "unimplemented!("] {
                if line.contains(needle) {
                    found.push(finding(file, at + 1, &format!("`{needle}…)` left behind")));
                }
            }
            let beside =
                lines[at].contains("//") || at > 0 && lines[at - 1].trim_start().starts_with("//");
            if line.contains(".unwrap()") && !beside {
                found.push(finding(
                    file,
                    at + 1,
                    "`.unwrap()` without a reason beside it",
                ));
            }
        }
    }
    found
}

/// Files too long to know by heart that do not say why.
fn too_long(files: &[&SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let is_ui = (file.is_below("ui") || file.is_below("tools"))
            && [".ts", ".js", ".mjs", ".svelte", ".css"]
                .iter()
                .any(|end| file.path.ends_with(end));
        let limit = match () {
            () if file.is_rust() => RUST_LINES,
            () if is_ui => UI_LINES,
            () => continue,
        };
        let count = file.text.lines().count();
        if count > limit && !file.text.contains("Longer than ") {
            found.push(finding(
                file,
                count,
                &format!(
                    "{count} lines; cut it, or say why: \"Longer than {limit} lines, because …\""
                ),
            ));
        }
    }
    found
}

/// Names that say nothing about what a thing holds.
fn empty_names(files: &[&SourceFile]) -> Vec<String> {
    const EMPTY: [&str; 6] = [
        "manager",
        "service",
        "helper",
        "helpers",
        "util",
        "processor",
    ];
    let says_nothing = |name: &str| {
        let lower = name.to_lowercase();
        let lower = lower
            .strip_suffix("utils")
            .map_or(lower.clone(), |head| format!("{head}util"));
        EMPTY.iter().any(|empty| lower.ends_with(empty))
    };
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.path.ends_with(".md")) {
        let stem = file.name().split('.').next().unwrap_or_default();
        if says_nothing(stem) {
            found.push(finding(file, 1, &format!("a file named `{stem}`")));
        }
        if !file.is_rust() {
            continue;
        }
        let code = file.code();
        let mut before = "";
        for (line, word) in words(&code) {
            if ["struct", "enum", "trait", "mod", "type"].contains(&before) && says_nothing(word) {
                found.push(finding(
                    file,
                    line,
                    &format!("a type or module named `{word}`"),
                ));
            }
            before = word;
        }
    }
    found
}

/// Paths of one person's computer. Made-up people may have one.
fn absolute_paths(files: &[&SourceFile]) -> Vec<String> {
    const MADE_UP: [&str; 3] = ["ada", "kim", "you"];
    let roots = [
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("C:\\Us", "ers\\"),
    ];
    lines_where(files, |_, line| {
        roots.iter().find_map(|root| {
            let (before, after) = line.split_once(root)?;
            // `frame/work/`, `https://host/home/`: part of a longer, relative path.
            let inside = before.ends_with(|c: char| c.is_alphanumeric() || "._-~}".contains(c));
            let person = after.split(['/', '\\']).next().unwrap_or_default();
            (!inside && !MADE_UP.contains(&person)).then(|| format!("an absolute path (`{root}…`)"))
        })
    })
}

/// Talk about how the text came to be, which belongs in no file.
fn workshop_talk(files: &[&SourceFile]) -> Vec<String> {
    let phrases = [
        concat!("sub", "agent"),
        concat!("sub-", "agent"),
        concat!("coding ", "agent"),
        concat!("this ses", "sion of"),
        concat!("previous ses", "sion"),
        concat!("co-authored", "-by"),
        concat!("generated with ", "claude"),
        concat!("as an ai language ", "model"),
        concat!("the lead ", "writes"),
        concat!("another helper ", "writes"),
    ];
    lines_where(files, |_, line| {
        let lower = line.to_lowercase();
        phrases
            .iter()
            .find(|phrase| lower.contains(**phrase))
            .map(|phrase| format!("talk from the workshop (`{phrase}`)"))
    })
}

/// Packages from elsewhere than the public registries: in the lock files and in settings.
fn other_registries(files: &[SourceFile]) -> Vec<String> {
    let files: Vec<&SourceFile> = files.iter().collect();
    lines_where(&files, |file, line| match file.name() {
        "Cargo.lock" => (line.starts_with("source = ")
            && !line.contains("registry+https://github.com/rust-lang/crates.io-index"))
        .then(|| "a crate from elsewhere than crates.io".to_owned()),
        "package-lock.json" => (line.contains("\"resolved\": \"http")
            && !line.contains("\"https://registry.npmjs.org/"))
        .then(|| "a package from elsewhere than registry.npmjs.org".to_owned()),
        ".npmrc" => (line.starts_with("registry") || line.contains(":registry"))
            .then(|| "a registry set for everyone".to_owned()),
        "config.toml" if file.path.contains(".cargo/") => (line.starts_with("[source")
            || line.contains("replace-with"))
        .then(|| "crates.io replaced for everyone".to_owned()),
        _ => None,
    })
}

/// Merge markers and carriage returns.
fn broken_text(files: &[&SourceFile]) -> Vec<String> {
    let marks = [concat!("<<<<", "<<< "), concat!(">>>>", ">>> ")];
    let mut found = lines_where(files, |_, line| {
        marks
            .iter()
            .any(|mark| line.starts_with(mark))
            .then(|| "a merge marker".to_owned())
    });
    found.extend(
        files
            .iter()
            .filter(|file| file.text.contains("\r\n"))
            .map(|file| finding(file, 1, "lines end in CRLF")),
    );
    found
}

#[test]
fn nothing_is_left_for_later_in_silence() {
    assert_none(
        "say it in the code or do it",
        &left_notes(&written(&sources::all())),
    );
}

#[test]
fn no_error_is_a_crash() {
    assert_none(
        "errors are values",
        &careless_rust(&written(&sources::all())),
    );
}

#[test]
fn files_are_short_enough_to_know_by_heart() {
    assert_none("lengths", &too_long(&written(&sources::all())));
}

#[test]
fn names_say_what_a_thing_holds() {
    assert_none("names", &empty_names(&written(&sources::all())));
}

#[test]
fn no_file_names_a_place_on_one_computer() {
    assert_none("paths", &absolute_paths(&written(&sources::all())));
}

#[test]
fn no_file_talks_about_its_making() {
    assert_none("words", &workshop_talk(&written(&sources::all())));
}

#[test]
fn every_package_comes_from_a_public_registry() {
    assert_none("sources", &other_registries(&sources::all()));
}

#[test]
fn text_is_whole() {
    assert_none("text", &broken_text(&written(&sources::all())));
}

mod self_checks {
    use super::*;
    use crate::finding::assert_found;

    fn check(
        rule: impl Fn(&[&SourceFile]) -> Vec<String>,
        path: &str,
        text: &str,
        expected: usize,
    ) {
        let file = SourceFile::made_up(path, text);
        assert_found(&rule(&[&file]), expected);
    }

    #[test]
    fn each_rule_finds_what_it_forbids() {
        check(left_notes, "a.md", concat!("TO", "DO later"), 1);
        check(
            careless_rust,
            "a.rs",
            "fn f() { x.unwrap(); dbg!(x); todo!() }",
            3,
        );
        check(
            careless_rust,
            "a.rs",
            "// the lock is never poisoned\nlet a = x.unwrap();\n#[cfg(test)]\nmod t { fn f() { y.unwrap() } }",
            0,
        );
        check(too_long, "crates/a.rs", &"x\n".repeat(501), 1);
        check(too_long, "ui/a.ts", &"x\n".repeat(301), 1);
        check(
            too_long,
            "crates/a.rs",
            &format!(
                "// Longer than 500 lines, because one table.\n{}",
                "x\n".repeat(501)
            ),
            0,
        );
        check(
            empty_names,
            "crates/a/src/chat_manager.rs",
            "struct StringUtils; enum Fine {}",
            2,
        );
        check(
            absolute_paths,
            "a.md",
            concat!("see /ro", "ot/x and /ho", "me/ann"),
            1,
        );
        check(absolute_paths, "a.md", concat!("frame/wo", "rk/x"), 0);
        check(
            workshop_talk,
            "a.md",
            concat!("Written by a Sub", "agent."),
            1,
        );
        check(broken_text, "a.md", concat!("<<<<", "<<< ours\r\n"), 2);
    }

    #[test]
    fn a_foreign_registry_is_found() {
        let lock = SourceFile::made_up(
            "package-lock.json",
            "\"resolved\": \"https://mirror.example/a.tgz\"\n\"resolved\": \"https://registry.npmjs.org/a.tgz\"",
        );
        let cargo = SourceFile::made_up("Cargo.lock", "source = \"git+https://example.org/a\"");
        assert_found(&other_registries(&[lock, cargo]), 2);
    }
}
