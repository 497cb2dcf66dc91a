//! Rules about the whole repository: the invariants of `ARCHITECTURE.md` and tidiness.
//!
//! Every rule is a function from files to the list of its violations, so each test can also
//! show the function a made-up violation and see it found.

mod architecture;
mod crates;
mod documents;
mod engine_rules;
mod finding;
mod tidy;
mod ui_rules;
mod unsafe_rules;
