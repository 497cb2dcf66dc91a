//! How text is cut before byte pairs are joined.

use tokenizers::{
    PreTokenizerWrapper,
    pre_tokenizers::{
        byte_level::ByteLevel, sequence::Sequence, split::Split, split::SplitPattern,
    },
    tokenizer::SplitDelimiterBehavior,
};

/// Llama 3's rule.
const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A splitting rule a GGUF file can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Splitting {
    Llama3,
    Gpt2,
}

impl Splitting {
    /// The rule a value of `tokenizer.ggml.pre` names, if this engine knows it.
    pub(super) fn named(pre: &str) -> Option<Self> {
        match pre {
            // Falcon 3 uses Llama 3's rule (llama.cpp, `llama-vocab.cpp`).
            "llama-bpe" | "llama3" | "llama-v3" | "falcon3" => Some(Self::Llama3),
            "gpt-2" => Some(Self::Gpt2),
            _ => None,
        }
    }

    pub(super) fn pre_tokenizer(self) -> PreTokenizerWrapper {
        match self {
            Self::Llama3 => {
                let pattern = SplitPattern::Regex(LLAMA_3.to_owned());
                let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
                    .expect("the rule is a valid regex");
                let bytes = ByteLevel::new(false, true, false);
                Sequence::new(vec![split.into(), bytes.into()]).into()
            }
            Self::Gpt2 => ByteLevel::new(false, true, true).into(),
        }
    }
}
