//! What the commands and the deltas thread share: the stores, the settings, and the answers
//! that are being written. Locks are short: none is held across disk or engine work.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tern_engine::{PromptEncoder, TokenId};
use tern_history::{ConversationId, History, Message, MessageId, MessageState, MessageStats};
use tern_models::Shelf;

use crate::app::EventSink;
use crate::connections::Connections;
use crate::downloads::Downloads;
use crate::event::{AppEvent, Status};
use crate::memory::MemoryGauge;
use crate::model_files::Works;
use crate::worker::{LoadedModel, Ticket};
use crate::{
    AppError, ChatRow, Failure, MessageText, ModelInfo, ModelPresence, Settings, WorkKind, answer,
    models,
};

/// The program's shared state.
pub(crate) struct Core {
    pub(crate) history: History,
    /// Where temporary chats live: in memory, made with the first one.
    temporary: OnceLock<History>,
    /// Chats made there, deleted ones included.
    temporary_chats: Mutex<HashSet<ConversationId>>,
    pub(crate) connections: Connections,
    /// What makes chats prompts for the model that was counted with last.
    encoder: Mutex<Option<(String, Arc<PromptEncoder>)>>,
    pub(crate) shelf: Mutex<Shelf>,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) selected_model: Mutex<String>,
    pub(crate) answers: Mutex<LiveAnswers>,
    engine: Mutex<EngineFacts>,
    gauge: Mutex<MemoryGauge>,
    events: EventSink,
    tickets: AtomicU64,
    notes_told: AtomicUsize,
    /// The program is about to end, so that what takes long gives up.
    pub(crate) closing: AtomicBool,
    pub(crate) downloads: Downloads,
    pub(crate) works: Works,
    /// Seconds until a model nobody uses leaves memory, for the worker; 0 for never.
    pub(crate) unload_after: Arc<AtomicU64>,
}

/// What is known of the engine between two answers.
#[derive(Default)]
pub(crate) struct EngineFacts {
    pub(crate) loaded: Option<LoadedModel>,
    pub(crate) loading: Option<String>,
    /// Tokens whose keys and values are in memory.
    pub(crate) kv_tokens: Arc<[TokenId]>,
}

/// How an answer ended, kept until it is on disk.
#[derive(Clone)]
pub(crate) struct Ending {
    pub(crate) text: String,
    pub(crate) state: MessageState,
    pub(crate) stats: Option<MessageStats>,
    pub(crate) error: Option<Failure>,
}

/// An answer that is not on disk in its final form yet.
pub(crate) struct LiveAnswer {
    pub(crate) ticket: Ticket,
    pub(crate) message: Message,
    pub(crate) text: String,
    /// The text it had when it was begun: empty, unless it is continued.
    pub(crate) begun: String,
    pub(crate) next_seq: u32,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) ending: Option<Ending>,
}

impl LiveAnswer {
    /// The message as it is now.
    pub(crate) fn message(&self) -> Message {
        let mut message = self.message.clone();
        message.text.clone_from(&self.text);
        if let Some(ending) = &self.ending {
            message.text.clone_from(&ending.text);
            message.state = ending.state;
            message.stats.clone_from(&ending.stats);
            message.error = ending.error.as_ref().map(Failure::record);
        }
        message
    }
}

/// At most one live answer per chat.
#[derive(Default)]
pub(crate) struct LiveAnswers(HashMap<ConversationId, LiveAnswer>);

impl LiveAnswers {
    pub(crate) fn get(&self, conversation: &ConversationId) -> Option<&LiveAnswer> {
        self.0.get(conversation)
    }

    /// True when an answer is queued, prepared or written.
    pub(crate) fn any_running(&self) -> bool {
        self.0.values().any(|answer| answer.ending.is_none())
    }

    pub(crate) fn insert(&mut self, answer: LiveAnswer) {
        self.0.insert(answer.message.conversation.clone(), answer);
    }

