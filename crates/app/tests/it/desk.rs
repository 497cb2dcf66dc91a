//! A program with a tiny model that rambles, and its events.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tern_app::{
    App, AppEvent, ConversationId, MessageText, ModelInfo, Sampling, SentMessage, Settings,
};

/// Long enough for a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(path)
}

pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) events: Receiver<AppEvent>,
}

impl Desk {
    pub(crate) fn open(folder: &Path) -> Self {
        let (sender, events) = channel();
        let sink = move |event| {
            let _ = sender.send(event);
        };
        let app = App::open(folder, Box::new(sink)).expect("opens");
        Self { app, events }
    }

    /// With the tiny golden model selected; it rambles until it is stopped or full.
    pub(crate) fn with_rambler(folder: &Path, max_answer_tokens: u32) -> Self {
        let desk = Self::open(folder);
        let model = desk
            .app
            .import_model(&golden("tiny-bitnet/hf-packed"), false)
            .expect("a model");
        desk.app.select_model(&model.id, None).expect("selected");
        let settings = Settings {
            sampling: Sampling {
                max_answer_tokens,
                seed: Some(7),
                ..Sampling::default()
            },
            ..desk.app.settings()
        };
        desk.app.set_settings(settings).expect("stored");
        desk
    }

    pub(crate) fn send(&self, conversation: Option<&ConversationId>, text: &str) -> SentMessage {
        self.app
            .send_message(conversation, &text.into(), false, None)
            .expect("sent")
    }

    /// Events until `done` says so; the one it says so for is the last.
    pub(crate) fn until(&self, mut done: impl FnMut(&AppEvent) -> bool) -> Vec<AppEvent> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).expect("an event in time");
            let last = done(&event);
            seen.push(event);
            if last {
                return seen;
            }
        }
    }

    /// Events until the list of models has one that is so.
    pub(crate) fn until_a_model(&self, is: impl Fn(&ModelInfo) -> bool) -> Vec<AppEvent> {
        self.until(
            |event| matches!(event, AppEvent::ModelsChanged(models) if models.iter().any(&is)),
        )
    }

    /// Events up to the end of `sent`'s answer, and that answer.
    pub(crate) fn finish(&self, sent: &SentMessage) -> (Vec<AppEvent>, MessageText) {
        let mut events = self.until(|event| {
            matches!(event, AppEvent::AnswerFinished { message, .. } if message.id == sent.answer.id)
        });
        match events.pop() {
            Some(AppEvent::AnswerFinished { message, .. }) => (events, *message),
            other => panic!("the end of an answer, not {other:?}"),
        }
    }
}

pub(crate) fn deltas(events: &[AppEvent], sent: &SentMessage) -> Vec<(u32, String)> {
    let of_answer = events.iter().filter_map(|event| match event {
        AppEvent::TextDelta {
            message, seq, text, ..
        } if *message == sent.answer.id => Some((*seq, text.clone())),
        _ => None,
    });
    of_answer.collect()
}
