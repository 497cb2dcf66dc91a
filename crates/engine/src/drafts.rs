//! Guessing what comes next from what the text already holds.
//!
//! Texts repeat themselves: names, code, quotes of the question. When the last three tokens were there before, what
//! followed them then is read together with the next token, which costs little more than reading that alone. Each
//! guess is held against the token that is drawn in the usual way, so the text is the same with and without; only the
//! time it takes differs. Where guesses do not pay, they rest.

use std::{collections::HashMap, time::Duration};

use crate::TokenId;

/// Tokens that must have been there before.
const GRAM: usize = 3;
/// Guesses to begin with, and the fewest and most at a time. With the token before them the most are as many as the
/// kernels serve without unpacking weights.
const USUAL: usize = 4;
const FEWEST: usize = 2;
const MOST: usize = tern_kernels::MOST_FEW - 1;
/// Weight of the newest figure in a running one.
const NEWEST: f64 = 0.2;
/// Drafts before their figures are believed.
const TRIALS: u32 = 3;
/// Tokens without drafts after they did not pay; twice as many each time in a row, up to the most.
const REST: u32 = 24;
const LONGEST_REST: u32 = 384;

/// A running figure.
#[derive(Clone, Copy, Debug, Default)]
struct Running(Option<f64>);

impl Running {
    fn add(&mut self, figure: f64) {
        self.0 = Some(match self.0 {
            None => figure,
            Some(before) => before + NEWEST * (figure - before),
        });
    }
}

/// The tokens of a text, and guesses of what follows them.
#[derive(Debug)]
pub(crate) struct Drafts {
    tokens: Vec<TokenId>,
    /// Where what followed three tokens lies, the last time they were there.
    after: HashMap<[TokenId; GRAM], usize>,
    /// How many to guess.
    width: usize,
    pay: Pay,
}

/// What steps cost, and whether drafts pay.
#[derive(Debug)]
struct Pay {
    /// Seconds of reading one token alone.
    single: Running,
    /// Seconds of a draft, and tokens it brought.
    draft: Running,
    brought: Running,
    /// Drafts since the figures began.
    trials: u32,
    /// Tokens until the next try.
    resting: u32,
    /// How long the next rest will be.
    rest: u32,
}

impl Drafts {
    /// Knows the tokens of a prompt.
    pub(crate) fn new(prompt: &[TokenId]) -> Self {
        let mut drafts = Self {
            tokens: Vec::with_capacity(prompt.len() + 256),
            after: HashMap::with_capacity(prompt.len() + 256),
            width: USUAL,
            pay: Pay {
                single: Running::default(),
                draft: Running::default(),
                brought: Running::default(),
                trials: 0,
                resting: 0,
                rest: REST,
            },
        };
        for &id in prompt {
            drafts.push(id);
        }
        drafts
    }

    /// The next token of the text.
    pub(crate) fn push(&mut self, id: TokenId) {
        // The last three are entered when it is known what follows, so that a look-up never finds them themselves.
        if let Some(gram) = self.tokens.last_chunk::<GRAM>() {
            self.after.insert(*gram, self.tokens.len());
        }
        self.tokens.push(id);
        self.pay.resting = self.pay.resting.saturating_sub(1);
    }

    /// At most `room` tokens that may come next, into `guesses`; none when nothing like it was there or drafts rest.
    pub(crate) fn propose(&self, room: usize, guesses: &mut Vec<TokenId>) {
        guesses.clear();
        if self.pay.resting > 0 {
            return;
        }
        let gram = self.tokens.last_chunk::<GRAM>();
        let Some(&from) = gram.and_then(|gram| self.after.get(gram)) else {
            return;
        };
        for i in 0..self.width.min(room) {
            // What was guessed is taken for text: a short repetition goes on.
            let known = self.tokens.get(from + i).copied();
            guesses.push(known.unwrap_or_else(|| guesses[from + i - self.tokens.len()]));
        }
    }