    pub(crate) fn by_ticket(&mut self, ticket: Ticket) -> Option<&mut LiveAnswer> {
        self.0.values_mut().find(|answer| answer.ticket == ticket)
    }

    pub(crate) fn remove(&mut self, ticket: Ticket) {
        self.0.retain(|_, answer| answer.ticket != ticket);
    }

    pub(crate) fn stop_all(&self) {
        for answer in self.0.values() {
            answer.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Answers that ended but could not be saved yet.
    pub(crate) fn unsaved(&self) -> Vec<Ticket> {
        let ended = self.0.values().filter(|answer| answer.ending.is_some());
        ended.map(|answer| answer.ticket).collect()
    }
}

/// A panic in another thread leaves the plain data behind these locks usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(crate) fn new(
        history: History,
        shelf: Shelf,
        settings: Settings,
        selected_model: String,
        events: EventSink,
    ) -> Self {
        let unload_after = settings.unload_after_seconds();
        Self {
            history,
            temporary: OnceLock::new(),
            temporary_chats: Mutex::default(),
            connections: Connections::new(),
            encoder: Mutex::default(),
            shelf: Mutex::new(shelf),
            settings: Mutex::new(settings),
            selected_model: Mutex::new(selected_model),
            answers: Mutex::default(),
            engine: Mutex::default(),
            gauge: Mutex::new(MemoryGauge::new()),
            events,
            tickets: AtomicU64::new(0),
            notes_told: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            downloads: Downloads::default(),
            works: Works::default(),
            unload_after: Arc::new(AtomicU64::new(unload_after)),
        }
    }

    /// The history temporary chats live in.
    pub(crate) fn temporary(&self) -> Result<&History, AppError> {
        if let Some(history) = self.temporary.get() {
            return Ok(history);
        }
        let history = History::in_memory()?;
        // Whoever was first wins; both are empty.
        Ok(self.temporary.get_or_init(|| history))
    }

    /// The same, if there was ever a temporary chat.
    pub(crate) fn temporary_if_any(&self) -> Option<&History> {
        self.temporary.get()
    }

    /// Notes a chat that lives there.
    pub(crate) fn note_temporary(&self, id: &ConversationId) {
        lock(&self.temporary_chats).insert(id.clone());
    }

    pub(crate) fn is_temporary(&self, id: &ConversationId) -> bool {
        lock(&self.temporary_chats).contains(id)
    }

    /// The history a chat is in; the one on disk also for a chat that is in none.
    pub(crate) fn of_chat(&self, id: &ConversationId) -> &History {
        let temporary = self.temporary.get().filter(|_| self.is_temporary(id));
        temporary.unwrap_or(&self.history)
    }

    /// Likewise for a message.
    pub(crate) fn of_message(&self, id: &MessageId) -> &History {
        let temporary = self
            .temporary
            .get()
            .filter(|it| it.conversation_of(id).is_ok());
        temporary.unwrap_or(&self.history)
    }

    /// What makes a chat a prompt for `model`; read from its files unless it is known.
    pub(crate) fn encoder(&self, model: &ModelInfo) -> Result<Arc<PromptEncoder>, AppError> {
        let known = lock(&self.encoder).clone();
        if let Some((id, encoder)) = known
            && id == model.id
        {
            return Ok(encoder);
        }
        let encoder = Arc::new(PromptEncoder::open(&model.source()?)?);
        self.set_encoder(&model.id, Arc::clone(&encoder));
        Ok(encoder)
    }

    /// The model in memory brought its own.
    pub(crate) fn set_encoder(&self, model_id: &str, encoder: Arc<PromptEncoder>) {
        *lock(&self.encoder) = Some((model_id.to_owned(), encoder));
    }

    pub(crate) fn emit(&self, event: AppEvent) {
        (self.events)(event);
    }

