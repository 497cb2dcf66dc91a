//! The piece of a message that shows why it was found.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::words::{Word, words};

/// About how many characters are shown, and how many of them before the first match.
const CHARS: usize = 120;
const CHARS_BEFORE: usize = 40;

/// Most bytes on one side: a single character can carry accents without end.
const MAX_BYTES: usize = 4096;

/// Stands where the message goes on.
const ELLIPSIS: &str = "…";

/// What has to occur: words in a row.
#[derive(Debug, PartialEq)]
pub(crate) struct Term {
    /// As they are compared; never empty.
    pub(crate) words: Vec<String>,
    /// The last word may go on.
    pub(crate) is_open: bool,
}

impl Term {
    fn ends(&self, words: &[Word]) -> bool {
        let Some(start) = words.len().checked_sub(self.words.len()) else {
            return false;
        };
        let mut pairs = words[start..].iter().zip(&self.words).rev();
        let last_fits = pairs
            .next()
            .is_some_and(|(word, wanted)| match self.is_open {
                true => word.folded.starts_with(wanted),
                false => word.folded == *wanted,
            });
        last_fits && pairs.all(|(word, wanted)| word.folded == *wanted)
    }
}

/// About 120 characters around the first match, on one line, in pieces; matches are marked.
pub(crate) fn snippet(text: &str, terms: &[Term]) -> Vec<(String, bool)> {
    let longest = terms.iter().map(|term| term.words.len()).max().unwrap_or(1);
    let mut window: Option<Range<usize>> = None;
    let mut matches: Vec<Range<usize>> = Vec::new();
    let mut last_words: Vec<Word> = Vec::new();
    for word in words(text) {
        if window
            .as_ref()
            .is_some_and(|window| word.range.start >= window.end)
        {
            break;
        }
        if last_words.len() == longest {
            last_words.remove(0);
        }
        let end = word.range.end;
        last_words.push(word);
        for term in terms.iter().filter(|term| term.ends(&last_words)) {
            let start = last_words[last_words.len() - term.words.len()].range.start;
            window.get_or_insert_with(|| window_around(text, start..end));
            matches.push(start..end);
        }
    }
    let window = window.unwrap_or_else(|| window_around(text, 0..0));
    pieces(text, &window, &union(matches))
}

/// Overlapping ranges as one.
fn union(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut union: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match union.last_mut().filter(|last| last.end >= range.start) {
            Some(last) => last.end = last.end.max(range.end),
            None => union.push(range),
        }
    }
    union
}

/// What is shown around a match, cut between words where there is a space.
fn window_around(text: &str, first: Range<usize>) -> Range<usize> {
    let (before, _) = reach(text[..first.start].graphemes(true).rev(), CHARS_BEFORE);
    let mut start = first.start - before;
    if start > 0 {
        let shown = &text[start..first.start];
        let space = shown.find(char::is_whitespace);
        start += space.map_or(0, |space| shown.len() - shown[space..].trim_start().len());
    }
    let (_, used) = reach(text[start..first.start].graphemes(true), CHARS);
    let (after, _) = reach(text[first.start..].graphemes(true), CHARS - used);
    let mut end = first.start + after;
    if end < text.len() && first.end < end {
        let space = text[first.end..end].rfind(char::is_whitespace);
        end = space.map_or(end, |space| first.end + space);
    }
    start..end
}

/// How many bytes make up so many characters, and how many characters that were. White space in
/// a row counts once, as it is shown.
fn reach<'a>(graphemes: impl Iterator<Item = &'a str>, most: usize) -> (usize, usize) {
    let (mut bytes, mut count, mut after_space) = (0, 0, false);
    for grapheme in graphemes {
        if bytes + grapheme.len() > MAX_BYTES {
            break;
        }
        let is_space = is_blank(grapheme);
        if !(is_space && after_space) {
            if count == most {
                break;
            }
            count += 1;
        }
        after_space = is_space;
        bytes += grapheme.len();
    }
    (bytes, count)
}

fn is_blank(grapheme: &str) -> bool {
    grapheme
        .chars()
        .all(|c| c.is_whitespace() || c.is_control())
}

