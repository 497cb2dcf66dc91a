//! From the program's types to the wire's and back, each in one place.

use tern_app as app;

use super::wire::{
    AppEvent, ConversationSummary, ConversationView, MessageRole, MessageState, MessageView,
    ModelEntry, ModelState, Phase, Problem, ProblemCode, Sent, Settings, Stats, Status, StopReason,
    Theme,
};

/// Counts of tokens and threads fit; anything absurd saturates.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl From<app::ChatRow> for ConversationSummary {
    fn from(row: app::ChatRow) -> Self {
        Self {
            id: row.id.to_string(),
            title: row.title,
            created_at: row.created_at_ms as f64,
            updated_at: row.updated_at_ms as f64,
            model: row.model_id,
            generating: row.generating,
        }
    }
}

impl From<app::ChatView> for ConversationView {
    fn from(view: app::ChatView) -> Self {
        Self {
            summary: view.row.into(),
            messages: view.messages.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::MessageText> for MessageView {
    fn from(message: app::MessageText) -> Self {
        Self {
            id: message.id.to_string(),
            role: match message.role {
                app::Role::Assistant => MessageRole::Assistant,
                app::Role::User | app::Role::System => MessageRole::User,
            },
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
            error: message.error,
            next_seq: message.next_seq,
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

impl From<app::ModelInfo> for ModelEntry {
    fn from(model: app::ModelInfo) -> Self {
        Self {
            id: model.id,
            name: model.name,
            path: model.path.map(|path| path.display().to_string()),
            bytes: model.bytes as f64,
            selected: model.selected,
            state: match model.presence {
                app::ModelPresence::Idle => ModelState::Idle,
                app::ModelPresence::Loading => ModelState::Loading,
                app::ModelPresence::Ready => ModelState::Ready,
                app::ModelPresence::Missing => ModelState::Missing,
            },
            warnings: model.warnings,
        }
    }
}

impl From<app::Theme> for Theme {
    fn from(theme: app::Theme) -> Self {
        match theme {
            app::Theme::System => Self::System,
            app::Theme::Light => Self::Light,
            app::Theme::Dark => Self::Dark,
        }
    }
}

impl From<Theme> for app::Theme {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::System => Self::System,
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
        }
    }
}

impl From<app::Settings> for Settings {
    fn from(settings: app::Settings) -> Self {
        Self {
            theme: settings.theme.into(),
            system_prompt: settings.system_prompt,
            temperature: settings.temperature,
            top_k: settings.top_k,
            top_p: settings.top_p,
            min_p: settings.min_p,
            repetition_penalty: settings.repetition_penalty,
            seed: settings.seed.map(|seed| seed.to_string()),
            max_answer_tokens: settings.max_answer_tokens,
            threads: settings.threads,
        }
    }
}

impl TryFrom<Settings> for app::Settings {
    type Error = Problem;

    fn try_from(settings: Settings) -> Result<Self, Problem> {
        let seed = match settings.seed.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(digits) => Some(digits.parse().map_err(|_| {
                Problem::invalid("The seed must be a whole number from 0 to 18446744073709551615.")
            })?),
        };
        Ok(Self {
            theme: settings.theme.into(),
            system_prompt: settings.system_prompt,
            temperature: settings.temperature,
            top_k: settings.top_k,
            top_p: settings.top_p,
            min_p: settings.min_p,
            repetition_penalty: settings.repetition_penalty,
            seed,
            max_answer_tokens: settings.max_answer_tokens,
            threads: settings.threads,
        })
    }
}

impl From<app::Status> for Status {
    fn from(status: app::Status) -> Self {
        Self {
            tokens_per_second: status.tokens_per_second,
            app_bytes: status.app_bytes as f64,
            weight_bytes: status.weight_bytes as f64,
            kv_bytes: status.kv_bytes as f64,
            threads: small(status.threads),
            isa: status.isa.to_owned(),
        }
    }
}

impl From<app::Phase> for Phase {
    fn from(phase: app::Phase) -> Self {
        match phase {
            app::Phase::Queued => Self::Queued,
            app::Phase::LoadingModel { fraction } => Self::LoadingModel {
                fraction: f64::from(fraction),
            },
            app::Phase::Reading {
                done,
                total,
                seconds_left,
            } => Self::Reading {
                done: small(done),
                total: small(total),
                seconds_left,
            },
            app::Phase::Writing => Self::Writing,
        }
    }
}

impl From<app::AppEvent> for AppEvent {
    fn from(event: app::AppEvent) -> Self {
        match event {
            app::AppEvent::TextDelta {
                conversation,
                message,
                seq,
                text,
            } => Self::TextDelta {
                conversation: conversation.to_string(),
                message: message.to_string(),
                seq,
                text,
            },
            app::AppEvent::PhaseChanged {
                conversation,
                message,
                phase,
            } => Self::PhaseChanged {
                conversation: conversation.to_string(),
                message: message.to_string(),
                phase: phase.into(),
            },
            app::AppEvent::AnswerFinished {
                conversation,
                message,
            } => Self::AnswerFinished {
                conversation: conversation.to_string(),
                message: message.into(),
            },
            app::AppEvent::ConversationChanged(row) => Self::ConversationChanged {
                summary: row.into(),
            },
            app::AppEvent::ModelsChanged(models) => Self::ModelsChanged {
                models: models.into_iter().map(Into::into).collect(),
            },
            app::AppEvent::StatusChanged(status) => Self::StatusChanged {
                status: status.into(),
            },
            app::AppEvent::Problem(error) => Self::ProblemOccurred {
                problem: Problem::from(&error),
            },
        }
    }
}

impl From<&app::AppError> for Problem {
    fn from(error: &app::AppError) -> Self {
        use app::ErrorKind;
        let code = match error.kind() {
            ErrorKind::DataFolder => ProblemCode::DataFolder,
            ErrorKind::Storage => ProblemCode::Storage,
            ErrorKind::Model => ProblemCode::Model,
            ErrorKind::NotFound => ProblemCode::NotFound,
            ErrorKind::Busy => ProblemCode::Busy,
            ErrorKind::Invalid => ProblemCode::Invalid,
            ErrorKind::Internal => ProblemCode::Internal,
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}

impl Problem {
    /// A request that makes no sense, in the person's words.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: ProblemCode::Invalid,
            message: message.into(),
        }
    }

    /// A defect in Tern.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        Self {
            code: ProblemCode::Internal,
            message: format!(
                "Something in Tern failed: {error}. Your chats are safe; start Tern again."
            ),
        }
    }
}
