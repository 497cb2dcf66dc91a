//! Commands on messages: asking, answering, and the branches between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tern_history::{Attachment, Conversation, ConversationId, Message, MessageId, Role};

use crate::event::{AppEvent, Phase};
use crate::live::{LiveAnswer, lock};
use crate::prompt::{self, Prompt};
use crate::worker::{GenerateJob, Job};
use crate::{App, AppError, ChatOptions, ChatView, MessageText, ModelInfo, Question, SentMessage};

/// Longest title made from a first line, in characters.
const TITLE_CHARS: usize = 60;
/// What a chat is called before anything better is known.
const NEW_CHAT: &str = "New chat";

impl App {
    /// Writes the question and an empty answer to disk, queues the answer and returns both.
    /// Without a chat, makes one with the question's first line as its title; a temporary one
    /// is kept in memory only, and `options` are its own from the first answer on.
    ///
    /// # Errors
    /// [`AppError::EmptyMessage`], [`AppError::TooManyFiles`]; [`AppError::Busy`] while the same
    /// chat writes; [`AppError::UnknownModel`]; [`AppError::History`].
    pub fn send_message(
        &self,
        conversation: Option<&ConversationId>,
        question: &Question,
        temporary: bool,
        options: Option<&ChatOptions>,
    ) -> Result<SentMessage, AppError> {
        question.validate()?;
        options.map_or(Ok(()), ChatOptions::validate)?;
        let _changing = lock(&self.changing);
        let conversation = match conversation {
            Some(id) => {
                self.refuse_busy(id)?;
                self.core.of_chat(id).conversation(id)?
            }
            None => {
                let model = lock(&self.core.selected_model).clone();
                let made = self.new_chat(&title_of(question), &model, temporary)?;
                if let Some(options) = options {
                    self.store_options(&made.id, options)?;
                }
                made
            }
        };
        self.ask(&conversation, question)
    }

    fn new_chat(
        &self,
        title: &str,
        model: &str,
        temporary: bool,
    ) -> Result<Conversation, AppError> {
        if !temporary {
            return Ok(self.core.history.create_conversation(title, Some(model))?);
        }
        let made = self
            .core
            .temporary()?
            .create_conversation(title, Some(model))?;
        self.core.note_temporary(&made.id);
        Ok(made)
    }

    fn ask(
        &self,
        conversation: &Conversation,
        question: &Question,
    ) -> Result<SentMessage, AppError> {
        let model = self.chat_model(conversation)?;
        let history = self.core.of_chat(&conversation.id);
        let (question, answer) =
            history.append_exchange(&conversation.id, question.for_history(), Some(&model.name))?;
        self.begin(&conversation.id, model, question, answer)
    }

    /// Asks a question in another wording, as another version of it.
    ///
    /// # Errors
    /// As [`App::send_message`].
    pub fn edit_question(
        &self,
        earlier: &MessageId,
        question: &Question,
    ) -> Result<SentMessage, AppError> {
        question.validate()?;
        let _changing = lock(&self.changing);
        let history = self.core.of_message(earlier);
        let conversation = history.conversation(&history.conversation_of(earlier)?)?;
        self.refuse_busy(&conversation.id)?;
        let model = self.chat_model(&conversation)?;
        let (question, answer) =
            history.append_question_version(earlier, question.for_history(), Some(&model.name))?;
        self.begin(&conversation.id, model, question, answer)
    }

    /// Writes another version of an answer; the new one replaces it in the active branch.
    ///
    /// # Errors
    /// [`AppError::NotAnAnswer`]; otherwise as [`App::send_message`].
    pub fn retry_answer(&self, answer: &MessageId) -> Result<SentMessage, AppError> {
        let _changing = lock(&self.changing);
        let (_, question, model) = self.written_before(answer)?;
        let history = self.core.of_message(answer);
        let answer = history.append_answer_version(answer, Some(&model.name))?;
        self.begin(&answer.conversation.clone(), model, question, answer)
    }