    /// Tells what the history noted since the last call (a daily backup that failed, say).
    pub(crate) fn tell_history_notes(&self) {
        let notes = self.history.notes();
        let told = self.notes_told.swap(notes.len(), Ordering::Relaxed);
        for note in notes.into_iter().skip(told) {
            self.emit(AppEvent::Problem(AppError::HistoryNote(note)));
        }
    }

    pub(crate) fn next_ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn with_engine<R>(&self, change: impl FnOnce(&mut EngineFacts) -> R) -> R {
        change(&mut lock(&self.engine))
    }

    /// Every model with what it is doing now.
    pub(crate) fn models(&self) -> Vec<ModelInfo> {
        let mut list = models::list(&lock(&self.shelf));
        list.extend(self.works.newcomers());
        let selected = lock(&self.selected_model).clone();
        self.with_engine(|engine| {
            for model in &mut list {
                model.work = self.works.of(&model.id);
                model.selected = model.id == selected;
                if let Some(loaded) = engine
                    .loaded
                    .as_ref()
                    .filter(|loaded| loaded.id == model.id)
                {
                    model.presence = ModelPresence::Ready;
                    model.warnings.clone_from(&loaded.warnings);
                } else if engine.loading.as_ref() == Some(&model.id) {
                    model.presence = ModelPresence::Loading;
                }
            }
        });
        list
    }

    /// The model with this id, once all of it is there.
    pub(crate) fn model(&self, id: &str) -> Result<ModelInfo, AppError> {
        let arrives = |model: &ModelInfo| model.work.is_some_and(|it| it.kind == WorkKind::Copying);
        let mut list = self.models().into_iter();
        list.find(|model| model.id == id && !arrives(model))
            .ok_or_else(|| AppError::UnknownModel { id: id.to_owned() })
    }

    pub(crate) fn status(&self, tokens_per_second: Option<f64>) -> Status {
        let app_bytes = lock(&self.gauge).resident_bytes();
        let wanted_threads = lock(&self.settings).engine_threads();
        self.with_engine(|engine| Status {
            tokens_per_second,
            app_bytes,
            weight_bytes: engine
                .loaded
                .as_ref()
                .map_or(0, |loaded| loaded.weight_bytes),
            kv_bytes: engine
                .loaded
                .as_ref()
                .map_or(0, |loaded| loaded.kv_bytes.load(Ordering::Relaxed)),
            threads: engine
                .loaded
                .as_ref()
                .map_or(wanted_threads, |loaded| loaded.threads),
            isa: engine.loaded.as_ref().map_or("", |loaded| loaded.isa),
        })
    }

    /// A stored chat as a row.
    pub(crate) fn row(&self, conversation: tern_history::Conversation) -> ChatRow {
        let generating = lock(&self.answers)
            .get(&conversation.id)
            .is_some_and(|answer| answer.ending.is_none());
        let selected = || lock(&self.selected_model).clone();
        ChatRow {
            title: conversation.title,
            created_at_ms: conversation.created_at_ms,
            updated_at_ms: conversation.updated_at_ms,
            model_id: conversation.model_id.unwrap_or_else(selected),
            generating,
            pinned: conversation.pinned,
            archived: conversation.archived,
            temporary: self.is_temporary(&conversation.id),
            id: conversation.id,
        }
    }

    /// A message as it is shown. One whose versions can't be read now is shown as the only one.
    pub(crate) fn shown(&self, message: Message) -> MessageText {
        let versions = self
            .of_chat(&message.conversation)
            .place_among_versions(&message.id)
            .unwrap_or_default();
        answer::shown(message, versions)
    }

    /// Tells the face of a chat's new row; a chat deleted meanwhile has none.
    pub(crate) fn emit_row(&self, conversation: &ConversationId) {
        if let Ok(conversation) = self.of_chat(conversation).conversation(conversation) {
            let row = self.row(conversation);
            self.emit(AppEvent::ConversationChanged(row));
        }
    }
}
