//! The program: every command a face can give, each safe to call from any thread.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tern_history::{Conversation, ConversationId, History, HistoryError, Message, MessageId, Role};
use tern_models::{ModelId, Shelf};
use tokio::sync::mpsc::unbounded_channel;

use crate::deltas::Deltas;
use crate::event::{AppEvent, Phase, Status};
use crate::guide::GUIDE_ID;
use crate::live::{Core, LiveAnswer, lock};
use crate::settings::{SELECTED_MODEL_KEY, SETTINGS_KEY};
use crate::worker::{GenerateJob, Job, Worker};
use crate::{AppError, ChatRow, ChatView, ModelInfo, SentMessage, Settings, prompt};

/// Receives what the program reports; called from its own threads, must not block.
pub type EventSink = Box<dyn Fn(AppEvent) + Send + Sync>;

/// Longest title made from a first line, in characters.
const TITLE_CHARS: usize = 60;
/// What a chat is called before anything better is known.
const NEW_CHAT: &str = "New chat";

/// The running program. Dropping it stops the answer under way, keeps its text and joins
/// every thread.
pub struct App {
    core: Arc<Core>,
    data_dir: PathBuf,
    /// Held while an answer is begun, so that two calls can't both find the chat idle.
    sending: Mutex<()>,
    // Dropped in this order: the worker ends first, then nothing feeds the deltas thread.
    worker: Option<Worker>,
    deltas: Option<JoinHandle<()>>,
}

impl App {
    /// Opens the data folder (made if missing), starts the threads and warms the Guide up if it
    /// is the selected model.
    ///
    /// # Errors
    /// [`AppError::History`] or [`AppError::Models`] when the data folder can't be used,
    /// [`AppError::Thread`] when a thread can't be started.
    pub fn open(data_dir: &Path, events: EventSink) -> Result<Self, AppError> {
        let history = History::open(data_dir)?;
        let shelf = Shelf::open(data_dir)?;
        let settings = stored_settings(&history)?;
        let selected = history
            .setting(SELECTED_MODEL_KEY)?
            .filter(|id| id == GUIDE_ID || shelf.find(&ModelId::new(id)).is_some())
            .unwrap_or_else(|| GUIDE_ID.to_owned());
        let core = Arc::new(Core::new(history, shelf, settings, selected, events));

        let (steps, queue) = unbounded_channel();
        let worker = Worker::start(steps).map_err(AppError::Thread)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(AppError::Thread)?;
        let deltas = Deltas::new(Arc::clone(&core));
        let deltas = thread::Builder::new()
            .name("tern-deltas".to_owned())
            .spawn(move || runtime.block_on(deltas.run(queue)))
            .map_err(AppError::Thread)?;
        let app = Self {
            core,
            data_dir: data_dir.to_path_buf(),
            sending: Mutex::default(),
            worker: Some(worker),
            deltas: Some(deltas),
        };
        app.core.tell_history_notes();
        // Only the Guide: it is a few MB. A large model is read when its first answer is asked for.
        if *lock(&app.core.selected_model) == GUIDE_ID {
            app.warm(ModelInfo::guide());
        }
        Ok(app)
    }

