//! kill -9 at random points: nothing that was acknowledged is lost.
//!
//! The test starts its own binary again as a writer, which tells over a pipe what the history
//! has acknowledged, and kills it. Texts follow from ids, so the killer knows what has to be
//! there.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::{TempDir, tempdir};
use tern_history::{ConversationId, History, HistoryError, Message, MessageId, MessageState, Role};

use crate::{Rng, assert_sound};

const WRITER: &str = "crash_consistency::writer_to_be_killed";
/// Begins each acknowledgement, so that the test runner's own lines are told apart.
const MARK: &str = "> ";
const FOLDER_VARIABLE: &str = "TERN_CRASH_FOLDER";
const SEED_VARIABLE: &str = "TERN_CRASH_SEED";

/// Most acknowledgements a writer is allowed before it is killed.
const MOST_LINES: usize = 40;
/// Longest wait after the last of them, in microseconds: a few transactions.
const MOST_WAIT: usize = 4_000;
/// The same for a writer that is killed while it starts.
const MOST_START_WAIT: usize = 20_000;
/// Lives in one folder, before a new one lets the first start be hit again.
const LIVES: u64 = 15;

#[test]
fn acknowledged_messages_survive_kills() {
    kill_writers(30);
}

#[test]
#[ignore = "ten thousand kills; TERN_FULL_KILLS sets another number"]
fn acknowledged_messages_survive_ten_thousand_kills() {
    let kills = env::var("TERN_FULL_KILLS").map_or(10_000, |n| n.parse().unwrap());
    kill_writers(kills);
}

fn kill_writers(kills: u64) {
    let seed = env::var(SEED_VARIABLE).map_or(1, |seed| seed.parse().unwrap());
    let mut rng = Rng::new(seed);
    let mut witness = Witness::new();
    let (mut exchanges, mut half_answers) = (0, 0);
    for kill in 0..kills {
        witness.let_live_and_kill(&mut rng);
        // Every third time the next writer finds what the kill left, before anybody repairs it.
        if rng.below(3) > 0 {
            witness.check();
        }
        if kill % LIVES == LIVES - 1 || kill + 1 == kills {
            half_answers += witness.check();
            exchanges += witness.promised.questions.len() as u64;
            witness = Witness::new();
        }
    }
    println!("{kills} kills, {exchanges} exchanges acknowledged, {half_answers} half answers kept");
    assert!(
        exchanges > kills,
        "the writers hardly wrote: {exchanges} exchanges"
    );
    assert!(
        half_answers > kills / 8,
        "the kills missed the answers: {half_answers}"
    );
}

/// What writers have been promised in one folder.
struct Witness {
    folder: TempDir,
    promised: Promised,
}

#[derive(Default)]
struct Promised {
    titles: HashMap<String, u64>,
    deleted: Vec<String>,
    /// Question id, with its chat.
    questions: HashMap<String, String>,
    /// Questions about to be deleted, and whether that was acknowledged.
    gone: HashMap<String, bool>,
    drafts: HashMap<String, u64>,
    /// Answer id: bytes of text, and whether the end was acknowledged.
    answers: HashMap<String, (usize, bool)>,
    setting: u64,
}

impl Witness {
    fn new() -> Self {
        Self {
            folder: tempdir().unwrap(),
            promised: Promised::default(),
        }
    }

