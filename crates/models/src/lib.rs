//! Which model files this computer has, and where.
//!
//! The [`Shelf`] is the list of models a person opened, `models.json` in the data folder. The
//! files stay where they are: adding reads them, removing forgets them, nothing here ever
//! changes or deletes a model. Whether a file holds a model Tern can run is the engine's
//! business; this crate only tells model files from other files.

mod atomic;
mod error;
mod label;
mod list_file;
mod model;
mod recognise;
mod shelf;

pub use error::{ModelsError, NotAModel};
pub use model::{InstalledModel, ModelId, ModelKind};
pub use shelf::Shelf;
