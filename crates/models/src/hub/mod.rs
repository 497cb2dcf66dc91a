//! The hub: addresses, and what a repository holds.
//!
//! Protocol: <https://huggingface.co/docs/hub/api> (`/api/models/{repo}/revision/{revision}` and
//! `/api/models/{repo}/tree/{revision}`), and `/{repo}/resolve/{revision}/{path}` for files.

mod listing;
mod repo;

pub use repo::{Commit, Endpoint, RepoId, Revision};

pub(crate) use listing::{Listing, MAX_ENTRIES, check_names, read_commit, read_listing};
