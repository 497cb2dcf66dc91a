//! What is to be fetched: from a wish to files with sizes and hashes.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::http::{Failure, Http};
use crate::ModelsError;
use crate::catalogue::{CatalogueModel, find_in_catalogue};
use crate::folder::{DownloadPlace, read_json};
use crate::hash::FileCheck;
use crate::hub::{self, Commit, Listing, RepoId, Revision};
use crate::names::{self, slug};
use crate::record::is_model_file;

const FORMAT: u32 = 1;

/// Weights that PyTorch or others read, and folders of other programs' files, stay on the hub.
const LEFT_OUT: [&str; 2] = ["training_args.json", "adapter_config.json"];

/// What a person wants to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Its id in the catalogue, if it was chosen there.
    pub catalogue: Option<String>,
    /// The repository.
    pub repo: RepoId,
    /// Branch, tag or commit.
    pub revision: Revision,
    /// The one GGUF file wanted of several.
    pub file: Option<String>,
}

impl Wish {
    /// A model of the catalogue by its id, or a repository as `owner/name[@revision][:file]`.
    ///
    /// # Errors
    /// [`ModelsError::BadRepo`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ModelsError> {
        if let Some(model) = find_in_catalogue(text) {
            return Self::of(model);
        }
        let bad = || ModelsError::BadRepo {
            name: names::printable(text),
        };
        let (rest, file) = match text.split_once(':') {
            Some((rest, file)) => (rest, Some(file)),
            None => (text, None),
        };
        let (repo, revision) = match rest.split_once('@') {
            Some((repo, revision)) => (repo, Revision::parse(revision).ok_or_else(bad)?),
            None => (rest, Revision::main()),
        };
        let file = file.map(str::to_owned);
        if file
            .as_deref()
            .is_some_and(|file| !names::is_safe(file) || !is_gguf(file))
        {
            return Err(bad());
        }
        Ok(Self {
            catalogue: None,
            repo: RepoId::parse(repo)?,
            revision,
            file,
        })
    }

    /// A model of the catalogue.
    ///
    /// # Errors
    /// [`ModelsError::BadRepo`] if the catalogue is wrong, which its test rules out.
    pub fn of(model: &CatalogueModel) -> Result<Self, ModelsError> {
        Ok(Self {
            catalogue: Some(model.id.clone()),
            repo: RepoId::parse(&model.repo)?,
            revision: match &model.revision {
                Some(commit) => Revision::parse(commit).unwrap_or_else(Revision::main),
                None => Revision::main(),
            },
            file: model
                .files
                .first()
                .map(|file| file.path.clone())
                .filter(|file| is_gguf(file)),
        })
    }

    /// What its download and its folder are called.
    pub fn folder_name(&self) -> String {
        match (&self.catalogue, &self.file) {
            (Some(id), _) => slug(id),
            (None, None) => slug(self.repo.as_str()),
            (None, Some(file)) => {
                slug(&format!("{} {}", self.repo, file.trim_end_matches(".gguf")))
            }
        }
    }

    /// What to call it for people.
    pub fn label(&self) -> String {
        let model = self.catalogue.as_deref().and_then(find_in_catalogue);
        match (model, self.repo.as_str().split_once('/')) {
            (Some(model), _) => model.name.clone(),
            (None, Some((_, name))) => name.to_owned(),
            (None, None) => self.repo.as_str().to_owned(),
        }
    }
}

/// What a download fetches. It stays the same however often the download is interrupted, even if
/// the repository changes meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    format: u32,
    pub(crate) wish: Wish,
    pub(crate) commit: Commit,
    /// Small files first: with them it can be told early what this is.
    pub(crate) files: Vec<PlannedFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// Hex digits: 64 of a SHA-256, 40 of a git hash.
    check: String,
    /// SHA-256 the catalogue records beside a git hash.
    recorded: Option<String>,
    /// SHA-256 of the whole file once it is there.
    #[serde(default)]
    pub(crate) done: Option<String>,
}

impl PlannedFile {
    /// The hash the file must have; one that was read from the disk may be none.
    pub(crate) fn check(&self) -> Result<FileCheck, ModelsError> {
        FileCheck::from_text(&self.check).ok_or_else(|| ModelsError::BadListing {
            detail: format!("the hash of {} is not one", self.path),
        })
    }

    /// Whether `sha256` contradicts the catalogue.
    pub(crate) fn contradicts(&self, sha256: &str) -> bool {
        self.recorded
            .as_deref()
            .is_some_and(|recorded| recorded != sha256)
    }
}

