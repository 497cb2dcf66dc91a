//! What to call a model, from where it lies.

use std::path::Path;

use crate::ModelKind;

/// Longest name in characters.
const MAX_CHARS: usize = 100;

/// A name for people: the file's or the folder's, or the folder's where the file has a name
/// that every model has.
pub(crate) fn label(path: &Path, kind: ModelKind) -> String {
    let name = match kind {
        ModelKind::Folder => folder_name(path),
        ModelKind::Gguf => match text(path.file_stem()) {
            Some(stem) if !is_generic(&stem) => Some(stem),
            stem => path.parent().and_then(folder_name).or(stem),
        },
    };
    name.unwrap_or_else(|| "Model".to_owned())
}

/// `ggml-model-i2_s.gguf` and `model.gguf` say nothing about the model.
fn is_generic(stem: &str) -> bool {
    let stem = stem.to_ascii_lowercase();
    stem == "model" || stem == "ggml-model" || stem.starts_with("ggml-model-")
}

/// The folder's name; in Hugging Face's cache (`models--owner--name/snapshots/<revision>`) the
/// repository's.
fn folder_name(folder: &Path) -> Option<String> {
    let snapshots = folder
        .parent()
        .filter(|parent| parent.ends_with("snapshots"));
    let repository = snapshots.and_then(|parent| text(parent.parent()?.file_name()));
    let cached = repository.as_deref().and_then(|name| {
        let (_owner, name) = name.strip_prefix("models--")?.split_once("--")?;
        (!name.is_empty()).then(|| name.to_owned())
    });
    cached.or_else(|| text(folder.file_name()))
}

/// One line of at most 100 characters; none if nothing is left.
fn text(name: Option<&std::ffi::OsStr>) -> Option<String> {
    let spaced = name?.to_string_lossy().replace(char::is_control, " ");
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(MAX_CHARS).collect();
    (!cut.is_empty()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_named_like_every_other_takes_its_folders_name() {
        for (path, name) in [
            (
                "/m/BitNet-b1.58-2B-4T/ggml-model-i2_s.gguf",
                "BitNet-b1.58-2B-4T",
            ),
            (
                "/m/BitNet-b1.58-2B-4T/GGML-Model.gguf",
                "BitNet-b1.58-2B-4T",
            ),
            ("/m/Falcon/model.gguf", "Falcon"),
            ("/m/Falcon/falcon3-1b.tq2_0.gguf", "falcon3-1b.tq2_0"),
            ("/model.gguf", "model"),
        ] {
            assert_eq!(label(Path::new(path), ModelKind::Gguf), name, "{path}");
        }
    }

    #[test]
    fn a_cached_model_is_not_called_by_its_commit() {
        let snapshot = Path::new("/c/models--microsoft--bitnet-b1.58-2B-4T/snapshots/04c3b9ad");
        assert_eq!(label(snapshot, ModelKind::Folder), "bitnet-b1.58-2B-4T");
        let file = snapshot.join("ggml-model-i2_s.gguf");
        assert_eq!(label(&file, ModelKind::Gguf), "bitnet-b1.58-2B-4T");
        let other = Path::new("/c/models--broken/snapshots/04c3b9ad");
        assert_eq!(label(other, ModelKind::Folder), "04c3b9ad");
    }

    #[test]
    fn control_characters_in_a_file_name_stay_out_of_the_window() {
        assert_eq!(
            label(Path::new("/m/a\nb\u{7}.gguf"), ModelKind::Gguf),
            "a b"
        );
        assert_eq!(label(Path::new("/\n/\t.gguf"), ModelKind::Gguf), "Model");
        let long = format!("/m/{}.gguf", "x".repeat(250));
        assert_eq!(label(Path::new(&long), ModelKind::Gguf).len(), 100);
    }
}
