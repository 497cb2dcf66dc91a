//! From the program's types to the wire's and back, each in one place.

mod chats;
mod events;
mod models;
mod problems;
mod program;
mod storage;

/// Counts of tokens and threads fit; anything absurd saturates.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
