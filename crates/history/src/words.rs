//! What a word is, for finding it: one definition for the index, for queries, and for what is
//! marked in what was found.
//!
//! A word is a run of letters and digits, compared without case, accents and points. In scripts
//! that put no spaces between words, every character is one, so that several in a row are
//! looked for as a phrase.

use std::ops::Range;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

/// Longest word in bytes; of a longer one (a key, an encoded picture) the beginning counts.
const MAX_BYTES: usize = 128;

/// A word of a text.
#[derive(Debug, PartialEq)]
pub(crate) struct Word {
    /// Its bytes in the text.
    pub(crate) range: Range<usize>,
    /// What it is compared by.
    pub(crate) folded: String,
    /// A single character of a script without spaces: no longer word begins with it.
    pub(crate) is_single: bool,
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Words<'_> {
    Words { text, at: 0 }
}

pub(crate) struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl Words<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// Goes past a character and what stands on it.
    fn skip_cluster(&mut self, base: char) {
        self.at += base.len_utf8();
        while let Some(c) = self.peek().filter(|&c| joins(c) || is_ignored(c)) {
            self.at += c.len_utf8();
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let mut word = Word {
            range: 0..0,
            folded: String::new(),
            is_single: false,
        };
        while let Some(c) = self.peek() {
            let is_single = is_unspaced(c);
            let is_part = c.is_alphanumeric() || joins(c);
            if !word.folded.is_empty() && (is_single || !is_part) {
                break;
            }
            let start = self.at;
            self.skip_cluster(c);
            if !is_single && !is_part {
                continue;
            }
            if word.folded.is_empty() {
                word.range.start = start;
            }
            fold_into(&mut word.folded, &self.text[start..self.at]);
            word.range.end = self.at;
            if is_single && !word.folded.is_empty() {
                word.is_single = true;
                break;
            }
        }
        (!word.folded.is_empty()).then_some(word)
    }
}

fn fold_into(folded: &mut String, cluster: &str) {
    if folded.len() >= MAX_BYTES {
        return;
    }
    if let [byte] = cluster.as_bytes() {
        folded.push(char::from(byte.to_ascii_lowercase()));
        return;
    }
    let plain = cluster
        .nfkd()
        .filter(|&c| !is_accent(c))
        // By way of the capitals, as ß is SS there and both small sigmas are one.
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .filter(|&c| c.is_alphanumeric() || is_combining_mark(c));
    folded.extend(plain.nfc());
}

/// Stands on the character before it. Syllables of Hangul may be written as their parts, and
/// half-width kana have their voicing apart.
fn joins(c: char) -> bool {
    (is_combining_mark(c) && !is_unspaced(c))
        || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}')
}

/// Accents, the points of Hebrew and the vowel signs of Arabic, by their combining classes. The
/// other classes are parts of letters: vowels of India, the voicing of kana.
/// Source: <https://www.unicode.org/reports/tr44/#Canonical_Combining_Class_Values>
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 10..=35 | 200..)
}

/// Marks without a look of their own that may stand inside a word: soft hyphen, joiners,
/// writing directions.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Letters of scripts that put no spaces between words, or none around the particles of a word.
/// Source: <https://www.unicode.org/Public/UCD/latest/ucd/Blocks.txt>
fn is_unspaced(c: char) -> bool {
    let is_letter = c.is_alphanumeric() || is_combining_mark(c);
    is_letter
        && matches!(c,
            '\u{e00}'..='\u{eff}' // Thai, Lao
            | '\u{1000}'..='\u{109f}' // Myanmar
            | '\u{1100}'..='\u{115f}' // Hangul, beginnings of syllables
            | '\u{1780}'..='\u{17ff}' // Khmer
            | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' // Han: radicals, repetitions
            | '\u{3040}'..='\u{3098}' | '\u{309b}'..='\u{318f}' // kana, Bopomofo, Hangul letters
            | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' // Bopomofo, kana
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' // Han
            | '\u{a000}'..='\u{a4cf}' // Yi
            | '\u{ac00}'..='\u{d7af}' // Hangul
            | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}' | '\u{ffa0}'..='\u{ffdc}' // Han, half-width
            | '\u{20000}'..='\u{3ffff}') // Han
}

/// Gives SQL the function `tern_words`: a text's words as they are compared, a space between.
/// The schema's history and the index rely on it.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("tern_words", 1, flags, |context| {
        // A text that is not UTF-8 must not hide the others.
        let text = String::from_utf8_lossy(context.get_raw(0).as_bytes()?);
        let mut all = String::with_capacity(text.len());
        for word in words(&text) {
            if !all.is_empty() {
                all.push(' ');
            }
            all.push_str(&word.folded);
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use super::words;

    fn folded(text: &str) -> Vec<String> {
        words(text).map(|word| word.folded).collect()
    }

    #[test]
    fn case_accents_and_ways_to_write_a_letter_do_not_keep_words_apart() {
        assert_eq!(folded("Straße STRASSE"), ["strasse", "strasse"]);
        assert_eq!(folded("Café cafe\u{301} CAFÉ"), ["cafe", "cafe", "cafe"]);
        assert_eq!(folded("ΣΊΣΥΦΟΣ σίσυφος"), ["σισυφοσ", "σισυφοσ"]);
        assert_eq!(folded("ﬁne ＦＩＮＥ fi\u{ad}ne"), ["fine", "fine", "fine"]);
        assert_eq!(folded("שָׁלוֹם שלום"), ["שלום", "שלום"]);
        assert_eq!(folded("كِتَاب كتاب"), ["كتاب", "كتاب"]);
        assert_eq!(folded("İstanbul istanbul"), ["istanbul", "istanbul"]);
    }

    #[test]
    fn letters_that_only_look_like_accented_ones_stay_apart() {
        assert_ne!(folded("कि"), folded("का"));
        assert_eq!(folded("が か"), ["が", "か"]);
        assert_eq!(folded("か\u{3099}"), ["が"]);
    }

    #[test]
    fn every_character_of_a_script_without_spaces_is_a_word() {
        assert_eq!(folded("我在iPhone上"), ["我", "在", "iphone", "上"]);
        assert_eq!(folded("한국어"), ["한", "국", "어"]);
        assert_eq!(folded("\u{1112}\u{1161}\u{11ab}"), ["한"]);
        assert_eq!(folded("กิน"), ["ก", "\u{e34}", "น"]);
    }

    #[test]
    fn what_is_no_word_gives_none() {
        for text in [
            "",
            " \0\n",
            "\u{301}",
            "*\"'() --",
            "\u{200d}\u{feff}",
            "🐦",
        ] {
            assert_eq!(folded(text), [""; 0], "{text:?}");
        }
        assert_eq!(folded("\u{301}a 🐦b"), ["a", "b"]);
    }

    #[test]
    fn ranges_cover_the_words_in_the_text() {
        let text = "  Ein e\u{301}té, 東京!";
        let cut: Vec<&str> = words(text).map(|word| &text[word.range]).collect();
        assert_eq!(cut, ["Ein", "e\u{301}té", "東", "京"]);
    }

    #[test]
    fn a_word_without_end_stays_short() {
        let word = words(&"é".repeat(100_000)).next().expect("one word");
        assert_eq!((word.folded.len(), word.range), (128, 0..200_000));
    }
}
