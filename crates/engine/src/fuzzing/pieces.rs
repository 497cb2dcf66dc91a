//! `tokenizer.model` and `added_tokens.json`: sound ones, and ones with a few things wrong.

use serde_json::{Value as Json, json};

use super::{
    mutate::{self, word},
    random::Random,
};

/// What stands in a SentencePiece model.
#[derive(Clone)]
pub(super) struct Pieces {
    /// Text, score and kind of each piece.
    all: Vec<(String, f32, u64)>,
    /// Numbers and values of the trainer's settings, and of the normaliser's.
    settings: [Vec<(u64, u64)>; 2],
}

impl Pieces {
    /// A model as Llama 2 has it, with few words.
    pub(super) fn sound() -> Self {
        let control = |text: &str, kind| (text.to_owned(), 0.0, kind);
        let mut all = vec![control("<unk>", 2), control("<s>", 3), control("</s>", 3)];
        all.extend((0..256).map(|byte| (format!("<0x{byte:02X}>"), 0.0, 6)));
        let words = [
            "ab", "▁a", "abc", "▁abc", "▁ab", "▁▁", "▁", "a", "b", "c", "H", "e", "l", "o", "é",
        ];
        let scored = words.iter().enumerate();
        all.extend(scored.map(|(i, text)| ((*text).to_owned(), -(i as f32), 1)));
        Self {
            all,
            // BPE; a space in front, none taken away, all written as `▁`.
            settings: [vec![(3, 2)], vec![(3, 1), (4, 0), (5, 1)]],
        }
    }

    /// As protobuf's wire format has it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (text, score, kind) in &self.all {
            let mut piece = Vec::new();
            put_bytes(&mut piece, 1, text.as_bytes());
            put_varint(&mut piece, 2 << 3 | 5);
            piece.extend(score.to_le_bytes());
            put_varint(&mut piece, 3 << 3);
            put_varint(&mut piece, *kind);
            put_bytes(&mut bytes, 1, &piece);
        }
        for (settings, number) in self.settings.iter().zip(2..) {
            let mut message = Vec::new();
            for (number, value) in settings {
                put_varint(&mut message, number << 3);
                put_varint(&mut message, *value);
            }
            put_bytes(&mut bytes, number, &message);
        }
        bytes
    }

    fn spoil(&mut self, random: &mut Random) {
        // The last pieces are the words; breaking a byte's piece ends it all.
        let words = self.all.len().min(18);
        let first = if random.one_in(8) {
            0
        } else {
            self.all.len() - words
        };
        let pick = |random: &mut Random, all: &[_]| first + random.below(all.len() - first);
        if self.all.is_empty() {
            return;
        }
        let (at, other) = (pick(random, &self.all), pick(random, &self.all));
        match random.below(9) {
            0 => drop(self.all.remove(at)),
            1 => self.all.push(self.all[at].clone()),
            2 => self.all.swap(at, other),
            3 => self.all[at].0 = word(random),
            4 => {
                let joined = self.all[at].0.clone() + &self.all[other].0;
                self.all.push((joined, self.all[other].1, 1));
            }
            5 => self.all[at].1 = f32::from_bits(random.next() as u32),
            6 => self.all[at].2 = random.pick(&[1, 2, 3, 4, 5, 6, 7]),
            7 => {
                let settings = &mut self.settings[random.below(2)];
                settings.push((random.pick(&[2, 3, 4, 5, 24]), random.pick(&[0, 1, 2, 3])));
            }
            _ => self.all[at].0 = self.all[other].0.repeat(random.below(9)),
        }
    }
}

fn put_varint(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

fn put_bytes(bytes: &mut Vec<u8>, number: u64, inner: &[u8]) {
    put_varint(bytes, number << 3 | 2);
    put_varint(bytes, inner.len() as u64);
    bytes.extend(inner);
}

/// Faults in the pieces, then in the bytes.
pub(super) fn sentencepiece_model(random: &mut Random) -> Vec<u8> {
    let mut pieces = Pieces::sound();
    for _ in 0..random.below(6) {
        pieces.spoil(random);
    }
    let mut bytes = pieces.bytes();
    if random.one_in(3) {
        mutate::bytes(random, &mut bytes);
    }
    bytes
}

/// `added_tokens.json` beside the sound pieces.
pub(super) fn added_tokens(random: &mut Random) -> Vec<u8> {
    let mut seed: Json = json!({"<pad>": 274, "</line>": 275, "<|x|>": 276});
    if random.one_in(2) {
        seed[word(random)] = json!(random.edge() % 300);
    }
    mutate::json(random, &seed)
}
