//! Where `unsafe` may stand, and what has to stand above it.

use tern_tests::rust_text::words;
use tern_tests::sources::SourceFile;

use crate::finding::finding;

/// The files of the engine that may have it: one maps weights, one lends a step's borrows to threads.
const ROOMS: [&str; 2] = [
    "crates/engine/src/weights/map.rs",
    "crates/engine/src/team.rs",
];

/// Folders and files of the kernels that are named by a CPU feature.
fn is_isa_part(file: &SourceFile) -> bool {
    file.path
        .strip_prefix("crates/kernels/src/")
        .is_some_and(|rest| {
            rest.split('/').any(|part| {
                ["avx", "sse", "neon", "sve"]
                    .iter()
                    .any(|isa| part.starts_with(isa))
            })
        })
}

/// `unsafe` in code outside the places that may have it. Tests of a crate count too.
pub(crate) fn unsafe_outside_its_rooms(files: &[SourceFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.is_rust() && !ROOMS.contains(&file.path.as_str()) && !is_isa_part(file))
        .flat_map(|file| {
            let code = tern_tests::rust_text::code_only(&file.text);
            words(&code)
                .filter(|(_, word)| *word == "unsafe")
                .map(|(line, _)| finding(file, line, "unsafe outside its rooms"))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// An unsafe block or impl without a SAFETY comment above it that says something, or an unsafe
/// function without a `# Safety` section.
pub(crate) fn unsafe_without_its_reason(files: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let code = tern_tests::rust_text::code_only(&file.text);
        let code_lines: Vec<&str> = code.lines().collect();
        let lines: Vec<&str> = file.text.lines().collect();
        for (number, _) in words(&code).filter(|(_, word)| *word == "unsafe") {
            let at = number - 1;
            let declares = code_lines[at]
                .split_once("unsafe")
                .is_some_and(|(_, rest)| {
                    let rest = rest.trim_start();
                    rest.starts_with("fn ") || rest.starts_with("trait ")
                });
            let mark = if declares { "# Safety" } else { "SAFETY:" };
            let reason = comment_above(&lines, &code_lines, at);
            let said = reason.split_once(mark).map_or("", |(_, rest)| rest);
            // A word or two states no bound.
            if said.split_whitespace().count() < 4 {
                found.push(finding(
                    file,
                    number,
                    &format!("no `{mark}` with a reason above this unsafe"),
                ));
            }
        }
    }
    found
}

/// The comments above line `at`, up to the end of the statement before it, joined.
fn comment_above(lines: &[&str], code_lines: &[&str], at: usize) -> String {
    let mut from = at;
    while from > 0 {
        let code = code_lines[from - 1].trim();
        let blank = lines[from - 1].trim().is_empty();
        let other_statement = code.ends_with([';', '{', '}', ',']) && !code.starts_with("#[");
        if blank || other_statement {
            break;
        }
        from -= 1;
    }
    let is_comment = |line: &&&str| line.trim_start().starts_with("//");
    lines[from..=at]
        .iter()
        .filter(is_comment)
        .map(|line| line.trim_start().trim_start_matches(['/', '!']))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A crate whose lints would let `unsafe` in unnoticed.
pub(crate) fn crates_that_do_not_forbid_unsafe(manifests: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for manifest in manifests {
        let has = |line: &str| manifest.text.lines().any(|l| l.trim() == line);
        let held = match manifest.path.as_str() {
            "Cargo.toml" => {
                has("unsafe_code = \"forbid\"") && has("undocumented_unsafe_blocks = \"deny\"")
            }
            "crates/kernels/Cargo.toml" => {
                has("unsafe_op_in_unsafe_fn = \"deny\"")
                    && has("undocumented_unsafe_blocks = \"deny\"")
            }
            // The fuzz targets are a workspace of their own, which the top one's lints do not reach.
            "crates/engine/Cargo.toml" | "crates/engine/fuzz/Cargo.toml" => {
                has("unsafe_code = \"deny\"") && has("undocumented_unsafe_blocks = \"deny\"")
            }
            _ => has("[lints]") && has("workspace = true"),
        };
        if !held {
            found.push(format!(
                "{}: its lints do not hold the rule about unsafe",
                manifest.path
            ));
        }
    }
    found
}

/// The engine's own lint switched off elsewhere than in these files.
pub(crate) fn unsafe_allowed_outside_map(files: &[SourceFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.is_below("crates/engine") && !ROOMS.contains(&file.path.as_str()))
        .filter(|file| {
            file.text.contains("allow(unsafe_code") || file.text.contains("expect(unsafe_code")
        })
        .map(|file| finding(file, 1, "switches the lint about unsafe off"))
        // The module line may carry the permission for the file it declares.
        .filter(|line| {
            !line.starts_with("crates/engine/src/weights.rs:")
                && !line.starts_with("crates/engine/src/weights/mod.rs:")
        })
        .collect()
}

#[cfg(test)]
mod self_checks {
    use super::{
        crates_that_do_not_forbid_unsafe, unsafe_allowed_outside_map, unsafe_outside_its_rooms,
        unsafe_without_its_reason,
    };
    use crate::finding::assert_found;
    use tern_tests::sources::SourceFile;

    #[test]
    fn unsafe_in_the_wrong_room_is_found() {
        let block = "fn f() { unsafe { g() } }";
        assert_found(
            &unsafe_outside_its_rooms(&[
                SourceFile::made_up("crates/engine/src/weights/gguf.rs", block),
                SourceFile::made_up("crates/kernels/src/linear.rs", block),
                SourceFile::made_up("crates/app/tests/a.rs", block),
                SourceFile::made_up("crates/kernels/src/avx2/mod.rs", block),
                SourceFile::made_up("crates/engine/src/weights/map.rs", block),
                SourceFile::made_up(
                    "crates/app/src/b.rs",
                    "// unsafe\nconst A: &str = \"unsafe\"; #[forbid(unsafe_code)]",
                ),
            ]),
            3,
        );
    }

    #[test]
    fn unsafe_without_a_reason_is_found() {
        let good = "// SAFETY: `p` points at `n` floats, checked above.\nlet x =\n    unsafe { read(p, n) };\n\n/// Reads.\n///\n/// # Safety\n/// `p` must point at four floats.\n#[inline]\npub unsafe fn read(p: *const f32) {}\n";
        let other_statement = "// SAFETY: said about something else entirely.\nlet a = 1;\nlet x = unsafe { read(p) };\n";
        let empty = "// SAFETY: fine\nlet x = unsafe { read(p) };\n";
        let undocumented = "/// Reads.\npub unsafe fn read(p: *const f32) {}\n";
        let file = |text| [SourceFile::made_up("crates/kernels/src/avx2/a.rs", text)];
        assert_found(&unsafe_without_its_reason(&file(good)), 0);
        for bad in [other_statement, empty, undocumented] {
            assert_found(&unsafe_without_its_reason(&file(bad)), 1);
        }
    }

    #[test]
    fn a_crate_that_allows_unsafe_is_found() {
        assert_found(
            &crates_that_do_not_forbid_unsafe(&[
                SourceFile::made_up("Cargo.toml", "unsafe_code = \"warn\""),
                SourceFile::made_up("crates/app/Cargo.toml", "[package]"),
                SourceFile::made_up("crates/engine/fuzz/Cargo.toml", "[lints]\nworkspace = true"),
                SourceFile::made_up("crates/cli/Cargo.toml", "[lints]\nworkspace = true"),
            ]),
            3,
        );
        assert_found(
            &unsafe_allowed_outside_map(&[
                SourceFile::made_up("crates/engine/src/model/mod.rs", "#![allow(unsafe_code)]"),
                SourceFile::made_up("crates/engine/src/weights/map.rs", "#![allow(unsafe_code)]"),
            ]),
            1,
        );
    }
}
