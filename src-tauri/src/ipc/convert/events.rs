//! What the program tells unasked.

use tern_app as app;

use super::small;
use crate::ipc::wire::{AppEvent, Phase, Problem};

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
                message: Box::new((*message).into()),
            },
            app::AppEvent::ConversationChanged(row) => Self::ConversationChanged {
                summary: row.into(),
            },
            app::AppEvent::ModelsChanged(models) => Self::ModelsChanged {
                models: models.into_iter().map(Into::into).collect(),
            },
            app::AppEvent::DownloadsChanged(downloads) => Self::DownloadsChanged {
                downloads: downloads.into_iter().map(Into::into).collect(),
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
