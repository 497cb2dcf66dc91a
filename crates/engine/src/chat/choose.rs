//! Which format a model's chats are written in.
//!
//! A file's template is compared with the published formats by what it writes: all of them write four small
//! chats, text and marks are compared. A template that writes what a format writes is that format; another one is
//! used as it is, if it stays within its limits and leaves no message out.

use super::{ChatTemplate, FileTemplate, Format, Role, SpecialTexts, Turn, check::Refusal, jinja};
use crate::{Tokenizer, Warning, model::Family};

use super::marked::{Marked, trim};

/// As Microsoft's repository writes it; known without running anything.
const BITNET: &str = "{% set loop_messages = messages %}{% for message in loop_messages %}\
{% set content = message['role'] | capitalize + ': '+ message['content'] | trim + '<|eot_id|>' %}{{ content }}\
{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}";

/// Stands in the official GGUF of BitNet b1.58 2B4T, where the converter left a placeholder. No model was trained so.
const WRONG: &str = "BITNETAssistant";

/// The format for a model, given the template its file has.
pub(crate) fn choose(
    family: Family,
    found: Option<&str>,
    tokenizer: &Tokenizer,
    specials: &SpecialTexts,
    warnings: &mut Vec<Warning>,
) -> ChatTemplate {
    let Some(found) = found.filter(|text| !text.trim().is_empty()) else {
        return by_tokens(family, tokenizer, warnings);
    };
    if found.trim() == BITNET && fits(Format::BitNet, tokenizer) {
        return ChatTemplate::BitNet;
    }
    if found.contains(WRONG) {
        warnings.push(Warning::WrongTemplate);
        return by_tokens(family, tokenizer, warnings);
    }
    match by_content(found, tokenizer, specials) {
        Ok(template) => template,
        Err(refusal) => {
            warnings.push(Warning::UnusableTemplate {
                problem: refusal.to_string(),
            });
            by_tokens(family, tokenizer, &mut Vec::new())
        }
    }
}

/// The format that writes what the file's template writes, else the template itself.
fn by_content(
    source: &str,
    tokenizer: &Tokenizer,
    specials: &SpecialTexts,
) -> Result<ChatTemplate, Refusal> {
    let [question, system, talk, thoughts] = probes();
    let render = |turns: &[Turn]| {
        jinja::render(source, turns, specials).map(|prompt| without_bos(prompt, specials))
    };
    let chats = [&question, &system, &talk, &thoughts];
    let written = chats.map(|turns| render(turns));
    let published = Format::PUBLISHED.into_iter().find(|&format| {
        let same = |(turns, written): (&Vec<Turn>, &Result<Marked, Refusal>)| {
            written.as_ref() == Ok(&format.write(turns))
        };
        fits(format, tokenizer) && chats.into_iter().zip(&written).all(same)
    });
    if let Some(format) = published {
        return Ok(format.into());
    }
    let [on_question, on_system, on_talk, _] = written;
    says_all(&on_question?, &question)?;
    says_all(&on_talk?, &talk)?;
    let with_system = on_system.and_then(|prompt| says_all(&prompt, &system));
    let template = FileTemplate {
        source: source.into(),
        specials: specials.clone(),
        merges_system: with_system.is_err(),
    };
    says_all(&template.write(&system)?, &system)?;
    Ok(ChatTemplate::FromFile(template))
}

/// White space around the words shows whether a template trims them.
fn probes() -> [Vec<Turn>; 4] {
    let turn = |role, content: &str| Turn {
        role,
        content: content.to_owned(),
    };
    [
        vec![turn(Role::User, "\n What is ternary? \n")],
        vec![
            turn(Role::System, " Answer in one word. \n"),
            turn(Role::User, "\n Is it 3? "),
        ],
        vec![
            turn(Role::User, "First?\n"),
            turn(Role::Assistant, "\n Second. \n"),
            turn(Role::User, " Third? "),
        ],
        // Some templates leave out what a model thought before it answered; formats do not.
        vec![
            turn(Role::System, "Count."),
            turn(Role::User, "First?"),
            turn(Role::Assistant, "<think>\nHm.\n</think>\n\nSecond."),
            turn(Role::User, "Third?"),
            turn(Role::Assistant, "Fourth."),
            turn(Role::User, "Fifth?"),
        ],
    ]
}

fn says_all(prompt: &Marked, turns: &[Turn]) -> Result<(), Refusal> {
    let contents: String = prompt
        .pieces()
        .filter(|(_, content)| *content)
        .map(|(text, _)| text)
        .collect();
    if turns
        .iter()
        .all(|turn| contents.contains(trim(&turn.content)))
    {
        return Ok(());
    }
    Err(Refusal::Failed("it leaves messages out".to_owned()))
}

fn without_bos(mut prompt: Marked, specials: &SpecialTexts) -> Marked {
    if let Some(bos) = specials.bos.as_deref().filter(|bos| !bos.is_empty()) {
        while prompt.text().starts_with(bos) && prompt.is_scaffold(0..bos.len()) {
            prompt = prompt.slice(bos.len()..prompt.len());
        }
    }
    prompt
}

fn fits(format: Format, tokenizer: &Tokenizer) -> bool {
    format
        .controls()
        .iter()
        .all(|token| tokenizer.control_id(token).is_some())
}

/// The format a model's control tokens speak for, where its file has no template.
fn by_tokens(family: Family, tokenizer: &Tokenizer, warnings: &mut Vec<Warning>) -> ChatTemplate {
    let has = |token: &str| tokenizer.control_id(token).is_some();
    if family == Family::BitNet && fits(Format::BitNet, tokenizer) {
        return ChatTemplate::BitNet;
    }
    // Falcon3's vocabulary begins with the section titles of the Falcon family; its role names are text.
    let roles = (has("<|user|>") && has("<|assistant|>")) || has(">>TITLE<<");
    let known = [Format::Llama3, Format::ChatMl]
        .into_iter()
        .chain(
            [Format::Falcon3, Format::Zephyr]
                .into_iter()
                .filter(|_| roles),
        )
        .chain(Some(Format::Llama2).filter(|_| has("[INST]")));
    if let Some(format) = known.into_iter().find(|&format| fits(format, tokenizer)) {
        return format.into();
    }
    let format = if fits(Format::BitNet, tokenizer) {
        Format::BitNet
    } else {
        Format::Plain
    };
    warnings.push(Warning::UnknownChatFormat);
    format.into()
}
