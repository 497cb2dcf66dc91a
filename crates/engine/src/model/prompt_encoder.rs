//! What makes a chat a prompt, without the weights that answer it.

use super::opened;
use crate::{ChatTemplate, EngineError, LoadError, ModelSource, TokenId, Tokenizer, Turn};

/// A model's tokenizer, chat template and context. Counting what a chat takes of the context needs no more, so
/// this opens without reading a weight; a model in memory shares its own.
#[derive(Debug)]
pub struct PromptEncoder {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    max_seq_len: usize,
}

impl PromptEncoder {
    pub(crate) fn new(tokenizer: Tokenizer, template: ChatTemplate, max_seq_len: usize) -> Self {
        Self {
            tokenizer,
            template,
            max_seq_len,
        }
    }

    /// Reads what is needed from a model's files.
    ///
    /// # Errors
    /// As [`Model::load`](crate::Model::load); a synthetic model has no files.
    pub fn open(source: &ModelSource) -> Result<Self, LoadError> {
        opened::open(source, |frame, words| {
            let words = words()?;
            Ok(Self::new(
                words.tokenizer,
                words.template,
                frame.config.max_seq_len,
            ))
        })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How chats are written.
    pub fn chat_template(&self) -> &ChatTemplate {
        &self.template
    }

    /// Tokens the model's context holds.
    pub fn max_seq_len(&self) -> usize {
        self.max_seq_len
    }

    /// The prompt for an answer to `turns` that begins with `begun`: empty for a new answer, the text so far for
    /// one that is continued.
    ///
    /// # Errors
    /// As [`ChatTemplate::encode`].
    pub fn encode(&self, turns: &[Turn], begun: &str) -> Result<Vec<TokenId>, EngineError> {
        let mut prompt = self.template.encode(&self.tokenizer, turns)?;
        prompt.extend(self.tokenizer.encode_plain(begun));
        Ok(prompt)
    }
}
