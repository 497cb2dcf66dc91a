//! Letters, numbers and punctuation, as the splitting rules mean them.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

const LETTER: u8 = 1;
const NUMBER: u8 = 2;
const PUNCTUATION: u8 = 4;

/// What a character is to a splitting rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CharClass {
    /// `\p{L}`. (`char::is_alphabetic` is larger: it has marks and some numbers too.)
    Letter,
    /// `\p{N}`
    Number,
    /// `\s`, Unicode's White_Space.
    Space,
    Other,
}

/// Bits of all characters up to the last one that has any.
static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut table = Vec::new();
    for (pattern, bit) in [
        (r"\p{L}", LETTER),
        (r"\p{N}", NUMBER),
        (r"\p{P}", PUNCTUATION),
    ] {
        let hir = regex_syntax::parse(pattern).expect("the pattern is fixed and valid");
        let HirKind::Class(Class::Unicode(class)) = hir.kind() else {
            unreachable!("{pattern} is a class of many characters");
        };
        for range in class.ranges() {
            let (start, end) = (range.start() as usize, range.end() as usize);
            if table.len() <= end {
                table.resize(end + 1, 0);
            }
            table[start..=end].iter_mut().for_each(|bits| *bits |= bit);
        }
    }
    table
});

fn bits(c: char) -> u8 {
    TABLE.get(c as usize).copied().unwrap_or(0)
}

/// The class of a character.
pub(super) fn class(c: char) -> CharClass {
    match bits(c) & (LETTER | NUMBER) {
        LETTER => CharClass::Letter,
        NUMBER => CharClass::Number,
        _ if c.is_whitespace() => CharClass::Space,
        _ => CharClass::Other,
    }
}

/// Whether a character is in `\p{P}`.
pub(super) fn is_punctuation(c: char) -> bool {
    bits(c) & PUNCTUATION != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use fancy_regex::Regex;

    #[test]
    fn every_character_has_the_class_the_regex_engine_gives_it() {
        let whole = |class: &str| Regex::new(&format!("^{class}$")).expect("a regex");
        let (letter, number) = (whole(r"\p{L}"), whole(r"\p{N}"));
        let (space, punctuation) = (whole(r"\s"), whole(r"\p{P}"));
        let mut buffer = [0; 4];
        for c in '\0'..=char::MAX {
            let text: &str = c.encode_utf8(&mut buffer);
            let is = |regex: &Regex| regex.is_match(text).expect("one character");
            let want = match () {
                () if is(&letter) => CharClass::Letter,
                () if is(&number) => CharClass::Number,
                () if is(&space) => CharClass::Space,
                () => CharClass::Other,
            };
            assert_eq!(class(c), want, "{c:?}");
            assert_eq!(is_punctuation(c), is(&punctuation), "{c:?}");
        }
    }
}
