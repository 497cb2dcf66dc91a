//! Text to tokens and back.
//!
//! The encoder is built without the control tokens, so no text can become one; control tokens enter a prompt
//! only where the program puts them. Decoding works on raw bytes, because a character may span tokens.

use std::{collections::HashMap, ops::Range, path::Path};

use tokenizers::{
    NormalizerWrapper, PreTokenizerWrapper,
    models::bpe::{BPE, Vocab},
};

use crate::{
    LoadError, TokenId,
    weights::{
        file::{ModelFile, read_small},
        gguf,
    },
};

mod byte_level;
mod from_gguf;
mod from_json;
mod rules;
mod splitting;
mod synthetic;

pub(crate) use from_gguf::from_gguf;
pub(crate) use from_json::{content_of, from_json};
pub(crate) use synthetic::synthetic;

/// Ids above this are not a vocabulary, but a damaged file.
const MAX_VOCAB: usize = 1 << 21;
/// A `tokenizer.json` is smaller than this.
pub(crate) const MAX_JSON_BYTES: u64 = 128 << 20;
/// Tokens longer than this (in bytes of their text) are not tokens.
const MAX_TOKEN_BYTES: usize = 1 << 12;

/// A byte-level BPE tokenizer with its control tokens kept apart.
#[derive(Debug)]
pub struct Tokenizer {
    encoder: tokenizers::Tokenizer,
    /// Bytes of all tokens, one after the other.
    bytes: Vec<u8>,
    /// Where the bytes of token `i` end.
    ends: Vec<u32>,
    kinds: Vec<Kind>,
    /// Control and added tokens by their text.
    controls: HashMap<String, TokenId>,
    bos: Option<TokenId>,
    eos: Vec<TokenId>,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A piece of text.
    Text,
    /// Added beside the vocabulary, but shown as text.
    Added,
    /// Steers the model; never text.
    Control,
}

/// A token that text never becomes.
#[derive(Clone, Debug)]
struct AddedToken {
    id: u32,
    content: String,
    special: bool,
}

/// What a tokenizer is made of, whatever file it comes from.
struct Parts {
    /// Tokens in the byte-level alphabet, without `added`.
    vocab: Vec<(String, u32)>,
    /// Pairs to join, the most urgent first.
    merges: Vec<(String, String)>,
    added: Vec<AddedToken>,
    ignore_merges: bool,
    normalizer: Option<NormalizerWrapper>,
    pre_tokenizer: PreTokenizerWrapper,
    bos: Option<TokenId>,
    eos: Vec<TokenId>,
}

