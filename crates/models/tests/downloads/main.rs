//! Downloads from a hub on this computer, by danger.

#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test"
)]

mod bed;
mod faults;
mod hub_words;
mod interrupted;
mod placing;
mod random;
