//! From text to ids, without control tokens: none of them is in here, so no text can become one.

use std::collections::{HashMap, HashSet};

use super::{bpe::Merges, splitting::Splitting};

/// The mark SentencePiece writes for a space.
pub(super) const SPACE: char = '▁';

/// How text becomes ids.
#[derive(Debug)]
pub(super) enum Encoder {
    /// Byte-level BPE.
    Bytes(ByteEncoder),
    /// BPE over characters, as SentencePiece does it.
    Pieces(PieceEncoder),
}

impl Encoder {
    /// Appends the ids of `text`. `at_start` says that nothing is before it.
    pub(super) fn encode(&self, text: &str, at_start: bool, ids: &mut Vec<u32>) {
        match self {
            Self::Bytes(encoder) => encoder.encode(text, ids),
            Self::Pieces(encoder) => encoder.encode(text, at_start, ids),
        }
    }
}

/// Byte-level BPE.
#[derive(Debug)]
pub(super) struct ByteEncoder {
    pub(super) splitting: Splitting,
    /// Tokens of single bytes. A byte without one is left out, as in Hugging Face tokenizers.
    pub(super) singles: Box<[Option<u32>; 256]>,
    /// Words that are tokens by themselves; empty where merges decide.
    pub(super) whole: HashMap<Vec<u8>, u32>,
    pub(super) merges: Merges,
}

impl ByteEncoder {
    fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let mut symbols = Vec::new();
        self.splitting.split(text, &mut |word| {
            if let Some(&id) = self.whole.get(word) {
                ids.push(id);
                return;
            }
            symbols.clear();
            symbols.extend(word.iter().filter_map(|&byte| self.singles[byte as usize]));
            self.merges.apply(&mut symbols);
            ids.extend_from_slice(&symbols);
        });
    }
}

/// Where a space is put before a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    Never,
    /// Before every run of text, even one that begins with a space (SentencePiece, and `Prepend`).
    Always,
    /// Before every run of text that does not begin with a space (`Metaspace`, scheme `always`).
    Missing,
    /// Likewise, at the start of the whole text only (`Metaspace`, scheme `first`).
    MissingAtStart,
}

/// BPE over characters, as SentencePiece does it.
#[derive(Debug)]
pub(super) struct PieceEncoder {
    pub(super) prefix: Prefix,
    /// Every space begins a word, even behind another one.
    pub(super) splits_at_spaces: bool,
    /// Tokens of single characters.
    pub(super) singles: HashMap<char, u32>,
    /// Tokens of bytes, for characters without a token.
    pub(super) bytes: Box<[u32; 256]>,
    /// Pairs of characters that stand side by side in some token. Between two others, no merge reaches across,
    /// so text can be cut there without a change to its tokens.
    pub(super) neighbours: HashSet<(char, char)>,
    /// Words that are tokens by themselves; empty where merges decide.
    pub(super) whole: HashMap<Vec<u8>, u32>,
    pub(super) merges: Merges,
}

impl PieceEncoder {
    fn encode(&self, text: &str, at_start: bool, ids: &mut Vec<u32>) {
        let Some(first) = text.chars().next() else {
            return;
        };
        let missing = first != ' ' && first != SPACE;
        let prefixed = match self.prefix {
            Prefix::Never => false,
            Prefix::Always => true,
            Prefix::Missing => missing,
            Prefix::MissingAtStart => missing && at_start,
        };
        let prefix = prefixed.then_some(SPACE);
        let chars = text.chars().map(|c| if c == ' ' { SPACE } else { c });
        let mut chars = prefix.into_iter().chain(chars);
        if self.whole.is_empty() {
            let cuts = |c| self.splits_at_spaces && c == SPACE;
            self.encode_word(&mut chars, cuts, ids);
            return;
        }
        // Whole words are looked up, so they have to be known.
        let mut word = String::new();
        for c in chars {
            if self.splits_at_spaces && c == SPACE {
                self.encode_whole(&word, ids);
                word.clear();
            }
            word.push(c);
        }
        self.encode_whole(&word, ids);
    }

    fn encode_whole(&self, word: &str, ids: &mut Vec<u32>) {
        match self.whole.get(word.as_bytes()) {
            Some(&id) => ids.push(id),
            None => self.encode_word(&mut word.chars(), |_| false, ids),
        }
    }

    /// Encodes characters, cutting where no token reaches across and where `cuts` says so.
    fn encode_word(
        &self,
        chars: &mut dyn Iterator<Item = char>,
        cuts: impl Fn(char) -> bool,
        ids: &mut Vec<u32>,
    ) {
        let mut symbols = Vec::new();
        let mut before = None;
        for c in chars {
            if let Some(before) = before
                && (cuts(c) || !self.neighbours.contains(&(before, c)))
            {
                self.merges.apply(&mut symbols);
                ids.append(&mut symbols);
            }
            match self.singles.get(&c) {
                Some(&id) => symbols.push(id),
                None => {
                    let mut buffer = [0; 4];
                    let bytes = c.encode_utf8(&mut buffer).bytes();
                    symbols.extend(bytes.map(|byte| self.bytes[byte as usize]));
                }
            }
            before = Some(c);
        }
        self.merges.apply(&mut symbols);
        ids.append(&mut symbols);
    }
}
