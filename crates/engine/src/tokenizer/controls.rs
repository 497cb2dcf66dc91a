//! Tokens beside the vocabulary, found by their text.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::{LoadError, TokenId};

/// Texts of all added tokens together are shorter than this: they are names, not prose.
const MAX_BYTES: usize = 4 << 20;

/// A token that text never becomes.
#[derive(Clone, Debug)]
pub(super) struct AddedToken {
    pub(super) id: u32,
    pub(super) content: String,
    pub(super) special: bool,
    /// Where it is written out, it swallows the white space before it.
    pub(super) lstrip: bool,
    /// Likewise behind it.
    pub(super) rstrip: bool,
}

impl AddedToken {
    /// One that swallows nothing.
    pub(super) fn new(id: u32, content: impl Into<String>, special: bool) -> Self {
        Self {
            id,
            content: content.into(),
            special,
            lstrip: false,
            rstrip: false,
        }
    }
}

/// The added tokens of a tokenizer.
///
/// Of the flags Hugging Face tokenizers know, `single_word` and `normalized` are not looked at: in the published
/// ternary models no control token is a word or changed by the normalizer.
#[derive(Debug)]
pub(super) struct Controls {
    by_text: HashMap<String, TokenId>,
    /// In the order of the finder's patterns.
    tokens: Vec<AddedToken>,
    finder: Option<AhoCorasick>,
}

/// A written-out token: its id and the bytes it takes, swallowed white space included.
pub(super) struct Found {
    pub(super) id: TokenId,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Controls {
    pub(super) fn new(mut tokens: Vec<AddedToken>, file: &str) -> Result<Self, LoadError> {
        let by_text = tokens
            .iter()
            .map(|token| (token.content.clone(), TokenId(token.id)))
            .collect();
        tokens.retain(|token| !token.content.is_empty());
        let bad = |problem: String| LoadError::invalid(file, "the added tokens", problem);
        let bytes: usize = tokens.iter().map(|token| token.content.len()).sum();
        if bytes > MAX_BYTES {
            return Err(bad(format!("have {bytes} bytes of text")));
        }
        // The table of all bytes the crate builds for few patterns takes time and memory of another order, when they
        // are long and repeat themselves.
        let finder = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::LeftmostLongest)
            .build(tokens.iter().map(|token| &token.content));
        let finder = match tokens.is_empty() {
            true => None,
            false => Some(finder.map_err(|e| bad(format!("cannot be searched for ({e})")))?),
        };
        Ok(Self {
            by_text,
            tokens,
            finder,
        })
    }

    pub(super) fn id(&self, text: &str) -> Option<TokenId> {
        self.by_text.get(text).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, TokenId)> {
        self.by_text.iter().map(|(text, &id)| (text.as_str(), id))
    }

    /// Tokens written out in `text`, from the left, the longest where several begin.
    pub(super) fn find(&self, text: &str) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        let matches = self.finder.iter().flat_map(|finder| finder.find_iter(text));
        for m in matches {
            let token = &self.tokens[m.pattern().as_usize()];
            let free_from = found.last().map_or(0, |last| last.end);
            // White space the token before has swallowed can't be swallowed twice, nor be a token.
            if m.end() <= free_from {
                continue;
            }
            let (mut start, mut end) = (m.start().max(free_from), m.end());
            if token.lstrip {
                start = free_from + text[free_from..start].trim_end().len();
            }
            if token.rstrip {
                end = text.len() - text[end..].trim_start().len();
            }
            found.push(Found {
                id: TokenId(token.id),
                start,
                end,
            });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(contents: impl Iterator<Item = String>) -> Controls {
        let tokens = contents
            .zip(0..)
            .map(|(content, id)| AddedToken::new(id, content, true));
        Controls::new(tokens.collect(), "the test").unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn long_names_that_repeat_themselves_take_little_memory() {
        let names = (0..90u8).map(|i| format!("{}{}", char::from(i), "x".repeat(1000)));
        let controls = all(names);
        let finder = controls.finder.as_ref().expect("there are tokens");
        let bytes = finder.memory_usage();
        assert!(bytes < 8 << 20, "{bytes}");
    }

    #[test]
    fn white_space_is_swallowed_once() {
        let mut space = AddedToken::new(0, " ", true);
        space.rstrip = true;
        let controls = Controls::new(vec![space], "the test").unwrap_or_else(|e| panic!("{e}"));
        let found = controls.find("a    b c");
        let found: Vec<_> = found.iter().map(|f| (f.start, f.end)).collect();
        assert_eq!(found, [(1, 5), (6, 7)]);
    }
}
