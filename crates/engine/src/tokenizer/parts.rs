//! Putting a tokenizer together, whatever file its parts come from.

use std::collections::{HashMap, HashSet};

use super::{
    Kind, MAX_TOKEN_BYTES, MAX_VOCAB, Tokenizer,
    bpe::{Merge, Merges},
    byte_level,
    controls::{AddedToken, Controls},
    encoder::{ByteEncoder, Encoder, PieceEncoder, Prefix, SPACE},
    splitting::Splitting,
};
use crate::{LoadError, TokenId};

/// Most work deriving merges from pieces may take, in bytes looked at. Llama 2's vocabulary takes 2 million.
const MAX_DERIVING: usize = 1 << 30;

/// What a tokenizer is made of.
pub(super) struct Parts {
    /// Tokens text can become, without `added`.
    pub(super) vocab: Vec<(String, u32)>,
    /// Tokens text does not become, shown as text all the same.
    pub(super) unused: Vec<(String, u32)>,
    pub(super) merges: MergeSource,
    pub(super) added: Vec<AddedToken>,
    /// A word that is a token is that token, whatever the merges say.
    pub(super) ignore_merges: bool,
    pub(super) scheme: Scheme,
    pub(super) bos: Option<TokenId>,
    pub(super) eos: Vec<TokenId>,
}

/// What tokens are written in.
pub(super) enum Scheme {
    /// The byte-level alphabet.
    Bytes(Splitting),
    /// Characters with `▁` for a space, and `<0x00>` to `<0xFF>` for bytes.
    Pieces {
        prefix: Prefix,
        splits_at_spaces: bool,
    },
}

/// Which pairs are joined.
pub(super) enum MergeSource {
    /// These, the most urgent first.
    Listed(Vec<(String, String)>),
    /// All that give a piece, the one with the highest score first: `vocab`'s scores, in its order.
    Scores(Vec<f32>),
}

/// The byte a piece like `<0x0A>` stands for.
fn byte_of(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    let upper = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
    let valid = digits.len() == 2 && digits.bytes().all(upper);
    valid.then(|| u8::from_str_radix(digits, 16).ok())?
}

impl Parts {
    /// Checks and joins the parts; `file` is named in errors.
    pub(super) fn build(mut self, file: &str) -> Result<Tokenizer, LoadError> {
        let bad = |field: &str, problem: String| LoadError::invalid(file, field, problem);
        let (texts, kinds) = self.texts(file)?;
        let vocab_size = texts.len();
        let inverse = byte_level::Inverse::new();
        let in_pieces = matches!(self.scheme, Scheme::Pieces { .. });
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(vocab_size));
        for (text, kind) in texts.iter().zip(&kinds) {
            match (text, kind) {
                (Some(text), Kind::Text) if in_pieces => match byte_of(text) {
                    Some(byte) => bytes.push(byte),
                    None => bytes.extend_from_slice(text.replace(SPACE, " ").as_bytes()),
                },
                (Some(text), Kind::Text) => inverse.append(text, &mut bytes),
                (Some(text), _) => bytes.extend_from_slice(text.as_bytes()),
                (None, _) => {}
            }
            ends.push(
                u32::try_from(bytes.len())
                    .map_err(|_| bad("the vocabulary", "is larger than 4 GB".into()))?,
            );
        }
        let merges = self.merges(file)?;
        let known = |id: &TokenId| id.index() < vocab_size;
        let (bos, eos) = (self.bos, std::mem::take(&mut self.eos));
        let added = std::mem::take(&mut self.added);
        Ok(Tokenizer {
            strips_space: matches!(&self.scheme, Scheme::Pieces { prefix, .. } if *prefix != Prefix::Never),
            encoder: self.encoder(merges, file)?,
            bytes,
            ends,
            kinds,
            controls: Controls::new(added, file)?,
            bos: bos.filter(known),
            eos: eos.into_iter().filter(known).collect(),
        })
    }

    /// Text and kind of every id.
    fn texts(&self, file: &str) -> Result<(Vec<Option<&str>>, Vec<Kind>), LoadError> {
        let bad = |problem: String| LoadError::invalid(file, "the vocabulary", problem);
        let texts = self.vocab.iter().chain(&self.unused);
        let texts = texts.map(|(text, id)| (text.as_str(), *id, Kind::Text));
        let added = self.added.iter().map(|a| {
            let kind = if a.special {
                Kind::Control
            } else {
                Kind::Added
            };
            (a.content.as_str(), a.id, kind)
        });
        let all = texts.chain(added);
        let vocab_size = all.clone().map(|(_, id, _)| id as usize + 1).max();
        let vocab_size = vocab_size.unwrap_or(0);
        if vocab_size == 0 || vocab_size > MAX_VOCAB {
            return Err(bad(format!(
                "has {vocab_size} ids, but must have 1 to {MAX_VOCAB}"
            )));
        }
        let mut texts: Vec<Option<&str>> = vec![None; vocab_size];
        let mut kinds = vec![Kind::Text; vocab_size];
        for (text, id, kind) in all {
            if text.len() > MAX_TOKEN_BYTES {
                let bytes = text.len();
                return Err(bad(format!("has a token of {bytes} bytes (id {id})")));
            }
            if texts[id as usize].replace(text).is_some() {
                return Err(bad(format!("has two tokens with id {id}")));
            }
            kinds[id as usize] = kind;
        }
        Ok((texts, kinds))
    }

    fn merges(&mut self, file: &str) -> Result<Merges, LoadError> {
        let by_text: HashMap<&str, u32> = self
            .vocab
            .iter()
            .filter(|(text, _)| !self.is_byte(text))
            .map(|(text, id)| (text.as_str(), *id))
            .collect();
        let all = match &self.merges {
            MergeSource::Listed(pairs) => {
                let added: HashSet<&str> = self.added.iter().map(|a| a.content.as_str()).collect();
                listed(pairs, &by_text, |text| {
                    added.contains(text) || self.is_byte(text)
                })
                .map_err(|problem| LoadError::invalid(file, "the list of merges", problem))?
            }
            MergeSource::Scores(scores) => by_score(&self.vocab, scores, &by_text)
                .map_err(|problem| LoadError::invalid(file, "the vocabulary", problem))?,
        };
        Ok(Merges::new(all))
    }

    /// Whether a token stands for a byte that text falls back to, and is never the text it is written as.
    fn is_byte(&self, text: &str) -> bool {
        matches!(self.scheme, Scheme::Pieces { .. }) && byte_of(text).is_some()
    }

    fn encoder(self, merges: Merges, file: &str) -> Result<Encoder, LoadError> {
        let (prefix, splits_at_spaces) = match self.scheme {
            Scheme::Bytes(splitting) => {
                return Ok(bytes_encoder(
                    splitting,
                    self.ignore_merges,
                    &self.vocab,
                    merges,
                ));
            }
            Scheme::Pieces {
                prefix,
                splits_at_spaces,
            } => (prefix, splits_at_spaces),
        };
        let mut bytes = [None; 256];
        let (mut singles, mut neighbours) = (HashMap::new(), HashSet::new());
        let mut whole = HashMap::new();
        for (text, id) in &self.vocab {
            if let Some(byte) = byte_of(text) {
                bytes[byte as usize] = Some(*id);
                continue;
            }
            let mut chars = text.chars();
            if let (Some(c), None) = (chars.next(), chars.next()) {
                singles.insert(c, *id);
            }
            neighbours.extend(text.chars().zip(text.chars().skip(1)));
            if self.ignore_merges {
                whole.insert(text.as_bytes().to_vec(), *id);
            }
        }
        if let Some(missing) = bytes.iter().position(Option::is_none) {
            return Err(LoadError::unsupported(
                file,
                format!("a SentencePiece tokenizer without a token for byte {missing:#04X}"),
                "Choose a model whose tokenizer falls back to bytes, as BitNet b1.58's of 1bitLLM does.",
            ));
        }
        Ok(Encoder::Pieces(PieceEncoder {
            prefix,
            splits_at_spaces,
            singles,
            bytes: Box::new(bytes.map(Option::unwrap_or_default)),
            neighbours,
            whole,
            merges,
        }))
    }
}

