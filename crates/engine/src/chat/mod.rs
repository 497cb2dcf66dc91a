//! From turns to tokens. What a template writes and what a message says are kept apart to the last step, so no
//! content can become a control token.
//!
//! Published formats are built in. A model file's own template chooses among them by what it writes; one that
//! writes something else is run by an interpreter that can do nothing but build text, within limits (`check.rs`).

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::{EngineError, TokenId, Tokenizer};

mod built_in;
mod check;
mod choose;
mod expressions;
mod filters;
mod jinja;
mod marked;
mod methods;
mod value;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod vector_tests;

use built_in::Format;
pub(crate) use choose::choose;
use marked::Marked;

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
    /// As templates know it.
    fn name(self) -> &'static str {
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

/// How a model wants its chats written. Serialised as its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatTemplate {
    /// `User: Hi<|eot_id|>Assistant: ` (BitNet b1.58 2B4T).
    BitNet,
    /// `<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>...` (Llama 3).
    Llama3,
    /// `<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n` (Falcon-E).
    ChatMl,
    /// `<|user|>\nHi\n<|assistant|>\n` (Falcon3).
    Falcon3,
    /// `<|user|>\nHi</s>\n<|assistant|>\n` (Zephyr).
    Zephyr,
    /// `[INST] Hi [/INST]` (Llama 2).
    Llama2,
    /// `User: Hi\n\nAssistant: `, for models that have no format of their own.
    Plain,
    /// The template in the model's file.
    FromFile(FileTemplate),
}

/// A template from a model file that writes none of the formats Tern knows.
#[derive(Clone, PartialEq, Eq)]
pub struct FileTemplate {
    source: Arc<str>,
    specials: SpecialTexts,
    /// It has no place for a system prompt; one is put before the first question.
    merges_system: bool,
}

impl std::fmt::Debug for FileTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileTemplate({} bytes)", self.source.len())
    }
}

/// Texts of the tokens a template may name, where the files know them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpecialTexts {
    pub(crate) bos: Option<String>,
    pub(crate) eos: Option<String>,
    pub(crate) unk: Option<String>,
    pub(crate) pad: Option<String>,
}

impl Serialize for ChatTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl From<Format> for ChatTemplate {
    fn from(format: Format) -> Self {
        match format {
            Format::BitNet => Self::BitNet,
            Format::Llama3 => Self::Llama3,
            Format::ChatMl => Self::ChatMl,
            Format::Falcon3 => Self::Falcon3,
            Format::Zephyr => Self::Zephyr,
            Format::Llama2 => Self::Llama2,
            Format::Plain => Self::Plain,
        }
    }
}

impl ChatTemplate {
    /// Its name: `bitnet`, `llama3`, `chatml`, `falcon3`, `zephyr`, `llama2`, `plain`, or `from_file`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BitNet => "bitnet",
            Self::Llama3 => "llama3",
            Self::ChatMl => "chatml",
            Self::Falcon3 => "falcon3",
            Self::Zephyr => "zephyr",
            Self::Llama2 => "llama2",
            Self::Plain => "plain",
            Self::FromFile(_) => "from_file",
        }
    }

    fn format(&self) -> Result<Format, &FileTemplate> {
        Ok(match self {
            Self::BitNet => Format::BitNet,
            Self::Llama3 => Format::Llama3,
            Self::ChatMl => Format::ChatMl,
            Self::Falcon3 => Format::Falcon3,
            Self::Zephyr => Format::Zephyr,
            Self::Llama2 => Format::Llama2,
            Self::Plain => Format::Plain,
            Self::FromFile(template) => return Err(template),
        })
    }

    /// The prompt for an answer to `turns`: one begin-of-text token (if the model has one), the turns, and the
    /// start of the answer. Content never becomes a control token.
    ///
    /// # Errors
    /// When there is no turn, the tokenizer lacks a token of the template, or the file's template refuses the chat.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        turns: &[Turn],
    ) -> Result<Vec<TokenId>, EngineError> {
        if turns.is_empty() {
            return Err(EngineError::NoTurns);
        }
        if let Ok(format) = self.format() {
            for &token in format.controls() {
                if tokenizer.control_id(token).is_none() {
                    return Err(EngineError::TemplateToken { token });
                }
            }
        }
        let prompt = self.write(turns)?;
        let written = tokenizer.encode_where(prompt.text(), prompt.scaffold_ranges());
        let Some(bos) = tokenizer.bos() else {
            return Ok(written);
        };
        // Some templates write the begin-of-text token, others leave it to the tokenizer.
        let body = written.iter().position(|&id| id != bos);
        let body = &written[body.unwrap_or(written.len())..];
        Ok(std::iter::once(bos).chain(body.iter().copied()).collect())
    }

    /// The same prompt as text: for people to look at. Encoding this text is not the same as [`Self::encode`];
    /// content that looks like a control token would become one.
    ///
    /// # Errors
    /// When the file's template refuses the chat; built-in formats write every chat.
    pub fn render(&self, turns: &[Turn]) -> Result<String, EngineError> {
        Ok(self.write(turns)?.text().to_owned())
    }

    fn write(&self, turns: &[Turn]) -> Result<Marked, EngineError> {
        match self.format() {
            Ok(format) => Ok(format.write(turns)),
            Err(template) => template
                .write(turns)
                .map_err(|problem| EngineError::Template {
                    problem: problem.to_string(),
                }),
        }
    }
}

impl FileTemplate {
    /// Writes a chat; one whose order of roles the template refuses is joined to alternating turns first.
    fn write(&self, turns: &[Turn]) -> Result<Marked, check::Refusal> {
        let merged;
        let turns = if self.merges_system {
            merged = system_in_first_question(turns);
            &merged
        } else {
            turns
        };
        let refused = match self.write_as_is(turns) {
            Err(check::Refusal::Raised(text)) => check::Refusal::Raised(text),
            other => return other,
        };
        let joined = neighbours_joined(turns);
        if joined == turns {
            return Err(refused);
        }
        self.write_as_is(&joined)
    }

    fn write_as_is(&self, turns: &[Turn]) -> Result<Marked, check::Refusal> {
        jinja::render(&self.source, turns, &self.specials)
    }
}

/// The system prompt put before the first question, for templates without a place for it.
fn system_in_first_question(turns: &[Turn]) -> Vec<Turn> {
    let (system, mut rest): (Vec<Turn>, Vec<Turn>) = turns
        .iter()
        .cloned()
        .partition(|turn| turn.role == Role::System);
    let system: Vec<String> = system.into_iter().map(|turn| turn.content).collect();
    if system.is_empty() {
        return rest;
    }
    let system = system.join("\n\n");
    match rest.iter_mut().find(|turn| turn.role == Role::User) {
        Some(question) => question.content = format!("{system}\n\n{}", question.content),
        None => rest.insert(
            0,
            Turn {
                role: Role::User,
                content: system,
            },
        ),
    }
    rest
}

/// Neighbouring turns of one speaker as one turn.
fn neighbours_joined(turns: &[Turn]) -> Vec<Turn> {
    let mut joined: Vec<Turn> = Vec::with_capacity(turns.len());
    for turn in turns {
        match joined.last_mut() {
            Some(last) if last.role == turn.role => {
                last.content.push_str("\n\n");
                last.content.push_str(&turn.content);
            }
            _ => joined.push(turn.clone()),
        }
    }
    joined
}
