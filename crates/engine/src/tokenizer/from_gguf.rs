//! Tokenizers inside GGUF files.

use super::{AddedToken, Parts, Tokenizer, splitting::Splitting};
use crate::{LoadError, TokenId, weights::gguf::Metadata};

/// `tokenizer.ggml.token_type` values of tokens that text must not become.
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

const OTHER_FILE: &str = "Choose a GGUF file with a byte-level BPE tokenizer (\"gpt2\"), as the BitNet b1.58 2B4T files have.";

/// Reads the tokenizer from a GGUF header. Sentences for the person are appended to `warnings`.
///
/// # Errors
/// When keys are missing or contradict each other, or the tokenizer is of another kind.
pub(crate) fn from_gguf(
    meta: &Metadata,
    warnings: &mut Vec<String>,
) -> Result<Tokenizer, LoadError> {
    let file = meta.file();
    let model = meta.string("tokenizer.ggml.model")?;
    if model != "gpt2" {
        return Err(LoadError::unsupported(
            file,
            format!("the tokenizer type \"{model}\""),
            OTHER_FILE,
        ));
    }
    let tokens = meta.strings("tokenizer.ggml.tokens")?;
    let types = meta.optional_ints("tokenizer.ggml.token_type")?;
    if let Some(types) = &types
        && types.len() != tokens.len()
    {
        let problem = format!("has {} entries for {} tokens", types.len(), tokens.len());
        return Err(LoadError::invalid(
            file,
            "tokenizer.ggml.token_type",
            problem,
        ));
    }
    let kind = |i: usize| types.as_ref().map_or(1, |t| t[i]);
    let (mut vocab, mut added) = (Vec::with_capacity(tokens.len()), Vec::new());
    for (i, text) in tokens.iter().enumerate() {
        let id = i as u32;
        let special = match kind(i) {
            CONTROL => true,
            USER_DEFINED => false,
            // Some converters gave the control tokens of Llama 3 no type of their own.
            _ if text.starts_with("<|") && text.ends_with("|>") => true,
            _ => {
                vocab.push((text.to_string(), id));
                continue;
            }
        };
        added.push(AddedToken {
            id,
            content: text.to_string(),
            special,
        });
    }
    let merges = meta
        .strings("tokenizer.ggml.merges")?
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let (left, right) = split_merge(text).ok_or_else(|| {
                LoadError::invalid(
                    file,
                    "tokenizer.ggml.merges",
                    format!("entry {i} is not two tokens"),
                )
            })?;
            Ok((left.to_owned(), right.to_owned()))
        })
        .collect::<Result<Vec<_>, LoadError>>()?;
    let splitting = splitting(meta, warnings)?;
    let special = |key: &str| -> Result<Option<TokenId>, LoadError> {
        Ok(meta
            .optional_uint(key)?
            .and_then(|id| u32::try_from(id).ok())
            .map(TokenId))
    };
    let adds_bos = meta.optional_bool("tokenizer.ggml.add_bos_token")?;
    let bos = special("tokenizer.ggml.bos_token_id")?;
    let eos = [
        "tokenizer.ggml.eos_token_id",
        "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id",
    ]
    .into_iter()
    .map(special)
    .collect::<Result<Vec<_>, _>>()?;
    Parts {
        vocab,
        merges,
        added,
        // Llama 3 takes a word that is a token as that token; 588 of its tokens depend on it.
        ignore_merges: splitting == Splitting::Llama3,
        normalizer: None,
        pre_tokenizer: splitting.pre_tokenizer(),
        bos: bos.filter(|_| adds_bos.unwrap_or(splitting == Splitting::Llama3)),
        eos: eos.into_iter().flatten().collect(),
    }
    .build(file)
}

/// The rule `tokenizer.ggml.pre` names. BitNet files lack the key and mean Llama 3's.
fn splitting(meta: &Metadata, warnings: &mut Vec<String>) -> Result<Splitting, LoadError> {
    let Some(pre) = meta.optional_string("tokenizer.ggml.pre")? else {
        return Ok(Splitting::Llama3);
    };
    Ok(Splitting::named(pre).unwrap_or_else(|| {
        warnings.push(format!(
            "The file cuts text into words by a rule named \"{pre}\", which Tern does not know. \
             Llama 3's rule is used instead; answers may be worse than they should be."
        ));
        Splitting::Llama3
    }))
}

/// Cuts `"a b"` in two. A token may itself begin with the separator in odd files, so the search starts at the
/// second byte, as in llama.cpp.
pub(super) fn split_merge(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?.len_utf8();
    let at = first + text[first..].find(' ')?;
    let (left, right) = (&text[..at], &text[at + 1..]);
    (!right.is_empty()).then_some((left, right))
}