    /// Starts a writer, notes what it is promised, and kills it somewhere.
    fn let_live_and_kill(&mut self, rng: &mut Rng) {
        let mut writer = Command::new(env::current_exe().unwrap())
            .args(["--exact", WRITER, "--ignored", "--nocapture"])
            .env(FOLDER_VARIABLE, self.folder.path())
            .env(SEED_VARIABLE, rng.next().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = BufReader::new(writer.stdout.take().unwrap());
        let mut said = String::new();
        // One in five dies while it opens the history, or before.
        let lines = rng.below(MOST_LINES * 5 / 4).saturating_sub(MOST_LINES / 4);
        let most_wait = if lines == 0 {
            MOST_START_WAIT
        } else {
            MOST_WAIT
        };
        let mut heard = 0;
        while heard < lines {
            let start = said.len();
            if pipe.read_line(&mut said).unwrap() == 0 {
                break;
            }
            heard += usize::from(said[start..].starts_with(MARK));
        }
        thread::sleep(Duration::from_micros(rng.below(most_wait) as u64));
        writer.kill().unwrap();
        let status = writer.wait().unwrap();
        pipe.read_to_string(&mut said).unwrap();
        // 101: a panic, so an error instead of an acknowledgement.
        assert_ne!(status.code(), Some(101), "the writer failed:\n{said}");
        // A line without its end was not said.
        let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for line in whole.lines().filter_map(|line| line.strip_prefix(MARK)) {
            self.promised.note(line);
        }
    }

    /// Opens the history and looks for everything that was promised. Returns how many answers
    /// were cut off.
    fn check(&self) -> u64 {
        let promised = &self.promised;
        let history = History::open(self.folder.path()).unwrap();
        for (chat, number) in &promised.titles {
            let conversation = match history.conversation(&ConversationId::new(chat)) {
                // A deletion may be on disk without having been acknowledged.
                Err(HistoryError::NotFound { .. }) => continue,
                conversation => conversation.unwrap(),
            };
            assert!(!promised.deleted.contains(chat), "{chat} is back");
            let stored: u64 = conversation.title.parse().unwrap();
            assert!(
                stored >= *number,
                "title {stored} of {chat} is older than {number}"
            );
            history.branch_with_versions(&conversation.id).unwrap();
            let draft = history.draft(Some(&conversation.id)).unwrap();
            let draft: u64 = draft.map_or(0, |draft| draft.parse().unwrap());
            assert!(draft >= promised.drafts.get(chat).copied().unwrap_or(0));
            let found = history.search(chat, usize::MAX).unwrap();
            for (question, _) in promised.questions.iter().filter(|(_, of)| *of == chat) {
                let is_found = found.iter().any(|f| f.message.as_str() == question);
                match promised.gone.get(question) {
                    None => assert!(is_found, "{question} can't be found"),
                    Some(true) => assert!(!is_found, "{question} is found again"),
                    Some(false) => {}
                }
            }
        }
        for (question, chat) in &promised.questions {
            let message = match (
                history.message(&MessageId::new(question)),
                promised.gone.get(question),
            ) {
                (Err(HistoryError::NotFound { .. }), Some(_)) => continue,
                (Ok(_), Some(true)) => panic!("{question} is back"),
                (message, _) => message.unwrap(),
            };
            assert_eq!(message.conversation.as_str(), chat);
            assert_eq!(message.text, format!("question in {chat}"));
        }
        let mut half_answers = 0;
        for (answer, (bytes, ended)) in &promised.answers {
            let message = history.message(&MessageId::new(answer)).unwrap();
            let whole = answer_text(answer);
            assert!(
                whole.starts_with(&message.text),
                "{answer} has a foreign text"
            );
            assert!(
                message.text.len() >= *bytes,
                "{answer} lost acknowledged text"
            );
            match message.state {
                MessageState::Complete => assert_eq!(message.text, whole, "{answer}"),
                MessageState::Interrupted if !ended => half_answers += 1,
                state => panic!("{answer} is {state:?}, its end was acknowledged: {ended}"),
            }
        }
        let setting = history
            .setting("n")
            .unwrap()
            .map_or(0, |n| n.parse().unwrap());
        assert!(setting >= promised.setting);
        drop(history);
        assert_sound(self.folder.path());
        half_answers
    }
}

impl Promised {
    fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["title", chat, number] => {
                self.titles.insert(chat.to_owned(), number.parse().unwrap());
            }
            ["draft", chat, number] => {
                self.drafts.insert(chat.to_owned(), number.parse().unwrap());
            }
            ["going", question] => {
                self.gone.insert(question.to_owned(), false);
            }
            ["gone", question] => {
                self.gone.insert(question.to_owned(), true);
            }
            ["deleted", chat] => self.deleted.push(chat.to_owned()),
            ["exchange", chat, question, answer] => {
                self.questions.insert(question.to_owned(), chat.to_owned());
                self.answers.insert(answer.to_owned(), (0, false));
            }
            ["version", answer] => {
                self.answers.insert(answer.to_owned(), (0, false));
            }
            ["text", answer, bytes] => {
                self.answers
                    .insert(answer.to_owned(), (bytes.parse().unwrap(), false));
            }
            ["ended", answer, bytes] => {
                self.answers
                    .insert(answer.to_owned(), (bytes.parse().unwrap(), true));
            }
            ["setting", number] => self.setting = number.parse().unwrap(),
            _ => panic!("not an acknowledgement: {line}"),
        }
    }
}

