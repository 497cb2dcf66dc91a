//! Any sequence of calls against a model in memory that can't be wrong.

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::tempdir;
use tern_history::{
    Conversation, ConversationId, History, HistoryError, Message, MessageId, MessageState,
    MessageStats, Role,
};

use crate::assert_sound;

/// A call; numbers choose among what exists, modulo how many there are.
#[derive(Clone, Debug)]
enum Call {
    Create(String),
    Rename(usize, String),
    AutoTitle(usize, String),
    Pin(usize, bool),
    Delete(usize),
    Restore(usize),
    Ask(usize, String),
    AskAgain(usize, String),
    AnswerAgain(usize),
    Show(usize),
    SetText(usize, String),
    Finish(usize, String, MessageState),
    Set(u8, String),
    Reopen,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let n = || any::<usize>();
    let text = || "[ -~\\x00\u{e9}\u{1f426}\n]{0,12}";
    // Letters only: cleaning titles has its own tests.
    let title = || "[a-z]{1,8}";
    let state = prop::sample::select(vec![
        MessageState::Complete,
        MessageState::Stopped,
        MessageState::Failed,
    ]);
    let call = prop_oneof![
        2 => title().prop_map(Call::Create),
        1 => (n(), title()).prop_map(|(n, t)| Call::Rename(n, t)),
        1 => (n(), title()).prop_map(|(n, t)| Call::AutoTitle(n, t)),
        1 => (n(), any::<bool>()).prop_map(|(n, p)| Call::Pin(n, p)),
        1 => n().prop_map(Call::Delete),
        1 => n().prop_map(Call::Restore),
        6 => (n(), text()).prop_map(|(n, t)| Call::Ask(n, t)),
        2 => (n(), text()).prop_map(|(n, t)| Call::AskAgain(n, t)),
        3 => n().prop_map(Call::AnswerAgain),
        2 => n().prop_map(Call::Show),
        4 => (n(), text()).prop_map(|(n, t)| Call::SetText(n, t)),
        4 => (n(), text(), state).prop_map(|(n, t, s)| Call::Finish(n, t, s)),
        1 => (any::<u8>(), text()).prop_map(|(k, v)| Call::Set(k % 4, v)),
        1 => Just(Call::Reopen),
    ];
    vec(call, 1..60)
}

struct Chat {
    id: ConversationId,
    title: String,
    title_is_manual: bool,
    pinned: bool,
    deleted: bool,
    active_leaf: Option<MessageId>,
    /// Place in the order of changes.
    updated: usize,
}

/// What the history has to say, kept in plain vectors.
#[derive(Default)]
struct Model {
    chats: Vec<Chat>,
    messages: Vec<Message>,
    settings: [Option<String>; 4],
    changes: usize,
}

impl Model {
    fn chat(&mut self, n: usize) -> Option<&mut Chat> {
        let count = self.chats.len();
        (count > 0).then(|| &mut self.chats[n % count])
    }

    fn message(&self, n: usize, role: Option<Role>) -> Option<Message> {
        let fits = |message: &&Message| role.is_none_or(|role| message.role == role);
        let fitting: Vec<&Message> = self.messages.iter().filter(fits).collect();
        (!fitting.is_empty()).then(|| fitting[n % fitting.len()].clone())
    }

    fn chat_of(&mut self, message: &Message) -> &mut Chat {
        let mut chats = self.chats.iter_mut();
        chats.find(|chat| chat.id == message.conversation).unwrap()
    }

    fn touch(&mut self, message: &Message) {
        self.changes += 1;
        let changes = self.changes;
        self.chat_of(message).updated = changes;
    }

    fn answer_added(&mut self, answer: Message) {
        self.touch(&answer);
        self.chat_of(&answer).active_leaf = Some(answer.id.clone());
        self.messages.push(answer);
    }

