//! File names made of titles, such as every system takes.

/// Longest name without its extension, in bytes: some encrypted folders take 143, and an
/// extension and a number come after it.
const MAX_BYTES: usize = 120;

/// What a chat is called whose title leaves nothing.
const UNNAMED: &str = "Chat";

/// Names Windows keeps for devices, whatever follows after a point.
/// Source: <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
const RESERVED_WITH_NUMBER: [&str; 2] = ["COM", "LPT"];

/// A file's name without its extension, made of a title.
pub(super) fn file_stem(title: &str) -> String {
    let mapped: String = title.chars().filter_map(allowed).collect();
    let words = mapped.split_whitespace().collect::<Vec<_>>().join(" ");
    // A point at the beginning hides a file, one at the end Windows drops.
    let is_edge = |c: char| c == '.' || c == ' ';
    let mut end = words.len().min(MAX_BYTES);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    let stem = words[..end].trim_matches(is_edge);
    match stem {
        "" => UNNAMED.to_owned(),
        _ if is_reserved(stem) => format!("_{stem}"),
        _ => stem.to_owned(),
    }
}

/// What stands for a character of a title; none where it is better left out.
fn allowed(c: char) -> Option<char> {
    match c {
        '/' | '\\' | '|' => Some('-'),
        '<' | '>' | ':' | '"' | '?' | '*' => Some(' '),
        // They turn the text around them: `cod.exe` would read as `exe.doc`.
        '\u{200e}'
        | '\u{200f}'
        | '\u{061c}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => None,
        '\u{fffe}' | '\u{ffff}' | '\u{feff}' => None,
        c if c.is_control() => Some(' '),
        c => Some(c),
    }
}

fn is_reserved(stem: &str) -> bool {
    let device = stem.split('.').next().unwrap_or(stem).trim_end();
    let device = device.to_uppercase();
    let numbered = || {
        let mut digits = RESERVED_WITH_NUMBER
            .iter()
            .filter_map(|name| device.strip_prefix(name));
        digits.any(|digit| {
            let mut chars = digit.chars();
            let is_number = |c: char| c.is_ascii_digit() || ['¹', '²', '³'].contains(&c);
            chars.next().is_some_and(is_number) && chars.next().is_none()
        })
    };
    RESERVED.contains(&device.as_str()) || numbered()
}

#[cfg(test)]
mod tests {
    use super::file_stem;

    #[test]
    fn a_plain_title_is_its_own_name() {
        for title in [
            "Prime sieve in Python",
            "Größe – 東京, v1.2",
            "Communication",
        ] {
            assert_eq!(file_stem(title), title);
        }
    }

    #[test]
    fn no_title_leads_out_of_the_folder_or_is_refused_by_windows() {
        for (title, stem) in [
            ("AC/DC: live?", "AC-DC live"),
            ("../../etc/passwd", "-..-etc-passwd"),
            ("C:\\Windows", "C -Windows"),
            ("a\0b\nc\u{7f}d", "a b c d"),
            ("<b>\"*|", "b -"),
            ("...", "Chat"),
            ("??", "Chat"),
            ("", "Chat"),
            (".hidden. ", "hidden"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("Com1", "_Com1"),
            ("LPT²", "_LPT²"),
            ("nul .md", "_nul .md"),
            ("COM10", "COM10"),
            ("Conway", "Conway"),
            ("annex\u{202e}cod.exe", "annexcod.exe"),
        ] {
            assert_eq!(file_stem(title), stem, "{title:?}");
        }
    }

    #[test]
    fn a_long_title_is_cut_between_characters_and_ends_with_a_letter() {
        let long = file_stem(&"鳥".repeat(200));
        assert_eq!(long, "鳥".repeat(40));
        assert_eq!(file_stem(&format!("{} tail", "x".repeat(119))).len(), 119);
    }
}
