//! The tree of a conversation without its texts, with deleted messages skipped.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use crate::error::Fault;
use crate::{Absent, ConversationId, MessageId, rows};

/// Every message of a conversation, in the order they came.
pub(crate) struct Tree {
    nodes: Vec<Node>,
    places: HashMap<MessageId, usize>,
}

pub(crate) struct Node {
    pub(crate) seq: i64,
    pub(crate) id: MessageId,
    /// Place of the message it is shown after: the nearest one above it that is not deleted.
    pub(crate) parent: Option<usize>,
    is_deleted: bool,
}

impl Tree {
    pub(crate) fn load(
        connection: &Connection,
        conversation: &ConversationId,
    ) -> rusqlite::Result<Self> {
        // Two indexes answer these; the rows with their texts stay unread.
        let deleted: HashSet<i64> = connection
            .prepare_cached(
                "SELECT seq FROM messages
                 WHERE conversation_id = ?1 AND deleted_at_ms IS NOT NULL",
            )?
            .query_map([conversation.as_str()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut statement = connection.prepare_cached(
            "SELECT seq, id, parent_id FROM messages INDEXED BY messages_by_parent
             WHERE conversation_id = ?1 ORDER BY seq",
        )?;
        let mut found = statement.query([conversation.as_str()])?;
        let mut tree = Self {
            nodes: Vec::new(),
            places: HashMap::new(),
        };
        while let Some(row) = found.next()? {
            let seq = row.get(0)?;
            let parent = rows::optional_text(row, 2)?.map(MessageId::new);
            tree.push(seq, MessageId::new(rows::text(row, 1)?), parent, &deleted);
        }
        Ok(tree)
    }

    /// A parent comes before its children, so its own place is known. One that does not is
    /// damage and is passed over: no way up goes round in circles.
    fn push(&mut self, seq: i64, id: MessageId, parent: Option<MessageId>, deleted: &HashSet<i64>) {
        let above = parent.and_then(|parent| self.places.get(&parent).copied());
        let parent = match above {
            Some(place) if self.nodes[place].is_deleted => self.nodes[place].parent,
            above => above,
        };
        self.places.insert(id.clone(), self.nodes.len());
        self.nodes.push(Node {
            seq,
            id,
            parent,
            is_deleted: deleted.contains(&seq),
        });
    }

    /// Place of a message that is not deleted.
    pub(crate) fn find(&self, id: &MessageId) -> Option<usize> {
        let place = *self.places.get(id)?;
        (!self.nodes[place].is_deleted).then_some(place)
    }

    /// The same for a message that must be there.
    pub(crate) fn require(&self, id: &MessageId) -> Result<usize, Fault> {
        self.find(id)
            .ok_or_else(|| Fault::absent(Absent::Message, id.as_str()))
    }

    pub(crate) fn node(&self, place: usize) -> &Node {
        &self.nodes[place]
    }

    pub(crate) fn parent_id(&self, place: usize) -> Option<&MessageId> {
        let parent = self.nodes[place].parent?;
        Some(&self.nodes[parent].id)
    }

    /// Places of the messages that are not deleted.
    pub(crate) fn living(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|&place| !self.nodes[place].is_deleted)
    }

    /// From the first message to this one.
    pub(crate) fn path_to(&self, place: usize) -> Vec<usize> {
        let mut path = vec![place];
        let mut next = self.nodes[place].parent;
        while let Some(place) = next {
            path.push(place);
            next = self.nodes[place].parent;
        }
        path.reverse();
        path
    }

    /// The newest message that follows this one, or the message itself. It has none after it:
    /// they would be newer.
    pub(crate) fn newest_below(&self, place: usize) -> usize {
        let mut is_below = vec![false; self.nodes.len()];
        is_below[place] = true;
        let mut newest = place;
        for place in self.living().filter(|&other| other > place) {
            is_below[place] = self.nodes[place]
                .parent
                .is_some_and(|above| is_below[above]);
            if is_below[place] {
                newest = place;
            }
        }
        newest
    }

    /// Messages shown after the same one as this, itself included.
    pub(crate) fn family(&self, place: usize) -> Vec<usize> {
        let parent = self.nodes[place].parent;
        self.living()
            .filter(|&other| self.nodes[other].parent == parent)
            .collect()
    }

    /// Every family, by the message it is shown after.
    pub(crate) fn families(&self) -> HashMap<Option<usize>, Vec<usize>> {
        let mut families: HashMap<_, Vec<usize>> = HashMap::new();
        for place in self.living() {
            let parent = self.nodes[place].parent;
            families.entry(parent).or_default().push(place);
        }
        families
    }
}
