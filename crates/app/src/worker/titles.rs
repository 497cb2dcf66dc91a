//! Titles that say what a chat is about, written by its model while nothing else is to do.

use std::ops::ControlFlow;

use tern_engine::{GenerationParams, Model, Role, SamplingParams, Sequence, StopReason, Turn};
use tern_history::ConversationId;

use super::Answer;
use crate::AppError;
use crate::guide::GUIDE_ID;
use crate::prompt::Prompt;

/// Context a title is written in: the beginnings of question and answer, and the request.
const CONTEXT: usize = 768;
/// Characters of question and answer that are read.
const READ_CHARS: usize = 600;
/// A title is a few words; more is a model that rambles.
const LONGEST_TOKENS: usize = 24;
const SHORTEST_CHARS: usize = 3;
const LONGEST_CHARS: usize = 60;

const REQUEST: &str = "Write a title for this conversation: three to six words, in its language, \
                       without quotes or a full stop. Answer with the title alone.";

/// A chat with its first exchange, which still goes by the question's first line.
#[derive(Clone, Debug)]
pub(crate) struct Untitled {
    pub(crate) conversation: ConversationId,
    pub(crate) model_id: String,
    question: String,
    answer: String,
}

impl Untitled {
    /// The chat after its first answer; none when that says too little to make a title of. The
    /// Guide knows about Tern alone, so it writes none.
    pub(crate) fn after(
        conversation: ConversationId,
        model_id: &str,
        prompt: &Prompt,
        answer: &Answer,
    ) -> Option<Self> {
        let generation = &answer.generation;
        let useful = generation.stop_reason == StopReason::EndOfText
            || generation.stop_reason == StopReason::MaxTokens;
        if model_id == GUIDE_ID || !useful || generation.text.trim().is_empty() {
            return None;
        }
        Some(Self {
            conversation,
            model_id: model_id.to_owned(),
            question: beginning(&prompt.parts.last()?.turn.content),
            answer: beginning(&generation.text),
        })
    }
}

fn beginning(text: &str) -> String {
    text.trim().chars().take(READ_CHARS).collect()
}

/// Writes a title in a KV cache of its own, so that the chat's stays as it is. None when the
/// model wrote nothing that can be one, or when it was interrupted.
///
/// # Errors
/// What the template or the engine says.
pub(crate) fn write(
    model: &Model,
    chat: &Untitled,
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<String>, AppError> {
    let request = Turn {
        role: Role::User,
        content: format!(
            "{REQUEST}\n\nQuestion: {}\n\nAnswer: {}",
            chat.question, chat.answer
        ),
    };
    let prompt = model.prompt_encoder().encode(&[request], "")?;
    let context = CONTEXT.min(model.config().max_seq_len);
    if prompt.len() + LONGEST_TOKENS > context {
        return Ok(None);
    }
    let params = GenerationParams {
        sampling: SamplingParams {
            temperature: 0.0,
            ..SamplingParams::default()
        },
        max_tokens: Some(LONGEST_TOKENS),
        ..GenerationParams::default()
    };
    let mut sequence = Sequence::new(model, context);
    let written =
        tern_engine::generate(
            model,
            &mut sequence,
            &prompt,
            &params,
            &mut |_| match interrupted() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            },
        )?;
    // What ran into the limit is a sentence, not a title.
    let whole = written.stop_reason == StopReason::EndOfText;
    Ok(clean(&written.text).filter(|_| whole))
}

/// The title in what a model wrote; none when there is none in it.
fn clean(written: &str) -> Option<String> {
    let line = written
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    let line = ["Title:", "title:", "Titel:", "TITLE:"]
        .iter()
        .find_map(|label| line.strip_prefix(label))
        .unwrap_or(line);
    let decoration = |c: char| c.is_whitespace() || "\"'“”„‘’«»*#`_".contains(c);
    let title = line
        .trim_matches(decoration)
        .trim_end_matches(['.', ':', ',', ';']);
    let title = title.trim_matches(decoration);
    let length = title.chars().count();
    let says_something = title.chars().any(char::is_alphabetic);
    ((SHORTEST_CHARS..=LONGEST_CHARS).contains(&length) && says_something).then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_models_put_around_a_title_goes() {
        for written in [
            "Arctic terns in winter",
            "\n  \"Arctic terns in winter.\"\n\nI hope this helps!",
            "Title: **Arctic terns in winter**",
            "# “Arctic terns in winter”",
        ] {
            assert_eq!(
                clean(written).as_deref(),
                Some("Arctic terns in winter"),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_no_title_is_left() {
        let long = "word ".repeat(40);
        for written in ["", "  \n", "\"\"", "...", "1234", "ok", &long] {
            assert_eq!(clean(written), None, "{written}");
        }
    }
}
