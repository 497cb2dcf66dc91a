//! A tokenizer made in code, for synthetic models: every byte is a token, the others are made-up words.

use super::{
    Tokenizer,
    byte_level::alphabet,
    controls::AddedToken,
    parts::{MergeSource, Parts, Scheme},
    splitting::Splitting,
};
use crate::{LoadError, TokenId};

/// Control tokens, the last ids of the vocabulary.
const CONTROLS: [&str; 3] = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"];
const ONSETS: [&str; 16] = [
    "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z",
];
const VOWELS: [&str; 4] = ["a", "e", "i", "o"];

/// A byte-level tokenizer of exactly `vocab_size` tokens (at least 259). Its text encodes byte by byte and its
/// other tokens decode to words, so that output can be read.
pub(crate) fn synthetic(vocab_size: usize) -> Result<Tokenizer, LoadError> {
    let first_control = vocab_size - CONTROLS.len();
    let mut vocab: Vec<(String, u32)> = alphabet()
        .iter()
        .enumerate()
        .map(|(i, c)| (c.to_string(), i as u32))
        .collect();
    vocab.extend((256..first_control).map(|id| (word(id - 256), id as u32)));
    let added: Vec<AddedToken> = CONTROLS
        .iter()
        .enumerate()
        .map(|(i, content)| AddedToken::new((first_control + i) as u32, *content, true))
        .collect();
    Parts {
        bos: Some(TokenId(added[0].id)),
        eos: vec![TokenId(added[1].id), TokenId(added[2].id)],
        vocab,
        unused: Vec::new(),
        merges: MergeSource::Listed(Vec::new()),
        added,
        ignore_merges: false,
        scheme: Scheme::Bytes(Splitting::Gpt2),
    }
    .build("the synthetic model")
}

/// A word with a space in front, another one for each number: its digits in base 64 as syllables.
fn word(mut number: usize) -> String {
    let mut text = "Ġ".to_owned();
    loop {
        text.push_str(ONSETS[number % 16]);
        text.push_str(VOWELS[number / 16 % 4]);
        number /= 64;
        if number == 0 {
            return text;
        }
        number -= 1;
    }
}
