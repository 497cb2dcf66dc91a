//! From the messages of a branch to the prompt a model reads.

use tern_engine::{PromptEncoder, Role as TurnRole, TokenId, Turn};
use tern_history::{Attachment, Message, MessageId, Role};

use crate::AppError;

/// Share of the context kept free for the answer, as a divisor, and its ceiling in tokens.
const ANSWER_SHARE: usize = 4;
const ANSWER_RESERVE: usize = 512;

/// More bytes of text than this for each token of the context are not worth encoding whole: a
/// token of prose has four.
const HOPELESS_BYTES: usize = 16;

/// A turn of the prompt, with the message it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) turn: Turn,
    /// None for what is only being written.
    pub(crate) message: Option<MessageId>,
    /// Stays when older parts are left out.
    pub(crate) pinned: bool,
}

impl Part {
    /// What a person is about to ask.
    pub(crate) fn asked(content: String) -> Self {
        Self {
            turn: Turn {
                role: TurnRole::User,
                content,
            },
            message: None,
            pinned: false,
        }
    }
}

/// A chat as a model could read all of it.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    /// Empty for none.
    pub(crate) system_prompt: String,
    /// Oldest first.
    pub(crate) parts: Vec<Part>,
}

/// A prompt that leaves room for an answer.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) ids: Vec<TokenId>,
    /// The oldest message in it that is there for its place, not for being pinned; none when
    /// nothing was left out.
    pub(crate) first_seen: Option<MessageId>,
    /// How many parts were left out.
    pub(crate) left_out: usize,
}

impl Prompt {
    /// The prompt of a branch. Messages that say nothing (an answer cut off before its first
    /// token) are left out.
    pub(crate) fn of(system_prompt: &str, branch: &[Message]) -> Self {
        let spoken = branch.iter().filter_map(|message| {
            let content = content(&message.text, &message.attachments);
            (!content.trim().is_empty()).then(|| Part {
                turn: Turn {
                    role: match message.role {
                        Role::System => TurnRole::System,
                        Role::User => TurnRole::User,
                        Role::Assistant => TurnRole::Assistant,
                    },
                    content,
                },
                message: Some(message.id.clone()),
                pinned: message.pinned,
            })
        });
        Self {
            system_prompt: system_prompt.to_owned(),
            parts: spoken.collect(),
        }
    }

    /// Encodes the prompt for an answer that begins with `begun`, so that more of it still fits:
    /// the oldest exchanges are left out until it does, pinned ones last.
    ///
    /// # Errors
    /// [`AppError::TooLong`] when the last exchange alone does not fit; what the template says.
    pub(crate) fn fit(&self, encoder: &PromptEncoder, begun: &str) -> Result<Fitted, AppError> {
        let limit = limit(encoder);
        let exchanges = self.exchanges();
        let bytes: usize = self.parts.iter().map(|part| part.turn.content.len()).sum();
        if bytes / HOPELESS_BYTES <= limit {
            let ids = self.encode(encoder, &exchanges, begun)?;
            if ids.len() <= limit {
                return Ok(Fitted {
                    ids,
                    first_seen: None,
                    left_out: 0,
                });
            }
        }
        self.fit_from_the_end(encoder, &exchanges, begun, limit)
    }

