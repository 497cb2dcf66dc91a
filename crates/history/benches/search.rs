//! How long it takes to find something in a hundred thousand messages, and to show a chat of ten
//! thousand. The history lies in memory: the disk's share is that of reading a warm file.

#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a measurement is a failed measurement"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tern_history::{ConversationId, History, MessageState};

const EXCHANGES: usize = 50_000;
const EXCHANGES_A_CHAT: usize = 50;
const LONG_CHAT_EXCHANGES: usize = 5_000;
/// As many results as a window shows.
const LIMIT: usize = 50;

const VOCABULARY: usize = 50_000;
const CONSONANTS: &[u8] = b"bcdfghklmnprstvwxz";
const VOWELS: &[u8] = b"aeiou";

/// Text whose words are as frequent as those of prose (Zipf): the most frequent are short, and
/// every two letters begin frequent and rare ones.
struct Prose {
    /// Xorshift64*.
    state: u64,
    /// Sum of the frequencies up to each word.
    sums: Vec<f64>,
}

impl Prose {
    fn new() -> Self {
        let mut sum = 0.0;
        let sums = (1..=VOCABULARY).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        Self {
            state: 1,
            sums: sums.collect(),
        }
    }

    fn below(&mut self, n: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let bits = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        (bits % n as u64) as usize
    }

    /// So many words; a sentence ends now and then.
    fn text(&mut self, words: usize) -> String {
        let all = self.sums[VOCABULARY - 1];
        let mut text = String::new();
        for n in 0..words {
            let at = self.below(1 << 30) as f64 / f64::from(1 << 30) * all;
            text.push_str(&word(self.sums.partition_point(|&sum| sum < at)));
            text.push_str(if n % 12 == 11 { ".\n" } else { " " });
        }
        text
    }
}

/// The word of a rank, 0 the most frequent.
fn word(rank: usize) -> String {
    let syllables = CONSONANTS.len() * VOWELS.len();
    let mut word = String::new();
    let mut rest = rank;
    loop {
        let syllable = rest % syllables;
        word.push(char::from(CONSONANTS[syllable % CONSONANTS.len()]));
        word.push(char::from(VOWELS[syllable / CONSONANTS.len()]));
        rest /= syllables;
        if rest == 0 && (rank < 10 || word.len() > 2) {
            return word;
        }
    }
}

fn add_chat(history: &History, prose: &mut Prose, exchanges: usize) -> ConversationId {
    let chat = history.create_conversation("Chat", None).unwrap().id;
    for _ in 0..exchanges {
        let words = 5 + prose.below(35);
        let (_, answer) = history
            .append_exchange(&chat, &prose.text(words), None)
            .unwrap();
        let words = 40 + prose.below(360);
        history
            .finish(
                &answer.id,
                &prose.text(words),
                MessageState::Complete,
                None,
                None,
            )
            .unwrap();
    }
    chat
}

fn search(criterion: &mut Criterion) {
    let history = History::in_memory().unwrap();
    let mut prose = Prose::new();
    for _ in 0..EXCHANGES / EXCHANGES_A_CHAT {
        add_chat(&history, &mut prose, EXCHANGES_A_CHAT);
    }
    let queries = [
        ("common word", word(1)),
        ("common word of four letters", word(12)),
        ("rare word", word(VOCABULARY - 7)),
        ("two letters", word(5)),
        ("one letter", word(5)[..1].to_owned()),
        (
            "four words",
            format!("{} {} {} {}", word(30), word(300), word(2), word(50)),
        ),
        ("phrase", format!("\"{} {}\"", word(20), word(3))),
        ("no hit", "qqq".to_owned()),
        (
            "no hit of two common words",
            format!("\"{} {} {0} {1} {0} {1}\"", word(1), word(12)),
        ),
    ];
    let mut group = criterion.benchmark_group("search in 100,000 messages");
    for (name, query) in &queries {
        let found = history.search(query, LIMIT).unwrap().len();
        group.bench_function(format!("{name} ({found} found)"), |bencher| {
            bencher.iter(|| history.search(black_box(query), LIMIT).unwrap());
        });
    }
    group.finish();
}

fn show(criterion: &mut Criterion) {
    let history = History::in_memory().unwrap();
    let chat = add_chat(&history, &mut Prose::new(), LONG_CHAT_EXCHANGES);
    criterion.bench_function("branch_with_versions of 10,000 messages", |bencher| {
        bencher.iter(|| history.branch_with_versions(black_box(&chat)).unwrap());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = show, search
}
criterion_main!(benches);
