//! How far a file is, on disk beside it.
//!
//! Three slots of 4 KiB. Two hold what was on the disk itself when they were written, in turn, so
//! that a power cut can tear only one. The third holds what was handed to the system: after a
//! kill it is right, since the system lives on; after a power cut it may not be, so it counts only
//! while the system has not been started anew. A slot, little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `TernPart` |
//! | 4 | version, 1 |
//! | 8 | generation: the highest counts |
//! | 8 | when the system was started, seconds since the Unix epoch |
//! | 8 | size of the file |
//! | 8 | how far it is hashed, a multiple of 64 |
//! | 32 | state of SHA-256 there, eight words |
//! | 2, n | the server's strong ETag, none if n is 0 |
//! | 2, 16 × m | m ranges that are there: first byte, and the byte after the last |
//! | 8 | beginning of the SHA-256 of everything above |

use std::fs::File;
use std::io;

use super::ranges::Ranges;
use crate::hash::Sha256;
use crate::positioned::{read_at_most, write_all_at};

const SLOT: usize = 4096;
const MAGIC: &[u8; 8] = b"TernPart";
const VERSION: u32 = 1;
/// Longest ETag that is kept, in bytes; a longer one counts as none.
pub(crate) const MAX_ETAG: usize = 512;
/// Most ranges that are kept; what is beyond is fetched again.
const MAX_RANGES: usize = 128;
/// By how many seconds two readings of one system start may differ: the clock is set now and then.
const SAME_START: u64 = 5;

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartState {
    /// Size of the whole file.
    pub(crate) size: u64,
    /// What is there.
    pub(crate) there: Ranges,
    /// How far it is hashed, and the state of SHA-256 there.
    pub(crate) hashed: (u64, [u32; 8]),
    /// The server's strong ETag for it.
    pub(crate) etag: Option<String>,
}

impl PartState {
    pub(crate) fn new(size: u64) -> Self {
        let start = Sha256::new();
        Self {
            size,
            there: Ranges::default(),
            hashed: (0, start.state().unwrap_or_default()),
            etag: None,
        }
    }

    fn encode(&self, generation: u64, started: u64) -> Vec<u8> {
        let mut slot = Vec::with_capacity(SLOT);
        slot.extend_from_slice(MAGIC);
        slot.extend_from_slice(&VERSION.to_le_bytes());
        for number in [generation, started, self.size, self.hashed.0] {
            slot.extend_from_slice(&number.to_le_bytes());
        }
        for word in self.hashed.1 {
            slot.extend_from_slice(&word.to_le_bytes());
        }
        let etag = self
            .etag
            .as_deref()
            .filter(|etag| etag.len() <= MAX_ETAG)
            .unwrap_or_default();
        slot.extend_from_slice(&(etag.len() as u16).to_le_bytes());
        slot.extend_from_slice(etag.as_bytes());
        let ranges = self.there.as_slice();
        let ranges = &ranges[..ranges.len().min(MAX_RANGES)];
        slot.extend_from_slice(&(ranges.len() as u16).to_le_bytes());
        for range in ranges {
            slot.extend_from_slice(&range.start.to_le_bytes());
            slot.extend_from_slice(&range.end.to_le_bytes());
        }
        slot.extend_from_slice(&checksum(&slot));
        slot.resize(SLOT, 0);
        slot
    }

    /// Generation, start of the system, and the state; none for anything that is not a slot.
    fn decode(slot: &[u8]) -> Option<(u64, u64, Self)> {
        let mut read = Reader { slot, at: 0 };
        if read.bytes(8)? != MAGIC || read.u32()? != VERSION {
            return None;
        }
        let (generation, started) = (read.u64()?, read.u64()?);
        let (size, hashed) = (read.u64()?, read.u64()?);
        let mut words = [0; 8];
        for word in &mut words {
            *word = read.u32()?;
        }
        let etag_bytes = usize::from(read.u16()?);
        if etag_bytes > MAX_ETAG {
            return None;
        }
        let etag = std::str::from_utf8(read.bytes(etag_bytes)?).ok()?;
        let count = usize::from(read.u16()?);
        if count > MAX_RANGES {
            return None;
        }
        let mut ranges = Vec::with_capacity(count);
        for _ in 0..count {
            ranges.push(read.u64()?..read.u64()?);
        }
        let end = read.at;
        if read.bytes(8)? != checksum(&slot[..end]) {
            return None;
        }
        let there = Ranges::checked(ranges, size)?;
        let sound = hashed <= there.prefix() && hashed.is_multiple_of(64);
        sound.then(|| {
            let etag = (!etag.is_empty()).then(|| etag.to_owned());
            let state = Self {
                size,
                there,
                hashed: (hashed, words),
                etag,
            };
            (generation, started, state)
        })
    }
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finish()[..8]);
    first
}

