//! How text is cut before byte pairs are joined.
//!
//! The rules are published as regular expressions. Here they are loops over characters: they take linear time on
//! any text, where a backtracking regex gives up on a million spaces. `tests` below hold them against the regexes.

use tokenizers::{
    NormalizerWrapper, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
    PreTokenizerWrapper, tokenizer::Normalizer,
};

use super::{
    byte_level,
    classes::{CharClass, class, is_punctuation},
};

/// Llama 3's rule, as its `tokenizer.json` writes it.
pub(super) const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen 2's: the same with single digits.
pub(super) const QWEN_2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A splitting rule.
#[derive(Debug)]
pub(super) enum Splitting {
    /// Numbers in pieces of three.
    Llama3,
    /// Numbers digit by digit, otherwise as Llama 3.
    Qwen2,
    Gpt2,
    /// Runs of punctuation first, then GPT-2's rule, then numbers in pieces of three ASCII digits.
    Falcon,
    /// llama.cpp's rule for files that name `default`: as `Falcon`, but the backtick is no punctuation, and
    /// numbers stand apart from spaces before them.
    Default,
    /// Any other rule of a `tokenizer.json`, carried out by the tokenizers crate.
    Foreign(Box<Foreign>),
}

/// Rules of a `tokenizer.json` this engine has no loop for.
#[derive(Debug)]
pub(super) struct Foreign {
    pub(super) normalizer: Option<NormalizerWrapper>,
    pub(super) pre_tokenizer: PreTokenizerWrapper,
}

/// What a value of `tokenizer.ggml.pre` means.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) splitting: Splitting,
    /// A word that is a token is that token, whatever the merges say.
    pub(super) ignore_merges: bool,
    /// A begin-of-text token goes first where the file does not say.
    pub(super) add_bos: bool,
}

impl Named {
    /// The rule a value of `tokenizer.ggml.pre` names, if this engine knows it. All as in llama.cpp's
    /// `llama-vocab.cpp`; `falcon_e` (written by ik_llama.cpp's and BitNet's converters) as in ik_llama.cpp.
    pub(super) fn new(pre: &str) -> Option<Self> {
        let (splitting, as_llama_3) = match pre {
            "llama-bpe" | "llama3" | "llama-v3" | "falcon3" | "falcon_e" | "falcon-e"
            | "falcon-h1" => (Splitting::Llama3, true),
            // The same rule, but merges decide and nothing goes first.
            "smaug-bpe" | "dbrx" => (Splitting::Llama3, false),
            "qwen2" => (Splitting::Qwen2, false),
            "gpt-2" => (Splitting::Gpt2, false),
            "falcon" => (Splitting::Falcon, false),
            "default" => (Splitting::Default, false),
            _ => return None,
        };
        Some(Self {
            splitting,
            ignore_merges: as_llama_3,
            add_bos: as_llama_3,
        })
    }

    /// Llama 3's rule.
    pub(super) fn llama_3() -> Self {
        Self {
            splitting: Splitting::Llama3,
            ignore_merges: true,
            add_bos: true,
        }
    }
}

impl Splitting {
    /// Cuts `text` into words, hands each to `word`.
    pub(super) fn split(&self, text: &str, word: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Llama3 => each(text, |rest| llama(rest, 3), &mut |w| word(w.as_bytes())),
            Self::Qwen2 => each(text, |rest| llama(rest, 1), &mut |w| word(w.as_bytes())),
            Self::Gpt2 => each(text, gpt_2, &mut |w| word(w.as_bytes())),
            Self::Falcon => each(
                text,
                |rest| punctuated(rest, |c| is_symbol(c) || c == '`'),
                &mut |part| {
                    each(part, gpt_2, &mut |run| {
                        each(run, three_digits, &mut |w| word(w.as_bytes()));
                    });
                },
            ),
            Self::Default => each(text, |rest| punctuated(rest, is_symbol), &mut |part| {
                each(part, gpt_2, &mut |run| {
                    each(run, number_apart, &mut |number| {
                        each(number, three_digits, &mut |w| word(w.as_bytes()));
                    });
                });
            }),
            Self::Foreign(foreign) => foreign.split(text, word),
        }
    }
}

impl Foreign {
    /// The rule is tried once. Where a regex gives up on a text (a million spaces do that to published ones), the
    /// crate takes what is left as one word, and so do Hugging Face tokenizers. Should a rule fail as a whole, GPT-2's
    /// stands in for it.
    fn split(&self, text: &str, word: &mut dyn FnMut(&[u8])) {
        let Ok(words) = self.words(text) else {
            each(text, gpt_2, &mut |w| word(w.as_bytes()));
            return;
        };
        let inverse = byte_level::Inverse::new();
        let (mut bytes, splits) = (Vec::new(), words);
        for (text, ..) in splits.get_splits(OffsetReferential::Normalized, OffsetType::None) {
            bytes.clear();
            inverse.append(text, &mut bytes);
            word(&bytes);
        }
    }

