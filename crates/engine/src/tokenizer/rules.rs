//! Which rules of a `tokenizer.json` are handed to the tokenizers crate. It trusts its input: some kinds panic while
//! they are read (`Precompiled`), and a short pattern can stand for an automaton that takes minutes to build.

use serde_json::Value;

/// Ways to change text before it is cut.
const NORMALIZERS: [&str; 11] = [
    "Sequence",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Lowercase",
    "Prepend",
    "Replace",
    "Strip",
    "StripAccents",
    "ByteLevel",
];

/// Ways to cut text.
const PRE_TOKENIZERS: [&str; 9] = [
    "Sequence",
    "ByteLevel",
    "Split",
    "Digits",
    "Punctuation",
    "Whitespace",
    "WhitespaceSplit",
    "CharDelimiterSplit",
    "Metaspace",
];

/// All spaces of a run but the last.
const LAST_SPACE: &str = r"\s+(?!\S)";
/// Rules longer than this are not rules.
const MAX_BYTES: usize = 1 << 14;
/// Rules in one list, and those inside them.
const MAX_RULES: usize = 16;
/// Longest text a rule puts somewhere, in bytes.
const MAX_TEXT: usize = 64;
/// What a list of rules may grow by, patterns and text taken together: counted repetitions and replacements,
/// multiplied with each other.
const MAX_GROWTH: u64 = 256;

/// Checks `normalizer` or `pre_tokenizer` (`field`).
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(field: &str, value: &Value) -> Result<(), String> {
    let bytes = value.to_string().len();
    if bytes > MAX_BYTES {
        return Err(format!("is {bytes} bytes long"));
    }
    let known: &[&str] = if field == "normalizer" {
        &NORMALIZERS
    } else {
        &PRE_TOKENIZERS
    };
    let mut found = Found {
        rules: 0,
        byte_levels: 0,
        growth: 1,
    };
    found.rules(known, value)?;
    if found.rules > MAX_RULES {
        let rules = found.rules;
        return Err(format!(
            "has {rules} rules, but at most {MAX_RULES} are allowed"
        ));
    }
    // Each would write the bytes of the one before in characters of two bytes.
    if found.byte_levels > 1 {
        return Err("goes through the byte-level alphabet twice".to_owned());
    }
    if found.growth > MAX_GROWTH {
        return Err(format!("can grow more than {MAX_GROWTH}-fold"));
    }
    Ok(())
}

struct Found {
    rules: usize,
    byte_levels: usize,
    growth: u64,
}

impl Found {
    /// One rule, and those inside it. How deep they are nested is limited by the JSON reader.
    fn rules(&mut self, known: &[&str], rule: &Value) -> Result<(), String> {
        let kind = rule.get("type").and_then(Value::as_str).unwrap_or_default();
        if !known.contains(&kind) {
            let kind: String = kind.chars().take(64).collect();
            return Err(format!("has the unknown kind {kind:?}"));
        }
        self.rules += 1;
        self.byte_levels += usize::from(kind == "ByteLevel");
        let pattern = rule.get("pattern");
        let by_regex = pattern.and_then(|p| p.get("Regex"));
        let by_text = pattern.and_then(|p| p.get("String"));
        let put = [rule.get("prepend"), rule.get("content"), by_text];
        let put = put.map(|text| text.and_then(Value::as_str));
        if put.iter().flatten().any(|text| text.len() > MAX_TEXT) {
            return Err(format!(
                "has a {kind} of more than {MAX_TEXT} bytes of text"
            ));
        }
        let [prepend, content, by_text] = put;
        // With one that matches nothing the crate loses count of its own positions, and panics.
        let nothing = prepend == Some("") || by_text == Some("");
        if nothing || (kind == "Replace" && by_regex.is_some()) {
            return Err(format!("has a {kind} that may match nothing"));
        }
        if let Some(pattern) = by_regex {
            let pattern = pattern.as_str().unwrap_or_default();
            if !needs_no_backtracking(pattern) {
                return Err(format!(
                    "has a {kind} by a pattern that can take for ever (with look-around other than {LAST_SPACE})"
                ));
            }
            self.grow(repeats(pattern));
        }
        if let (Some(content), Some(from)) = (content, by_text) {
            self.grow(content.len().div_ceil(from.len()) as u64);
        }
        let inside = ["normalizers", "pretokenizers"];
        for inner in inside
            .iter()
            .filter_map(|key| rule.get(key)?.as_array())
            .flatten()
        {
            self.rules(known, inner)?;
        }
        Ok(())
    }

    fn grow(&mut self, times: u64) {
        self.growth = self.growth.saturating_mul(times.max(1));
    }
}

/// Whether no choice of a pattern is tried again and again. Look-around, back-references and the like make a regex
/// exponential; what is left is one a finite automaton runs. The one use published rules make of them is let through:
/// it looks at each space twice.
fn needs_no_backtracking(pattern: &str) -> bool {
    choices(pattern).into_iter().all(|choice| {
        choice == LAST_SPACE || (!has_extensions(choice) && regex_syntax::parse(choice).is_ok())
    })
}