impl Parts {
    /// Checks and joins the parts; `file` is named in errors.
    fn build(self, file: &str) -> Result<Tokenizer, LoadError> {
        let bad = |field: &str, problem: String| LoadError::invalid(file, field, problem);
        let ids = self
            .vocab
            .iter()
            .map(|(_, id)| *id)
            .chain(self.added.iter().map(|a| a.id));
        let vocab_size = ids.max().map_or(0, |id| id as usize + 1);
        if vocab_size == 0 || vocab_size > MAX_VOCAB {
            return Err(bad(
                "the vocabulary",
                format!("has {vocab_size} ids, but must have 1 to {MAX_VOCAB}"),
            ));
        }
        let mut texts: Vec<Option<&str>> = vec![None; vocab_size];
        let mut kinds = vec![Kind::Text; vocab_size];
        let all = self
            .vocab
            .iter()
            .map(|(text, id)| (text, *id))
            .chain(self.added.iter().map(|a| (&a.content, a.id)));
        for (text, id) in all {
            if text.len() > MAX_TOKEN_BYTES {
                return Err(bad(
                    "the vocabulary",
                    format!("has a token of {} bytes (id {id})", text.len()),
                ));
            }
            if texts[id as usize].replace(text).is_some() {
                return Err(bad(
                    "the vocabulary",
                    format!("has two tokens with id {id}"),
                ));
            }
        }
        let inverse = byte_level::Inverse::new();
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(vocab_size));
        for added in &self.added {
            kinds[added.id as usize] = if added.special {
                Kind::Control
            } else {
                Kind::Added
            };
        }
        for (text, kind) in texts.iter().zip(&kinds) {
            match (text, kind) {
                (Some(text), Kind::Text) => inverse.append(text, &mut bytes),
                (Some(text), _) => bytes.extend_from_slice(text.as_bytes()),
                (None, _) => {}
            }
            ends.push(
                u32::try_from(bytes.len())
                    .map_err(|_| bad("the vocabulary", "is larger than 4 GB".into()))?,
            );
        }
        let vocab: Vocab = self.vocab.into_iter().collect();
        let mut merges = self.merges;
        let is_added: std::collections::HashSet<&str> =
            self.added.iter().map(|a| a.content.as_str()).collect();
        merges.retain(|(a, b)| {
            let known = |text: &str| is_added.contains(text);
            !(known(a) || known(b) || known(&format!("{a}{b}")))
        });
        check_merges(&vocab, &merges).map_err(|problem| bad("the list of merges", problem))?;
        let bpe = BPE::builder()
            .vocab_and_merges(vocab, merges)
            .ignore_merges(self.ignore_merges)
            .build()
            .map_err(|e| bad("the vocabulary", format!("cannot be used: {e}")))?;
        let mut encoder = tokenizers::Tokenizer::new(bpe);
        encoder.with_pre_tokenizer(Some(self.pre_tokenizer));
        if self.normalizer.is_some() {
            encoder
                .with_normalizer(self.normalizer)
                .map_err(|e| bad("normalizer", format!("cannot be used: {e}")))?;
        }
        let known = |id: &TokenId| id.index() < vocab_size;
        Ok(Tokenizer {
            encoder,
            bytes,
            ends,
            kinds,
            controls: self
                .added
                .into_iter()
                .map(|a| (a.content, TokenId(a.id)))
                .collect(),
            bos: self.bos.filter(known),
            eos: self.eos.into_iter().filter(known).collect(),
        })
    }
}

/// Every merge joins two tokens to a third. The tokenizers crate trusts that; a file may lie.
fn check_merges(vocab: &Vocab, merges: &[(String, String)]) -> Result<(), String> {
    let mut joined = String::new();
    for (i, (left, right)) in merges.iter().enumerate() {
        joined.clear();
        joined.push_str(left);
        joined.push_str(right);
        for token in [left, right, &joined] {
            if token.is_empty() || !vocab.contains_key(token) {
                return Err(format!(
                    "names {token:?} (merge {i}), which is not in the vocabulary"
                ));
            }
        }
    }
    Ok(())
}

