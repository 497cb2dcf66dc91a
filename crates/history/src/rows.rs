//! From rows to records and back: the one place that knows both.
//!
//! Reading is lenient where a value only matters to the message it belongs to. A flipped byte
//! in one text must not keep a person from all the others.

use rusqlite::Row;
use serde::{Deserialize, Serialize};

use crate::{
    Attachment, Conversation, ConversationId, Message, MessageId, MessageState, MessageStats, Role,
};

/// Columns [`conversation`] reads.
pub(crate) const CONVERSATION: &str = "c.id, c.title, c.title_is_manual, c.created_at_ms, \
     c.updated_at_ms, c.pinned, c.archived, c.model_id, c.system_prompt, c.active_leaf, c.options";

/// How many those are.
pub(crate) const CONVERSATION_COLUMNS: usize = 11;

pub(crate) fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: ConversationId::new(text(row, 0)?),
        title: text(row, 1)?,
        title_is_manual: row.get(2)?,
        created_at_ms: row.get(3)?,
        updated_at_ms: row.get(4)?,
        pinned: row.get(5)?,
        archived: row.get(6)?,
        model_id: optional_text(row, 7)?,
        system_prompt: optional_text(row, 8)?,
        active_leaf: optional_text(row, 9)?.map(MessageId::new),
        options: optional_text(row, 10)?,
    })
}

/// Columns [`message`] reads.
pub(crate) const MESSAGE: &str = "m.id, m.conversation_id, m.parent_id, m.role, m.text, m.state, \
     m.created_at_ms, m.model, m.stats, m.error, m.attachments, m.pinned, m.edited";

/// A message as it lies on disk: its parent may be deleted.
pub(crate) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: MessageId::new(text(row, 0)?),
        conversation: ConversationId::new(text(row, 1)?),
        parent: optional_text(row, 2)?.map(MessageId::new),
        role: role(&text(row, 3)?),
        text: text(row, 4)?,
        state: state(&text(row, 5)?),
        created_at_ms: row.get(6)?,
        model: optional_text(row, 7)?,
        stats: optional_text(row, 8)?.and_then(|json| stats(&json)),
        error: optional_text(row, 9)?,
        attachments: optional_text(row, 10)?.map_or(Vec::new(), |json| attachments(&json)),
        pinned: row.get(11)?,
        edited: row.get(12)?,
    })
}

pub(crate) fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<String> {
    let bytes = row.get_ref(index)?.as_bytes()?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

pub(crate) fn optional_text(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    let bytes = row.get_ref(index)?.as_bytes_or_null()?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// The schema allows these words alone, so another one is damage; it is shown as the model's,
/// whose words are never taken for the person's.
pub(crate) fn role(name: &str) -> Role {
    match name {
        "system" => Role::System,
        "user" => Role::User,
        _ => Role::Assistant,
    }
}

pub(crate) fn state_name(state: MessageState) -> &'static str {
    match state {
        MessageState::Complete => "complete",
        MessageState::Writing => "writing",
        MessageState::Stopped => "stopped",
        MessageState::Interrupted => "interrupted",
        MessageState::Failed => "failed",
    }
}

/// As for roles, another word is damage.
pub(crate) fn state(name: &str) -> MessageState {
    match name {
        "complete" => MessageState::Complete,
        "writing" => MessageState::Writing,
        "stopped" => MessageState::Stopped,
        "interrupted" => MessageState::Interrupted,
        _ => MessageState::Failed,
    }
}

/// [`MessageStats`] as they lie on disk, JSON. What an older version did not write is 0.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredStats {
    prompt_tokens: u32,
    reused_tokens: u32,
    generated_tokens: u32,
    prefill_seconds: f64,
    decode_seconds: f64,
    first_token_seconds: f64,
    stop_reason: String,
    seed: String,
    sampling: Option<String>,
    system_prompt: Option<String>,
    first_seen: Option<String>,
    prompt_hash: String,
}

pub(crate) fn stats_json(stats: &MessageStats) -> String {
    // JSON has no NaN and no infinity.
    let finite = |seconds: f64| if seconds.is_finite() { seconds } else { 0.0 };
    let stored = StoredStats {
        prompt_tokens: stats.prompt_tokens,
        reused_tokens: stats.reused_tokens,
        generated_tokens: stats.generated_tokens,
        prefill_seconds: finite(stats.prefill_seconds),
        decode_seconds: finite(stats.decode_seconds),
        first_token_seconds: finite(stats.first_token_seconds),
        stop_reason: stats.stop_reason.clone(),
        seed: stats.seed.clone(),
        sampling: stats.sampling.clone(),
        system_prompt: stats.system_prompt.clone(),
        first_seen: stats.first_seen.clone(),
        prompt_hash: stats.prompt_hash.clone(),
    };
    serde_json::to_string(&stored).expect("plain numbers and texts become JSON")
}

fn stats(json: &str) -> Option<MessageStats> {
    let stored: StoredStats = serde_json::from_str(json)
        .inspect_err(|error| tracing::warn!(%error, "figures of an answer can't be read"))
        .ok()?;
    Some(MessageStats {
        prompt_tokens: stored.prompt_tokens,
        reused_tokens: stored.reused_tokens,
        generated_tokens: stored.generated_tokens,
        prefill_seconds: stored.prefill_seconds,
        decode_seconds: stored.decode_seconds,
        first_token_seconds: stored.first_token_seconds,
        stop_reason: stored.stop_reason,
        seed: stored.seed,
        sampling: stored.sampling,
        system_prompt: stored.system_prompt,
        first_seen: stored.first_seen,
        prompt_hash: stored.prompt_hash,
    })
}

/// An [`Attachment`] as it lies on disk, in a JSON array.
#[derive(Serialize, Deserialize)]
struct StoredAttachment {
    name: String,
    text: String,
}

/// None for a message without any.
pub(crate) fn attachments_json(attachments: &[Attachment]) -> Option<String> {
    let stored = attachments.iter().map(|attachment| StoredAttachment {
        name: attachment.name.clone(),
        text: attachment.text.clone(),
    });
    let stored: Vec<StoredAttachment> = stored.collect();
    let json = || serde_json::to_string(&stored).expect("plain texts become JSON");
    (!stored.is_empty()).then(json)
}

fn attachments(json: &str) -> Vec<Attachment> {
    let stored: Vec<StoredAttachment> = serde_json::from_str(json)
        .inspect_err(|error| tracing::warn!(%error, "attachments can't be read"))
        .unwrap_or_default();
    let attachments = stored.into_iter().map(|stored| Attachment {
        name: stored.name,
        text: stored.text,
    });
    attachments.collect()
}
