//! Titles as they are kept.

/// Longest title in characters.
const MAX_CHARS: usize = 200;

/// What a conversation is called when nothing better is known.
const UNTITLED: &str = "New chat";

/// One line without control characters, at most 200 characters, never empty.
pub(crate) fn clean(title: &str) -> String {
    let spaced = title.replace(char::is_control, " ");
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(MAX_CHARS).collect();
    match cut.trim_end() {
        "" => UNTITLED.to_owned(),
        title => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn line_breaks_and_control_characters_cannot_break_the_list() {
        assert_eq!(clean("  a\n\n b\t\0c\u{7f}\u{85}\u{2028}d "), "a b c d");
    }

    #[test]
    fn a_title_is_never_empty() {
        for empty in ["", "   ", "\n\0\t", "\u{a0}"] {
            assert_eq!(clean(empty), "New chat", "{empty:?}");
        }
    }

    #[test]
    fn a_huge_title_is_cut_between_characters() {
        assert_eq!(clean(&"é".repeat(100_000)), "é".repeat(200));
        // The cut may fall on a space.
        let long = format!("{} tail", "x".repeat(199));
        assert_eq!(clean(&long), "x".repeat(199));
    }
}
