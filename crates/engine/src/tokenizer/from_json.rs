//! Hugging Face `tokenizer.json`.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{
    MAX_VOCAB, Tokenizer,
    controls::AddedToken,
    encoder::Prefix,
    parts::{MergeSource, Parts, Scheme},
    rules,
    splitting::{Foreign, LLAMA_3, QWEN_2, Splitting},
};
use crate::{LoadError, TokenId};

const OTHER_MODEL: &str = "Choose a model with a byte-level BPE tokenizer or one like Llama 2's, as the BitNet b1.58, Falcon3 and Falcon-E models have.";

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
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
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
    dropout: Option<f32>,
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
    if model
        .continuing_subword_prefix
        .is_some_and(|t| !t.is_empty())
        || model.end_of_word_suffix.is_some_and(|t| !t.is_empty())
        || model.dropout.is_some_and(|share| share != 0.0)
    {
        return unsupported("a tokenizer that marks the parts of words");
    }
    let rules = (&tokenizer.normalizer, &tokenizer.pre_tokenizer);
    let scheme = if model.byte_fallback {
        pieces_scheme(rules.0, rules.1).ok_or_else(|| {
            let what = "a SentencePiece-like tokenizer with rules of its own";
            LoadError::unsupported(file, what, OTHER_MODEL)
        })?
    } else {
        Scheme::Bytes(splitting(rules.0, rules.1, file)?)
    };
    let added: Vec<AddedToken> = tokenizer
        .added_tokens
        .into_iter()
        .map(|a| AddedToken {
            id: a.id,
            content: a.content,
            special: a.special,
            lstrip: a.lstrip,
            rstrip: a.rstrip,
        })
        .collect();
    let added_ids: HashSet<u32> = added.iter().map(|a| a.id).collect();
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
    let adds_bos = config.get("add_bos_token").and_then(Value::as_bool);
    let class = config.get("tokenizer_class").and_then(Value::as_str);
    // This class makes its post-processor anew from its settings, whatever the file has.
    let is_llama = class.is_some_and(|name| name.starts_with("LlamaTokenizer"));
    let post_processor = tokenizer.post_processor.unwrap_or_default();
    let first = first_special(&post_processor).and_then(|text| by_content(&text));
    let bos = match adds_bos {
        Some(false) if is_llama => None,
        Some(true) => first.or_else(|| named("bos_token")),
        _ => first,
    };
    let eos = named("eos_token").into_iter().collect();
    Parts {
        vocab,
        unused: Vec::new(),
        merges: MergeSource::Listed(model.merges.into_iter().map(|Merge(a, b)| (a, b)).collect()),
        added,
        ignore_merges: model.ignore_merges,
        scheme,
        bos,
        eos,
    }
    .build(file)
}

/// The rule that cuts text into words.
fn splitting(
    normalizer: &Option<Value>,
    pre_tokenizer: &Option<Value>,
    file: &str,
) -> Result<Splitting, LoadError> {
    let Some(pre_tokenizer) = pre_tokenizer
        .as_ref()
        .filter(|value| mentions_type(value, "ByteLevel"))
    else {
        let what = "a tokenizer that does not work on bytes";
        return Err(LoadError::unsupported(file, what, OTHER_MODEL));
    };
    let normalizer = normalizer.as_ref();
    if normalizer.is_none()
        && let Some(known) = known_splitting(pre_tokenizer)
    {
        return Ok(known);
    }
    Ok(Splitting::Foreign(Box::new(Foreign {
        normalizer: normalizer
            .map(|value| rule(value, "normalizer", file))
            .transpose()?,
        pre_tokenizer: rule(pre_tokenizer, "pre_tokenizer", file)?,
    })))
}

/// A rule as the tokenizers crate reads it.
fn rule<T: DeserializeOwned>(value: &Value, field: &str, file: &str) -> Result<T, LoadError> {
    let bad = |problem: String| LoadError::invalid(file, field, problem);
    rules::check(field, value).map_err(bad)?;
    T::deserialize(value).map_err(|e| bad(format!("cannot be used ({e})")))
}

/// Rules there is a loop for: one of two regexes before the bytes, or GPT-2's, which `ByteLevel` brings along.
fn known_splitting(value: &Value) -> Option<Splitting> {
    let byte_level = |value: &Value, use_regex: bool| {
        value.get("type").is_some_and(|kind| kind == "ByteLevel")
            && value.get("add_prefix_space") == Some(&Value::Bool(false))
            && value.get("use_regex").unwrap_or(&Value::Bool(true)) == use_regex
    };
    if byte_level(value, true) {
        return Some(Splitting::Gpt2);
    }
    let [split, bytes] = value.get("pretokenizers")?.as_array()?.as_slice() else {
        return None;
    };
    let isolated = split.get("type")? == "Split"
        && split.get("behavior")? == "Isolated"
        && split.get("invert")? == false;
    if !isolated || !byte_level(bytes, false) {
        return None;
    }
    match split.get("pattern")?.get("Regex")?.as_str()? {
        LLAMA_3 => Some(Splitting::Llama3),
        QWEN_2 => Some(Splitting::Qwen2),
        _ => None,
    }
}

/// What a SentencePiece-like tokenizer does about spaces: the normalizer or a `Metaspace` turns them into `▁`
/// and may put one first. `None` for anything else.
fn pieces_scheme(normalizer: &Option<Value>, pre_tokenizer: &Option<Value>) -> Option<Scheme> {
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).map(str::to_owned);
    let (mut prepends, mut replaces) = (false, false);
    let steps = match normalizer {
        None => &[],
        Some(value) => match value.get("normalizers") {
            Some(steps) => steps.as_array()?.as_slice(),
            None => std::slice::from_ref(value),
        },
    };
    for step in steps {
        match kind(step)?.as_str() {
            "Prepend" if step.get("prepend")? == "▁" && !replaces => prepends = true,
            "Replace" => {
                let spaces = step.get("pattern")?.get("String")? == " ";
                if !spaces || step.get("content")? != "▁" {
                    return None;
                }
                replaces = true;
            }
            _ => return None,
        }
    }
    let Some(metaspace) = pre_tokenizer else {
        let prefix = if prepends {
            Prefix::Always
        } else {
            Prefix::Never
        };
        return replaces.then_some(Scheme::Pieces {
            prefix,
            splits_at_spaces: false,
        });
    };
    if kind(metaspace)? != "Metaspace" || metaspace.get("replacement")? != "▁" || prepends {
        return None;
    }
    let scheme = metaspace.get("prepend_scheme").and_then(Value::as_str);
    let old = metaspace.get("add_prefix_space").and_then(Value::as_bool);
    let prefix = match (scheme, old) {
        (Some("never"), _) | (None, Some(false)) => Prefix::Never,
        (Some("first"), _) => Prefix::MissingAtStart,
        (Some("always") | None, _) => Prefix::Missing,
        (Some(_), _) => return None,
    };
    let split = metaspace.get("split").and_then(Value::as_bool);
    Some(Scheme::Pieces {
        prefix,
        splits_at_spaces: split.unwrap_or(true),
    })
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
