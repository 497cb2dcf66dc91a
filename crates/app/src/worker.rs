//! The one thread that owns the engine and its KV cache: closed [`Job`] in, closed [`Step`] out.
//! No lock is held while it computes.
//!
//! Longer than 500 lines, because what the thread is asked, what it does and what it tells are one contract.

mod benchmark;
mod queue;
mod titles;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tern_engine::{
    Generation, GenerationEvent, GenerationParams, GenerationStats, LoadError, LoadOptions, Model,
    PromptEncoder, Sequence, StopReason, TokenId, Warning,
};
use tern_history::ConversationId;
use tokio::sync::mpsc::UnboundedSender;

use self::queue::{Jobs, Next, Queue, queue};
use self::titles::Untitled;
use crate::answer::PromptRecord;
use crate::fit::Benchmark;
use crate::guide::GUIDE_ID;
use crate::prompt::{self, Prompt};
use crate::{AppError, ModelInfo, Sampling};

/// Without anything to do for this long, the worker turns to titles.
const IDLE: Duration = Duration::from_millis(1500);
/// Longest the worker waits before it looks again how long a model may stay in memory unused.
const UNLOAD_LOOK: Duration = Duration::from_secs(30);

/// Names one job; steps carry it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// What the worker can be asked to do.
pub(crate) enum Job {
    /// Read a model into memory, so that the next answer need not wait for it.
    Warm {
        model: Box<ModelInfo>,
        threads: usize,
    },
    /// Drop a model from memory if it is this one, or any; `done` hears when that is so.
    Unload {
        model_id: Option<String>,
        done: Sender<()>,
    },
    /// Measure this computer; whatever is in memory goes first.
    Benchmark {
        threads: usize,
        done: Sender<Result<Benchmark, AppError>>,
    },
    /// Write one answer. Ends with exactly one [`Step::Finished`] or [`Step::Failed`].
    Generate(Box<GenerateJob>),
    /// Fails as a defect would.
    #[cfg(test)]
    Panic,
}

/// One answer to write.
pub(crate) struct GenerateJob {
    pub(crate) ticket: Ticket,
    pub(crate) model: ModelInfo,
    pub(crate) threads: usize,
    pub(crate) prompt: Prompt,
    /// The text the answer goes on from; empty for a new one.
    pub(crate) begun: String,
    pub(crate) sampling: Sampling,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) sent_at: Instant,
    /// The chat, if it gets a title from this answer once there is nothing else to do.
    pub(crate) titles: Option<ConversationId>,
}

/// What the worker reports.
pub(crate) enum Step {
    /// A model is being read; `ticket` is the answer that waits for it, if one does.
    Loading {
        ticket: Option<Ticket>,
        model_id: String,
        fraction: f32,
    },
    /// A model is in memory.
    Loaded(LoadedModel),
    /// Nothing is in memory (unloaded, or a load failed or was cancelled).
    Unloaded,
    /// A model asked for by [`Job::Warm`] could not be read.
    WarmFailed { error: AppError },
    /// The prompt is being read.
    Reading {
        ticket: Ticket,
        done: usize,
        total: usize,
    },
    /// One token was written, with the text that can no longer change.
    Token { ticket: Ticket, text: String },
    /// What the KV cache holds now.
    Kept { tokens: Arc<[TokenId]> },
    /// The answer is whole.
    Finished {
        ticket: Ticket,
        generation: Box<Generation>,
        first_token_seconds: f64,
        /// None when the answer was stopped before its prompt was made.
        prompt: Option<Box<PromptRecord>>,
    },
    /// There will be no (more) answer.
    Failed { ticket: Ticket, error: AppError },
    /// A chat's better title.
    Titled {
        conversation: ConversationId,
        title: String,
    },
}

/// Facts of the model in memory.
#[derive(Clone)]
pub(crate) struct LoadedModel {
    pub(crate) id: String,
    pub(crate) weight_bytes: u64,
    pub(crate) threads: usize,
    pub(crate) isa: &'static str,
    /// Bytes of its KV cache, as it grows.
    pub(crate) kv_bytes: Arc<AtomicU64>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) encoder: Arc<PromptEncoder>,
}