fn bytes_encoder(
    splitting: Splitting,
    ignore_merges: bool,
    vocab: &[(String, u32)],
    merges: Merges,
) -> Encoder {
    let inverse = byte_level::Inverse::new();
    let (mut singles, mut whole) = (Box::new([None; 256]), HashMap::new());
    for (text, id) in vocab {
        // A token with other characters than the alphabet's is never written.
        let Some(bytes) = inverse.bytes(text) else {
            continue;
        };
        if let [byte] = *bytes {
            singles[byte as usize] = Some(*id);
        }
        if ignore_merges {
            whole.insert(bytes, *id);
        }
    }
    Encoder::Bytes(ByteEncoder {
        splitting,
        singles,
        whole,
        merges,
    })
}

/// Merges by their place in a list. Those with a token that text never becomes are left out; of the others each
/// must join two tokens to a third.
fn listed(
    pairs: &[(String, String)],
    by_text: &HashMap<&str, u32>,
    never_text: impl Fn(&str) -> bool,
) -> Result<Vec<Merge>, String> {
    let mut joined = String::new();
    let mut all = Vec::with_capacity(pairs.len());
    for (i, (left, right)) in pairs.iter().enumerate() {
        joined.clear();
        joined.push_str(left);
        joined.push_str(right);
        let texts = [left.as_str(), right.as_str(), joined.as_str()];
        if texts.into_iter().any(&never_text) {
            continue;
        }
        let id = |text: &str| {
            let found = by_text.get(text).filter(|_| !text.is_empty());
            found.copied().ok_or_else(|| {
                format!("names {text:?} (merge {i}), which is not in the vocabulary")
            })
        };
        all.push(Merge {
            left: id(left)?,
            right: id(right)?,
            rank: u32::try_from(i).map_err(|_| "is too long".to_owned())?,
            joined: id(&joined)?,
        });
    }
    Ok(all)
}

/// SentencePiece keeps no list: any two neighbours whose texts together are a piece may be joined, the piece with
/// the highest score first, of equal scores the leftmost (`bpe_model.cc`).
fn by_score(
    vocab: &[(String, u32)],
    scores: &[f32],
    by_text: &HashMap<&str, u32>,
) -> Result<Vec<Merge>, String> {
    let work: usize = vocab.iter().map(|(text, _)| text.len() * text.len()).sum();
    if work > MAX_DERIVING {
        return Err("has pieces too long to be pieces".to_owned());
    }
    let mut distinct = scores.to_vec();
    distinct.sort_unstable_by(|a, b| b.total_cmp(a));
    distinct.dedup();
    let mut all = Vec::new();
    for ((text, id), score) in vocab.iter().zip(scores) {
        if by_text.get(text.as_str()) != Some(id) {
            continue;
        }
        let rank = distinct.partition_point(|other| other.total_cmp(score).is_gt());
        for (at, _) in text.char_indices().skip(1) {
            let (left, right) = text.split_at(at);
            if let (Some(&left), Some(&right)) = (by_text.get(left), by_text.get(right)) {
                all.push(Merge {
                    left,
                    right,
                    rank: u32::try_from(rank).map_err(|_| "has too many scores".to_owned())?,
                    joined: *id,
                });
            }
        }
    }
    Ok(all)
}
