//! The hub's own words on a repository, read with suspicion.

use serde::Deserialize;

use super::Commit;
use crate::names::printable;
use crate::{FileCheck, ModelsError, names};

/// Largest file Tern downloads, in bytes: a terabyte.
const MAX_FILE_BYTES: u64 = 1 << 40;
/// Most entries of a repository.
pub(crate) const MAX_ENTRIES: usize = 10_000;

/// The answer to `/api/models/{repo}/revision/{revision}`, as far as it is used.
#[derive(Deserialize)]
struct StoredRevision {
    sha: String,
}

#[derive(Deserialize)]
struct StoredEntry {
    #[serde(rename = "type")]
    kind: String,
    /// Git's hash of the file, or of the pointer that stands for it.
    oid: String,
    size: u64,
    path: String,
    lfs: Option<StoredPointer>,
}

/// Where git keeps a pointer: the hash and size of the file itself.
#[derive(Deserialize)]
struct StoredPointer {
    /// SHA-256.
    oid: String,
    size: u64,
}

/// A file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) check: FileCheck,
}

/// The commit a revision stands for.
pub(crate) fn read_commit(json: &[u8]) -> Result<Commit, ModelsError> {
    let stored: StoredRevision = serde_json::from_slice(json).map_err(bad)?;
    Commit::parse(&stored.sha).ok_or_else(|| bad("its commit is not one"))
}

/// One page of a repository's files. Folders are left out.
pub(crate) fn read_listing(json: &[u8]) -> Result<Vec<Listing>, ModelsError> {
    let stored: Vec<StoredEntry> = serde_json::from_slice(json).map_err(bad)?;
    stored
        .into_iter()
        .filter(|entry| entry.kind == "file")
        .map(listing)
        .collect()
}

fn listing(entry: StoredEntry) -> Result<Listing, ModelsError> {
    let (bytes, check) = match entry.lfs {
        Some(pointer) => (pointer.size, FileCheck::sha256(&pointer.oid)),
        None => (entry.size, FileCheck::git(&entry.oid)),
    };
    let check =
        check.ok_or_else(|| bad(format!("the hash of {} is not one", printable(&entry.path))))?;
    if bytes > MAX_FILE_BYTES {
        return Err(bad(format!(
            "{} is said to be {bytes} bytes",
            printable(&entry.path)
        )));
    }
    // Names that can't be files here matter only if one of them is wanted.
    Ok(Listing {
        path: entry.path,
        bytes,
        check,
    })
}

fn bad(detail: impl ToString) -> ModelsError {
    ModelsError::BadListing {
        detail: detail.to_string(),
    }
}

/// Two names that are one file where case does not count.
pub(crate) fn twice<'a>(paths: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    paths
        .into_iter()
        .find(|path| !seen.insert(path.to_lowercase()))
}

/// Refuses names that can't be files on every system, and two that would be one.
pub(crate) fn check_names(files: &[Listing]) -> Result<(), ModelsError> {
    let unsafe_name = files
        .iter()
        .map(|file| file.path.as_str())
        .find(|path| !names::is_safe(path));
    match unsafe_name.or_else(|| twice(files.iter().map(|file| file.path.as_str()))) {
        Some(name) => Err(ModelsError::UnsafeName {
            name: printable(name),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "4221b252fdd5fd25e15847adfeb5ee88886506ba50b8a34548374492884c2162";

    #[test]
    fn a_pointer_gives_the_hash_and_size_of_the_file_it_stands_for() {
        let json = format!(
            r#"[{{"type":"directory","oid":"x","size":0,"path":"d"}},
                {{"type":"file","oid":"{git}","size":7,"path":"config.json"}},
                {{"type":"file","oid":"{git}","size":134,"path":"m.gguf","lfs":{{"oid":"{SHA}","size":99,"pointerSize":134}},"xetHash":"y"}}]"#,
            git = "a".repeat(40),
        );
        let files = read_listing(json.as_bytes()).expect("a listing");
        assert_eq!(files.len(), 2);
        assert_eq!(
            files[0].check,
            FileCheck::git(&"a".repeat(40)).expect("a hash")
        );
        assert_eq!(files[1].bytes, 99);
        assert_eq!(files[1].check, FileCheck::sha256(SHA).expect("a hash"));
    }

    #[test]
    fn a_listing_that_says_nonsense_is_an_error() {
        for json in [
            "",
            "{}",
            r#"[{"type":"file","oid":"zz","size":1,"path":"a"}]"#,
            r#"[{"type":"file","oid":"","size":-1,"path":"a"}]"#,
            r#"[{"type":"file","oid":"0000000000000000000000000000000000000000","size":99999999999999,"path":"a"}]"#,
            r#"[{"type":"file","size":1}]"#,
        ] {
            assert!(read_listing(json.as_bytes()).is_err(), "{json}");
        }
        assert!(read_commit(br#"{"sha":"main"}"#).is_err());
    }

    #[test]
    fn two_names_for_one_file_are_refused() {
        let file = |path: &str| Listing {
            path: path.to_owned(),
            bytes: 1,
            check: FileCheck::sha256(SHA).expect("a hash"),
        };
        assert!(check_names(&[file("a.json"), file("A.json")]).is_err());
        assert!(check_names(&[file("../a.json")]).is_err());
        check_names(&[file("a.json"), file("b/a.json")]).expect("fine");
    }
}
