//! Rust source reduced to what the compiler runs, so that a rule about code is not tripped
//! by a comment, a string or a test.

/// The same text with comments and the insides of string and character literals replaced by
/// spaces. Byte offsets and line numbers stay as they are.
pub fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment_end(bytes, at),
            b'"' => string_end(bytes, at + 1),
            b'r' if !follows_word(bytes, at) => raw_string_end(bytes, at).unwrap_or(at),
            b'b' | b'c' if !follows_word(bytes, at) && bytes.get(at + 1) == Some(&b'r') => {
                raw_string_end(bytes, at + 1).unwrap_or(at)
            }
            b'\'' => char_end(text, at),
            _ => at,
        };
        if end == at {
            at += 1;
            continue;
        }
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("literals and comments end on character boundaries")
}

/// `code` (from [`code_only`]) without the items marked `#[cfg(test)]`.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_owned();
    while let Some(start) = out.find(MARK) {
        let end = item_end(out.as_bytes(), start + MARK.len());
        let blank: String = out[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// Identifiers and keywords of `code`, each with its line number from 1.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().flat_map(|(line, text)| {
        text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty())
            .map(move |word| (line + 1, word))
    })
}

/// Line number, from 1, of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..]
        .iter()
        .position(|&b| b == b'\n')
        .map_or(bytes.len(), |n| at + n)
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut i) = (0_usize, at);
    while i < bytes.len() {
        if bytes[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if bytes[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    bytes.len()
}

/// End of a string whose opening quote lies just before `inside`.
fn string_end(bytes: &[u8], inside: usize) -> usize {
    let mut i = inside;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len()
}

/// End of a raw string whose `r` lies at `at`; none when it is the `r` of a word.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at + 1..].iter().take_while(|&&b| b == b'#').count();
    let open = at + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let end = bytes[open + 1..]
        .windows(close.len())
        .position(|window| window == close)
        .map_or(bytes.len(), |n| open + 1 + n + close.len());
    Some(end)
}

/// End of a character literal that begins at `at`; `at` itself for a lifetime.
fn char_end(text: &str, at: usize) -> usize {
    let mut chars = text[at + 1..].char_indices();
    match chars.next() {
        Some((_, '\\')) => {
            // The escaped character may itself be a quote.
            let rest = at + 3;
            text.get(rest..)
                .and_then(|tail| tail.find('\''))
                .map_or(at, |n| rest + n + 1)
        }
        Some(_) => match chars.next() {
            Some((n, '\'')) => at + 1 + n + 1,
            _ => at,
        },
        None => at,
    }
}

/// End of what the attribute before `at` belongs to: an item's `;` or closing brace, or the
/// comma after a variant, a field or an argument.
fn item_end(code: &[u8], at: usize) -> usize {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    let in_list = !begins_item(code, at);
    for (i, byte) in code.iter().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets -= 1,
            b'{' => braces += 1,
            b'}' => braces -= 1,
            _ => {}
        }
        let outside = braces == 0 && brackets == 0;
        match byte {
            // The end of the list that held the last variant.
            b'}' | b')' if braces < 0 || brackets < 0 => return i,
            b'}' if outside && !in_list => return i + 1,
            b';' if outside => return i + 1,
            b',' if outside && in_list => return i + 1,
            _ => {}
        }
    }
    code.len()
}

/// Whether an item or a statement follows, after any further attributes.
fn begins_item(code: &[u8], at: usize) -> bool {
    const FIRST: [&str; 18] = [
        "async",
        "const",
        "enum",
        "extern",
        "fn",
        "impl",
        "let",
        "macro_rules",
        "mod",
        "pub",
        "static",
        "struct",
        "trait",
        "type",
        "union",
        "unsafe",
        "use",
        "if",
    ];
    let mut rest = &code[at..];
    loop {
        rest = rest.trim_ascii_start();
        let Some(b"#[") = rest.get(..2) else { break };
        let end = rest
            .iter()
            .position(|&b| b == b']')
            .map_or(rest.len(), |n| n + 1);
        rest = &rest[end..];
    }
    let end = rest
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))
        .unwrap_or(rest.len());
    FIRST.iter().any(|word| word.as_bytes() == &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::{code_only, line_of, without_tests, words};

    #[test]
    fn comments_and_literals_hide_nothing_behind_them() {
        let text = concat!(
            "let a = \"unsafe \\\" { // not a comment\"; // unsafe\n",
            "/* unsafe /* nested */ unsafe */ let b = 'x';\n",
            "let c = r#\"unsafe \"quoted\" \"#; let d: &'static str = b\"unsafe\"; let e = '\\''; unsafe_after();\n",
            "let f = '\"'; real();\n",
            "crate::create(br\"unsafe\"); break;\n",
        );
        let code = code_only(text);
        assert_eq!(code.len(), text.len());
        assert!(
            words(&code).all(|(_, word)| word != "unsafe" && word != "nested"),
            "{code}"
        );
        assert!(
            code.contains("unsafe_after()") && code.contains("'static"),
            "{code}"
        );
        for word in [(4, "real"), (5, "crate"), (5, "create"), (5, "break")] {
            assert!(words(&code).any(|found| found == word), "{code}");
        }
    }

    #[test]
    fn a_test_module_is_left_out_and_the_code_after_it_is_not() {
        let code = "fn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests { fn b(x: [u8; 3]) { { } } }\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}\n";
        let left = without_tests(code);
        assert!(!left.contains("fn b") && !left.contains("more"), "{left}");
        assert!(
            left.contains("fn a") && left.contains("fn c") && left.contains("fn d"),
            "{left}"
        );
        assert_eq!(line_of(&left, left.find("fn d").expect("it is there")), 8);
    }

    #[test]
    fn a_variant_for_tests_does_not_take_the_code_after_it_along() {
        let code = "enum Job {\n    #[cfg(test)]\n    Panic { when: u8 },\n    Run,\n    #[cfg(test)]\n    Last\n}\nenum Step {}\n#[cfg(test)]\nfn a<B, C>() {}\nfn d() {}";
        let left = without_tests(code);
        assert!(
            !left.contains("Panic") && !left.contains("Last") && !left.contains("fn a"),
            "{left}"
        );
        assert!(
            left.contains("Run") && left.contains("enum Step") && left.contains("fn d"),
            "{left}"
        );
    }
}