impl Plan {
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The plan of an earlier run, if it can be understood and its names are safe.
    pub(crate) fn read(place: &DownloadPlace) -> Option<Self> {
        let plan: Self = read_json(&place.plan())?;
        let sound = plan.format == FORMAT
            && !plan.files.is_empty()
            && plan
                .files
                .iter()
                .all(|file| names::is_safe(&file.path) && file.check().is_ok());
        sound.then_some(plan)
    }

    /// Asks the hub.
    pub(crate) async fn ask(http: &Http, wish: &Wish) -> Result<Self, Failure> {
        let repo = wish.repo.as_str();
        let commit = match Commit::parse(wish.revision.as_str()) {
            Some(commit) => commit,
            None => {
                let path = ["api", "models", repo, "revision", wish.revision.as_str()];
                hub::read_commit(&http.api(http.endpoint.join(&path)).await?.0)?
            }
        };
        let mut next = Some(tree(http, repo, &commit));
        let mut listed = Vec::new();
        while let Some(url) = next {
            let (page, more) = http.api(url).await?;
            listed.extend(hub::read_listing(&page)?);
            if listed.len() > hub::MAX_ENTRIES {
                return Err(Failure::Final(ModelsError::BadListing {
                    detail: format!("it lists more than {} files", hub::MAX_ENTRIES),
                }));
            }
            next = more;
        }
        let files = choose(wish, listed)?;
        Ok(Self {
            format: FORMAT,
            wish: wish.clone(),
            commit,
            files,
        })
    }
}

fn tree(http: &Http, repo: &str, commit: &Commit) -> Url {
    let mut url = http
        .endpoint
        .join(&["api", "models", repo, "tree", commit.as_str()]);
    url.set_query(Some("recursive=true"));
    url
}

/// The files of `listed` that make up the model, compared with what the catalogue records.
fn choose(wish: &Wish, listed: Vec<Listing>) -> Result<Vec<PlannedFile>, ModelsError> {
    let known = wish.catalogue.as_deref().and_then(find_in_catalogue);
    let recorded = known
        .map(|model| model.files.as_slice())
        .unwrap_or_default();
    let wanted: Vec<Listing> = match &wish.file {
        Some(file) => listed
            .into_iter()
            .filter(|listing| listing.path == *file)
            .collect(),
        None => of_a_repository(wish, listed)?,
    };
    for file in recorded {
        if !wanted.iter().any(|listing| listing.path == file.path) {
            return Err(ModelsError::NotOnHub {
                host: wish.repo.as_str().to_owned(),
                what: file.path.clone(),
            });
        }
    }
    if wanted.is_empty() {
        return Err(ModelsError::NotOnHub {
            host: wish.repo.as_str().to_owned(),
            what: wish
                .file
                .as_deref()
                .map(names::printable)
                .unwrap_or_default(),
        });
    }
    hub::check_names(&wanted)?;
    let mut files = Vec::with_capacity(wanted.len());
    for listing in wanted {
        let record = recorded.iter().find(|file| file.path == listing.path);
        let differs = |what| ModelsError::NotAsRecorded {
            file: listing.path.clone(),
            what,
        };
        if record
            .and_then(|file| file.bytes)
            .is_some_and(|bytes| bytes != listing.bytes)
        {
            return Err(differs("the size"));
        }
        let sha256 = record.and_then(|file| file.sha256.clone());
        if let (Some(sha256), FileCheck::Sha256(_)) = (&sha256, &listing.check)
            && *sha256 != listing.check.text()
        {
            return Err(differs("the hash"));
        }
        files.push(PlannedFile {
            check: listing.check.text(),
            path: listing.path,
            bytes: listing.bytes,
            recorded: sha256,
            done: None,
        });
    }
    files.sort_by(|a, b| (a.bytes, &a.path).cmp(&(b.bytes, &b.path)));
    Ok(files)
}

