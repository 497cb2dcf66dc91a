//! How tokens are drawn, with its limits: as a default in the settings, and for one chat.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use tern_engine::{GenerationParams, SamplingParams};

use crate::AppError;

/// How tokens are drawn, and how many at most. A key missing on disk takes its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// 0 is greedy; at most 2.
    pub temperature: f32,
    /// Keep the k likeliest tokens; 0 is off.
    pub top_k: u32,
    /// Keep the likeliest tokens that add up to p; 1 is off.
    pub top_p: f32,
    /// Drop tokens below this share of the likeliest one; 0 is off.
    pub min_p: f32,
    /// Above 1 makes repeats less likely; 1 is off.
    pub repetition_penalty: f32,
    /// Fixed seed, or none for a new one each time.
    pub seed: Option<u64>,
    /// Longest answer in tokens; 0 means as long as the context allows.
    pub max_answer_tokens: u32,
}

impl Default for Sampling {
    /// As Microsoft publishes it for BitNet b1.58 2B4T (`generation_config.json`).
    fn default() -> Self {
        Self {
            temperature: 0.6,
            top_k: 0,
            top_p: 0.9,
            min_p: 0.0,
            repetition_penalty: 1.0,
            seed: None,
            max_answer_tokens: 0,
        }
    }
}

impl Sampling {
    /// Checks every value against its limits.
    ///
    /// # Errors
    /// [`AppError::Setting`] names the first value out of range and the range.
    pub fn validate(&self) -> Result<(), AppError> {
        within("Temperature", self.temperature, 0.0..=2.0)?;
        within("Top-p", self.top_p, 0.0..=1.0)?;
        within("Min-p", self.min_p, 0.0..=1.0)?;
        within("Repetition penalty", self.repetition_penalty, 0.5..=2.0)?;
        within("Top-k", self.top_k, 0..=1_000_000)?;
        within("Longest answer", self.max_answer_tokens, 0..=1_000_000)
    }

    /// The same in the engine's words.
    pub(crate) fn generation_params(&self) -> GenerationParams {
        GenerationParams {
            sampling: SamplingParams {
                temperature: self.temperature,
                top_k: self.top_k,
                top_p: self.top_p,
                min_p: self.min_p,
                repetition_penalty: self.repetition_penalty,
                seed: self.seed,
            },
            max_tokens: (self.max_answer_tokens > 0).then_some(self.max_answer_tokens as usize),
            ..GenerationParams::default()
        }
    }
}

/// Refuses a value out of its range; NaN is in none.
pub(crate) fn within<T: PartialOrd + Display>(
    name: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), AppError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(AppError::Setting {
        name,
        range: format!("{} to {}", range.start(), range.end()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_and_nan_are_refused_by_name() {
        let defaults = Sampling::default();
        for (change, name) in [
            (
                Sampling {
                    temperature: f32::NAN,
                    ..defaults.clone()
                },
                "Temperature",
            ),
            (
                Sampling {
                    temperature: 2.1,
                    ..defaults.clone()
                },
                "Temperature",
            ),
            (
                Sampling {
                    top_p: -0.1,
                    ..defaults.clone()
                },
                "Top-p",
            ),
            (
                Sampling {
                    min_p: 1.5,
                    ..defaults.clone()
                },
                "Min-p",
            ),
            (
                Sampling {
                    repetition_penalty: 0.0,
                    ..defaults.clone()
                },
                "Repetition penalty",
            ),
        ] {
            let error = change.validate().expect_err("out of range");
            assert!(error.to_string().contains(name), "{error}");
        }
        defaults.validate().expect("defaults are valid");
    }
}