impl Tokenizer {
    /// Reads a tokenizer alone: from a GGUF file, or from a folder with `tokenizer.json` (and
    /// `tokenizer_config.json`, if it is there).
    ///
    /// # Errors
    /// When files are missing or damaged, or the tokenizer is of a kind this engine does not have.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        if path.is_dir() {
            let file = path.join("tokenizer.json");
            let place = file.display().to_string();
            let json = read_small(file, MAX_JSON_BYTES)?
                .ok_or_else(|| LoadError::missing(&path.display().to_string(), "tokenizer.json"))?;
            let config =
                read_small(path.join("tokenizer_config.json"), MAX_JSON_BYTES)?.unwrap_or_default();
            return from_json(
                &json,
                &serde_json::from_slice(&config).unwrap_or_default(),
                &place,
            );
        }
        gguf::open(ModelFile::open(path)?, |metadata, _| {
            from_gguf(&metadata, &mut Vec::new())
        })
    }

    /// Tokens of `text`, taken as plain text: never a control token, whatever it says. No begin-of-text token.
    pub fn encode_plain(&self, text: &str) -> Vec<TokenId> {
        let Ok(encoding) = self.encoder.encode_fast(text, false) else {
            // Only a splitting rule from a file can give up (on text built to exhaust it). Shorter pieces
            // get through; single characters always do.
            return self.encode_halves(text);
        };
        let ids = encoding.get_ids().iter().map(|&id| TokenId(id));
        // True by construction; stated once more because the safety of prompts rests on it.
        ids.filter(|&id| self.kind(id) == Kind::Text).collect()
    }

    fn encode_halves(&self, text: &str) -> Vec<TokenId> {
        let middle = text.ceil_char_boundary(text.len() / 2);
        if middle == 0 || middle >= text.len() {
            return Vec::new();
        }
        let mut ids = self.encode_plain(&text[..middle]);
        ids.extend(self.encode_plain(&text[middle..]));
        ids
    }

    /// Tokens of `text` in which control tokens are written out, for prompts the caller vouches for. Never
    /// for text from outside. No begin-of-text token is added.
    pub fn encode_special(&self, text: &str) -> Vec<TokenId> {
        self.encode_where(text, |_| true)
    }

    /// The same, but a control token counts only where `trusted` says so of its whole range of bytes; anywhere
    /// else its name is plain text.
    pub(crate) fn encode_where(
        &self,
        text: &str,
        trusted: impl Fn(Range<usize>) -> bool,
    ) -> Vec<TokenId> {
        let mut ids = Vec::new();
        let (mut plain_from, mut at) = (0, 0);
        let mut begins = [false; 256];
        for first in self
            .controls
            .keys()
            .filter_map(|content| content.bytes().next())
        {
            begins[first as usize] = true;
        }
        while at < text.len() {
            let rest = &text[at..];
            let here = |(content, _): &(&String, &TokenId)| {
                !content.is_empty()
                    && rest.starts_with(content.as_str())
                    && trusted(at..at + content.len())
            };
            let may_begin = begins[text.as_bytes()[at] as usize] && trusted(at..at + 1);
            let longest = if may_begin {
                self.controls
                    .iter()
                    .filter(here)
                    .max_by_key(|(content, _)| content.len())
            } else {
                None
            };
            match longest {
                Some((content, &id)) => {
                    ids.extend(self.encode_plain(&text[plain_from..at]));
                    ids.push(id);
                    at += content.len();
                    plain_from = at;
                }
                _ => at += rest.chars().next().map_or(1, char::len_utf8),
            }
        }
        ids.extend(self.encode_plain(&text[plain_from..]));
        ids
    }

    /// The text of `ids`; bytes that are no text become U+FFFD. With `skip_special`, control tokens are left out.
    pub fn decode(&self, ids: &[TokenId], skip_special: bool) -> String {
        let mut bytes = Vec::new();
        for &id in ids {
            if !(skip_special && self.is_control(id)) {
                bytes.extend_from_slice(self.bytes_of(id));
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes a token stands for (its name, for a control token); none for an id that does not exist.
    pub fn token_bytes(&self, id: TokenId) -> Vec<u8> {
        self.bytes_of(id).to_vec()
    }

    /// The same without a copy.
    pub(crate) fn bytes_of(&self, id: TokenId) -> &[u8] {
        let Some(&end) = self.ends.get(id.index()) else {
            return &[];
        };
        let start = if id.0 == 0 {
            0
        } else {
            self.ends[id.index() - 1]
        };
        &self.bytes[start as usize..end as usize]
    }

    /// One more than the highest id.
    pub fn vocab_size(&self) -> usize {
        self.ends.len()
    }

    /// The token that begins every text, if the model was trained with one.
    pub fn bos(&self) -> Option<TokenId> {
        self.bos
    }

    /// Tokens the tokenizer's own file says end a text.
    pub(crate) fn eos(&self) -> &[TokenId] {
        &self.eos
    }

    /// Whether a token steers the model and is never text.
    pub fn is_control(&self, id: TokenId) -> bool {
        self.kind(id) == Kind::Control
    }

    /// The control (or added) token with this text.
    pub fn control_id(&self, text: &str) -> Option<TokenId> {
        self.controls.get(text).copied()
    }

    /// Texts of all control and added tokens, in no order.
    pub fn controls(&self) -> impl Iterator<Item = (&str, TokenId)> {
        self.controls.iter().map(|(text, &id)| (text.as_str(), id))
    }

    fn kind(&self, id: TokenId) -> Kind {
        self.kinds.get(id.index()).copied().unwrap_or(Kind::Control)
    }

    pub(crate) fn set_bos(&mut self, bos: Option<TokenId>) {
        self.bos = bos;
    }
}
