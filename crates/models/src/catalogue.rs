//! The catalogue: models Tern knows, from `assets/models.json`.
//!
//! The file is data: what is published where, how large it is and what it should hash to. Its
//! format is the one these types describe; a test reads it and checks every value.

use std::sync::LazyLock;

use serde::Deserialize;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../assets/models.json"))
        .expect("the catalogue is part of the program and read by its tests")
});

/// Every model of the catalogue, in the order they are shown.
pub fn catalogue() -> &'static [CatalogueModel] {
    &CATALOGUE.models
}

/// The model of the catalogue with this id.
pub fn find_in_catalogue(id: &str) -> Option<&'static CatalogueModel> {
    catalogue().iter().find(|model| model.id == id)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by the test of the catalogue")
    )]
    format: u32,
    models: Vec<CatalogueModel>,
}

/// A model that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueModel {
    /// Stable id: lower-case letters, digits, dots and hyphens.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How its weights are published.
    pub form: WeightForm,
    /// Repository on the hub, `owner/name`.
    pub repo: String,
    /// A revision known to be good, as a commit; without one the main branch is taken as it is.
    pub revision: Option<String>,
    /// Short name of the licence.
    pub licence: String,
    /// Page with the licence.
    pub licence_url: String,
    /// Number of weights.
    pub parameters: u64,
    /// Longest context in tokens.
    pub context: u32,
    /// Made for chat; otherwise it goes on with a text.
    pub chat: bool,
    /// The one a first card offers.
    pub recommended: bool,
    /// The files it needs.
    pub files: Vec<CatalogueFile>,
    /// Size of the download in bytes, all files together.
    pub download_bytes: u64,
    /// Memory it takes while it answers, with a context of 4,096 tokens, in bytes (estimated).
    pub memory_bytes: u64,
    /// Bytes read from memory for each token written (estimated): memory bandwidth over this is
    /// the most tokens per second a computer can write.
    pub weights_bytes_per_token: u64,
    /// What it is, a sentence in each language.
    pub about: About,
}

/// A file of a model in the catalogue. What is not known is left to the hub's own listing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueFile {
    /// Path within the repository.
    pub path: String,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// SHA-256 of its bytes, 64 lower-case hex digits.
    pub sha256: Option<String>,
}

/// How a model's weights are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightForm {
    /// Ternary weights, four to a byte, in safetensors files.
    Packed,
    /// Unrounded weights, which Tern makes ternary while loading.
    Bf16,
    /// A GGUF file.
    Gguf,
}

/// What a model is, in each language of the window.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// English.
    pub en: String,
    /// German.
    pub de: String,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::hub::{Commit, RepoId};
    use crate::names;

    #[test]
    fn every_value_of_the_catalogue_can_be_used() {
        assert_eq!(CATALOGUE.format, 1);
        let mut ids = HashSet::new();
        for model in catalogue() {
            let id = &model.id;
            assert!(ids.insert(id), "{id} is there twice");
            assert_eq!(names::slug(id), *id, "{id} is not a slug");
            assert!(id != "guide" && !model.name.is_empty(), "{id}");
            RepoId::parse(&model.repo).expect("a repository");
            if let Some(revision) = &model.revision {
                Commit::parse(revision).expect("a commit");
            }
            assert!(model.licence_url.starts_with("https://"), "{id}");
            assert!(
                !model.licence.is_empty() && !model.about.en.is_empty(),
                "{id}"
            );
            assert!(!model.about.de.is_empty(), "{id}");
            assert!(
                model.parameters > 100_000_000 && model.context >= 1024,
                "{id}"
            );
            assert!(model.memory_bytes > model.weights_bytes_per_token, "{id}");
            let known: u64 = model.files.iter().filter_map(|file| file.bytes).sum();
            assert!(model.download_bytes >= known, "{id}");
            let mut paths = HashSet::new();
            for file in &model.files {
                let path = &file.path;
                assert!(names::is_safe(path) && paths.insert(path), "{id}: {path}");
                if let Some(hash) = &file.sha256 {
                    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
                    assert!(hash.len() == 64 && hash.chars().all(hex), "{id}: {path}");
                }
            }
            let has = |end: &str| model.files.iter().any(|file| file.path.ends_with(end));
            match model.form {
                WeightForm::Gguf => assert!(model.files.len() == 1 && has(".gguf"), "{id}"),
                _ => assert!(has("config.json") && has(".safetensors"), "{id}"),
            }
        }
        assert_eq!(
            catalogue().iter().filter(|model| model.recommended).count(),
            1
        );
    }

    #[test]
    fn the_three_forms_of_the_model_tern_is_made_for_are_in_it_at_good_revisions() {
        let of = |id| find_in_catalogue(id).expect("in the catalogue");
        let gguf = of("bitnet-b1.58-2b-4t-gguf");
        assert_eq!(
            gguf.files[0].sha256.as_deref(),
            Some("4221b252fdd5fd25e15847adfeb5ee88886506ba50b8a34548374492884c2162")
        );
        for id in [
            "bitnet-b1.58-2b-4t",
            "bitnet-b1.58-2b-4t-gguf",
            "bitnet-b1.58-2b-4t-bf16",
        ] {
            assert!(
                of(id).revision.is_some(),
                "{id}: the present main is a broken upload"
            );
        }
    }
}
