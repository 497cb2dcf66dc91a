//! Text as it is written: only what can no longer change is released.

/// Turns the bytes of tokens into text, piece by piece.
///
/// A character may span tokens, so bytes wait until their character is whole. Text that might be the beginning
/// of a stop string waits until it is or is not. Bytes that can never be a character become U+FFFD.
#[derive(Debug, Default)]
pub struct TextStream {
    stops: Vec<String>,
    /// Bytes of a character that is not whole yet; at most three.
    partial: Vec<u8>,
    /// Whole text that may still be part of a stop string.
    held: String,
    stopped: bool,
}

impl TextStream {
    /// A stream that ends before the first of `stops`; empty ones are ignored.
    pub fn new(stops: &[String]) -> Self {
        Self {
            stops: stops.iter().filter(|s| !s.is_empty()).cloned().collect(),
            ..Self::default()
        }
    }

    /// Whether a stop string was seen. The text before it has been released, nothing after it will be.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Takes the bytes of the next token, appends to `out` what can no longer change.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) {
        if self.stopped {
            return;
        }
        self.partial.extend_from_slice(bytes);
        let taken = decode(&self.partial, &mut self.held);
        self.partial.drain(..taken);
        self.release(out);
    }

    /// Ends the stream: appends what was held back, with U+FFFD for a character that never became whole.
    pub fn finish(&mut self, out: &mut String) {
        if !self.stopped {
            if !self.partial.is_empty() {
                self.held.push('\u{fffd}');
            }
            self.release(out);
        }
        if !self.stopped {
            out.push_str(&self.held);
        }
        self.held.clear();
        self.partial.clear();
    }

    fn release(&mut self, out: &mut String) {
        if let Some(at) = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min()
        {
            out.push_str(&self.held[..at]);
            self.held.clear();
            self.stopped = true;
            return;
        }
        let safe = self
            .stops
            .iter()
            .map(|stop| settled(&self.held, stop))
            .min()
            .unwrap_or(self.held.len());
        out.push_str(&self.held[..safe]);
        self.held.drain(..safe);
    }
}

/// Length of the part of `text` that cannot belong to a `stop` that is still to be completed.
fn settled(text: &str, stop: &str) -> usize {
    let longest = stop.len().saturating_sub(1).min(text.len());
    (text.len() - longest..text.len())
        .find(|&at| stop.as_bytes().starts_with(&text.as_bytes()[at..]))
        .unwrap_or(text.len())
}

/// Appends the whole characters of `bytes` to `text`, U+FFFD for what is none; returns the bytes used up, all
/// but an incomplete character at the end.
fn decode(bytes: &[u8], text: &mut String) -> usize {
    let mut used = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        used += chunk.valid().len();
        let invalid = chunk.invalid();
        if invalid.is_empty() {
            continue;
        }
        let at_end = used + invalid.len() == bytes.len();
        if at_end && is_incomplete(invalid) {
            break;
        }
        text.push('\u{fffd}');
        used += invalid.len();
    }
    used
}

/// Whether more bytes could make `tail` a character.
fn is_incomplete(tail: &[u8]) -> bool {
    matches!(std::str::from_utf8(tail), Err(e) if e.valid_up_to() == 0 && e.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(pieces: &[&[u8]], stops: &[&str]) -> (Vec<String>, bool) {
        let stops: Vec<String> = stops.iter().map(|s| (*s).to_owned()).collect();
        let mut stream = TextStream::new(&stops);
        let mut released = Vec::new();
        for piece in pieces {
            let mut out = String::new();
            stream.push(piece, &mut out);
            released.push(out);
        }
        let mut out = String::new();
        stream.finish(&mut out);
        released.push(out);
        (released, stream.is_stopped())
    }

    #[test]
    fn a_character_cut_in_two_waits() {
        let rocket = "🚀".as_bytes();
        assert_eq!(
            run(
                &[b"a", &rocket[..1], &rocket[1..3], &rocket[3..], b"b"],
                &[]
            )
            .0,
            ["a", "", "", "🚀", "b", ""]
        );
    }

    #[test]
    fn a_character_never_finished_is_marked() {
        assert_eq!(run(&[b"a\xf0\x9f"], &[]).0, ["a", "\u{fffd}"]);
        assert_eq!(run(&[b"\xf0\x9f", b"b"], &[]).0, ["", "\u{fffd}b", ""]);
    }

    #[test]
    fn a_stop_string_is_never_shown_in_part() {
        let (text, stopped) = run(&[b"one EN", b"D two"], &["END"]);
        assert_eq!(text, ["one ", "", ""]);
        assert!(stopped);
        let (text, stopped) = run(&[b"one EN", b"ough"], &["END"]);
        assert_eq!(text, ["one ", "ENough", ""]);
        assert!(!stopped);
        assert_eq!(run(&[b"one EN"], &["END"]).0, ["one ", "EN"]);
    }

    #[test]
    fn the_first_of_several_stop_strings_counts() {
        assert_eq!(run(&[b"a bb c"], &["c", "b"]).0.concat(), "a ");
        assert_eq!(run(&["aß".as_bytes(), b"x"], &["ßx"]).0.concat(), "a");
    }

    proptest! {
        #[test]
        fn pieces_add_up_to_the_lossy_whole(bytes in proptest::collection::vec(any::<u8>(), 0..64), cut in 1usize..7) {
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(run(&pieces, &[]).0.concat(), String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn text_with_a_stop_ends_right_before_it(text in "[ab]{0,30}", stop in "[ab]{1,4}", cut in 1usize..5) {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(cut).collect();
            let (released, stopped) = run(&pieces, &[&stop]);
            let want = text.find(&stop);
            prop_assert_eq!(stopped, want.is_some());
            prop_assert_eq!(released.concat(), &text[..want.unwrap_or(text.len())]);
        }
    }
}