    /// Goes on with an answer that ended early, in the same message.
    ///
    /// # Errors
    /// [`AppError::NotAnAnswer`], [`AppError::NotLast`]; otherwise as [`App::send_message`].
    pub fn continue_answer(&self, answer: &MessageId) -> Result<SentMessage, AppError> {
        let _changing = lock(&self.changing);
        let (old, question, model) = self.written_before(answer)?;
        let history = self.core.of_message(answer);
        let last = history.branch(&old.conversation)?.pop();
        if last.is_none_or(|last| last.id != *answer) {
            return Err(AppError::NotLast);
        }
        let answer = Message {
            // The figures so far are added to.
            stats: old.stats,
            ..history.resume_answer(answer)?
        };
        self.begin(&answer.conversation.clone(), model, question, answer)
    }

    /// An answer that is to be written again or on: itself, its question, and the chat's model.
    fn written_before(
        &self,
        answer: &MessageId,
    ) -> Result<(Message, Message, ModelInfo), AppError> {
        let history = self.core.of_message(answer);
        let old = history.message(answer)?;
        self.refuse_busy(&old.conversation)?;
        let question = self.question_of(&old)?;
        let model = self.chat_model(&history.conversation(&old.conversation)?)?;
        Ok((old, question, model))
    }

    /// The question an answer belongs to.
    fn question_of(&self, answer: &Message) -> Result<Message, AppError> {
        match (&answer.role, &answer.parent) {
            (Role::Assistant, Some(question)) => {
                Ok(self.core.of_message(question).message(question)?)
            }
            _ => Err(AppError::NotAnAnswer),
        }
    }

    pub(crate) fn refuse_busy(&self, id: &ConversationId) -> Result<(), AppError> {
        match lock(&self.core.answers).get(id) {
            Some(_) => Err(AppError::Busy),
            None => Ok(()),
        }
    }

    /// The chat's model, or the selected one for chats without.
    pub(crate) fn chat_model(&self, conversation: &Conversation) -> Result<ModelInfo, AppError> {
        let selected = || lock(&self.core.selected_model).clone();
        self.core
            .model(&conversation.model_id.clone().unwrap_or_else(selected))
    }

