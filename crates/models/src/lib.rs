//! Models: which there are, how they get here, and which this computer has.
//!
//! - The catalogue names models and where they are published ([`catalogue`]).
//! - [`fetch`] downloads one into a [`ModelsFolder`], through every interruption, and lets nothing
//!   into its place that is not what it should be.
//! - The [`Shelf`] is the list of models this computer has, `models.json` in the data folder.
//!
//! Whether a file holds a model Tern can run is the engine's business; this crate only tells
//! model files from other files. It is the one crate of the program that knows the network.

mod atomic;
mod catalogue;
mod error;
mod fetch;
mod folder;
mod hash;
mod hub;
mod import;
mod label;
mod list_file;
#[cfg(feature = "loopback-hub")]
pub mod loopback_hub;
mod model;
mod names;
mod network_file;
mod positioned;
mod recognise;
mod record;
mod shelf;

pub use catalogue::{
    About, CatalogueFile, CatalogueModel, WeightForm, catalogue, find_in_catalogue,
};
pub use error::{Alteration, ModelsError, NotAModel, Setback};
pub use fetch::{
    Begun, Control, Fetched, Network, Patience, Progress, Stage, TokenSource, Wish, begun, discard,
    fetch, keep_paused,
};
pub use folder::ModelsFolder;
pub use hash::FileCheck;
pub use hub::{Commit, Endpoint, RepoId, Revision};
pub use import::{Candidate, copy_in, move_in};
pub use model::{InstalledModel, ModelId, ModelKind};
pub use network_file::{NetworkSettings, ProxyChoice};
pub use record::{Origin, Record, RecordedFile};
pub use shelf::Shelf;
