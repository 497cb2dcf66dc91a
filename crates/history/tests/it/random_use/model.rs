//! What the history has to say, so simple that it can't be wrong.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use tern_history::{Conversation, ConversationId, History, Message, MessageId, MessageState, Role};

use crate::sqlite;

pub(super) struct Chat {
    pub(super) id: ConversationId,
    pub(super) title: String,
    pub(super) title_is_manual: bool,
    pub(super) pinned: bool,
    pub(super) deleted: bool,
    pub(super) active_leaf: Option<MessageId>,
    pub(super) draft: Option<String>,
    /// Place in the order of changes.
    pub(super) updated: usize,
}

/// What the history has to say, kept in plain vectors.
#[derive(Default)]
pub(super) struct Model {
    pub(super) chats: Vec<Chat>,
    /// In the order they came, with the parents they were given, deleted or not.
    pub(super) messages: Vec<Message>,
    pub(super) deleted: HashSet<MessageId>,
    pub(super) settings: [Option<String>; 4],
    pub(super) changes: usize,
}

impl Model {
    pub(super) fn chat(&mut self, n: usize) -> Option<&mut Chat> {
        let count = self.chats.len();
        (count > 0).then(|| &mut self.chats[n % count])
    }

    /// One of the messages that are not deleted.
    pub(super) fn message(&self, n: usize, role: Option<Role>) -> Option<Message> {
        let fits = |message: &&Message| {
            !self.deleted.contains(&message.id) && role.is_none_or(|role| message.role == role)
        };
        let fitting: Vec<&Message> = self.messages.iter().filter(fits).collect();
        (!fitting.is_empty()).then(|| fitting[n % fitting.len()].clone())
    }

    pub(super) fn stored(&mut self, id: &MessageId) -> &mut Message {
        self.messages.iter_mut().find(|m| m.id == *id).unwrap()
    }

    /// The nearest message that is not deleted, from this one upwards.
    pub(super) fn living(&self, mut id: Option<MessageId>) -> Option<MessageId> {
        while let Some(deleted) = id.take_if(|id| self.deleted.contains(id)) {
            let message = self.messages.iter().find(|m| m.id == deleted);
            id = message.unwrap().parent.clone();
        }
        id
    }

    /// The message as it is shown.
    pub(super) fn shown(&self, message: &Message) -> Message {
        Message {
            parent: self.living(message.parent.clone()),
            ..message.clone()
        }
    }

    /// Every message that is not deleted, as it is shown.
    pub(super) fn all_shown(&self) -> Vec<Message> {
        let living = self
            .messages
            .iter()
            .filter(|m| !self.deleted.contains(&m.id));
        living.map(|message| self.shown(message)).collect()
    }

    pub(super) fn chat_of(&mut self, message: &Message) -> &mut Chat {
        let mut chats = self.chats.iter_mut();
        chats.find(|chat| chat.id == message.conversation).unwrap()
    }

    pub(super) fn touch(&mut self, message: &Message) {
        self.changes += 1;
        let changes = self.changes;
        self.chat_of(message).updated = changes;
    }

    pub(super) fn answer_added(&mut self, answer: Message) {
        self.touch(&answer);
        self.chat_of(&answer).active_leaf = Some(answer.id.clone());
        self.messages.push(answer);
    }

    /// The newest message in the subtree of `root`: messages lie in the order they came.
    pub(super) fn newest_below(&self, root: &MessageId) -> MessageId {
        let shown = self.all_shown();
        let find = |id: &MessageId| shown.iter().find(|m| m.id == *id);
        let is_below = |message: &&Message| {
            let mut above = Some(*message);
            while let Some(message) = above.filter(|message| message.id != *root) {
                above = message.parent.as_ref().and_then(find);
            }
            above.is_some()
        };
        shown.iter().rev().find(is_below).unwrap().id.clone()
    }

    pub(super) fn path_to(&self, leaf: Option<&MessageId>) -> Vec<Message> {
        let shown = self.all_shown();
        let mut path = Vec::new();
        let mut next = leaf;
        while let Some(id) = next {
            let message = shown.iter().find(|m| m.id == *id).unwrap();
            path.push(message.clone());
            next = message.parent.as_ref();
        }
        path.reverse();
        path
    }

    pub(super) fn branch(&self, chat: &Chat) -> Vec<Message> {
        self.path_to(chat.active_leaf.as_ref())
    }

    pub(super) fn versions(&self, message: &Message) -> Vec<Message> {
        let mut shown = self.all_shown();
        shown.retain(|other| {
            (&other.conversation, &other.parent) == (&message.conversation, &message.parent)
        });
        shown
    }

    /// Takes up a copy of `messages`, once it is what was copied. The new ids are the history's
    /// to choose; the database has them in the order of the originals.
    pub(super) fn take_copy(
        &mut self,
        history: &History,
        folder: &Path,
        copy: &Conversation,
        messages: &[Message],
        leaf: Option<&MessageId>,
    ) {
        let connection = sqlite(folder);
        let mut statement = connection
            .prepare("SELECT id FROM messages WHERE conversation_id = ?1 ORDER BY seq")
            .unwrap();
        let ids = statement.query_map([copy.id.as_str()], |row| row.get(0));
        let ids: Vec<String> = ids.unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(ids.len(), messages.len());
        let originals = messages.iter().map(|message| message.id.clone());
        let ids: HashMap<MessageId, MessageId> =
            originals.zip(ids.into_iter().map(MessageId::new)).collect();
        for message in messages {
            let state = match message.state {
                MessageState::Writing => MessageState::Interrupted,
                state => state,
            };
            let expected = Message {
                id: ids[&message.id].clone(),
                conversation: copy.id.clone(),
                parent: message.parent.as_ref().map(|parent| ids[parent].clone()),
                state,
                ..message.clone()
            };
            assert_eq!(history.message(&expected.id).unwrap(), expected);
            self.messages.push(expected);
        }
        self.changes += 1;
        self.chats.push(Chat {
            id: copy.id.clone(),
            title: "copy".to_owned(),
            title_is_manual: copy.title_is_manual,
            pinned: false,
            deleted: false,
            active_leaf: leaf.map(|leaf| ids[leaf].clone()),
            draft: None,
            updated: self.changes,
        });
    }
}