/// The parts of a pattern between its outermost `|`. Where brackets don't match, some part can't be read.
fn choices(pattern: &str) -> Vec<&str> {
    let (mut all, mut from) = (Vec::new(), 0);
    let (mut escaped, mut groups, mut classes) = (false, 0i32, 0i32);
    for (at, c) in pattern.char_indices() {
        match c {
            _ if escaped => {}
            '[' => classes += 1,
            ']' => classes = (classes - 1).max(0),
            '(' if classes == 0 => groups += 1,
            ')' if classes == 0 => groups -= 1,
            '|' if classes == 0 && groups == 0 => {
                all.push(&pattern[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        escaped = !escaped && c == '\\';
    }
    all.push(&pattern[from..]);
    all
}

/// Whether there are groups other than plain ones, or `a++`, which means one thing to regex-syntax and another to the
/// tokenizers crate. Inside `[]` they are counted too; no known rule has them there.
fn has_extensions(pattern: &str) -> bool {
    let plain = ["(?:", "(?i:"];
    let mut escaped = false;
    let (mut before, mut earlier) = (' ', ' ');
    for (at, c) in pattern.char_indices() {
        let rest = &pattern[at..];
        if !escaped {
            let group = rest.starts_with("(?") && !plain.iter().any(|p| rest.starts_with(p));
            // `a{2}+`, but not `\p{L}+`.
            let counted = before == '}' && (earlier.is_ascii_digit() || earlier == ',');
            if group || (c == '+' && ("?*+".contains(before) || counted)) {
                return true;
            }
        }
        (before, earlier) = (if escaped { ' ' } else { c }, before);
        escaped = !escaped && c == '\\';
    }
    false
}

/// The product of the largest counts of all `{n}` and `{n,m}`: what a pattern grows by at most. `{` as a plain
/// character counts too if a number follows; no known rule has one.
fn repeats(pattern: &str) -> u64 {
    pattern
        .split('{')
        .skip(1)
        .filter_map(|rest| {
            rest.split(|c: char| !(c.is_ascii_digit() || c == ',' || c == ' '))
                .next()?
                .split(',')
                .filter_map(|n| {
                    let n = n.trim();
                    (!n.is_empty()).then(|| n.parse().unwrap_or(u64::MAX))
                })
                .max()
        })
        .fold(1, |product, n: u64| product.saturating_mul(n.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::splitting::{LLAMA_3, QWEN_2};
    use serde_json::json;

    #[test]
    fn a_short_pattern_cannot_stand_for_an_endless_one() {
        assert_eq!(repeats(r"\p{N}{1,3}|\p{L}+"), 3);
        assert_eq!(repeats(r"(a{20}){,30}{ 2 }"), 1200);
        assert_eq!(repeats("a{99999999999999999999}"), u64::MAX);
        let split = |pattern: &str| json!({"type": "Split", "pattern": {"Regex": pattern}});
        let all = |rules: Vec<Value>| {
            check(
                "pre_tokenizer",
                &json!({"type": "Sequence", "pretokenizers": rules}),
            )
        };
        assert_eq!(all(vec![split("a{3}"); 5]), Ok(()));
        assert!(all(vec![split("a{16}"); 3]).is_err());
        assert!(all(vec![split("a"); 17]).is_err());
    }

    #[test]
    fn a_pattern_that_tries_every_way_is_refused() {
        for published in [
            LLAMA_3,
            QWEN_2,
            // GPT-2's, GPT-4o's, DeepSeek's, BLOOM's, Falcon's.
            r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            r"[!-/:-@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s+(?!\S)|\s+",
            r" ?[^(\s|[.,!?…。，、।۔،])]+",
            "[0-9][0-9][0-9]",
        ] {
            assert!(needs_no_backtracking(published), "{published}");
        }
        for hostile in [
            r"(?=(?:a|a)*b)|a",
            r"(?:\s+(?!\S))+x",
            r"(a+)\1",
            r"(?<=a)b",
            r"(?:a|a)*+b",
            r"(?>a+)b",
            r"(?x)#(?=a)",
            r"[[](?=(a+)+b)]",
            r"\[|(?=(a+)+b)|\]",
        ] {
            assert!(!needs_no_backtracking(hostile), "{hostile}");
        }
    }

    #[test]
    fn a_few_rules_cannot_turn_a_letter_into_gigabytes() {
        let byte_level = json!({"type": "ByteLevel"});
        let twice = json!({"type": "Sequence", "pretokenizers": [byte_level, byte_level]});
        assert_eq!(check("pre_tokenizer", &byte_level), Ok(()));
        assert!(check("pre_tokenizer", &twice).is_err());
        let replace =
            |to: &str| json!({"type": "Replace", "pattern": {"String": "a"}, "content": to});
        let all = |rules: Vec<Value>| {
            check(
                "normalizer",
                &json!({"type": "Sequence", "normalizers": rules}),
            )
        };
        assert_eq!(all(vec![replace("aa"); 8]), Ok(()));
        assert!(all(vec![replace("aa"); 9]).is_err());
        assert!(all(vec![replace(&"a".repeat(65))]).is_err());
    }
}
