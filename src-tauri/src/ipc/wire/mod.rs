//! The words of the wire: what the window and the program say to each other.
//!
//! These types exist only here. `convert` makes them from `tern-app`'s types, and
//! `ui/src/lib/ipc/bindings.ts` is generated from them. Times are milliseconds since the
//! Unix epoch, memory is bytes; both fit exactly in a JavaScript number. No float here is ever
//! NaN or infinite, which JSON would turn into null: fields are typed as plain numbers.

mod chats;
mod events;
mod models;
mod problems;
mod program;
mod storage;

pub(crate) use chats::*;
pub(crate) use events::*;
pub(crate) use models::*;
pub(crate) use problems::*;
pub(crate) use program::*;
pub(crate) use storage::*;
