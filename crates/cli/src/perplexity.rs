//! `tern perplexity`: how well a model predicts a text.

use serde_json::json;
use tern_engine::{Observation, Sequence, TokenId};

use crate::args::PerplexityArgs;
use crate::error::CliError;
use crate::model;

pub(crate) fn run(args: &PerplexityArgs, json: bool) -> Result<(), CliError> {
    let text = std::fs::read_to_string(&args.file).map_err(|source| CliError::Read {
        path: args.file.clone(),
        source,
    })?;
    let model = model::load_to_measure(&args.model)?;
    let ids = model.tokenizer().encode_plain(&text);
    if ids.len() < 2 {
        return Err(CliError::TooShort { tokens: ids.len() });
    }
    // Windows of one context each, every one with its own BOS, so that no token is predicted
    // from nothing; the text's tokens are each counted once.
    let bos = model.tokenizer().bos();
    let window = model.config().max_seq_len - usize::from(bos.is_some());
    let mut total = 0.0;
    let mut counted = 0;
    for part in ids.chunks(window) {
        let read: Vec<TokenId> = bos.into_iter().chain(part.iter().copied()).collect();
        let mut sequence = Sequence::new(&model, read.len());
        sequence.forward_all(&model, &read, false, &mut |observation| {
            if let Observation::Logits { position, values } = observation
                && let Some(next) = read.get(position + 1)
            {
                total -= log_probability(values, *next);
                counted += 1;
            }
        })?;
    }
    let mean = total / f64::from(counted.max(1));
    if json {
        println!(
            "{}",
            json!({
                "perplexity": mean.exp(), "nats_per_token": mean, "tokens": counted, "window": window,
            })
        );
    } else {
        println!(
            "perplexity {:.4} over {counted} tokens, windows of {window}",
            mean.exp()
        );
    }
    Ok(())
}

/// Natural logarithm of the probability the logits give to `id`, summed in double precision.
fn log_probability(logits: &[f32], id: TokenId) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits
        .iter()
        .map(|&logit| f64::from(logit - highest).exp())
        .sum();
    let own = logits
        .get(id.0 as usize)
        .copied()
        .unwrap_or(f32::NEG_INFINITY);
    f64::from(own - highest) - sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_all_tokens_add_up_to_one() {
        let logits = [1.0, -2.0, 30.5, 30.0];
        let sum: f64 = (0..4)
            .map(|id| log_probability(&logits, TokenId(id)).exp())
            .sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
}
