//! Byte pair encoding: joining the most urgent pair, the leftmost of equals, until none is left.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    hash::{BuildHasherDefault, Hasher},
};

/// A pair of tokens that becomes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) left: u32,
    pub(super) right: u32,
    /// The smaller, the more urgent. Merges that share a rank make the same token, or the leftmost goes first.
    pub(super) rank: u32,
    pub(super) joined: u32,
}

/// All merges of a tokenizer.
#[derive(Debug, Default)]
pub(super) struct Merges(HashMap<u64, (u32, u32), BuildHasherDefault<PairHasher>>);

/// Words up to this many symbols are searched; longer ones get a heap.
const SHORT: usize = 48;
/// Instead of a neighbour: the symbol was joined to the one before it.
const GONE: u32 = u32::MAX;
/// Most symbols that are joined at once.
const LONGEST: usize = u32::MAX as usize - 1;
/// No pair.
const NEVER: u32 = u32::MAX;

fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

impl Merges {
    /// Of equal pairs the last counts, as in Hugging Face tokenizers.
    pub(super) fn new(all: impl IntoIterator<Item = Merge>) -> Self {
        let entry = |m: Merge| (key(m.left, m.right), (m.rank.min(NEVER - 1), m.joined));
        Self(all.into_iter().map(entry).collect())
    }

    fn get(&self, left: u32, right: u32) -> Option<(u32, u32)> {
        self.0.get(&key(left, right)).copied()
    }

    fn rank(&self, left: u32, right: u32) -> u32 {
        self.get(left, right).map_or(NEVER, |(rank, _)| rank)
    }

    /// Joins the symbols of one word. Time n log n at most.
    pub(super) fn apply(&self, symbols: &mut Vec<u32>) {
        if symbols.len() <= SHORT {
            self.apply_short(symbols);
        } else {
            self.apply_long(symbols);
        }
    }

    fn apply_short(&self, symbols: &mut Vec<u32>) {
        let mut ranks = [NEVER; SHORT];
        for (rank, pair) in ranks.iter_mut().zip(symbols.windows(2)) {
            *rank = self.rank(pair[0], pair[1]);
        }
        loop {
            let pairs = symbols.len().saturating_sub(1);
            let (mut at, mut best) = (0, NEVER);
            for (i, &rank) in ranks[..pairs].iter().enumerate() {
                if rank < best {
                    (at, best) = (i, rank);
                }
            }
            if best == NEVER {
                return;
            }
            let Some((_, joined)) = self.get(symbols[at], symbols[at + 1]) else {
                return;
            };
            symbols[at] = joined;
            symbols.remove(at + 1);
            ranks.copy_within(at + 1..pairs, at);
            ranks[pairs - 1] = NEVER;
            if at + 1 < symbols.len() {
                ranks[at] = self.rank(joined, symbols[at + 1]);
            }
            if at > 0 {
                ranks[at - 1] = self.rank(symbols[at - 1], joined);
            }
        }
    }

    fn apply_long(&self, symbols: &mut Vec<u32>) {
        // Places are counted in 32 bits, which halves the memory all this takes. A word of 4 GB is not met; it
        // would be cut.
        if symbols.len() > LONGEST {
            let mut rest = symbols.split_off(LONGEST);
            self.apply_long(symbols);
            self.apply(&mut rest);
            symbols.append(&mut rest);
            return;
        }
        // Neighbours of the symbols that are left; a joined one stays where its left part was.
        let len = symbols.len() as u32;
        let mut next: Vec<u32> = (1..=len).collect();
        let mut before: Vec<u32> = (0..len).map(|i| i.wrapping_sub(1)).collect();
        let first = symbols.windows(2).zip(0u32..);
        let mut heap: BinaryHeap<Reverse<(u32, u32)>> = first
            .filter_map(|(pair, at)| Some(Reverse((self.get(pair[0], pair[1])?.0, at))))
            .collect();
        while let Some(Reverse((rank, at))) = heap.pop() {
            let here = at as usize;
            let right = next[here];
            if right == GONE || right == len {
                continue;
            }
            // An entry is out of date when another pair is there now.
            let Some((now, joined)) = self.get(symbols[here], symbols[right as usize]) else {
                continue;
            };
            if now != rank {
                continue;
            }
            symbols[here] = joined;
            let behind = std::mem::replace(&mut next[right as usize], GONE);
            next[here] = behind;
            if let Some(&id) = symbols.get(behind as usize) {
                before[behind as usize] = at;
                if let Some((rank, _)) = self.get(joined, id) {
                    heap.push(Reverse((rank, at)));
                }
            }
            let left = before[here];
            if let Some(&id) = symbols.get(left as usize)
                && let Some((rank, _)) = self.get(id, joined)
            {
                heap.push(Reverse((rank, left)));
            }
        }
        let mut next = next.into_iter();
        symbols.retain(|_| next.next() != Some(GONE));
    }
}

/// Spreads the two ids of a pair over the bits. Keys come from a model file; one built to collide loads slowly,
/// which its own size bounds.
#[derive(Clone, Copy, Default)]
pub(super) struct PairHasher(u64);

impl Hasher for PairHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, n: u64) {
        // The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
        let mut z = self.0 ^ n.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = z ^ (z >> 31);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the definition: look for the best pair, join it, start over.
    fn defined(merges: &Merges, symbols: &mut Vec<u32>) {
        loop {
            let best = (1..symbols.len())
                .filter_map(|i| Some((merges.get(symbols[i - 1], symbols[i])?, i)))
                .min_by_key(|((rank, _), i)| (*rank, *i));
            let Some(((_, joined), i)) = best else { return };
            symbols[i - 1] = joined;
            symbols.remove(i);
        }
    }

    proptest! {
        #[test]
        fn short_and_long_words_are_joined_as_defined(
            pairs in proptest::collection::vec((0u32..4, 0u32..8, 0u32..8), 0..24),
            word in proptest::collection::vec(0u32..3, 0..SHORT + 40),
        ) {
            // Tokens 0 to 2 are letters; each distinct pair makes a token of its own, as in a real vocabulary.
            let mut seen = std::collections::BTreeSet::new();
            let merges = Merges::new(
                pairs
                    .into_iter()
                    .filter(|&(_, left, right)| seen.insert((left, right)))
                    .enumerate()
                    .map(|(i, (_, left, right))| Merge {
                        left,
                        right,
                        rank: i as u32,
                        joined: 3 + i as u32,
                    }),
            );
            let (mut want, mut long) = (word.clone(), word.clone());
            defined(&merges, &mut want);
            merges.apply_long(&mut long);
            prop_assert_eq!(&long, &want);
            if word.len() <= SHORT {
                let mut short = word;
                merges.apply_short(&mut short);
                prop_assert_eq!(&short, &want);
            }
        }
    }

    #[test]
    fn of_equal_ranks_the_leftmost_goes_first() {
        // "aaa" is two letters and one, from both sides, at one rank.
        let (a, aa, aaa) = (0, 1, 2);
        let merge = |left, right, rank, joined| Merge {
            left,
            right,
            rank,
            joined,
        };
        let merges = Merges::new([
            merge(a, a, 1, aa),
            merge(aa, a, 0, aaa),
            merge(a, aa, 0, aaa),
        ]);
        for n in [5, SHORT + 5] {
            let mut word = vec![a; n];
            merges.apply(&mut word);
            assert_eq!(word[0], aaa);
        }
    }
}
