//! The program as a face uses it.

mod branches;
mod context;
mod desk;
mod drafts;
mod export;
#[cfg(unix)]
mod files;
mod guide;
mod keyring;
mod models;
mod program;
mod temporary;
mod titles;