    /// What is kept of a prompt grows with every exchange that is added before it, so the most
    /// that fits is found in steps that double, then by halving: long chats cost no more than
    /// what fits of them.
    fn fit_from_the_end(
        &self,
        encoder: &PromptEncoder,
        exchanges: &[&[Part]],
        begun: &str,
        limit: usize,
    ) -> Result<Fitted, AppError> {
        let newest = exchanges.len().saturating_sub(1);
        let mut pins: Vec<usize> = (0..newest)
            .filter(|&at| exchanges[at].iter().any(|part| part.pinned))
            .collect();
        let from = |start: usize, pins: &[usize]| {
            let pinned = pins.iter().take_while(|&&at| at < start);
            let kept: Vec<&[Part]> = pinned
                .map(|&at| exchanges[at])
                .chain(exchanges[start..].iter().copied())
                .collect();
            self.encode(encoder, &kept, begun)
        };
        let mut best = from(newest, &pins)?;
        while best.len() > limit {
            if pins.is_empty() {
                return Err(AppError::TooLong {
                    tokens: best.len(),
                    limit,
                });
            }
            pins.remove(0);
            best = from(newest, &pins)?;
        }
        let (mut fits, mut too_long, mut step) = (newest, None, 1);
        while fits > too_long.map_or(0, |start: usize| start + 1) {
            let start = match too_long {
                None => fits.saturating_sub(step),
                Some(low) => usize::midpoint(low, fits),
            };
            let ids = from(start, &pins)?;
            if ids.len() <= limit {
                (fits, best, step) = (start, ids, step * 2);
            } else {
                too_long = Some(start);
            }
        }
        let first_seen = exchanges
            .get(fits)
            .filter(|_| fits > 0)
            .and_then(|exchange| exchange.iter().find_map(|part| part.message.clone()));
        let pinned = pins.iter().filter(|&&at| at < fits);
        let kept: usize = pinned.map(|&at| exchanges[at].len()).sum();
        let before: usize = exchanges[..fits].iter().map(|it| it.len()).sum();
        Ok(Fitted {
            ids: best,
            first_seen,
            left_out: before - kept,
        })
    }

    /// The prompt as an earlier [`fit`](Self::fit) cut it: from `first_seen` on, with what is
    /// pinned before.
    ///
    /// # Errors
    /// What the template says.
    pub(crate) fn encode_from(
        &self,
        encoder: &PromptEncoder,
        first_seen: Option<&MessageId>,
    ) -> Result<Vec<TokenId>, AppError> {
        let exchanges = self.exchanges();
        let start = first_seen.and_then(|first| {
            exchanges.iter().position(|exchange| {
                exchange
                    .iter()
                    .any(|part| part.message.as_ref() == Some(first))
            })
        });
        let start = start.unwrap_or(0);
        let kept: Vec<&[Part]> = exchanges
            .iter()
            .enumerate()
            .filter(|(at, exchange)| *at >= start || exchange.iter().any(|part| part.pinned))
            .map(|(_, exchange)| *exchange)
            .collect();
        self.encode(encoder, &kept, "")
    }

    /// Parts that are kept or left out together: a question with what answers it. Roles stay in
    /// turn that way, which some templates insist on.
    fn exchanges(&self) -> Vec<&[Part]> {
        let mut exchanges: Vec<&[Part]> = Vec::new();
        let mut begin = 0;
        for at in 1..self.parts.len() {
            if self.parts[at].turn.role == TurnRole::User {
                exchanges.push(&self.parts[begin..at]);
                begin = at;
            }
        }
        if begin < self.parts.len() {
            exchanges.push(&self.parts[begin..]);
        }
        exchanges
    }

    fn encode(
        &self,
        encoder: &PromptEncoder,
        exchanges: &[&[Part]],
        begun: &str,
    ) -> Result<Vec<TokenId>, AppError> {
        let system = (!self.system_prompt.trim().is_empty()).then(|| Turn {
            role: TurnRole::System,
            content: self.system_prompt.clone(),
        });
        let spoken = exchanges.iter().copied().flatten();
        let turns: Vec<Turn> = system
            .into_iter()
            .chain(spoken.map(|part| part.turn.clone()))
            .collect();
        Ok(encoder.encode(&turns, begun)?)
    }
}

/// Tokens of a context that are kept free for an answer.
pub(crate) fn answer_reserve(encoder: &PromptEncoder) -> usize {
    ANSWER_RESERVE
        .min(encoder.max_seq_len() / ANSWER_SHARE)
        .max(1)
}

/// Most tokens of a prompt.
pub(crate) fn limit(encoder: &PromptEncoder) -> usize {
    encoder
        .max_seq_len()
        .saturating_sub(answer_reserve(encoder))
}