/// The whole text of an answer: mostly short, sometimes over many pages of the file.
fn answer_text(id: &str) -> String {
    let mut rng = Rng::new(
        id.bytes()
            .fold(7, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte)),
    );
    let size = *rng.pick(&[1, 5, 20, 100, 3000]);
    format!("{id} ").repeat(1 + rng.below(size))
}

/// The process that is killed. Alone it has nothing to do.
#[test]
#[ignore = "started by the tests above"]
fn writer_to_be_killed() {
    let Some(folder) = env::var_os(FOLDER_VARIABLE).map(PathBuf::from) else {
        return;
    };
    let seed: u64 = env::var(SEED_VARIABLE).unwrap().parse().unwrap();
    // Ends the test runner's own line.
    println!();
    write_for_ever(&folder, &mut Rng::new(seed));
}

/// One line, in one write: all of it reaches the pipe or nothing.
fn acknowledge(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{MARK}{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn write_for_ever(folder: &Path, rng: &mut Rng) {
    let history = History::open(folder).unwrap();
    let mut number: u64 = history
        .setting("n")
        .unwrap()
        .map_or(0, |n| n.parse().unwrap());
    let mut last_answer = None;
    loop {
        number += 1;
        history.set_setting("n", &number.to_string()).unwrap();
        acknowledge(&format!("setting {number}"));
        let chats = history.conversations().unwrap();
        if chats.is_empty() || rng.below(10) == 0 {
            let chat = history
                .create_conversation(&number.to_string(), None)
                .unwrap();
            acknowledge(&format!("title {} {number}", chat.id));
            continue;
        }
        let chat = &rng.pick(&chats).id;
        let answer = match rng.below(14) {
            0 => {
                history.rename(chat, &number.to_string()).unwrap();
                acknowledge(&format!("title {chat} {number}"));
                continue;
            }
            1 if chats.len() > 2 => {
                history.delete(chat).unwrap();
                acknowledge(&format!("deleted {chat}"));
                last_answer = None;
                continue;
            }
            12 => {
                let draft = number.to_string();
                history.set_draft(Some(chat), Some(&draft)).unwrap();
                acknowledge(&format!("draft {chat} {number}"));
                continue;
            }
            13 => {
                let branch = history.branch(chat).unwrap();
                let questions: Vec<&Message> =
                    branch.iter().filter(|m| m.role == Role::User).collect();
                if !questions.is_empty() {
                    let question = &rng.pick(&questions).id;
                    acknowledge(&format!("going {question}"));
                    history.delete_message(question).unwrap();
                    acknowledge(&format!("gone {question}"));
                }
                continue;
            }
            2 if last_answer.is_some() => {
                let answer = history
                    .append_answer_version(last_answer.as_ref().unwrap(), None)
                    .unwrap();
                acknowledge(&format!("version {}", answer.id));
                answer.id
            }
            _ => {
                let text = format!("question in {chat}");
                let (question, answer) = history.append_exchange(chat, &text, None).unwrap();
                acknowledge(&format!("exchange {chat} {} {}", question.id, answer.id));
                answer.id
            }
        };
        stream(&history, &answer, rng);
        last_answer = Some(answer);
    }
}

/// Writes an answer as the program does: the text so far a few times, then the end.
fn stream(history: &History, answer: &MessageId, rng: &mut Rng) {
    let whole = answer_text(answer.as_str());
    let mut bytes = 0;
    for _ in 0..rng.below(8) {
        bytes += rng.below(whole.len() - bytes);
        history.set_text(answer, &whole[..bytes]).unwrap();
        acknowledge(&format!("text {answer} {bytes}"));
    }
    history
        .finish(answer, &whole, MessageState::Complete, None, None)
        .unwrap();
    acknowledge(&format!("ended {answer} {}", whole.len()));
}
