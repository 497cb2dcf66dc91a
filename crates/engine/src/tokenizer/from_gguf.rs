//! Tokenizers inside GGUF files.

use super::{
    Tokenizer,
    controls::AddedToken,
    parts::{MergeSource, Parts, Scheme},
    sentencepiece::{Piece, PieceKind, Pieces},
    splitting::Named,
};
use crate::{LoadError, TokenId, Warning, weights::gguf::Metadata};

const OTHER_FILE: &str = "Choose a GGUF file whose tokenizer is byte-level BPE (\"gpt2\") or like Llama 2's (\"llama\"), as the BitNet b1.58 and Falcon-E files have.";

/// Tokens of Llama 3, by whose number its vocabulary is known.
const LLAMA_3_VOCAB: usize = 128_256;

/// Reads the tokenizer from a GGUF header. Sentences for the person are appended to `warnings`.
///
/// # Errors
/// When keys are missing or contradict each other, or the tokenizer is of another kind.
pub(crate) fn from_gguf(
    meta: &Metadata,
    warnings: &mut Vec<Warning>,
) -> Result<Tokenizer, LoadError> {
    let file = meta.file();
    let tokens = match meta.string("tokenizer.ggml.model")? {
        "gpt2" => return byte_level(meta, warnings),
        "llama" => meta.strings("tokenizer.ggml.tokens")?,
        other => {
            let what = format!("the tokenizer type \"{other:.64}\"");
            return Err(LoadError::unsupported(file, what, OTHER_FILE));
        }
    };
    let kinds = kinds(meta, tokens.len())?;
    let scores = meta.floats("tokenizer.ggml.scores")?;
    if scores.len() != tokens.len() {
        let problem = format!("has {} entries for {} tokens", scores.len(), tokens.len());
        return Err(LoadError::invalid(file, "tokenizer.ggml.scores", problem));
    }
    let all = tokens.iter().zip(scores).zip(kinds);
    let all = all.map(|((text, score), kind)| Piece {
        text: (*text).to_owned(),
        score,
        kind,
    });
    let pieces = Pieces {
        all: all.collect(),
        // llama.cpp's defaults for this kind of tokenizer.
        prefix: meta
            .optional_bool("tokenizer.ggml.add_space_prefix")?
            .unwrap_or(true),
    };
    let usual = |text: &str| {
        let at = tokens.iter().position(|token| *token == text)?;
        u32::try_from(at).ok().map(TokenId)
    };
    let bos = special(meta, "tokenizer.ggml.bos_token_id")?.or_else(|| usual("<s>"));
    let adds_bos = meta.optional_bool("tokenizer.ggml.add_bos_token")?;
    let bos = bos.filter(|_| adds_bos.unwrap_or(true));
    pieces.tokenizer(Vec::new(), bos, ends(meta)?, file)
}

fn byte_level(meta: &Metadata, warnings: &mut Vec<Warning>) -> Result<Tokenizer, LoadError> {
    let file = meta.file();
    let tokens = meta.strings("tokenizer.ggml.tokens")?;
    let kinds = kinds(meta, tokens.len())?;
    let (mut vocab, mut added) = (Vec::with_capacity(tokens.len()), Vec::new());
    for ((text, kind), id) in tokens.iter().zip(kinds).zip(0u32..) {
        let special = match kind {
            PieceKind::Control => true,
            PieceKind::UserDefined => false,
            // Some converters gave the control tokens of Llama 3 no type of their own.
            _ if text.starts_with("<|") && text.ends_with("|>") => true,
            _ => {
                vocab.push((text.to_string(), id));
                continue;
            }
        };
        added.push(AddedToken::new(id, *text, special));
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
    let rule = rule(meta, tokens.len(), warnings)?;
    let adds_bos = meta.optional_bool("tokenizer.ggml.add_bos_token")?;
    let bos = special(meta, "tokenizer.ggml.bos_token_id")?;
    Parts {
        vocab,
        unused: Vec::new(),
        merges: MergeSource::Listed(merges),
        added,
        ignore_merges: rule.ignore_merges,
        bos: bos.filter(|_| adds_bos.unwrap_or(rule.add_bos)),
        eos: ends(meta)?,
        scheme: Scheme::Bytes(rule.splitting),
    }
    .build(file)
}

/// What each token is for; a file that does not say means text.
fn kinds(meta: &Metadata, n_tokens: usize) -> Result<Vec<PieceKind>, LoadError> {
    let field = "tokenizer.ggml.token_type";
    let Some(types) = meta.optional_ints(field)? else {
        return Ok(vec![PieceKind::Normal; n_tokens]);
    };
    if types.len() != n_tokens {
        let problem = format!("has {} entries for {n_tokens} tokens", types.len());
        return Err(LoadError::invalid(meta.file(), field, problem));
    }
    // Numbers without a meaning are met in old files; those tokens are text.
    let kind = |number| PieceKind::numbered(number).unwrap_or(PieceKind::Normal);
    Ok(types.into_iter().map(kind).collect())
}

fn special(meta: &Metadata, key: &str) -> Result<Option<TokenId>, LoadError> {
    let id = meta.optional_uint(key)?;
    Ok(id.and_then(|id| u32::try_from(id).ok()).map(TokenId))
}

/// Tokens the file says end a text.
fn ends(meta: &Metadata) -> Result<Vec<TokenId>, LoadError> {
    let keys = [
        "tokenizer.ggml.eos_token_id",
        "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id",
    ];
    let all = keys.into_iter().map(|key| special(meta, key));
    Ok(all
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// The rule `tokenizer.ggml.pre` names. BitNet files, and old ones of Llama 3, lack the key and mean Llama 3's;
/// for others without it llama.cpp falls back to its default rule, and so does this.
fn rule(meta: &Metadata, n_tokens: usize, warnings: &mut Vec<Warning>) -> Result<Named, LoadError> {
    let Some(pre) = meta.optional_string("tokenizer.ggml.pre")? else {
        let arch = meta.optional_string("general.architecture")?.unwrap_or("");
        if arch.starts_with("bitnet") || n_tokens == LLAMA_3_VOCAB {
            return Ok(Named::llama_3());
        }
        warnings.push(Warning::NoSplittingRule);
        return Ok(Named::new("default").unwrap_or_else(Named::llama_3));
    };
    Ok(Named::new(pre).unwrap_or_else(|| {
        warnings.push(Warning::UnknownSplittingRule {
            rule: format!("{pre:.64}"),
        });
        Named::llama_3()
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
