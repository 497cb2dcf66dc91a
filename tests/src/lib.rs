//! What the tests that cross crates share: the files of the repository, and Rust text
//! without the parts a rule must not look at.

#![warn(missing_docs)]

pub mod rust_text;
pub mod sources;

use std::path::Path;

/// Top folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies one folder below the top")
}
