//! Names of files that come from elsewhere and become paths on this computer.

use std::path::{Path, PathBuf};

use crate::ModelsError;

/// Longest path of a file within a repository, in bytes, and its most folders.
const MAX_BYTES: usize = 255;
const MAX_PARTS: usize = 4;

/// Names Windows keeps for devices, in every folder and with any ending.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// The path below `folder` of the file a repository calls `name`.
///
/// # Errors
/// [`ModelsError::UnsafeName`] for every name that could lead out of the folder, or that is not
/// the same file on every system.
pub(crate) fn below(folder: &Path, name: &str) -> Result<PathBuf, ModelsError> {
    if !is_safe(name) {
        return Err(ModelsError::UnsafeName {
            name: printable(name),
        });
    }
    Ok(joined(folder, name))
}

/// The path below `folder` of a name with `/` between its parts.
pub(crate) fn joined(folder: &Path, name: &str) -> PathBuf {
    name.split('/')
        .fold(folder.to_path_buf(), |path, part| path.join(part))
}

/// Whether `name` is a relative path of plain parts, usable on Linux, macOS and Windows.
pub(crate) fn is_safe(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    name.len() <= MAX_BYTES && parts.len() <= MAX_PARTS && parts.into_iter().all(is_safe_part)
}

fn is_safe_part(part: &str) -> bool {
    let plain = |c: char| !c.is_control() && !r#"<>:"\|?*"#.contains(c);
    !part.is_empty()
        && part.chars().all(plain)
        && !part.starts_with('.')
        && !part.ends_with(['.', ' '])
        && !is_device(part)
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part);
    let stem = stem.trim_end().to_lowercase();
    let numbered = ["com", "lpt"].iter().any(|device| {
        let mut rest = stem.strip_prefix(device).unwrap_or_default().chars();
        matches!(
            (rest.next(), rest.next()),
            (Some('0'..='9' | '¹' | '²' | '³'), None)
        )
    });
    numbered || RESERVED.contains(&stem.as_str())
}

/// A foreign name as it may be shown: one line, not endless.
pub(crate) fn printable(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(120)
        .collect();
    if name.chars().nth(120).is_some() {
        shown.push('…');
    }
    shown
}

/// A folder's name from words: lower-case letters, digits, dots and hyphens.
pub(crate) fn slug(words: &str) -> String {
    let mut slug = String::new();
    for c in words.chars().take(120) {
        match c.is_ascii_alphanumeric() || c == '.' {
            true => slug.push(c.to_ascii_lowercase()),
            false if slug.ends_with('-') => {}
            false => slug.push('-'),
        }
    }
    let slug = slug.trim_matches(['-', '.']);
    match slug.is_empty() || is_device(slug) {
        true => "model".to_owned(),
        false => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_not_leave_its_folder_or_mean_a_device() {
        for name in [
            "",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "/a",
            "a//b",
            "a/",
            "C:\\a",
            "C:a",
            "a\\b",
            "\\\\host\\a",
            "con",
            "CON.json",
            "aux.tar.gz",
            "nul ",
            "com1",
            "LPT9.bin",
            "com¹",
            "a.",
            "a ",
            ".hidden",
            "a\0b",
            "a\nb",
            "a:b",
            "a?b",
            "a/b/c/d/e",
            "conin$",
        ] {
            assert!(!is_safe(name), "{name:?}");
        }
        assert!(!is_safe(&"x".repeat(256)));
        for name in [
            "model.safetensors",
            "onnx/model.json",
            "model-00001-of-00002.safetensors",
            "com.json",
            "console",
            "com10.bin",
            "résumé.json",
            "a b.gguf",
        ] {
            assert!(is_safe(name), "{name:?}");
        }
    }

    #[test]
    fn a_slug_is_a_folder_on_every_system() {
        assert_eq!(slug("tiiuae/Falcon-E 1B"), "tiiuae-falcon-e-1b");
        assert_eq!(slug("../.."), "model");
        assert_eq!(slug("NUL"), "model");
        assert_eq!(slug("…"), "model");
    }
}