/// What the model reads of a message: its files, each named and fenced, then its text.
pub(crate) fn content(text: &str, attachments: &[Attachment]) -> String {
    let mut content = String::new();
    for file in attachments {
        let fence = "`".repeat(longest_run_of_backticks(&file.text).max(2) + 1);
        let end = if file.text.ends_with('\n') { "" } else { "\n" };
        content.push_str(&format!(
            "{}:\n{fence}\n{}{end}{fence}\n\n",
            file.name, file.text
        ));
    }
    content.push_str(text);
    content
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Tells whether two prompts are the same. Not for adversaries: a person would only fool
/// themselves.
pub(crate) fn hash(ids: &[TokenId]) -> String {
    // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
    let bytes = ids.iter().flat_map(|id| id.0.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use tern_engine::ModelSource;

    use super::*;
    use crate::guide::GUIDE;

    fn encoder() -> PromptEncoder {
        PromptEncoder::open(&ModelSource::Embedded(&GUIDE)).expect("the Guide opens")
    }

    /// Questions and answers of about `words` words, the pinned ones by index.
    fn prompt(exchanges: usize, words: usize, pinned: &[usize]) -> Prompt {
        let part = |n: usize, role| Part {
            turn: Turn {
                role,
                content: format!("{n} {}", "tern ".repeat(words)),
            },
            message: Some(MessageId::new(format!("{n}"))),
            pinned: pinned.contains(&n),
        };
        Prompt {
            system_prompt: "Be brief.".to_owned(),
            parts: (0..2 * exchanges)
                .map(|n| {
                    let role = [TurnRole::User, TurnRole::Assistant][n % 2];
                    part(n, role)
                })
                .collect(),
        }
    }

    fn text(encoder: &PromptEncoder, fitted: &Fitted) -> String {
        encoder.tokenizer().decode(&fitted.ids, false)
    }

    #[test]
    fn a_chat_that_fits_is_read_whole() {
        let encoder = encoder();
        let fitted = prompt(2, 3, &[]).fit(&encoder, "").expect("fits");
        assert_eq!(fitted.first_seen, None);
        let text = text(&encoder, &fitted);
        assert!(text.contains("Be brief.") && text.contains("0 tern") && text.contains("3 tern"));
    }

    #[test]
    fn as_much_as_fits_is_kept_whatever_the_length() {
        let encoder = encoder();
        let limit = limit(&encoder);
        for exchanges in [20, 21, 33, 64, 500] {
            let long = prompt(exchanges, 12, &[]);
            let fitted = long.fit(&encoder, "").expect("the end fits");
            let first = fitted.first_seen.clone().expect("something was left out");
            let first: usize = first.as_str().parse().expect("a number");
            assert!(fitted.ids.len() <= limit);
            assert_eq!(first % 2, 0, "whole exchanges are kept");
            assert_eq!(fitted.left_out, first);
            // One exchange more would not have fitted.
            let more = MessageId::new((first - 2).to_string());
            let more = long.encode_from(&encoder, Some(&more)).expect("encodes");
            assert!(more.len() > limit);
            let same = long.encode_from(&encoder, fitted.first_seen.as_ref());
            assert_eq!(hash(&same.expect("encodes")), hash(&fitted.ids));
        }
    }

    #[test]
    fn what_is_pinned_stays_with_its_question() {
        let encoder = encoder();
        let fitted = prompt(200, 12, &[5]).fit(&encoder, "").expect("fits");
        let text = text(&encoder, &fitted);
        assert!(
            text.contains("User: 4 tern") && text.contains("Assistant: 5 tern"),
            "{text}"
        );
        assert!(!text.contains("User: 6 tern"), "{text}");
    }

    #[test]
    fn too_much_that_is_pinned_goes_too() {
        let encoder = encoder();
        let all: Vec<usize> = (0..400).collect();
        let fitted = prompt(200, 12, &all).fit(&encoder, "").expect("fits");
        assert!(fitted.ids.len() <= limit(&encoder));
        assert!(text(&encoder, &fitted).contains("399 tern"));
    }

    #[test]
    fn a_last_question_that_does_not_fit_says_so() {
        let refused = prompt(3, 10_000, &[]).fit(&encoder(), "");
        assert!(
            matches!(refused, Err(AppError::TooLong { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn a_file_cannot_end_its_own_fence() {
        let file = Attachment {
            name: "notes.md".to_owned(),
            text: "```\ncode\n```".to_owned(),
        };
        assert_eq!(
            content("Why?", &[file]),
            "notes.md:\n````\n```\ncode\n```\n````\n\nWhy?"
        );
    }
}
