//! From the messages of a branch to the prompt the model reads.

use tern_engine::{Model, Role as TurnRole, TokenId, Turn};
use tern_history::{Message, Role};

use crate::AppError;

/// Share of the context kept free for the answer, as a divisor, and its ceiling in tokens.
const ANSWER_SHARE: usize = 4;
const ANSWER_RESERVE: usize = 512;

/// The turns of a branch, the system prompt first. Messages without text (an answer cut off
/// before its first token) say nothing to the model and are left out.
pub(crate) fn turns(system_prompt: &str, branch: &[Message]) -> Vec<Turn> {
    let system = (!system_prompt.trim().is_empty()).then(|| Turn {
        role: TurnRole::System,
        content: system_prompt.to_owned(),
    });
    let spoken = branch
        .iter()
        .filter(|message| !message.text.trim().is_empty());
    system
        .into_iter()
        .chain(spoken.map(|message| Turn {
            role: match message.role {
                Role::System => TurnRole::System,
                Role::User => TurnRole::User,
                Role::Assistant => TurnRole::Assistant,
            },
            content: message.text.clone(),
        }))
        .collect()
}

/// Encodes `turns` so that an answer still fits into `context` tokens: the oldest turns after
/// the system prompt are dropped until it does.
///
/// # Errors
/// [`AppError::TooLong`] when the last turn alone does not fit.
pub(crate) fn encode_fitting(
    model: &Model,
    turns: &[Turn],
    context: usize,
) -> Result<Vec<TokenId>, AppError> {
    let reserve = ANSWER_RESERVE.min(context / ANSWER_SHARE).max(1);
    let limit = context.saturating_sub(reserve);
    let first_spoken = turns
        .iter()
        .take_while(|turn| turn.role == TurnRole::System)
        .count();
    let (system, spoken) = turns.split_at(first_spoken);

    let encode_from = |start: usize| {
        let kept: Vec<Turn> = system.iter().chain(&spoken[start..]).cloned().collect();
        model.chat_template().encode(model.tokenizer(), &kept)
    };

    let whole = encode_from(0)?;
    if whole.len() <= limit {
        return Ok(whole);
    }
    // Whole exchanges are dropped: what is kept starts with a turn of the person. The prompt
    // shrinks with every start, so the earliest that fits is found by halving.
    let starts: Vec<usize> = (1..spoken.len())
        .filter(|&i| spoken[i].role == TurnRole::User)
        .collect();
    let (mut low, mut high) = (0, starts.len());
    let mut fitting = None;
    while low < high {
        let middle = usize::midpoint(low, high);
        let ids = encode_from(starts[middle])?;
        if ids.len() <= limit {
            fitting = Some(ids);
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    match fitting {
        Some(ids) => {
            tracing::info!(
                tokens = ids.len(),
                "oldest turns left out to fit the context"
            );
            Ok(ids)
        }
        None => {
            let shortest = starts.last().map_or(Ok(whole), |&last| encode_from(last))?;
            Err(AppError::TooLong {
                tokens: shortest.len(),
                limit,
            })
        }
    }
}