    /// The newest message in the subtree of `root`: messages lie in the order they came.
    fn newest_below(&self, root: &MessageId) -> MessageId {
        let find = |id: &MessageId| self.messages.iter().find(|m| m.id == *id);
        let is_below = |message: &&Message| {
            let mut above = Some(*message);
            while let Some(message) = above.filter(|message| message.id != *root) {
                above = message.parent.as_ref().and_then(find);
            }
            above.is_some()
        };
        let mut newest_first = self.messages.iter().rev();
        newest_first.find(is_below).unwrap().id.clone()
    }

    fn branch(&self, chat: &Chat) -> Vec<Message> {
        let mut branch = Vec::new();
        let mut next = chat.active_leaf.as_ref();
        while let Some(id) = next {
            let message = self.messages.iter().find(|m| m.id == *id).unwrap();
            branch.push(message.clone());
            next = message.parent.as_ref();
        }
        branch.reverse();
        branch
    }
}

/// `Ok` for what exists and is not deleted, `NotFound` for the rest.
fn expect<T>(result: Result<T, HistoryError>, deleted: bool) -> Option<T> {
    match result {
        Err(HistoryError::NotFound { .. }) if deleted => None,
        Ok(value) if !deleted => Some(value),
        Ok(_) => panic!("a deleted chat was changed"),
        Err(error) => panic!("{error:?}"),
    }
}

fn apply(history: &History, model: &mut Model, call: &Call) {
    match call {
        Call::Create(title) => {
            let made = history.create_conversation(title, None).unwrap();
            model.changes += 1;
            model.chats.push(Chat {
                id: made.id,
                title: title.clone(),
                title_is_manual: false,
                pinned: false,
                deleted: false,
                active_leaf: None,
                updated: model.changes,
            });
        }
        Call::Rename(n, title) => {
            let Some(chat) = model.chat(*n) else { return };
            if expect(history.rename(&chat.id, title), chat.deleted).is_some() {
                (chat.title, chat.title_is_manual) = (title.clone(), true);
            }
        }
        Call::AutoTitle(n, title) => {
            let Some(chat) = model.chat(*n) else { return };
            let set = expect(history.set_title_if_auto(&chat.id, title), chat.deleted);
            if let Some(set) = set {
                assert_eq!(set, !chat.title_is_manual);
                if set {
                    chat.title.clone_from(title);
                }
            }
        }
        Call::Pin(n, pinned) => {
            let Some(chat) = model.chat(*n) else { return };
            if expect(history.set_pinned(&chat.id, *pinned), chat.deleted).is_some() {
                chat.pinned = *pinned;
            }
        }
        Call::Delete(n) => {
            let Some(chat) = model.chat(*n) else { return };
            expect(history.delete(&chat.id), chat.deleted);
            chat.deleted = true;
        }
        Call::Restore(n) => {
            let Some(chat) = model.chat(*n) else { return };
            history.restore(&chat.id).unwrap();
            chat.deleted = false;
        }
        Call::Ask(n, text) => {
            let Some(chat) = model.chat(*n) else { return };
            let added = expect(history.append_exchange(&chat.id, text, None), chat.deleted);
            let Some((question, answer)) = added else {
                return;
            };
            assert_eq!(
                (&question.parent, &question.text),
                (&chat.active_leaf, text)
            );
            model.messages.push(question);
            model.answer_added(answer);
        }
        Call::AskAgain(n, text) => {
            let Some(earlier) = model.message(*n, Some(Role::User)) else {
                return;
            };
            let deleted = model.chat_of(&earlier).deleted;
            let added = expect(
                history.append_question_version(&earlier.id, text, None),
                deleted,
            );
            let Some((question, answer)) = added else {
                return;
            };
            assert_eq!((&question.parent, &question.text), (&earlier.parent, text));
            model.messages.push(question);
            model.answer_added(answer);
        }
        Call::AnswerAgain(n) => {
            let Some(earlier) = model.message(*n, Some(Role::Assistant)) else {
                return;
            };
            let deleted = model.chat_of(&earlier).deleted;
            let added = expect(
                history.append_answer_version(&earlier.id, Some("M")),
                deleted,
            );
            let Some(answer) = added else { return };
            assert_eq!(answer.parent, earlier.parent);
            model.answer_added(answer);
        }
        Call::Show(n) => {
            let Some(message) = model.message(*n, None) else {
                return;
            };
            let deleted = model.chat_of(&message).deleted;
            if expect(history.show_version(&message.id), deleted).is_some() {
                let leaf = model.newest_below(&message.id);
                model.chat_of(&message).active_leaf = Some(leaf);
            }
        }
        Call::SetText(n, text) => {
            let Some(message) = model.message(*n, None) else {
                return;
            };
            let result = history.set_text(&message.id, text);
            match message.state {
                MessageState::Writing => result.unwrap(),
                _ => {
                    assert!(matches!(result, Err(HistoryError::NotWriting { .. })));
                    return;
                }
            }
            let stored = model.messages.iter_mut().find(|m| m.id == message.id);
            stored.unwrap().text.clone_from(text);
        }
        Call::Finish(n, text, state) => {
            let Some(message) = model.message(*n, Some(Role::Assistant)) else {
                return;
            };
            let stats = MessageStats {
                generated_tokens: 3,
                decode_seconds: 0.25,
                ..MessageStats::default()
            };
            history
                .finish(&message.id, text, *state, Some(&stats), Some("e"))
                .unwrap();
            model.touch(&message);
            let stored = model
                .messages
                .iter_mut()
                .find(|m| m.id == message.id)
                .unwrap();
            (stored.text, stored.state) = (text.clone(), *state);
            (stored.stats, stored.error) = (Some(stats), Some("e".to_owned()));
        }
        Call::Set(key, value) => {
            history.set_setting(&key.to_string(), value).unwrap();
            model.settings[usize::from(*key)] = Some(value.clone());
        }
        // Done by the caller, which owns the history.
        Call::Reopen => {}
    }
}

