//! From turns to tokens. Scaffolding and content are encoded apart, so no content can become a control token.

use serde::{Deserialize, Serialize};

use crate::{EngineError, TokenId, Tokenizer};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions for the whole chat.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// As BitNet's template writes it.
    fn capitalised(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::User => "User",
            Self::Assistant => "Assistant",
        }
    }

    /// As header templates write it.
    fn lower(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// How a model wants its chats written. Built in: templates found in files are recognised, never executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatTemplate {
    /// `User: Hi<|eot_id|>Assistant: ` (BitNet b1.58 2B4T).
    BitNet,
    /// `<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>...` (Llama 3).
    Llama3,
    /// `<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n` (Falcon-E).
    ChatMl,
}

/// A run of the prompt: text to encode as text, or one control token.
enum Piece {
    Text(String),
    Control(&'static str),
}

impl ChatTemplate {
    /// The prompt for an answer to `turns`: one begin-of-text token (if the model has one), the turns, and the
    /// start of the answer. Content never becomes a control token.
    ///
    /// # Errors
    /// When there is no turn, or the tokenizer lacks a token of the template.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        turns: &[Turn],
    ) -> Result<Vec<TokenId>, EngineError> {
        if turns.is_empty() {
            return Err(EngineError::NoTurns);
        }
        let mut ids: Vec<TokenId> = tokenizer.bos().into_iter().collect();
        for piece in self.pieces(turns) {
            match piece {
                Piece::Text(text) => ids.extend(tokenizer.encode_plain(&text)),
                Piece::Control(token) => {
                    ids.push(
                        tokenizer
                            .control_id(token)
                            .ok_or(EngineError::TemplateToken { token })?,
                    );
                }
            }
        }
        Ok(ids)
    }

    /// The same prompt as text, without the begin-of-text token: for people to look at. Encoding this text is
    /// not the same as [`Self::encode`]; content that looks like a control token would become one.
    pub fn render(&self, turns: &[Turn]) -> String {
        let mut text = String::new();
        for piece in self.pieces(turns) {
            match piece {
                Piece::Text(run) => text.push_str(&run),
                Piece::Control(token) => text.push_str(token),
            }
        }
        text
    }

    fn pieces(&self, turns: &[Turn]) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(turns.len() * 5 + 4);
        for turn in turns {
            self.turn(&mut pieces, turn.role, Some(trim(&turn.content)));
        }
        self.turn(&mut pieces, Role::Assistant, None);
        pieces
    }

    /// One turn; without content, the start of the answer.
    fn turn(&self, pieces: &mut Vec<Piece>, role: Role, content: Option<&str>) {
        let said = content.unwrap_or_default();
        let end = match self {
            Self::BitNet => {
                pieces.push(Piece::Text(format!("{}: {said}", role.capitalised())));
                "<|eot_id|>"
            }
            Self::Llama3 => {
                pieces.push(Piece::Control("<|start_header_id|>"));
                pieces.push(Piece::Text(role.lower().to_owned()));
                pieces.push(Piece::Control("<|end_header_id|>"));
                pieces.push(Piece::Text(format!("\n\n{said}")));
                "<|eot_id|>"
            }
            Self::ChatMl => {
                pieces.push(Piece::Control("<|im_start|>"));
                pieces.push(Piece::Text(format!("{}\n{said}", role.lower())));
                "<|im_end|>"
            }
        };
        if content.is_some() {
            pieces.push(Piece::Control(end));
            if *self == Self::ChatMl {
                pieces.push(Piece::Text("\n".to_owned()));
            }
        }
    }

    /// Control tokens the template needs.
    fn controls(self) -> &'static [&'static str] {
        match self {
            Self::BitNet => &["<|eot_id|>"],
            Self::Llama3 => &["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
            Self::ChatMl => &["<|im_start|>", "<|im_end|>"],
        }
    }

    /// Whether the tokenizer has the template's control tokens.
    pub(crate) fn fits(self, tokenizer: &Tokenizer) -> bool {
        self.controls()
            .iter()
            .all(|token| tokenizer.control_id(token).is_some())
    }
}

/// The template as Microsoft's repository writes it.
pub(crate) const BITNET_JINJA: &str = "{% set loop_messages = messages %}{% for message in loop_messages %}\
{% set content = message['role'] | capitalize + ': '+ message['content'] | trim + '<|eot_id|>' %}{{ content }}\
{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}";

/// Python's `str.strip()`: white space as Rust knows it, and the four separators U+001C to U+001F.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_what_python_trims() {
        assert_eq!(
            trim("\u{1f}\u{a0} a\u{200b}\u{2003}\r\n\u{85}"),
            "a\u{200b}"
        );
    }

    #[test]
    fn a_template_is_a_whole_prompt() {
        let turns = [
            Turn {
                role: Role::System,
                content: " Be kind.\n".into(),
            },
            Turn {
                role: Role::User,
                content: "Hi".into(),
            },
        ];
        assert_eq!(
            ChatTemplate::BitNet.render(&turns),
            "System: Be kind.<|eot_id|>User: Hi<|eot_id|>Assistant: "
        );
        assert_eq!(
            ChatTemplate::Llama3.render(&turns[1..]),
            "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        );
        assert_eq!(
            ChatTemplate::ChatMl.render(&turns[1..]),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
        );
    }
}