/// The window cut where marking begins and ends. `matches` are in order and apart.
fn pieces(text: &str, window: &Range<usize>, matches: &[Range<usize>]) -> Vec<(String, bool)> {
    let mut line = Line::default();
    if window.start > 0 {
        line.push(ELLIPSIS, false);
    }
    let mut at = window.start;
    for range in matches {
        let (start, end) = (range.start.max(at), range.end.min(window.end));
        if start < end {
            line.push(&text[at..start], false);
            line.push(&text[start..end], true);
            at = end;
        }
    }
    line.push(text[at..window.end].trim_end(), false);
    if window.end < text.trim_end().len() {
        line.push(ELLIPSIS, false);
    }
    line.pieces
}

/// Joins texts to one line.
#[derive(Default)]
struct Line {
    pieces: Vec<(String, bool)>,
    /// White space was met, in a match or not; it shows once something follows.
    space: Option<bool>,
}

impl Line {
    fn push(&mut self, text: &str, is_match: bool) {
        for c in text.chars() {
            if c.is_whitespace() || c.is_control() {
                self.space = self.space.or(Some(is_match));
                continue;
            }
            if let Some(in_match) = self.space.take().filter(|_| !self.pieces.is_empty()) {
                self.add(' ', in_match);
            }
            self.add(c, is_match);
        }
    }

    fn add(&mut self, c: char, is_match: bool) {
        match self.pieces.last_mut().filter(|last| last.1 == is_match) {
            Some((text, _)) => text.push(c),
            None => self.pieces.push((c.to_string(), is_match)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Term, snippet};

    fn term(words: &str, is_open: bool) -> Term {
        let words = words.split(' ').map(str::to_owned).collect();
        Term { words, is_open }
    }

    /// The snippet with its matches in brackets.
    fn shown(text: &str, terms: &[Term]) -> String {
        let pieces = snippet(text, terms).into_iter();
        pieces
            .map(|(text, is_match)| if is_match { format!("[{text}]") } else { text })
            .collect()
    }

    #[test]
    fn matches_are_marked_and_white_space_is_one_space() {
        let text = "\n\n# Terns\n\n\tThe  arctic\0tern flies far.\n";
        assert_eq!(
            shown(text, &[term("ter", true), term("fl", true)]),
            "# [Terns] The arctic [tern] [flies] far."
        );
        assert_eq!(
            shown(text, &[term("arctic tern", false)]),
            "# Terns The [arctic tern] flies far."
        );
        assert_eq!(
            shown(text, &[term("ter", false)]),
            "# Terns The arctic tern flies far."
        );
    }

    #[test]
    fn a_long_text_is_cut_between_words_around_the_first_match() {
        let text = format!(
            "{}needle {}",
            "some words ".repeat(50),
            "and more ".repeat(5000)
        );
        let shown = shown(&text, &[term("needle", true)]);
        assert!(shown.starts_with("…words some words some"), "{shown}");
        assert!(shown.contains(" words [needle] and more and"), "{shown}");
        assert!(shown.ends_with(" more…"), "{shown}");
        let chars = shown.chars().count();
        assert!((100..=124).contains(&chars), "{chars}: {shown}");
    }

    #[test]
    fn no_cut_falls_inside_a_character() {
        for unit in [
            "漢",
            "e\u{301}",
            "👩\u{200d}💻",
            "ก\u{e34}",
            "\u{200f}",
            "\u{301}",
        ] {
            let text = format!("{0}X{0}", unit.repeat(300));
            for terms in [vec![], vec![term("x", true)], vec![term("漢", false)]] {
                let whole: String = snippet(&text, &terms).into_iter().map(|p| p.0).collect();
                let kept = whole.trim_matches('…');
                assert!(text.contains(kept), "{unit:?}: {whole:?}");
                assert_eq!(
                    kept.replace('X', "").len() % unit.len(),
                    0,
                    "{unit:?}: {whole:?}"
                );
            }
        }
    }

    #[test]
    fn neither_accents_nor_spaces_without_end_make_it_long() {
        for (text, expected) in [
            (format!("x{} more", "\u{301}".repeat(1 << 20)), "…"),
            (format!("a{}x b", " ".repeat(1 << 20)), "…[x] b"),
        ] {
            assert_eq!(shown(&text, &[term("x", true)]), expected);
        }
    }

    #[test]
    fn a_match_longer_than_the_window_is_cut_too() {
        let shown = shown(&"x".repeat(1000), &[term("x", true)]);
        assert_eq!(shown, format!("[{}]…", "x".repeat(120)));
    }
}
