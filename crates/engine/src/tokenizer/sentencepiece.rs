//! Tokenizers made of SentencePiece's pieces: `tokenizer.model`, and GGUF files that hold the same.

use super::{
    MAX_VOCAB, Tokenizer,
    controls::AddedToken,
    encoder::Prefix,
    parts::{MergeSource, Parts, Scheme},
};
use crate::{LoadError, TokenId, error::GET_AGAIN};

const OTHER_FILE: &str = "Choose a model with a byte-level BPE tokenizer or one like Llama 2's, as the BitNet b1.58, Falcon3 and Falcon-E models have.";
const GET_JSON: &str = "Download tokenizer.json of the model into its folder.";

/// What a piece is for; the numbers of `sentencepiece_model.proto` and of `tokenizer.ggml.token_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

impl PieceKind {
    pub(super) fn numbered(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Normal,
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => return None,
        })
    }
}

/// One piece; its id is its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) score: f32,
    pub(super) kind: PieceKind,
}

/// A SentencePiece BPE vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pieces {
    pub(super) all: Vec<Piece>,
    /// A space goes before every text.
    pub(super) prefix: bool,
}

impl Pieces {
    /// The tokenizer of these pieces and of tokens `added` beside them.
    ///
    /// SentencePiece cuts user-defined pieces out of a text before anything else; here they are added tokens,
    /// which text never becomes. Of the published ternary models none has any in its pieces.
    pub(super) fn tokenizer(
        self,
        added: Vec<AddedToken>,
        bos: Option<TokenId>,
        eos: Vec<TokenId>,
        file: &str,
    ) -> Result<Tokenizer, LoadError> {
        let (mut vocab, mut unused, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        let mut all_added = Vec::new();
        for (piece, id) in self.all.into_iter().zip(0u32..) {
            match piece.kind {
                PieceKind::Normal | PieceKind::Byte => {
                    vocab.push((piece.text, id));
                    scores.push(piece.score);
                }
                // Never cut off from an id of its own, but not to be written either.
                PieceKind::Unused => unused.push((piece.text, id)),
                PieceKind::UserDefined => all_added.push(AddedToken::new(id, piece.text, false)),
                PieceKind::Unknown | PieceKind::Control => {
                    all_added.push(AddedToken::new(id, piece.text, true));
                }
            }
        }
        all_added.extend(added);
        Parts {
            vocab,
            unused,
            merges: MergeSource::Scores(scores),
            added: all_added,
            ignore_merges: false,
            scheme: Scheme::Pieces {
                prefix: if self.prefix {
                    Prefix::Always
                } else {
                    Prefix::Never
                },
                splits_at_spaces: false,
            },
            bos,
            eos,
        }
        .build(file)
    }
}

/// Reads `tokenizer.model`: of SentencePiece's `ModelProto` the pieces and the settings that matter.
///
/// # Errors
/// When it is no such file, is cut short, or holds a model that is not BPE as Llama 2 has it.
pub(super) fn read(bytes: &[u8], file: &str) -> Result<Pieces, LoadError> {
    let damaged = || LoadError::Invalid {
        file: file.to_owned(),
        field: "the SentencePiece model".to_owned(),
        problem: "cannot be read as one".to_owned(),
        remedy: GET_JSON,
    };
    let unsupported = |what: &str| Err(LoadError::unsupported(file, what, OTHER_FILE));
    let mut all = Vec::new();
    // The proto's defaults: a unigram model that tidies spaces.
    let (mut model_type, mut suffix) = (1, false);
    let (mut prefix, mut tidies, mut escapes, mut rewrites) = (true, true, true, false);
    for field in Fields(bytes) {
        match field.ok_or_else(damaged)? {
            (1, Wire::Bytes(piece)) => {
                if all.len() == MAX_VOCAB {
                    let problem = format!("has more than {MAX_VOCAB} pieces");
                    return Err(LoadError::Invalid {
                        file: file.to_owned(),
                        field: "the vocabulary".to_owned(),
                        problem,
                        remedy: GET_AGAIN,
                    });
                }
                all.push(read_piece(piece).ok_or_else(damaged)?);
            }
            (2, Wire::Bytes(trainer)) => {
                for field in Fields(trainer) {
                    match field.ok_or_else(damaged)? {
                        (3, Wire::Varint(n)) => model_type = n,
                        (24, Wire::Varint(n)) => suffix = n != 0,
                        _ => {}
                    }
                }
            }
            (3, Wire::Bytes(normalizer)) => {
                for field in Fields(normalizer) {
                    match field.ok_or_else(damaged)? {
                        (2, Wire::Bytes(map)) => rewrites = !map.is_empty(),
                        (3, Wire::Varint(n)) => prefix = n != 0,
                        (4, Wire::Varint(n)) => tidies = n != 0,
                        (5, Wire::Varint(n)) => escapes = n != 0,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if all.is_empty() {
        return Err(damaged());
    }
    match model_type {
        2 => {}
        1 => return unsupported("a SentencePiece model of the unigram kind"),
        _ => return unsupported("a SentencePiece model that is not BPE"),
    }
    if suffix || !escapes {
        return unsupported("a SentencePiece model that marks spaces in another way");
    }
    if tidies || rewrites {
        return unsupported("a SentencePiece model that rewrites the text");
    }
    Ok(Pieces { all, prefix })
}

fn read_piece(bytes: &[u8]) -> Option<Piece> {
    let mut piece = Piece {
        text: String::new(),
        score: 0.0,
        kind: PieceKind::Normal,
    };
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(text)) => piece.text = str::from_utf8(text).ok()?.to_owned(),
            (2, Wire::Fixed32(bytes)) => piece.score = f32::from_le_bytes(bytes),
            (3, Wire::Varint(kind)) => piece.kind = PieceKind::numbered(kind)?,
            _ => {}
        }
    }
    (!piece.text.is_empty()).then_some(piece)
}

/// A value in protobuf's wire format.
enum Wire<'a> {
    Varint(u64),
    Fixed32([u8; 4]),
    /// Eight bytes, which no field we read has.
    Fixed64,
    Bytes(&'a [u8]),
}

/// The fields of a protobuf message, by number; `None` where it is damaged, and then no more.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Wire<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Wire::Fixed64
            }
            2 => {
                let len = self.varint()?;
                Wire::Bytes(self.take(len)?)
            }
            5 => Wire::Fixed32(*self.take(4)?.first_chunk()?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Wire<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}
