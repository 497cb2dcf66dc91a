//! What a person sends, what waits to be sent, and what one chat does otherwise than the settings.

use serde::{Deserialize, Serialize};
use tern_history::Attachment;

use crate::settings::check_system_prompt;
use crate::{AppError, Sampling};

/// Most files of a question, and most text in them together, in bytes: many times what a context
/// holds, so only a slip can hit it.
const FILES_LIMIT: usize = 20;
const FILE_TEXT_LIMIT: usize = 2_000_000;

/// What a person sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The message; may be empty beside files.
    pub text: String,
    /// Files that go along.
    pub attachments: Vec<Attachment>,
}

impl From<&str> for Question {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            attachments: Vec::new(),
        }
    }
}

impl Question {
    /// Refuses a question that says nothing, or brings more than a message takes.
    ///
    /// # Errors
    /// [`AppError::EmptyMessage`], [`AppError::TooManyFiles`].
    pub fn validate(&self) -> Result<(), AppError> {
        if self.text.trim().is_empty() && self.attachments.is_empty() {
            return Err(AppError::EmptyMessage);
        }
        let bytes: usize = self.attachments.iter().map(|file| file.text.len()).sum();
        if self.attachments.len() > FILES_LIMIT || bytes > FILE_TEXT_LIMIT {
            return Err(AppError::TooManyFiles {
                files: FILES_LIMIT,
                bytes: FILE_TEXT_LIMIT,
            });
        }
        Ok(())
    }

    /// The same in the history's words.
    pub(crate) fn for_history(&self) -> tern_history::Question<'_> {
        tern_history::Question {
            text: &self.text,
            attachments: &self.attachments,
        }
    }
}

/// What stands in a chat's message box, and what waits to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// In the message box.
    pub question: Question,
    /// Sent while an answer was written, oldest first.
    pub queue: Vec<Question>,
}

/// A [`Draft`] as it lies on disk, JSON.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredDraft {
    question: StoredQuestion,
    queue: Vec<StoredQuestion>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredQuestion {
    text: String,
    files: Vec<StoredFile>,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    name: String,
    text: String,
}

impl From<&Question> for StoredQuestion {
    fn from(question: &Question) -> Self {
        let files = question.attachments.iter().map(|file| StoredFile {
            name: file.name.clone(),
            text: file.text.clone(),
        });
        Self {
            text: question.text.clone(),
            files: files.collect(),
        }
    }
}

impl From<StoredQuestion> for Question {
    fn from(stored: StoredQuestion) -> Self {
        let files = stored.files.into_iter().map(|file| Attachment {
            name: file.name,
            text: file.text,
        });
        Self {
            text: stored.text,
            attachments: files.collect(),
        }
    }
}

impl Draft {
    pub(crate) fn to_json(&self) -> String {
        let stored = StoredDraft {
            question: (&self.question).into(),
            queue: self.queue.iter().map(Into::into).collect(),
        };
        serde_json::to_string(&stored).expect("texts become JSON")
    }

    /// None for a draft that can't be read: losing it is less than losing the chat it belongs to.
    pub(crate) fn from_json(json: &str) -> Option<Self> {
        let stored: StoredDraft = serde_json::from_str(json)
            .inspect_err(|error| tracing::warn!(%error, "a draft can't be read"))
            .ok()?;
        Some(Self {
            question: stored.question.into(),
            queue: stored.queue.into_iter().map(Into::into).collect(),
        })
    }
}

/// What one chat does otherwise than the settings say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatOptions {
    /// System prompt of its own, may be empty; none is the one of the settings.
    pub system_prompt: Option<String>,
    /// Sampling of its own; none is that of the settings.
    pub sampling: Option<Sampling>,
}

/// The options a chat keeps beside its system prompt, as they lie on disk, JSON.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredOptions {
    sampling: Option<Sampling>,
}

impl ChatOptions {
    /// Checks every value against its limits.
    ///
    /// # Errors
    /// [`AppError::Setting`].
    pub fn validate(&self) -> Result<(), AppError> {
        check_system_prompt(self.system_prompt.as_deref().unwrap_or_default())?;
        self.sampling.as_ref().map_or(Ok(()), Sampling::validate)
    }

    /// What the history keeps as opaque JSON; none where there is nothing to keep.
    pub(crate) fn sampling_json(&self) -> Option<String> {
        let sampling = Some(self.sampling.clone()?);
        let stored = StoredOptions { sampling };
        Some(serde_json::to_string(&stored).expect("plain numbers become JSON"))
    }

    /// The options of a stored chat; values that can't be read or are out of range are left out.
    pub(crate) fn of(conversation: &tern_history::Conversation) -> Self {
        let stored = conversation.options.as_deref().and_then(|json| {
            serde_json::from_str::<StoredOptions>(json)
                .inspect_err(|error| tracing::warn!(%error, "a chat's options can't be read"))
                .ok()
        });
        let sampling = stored.unwrap_or_default().sampling;
        Self {
            system_prompt: conversation.system_prompt.clone(),
            sampling: sampling.filter(|sampling| sampling.validate().is_ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back_as_it_was() {
        let file = Attachment {
            name: "a\"b.md".to_owned(),
            text: "\0\u{202e}line\n".to_owned(),
        };
        let draft = Draft {
            question: Question {
                text: "half a sen".to_owned(),
                attachments: vec![file],
            },
            queue: vec!["next".into(), "and then".into()],
        };
        assert_eq!(Draft::from_json(&draft.to_json()), Some(draft));
        assert_eq!(Draft::from_json("{\"queue\": 3}"), None);
    }

    #[test]
    fn a_question_needs_words_or_files_and_not_too_many() {
        let file = |bytes: usize| Attachment {
            name: "a".to_owned(),
            text: "x".repeat(bytes),
        };
        let with = |text: &str, attachments| Question {
            text: text.to_owned(),
            attachments,
        };
        assert!(with(" \n", vec![]).validate().is_err());
        assert!(with("", vec![file(1)]).validate().is_ok());
        assert!(with("", vec![file(1); 21]).validate().is_err());
        assert!(with("", vec![file(2_000_000)]).validate().is_ok());
        assert!(
            with("", vec![file(1 << 20), file((1 << 20) + 1)])
                .validate()
                .is_err()
        );
    }
}