struct Reader<'a> {
    slot: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let bytes = self.slot.get(self.at..self.at.checked_add(n)?)?;
        self.at += n;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// The file with the slots.
#[derive(Debug)]
pub(crate) struct StateFile {
    file: File,
    generation: u64,
    started: u64,
}

impl StateFile {
    /// Reads what `file` says of a file of `size` bytes; none if it says nothing that counts.
    pub(crate) fn open(file: File, size: u64) -> io::Result<(Self, Option<PartState>)> {
        // 0 where the system does not say: then only what was synced counts.
        let started = sysinfo::System::boot_time().unwrap_or_default();
        let mut slots = vec![0; 3 * SLOT];
        let read = read_at_most(&file, &mut slots, 0)?;
        let mut generation = 0;
        let mut best: Option<(u64, PartState)> = None;
        for (at, slot) in slots[..read].chunks(SLOT).enumerate() {
            let Some((found, slot_started, state)) = PartState::decode(slot) else {
                continue;
            };
            generation = generation.max(found);
            let same = started != 0 && slot_started.abs_diff(started) <= SAME_START;
            let counts = at < 2 || same;
            if counts && state.size == size && best.as_ref().is_none_or(|(of, _)| found > *of) {
                best = Some((found, state));
            }
        }
        let opened = Self {
            file,
            generation,
            started,
        };
        Ok((opened, best.map(|(_, state)| state)))
    }

    /// Writes down what was handed to the system.
    pub(crate) fn save_latest(&mut self, state: &PartState) -> io::Result<()> {
        self.generation += 1;
        write_all_at(
            &self.file,
            &state.encode(self.generation, self.started),
            2 * SLOT as u64,
        )
    }

    /// Writes down what is on the disk itself: the caller has synced the file, after it took
    /// `state`.
    pub(crate) fn save_synced(&mut self, state: &PartState) -> io::Result<()> {
        self.generation += 1;
        let slot = self.generation % 2 * SLOT as u64;
        write_all_at(
            &self.file,
            &state.encode(self.generation, self.started),
            slot,
        )?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(to: u64) -> PartState {
        let mut state = PartState::new(1 << 20);
        state.there.add(0..to);
        state.there.add(to + 100..to + 200);
        state.hashed = (to / 64 * 64, [7; 8]);
        state.etag = Some("\"abc\"".to_owned());
        state
    }

    fn file() -> File {
        tempfile::tempfile().expect("a file")
    }

    #[test]
    fn what_was_written_last_is_read() {
        let file = file();
        let again = || file.try_clone().expect("the file");
        let (mut slots, found) = StateFile::open(again(), 1 << 20).expect("opened");
        assert_eq!(found, None);
        for to in [1000, 2000, 3000] {
            slots.save_synced(&state(to)).expect("saved");
            slots.save_latest(&state(to + 5)).expect("saved");
            let found = StateFile::open(again(), 1 << 20).expect("opened").1;
            assert_eq!(found, Some(state(to + 5)));
        }
        assert_eq!(
            StateFile::open(again(), 1 << 21).expect("opened").1,
            None,
            "another size"
        );
    }

    #[test]
    fn after_a_start_of_the_system_only_what_was_synced_counts() {
        let file = file();
        let again = || file.try_clone().expect("the file");
        let (mut slots, _) = StateFile::open(again(), 1 << 20).expect("opened");
        slots.started -= 1000;
        slots.save_synced(&state(1000)).expect("saved");
        slots.save_latest(&state(2000)).expect("saved");
        let found = StateFile::open(again(), 1 << 20).expect("opened").1;
        assert_eq!(found, Some(state(1000)));
    }

    #[test]
    fn a_torn_slot_costs_one_step() {
        let file = file();
        let again = || file.try_clone().expect("the file");
        let (mut slots, _) = StateFile::open(again(), 1 << 20).expect("opened");
        slots.save_synced(&state(1000)).expect("saved");
        slots.save_synced(&state(2000)).expect("saved");
        let torn = slots.generation % 2 * SLOT as u64;
        write_all_at(&file, &[0xff; 30], torn + 40).expect("written");
        let (mut slots, found) = StateFile::open(again(), 1 << 20).expect("opened");
        assert_eq!(found, Some(state(1000)));
        slots.save_synced(&state(3000)).expect("saved");
        let found = StateFile::open(again(), 1 << 20).expect("opened").1;
        assert_eq!(found, Some(state(3000)));
    }

    #[test]
    fn no_byte_of_a_slot_can_be_flipped_unseen() {
        let slot = state(1000).encode(1, 2);
        let used = slot.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
        assert!(PartState::decode(&slot).is_some());
        for at in 0..used {
            let mut bad = slot.clone();
            bad[at] ^= 0x10;
            assert_eq!(PartState::decode(&bad), None, "byte {at}");
            assert_eq!(PartState::decode(&slot[..at]), None, "cut at {at}");
        }
    }
}
