//! Answers between the engine's words, the history's records and what is shown.

use tern_engine::{Generation, GenerationStats, StopReason};
use tern_history::{Message, MessageId, MessageState, MessageStats, Versions};

use crate::{AnswerStats, Failure, MessageText, Sampling};

/// `tokens / seconds`, 0 where nothing was timed.
fn rate(tokens: u32, seconds: f64) -> f64 {
    if seconds > 0.0 {
        f64::from(tokens) / seconds
    } else {
        0.0
    }
}

fn stop_reason_name(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndOfText => "end_of_text",
        StopReason::MaxTokens => "max_tokens",
        StopReason::ContextFull => "context_full",
        StopReason::Stopped => "stopped",
    }
}

/// The reverse of [`stop_reason_name`]; a word of a newer version reads as a plain end.
fn stop_reason(name: &str) -> StopReason {
    match name {
        "max_tokens" => StopReason::MaxTokens,
        "context_full" => StopReason::ContextFull,
        "stopped" => StopReason::Stopped,
        _ => StopReason::EndOfText,
    }
}

/// The state a generation leaves its message in.
pub(crate) fn state_after(generation: &Generation) -> MessageState {
    match generation.stop_reason {
        StopReason::Stopped => MessageState::Stopped,
        _ => MessageState::Complete,
    }
}

/// What is recorded of the prompt an answer was written to.
#[derive(Clone, Debug)]
pub(crate) struct PromptRecord {
    /// Empty for none.
    pub(crate) system_prompt: String,
    pub(crate) first_seen: Option<MessageId>,
    pub(crate) hash: String,
    pub(crate) sampling: Sampling,
}

/// The record of a generation. `first_token_seconds` counts from sending, so it replaces the
/// engine's own, which starts when the prompt is read.
pub(crate) fn record(
    stats: &GenerationStats,
    reason: StopReason,
    first_token_seconds: f64,
    prompt: PromptRecord,
) -> MessageStats {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    MessageStats {
        prompt_tokens: count(stats.prompt_tokens),
        reused_tokens: count(stats.reused_tokens),
        generated_tokens: count(stats.generated_tokens),
        prefill_seconds: stats.prefill_seconds,
        decode_seconds: stats.decode_seconds,
        first_token_seconds,
        stop_reason: stop_reason_name(reason).to_owned(),
        seed: stats.seed.to_string(),
        system_prompt: Some(prompt.system_prompt).filter(|text| !text.is_empty()),
        first_seen: prompt.first_seen.map(|id| id.to_string()),
        prompt_hash: prompt.hash,
        sampling: serde_json::to_string(&prompt.sampling).ok(),
    }
}

/// The record of an answer that was continued: what it was begun from, and all that was written.
pub(crate) fn continued(earlier: &MessageStats, later: MessageStats) -> MessageStats {
    MessageStats {
        generated_tokens: earlier
            .generated_tokens
            .saturating_add(later.generated_tokens),
        decode_seconds: earlier.decode_seconds + later.decode_seconds,
        stop_reason: later.stop_reason,
        seed: later.seed,
        ..earlier.clone()
    }
}

fn shown_stats(stats: &MessageStats) -> AnswerStats {
    let read = stats.prompt_tokens.saturating_sub(stats.reused_tokens);
    // The first token comes out of reading the prompt; decoding makes the others.
    let decoded = stats.generated_tokens.saturating_sub(1);
    AnswerStats {
        prompt_tokens: stats.prompt_tokens,
        reused_tokens: stats.reused_tokens,
        generated_tokens: stats.generated_tokens,
        prefill_tokens_per_second: rate(read, stats.prefill_seconds),
        decode_tokens_per_second: rate(decoded, stats.decode_seconds),
        first_token_seconds: stats.first_token_seconds,
        stop_reason: stop_reason(&stats.stop_reason),
        seed: stats.seed.parse().unwrap_or(0),
        sampling: stats
            .sampling
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok()),
        first_seen: stats.first_seen.clone().map(MessageId::new),
    }
}

/// A stored message as it is shown.
pub(crate) fn shown(message: Message, versions: Versions) -> MessageText {
    MessageText {
        id: message.id,
        role: message.role,
        text: message.text,
        state: message.state,
        created_at_ms: message.created_at_ms,
        model_name: message.model,
        stats: message.stats.as_ref().map(shown_stats),
        error: message.error.as_deref().map(Failure::recorded),
        next_seq: 0,
        attachments: message.attachments,
        versions,
        pinned: message.pinned,
        edited: message.edited,
    }
}
