//! Text to tokens and back.
//!
//! The encoder is built without the control tokens, so no text can become one; control tokens enter a prompt
//! only where the program puts them. Decoding works on raw bytes, because a character may span tokens.

use std::{ops::Range, path::Path};

use crate::{
    LoadError, ModelSource, TokenId, Warning,
    weights::{
        file::{ModelFile, read_small},
        gguf,
    },
};

mod bpe;
pub(crate) mod byte_level;
mod classes;
mod controls;
mod encoder;
mod files;
mod from_gguf;
mod from_json;
mod parts;
mod rules;
mod sentencepiece;
mod splitting;
mod synthetic;

use controls::Controls;
use encoder::Encoder;

pub(crate) use files::TokenizerFiles;
pub(crate) use from_gguf::from_gguf;
pub(crate) use from_json::content_of;
pub(crate) use synthetic::synthetic;

/// Ids above this are not a vocabulary, but a damaged file.
const MAX_VOCAB: usize = 1 << 21;
/// A `tokenizer.json` is smaller than this.
pub(crate) const MAX_JSON_BYTES: u64 = 128 << 20;
/// Tokens longer than this (in bytes of their text) are not tokens.
const MAX_TOKEN_BYTES: usize = 1 << 12;

/// A BPE tokenizer with its control tokens kept apart: byte-level, or over characters as SentencePiece does it.
#[derive(Debug)]
pub struct Tokenizer {
    encoder: Encoder,
    /// Bytes of all tokens, one after the other.
    bytes: Vec<u8>,
    /// Where the bytes of token `i` end.
    ends: Vec<u32>,
    kinds: Vec<Kind>,
    controls: Controls,
    /// Text is encoded with a space in front, which decoding takes away again.
    strips_space: bool,
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

impl Tokenizer {
    /// Reads a tokenizer alone: from a GGUF file, or from a folder with `tokenizer.json` or `tokenizer.model`
    /// (and `tokenizer_config.json`, if it is there).
    ///
    /// # Errors
    /// When files are missing or damaged, or the tokenizer is of a kind this engine does not have.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Self::open_with(path, &mut Vec::new())
    }

    /// Reads the tokenizer of a model, and nothing else of it. Sentences for the person are appended to
    /// `warnings`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn of(source: &ModelSource, warnings: &mut Vec<Warning>) -> Result<Self, LoadError> {
        match source {
            ModelSource::Gguf(path) | ModelSource::Folder(path) => Self::open_with(path, warnings),
            ModelSource::Embedded(model) => {
                let files = TokenizerFiles::Json(model.tokenizer.into(), source.place());
                let config = serde_json::from_str(model.tokenizer_config);
                files.read(&config.unwrap_or_default())
            }
            ModelSource::Synthetic(spec) => synthetic(crate::synthetic::config(spec).vocab_size),
        }
    }

    fn open_with(path: &Path, warnings: &mut Vec<Warning>) -> Result<Self, LoadError> {
        if path.is_dir() {
            let config = read_small(path.join("tokenizer_config.json"), MAX_JSON_BYTES)?;
            let config = serde_json::from_slice(&config.unwrap_or_default());
            return TokenizerFiles::find(path)?.read(&config.unwrap_or_default());
        }
        gguf::open(ModelFile::open(path)?, |metadata, _| {
            from_gguf(&metadata, warnings)
        })
    }

    /// Tokens of `text`, taken as plain text: never a control token, whatever it says. No begin-of-text token.
    pub fn encode_plain(&self, text: &str) -> Vec<TokenId> {
        let mut ids = Vec::new();
        self.encode_run(text, true, &mut ids);
        ids
    }

    /// Tokens of a run of text. `at_start` says that nothing is before it, which matters to tokenizers that put a
    /// space before the first run only.
    fn encode_run(&self, text: &str, at_start: bool, ids: &mut Vec<TokenId>) {
        let mut encoded = Vec::new();
        self.encoder.encode(text, at_start, &mut encoded);
        let encoded = encoded.into_iter().map(TokenId);
        // True by construction; stated once more because the safety of prompts rests on it.
        ids.extend(encoded.filter(|&id| self.kind(id) == Kind::Text));
    }

    /// Tokens of `text` in which control tokens are written out, for prompts the caller vouches for. Never
    /// for text from outside. No begin-of-text token is added.
    pub fn encode_special(&self, text: &str) -> Vec<TokenId> {
        self.encode_where(text, std::iter::once(0..text.len()))
    }

    /// The same, but control tokens count only inside the `trusted` ranges of bytes, which are in order and apart;
    /// anywhere else, and across their ends, a name is plain text.
    pub(crate) fn encode_where(
        &self,
        text: &str,
        trusted: impl IntoIterator<Item = Range<usize>>,
    ) -> Vec<TokenId> {
        let mut ids = Vec::new();
        let mut at = 0;
        for range in trusted {
            for found in self.controls.find(&text[range.clone()]) {
                let start = range.start + found.start;
                self.encode_run(&text[at..start], at == 0, &mut ids);
                ids.push(found.id);
                at = range.start + found.end;
            }
        }
        self.encode_run(&text[at..], at == 0, &mut ids);
        ids
    }

    /// The text of `ids`; bytes that are no text become U+FFFD. With `skip_special`, control tokens are left out.
    /// A tokenizer that encodes text with a space in front takes one away from the start.
    pub fn decode(&self, ids: &[TokenId], skip_special: bool) -> String {
        let mut bytes = Vec::new();
        for &id in ids {
            if !(skip_special && self.is_control(id)) {
                bytes.extend_from_slice(self.bytes_of(id));
            }
        }
        let bytes = match bytes.strip_prefix(b" ") {
            Some(rest) if self.strips_space => rest,
            _ => &bytes,
        };
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Whether text is encoded with a space in front, so that the first space of an answer is none of its own.
    pub(crate) fn strips_space(&self) -> bool {
        self.strips_space
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

    /// What kind it is, in the field's words.
    pub fn scheme(&self) -> &'static str {
        match self.encoder {
            Encoder::Bytes(_) => "byte-level BPE",
            Encoder::Pieces(_) => "SentencePiece BPE",
        }
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
        self.controls.id(text)
    }

    /// Texts of all control and added tokens, in no order.
    pub fn controls(&self) -> impl Iterator<Item = (&str, TokenId)> {
        self.controls.iter()
    }

    fn kind(&self, id: TokenId) -> Kind {
        self.kinds.get(id.index()).copied().unwrap_or(Kind::Control)
    }

    pub(crate) fn set_bos(&mut self, bos: Option<TokenId>) {
        self.bos = bos;
    }
}
