//! Chats and their messages.

use tern_app as app;

use super::small;
use crate::ipc::wire::{
    Attachment, ChatOptions, ContextUse, ConversationSummary, ConversationView, Draft, MessageRole,
    MessageState, MessageView, ModelPrompt, Problem, Question, ReadFile, Sampling, SearchHit, Sent,
    SnippetPiece, Stats, StopReason, Versions,
};

impl From<app::ChatRow> for ConversationSummary {
    fn from(row: app::ChatRow) -> Self {
        Self {
            id: row.id.to_string(),
            title: row.title,
            created_at: row.created_at_ms as f64,
            updated_at: row.updated_at_ms as f64,
            model: row.model_id,
            generating: row.generating,
            pinned: row.pinned,
            archived: row.archived,
            temporary: row.temporary,
        }
    }
}

impl From<app::ChatView> for ConversationView {
    fn from(view: app::ChatView) -> Self {
        Self {
            summary: view.row.into(),
            messages: view.messages.into_iter().map(Into::into).collect(),
            options: view.options.into(),
            draft: view.draft.map(Into::into),
        }
    }
}

impl From<app::MessageText> for MessageView {
    fn from(message: app::MessageText) -> Self {
        Self {
            id: message.id.to_string(),
            role: message.role.into(),
            text: message.text,
            state: match message.state {
                app::MessageState::Complete => MessageState::Complete,
                app::MessageState::Writing => MessageState::Writing,
                app::MessageState::Stopped => MessageState::Stopped,
                app::MessageState::Interrupted => MessageState::Interrupted,
                app::MessageState::Failed => MessageState::Failed,
            },
            created_at: message.created_at_ms as f64,
            model_name: message.model_name,
            stats: message.stats.map(Into::into),
            error: message.error.map(|failure| failure.detail.into()),
            next_seq: message.next_seq,
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            versions: message.versions.into(),
            pinned: message.pinned,
            edited: message.edited,
        }
    }
}

impl From<app::AnswerStats> for Stats {
    fn from(stats: app::AnswerStats) -> Self {
        Self {
            prompt_tokens: stats.prompt_tokens,
            reused_tokens: stats.reused_tokens,
            generated_tokens: stats.generated_tokens,
            prefill_tokens_per_second: stats.prefill_tokens_per_second,
            decode_tokens_per_second: stats.decode_tokens_per_second,
            first_token_seconds: stats.first_token_seconds,
            stop_reason: match stats.stop_reason {
                app::StopReason::EndOfText => StopReason::EndOfText,
                app::StopReason::MaxTokens => StopReason::MaxTokens,
                app::StopReason::ContextFull => StopReason::ContextFull,
                app::StopReason::Stopped => StopReason::Stopped,
            },
            seed: stats.seed.to_string(),
            sampling: stats.sampling.map(Into::into),
            first_seen: stats.first_seen.map(|id| id.to_string()),
        }
    }
}

impl From<app::SentMessage> for Sent {
    fn from(sent: app::SentMessage) -> Self {
        Self {
            conversation: sent.row.into(),
            question: sent.question.into(),
            answer: sent.answer.into(),
        }
    }
}

impl From<app::Role> for MessageRole {
    fn from(role: app::Role) -> Self {
        match role {
            app::Role::Assistant => Self::Assistant,
            app::Role::User | app::Role::System => Self::User,
        }
    }
}

impl From<app::Versions> for Versions {
    fn from(versions: app::Versions) -> Self {
        Self {
            position: small(versions.position),
            count: small(versions.count),
            previous: versions.previous.map(|id| id.to_string()),
            next: versions.next.map(|id| id.to_string()),
        }
    }
}

impl From<app::Attachment> for Attachment {
    fn from(file: app::Attachment) -> Self {
        Self {
            name: file.name,
            text: file.text,
        }
    }
}

impl From<Attachment> for app::Attachment {
    fn from(file: Attachment) -> Self {
        Self {
            name: file.name,
            text: file.text,
        }
    }
}

impl From<app::Question> for Question {
    fn from(question: app::Question) -> Self {
        Self {
            text: question.text,
            attachments: question.attachments.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Question> for app::Question {
    fn from(question: Question) -> Self {
        Self {
            text: question.text,
            attachments: question.attachments.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::Draft> for Draft {
    fn from(draft: app::Draft) -> Self {
        Self {
            question: draft.question.into(),
            queue: draft.queue.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Draft> for app::Draft {
    fn from(draft: Draft) -> Self {
        Self {
            question: draft.question.into(),
            queue: draft.queue.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::ReadFile> for ReadFile {
    fn from(file: app::ReadFile) -> Self {
        let (text, problem) = match file.text {
            Ok(text) => (Some(text), None),
            Err(problem) => (None, Some(app::ErrorDetail::from(&problem).into())),
        };
        Self {
            name: file.name,
            text,
            problem,
        }
    }
}

impl From<app::ChatOptions> for ChatOptions {
    fn from(options: app::ChatOptions) -> Self {
        Self {
            system_prompt: options.system_prompt,
            sampling: options.sampling.map(Into::into),
        }
    }
}

impl TryFrom<ChatOptions> for app::ChatOptions {
    type Error = Problem;

    fn try_from(options: ChatOptions) -> Result<Self, Problem> {
        Ok(Self {
            system_prompt: options.system_prompt,
            sampling: options.sampling.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<app::Sampling> for Sampling {
    fn from(sampling: app::Sampling) -> Self {
        Self {
            temperature: sampling.temperature,
            top_k: sampling.top_k,
            top_p: sampling.top_p,
            min_p: sampling.min_p,
            repetition_penalty: sampling.repetition_penalty,
            seed: sampling.seed.map(|seed| seed.to_string()),
            max_answer_tokens: sampling.max_answer_tokens,
        }
    }
}

impl TryFrom<Sampling> for app::Sampling {
    type Error = Problem;

    fn try_from(sampling: Sampling) -> Result<Self, Problem> {
        let seed = match sampling.seed.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(digits) => Some(digits.parse().map_err(|_| Problem::not_a_seed())?),
        };
        Ok(Self {
            temperature: sampling.temperature,
            top_k: sampling.top_k,
            top_p: sampling.top_p,
            min_p: sampling.min_p,
            repetition_penalty: sampling.repetition_penalty,
            seed,
            max_answer_tokens: sampling.max_answer_tokens,
        })
    }
}

impl From<app::ModelPrompt> for ModelPrompt {
    fn from(prompt: app::ModelPrompt) -> Self {
        Self {
            text: prompt.text,
            tokens: small(prompt.tokens),
            exact: prompt.exact,
        }
    }
}

impl From<app::ContextUse> for ContextUse {
    fn from(used: app::ContextUse) -> Self {
        Self {
            used_tokens: small(used.used_tokens),
            total_tokens: small(used.total_tokens),
            cached_tokens: small(used.cached_tokens),
            reserved_tokens: small(used.reserved_tokens),
            question_tokens: small(used.question_tokens),
            left_out: small(used.left_out),
            too_long: used.too_long,
        }
    }
}

impl From<app::SearchHit> for SearchHit {
    fn from(hit: app::SearchHit) -> Self {
        let pieces = hit.snippet.into_iter();
        Self {
            conversation: hit.row.into(),
            message: hit.message.to_string(),
            role: hit.role.into(),
            created_at: hit.created_at_ms as f64,
            snippet: pieces
                .map(|(text, matched)| SnippetPiece { text, matched })
                .collect(),
        }
    }
}
