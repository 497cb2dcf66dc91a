//! From the worker's steps to events and to disk: text pieces are joined to about thirty events
//! a second (the first goes at once), the text reaches disk about every 300 ms and at the end.

mod joiner;
mod speed;

use std::sync::Arc;
use std::time::Duration;

use tern_engine::Generation;
use tern_history::{ConversationId, HistoryError, MessageId, MessageState};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use self::joiner::Joiner;
use self::speed::Speed;
use crate::answer::{self, PromptRecord};
use crate::event::{AppEvent, Phase};
use crate::live::{Core, Ending, lock};
use crate::worker::{Step, Ticket};
use crate::{AppError, Failure};

/// Least time between two writes of a running answer to disk.
const SAVE_INTERVAL: Duration = Duration::from_millis(300);
/// Time between two status events while an answer is written.
const STATUS_INTERVAL: Duration = Duration::from_millis(500);
/// Time between two attempts to save an ended answer after a failed one.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// The answer the worker is at.
struct Running {
    ticket: Ticket,
    message: MessageId,
    joiner: Joiner,
    speed: Speed,
    reading_since: Option<Instant>,
    last_status: Instant,
    last_save: Instant,
    unsaved_text: bool,
    saving: Option<JoinHandle<Result<(), HistoryError>>>,
    save_failed: bool,
}

/// Turns steps into events until the worker is gone.
pub(crate) struct Deltas {
    core: Arc<Core>,
    running: Option<Running>,
    retry_at: Option<Instant>,
}