    /// Queues the answer the history already holds, after the text it has.
    fn begin(
        &self,
        id: &ConversationId,
        model: ModelInfo,
        question: Message,
        answer: Message,
    ) -> Result<SentMessage, AppError> {
        let core = &self.core;
        let settings = lock(&core.settings).clone();
        let history = core.of_chat(id);
        let conversation = history.conversation(id)?;
        let options = ChatOptions::of(&conversation);
        let mut branch = history.branch(id)?;
        branch.pop_if(|last| last.id == answer.id);
        let system_prompt = options
            .system_prompt
            .as_ref()
            .unwrap_or(&settings.system_prompt);
        let is_first = question.parent.is_none() && answer.text.is_empty();

        let ticket = core.next_ticket();
        let stop = Arc::new(AtomicBool::new(false));
        let waits = lock(&core.answers).any_running();
        lock(&core.answers).insert(LiveAnswer {
            ticket,
            message: answer.clone(),
            text: answer.text.clone(),
            begun: answer.text.clone(),
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
        let wants_title = settings.smart_titles && !conversation.title_is_manual;
        self.submit(Job::Generate(Box::new(GenerateJob {
            ticket,
            model,
            threads: settings.engine_threads(),
            prompt: Prompt::of(system_prompt, &branch),
            begun: answer.text.clone(),
            sampling: options.sampling.unwrap_or(settings.sampling),
            stop,
            sent_at: Instant::now(),
            titles: (is_first && wants_title).then(|| id.clone()),
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

    /// Replaces the text of an answer in place.
    ///
    /// # Errors
    /// [`AppError::Busy`] while its chat writes, [`AppError::History`].
    pub fn edit_answer(&self, id: &MessageId, text: &str) -> Result<MessageText, AppError> {
        let _changing = lock(&self.changing);
        let history = self.core.of_message(id);
        self.refuse_busy(&history.conversation_of(id)?)?;
        history.edit_answer(id, text)?;
        Ok(self.core.shown(history.message(id)?))
    }

    /// Takes one message out of its chat; what followed it stays. [`App::restore_message`]
    /// brings it back.
    ///
    /// # Errors
    /// [`AppError::Busy`] while its chat writes, [`AppError::History`].
    pub fn delete_message(&self, id: &MessageId) -> Result<ChatView, AppError> {
        self.change_tree(id, |history| history.delete_message(id))
    }

    /// Brings a deleted message back.
    ///
    /// # Errors
    /// As [`App::delete_message`].
    pub fn restore_message(&self, id: &MessageId) -> Result<ChatView, AppError> {
        self.change_tree(id, |history| history.restore_message(id))
    }

    /// Leads the branch that is shown through a version of a message.
    ///
    /// # Errors
    /// As [`App::delete_message`].
    pub fn show_version(&self, id: &MessageId) -> Result<ChatView, AppError> {
        self.change_tree(id, |history| history.show_version(id))
    }

    fn change_tree(
        &self,
        id: &MessageId,
        change: impl FnOnce(&tern_history::History) -> Result<(), tern_history::HistoryError>,
    ) -> Result<ChatView, AppError> {
        let _changing = lock(&self.changing);
        let history = self.core.of_message(id);
        let conversation = history.conversation_of(id)?;
        self.refuse_busy(&conversation)?;
        change(history)?;
        self.view(&conversation)
    }

    /// Keeps a message in what the model reads when older ones are left out, or no longer.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn set_message_pinned(&self, id: &MessageId, pinned: bool) -> Result<(), AppError> {
        Ok(self.core.of_message(id).set_message_pinned(id, pinned)?)
    }

    /// Makes a new chat of the branch up to a message.
    ///
    /// # Errors
    /// [`AppError::Busy`] while that message is written, [`AppError::History`].
    pub fn branch_off(&self, id: &MessageId, title: &str) -> Result<ChatView, AppError> {
        let history = self.core.of_message(id);
        let origin = history.conversation_of(id)?;
        let is_written = lock(&self.core.answers)
            .get(&origin)
            .is_some_and(|answer| answer.message.id == *id);
        if is_written {
            return Err(AppError::Busy);
        }
        let made = history.branch_off(id, title)?;
        let row = self.made_from(&origin, made);
        self.view(&row.id)
    }

    /// Starts a new chat with a summary of this one: `request` asks for it, and as much of the
    /// end of the chat as fits goes along as a file named after `title`.
    ///
    /// # Errors
    /// As [`App::send_message`].
    pub fn summarise(
        &self,
        id: &ConversationId,
        title: &str,
        request: &str,
    ) -> Result<SentMessage, AppError> {
        let history = self.core.of_chat(id);
        let conversation = history.conversation(id)?;
        let model = self.chat_model(&conversation)?;
        let branch = history.branch(id)?;
        let transcript = |from: usize| {
            let said = branch[from..].iter().map(|message| {
                let who = match message.role {
                    Role::Assistant => "Assistant",
                    Role::User | Role::System => "User",
                };
                let content = prompt::content(&message.text, &message.attachments);
                format!("{who}:\n{content}\n")
            });
            Question {
                text: request.to_owned(),
                attachments: vec![Attachment {
                    name: format!("{title}.md"),
                    text: said.collect::<Vec<_>>().join("\n"),
                }],
            }
        };
        let encoder = self.core.encoder(&model)?;
        // Half of what a prompt may take: the rest is for the summary and what follows it.
        let room = prompt::limit(&encoder) / 2;
        let tokens = |question: &Question| {
            let content = prompt::content(&question.text, &question.attachments);
            encoder.tokenizer().encode_plain(&content).len()
        };
        let mut from = branch.len();
        let mut question = transcript(from);
        while from > 0 {
            let more = transcript(from - 1);
            if tokens(&more) > room {
                break;
            }
            (from, question) = (from - 1, more);
        }
        question.validate()?;
        let _changing = lock(&self.changing);
        let made = self.new_chat(title, &model.id, self.core.is_temporary(id))?;
        self.ask(&made, &question)
    }
}

/// A title from the first line that says something, or the first file.
fn title_of(question: &Question) -> String {
    let mut lines = question.text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty());
    let file = question.attachments.first().map(|file| file.name.as_str());
    let line = line.or(file).unwrap_or(NEW_CHAT);
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