/// The handle to the thread. Dropping it lets the thread end after its current job.
pub(crate) struct Worker {
    jobs: Option<Jobs>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// `unload_after`: seconds without use until a model leaves memory; 0 for never.
    pub(crate) fn start(
        steps: UnboundedSender<Step>,
        unload_after: Arc<AtomicU64>,
    ) -> std::io::Result<Self> {
        let (jobs, queue) = queue();
        let thread = thread::Builder::new()
            .name("tern-engine".to_owned())
            .spawn(move || run(&queue, &steps, &unload_after))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Queues a job.
    pub(crate) fn submit(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            jobs.submit(job);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The model in memory with the token sequence its KV cache holds.
struct Resident {
    id: String,
    threads: usize,
    model: Model,
    sequence: Sequence,
}

fn run(queue: &Queue, steps: &UnboundedSender<Step>, unload_after: &AtomicU64) {
    let mut resident: Option<Resident> = None;
    let mut untitled: Vec<Untitled> = Vec::new();
    let mut used = Instant::now();
    loop {
        // The Guide is so small that it stays.
        let large = resident.as_ref().is_some_and(|it| it.id != GUIDE_ID);
        let wait = if untitled.is_empty() {
            // Looked at now and then, as the person may change how long that is.
            let look =
                || unused_in(used, unload_after).map_or(UNLOAD_LOOK, |it| it.min(UNLOAD_LOOK));
            large.then(look)
        } else {
            Some(IDLE)
        };
        let job = match queue.next(wait) {
            Next::Job(job) => job,
            Next::Idle => {
                if let Some(chat) = untitled.pop() {
                    write_title(chat, resident.as_ref(), queue, steps, &mut untitled);
                } else if large && unused_in(used, unload_after) == Some(Duration::ZERO) {
                    resident = None;
                    let _ = steps.send(Step::Unloaded);
                }
                continue;
            }
            Next::End => break,
        };
        let ticket = match &job {
            Job::Generate(job) => Some(job.ticket),
            _ => None,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| handle(job, &mut resident, steps)));
        used = Instant::now();
        if let Ok(chat) = outcome {
            untitled.extend(chat);
        } else if let Err(panic) = outcome {
            // Whatever the panic interrupted is not to be trusted: start from nothing.
            resident = None;
            let error = AppError::EngineFailed {
                detail: panic_text(panic.as_ref()),
            };
            tracing::error!(%error, "worker panicked");
            let _ = steps.send(Step::Unloaded);
            let _ = steps.send(match ticket {
                Some(ticket) => Step::Failed { ticket, error },
                None => Step::WarmFailed { error },
            });
        }
    }
}

/// How long until a model has not been used for as long as the person allows; none if it may stay.
fn unused_in(used: Instant, unload_after: &AtomicU64) -> Option<Duration> {
    let after = Duration::from_secs(unload_after.load(Ordering::Relaxed));
    (!after.is_zero()).then(|| after.saturating_sub(used.elapsed()))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no details".to_owned())
}

/// Does one job; returns the chat that may get a title from it.
fn handle(
    job: Job,
    resident: &mut Option<Resident>,
    steps: &UnboundedSender<Step>,
) -> Option<Untitled> {
    match job {
        Job::Warm { model, threads } => {
            let mut progress = |fraction| {
                let model_id = model.id.clone();
                let _ = steps.send(Step::Loading {
                    ticket: None,
                    model_id,
                    fraction,
                });
                ControlFlow::Continue(())
            };
            if let Err(error) = ensure(resident, &model, threads, steps, &mut progress) {
                let _ = steps.send(Step::WarmFailed { error });
            }
        }
        Job::Unload { model_id, done } => {
            let meant = |resident: &Resident| model_id.as_ref().is_none_or(|id| resident.id == *id);
            if resident.as_ref().is_some_and(meant) {
                *resident = None;
                let _ = steps.send(Step::Unloaded);
            }
            let _ = done.send(());
        }
        Job::Benchmark { threads, done } => {
            if resident.take().is_some() {
                let _ = steps.send(Step::Unloaded);
            }
            let _ = done.send(benchmark::run(threads));
        }
        Job::Generate(job) => {
            let ticket = job.ticket;
            let outcome = answer(&job, resident, steps);
            if let Some(resident) = resident {
                let _ = steps.send(Step::Kept {
                    tokens: resident.sequence.tokens().into(),
                });
            }
            let untitled = outcome.as_ref().ok().and_then(|answer| {
                Untitled::after(job.titles.clone()?, &job.model.id, &job.prompt, answer)
            });
            let _ = steps.send(match outcome {
                Ok(answer) => Step::Finished {
                    ticket,
                    generation: Box::new(answer.generation),
                    first_token_seconds: answer.first_token_seconds,
                    prompt: answer.prompt.map(Box::new),
                },
                Err(error) => Step::Failed { ticket, error },
            });
            return untitled;
        }
        #[cfg(test)]
        Job::Panic => panic!("a defect"),
    }
    None
}

/// Writes a title with the model that is in memory, if it is the chat's. Makes way for what is
/// asked meanwhile: then the chat waits among the untitled again.
fn write_title(
    chat: Untitled,
    resident: Option<&Resident>,
    queue: &Queue,
    steps: &UnboundedSender<Step>,
    untitled: &mut Vec<Untitled>,
) {
    let Some(resident) = resident.filter(|resident| resident.id == chat.model_id) else {
        return;
    };
    match titles::write(&resident.model, &chat, &|| queue.is_waited_for()) {
        Ok(Some(title)) => {
            let conversation = chat.conversation;
            let _ = steps.send(Step::Titled {
                conversation,
                title,
            });
        }
        Ok(None) if queue.is_waited_for() => untitled.push(chat),
        Ok(None) => {}
        // The chat keeps its first line, which is a title too.
        Err(error) => tracing::info!(%error, "no title was written"),
    }
}

/// Makes `model` the resident one, unless it already is.
fn ensure<'a>(
    resident: &'a mut Option<Resident>,
    model: &ModelInfo,
    threads: usize,
    steps: &UnboundedSender<Step>,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<&'a mut Resident, AppError> {
    let fits = |resident: &Resident| resident.id == model.id && resident.threads == threads;
    if !resident.as_ref().is_some_and(fits) {
        // The old model goes first, so that two never lie in memory together.
        *resident = None;
        let loaded = load(model, threads, progress);
        match &loaded {
            Ok(loaded) => {
                let facts = LoadedModel {
                    id: loaded.id.clone(),
                    weight_bytes: loaded.model.weight_bytes(),
                    threads: loaded.model.threads(),
                    isa: loaded.model.isa().name(),
                    kv_bytes: loaded.sequence.kv_gauge(),
                    warnings: loaded.model.warnings().to_vec(),
                    encoder: Arc::clone(loaded.model.prompt_encoder()),
                };
                let _ = steps.send(Step::Loaded(facts));
            }
            Err(_) => {
                let _ = steps.send(Step::Unloaded);
            }
        }
        *resident = Some(loaded?);
    }
    Ok(resident.as_mut().expect("made resident just above"))
}

fn load(
    model: &ModelInfo,
    threads: usize,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Resident, AppError> {
    let source = model.source()?;
    let options = LoadOptions {
        threads,
        ..LoadOptions::default()
    };
    let loaded = Model::load(&source, &options, progress)?;
    let sequence = Sequence::new(&loaded, loaded.config().max_seq_len);
    Ok(Resident {
        id: model.id.clone(),
        threads,
        model: loaded,
        sequence,
    })
}

pub(crate) struct Answer {
    pub(crate) generation: Generation,
    first_token_seconds: f64,
    prompt: Option<PromptRecord>,
}

impl Answer {
    /// Stopped before the first token.
    fn nothing() -> Self {
        Self {
            generation: Generation {
                ids: Vec::new(),
                text: String::new(),
                stop_reason: StopReason::Stopped,
                stats: GenerationStats::default(),
            },
            first_token_seconds: 0.0,
            prompt: None,
        }
    }
}

fn answer(
    job: &GenerateJob,
    resident: &mut Option<Resident>,
    steps: &UnboundedSender<Step>,
) -> Result<Answer, AppError> {
    let ticket = job.ticket;
    let stopped = || job.stop.load(Ordering::Relaxed);
    let flow = || {
        if stopped() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    if stopped() {
        return Ok(Answer::nothing());
    }
    let mut progress = |fraction| {
        let model_id = job.model.id.clone();
        let _ = steps.send(Step::Loading {
            ticket: Some(ticket),
            model_id,
            fraction,
        });
        flow()
    };
    let resident = match ensure(resident, &job.model, job.threads, steps, &mut progress) {
        Err(AppError::Load(LoadError::Cancelled)) => return Ok(Answer::nothing()),
        resident => resident?,
    };
    let Resident {
        model, sequence, ..
    } = resident;
    let prompt = job.prompt.fit(model.prompt_encoder(), &job.begun)?;
    let mut sampling = job.sampling.clone();
    if model.defaults().temperature == Some(0.0) {
        // The model is not made to be sampled from (the Guide is not): its word counts.
        sampling.temperature = 0.0;
    }
    let params = GenerationParams {
        continues: !job.begun.is_empty(),
        ..sampling.generation_params()
    };

    let mut first_token_seconds = None;
    let mut pending = String::new();
    let generation = tern_engine::generate(model, sequence, &prompt.ids, &params, &mut |event| {
        match event {
            GenerationEvent::Reading { done, total, .. } => {
                let _ = steps.send(Step::Reading {
                    ticket,
                    done,
                    total,
                });
            }
            GenerationEvent::Text(text) => pending.push_str(text),
            GenerationEvent::Token(_) => {
                first_token_seconds.get_or_insert_with(|| job.sent_at.elapsed().as_secs_f64());
                let text = std::mem::take(&mut pending);
                let _ = steps.send(Step::Token { ticket, text });
            }
        }
        flow()
    })?;
    Ok(Answer {
        generation,
        first_token_seconds: first_token_seconds.unwrap_or(0.0),
        prompt: Some(PromptRecord {
            system_prompt: job.prompt.system_prompt.clone(),
            hash: prompt::hash(&prompt.ids),
            first_seen: prompt.first_seen,
            sampling,
        }),
    })
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[test]
    fn a_panic_is_reported_and_the_next_job_is_done() {
        let (steps, mut reported) = unbounded_channel();
        let worker = Worker::start(steps, Arc::default()).expect("a thread");
        let warm = || Job::Warm {
            model: Box::new(ModelInfo::guide()),
            threads: 1,
        };
        worker.submit(warm());
        worker.submit(Job::Panic);
        worker.submit(warm());
        drop(worker);
        let mut seen = Vec::new();
        while let Some(step) = reported.blocking_recv() {
            match step {
                Step::Loaded(model) => seen.push(format!("loaded {}", model.id)),
                Step::Unloaded => seen.push("unloaded".to_owned()),
                Step::WarmFailed { error } => seen.push(error.to_string()),
                _ => {}
            }
        }
        assert_eq!(seen.len(), 4, "{seen:?}");
        assert_eq!(
            (&*seen[0], &*seen[1], &*seen[3]),
            ("loaded guide", "unloaded", "loaded guide")
        );
        assert!(seen[2].contains("a defect"), "{}", seen[2]);
    }

    #[test]
    fn a_model_nobody_uses_leaves_memory_and_the_guide_stays() {
        let (steps, mut reported) = unbounded_channel();
        let worker = Worker::start(steps, Arc::new(AtomicU64::new(1))).expect("a thread");
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");
        let tiny = ModelInfo {
            id: "tiny".to_owned(),
            path: Some(std::path::Path::new(golden).join("tiny-bitnet/hf-packed")),
            ..ModelInfo::guide()
        };
        let warm = |model: &ModelInfo| Job::Warm {
            model: Box::new(model.clone()),
            threads: 1,
        };
        let mut next = || loop {
            match reported.blocking_recv().expect("the worker goes on") {
                Step::Loaded(model) => return Some(model.id),
                Step::Unloaded => return None,
                _ => {}
            }
        };
        worker.submit(warm(&tiny));
        assert_eq!(next().as_deref(), Some("tiny"));
        assert_eq!(next(), None, "it was not used");
        worker.submit(warm(&ModelInfo::guide()));
        assert_eq!(next().as_deref(), Some("guide"));
        thread::sleep(Duration::from_millis(1500));
        worker.submit(warm(&tiny));
        // Had the Guide left by itself, that would have been told first.
        assert_eq!(next().as_deref(), Some("tiny"));
    }
}
