//! Text that knows which of its parts people and models wrote.

use std::ops::Range;

/// A text in which every byte is either scaffold (written by a template) or content (a message's own words).
///
/// A template works on such texts as on any other: cutting, joining and trimming keep the marks, so a prompt's
/// control tokens can be told from a message that spells one, whatever the template did with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marked {
    text: String,
    /// Runs of one kind, in order; neighbours differ and none is empty.
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    end: usize,
    content: bool,
}

impl Marked {
    /// Words of a template.
    pub(crate) fn scaffold(text: &str) -> Self {
        let mut marked = Self::default();
        marked.push(text, false);
        marked
    }

    /// Words of a message.
    pub(crate) fn content(text: &str) -> Self {
        let mut marked = Self::default();
        marked.push(text, true);
        marked
    }

    /// All of it, without the marks.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Bytes.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Bytes of memory a copy takes.
    pub(crate) fn weight(&self) -> usize {
        self.text.len() + self.runs.len() * size_of::<Run>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Appends `text` of one kind.
    pub(crate) fn push(&mut self, text: &str, content: bool) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        let end = self.text.len();
        match self.runs.last_mut() {
            Some(last) if last.content == content => last.end = end,
            _ => self.runs.push(Run { end, content }),
        }
    }

    /// Appends another text with its marks.
    pub(crate) fn append(&mut self, other: &Self) {
        for (text, content) in other.pieces() {
            self.push(text, content);
        }
    }

    /// Its runs: text, and whether it is content.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (&str, bool)> {
        let mut start = 0;
        self.runs.iter().map(move |run| {
            let piece = &self.text[start..run.end];
            start = run.end;
            (piece, run.content)
        })
    }

    /// A part; `range` lies on character boundaries.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        let mut start = range.start;
        let first = self.runs.partition_point(|run| run.end <= range.start);
        for run in &self.runs[first..] {
            if start >= range.end {
                break;
            }
            let end = run.end.min(range.end);
            part.push(&self.text[start..end], run.content);
            start = end;
        }
        part
    }

    /// The part `inner`, which must have been cut from [`Self::text`], say by `trim`.
    pub(crate) fn part(&self, inner: &str) -> Self {
        let start = (inner.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        if start > self.len() || start + inner.len() > self.len() {
            return Self::default();
        }
        self.slice(start..start + inner.len())
    }

    /// Whether no byte of `range` is content.
    pub(crate) fn is_scaffold(&self, range: Range<usize>) -> bool {
        let first = self.runs.partition_point(|run| run.end <= range.start);
        self.runs
            .get(first)
            .is_none_or(|run| !run.content && run.end >= range.end)
    }

    /// The runs of scaffold, in order.
    pub(crate) fn scaffold_ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.runs.iter().filter_map(move |run| {
            let range = start..run.end;
            start = run.end;
            (!run.content).then_some(range)
        })
    }

    /// Bytes of scaffold.
    pub(crate) fn scaffold_len(&self) -> usize {
        self.pieces()
            .filter(|(_, content)| !content)
            .map(|(text, _)| text.len())
            .sum()
    }

    /// Every character replaced by what `change` makes of it (its number and the character before it are given).
    pub(crate) fn map_chars<I: Iterator<Item = char>>(
        &self,
        mut change: impl FnMut(usize, Option<char>, char) -> I,
    ) -> Self {
        let mut changed = Self::default();
        let (mut number, mut before) = (0, None);
        for (text, content) in self.pieces() {
            let mut piece = String::with_capacity(text.len());
            for c in text.chars() {
                piece.extend(change(number, before, c));
                number += 1;
                before = Some(c);
            }
            changed.push(&piece, content);
        }
        changed
    }
}

/// White space as Python's `str.strip()` knows it: Rust's, and the four separators U+001C to U+001F.
pub(crate) fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.strip()`.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_python_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_what_python_trims() {
        assert_eq!(
            trim("\u{1f}\u{a0} a\u{200b}\u{2003}\r\n\u{85}"),
            "a\u{200b}"
        );
    }

    #[test]
    fn marks_follow_the_text_through_cutting_and_joining() {
        let mut marked = Marked::scaffold("<a>");
        marked.push(" hi ", true);
        marked.push("", false);
        marked.push("there", true);
        marked.push("</a>", false);
        let runs: Vec<_> = marked.pieces().collect();
        assert_eq!(runs, [("<a>", false), (" hi there", true), ("</a>", false)]);
        let part = marked.slice(2..6);
        assert_eq!(
            part.pieces().collect::<Vec<_>>(),
            [(">", false), (" hi", true)]
        );
        let inner = marked.part(&marked.text()[3..12]);
        assert_eq!(inner, Marked::content(" hi there"));
        assert_eq!(marked.part("elsewhere"), Marked::default());
        assert!(marked.is_scaffold(0..3));
        assert!(!marked.is_scaffold(0..4));
        assert!(!marked.is_scaffold(11..13));
        assert!(marked.is_scaffold(12..16));
        assert_eq!(marked.scaffold_ranges().collect::<Vec<_>>(), [0..3, 12..16]);
        assert_eq!(marked.scaffold_len(), 7);
        let upper = marked.map_chars(|_, _, c| c.to_uppercase());
        assert_eq!(
            upper.pieces().collect::<Vec<_>>(),
            [("<A>", false), (" HI THERE", true), ("</A>", false)]
        );
    }
}
