//! Copies of conversations, whole or of one branch.

use std::collections::HashMap;

use crate::conversations::{insert_conversation, read_conversation};
use crate::error::Fault;
use crate::history::Change;
use crate::messages::{conversation_of, insert, messages_at};
use crate::tree::Tree;
use crate::{
    Absent, Conversation, ConversationId, History, HistoryError, Message, MessageId, MessageState,
    title,
};

impl History {
    /// Copies a conversation with all versions of its messages, the same branch shown, under a
    /// title cleaned as in [`create_conversation`](Self::create_conversation). Messages keep
    /// their times and get ids of their own; deleted ones are left out, answers being written
    /// become [`MessageState::Interrupted`]. The copy keeps model, system prompt and options, and
    /// is neither pinned nor archived.
    ///
    /// # Errors
    /// [`HistoryError::NotFound`], or what the disk says; then nothing was copied.
    pub fn duplicate(
        &self,
        id: &ConversationId,
        title: &str,
    ) -> Result<Conversation, HistoryError> {
        self.write(|change| {
            let original = read_conversation(change, id)?;
            let tree = Tree::load(change, id)?;
            let places: Vec<usize> = tree.living().collect();
            let leaf = original.active_leaf.as_ref();
            let leaf = leaf.and_then(|leaf| tree.find(leaf));
            copy(change, &original, title, &tree, &places, leaf)
        })
    }

    /// Makes a conversation of the branch that ends at a message, whether or not it is the one
    /// shown. Otherwise like [`duplicate`](Self::duplicate).
    ///
    /// # Errors
    /// [`HistoryError::NotFound`] when there is no such message, or it or its conversation is
    /// deleted, or what the disk says; then nothing was copied.
    pub fn branch_off(
        &self,
        message: &MessageId,
        title: &str,
    ) -> Result<Conversation, HistoryError> {
        self.write(|change| {
            let conversation = conversation_of(change, message)?;
            let original = read_conversation(change, &conversation)?;
            let tree = Tree::load(change, &conversation)?;
            let leaf = tree
                .find(message)
                .ok_or_else(|| Fault::absent(Absent::Message, message.as_str()))?;
            copy(
                change,
                &original,
                title,
                &tree,
                &tree.path_to(leaf),
                Some(leaf),
            )
        })
    }
}

/// Copies the messages at `places`, which come after the ones they follow.
fn copy(
    change: &Change<'_>,
    original: &Conversation,
    title: &str,
    tree: &Tree,
    places: &[usize],
    leaf: Option<usize>,
) -> Result<Conversation, Fault> {
    let fresh_id = |&place: &usize| (tree.node(place).id.clone(), MessageId::fresh());
    let ids: HashMap<MessageId, MessageId> = places.iter().map(fresh_id).collect();
    let copy = Conversation {
        id: ConversationId::fresh(),
        title: title::clean(title),
        created_at_ms: change.now_ms,
        updated_at_ms: change.now_ms,
        pinned: false,
        archived: false,
        active_leaf: leaf.map(|leaf| ids[&tree.node(leaf).id].clone()),
        ..original.clone()
    };
    insert_conversation(change, &copy)?;
    for message in messages_at(change, tree, places)? {
        insert(change, &renamed(message, &copy.id, &ids))?;
    }
    Ok(copy)
}

/// The message as one of another conversation. Ids of messages that are not in it stay.
fn renamed(
    mut message: Message,
    conversation: &ConversationId,
    ids: &HashMap<MessageId, MessageId>,
) -> Message {
    let new_id = |id: MessageId| ids.get(&id).cloned().unwrap_or(id);
    message.id = new_id(message.id);
    message.parent = message.parent.map(new_id);
    message.conversation = conversation.clone();
    if message.state == MessageState::Writing {
        message.state = MessageState::Interrupted;
    }
    if let Some(first) = message
        .stats
        .as_mut()
        .and_then(|stats| stats.first_seen.as_mut())
    {
        *first = new_id(MessageId::new(first.as_str())).as_str().to_owned();
    }
    message
}
