//! The format `tern-chats`: everything that is known of chats, to be brought back without loss.
//!
//! One object with `format`, `version`, `exported_at_ms` and `chats`, a line for each chat. A
//! chat has its `messages` in the order they came, each after its `parent`; those with the same
//! parent are versions. Times are milliseconds since the Unix epoch. A reader refuses a version
//! it does not know; a change that an older reader would misunderstand takes the next one.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use tern_history::{
    Attachment, Conversation, Message, MessageId, MessageState, MessageStats, Role,
    WholeConversation,
};

/// What the files call themselves.
const FORMAT: &str = "tern-chats";
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Chat<'a> {
    id: &'a str,
    title: &'a str,
    /// The person gave the title.
    title_is_manual: bool,
    created_at_ms: i64,
    updated_at_ms: i64,
    pinned: bool,
    archived: bool,
    model_id: Option<&'a str>,
    system_prompt: Option<&'a str>,
    options: Option<Value>,
    /// Last message of the branch that is shown.
    active_leaf: Option<&'a str>,
    messages: Vec<ChatMessage<'a>>,
}

#[derive(Serialize)]
struct ChatMessage<'a> {
    id: &'a str,
    parent: Option<&'a str>,
    role: &'static str,
    text: &'a str,
    state: &'static str,
    created_at_ms: i64,
    model: Option<&'a str>,
    stats: Option<Stats<'a>>,
    error: Option<&'a str>,
    attachments: Vec<File<'a>>,
    pinned: bool,
    edited: bool,
}

#[derive(Serialize)]
struct Stats<'a> {
    prompt_tokens: u32,
    reused_tokens: u32,
    generated_tokens: u32,
    prefill_seconds: f64,
    decode_seconds: f64,
    first_token_seconds: f64,
    stop_reason: &'a str,
    seed: &'a str,
    sampling: Option<Value>,
    system_prompt: Option<&'a str>,
    first_seen: Option<&'a str>,
    prompt_hash: &'a str,
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

pub(super) fn begin(file: &mut dyn Write, now_ms: i64) -> io::Result<()> {
    write!(
        file,
        "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"exported_at_ms\":{now_ms},\"chats\":["
    )
}

pub(super) fn add(
    file: &mut dyn Write,
    whole: &WholeConversation,
    is_first: bool,
) -> io::Result<()> {
    file.write_all(if is_first { b"\n" } else { b",\n" })?;
    Ok(serde_json::to_writer(file, &chat(whole))?)
}

pub(super) fn end(file: &mut dyn Write) -> io::Result<()> {
    file.write_all(b"\n]}\n")
}

fn chat(
    WholeConversation {
        conversation,
        messages,
    }: &WholeConversation,
) -> Chat<'_> {
    let Conversation {
        id,
        title,
        title_is_manual,
        created_at_ms,
        updated_at_ms,
        pinned,
        archived,
        model_id,
        system_prompt,
        active_leaf,
        options,
    } = conversation;
    Chat {
        id: id.as_str(),
        title,
        title_is_manual: *title_is_manual,
        created_at_ms: *created_at_ms,
        updated_at_ms: *updated_at_ms,
        pinned: *pinned,
        archived: *archived,
        model_id: model_id.as_deref(),
        system_prompt: system_prompt.as_deref(),
        options: options.as_deref().map(value),
        active_leaf: active_leaf.as_ref().map(MessageId::as_str),
        messages: messages.iter().map(message).collect(),
    }
}

fn message(message: &Message) -> ChatMessage<'_> {
    // Taken apart, so that nothing a message has can be forgotten here.
    let Message {
        id,
        conversation: _,
        parent,
        role,
        text,
        state,
        created_at_ms,
        model,
        stats,
        error,
        attachments,
        pinned,
        edited,
    } = message;
    ChatMessage {
        id: id.as_str(),
        parent: parent.as_ref().map(MessageId::as_str),
        role: match role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        },
        text,
        state: match state {
            MessageState::Complete => "complete",
            MessageState::Stopped => "stopped",
            MessageState::Failed => "failed",
            // Elsewhere nobody goes on writing it.
            MessageState::Interrupted | MessageState::Writing => "interrupted",
        },
        created_at_ms: *created_at_ms,
        model: model.as_deref(),
        stats: stats.as_ref().map(figures),
        error: error.as_deref(),
        attachments: attachments
            .iter()
            .map(|Attachment { name, text }| File { name, text })
            .collect(),
        pinned: *pinned,
        edited: *edited,
    }
}

fn figures(stats: &MessageStats) -> Stats<'_> {
    // JSON has no NaN and no infinity.
    let finite = |seconds: f64| if seconds.is_finite() { seconds } else { 0.0 };
    let MessageStats {
        prompt_tokens,
        reused_tokens,
        generated_tokens,
        prefill_seconds,
        decode_seconds,
        first_token_seconds,
        stop_reason,
        seed,
        sampling,
        system_prompt,
        first_seen,
        prompt_hash,
    } = stats;
    Stats {
        prompt_tokens: *prompt_tokens,
        reused_tokens: *reused_tokens,
        generated_tokens: *generated_tokens,
        prefill_seconds: finite(*prefill_seconds),
        decode_seconds: finite(*decode_seconds),
        first_token_seconds: finite(*first_token_seconds),
        stop_reason,
        seed,
        sampling: sampling.as_deref().map(value),
        system_prompt: system_prompt.as_deref(),
        first_seen: first_seen.as_deref(),
        prompt_hash,
    }
}

/// JSON that is kept as a text, as what it says; what can't be read stays that text.
fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_seed_and_no_choice_loses_a_digit() {
        let json = "{\"sampling\":{\"temperature\":0.6,\"seed\":18446744073709551615}}";
        assert_eq!(
            value(json).to_string(),
            "{\"sampling\":{\"seed\":18446744073709551615,\"temperature\":0.6}}"
        );
        assert_eq!(value("{half"), Value::String("{half".to_owned()));
    }

    #[test]
    fn a_full_disk_ends_the_writing() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let history = tern_history::History::in_memory().expect("memory");
        let chat = history.create_conversation("A", None).expect("made");
        let whole = history.whole(&chat.id).expect("read");
        // The kind must come through the JSON writer, or the sentence would be another one.
        for written in [begin(&mut Full, 0), add(&mut Full, &whole, true)] {
            let error = written.expect_err("full");
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
        let inner = serde_json::to_writer(Full, &super::chat(&whole)).expect_err("full");
        assert_eq!(io::Error::from(inner).kind(), io::ErrorKind::StorageFull);
    }
}