/// A Hugging Face folder's files, or the one GGUF file.
fn of_a_repository(wish: &Wish, listed: Vec<Listing>) -> Result<Vec<Listing>, ModelsError> {
    let top = |listing: &Listing| !listing.path.contains('/');
    let has = |end: &str| {
        listed
            .iter()
            .any(|listing| top(listing) && listing.path.ends_with(end))
    };
    if listed.iter().any(|listing| listing.path == "config.json") && has(".safetensors") {
        let belongs = |listing: &Listing| {
            top(listing)
                && is_model_file(&listing.path)
                && !LEFT_OUT.contains(&listing.path.as_str())
        };
        return Ok(listed.into_iter().filter(belongs).collect());
    }
    let mut files: Vec<Listing> = listed
        .into_iter()
        .filter(|listing| is_gguf(&listing.path))
        .collect();
    match files.len() {
        0 => Err(ModelsError::NothingToFetch {
            repo: wish.repo.as_str().to_owned(),
        }),
        1 => Ok(files),
        _ => {
            // The form Microsoft's own tools read is the one the others are made from.
            let own: Vec<usize> = (0..files.len())
                .filter(|at| files[*at].path.to_lowercase().contains("i2_s"))
                .collect();
            match own.as_slice() {
                [at] => Ok(vec![files.swap_remove(*at)]),
                _ => Err(ModelsError::SeveralFiles {
                    repo: wish.repo.as_str().to_owned(),
                    files: files
                        .iter()
                        .map(|file| names::printable(&file.path))
                        .take(20)
                        .collect(),
                }),
            }
        }
    }
}

fn is_gguf(path: &str) -> bool {
    path.to_lowercase().ends_with(".gguf")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(path: &str) -> Listing {
        Listing {
            path: path.to_owned(),
            bytes: 10,
            check: FileCheck::git(&"0".repeat(40)).expect("a hash"),
        }
    }

    fn chosen(wish: &str, paths: &[&str]) -> Result<Vec<String>, ModelsError> {
        let wish = Wish::parse(wish).expect("a wish");
        let listed = paths.iter().map(|path| listing(path)).collect();
        let files = choose(&wish, listed)?;
        Ok(files.into_iter().map(|file| file.path).collect())
    }

    #[test]
    fn a_wish_is_a_catalogue_id_or_a_repository() {
        let wish = Wish::parse("bitnet-b1.58-2b-4t").expect("in the catalogue");
        assert_eq!(wish.repo.as_str(), "microsoft/bitnet-b1.58-2B-4T");
        assert_eq!(wish.folder_name(), "bitnet-b1.58-2b-4t");
        let wish = Wish::parse("a/b@v1:c/d-i2_s.gguf").expect("a repository");
        assert_eq!(
            (wish.revision.as_str(), wish.file.as_deref()),
            ("v1", Some("c/d-i2_s.gguf"))
        );
        assert_eq!(wish.folder_name(), "a-b-c-d-i2-s");
        for bad in [
            "",
            "x",
            "a/b@",
            "a/b:../c.gguf",
            "a/b:c.bin",
            "a/b@..",
            "a/b/c",
        ] {
            assert!(Wish::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn of_a_repository_the_files_of_a_model_are_taken() {
        let files = chosen(
            "a/b",
            &[
                "README.md",
                "config.json",
                "model.safetensors",
                "pytorch_model.bin",
                "tokenizer.json",
                "onnx/config.json",
                "training_args.json",
                "modeling.py",
                "chat_template.jinja",
            ],
        );
        assert_eq!(
            files.expect("a model"),
            [
                "chat_template.jinja",
                "config.json",
                "model.safetensors",
                "tokenizer.json",
            ]
        );
        assert_eq!(
            chosen("a/b", &["x.gguf", "README.md"]).expect("a model"),
            ["x.gguf"]
        );
        let two = chosen("a/b", &["x-i2_s.gguf", "x-f32.gguf"]).expect("Microsoft's form");
        assert_eq!(two, ["x-i2_s.gguf"]);
    }

    #[test]
    fn a_repository_without_one_model_says_so() {
        assert!(matches!(
            chosen("a/b", &["README.md"]),
            Err(ModelsError::NothingToFetch { .. })
        ));
        let several = chosen("a/b", &["x.gguf", "y.gguf"]).expect_err("two");
        assert!(several.to_string().contains("a/b:x.gguf"), "{several}");
        assert!(matches!(
            chosen("a/b:z.gguf", &["x.gguf"]),
            Err(ModelsError::NotOnHub { .. })
        ));
        assert!(matches!(
            chosen(
                "a/b",
                &[
                    "config.json",
                    "../m.safetensors",
                    "m.safetensors",
                    "x\\y.json"
                ]
            ),
            Err(ModelsError::UnsafeName { .. })
        ));
    }

    #[test]
    fn a_file_the_catalogue_knows_otherwise_is_not_fetched() {
        let error =
            chosen("bitnet-b1.58-2b-4t-gguf", &["ggml-model-i2_s.gguf"]).expect_err("10 bytes");
        assert!(
            matches!(
                error,
                ModelsError::NotAsRecorded {
                    what: "the size",
                    ..
                }
            ),
            "{error}"
        );
    }
}
