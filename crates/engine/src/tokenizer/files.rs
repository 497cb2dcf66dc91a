//! The tokenizer's files in a model folder.

use std::{borrow::Cow, path::Path};

use serde_json::Value;

use super::{
    MAX_JSON_BYTES, MAX_VOCAB, Tokenizer,
    controls::AddedToken,
    from_json::{content_of, from_json},
    sentencepiece,
};
use crate::{LoadError, TokenId, weights::file::read_small};

/// A `tokenizer.model` is smaller than this.
const MAX_MODEL_BYTES: u64 = 64 << 20;
/// The names under which `tokenizer_config.json` lists control tokens one by one.
const NAMED: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "pad_token",
    "sep_token",
    "cls_token",
    "mask_token",
];

/// What a folder holds of a tokenizer, read but not understood.
pub(crate) enum TokenizerFiles<'a> {
    /// `tokenizer.json`, and what errors call it.
    Json(Cow<'a, [u8]>, String),
    /// `tokenizer.model`, `added_tokens.json` (may be empty), and what errors call them.
    Model([(Vec<u8>, String); 2]),
}

impl TokenizerFiles<'_> {
    /// Reads `tokenizer.json`; where there is none, `tokenizer.model` and `added_tokens.json`.
    ///
    /// # Errors
    /// When neither is there, or a file can't be read or is too large.
    pub(crate) fn find(folder: &Path) -> Result<Self, LoadError> {
        let place = |name: &str| folder.join(name).display().to_string();
        if let Some(json) = read_small(folder.join("tokenizer.json"), MAX_JSON_BYTES)? {
            return Ok(Self::Json(json.into(), place("tokenizer.json")));
        }
        let model = read_small(folder.join("tokenizer.model"), MAX_MODEL_BYTES)?;
        let Some(model) = model else {
            return Err(LoadError::Missing {
                file: folder.display().to_string(),
                field: "tokenizer.json (nor a tokenizer.model)".to_owned(),
                remedy: "Download tokenizer.json of the model into this folder; where the model has none, tokenizer.model.",
            });
        };
        let added = read_small(folder.join("added_tokens.json"), MAX_JSON_BYTES)?;
        Ok(Self::Model([
            (model, place("tokenizer.model")),
            (added.unwrap_or_default(), place("added_tokens.json")),
        ]))
    }

    /// What errors call the main file.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Json(_, place) | Self::Model([(_, place), _]) => place,
        }
    }

    /// Understands the files. `config` is `tokenizer_config.json` ([`Value::Null`] when there is none).
    ///
    /// # Errors
    /// When a file is damaged, or the tokenizer is of a kind this engine does not have.
    pub(crate) fn read(&self, config: &Value) -> Result<Tokenizer, LoadError> {
        match self {
            Self::Json(json, place) => from_json(json, config, place),
            Self::Model([model, added]) => from_model(model, added, config),
        }
    }
}

type NamedBytes = (Vec<u8>, String);

fn from_model(
    (model, place): &NamedBytes,
    (added_json, added_place): &NamedBytes,
    config: &Value,
) -> Result<Tokenizer, LoadError> {
    let pieces = sentencepiece::read(model, place)?;
    let added = if added_json.trim_ascii().is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(added_json).map_err(|e| {
            LoadError::invalid(
                added_place,
                "the JSON text",
                format!("cannot be read ({e})"),
            )
        })?
    };
    let added = added_tokens(&added, config, pieces.all.len()).map_err(|id| {
        LoadError::invalid(
            added_place,
            "the added tokens",
            format!("have the id {id}, but ids must be below {MAX_VOCAB}"),
        )
    })?;
    let by_text = |text: &str| {
        let pieces = pieces.all.iter().map(|piece| piece.text.as_str());
        let place = pieces.zip(0u32..).find(|(piece, _)| *piece == text);
        let beside = || added.iter().find(|a| a.content == text).map(|a| a.id);
        place.map(|(_, id)| id).or_else(beside).map(TokenId)
    };
    let named = |key: &str, usual: &str| {
        let text = content_of(config.get(key)).unwrap_or(usual);
        by_text(text)
    };
    // Hugging Face's Llama tokenizer puts it first unless told not to.
    let adds_bos = config.get("add_bos_token").and_then(Value::as_bool);
    let bos = named("bos_token", "<s>").filter(|_| adds_bos.unwrap_or(true));
    let eos = named("eos_token", "</s>").into_iter().collect();
    pieces.tokenizer(added, bos, eos, place)
}

/// The tokens beside the pieces: `{"text": id}` of `added_tokens.json`, and `{"id": {"content": ...}}` of
/// `tokenizer_config.json`'s `added_tokens_decoder`, which also lists the control tokens among the pieces. An id
/// that is out of range is the error.
fn added_tokens(added: &Value, config: &Value, n_pieces: usize) -> Result<Vec<AddedToken>, u64> {
    let mut all: Vec<AddedToken> = Vec::new();
    let extra = config.get("additional_special_tokens");
    let extra = extra.and_then(Value::as_array).into_iter().flatten();
    let named = NAMED.iter().map(|key| content_of(config.get(*key)));
    let special: Vec<&str> = named
        .chain(extra.map(|token| content_of(Some(token))))
        .flatten()
        .collect();
    let decoder = config
        .get("added_tokens_decoder")
        .and_then(Value::as_object);
    for (id, token) in decoder.into_iter().flatten() {
        let flag = |name: &str| token.get(name).and_then(Value::as_bool).unwrap_or(false);
        if let (Ok(id), Some(content)) = (id.parse(), content_of(Some(token))) {
            let special = flag("special") || special.contains(&content);
            let token = AddedToken::new(id, content, special);
            all.push(AddedToken {
                lstrip: flag("lstrip"),
                rstrip: flag("rstrip"),
                ..token
            });
        }
    }
    for (content, id) in added.as_object().into_iter().flatten() {
        let Some(id) = id.as_u64() else { continue };
        let id = u32::try_from(id).map_err(|_| id)?;
        if all.iter().all(|token| token.id != id) {
            let special = special.contains(&content.as_str());
            all.push(AddedToken::new(id, content, special));
        }
    }
    if let Some(token) = all.iter().find(|token| token.id as usize >= MAX_VOCAB) {
        return Err(token.id.into());
    }
    all.retain(|token| token.id as usize >= n_pieces);
    Ok(all)
}
