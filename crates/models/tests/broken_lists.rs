//! Lists broken at random. Whatever lies in `models.json`, opening it stops nothing, and nothing a person could still
//! want is gone: a list that can't be read lies beside, one of a newer Tern stays where it is.

#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test"
)]

use std::fs;

use tern_models::{ModelsError, Shelf};

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}

const PIECES: [&str; 24] = [
    "null",
    "true",
    "-1",
    "0",
    "1",
    "2",
    "4294967296",
    "18446744073709551616",
    "1e999",
    "\"\"",
    "\"guide\"",
    "\"gguf\"",
    "\"folder\"",
    "\"../..\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "[]",
    "{}",
    "[[[[",
    "{\"id\":",
    ",",
    "}",
    "]",
    "\"format\":3",
];

/// A sound list with one to four things wrong.
fn broken(random: &mut Random) -> Vec<u8> {
    let entry = |n: u32| {
        format!(
            r#"{{"id":"a-{n}","name":"A","path":"/models/a-{n}.gguf","bytes":{n},"kind":"gguf","added_at_ms":{n}}}"#
        )
    };
    let entries: Vec<String> = (0..random.below(4) as u32).map(entry).collect();
    let format = if random.below(20) == 0 { 2 } else { 1 };
    let mut text =
        format!(r#"{{"format":{format},"models":[{}]}}"#, entries.join(",")).into_bytes();
    for _ in 0..random.below(4) {
        let at = random.below(text.len());
        match random.below(5) {
            0 => text.truncate(at),
            1 if !text.is_empty() => text[at] ^= 1 << random.below(8),
            // A whole value, between what ends the one before and what ends it.
            2 => {
                let ends = |byte: &u8| b",:]}".contains(byte);
                let from = text[..at].iter().rposition(ends).map_or(0, |i| i + 1);
                let to = at + text[at..].iter().position(ends).unwrap_or(0);
                let piece = PIECES[random.below(PIECES.len())];
                text.splice(from.min(to)..to, piece.bytes());
            }
            3 => {
                let to = text.len().min(at + random.below(40));
                let copy = text[at..to].to_vec();
                text.splice(at..at, copy);
            }
            _ => {
                let to = text.len().min(at + random.below(20));
                text.drain(at..to);
            }
        }
    }
    text
}

#[test]
fn no_broken_list_stops_the_start_or_is_lost() {
    let (mut sound, mut aside, mut newer) = (0, 0, 0);
    for seed in 0..2000 {
        let contents = broken(&mut Random(seed));
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("models.json");
        let damaged = folder.path().join("models.json.damaged-1");
        fs::write(&list, &contents).unwrap();
        match Shelf::open(folder.path()) {
            Ok(shelf) if shelf.warning().is_some() => {
                assert_eq!(fs::read(&damaged).unwrap(), contents, "seed {seed}");
                assert_eq!(shelf.list(), [], "seed {seed}");
                aside += 1;
            }
            Ok(shelf) => {
                assert_eq!(fs::read(&list).unwrap(), contents, "seed {seed}");
                let models = shelf.list();
                let mut ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
                ids.sort_unstable();
                ids.dedup();
                assert_eq!(ids.len(), models.len(), "seed {seed}: an id twice");
                assert!(!ids.contains(&"guide"), "seed {seed}");
                sound += 1;
            }
            Err(ModelsError::NewerList { .. }) => {
                assert_eq!(fs::read(&list).unwrap(), contents, "seed {seed}");
                newer += 1;
            }
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    // All three ways were taken, or the lists are not broken in ways that matter.
    assert!(
        sound > 300 && aside > 300 && newer > 10,
        "{sound} {aside} {newer}"
    );
}