    /// One token was read alone in this time.
    pub(crate) fn read_single(&mut self, time: Duration) {
        self.pay.single.add(time.as_secs_f64());
    }

    /// A draft of so many guesses took this time, of which so many were right.
    pub(crate) fn read_draft(&mut self, guessed: usize, right: usize, time: Duration) {
        if right == guessed {
            self.width = (self.width + 1).min(MOST);
        } else if 2 * right < guessed {
            self.width = (self.width - 1).max(FEWEST);
        }
        self.pay.draft(right, time.as_secs_f64());
    }
}

impl Pay {
    fn draft(&mut self, right: usize, seconds: f64) {
        self.draft.add(seconds);
        self.brought.add((right + 1) as f64);
        self.trials += 1;
        let (Some(single), Some(draft), Some(brought)) =
            (self.single.0, self.draft.0, self.brought.0)
        else {
            return;
        };
        if self.trials < TRIALS {
            return;
        }
        if brought * single >= draft {
            self.rest = REST;
        } else {
            self.resting = self.rest;
            self.rest = (self.rest * 2).min(LONGEST_REST);
            // The next try is judged by its own figures.
            (self.draft, self.brought, self.trials) = Default::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u32]) -> Vec<TokenId> {
        numbers.iter().map(|&n| TokenId(n)).collect()
    }

    fn proposed(drafts: &Drafts, room: usize) -> Vec<TokenId> {
        let mut guesses = Vec::new();
        drafts.propose(room, &mut guesses);
        guesses
    }

    #[test]
    fn what_followed_before_is_not_found_or_something_else_is() {
        let drafts = Drafts::new(&ids(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]));
        assert_eq!(proposed(&drafts, 9), ids(&[4, 5, 6, 7]));
        assert_eq!(proposed(&drafts, 2), ids(&[4, 5]));
        assert_eq!(proposed(&drafts, 0), []);
        assert_eq!(proposed(&Drafts::new(&ids(&[1, 2, 3])), 9), []);
        assert_eq!(proposed(&Drafts::new(&ids(&[1, 2])), 9), []);
    }

    #[test]
    fn the_latest_time_is_forgotten_and_a_short_repetition_ends() {
        let drafts = Drafts::new(&ids(&[1, 2, 3, 4, 1, 2, 3, 5, 6, 7, 1, 2, 3]));
        assert_eq!(proposed(&drafts, 1), ids(&[5]));
        let drafts = Drafts::new(&ids(&[9, 7, 8, 7, 8, 7]));
        assert_eq!(proposed(&drafts, 9), ids(&[8, 7, 8, 7]));
        let drafts = Drafts::new(&ids(&[5, 5, 5, 5]));
        assert_eq!(proposed(&drafts, 9), ids(&[5, 5, 5, 5]));
    }

    #[test]
    fn drafts_that_do_not_pay_go_on_or_never_come_back() {
        let mut drafts = Drafts::new(&ids(&[5; 10]));
        drafts.read_single(Duration::from_millis(10));
        for _ in 0..TRIALS {
            assert_ne!(proposed(&drafts, 9), []);
            drafts.read_draft(4, 0, Duration::from_millis(15));
        }
        for _ in 0..REST {
            assert_eq!(proposed(&drafts, 9), []);
            drafts.push(TokenId(5));
        }
        // Another try, which pays; then it goes on.
        for _ in 0..10 {
            assert_ne!(proposed(&drafts, 9), []);
            drafts.read_draft(4, 1, Duration::from_millis(15));
        }
    }

    #[test]
    fn a_draft_is_as_long_whether_guesses_are_right_or_wrong() {
        let mut drafts = Drafts::new(&ids(&[5; 10]));
        for _ in 0..10 {
            drafts.read_draft(4, 4, Duration::from_millis(1));
        }
        assert_eq!(proposed(&drafts, 99).len(), MOST);
        for _ in 0..10 {
            drafts.read_draft(4, 1, Duration::from_millis(1));
        }
        assert_eq!(proposed(&drafts, 99).len(), FEWEST);
    }
}
