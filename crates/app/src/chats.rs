//! Commands on chats: the list, what is in one, and what is found in all of them.

use tern_history::{Conversation, ConversationId, History, MessageId, Role, Shown};

use crate::live::lock;
use crate::{App, AppError, ChatOptions, ChatRow, ChatView, Draft, MessageText, SearchHit, answer};

/// Most messages found by one search.
const MOST_FOUND: usize = 50;

impl App {
    /// Every chat, temporary and archived ones included, the one changed last first.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn chats(&self) -> Result<Vec<ChatRow>, AppError> {
        let mut conversations = self.core.history.conversations()?;
        if let Some(temporary) = self.core.temporary_if_any() {
            conversations.extend(temporary.conversations()?);
            conversations.sort_by_key(|c| std::cmp::Reverse(c.updated_at_ms));
        }
        Ok(conversations
            .into_iter()
            .map(|c| self.core.row(c))
            .collect())
    }

    /// A chat with its messages, the text of a running answer included. With `through`, one of
    /// its messages, on a branch that leads through that one.
    ///
    /// # Errors
    /// [`AppError::History`], also when there is no such chat or message.
    pub fn chat(
        &self,
        id: &ConversationId,
        through: Option<&MessageId>,
    ) -> Result<ChatView, AppError> {
        if let Some(message) = through {
            self.lead_through(id, message)?;
        }
        self.view(id)
    }

    /// Shows the branch through a message, unless it is shown already. While an answer is
    /// written the branch stays, since the answer is at its end.
    fn lead_through(&self, id: &ConversationId, message: &MessageId) -> Result<(), AppError> {
        let _changing = lock(&self.changing);
        let history = self.core.of_chat(id);
        if !history.is_shown(id, message)? && history.message(message)?.conversation == *id {
            self.refuse_busy(id)?;
            history.show_version(message)?;
        }
        Ok(())
    }

    pub(crate) fn view(&self, id: &ConversationId) -> Result<ChatView, AppError> {
        // The live answer is looked at after the stored messages: if it ended in between, the
        // stored text is only older, and the event that ends it follows.
        let history = self.core.of_chat(id);
        let conversation = history.conversation(id)?;
        let options = ChatOptions::of(&conversation);
        let draft = history.draft(Some(id))?;
        let row = self.core.row(conversation);
        let stored = history.branch_with_versions(id)?;
        let answers = lock(&self.core.answers);
        let live = answers.get(id);
        let shown = |Shown { message, versions }: Shown| -> MessageText {
            match live.filter(|live| live.message.id == message.id) {
                Some(live) => {
                    let mut shown = answer::shown(live.message(), versions);
                    shown.next_seq = live.next_seq;
                    shown
                }
                None => answer::shown(message, versions),
            }
        };
        Ok(ChatView {
            row,
            messages: stored.into_iter().map(shown).collect(),
            options,
            draft: draft.as_deref().and_then(Draft::from_json),
        })
    }

    /// Gives a chat a title, which no automatic one replaces.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn rename(&self, id: &ConversationId, title: &str) -> Result<ChatRow, AppError> {
        self.change(id, |history| history.rename(id, title))
    }

    /// Keeps a chat at the top of the list, or no longer.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn set_pinned(&self, id: &ConversationId, pinned: bool) -> Result<ChatRow, AppError> {
        self.change(id, |history| history.set_pinned(id, pinned))
    }

    /// Takes a chat out of the list without deleting it, or brings it back.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn set_archived(&self, id: &ConversationId, archived: bool) -> Result<ChatRow, AppError> {
        self.change(id, |history| history.set_archived(id, archived))
    }

    /// Sets what a chat does otherwise than the settings say; answers begun later follow it.
    ///
    /// # Errors
    /// [`AppError::Setting`] for a value out of range, [`AppError::History`].
    pub fn set_chat_options(
        &self,
        id: &ConversationId,
        options: &ChatOptions,
    ) -> Result<(), AppError> {
        options.validate()?;
        self.store_options(id, options)
    }

    pub(crate) fn store_options(
        &self,
        id: &ConversationId,
        options: &ChatOptions,
    ) -> Result<(), AppError> {
        let history = self.core.of_chat(id);
        history.set_system_prompt(id, options.system_prompt.as_deref())?;
        Ok(history.set_options(id, options.sampling_json().as_deref())?)
    }

    fn change(
        &self,
        id: &ConversationId,
        change: impl FnOnce(&History) -> Result<(), tern_history::HistoryError>,
    ) -> Result<ChatRow, AppError> {
        let history = self.core.of_chat(id);
        change(history)?;
        Ok(self.core.row(history.conversation(id)?))
    }

    /// Copies a chat with all its branches.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn duplicate(&self, id: &ConversationId, title: &str) -> Result<ChatRow, AppError> {
        let copy = self.core.of_chat(id).duplicate(id, title)?;
        Ok(self.made_from(id, copy))
    }

    /// The row of a chat made from another one, which lives where that one does.
    pub(crate) fn made_from(&self, origin: &ConversationId, made: Conversation) -> ChatRow {
        if self.core.is_temporary(origin) {
            self.core.note_temporary(&made.id);
        }
        self.core.row(made)
    }

    /// Takes chats off the list; [`App::restore`] brings them back.
    ///
    /// # Errors
    /// [`AppError::History`]; then all of them are still there.
    pub fn delete(&self, ids: &[ConversationId]) -> Result<(), AppError> {
        for id in ids {
            self.stop(id);
        }
        let (temporary, stored) = self.by_home(ids);
        if let Some(history) = self.core.temporary_if_any() {
            history.delete_all(&temporary)?;
        }
        Ok(self.core.history.delete_all(&stored)?)
    }

    /// Brings deleted chats back; those that are gone for good are not among the answer.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn restore(&self, ids: &[ConversationId]) -> Result<Vec<ChatRow>, AppError> {
        let (temporary, stored) = self.by_home(ids);
        if let Some(history) = self.core.temporary_if_any() {
            history.restore_all(&temporary)?;
        }
        self.core.history.restore_all(&stored)?;
        let back = ids
            .iter()
            .filter_map(|id| self.core.of_chat(id).conversation(id).ok());
        Ok(back
            .map(|conversation| self.core.row(conversation))
            .collect())
    }

    /// (temporary chats, chats on disk)
    fn by_home(&self, ids: &[ConversationId]) -> (Vec<ConversationId>, Vec<ConversationId>) {
        ids.iter()
            .cloned()
            .partition(|id| self.core.is_temporary(id))
    }

    /// Keeps what stands in a chat's message box, a new chat's without one; none clears it.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn save_draft(
        &self,
        id: Option<&ConversationId>,
        draft: Option<Draft>,
    ) -> Result<(), AppError> {
        let history = id.map_or(&self.core.history, |id| self.core.of_chat(id));
        let json = draft.map(|draft| draft.to_json());
        Ok(history.set_draft(id, json.as_deref())?)
    }

    /// What was being written into a new chat's message box.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn new_chat_draft(&self) -> Result<Option<Draft>, AppError> {
        let json = self.core.history.draft(None)?;
        Ok(json.as_deref().and_then(Draft::from_json))
    }

    /// Messages on every branch of every chat that have all words of `query`, newest first.
    ///
    /// # Errors
    /// [`AppError::History`].
    pub fn search(&self, query: &str) -> Result<Vec<SearchHit>, AppError> {
        let mut found = self.core.history.search(query, MOST_FOUND)?;
        if let Some(temporary) = self.core.temporary_if_any() {
            found.extend(temporary.search(query, MOST_FOUND)?);
            found.sort_by_key(|hit| std::cmp::Reverse(hit.created_at_ms));
            found.truncate(MOST_FOUND);
        }
        let hits = found.into_iter().map(|found| SearchHit {
            row: self.core.row(found.conversation),
            message: found.message,
            role: found.role,
            created_at_ms: found.created_at_ms,
            snippet: found.snippet,
        });
        Ok(hits.filter(|hit| hit.role != Role::System).collect())
    }
}
