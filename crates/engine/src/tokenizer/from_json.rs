//! Hugging Face `tokenizer.json`.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use serde_json::Value;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper};

use super::{AddedToken, MAX_VOCAB, Parts, Tokenizer, rules};
use crate::{LoadError, TokenId};

const OTHER_MODEL: &str = "Choose a model with a byte-level BPE tokenizer, as BitNet b1.58 2B4T, Falcon3 and Falcon-E have.";

#[derive(Deserialize)]
struct TokenizerFile {
    #[serde(default)]
    added_tokens: Vec<AddedRecord>,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
    model: ModelRecord,
}

#[derive(Deserialize)]
struct AddedRecord {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize)]
struct ModelRecord {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: HashMap<String, u32>,
    merges: Vec<Merge>,
    #[serde(default)]
    ignore_merges: bool,
    #[serde(default)]
    byte_fallback: bool,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
}

/// `"a b"` or `["a", "b"]`.
struct Merge(String, String);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;
        impl<'de> Visitor<'de> for Pair {
            type Value = Merge;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("two tokens")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Merge, E> {
                let (left, right) = super::from_gguf::split_merge(text)
                    .ok_or_else(|| E::custom("a merge is two tokens"))?;
                Ok(Merge(left.to_owned(), right.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Merge, A::Error> {
                let two = || de::Error::custom("a merge is two tokens");
                let left = seq.next_element()?.ok_or_else(two)?;
                let right = seq.next_element()?.ok_or_else(two)?;
                if seq.next_element::<de::IgnoredAny>()?.is_some() {
                    return Err(two());
                }
                Ok(Merge(left, right))
            }
        }
        deserializer.deserialize_any(Pair)
    }
}

/// Reads `tokenizer.json`. `config` is `tokenizer_config.json` ([`Value::Null`] when there is none), `file` is
/// named in errors.
///
/// # Errors
/// When the JSON is damaged, the tokenizer is of another kind, or its parts contradict each other.
pub(crate) fn from_json(json: &[u8], config: &Value, file: &str) -> Result<Tokenizer, LoadError> {
    let bad = |field: &str, problem: String| LoadError::invalid(file, field, problem);
    let tokenizer: TokenizerFile = serde_json::from_slice(json)
        .map_err(|e| bad("the tokenizer", format!("cannot be read ({e})")))?;
    let model = tokenizer.model;
    let unsupported = |what: &str| Err(LoadError::unsupported(file, what, OTHER_MODEL));
    if model.kind.as_deref().is_some_and(|kind| kind != "BPE") {
        return unsupported("a tokenizer that is not BPE");
    }
    if model.byte_fallback
        || model.continuing_subword_prefix.is_some()
        || model.end_of_word_suffix.is_some()
    {
        return unsupported("a SentencePiece-like tokenizer");
    }
    let Some(pre_tokenizer) = tokenizer
        .pre_tokenizer
        .filter(|value| mentions_type(value, "ByteLevel"))
    else {
        return unsupported("a tokenizer that does not work on bytes");
    };
    let rule = |field: &str, value: &Value| {
        rules::check(field, value).map_err(|problem| bad(field, problem))
    };
    rule("pre_tokenizer", &pre_tokenizer)?;
    let post_processor = tokenizer.post_processor.unwrap_or_default();
    let pre_tokenizer: PreTokenizerWrapper = serde_json::from_value(pre_tokenizer)
        .map_err(|e| bad("pre_tokenizer", format!("cannot be used ({e})")))?;
    let normalizer = match tokenizer.normalizer {
        Some(value) => {
            rule("normalizer", &value)?;
            let normalizer: NormalizerWrapper = serde_json::from_value(value)
                .map_err(|e| bad("normalizer", format!("cannot be used ({e})")))?;
            Some(normalizer)
        }
        None => None,
    };

    let added: Vec<AddedToken> = tokenizer
        .added_tokens
        .into_iter()
        .map(|a| AddedToken {
            id: a.id,
            content: a.content,
            special: a.special,
        })
        .collect();
    let added_ids: std::collections::HashSet<u32> = added.iter().map(|a| a.id).collect();
    if let Some(id) = added_ids
        .iter()
        .chain(model.vocab.values())
        .find(|&&id| id as usize >= MAX_VOCAB)
    {
        return Err(bad(
            "the vocabulary",
            format!("has the id {id}, but ids must be below {MAX_VOCAB}"),
        ));
    }
    // Without these the encoder cannot produce a control token, not even for a word that is spelled like one.
    let vocab: Vec<(String, u32)> = model
        .vocab
        .into_iter()
        .filter(|(_, id)| !added_ids.contains(id))
        .collect();

    let by_content = |text: &str| {
        added
            .iter()
            .find(|a| a.content == text)
            .map(|a| TokenId(a.id))
    };
    let named = |key: &str| content_of(config.get(key)).and_then(by_content);
    let adds_bos = config
        .get("add_bos_token")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let bos = first_special(&post_processor)
        .and_then(|text| by_content(&text))
        .or_else(|| if adds_bos { named("bos_token") } else { None });
    let eos = named("eos_token").into_iter().collect();
    Parts {
        vocab,
        merges: model.merges.into_iter().map(|Merge(a, b)| (a, b)).collect(),
        added,
        ignore_merges: model.ignore_merges,
        normalizer,
        pre_tokenizer,
        bos,
        eos,
    }
    .build(file)
}

/// A token in `tokenizer_config.json`: a string, or an object with `content`.
pub(crate) fn content_of(value: Option<&Value>) -> Option<&str> {
    let value = value?;
    value.as_str().or_else(|| value.get("content")?.as_str())
}

/// Whether `value` or a member of its `pretokenizers` has this type.
fn mentions_type(value: &Value, kind: &str) -> bool {
    let own = value.get("type").and_then(Value::as_str) == Some(kind);
    own || value
        .get("pretokenizers")
        .and_then(Value::as_array)
        .is_some_and(|all| all.iter().any(|v| mentions_type(v, kind)))
}

/// The special token a template post-processor puts first.
fn first_special(value: &Value) -> Option<String> {
    if let Some(all) = value.get("processors").and_then(Value::as_array) {
        return all.iter().find_map(first_special);
    }
    let token = value
        .get("single")?
        .get(0)?
        .get("SpecialToken")?
        .get("id")?;
    token.as_str().map(str::to_owned)
}