/// Everything the history says against everything the model knows.
fn compare(history: &History, model: &Model) {
    let mut live: Vec<&Chat> = model.chats.iter().filter(|chat| !chat.deleted).collect();
    live.sort_by_key(|chat| std::cmp::Reverse(chat.updated));
    let stored: Vec<Conversation> = history.conversations().unwrap();
    assert_eq!(stored.len(), live.len());
    for (stored, chat) in stored.iter().zip(&live) {
        assert_eq!((&stored.id, &stored.title), (&chat.id, &chat.title));
        assert_eq!(stored.title_is_manual, chat.title_is_manual);
        assert_eq!(
            (stored.pinned, &stored.active_leaf),
            (chat.pinned, &chat.active_leaf)
        );
        assert_eq!(history.branch(&chat.id).unwrap(), model.branch(chat));
    }
    for message in &model.messages {
        assert_eq!(history.message(&message.id).unwrap(), *message);
        let versions = history.versions(&message.id).unwrap();
        let expected = model.messages.iter().filter(|other| {
            (&other.conversation, &other.parent) == (&message.conversation, &message.parent)
        });
        assert!(versions.iter().eq(expected));
    }
    for (key, value) in model.settings.iter().enumerate() {
        assert_eq!(history.setting(&key.to_string()).unwrap(), *value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_loses_or_mixes_up_anything(calls in calls()) {
        let folder = tempdir().unwrap();
        let mut history = History::open(folder.path()).unwrap();
        let mut model = Model::default();
        for call in &calls {
            apply(&history, &mut model, call);
            if let Call::Reopen = call {
                drop(history);
                history = History::open(folder.path()).unwrap();
                for message in &mut model.messages {
                    if message.state == MessageState::Writing {
                        message.state = MessageState::Interrupted;
                    }
                }
            }
        }
        compare(&history, &model);
        drop(history);
        assert_sound(folder.path());
    }
}
