//! Any sequence of calls against a model in memory that can't be wrong.

mod model;

use std::collections::HashSet;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::tempdir;
use tern_history::{
    Conversation, History, HistoryError, Message, MessageId, MessageState, MessageStats, Role,
    Versions,
};

use self::model::{Chat, Model};
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
    DeleteMessage(usize),
    RestoreMessage(usize),
    Edit(usize, String),
    Resume(usize),
    PinMessage(usize, bool),
    Duplicate(usize),
    BranchOff(usize),
    Draft(usize, Option<String>),
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
        3 => n().prop_map(Call::DeleteMessage),
        2 => n().prop_map(Call::RestoreMessage),
        1 => (n(), text()).prop_map(|(n, t)| Call::Edit(n, t)),
        2 => n().prop_map(Call::Resume),
        1 => (n(), any::<bool>()).prop_map(|(n, p)| Call::PinMessage(n, p)),
        1 => n().prop_map(Call::Duplicate),
        1 => n().prop_map(Call::BranchOff),
        1 => (n(), prop::option::of(text())).prop_map(|(n, d)| Call::Draft(n, d)),
        1 => Just(Call::Reopen),
    ];
    vec(call, 1..80)
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

fn apply(history: &History, folder: &Path, model: &mut Model, call: &Call) {
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
                draft: None,
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
            let Some((mut question, answer)) = added else {
                return;
            };
            let shown = model.shown(&earlier);
            assert_eq!((&question.parent, &question.text), (&shown.parent, text));
            question.parent = earlier.parent;
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
            let Some(mut answer) = added else { return };
            assert_eq!(answer.parent, model.shown(&earlier).parent);
            answer.parent = earlier.parent;
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
            model.stored(&message.id).text.clone_from(text);
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
            let stored = model.stored(&message.id);
            (stored.text, stored.state) = (text.clone(), *state);
            (stored.stats, stored.error) = (Some(stats), Some("e".to_owned()));
        }
        Call::Set(key, value) => {
            history.set_setting(&key.to_string(), value).unwrap();
            model.settings[usize::from(*key)] = Some(value.clone());
        }
        Call::DeleteMessage(n) => {
            let Some(message) = model.message(*n, None) else {
                return;
            };
            let result = history.delete_message(&message.id);
            if !model.chat_of(&message).deleted && message.state == MessageState::Writing {
                assert!(matches!(result, Err(HistoryError::StillWriting { .. })));
                return;
            }
            if expect(result, model.chat_of(&message).deleted).is_none() {
                return;
            }
            model.deleted.insert(message.id.clone());
            let leaf = model.chat_of(&message).active_leaf.clone();
            let leaf = model.living(leaf);
            model.chat_of(&message).active_leaf = leaf;
        }
        Call::RestoreMessage(n) => {
            let mut deleted = model.messages.clone();
            deleted.retain(|message| model.deleted.contains(&message.id));
            if deleted.is_empty() {
                return;
            }
            let message = &deleted[n % deleted.len()];
            let result = history.restore_message(&message.id);
            if expect(result, model.chat_of(message).deleted).is_none() {
                return;
            }
            model.deleted.remove(&message.id);
            let parent = model.living(message.parent.clone());
            if model.chat_of(message).active_leaf == parent {
                model.chat_of(message).active_leaf = Some(message.id.clone());
            }
        }
        Call::Edit(n, text) => {
            let Some(message) = model.message(*n, Some(Role::Assistant)) else {
                return;
            };
            let result = history.edit_answer(&message.id, text);
            if !model.chat_of(&message).deleted && message.state == MessageState::Writing {
                assert!(matches!(result, Err(HistoryError::StillWriting { .. })));
                return;
            }
            if expect(result, model.chat_of(&message).deleted).is_some() {
                let stored = model.stored(&message.id);
                (stored.text, stored.edited) = (text.clone(), true);
            }
        }
        Call::Resume(n) => {
            let Some(message) = model.message(*n, Some(Role::Assistant)) else {
                return;
            };
            let result = history.resume_answer(&message.id);
            let chat = model.chat_of(&message);
            let is_last = chat.active_leaf.as_ref() == Some(&message.id);
            if !chat.deleted && message.state == MessageState::Writing {
                assert!(matches!(result, Err(HistoryError::StillWriting { .. })));
            } else if !chat.deleted && !is_last {
                assert!(matches!(result, Err(HistoryError::NotLast { .. })));
            } else if let Some(resumed) = expect(result, chat.deleted) {
                let stored = model.stored(&message.id);
                stored.state = MessageState::Writing;
                (stored.stats, stored.error) = (None, None);
                let stored = stored.clone();
                assert_eq!(resumed, model.shown(&stored));
            }
        }
        Call::PinMessage(n, pinned) => {
            let Some(message) = model.message(*n, None) else {
                return;
            };
            let deleted = model.chat_of(&message).deleted;
            if expect(history.set_message_pinned(&message.id, *pinned), deleted).is_some() {
                model.stored(&message.id).pinned = *pinned;
            }
        }
        Call::Duplicate(n) => {
            let Some(chat) = model.chat(*n) else { return };
            let (id, leaf) = (chat.id.clone(), chat.active_leaf.clone());
            let Some(copy) = expect(history.duplicate(&id, "copy"), chat.deleted) else {
                return;
            };
            let mut messages = model.all_shown();
            messages.retain(|message| message.conversation == id);
            model.take_copy(history, folder, &copy, &messages, leaf.as_ref());
        }
        Call::BranchOff(n) => {
            let Some(message) = model.message(*n, None) else {
                return;
            };
            let deleted = model.chat_of(&message).deleted;
            let Some(copy) = expect(history.branch_off(&message.id, "copy"), deleted) else {
                return;
            };
            let path = model.path_to(Some(&message.id));
            model.take_copy(history, folder, &copy, &path, Some(&message.id));
        }
        Call::Draft(n, draft) => {
            let Some(chat) = model.chat(*n) else { return };
            let result = history.set_draft(Some(&chat.id), draft.as_deref());
            if expect(result, chat.deleted).is_some() {
                chat.draft.clone_from(draft);
            }
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
        let branch = model.branch(chat);
        assert_eq!(history.branch(&chat.id).unwrap(), branch);
        assert_eq!(history.draft(Some(&chat.id)).unwrap(), chat.draft);
        let shown = history.branch_with_versions(&chat.id).unwrap();
        assert_eq!(shown.len(), branch.len());
        for (shown, message) in shown.iter().zip(&branch) {
            assert_eq!(shown.message, *message);
            let versions: Vec<MessageId> =
                model.versions(message).into_iter().map(|m| m.id).collect();
            let at = versions.iter().position(|id| *id == message.id).unwrap();
            let expected = Versions {
                position: at + 1,
                count: versions.len(),
                previous: at.checked_sub(1).map(|at| versions[at].clone()),
                next: versions.get(at + 1).cloned(),
            };
            assert_eq!(shown.versions, expected);
        }
    }
    for message in &model.messages {
        let stored = history.message(&message.id);
        if model.deleted.contains(&message.id) {
            assert!(matches!(stored, Err(HistoryError::NotFound { .. })));
            continue;
        }
        let message = model.shown(message);
        assert_eq!(stored.unwrap(), message);
        let versions = history.versions(&message.id).unwrap();
        assert_eq!(versions, model.versions(&message));
    }
    compare_search(history, model, &live);
    for (key, value) in model.settings.iter().enumerate() {
        assert_eq!(history.setting(&key.to_string()).unwrap(), *value);
    }
}

/// Every message of a live chat that has ended is found by each of its words, and no other.
fn compare_search(history: &History, model: &Model, live: &[&Chat]) {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let folded = words.map(|word| word.to_lowercase().replace('\u{e9}', "e"));
        folded.filter(|word| !word.is_empty()).collect()
    };
    let mut searched: Vec<Message> = model.all_shown();
    searched.retain(|message| {
        message.state != MessageState::Writing
            && live.iter().any(|chat| chat.id == message.conversation)
    });
    let queries: HashSet<String> = searched.iter().flat_map(|m| words(&m.text)).collect();
    for query in &queries {
        let has_it = |m: &&Message| words(&m.text).iter().any(|word| word.starts_with(query));
        let expected: Vec<&MessageId> = searched
            .iter()
            .rev()
            .filter(has_it)
            .map(|m| &m.id)
            .collect();
        let found = history.search(query, usize::MAX).unwrap();
        assert_eq!(
            found.iter().map(|f| &f.message).collect::<Vec<_>>(),
            expected,
            "{query}"
        );
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
            apply(&history, folder.path(), &mut model, call);
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