    fn words(&self, text: &str) -> tokenizers::Result<PreTokenizedString> {
        #[cfg(test)]
        tests::TRIES.with(|tries| tries.set(tries.get() + 1));
        let mut words = PreTokenizedString::from(text);
        if let Some(normalizer) = &self.normalizer {
            words.normalize(|text| normalizer.normalize(text))?;
        }
        self.pre_tokenizer.pre_tokenize(&mut words)?;
        Ok(words)
    }
}

/// Cuts `text` where `first` (of what is left, never empty) says the first word ends.
fn each(text: &str, first: impl Fn(&str) -> usize, word: &mut dyn FnMut(&str)) {
    let mut rest = text;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(first(rest));
        word(head);
        rest = tail;
    }
}

/// Length of the longest start of `text` whose characters are all `wanted`.
fn run(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

fn run_of(text: &str, wanted: CharClass) -> usize {
    run(text, |c| class(c) == wanted)
}

fn first_char(text: &str) -> char {
    text.chars().next().expect("the text is not empty")
}

/// Length of the first word of `rest` by Llama 3's rule, with numbers of at most `digits` digits.
fn llama(rest: &str, digits: usize) -> usize {
    if let Some(len) = contraction(rest, true) {
        return len;
    }
    let c = first_char(rest);
    match class(c) {
        CharClass::Letter => return run_of(rest, CharClass::Letter),
        CharClass::Number => {
            let numbers = rest.chars().take(digits);
            let numbers = numbers.take_while(|&c| class(c) == CharClass::Number);
            return numbers.map(char::len_utf8).sum();
        }
        _ => {}
    }
    if c != '\r' && c != '\n' {
        let letters = run_of(&rest[c.len_utf8()..], CharClass::Letter);
        if letters > 0 {
            return c.len_utf8() + letters;
        }
    }
    let space = usize::from(c == ' ');
    let others = run_of(&rest[space..], CharClass::Other);
    if others > 0 {
        let end = space + others;
        return end + run(&rest[end..], |c| c == '\r' || c == '\n');
    }
    let spaces = run_of(rest, CharClass::Space);
    match rest[..spaces].rfind(['\r', '\n']) {
        Some(at) => at + 1,
        None => all_but_one(rest, spaces),
    }
}

/// Likewise by GPT-2's rule,
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
fn gpt_2(rest: &str) -> usize {
    if let Some(len) = contraction(rest, false) {
        return len;
    }
    let space = usize::from(rest.starts_with(' '));
    if let Some(c) = rest[space..].chars().next()
        && class(c) != CharClass::Space
    {
        return space + run_of(&rest[space..], class(c));
    }
    all_but_one(rest, run_of(rest, CharClass::Space))
}

/// `\s+(?!\S)|\s+`: the last of several spaces goes with the word behind it.
fn all_but_one(rest: &str, spaces: usize) -> usize {
    let last = rest[..spaces].chars().next_back().map_or(0, char::len_utf8);
    if spaces == rest.len() || spaces == last {
        spaces
    } else {
        spaces - last
    }
}

/// Length of the English ending `rest` begins with.
fn contraction(rest: &str, any_case: bool) -> Option<usize> {
    let rest = rest.strip_prefix('\'')?;
    let folded = |c: char| match c {
        _ if !any_case => c,
        // The only letter beyond ASCII that folds to one of these.
        'ſ' => 's',
        _ => c.to_ascii_lowercase(),
    };
    let mut chars = rest.chars();
    let first = chars.next()?;
    let second = match folded(first) {
        's' | 't' | 'm' | 'd' => return Some(1 + first.len_utf8()),
        'r' | 'v' => 'e',
        'l' => 'l',
        _ => return None,
    };
    (chars.next().map(folded) == Some(second)).then_some(3)
}

/// `[\p{P}\$\+<=>\^~\|]`
fn is_symbol(c: char) -> bool {
    is_punctuation(c) || matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '~' | '|')
}

/// Runs of symbols, and what is between them.
fn punctuated(rest: &str, is_symbol: impl Fn(char) -> bool) -> usize {
    let symbols = is_symbol(first_char(rest));
    run(rest, |c| is_symbol(c) == symbols)
}

/// `\p{N}+`, and what is between.
fn number_apart(rest: &str) -> usize {
    let number = class(first_char(rest)) == CharClass::Number;
    run(rest, |c| (class(c) == CharClass::Number) == number)
}

/// `[0-9][0-9][0-9]`, and what is between.
fn three_digits(rest: &str) -> usize {
    let three = |text: &[u8]| text.len() >= 3 && text[..3].iter().all(u8::is_ascii_digit);
    let rest = rest.as_bytes();
    if three(rest) {
        return 3;
    }
    // Three digits begin at a character, so this ends at one.
    let begins = (1..rest.len()).find(|&at| three(&rest[at..]));
    begins.unwrap_or(rest.len())
}

#[cfg(test)]
#[path = "splitting_tests.rs"]
mod tests;