impl Deltas {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            running: None,
            retry_at: None,
        }
    }

    pub(crate) async fn run(mut self, mut steps: UnboundedReceiver<Step>) {
        loop {
            let due = self.due();
            let timer = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                step = steps.recv() => match step {
                    Some(step) => self.step(step).await,
                    None => break,
                },
                () = timer => self.tick().await,
            }
        }
        self.retry_unsaved().await;
    }

    /// The next moment something is to be done without a step.
    fn due(&self) -> Option<Instant> {
        let running = self.running.as_ref();
        let text = running.and_then(|running| running.joiner.due());
        let save = running
            .filter(|running| running.unsaved_text)
            .map(|running| running.last_save + SAVE_INTERVAL);
        [text, save, self.retry_at].into_iter().flatten().min()
    }

    async fn tick(&mut self) {
        let now = Instant::now();
        if self
            .running
            .as_ref()
            .and_then(|running| running.joiner.due())
            .is_some_and(|due| due <= now)
        {
            let text = self
                .running
                .as_mut()
                .and_then(|running| running.joiner.take(now));
            self.send_text(text);
        }
        self.save_if_due(now).await;
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_unsaved().await;
        }
    }

    async fn step(&mut self, step: Step) {
        let now = Instant::now();
        match step {
            Step::Loading {
                ticket,
                model_id,
                fraction,
            } => {
                let news = self.core.with_engine(|engine| {
                    engine.loaded = None;
                    engine.loading.replace(model_id.clone()) != Some(model_id)
                });
                if news {
                    self.core.emit(AppEvent::ModelsChanged(self.core.models()));
                }
                if let Some(ticket) = ticket {
                    self.phase(ticket, Phase::LoadingModel { fraction });
                }
            }
            Step::Loaded(model) => self.engine_changed(Some(model)),
            Step::Unloaded => self.engine_changed(None),
            Step::WarmFailed { error } => self.core.emit(AppEvent::Problem(error)),
            Step::Reading {
                ticket,
                done,
                total,
            } => {
                self.start(ticket, now);
                let seconds_left = self.seconds_left(done, total, now);
                self.phase(
                    ticket,
                    Phase::Reading {
                        done,
                        total,
                        seconds_left,
                    },
                );
                self.status_if_due(None, now);
            }
            Step::Token { ticket, text } => self.token(ticket, &text, now).await,
            Step::Kept { tokens } => self.core.with_engine(|engine| engine.kv_tokens = tokens),
            Step::Finished {
                ticket,
                generation,
                first_token_seconds,
                prompt,
            } => {
                let ending = self.ending(ticket, *generation, first_token_seconds, prompt);
                self.end(ticket, ending).await;
            }
            Step::Titled {
                conversation,
                title,
            } => self.title(conversation, title).await,
            Step::Failed { ticket, error } => {
                let text = self.text_so_far(ticket);
                let state = MessageState::Failed;
                let ending = Ending {
                    text,
                    state,
                    stats: None,
                    error: Some(Failure::of(&error)),
                };
                self.end(ticket, ending).await;
            }
        }
    }

    /// How a generation leaves its answer.
    fn ending(
        &self,
        ticket: Ticket,
        generation: Generation,
        first_token_seconds: f64,
        prompt: Option<Box<PromptRecord>>,
    ) -> Ending {
        let (begun, earlier) = lock(&self.core.answers)
            .by_ticket(ticket)
            .map(|answer| (answer.begun.clone(), answer.message.stats.clone()))
            .unwrap_or_default();
        let written = (!generation.ids.is_empty()).then_some(prompt).flatten();
        let later = written.map(|prompt| {
            let reason = generation.stop_reason;
            answer::record(&generation.stats, reason, first_token_seconds, *prompt)
        });
        Ending {
            state: answer::state_after(&generation),
            stats: match (earlier, later) {
                (Some(earlier), Some(later)) => Some(answer::continued(&earlier, later)),
                (earlier, later) => later.or(earlier),
            },
            text: begun + &generation.text,
            error: None,
        }
    }

    /// Gives a chat its better title, unless the person gave one or deleted the chat meanwhile.
    async fn title(&self, conversation: ConversationId, title: String) {
        let core = Arc::clone(&self.core);
        let done = tokio::task::spawn_blocking(move || {
            let changed = core
                .of_chat(&conversation)
                .set_title_if_auto(&conversation, &title);
            if changed.unwrap_or(false) {
                core.emit_row(&conversation);
            }
        });
        let _ = done.await;
    }

    fn engine_changed(&mut self, loaded: Option<crate::worker::LoadedModel>) {
        if let Some(model) = &loaded {
            self.core.set_encoder(&model.id, Arc::clone(&model.encoder));
        }
        self.core.with_engine(|engine| {
            engine.loaded = loaded;
            engine.loading = None;
            engine.kv_tokens = Arc::default();
        });
        self.core.emit(AppEvent::ModelsChanged(self.core.models()));
        self.core
            .emit(AppEvent::StatusChanged(self.core.status(None)));
    }

    /// Makes `ticket` the running answer.
    fn start(&mut self, ticket: Ticket, now: Instant) {
        if self
            .running
            .as_ref()
            .is_some_and(|running| running.ticket == ticket)
        {
            return;
        }
        let message = lock(&self.core.answers)
            .by_ticket(ticket)
            .map(|answer| answer.message.id.clone());
        self.running = message.map(|message| Running {
            ticket,
            message,
            joiner: Joiner::default(),
            speed: Speed::default(),
            reading_since: None,
            last_status: now,
            last_save: now,
            unsaved_text: false,
            saving: None,
            save_failed: false,
        });
    }

    fn seconds_left(&mut self, done: usize, total: usize, now: Instant) -> Option<f64> {
        let running = self.running.as_mut()?;
        let since = *running.reading_since.get_or_insert(now);
        let elapsed = (now - since).as_secs_f64();
        (done > 0 && elapsed > 0.2)
            .then(|| elapsed / done as f64 * total.saturating_sub(done) as f64)
    }

    fn phase(&self, ticket: Ticket, phase: Phase) {
        let answer = lock(&self.core.answers).by_ticket(ticket).map(|answer| {
            (
                answer.message.conversation.clone(),
                answer.message.id.clone(),
            )
        });
        if let Some((conversation, message)) = answer {
            self.core.emit(AppEvent::PhaseChanged {
                conversation,
                message,
                phase,
            });
        }
    }

    async fn token(&mut self, ticket: Ticket, text: &str, now: Instant) {
        self.start(ticket, now);
        let Some(running) = &mut self.running else {
            return;
        };
        let first = running.speed.is_empty();
        running.speed.push(now);
        let text = running.joiner.push(text, now);
        let speed = running.speed.tokens_per_second();
        if first {
            self.phase(ticket, Phase::Writing);
        }
        self.send_text(text);
        self.status_if_due(speed, now);
        self.save_if_due(now).await;
    }

    /// Tells of memory and speed now and then while an answer is prepared or written.
    fn status_if_due(&mut self, speed: Option<f64>, now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        if now - running.last_status >= STATUS_INTERVAL {
            running.last_status = now;
            self.core
                .emit(AppEvent::StatusChanged(self.core.status(speed)));
        }
    }

    /// Appends `text` to the live answer and tells it, with the next sequence number.
    fn send_text(&mut self, text: Option<String>) {
        let (Some(running), Some(text)) = (&mut self.running, text) else {
            return;
        };
        running.unsaved_text = true;
        let (conversation, seq) = {
            let mut answers = lock(&self.core.answers);
            let Some(answer) = answers.by_ticket(running.ticket) else {
                return;
            };
            let seq = answer.next_seq;
            answer.next_seq += 1;
            answer.text.push_str(&text);
            (answer.message.conversation.clone(), seq)
        };
        let message = running.message.clone();
        self.core.emit(AppEvent::TextDelta {
            conversation,
            message,
            seq,
            text,
        });
    }

    /// Starts writing the text so far to disk, at most one write at a time.
    async fn save_if_due(&mut self, now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        let due = running.unsaved_text && now - running.last_save >= SAVE_INTERVAL;
        if !due {
            return;
        }
        running.last_save = now;
        if running
            .saving
            .as_ref()
            .is_some_and(|saving| !saving.is_finished())
        {
            return;
        }
        self.finish_saving().await;
        let Some(running) = &mut self.running else {
            return;
        };
        let Some((conversation, text)) = lock(&self.core.answers)
            .by_ticket(running.ticket)
            .map(|answer| (answer.message.conversation.clone(), answer.text.clone()))
        else {
            return;
        };
        running.unsaved_text = false;
        let (core, message) = (Arc::clone(&self.core), running.message.clone());
        running.saving = Some(tokio::task::spawn_blocking(move || {
            core.of_chat(&conversation).set_text(&message, &text)
        }));
    }

    /// Waits for the write under way and reports the first failure of this answer.
    async fn finish_saving(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Some(saving) = running.saving.take() else {
            return;
        };
        if let Ok(Err(error)) = saving.await {
            running.unsaved_text = true;
            if !std::mem::replace(&mut running.save_failed, true) {
                self.core.emit(AppEvent::Problem(error.into()));
            }
        }
    }

    fn text_so_far(&mut self, ticket: Ticket) -> String {
        let now = Instant::now();
        let rest = self
            .running
            .as_mut()
            .and_then(|running| running.joiner.take(now));
        self.send_text(rest);
        let mut answers = lock(&self.core.answers);
        answers
            .by_ticket(ticket)
            .map(|answer| answer.text.clone())
            .unwrap_or_default()
    }

    async fn end(&mut self, ticket: Ticket, ending: Ending) {
        self.finish_saving().await;
        self.running = None;
        if let Some(answer) = lock(&self.core.answers).by_ticket(ticket) {
            answer.ending = Some(ending);
        }
        if let Err(error) = self.save_ending(ticket).await {
            self.core.emit(AppEvent::Problem(error));
            self.retry_at = Some(Instant::now() + RETRY_INTERVAL);
        }
        self.core
            .emit(AppEvent::StatusChanged(self.core.status(None)));
        self.core.tell_history_notes();
    }

    /// Tells the end of an answer and writes it to disk. Until that succeeds the answer stays
    /// live, so a chat opened meanwhile still shows it.
    async fn save_ending(&self, ticket: Ticket) -> Result<(), AppError> {
        let message = match lock(&self.core.answers).by_ticket(ticket) {
            Some(answer) => answer.message(),
            None => return Ok(()),
        };
        let conversation = message.conversation.clone();
        let core = Arc::clone(&self.core);
        let record = message.clone();
        let saved = tokio::task::spawn_blocking(move || {
            core.of_chat(&record.conversation).finish(
                &record.id,
                &record.text,
                record.state,
                record.stats.as_ref(),
                record.error.as_deref(),
            )
        })
        .await;
        let saved = match saved {
            Ok(saved) => saved.map_err(AppError::from),
            Err(error) => Err(AppError::EngineFailed {
                detail: error.to_string(),
            }),
        };
        if saved.is_ok() {
            lock(&self.core.answers).remove(ticket);
        }
        let message = Box::new(self.core.shown(message));
        self.core.emit(AppEvent::AnswerFinished {
            conversation: conversation.clone(),
            message,
        });
        self.core.emit_row(&conversation);
        saved
    }

    async fn retry_unsaved(&mut self) {
        let unsaved = lock(&self.core.answers).unsaved();
        let mut failed = false;
        for ticket in unsaved {
            failed |= self.save_ending(ticket).await.is_err();
        }
        self.retry_at = failed.then(|| Instant::now() + RETRY_INTERVAL);
    }
}
