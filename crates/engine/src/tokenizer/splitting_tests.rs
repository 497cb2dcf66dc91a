use super::*;
use fancy_regex::Regex;
use proptest::prelude::*;

const GPT_2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

fn words(splitting: &Splitting, text: &str) -> Vec<String> {
    let mut all = Vec::new();
    splitting.split(text, &mut |word| {
        all.push(String::from_utf8(word.to_vec()).expect("words are cut at characters"));
    });
    all
}

/// Matches of `regex`, and what is between them, one after the other.
fn isolated<'a>(regex: &Regex, text: &'a str) -> Vec<&'a str> {
    let (mut all, mut at) = (Vec::new(), 0);
    for found in regex.find_iter(text) {
        let found = found.expect("short texts don't exhaust it");
        all.push(&text[at..found.start()]);
        all.push(found.as_str());
        at = found.end();
    }
    all.push(&text[at..]);
    all.retain(|part| !part.is_empty());
    all
}

fn by_regexes(regexes: &[Regex], text: &str) -> Vec<String> {
    let mut parts = vec![text];
    for regex in regexes {
        parts = parts
            .into_iter()
            .flat_map(|part| isolated(regex, part))
            .collect();
    }
    parts.into_iter().map(str::to_owned).collect()
}

/// Each rule with its regexes, as published: in `tokenizer.json`s, and in llama.cpp's `llama-vocab.cpp`.
fn rules() -> Vec<(Splitting, Vec<Regex>)> {
    let regexes = |all: &[&str]| {
        all.iter()
            .map(|r| Regex::new(r).expect("a regex"))
            .collect()
    };
    let three = "[0-9][0-9][0-9]";
    vec![
        (Splitting::Llama3, regexes(&[LLAMA_3])),
        (Splitting::Qwen2, regexes(&[QWEN_2])),
        (Splitting::Gpt2, regexes(&[GPT_2])),
        (
            Splitting::Falcon,
            regexes(&[r"[\p{P}\$\+<=>\^~\|`]+", GPT_2, three]),
        ),
        (
            Splitting::Default,
            regexes(&[r"[\p{P}\$\+<=>\^~\|]+", GPT_2, r"\p{N}+", three]),
        ),
    ]
}

/// Characters that meet in some branch of a rule: each kind of letter, number, space, mark and sign, endings of
/// English words in odd cases, and what folds to them.
fn nasty() -> impl Strategy<Value = String> {
    let letters = "sStTrReEvVmMlLdDſKaàéßŉﬅﬆǅʰªאعकกあ漢𝒜𐐀";
    let numbers = "0123459²¼Ⅷ٣१㉈〇𝟘፲";
    let spaces =
        " \t\n\r\u{b}\u{c}\u{1c}\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{2029}\u{202f}\u{3000}";
    let others = "'’`.,!?-_$+<=>^~|()\"#\u{301}\u{300}\u{20dd}\u{ad}\u{200b}\u{200d}\u{feff}\u{180e}€©🚀🏽\u{e0041}\u{f0000}\u{fffd}\0\u{7f}";
    let pick = |all: &str| proptest::sample::select(all.chars().collect::<Vec<_>>());
    let one = prop_oneof![
        4 => pick(letters),
        3 => pick(numbers),
        4 => pick(spaces),
        3 => pick(others),
        2 => Just('\''),
        3 => Just(' '),
        2 => pick("\r\n"),
        1 => any::<char>(),
    ];
    proptest::collection::vec(one, 0..24).prop_map(String::from_iter)
}

fn check(rules: &[(Splitting, Vec<Regex>)], text: &str) -> Result<(), TestCaseError> {
    for (splitting, regexes) in rules {
        prop_assert_eq!(
            words(splitting, text),
            by_regexes(regexes, text),
            "{:?} {:?}",
            splitting,
            text
        );
    }
    Ok(())
}

fn run_cases(cases: u32) {
    let rules = rules();
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&nasty(), |text| check(&rules, &text))
        .unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn the_loops_cut_where_the_published_regexes_cut() {
    run_cases(4000);
}

/// `cargo test -p tern-engine --release -- --ignored the_loops`
#[test]
#[ignore = "takes minutes"]
fn the_loops_cut_where_the_published_regexes_cut_a_million_times() {
    run_cases(1_000_000);
}

#[test]
fn every_short_text_of_the_main_kinds_is_cut_as_the_regexes_cut_it() {
    let alphabet = ['\'', 's', 'L', '1', ' ', '\n', '\t', '!', '\u{301}'];
    let rules = rules();
    for len in 0..=5u32 {
        for number in 0..alphabet.len().pow(len) {
            let digit = |i| alphabet[number / alphabet.len().pow(i) % alphabet.len()];
            let text = String::from_iter((0..len).map(digit));
            check(&rules, &text).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

#[test]
fn a_name_means_its_loaders_rule() {
    for pre in [
        "llama-bpe",
        "llama3",
        "llama-v3",
        "falcon3",
        "falcon_e",
        "falcon-e",
        "falcon-h1",
    ] {
        let named = Named::new(pre).unwrap_or_else(|| panic!("{pre}"));
        assert!(matches!(named.splitting, Splitting::Llama3), "{pre}");
        assert!(named.ignore_merges && named.add_bos, "{pre}");
    }
    for pre in ["smaug-bpe", "dbrx", "gpt-2", "qwen2", "falcon", "default"] {
        let named = Named::new(pre).unwrap_or_else(|| panic!("{pre}"));
        assert!(!named.ignore_merges && !named.add_bos, "{pre}");
    }
    // Llama 4's rule is GPT-4o's, which is another one.
    assert!(Named::new("llama4").is_none());
}

thread_local! {
    /// How often a foreign rule was tried on this thread.
    pub(super) static TRIES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A rule as a file would bring it, past the checks at the door.
fn foreign(regex: &str) -> Splitting {
    let rule = serde_json::json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false},
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}
    ]});
    Splitting::Foreign(Box::new(Foreign {
        normalizer: None,
        pre_tokenizer: serde_json::from_value(rule).expect("a rule"),
    }))
}

fn tries(splitting: &Splitting, text: &str) -> usize {
    TRIES.set(0);
    assert_eq!(words(splitting, text).concat(), text);
    TRIES.get()
}

#[test]
fn a_rule_that_gives_up_is_not_tried_again() {
    assert_eq!(tries(&foreign(r"\s+(?!\S)|\s+"), "a b  c"), 1);
    // Gives up on the first letter: the example of fancy-regex's own pages.
    let gives_up = foreign(r"(a|b|ab)*(?>c)|x");
    let text = "ab".repeat(10_000) + "xx";
    assert_eq!(tries(&gives_up, &text), 1);
    assert_eq!(words(&gives_up, &text).len(), 1);
    // Published rules do on very many spaces.
    let text = " ".repeat(1 << 20) + "a";
    assert_eq!(tries(&foreign(r"\s+(?!\S)|\s+"), &text), 1);
}