    /// The data folder in use.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Saved chats, newest first.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn chats(&self) -> Result<Vec<ChatRow>, AppError> {
        let conversations = self.core.history.conversations()?;
        Ok(conversations
            .into_iter()
            .map(|c| self.core.row(c))
            .collect())
    }

    /// A chat with its messages, the text of a running answer included.
    ///
    /// # Errors
    /// [`AppError::History`], also when there is no such chat.
    pub fn chat(&self, id: &ConversationId) -> Result<ChatView, AppError> {
        // The live answer is looked at after the stored messages: if it ended in between, the
        // stored text is only older, and the event that ends it follows.
        let row = self.core.row(self.core.history.conversation(id)?);
        let stored = self.core.history.branch(id)?;
        let answers = lock(&self.core.answers);
        let live = answers.get(id);
        let messages = stored
            .into_iter()
            .map(
                |message| match live.filter(|live| live.message.id == message.id) {
                    Some(live) => {
                        let mut shown = self.core.shown(live.message());
                        shown.next_seq = live.next_seq;
                        shown
                    }
                    None => self.core.shown(message),
                },
            )
            .collect();
        Ok(ChatView { row, messages })
    }

    /// Writes the question and an empty answer to disk, queues the answer and returns both.
    /// Without a chat, makes one with the question's first line as its title.
    ///
    /// # Errors
    /// [`AppError::EmptyMessage`]; [`AppError::Busy`] while the same chat writes;
    /// [`AppError::UnknownModel`]; [`AppError::History`].
    pub fn send_message(
        &self,
        conversation: Option<&ConversationId>,
        text: &str,
    ) -> Result<SentMessage, AppError> {
        if text.trim().is_empty() {
            return Err(AppError::EmptyMessage);
        }
        let _sending = lock(&self.sending);
        let history = &self.core.history;
        let conversation = match conversation {
            Some(id) => {
                self.refuse_busy(id)?;
                history.conversation(id)?
            }
            None => {
                let model = lock(&self.core.selected_model).clone();
                history.create_conversation(&first_line(text), Some(&model))?
            }
        };
        let model = self.chat_model(&conversation)?;
        let (question, answer) =
            history.append_exchange(&conversation.id, text, Some(&model.name))?;
        self.begin(&conversation.id, model, question, answer)
    }

    /// Writes another version of an answer; the new one replaces it in the active branch.
    ///
    /// # Errors
    /// [`AppError::NotAnAnswer`]; otherwise as [`App::send_message`].
    pub fn retry_answer(&self, answer: &MessageId) -> Result<SentMessage, AppError> {
        let _sending = lock(&self.sending);
        let history = &self.core.history;
        let old = history.message(answer)?;
        if old.role != Role::Assistant {
            return Err(AppError::NotAnAnswer);
        }
        self.refuse_busy(&old.conversation)?;
        let conversation = history.conversation(&old.conversation)?;
        let model = self.chat_model(&conversation)?;
        let question = match &old.parent {
            Some(parent) => history.message(parent)?,
            None => return Err(AppError::NotAnAnswer),
        };
        let answer = history.append_answer_version(answer, Some(&model.name))?;
        self.begin(&conversation.id, model, question, answer)
    }

    fn refuse_busy(&self, id: &ConversationId) -> Result<(), AppError> {
        match lock(&self.core.answers).get(id) {
            Some(_) => Err(AppError::Busy),
            None => Ok(()),
        }
    }

    /// The chat's model, or the selected one for chats without.
    fn chat_model(&self, conversation: &Conversation) -> Result<ModelInfo, AppError> {
        let selected = || lock(&self.core.selected_model).clone();
        self.core
            .model(&conversation.model_id.clone().unwrap_or_else(selected))
    }

    /// Queues the answer the history already holds.
    fn begin(
        &self,
        id: &ConversationId,
        model: ModelInfo,
        question: Message,
        answer: Message,
    ) -> Result<SentMessage, AppError> {
        let core = &self.core;
        let settings = lock(&core.settings).clone();
        let conversation = core.history.conversation(id)?;
        let system_prompt = conversation
            .system_prompt
            .as_deref()
            .unwrap_or(&settings.system_prompt);
        let mut branch = core.history.branch(id)?;
        branch.pop_if(|last| last.id == answer.id);
        let turns = prompt::turns(system_prompt, &branch);

        let ticket = core.next_ticket();
        let stop = Arc::new(AtomicBool::new(false));
        let waits = lock(&core.answers).any_running();
        lock(&core.answers).insert(LiveAnswer {
            ticket,
            message: answer.clone(),
            text: String::new(),
            next_seq: 0,
            stop: Arc::clone(&stop),
            ending: None,
        });
        if waits {
            core.emit(AppEvent::PhaseChanged {
                conversation: id.clone(),
                message: answer.id.clone(),
                phase: Phase::Queued,
            });
        }
        self.submit(Job::Generate(Box::new(GenerateJob {
            ticket,
            model,
            threads: settings.engine_threads(),
            turns,
            params: settings.generation_params(),
            stop,
            sent_at: Instant::now(),
        })));
        Ok(SentMessage {
            row: core.row(conversation),
            question: core.shown(question),
            answer: core.shown(answer),
        })
    }

    /// Ends the chat's answer after the current token; its text is kept. Nothing happens when
    /// it does not write.
    pub fn stop(&self, id: &ConversationId) {
        if let Some(answer) = lock(&self.core.answers).get(id) {
            answer.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Gives a chat a title, which no automatic one replaces.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn rename(&self, id: &ConversationId, title: &str) -> Result<ChatRow, AppError> {
        self.core.history.rename(id, title)?;
        Ok(self.core.row(self.core.history.conversation(id)?))
    }

    /// Takes a chat off the list; [`App::restore`] brings it back.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn delete(&self, id: &ConversationId) -> Result<(), AppError> {
        self.stop(id);
        Ok(self.core.history.delete(id)?)
    }

    /// Brings a deleted chat back.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn restore(&self, id: &ConversationId) -> Result<ChatRow, AppError> {
        self.core.history.restore(id)?;
        Ok(self.core.row(self.core.history.conversation(id)?))
    }

    /// The person's settings.
    pub fn settings(&self) -> Settings {
        lock(&self.core.settings).clone()
    }

    /// Checks and stores the settings; answers started later use them.
    ///
    /// # Errors
    /// [`AppError::Setting`] for a value out of range, [`AppError::History`].
    pub fn set_settings(&self, settings: Settings) -> Result<(), AppError> {
        settings.validate()?;
        let json = serde_json::to_string(&settings).expect("plain numbers and texts become JSON");
        self.core.history.set_setting(SETTINGS_KEY, &json)?;
        *lock(&self.core.settings) = settings;
        Ok(())
    }

    /// Every model that can be chosen, the Guide first.
    pub fn models(&self) -> Vec<ModelInfo> {
        self.core.models()
    }

    /// Makes a model the one for new chats, and for one existing chat if given, and starts
    /// reading it into memory.
    ///
    /// # Errors
    /// [`AppError::UnknownModel`], [`AppError::ModelMissing`], [`AppError::Load`] when its file
    /// is not one Tern can open, [`AppError::History`].
    pub fn select_model(
        &self,
        id: &str,
        conversation: Option<&ConversationId>,
    ) -> Result<Vec<ModelInfo>, AppError> {
        let model = self.core.model(id)?;
        model.source()?;
        if let Some(conversation) = conversation {
            self.core.history.set_model(conversation, id)?;
            self.core.emit_row(conversation);
        }
        self.core.history.set_setting(SELECTED_MODEL_KEY, id)?;
        *lock(&self.core.selected_model) = model.id.clone();
        self.warm(model);
        Ok(self.core.models())
    }

    /// Adds a model file or folder to the list, used where it lies.
    ///
    /// # Errors
    /// [`AppError::Models`] when it is not a model, [`AppError::Load`] when it is one Tern
    /// can't open.
    pub fn open_model(&self, path: &Path) -> Result<ModelInfo, AppError> {
        let source = tern_engine::ModelSource::from_path(path)?;
        // Reads the header only, so a foreign or damaged file is refused before it is listed.
        tern_engine::inspect(&source)?;
        let added = lock(&self.core.shelf).add(path)?;
        self.core.emit(AppEvent::ModelsChanged(self.core.models()));
        self.core.model(added.id.as_str())
    }

    /// Takes a model off the list; its file stays where it is. New chats use the Guide if
    /// it was the selected one; chats that used it say so when they are asked again.
    ///
    /// # Errors
    /// [`AppError::Models`], [`AppError::History`].
    pub fn forget_model(&self, id: &str) -> Result<Vec<ModelInfo>, AppError> {
        lock(&self.core.shelf).remove(&ModelId::new(id))?;
        if *lock(&self.core.selected_model) == id {
            self.core
                .history
                .set_setting(SELECTED_MODEL_KEY, GUIDE_ID)?;
            *lock(&self.core.selected_model) = GUIDE_ID.to_owned();
        }
        self.submit(Job::Unload {
            model_id: id.to_owned(),
        });
        Ok(self.core.models())
    }

    /// Memory and threads right now.
    pub fn status(&self) -> Status {
        self.core.status(None)
    }

    fn warm(&self, model: ModelInfo) {
        let threads = lock(&self.core.settings).engine_threads();
        self.submit(Job::Warm { model, threads });
    }

    fn submit(&self, job: Job) {
        if let Some(worker) = &self.worker {
            worker.submit(job);
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        lock(&self.core.answers).stop_all();
        self.worker = None;
        if let Some(deltas) = self.deltas.take() {
            let _ = deltas.join();
        }
    }
}

/// The stored settings; ones that can't be read give the defaults rather than no program.
fn stored_settings(history: &History) -> Result<Settings, HistoryError> {
    let Some(json) = history.setting(SETTINGS_KEY)? else {
        return Ok(Settings::default());
    };
    let settings = serde_json::from_str::<Settings>(&json).ok();
    let settings = settings.filter(|settings| settings.validate().is_ok());
    if settings.is_none() {
        tracing::warn!("stored settings can't be read; using the defaults");
    }
    Ok(settings.unwrap_or_default())
}

/// A title from the first line that says something.
fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or(NEW_CHAT);
    if line.chars().count() <= TITLE_CHARS {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE_CHARS).collect();
    // A title ends with a word where there is one to end with.
    let whole = cut
        .rfind(' ')
        .filter(|&at| at > TITLE_CHARS / 2)
        .map_or(&*cut, |at| &cut[..at]);
    format!("{}…", whole.trim_end())
}
