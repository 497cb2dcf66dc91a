//! How tokens are drawn, with its limits: as a default in the settings, and for one chat.

use std::fmt;
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
        within(SettingName::Temperature, self.temperature, 0.0..=2.0)?;
        within(SettingName::TopP, self.top_p, 0.0..=1.0)?;
        within(SettingName::MinP, self.min_p, 0.0..=1.0)?;
        within(
            SettingName::RepetitionPenalty,
            self.repetition_penalty,
            0.5..=2.0,
        )?;
        within(SettingName::TopK, self.top_k, 0.0..=1_000_000.0)?;
        within(
            SettingName::MaxAnswerTokens,
            self.max_answer_tokens,
            0.0..=1_000_000.0,
        )
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

/// What has a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingName {
    /// [`Sampling::temperature`].
    Temperature,
    /// [`Sampling::top_p`].
    TopP,
    /// [`Sampling::min_p`].
    MinP,
    /// [`Sampling::repetition_penalty`].
    RepetitionPenalty,
    /// [`Sampling::top_k`].
    TopK,
    /// [`Sampling::max_answer_tokens`].
    MaxAnswerTokens,
    /// Size of all text.
    TextSize,
    /// Threads of the engine.
    Threads,
    /// Bytes of a system prompt.
    SystemPromptLength,
    /// How many presets there are.
    PresetCount,
    /// Characters of a preset's name.
    PresetNameLength,
    /// Bytes of the combination of keys.
    QuickAskLength,
    /// Bytes of a mirror's address.
    MirrorLength,
    /// Bytes of a proxy's address.
    ProxyLength,
    /// Minutes until an unused model leaves memory.
    UnloadAfter,
}

impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Temperature => "Temperature",
            Self::TopP => "Top-p",
            Self::MinP => "Min-p",
            Self::RepetitionPenalty => "Repetition penalty",
            Self::TopK => "Top-k",
            Self::MaxAnswerTokens => "Longest answer",
            Self::TextSize => "Text size",
            Self::Threads => "Threads",
            Self::SystemPromptLength => "Length of the system prompt",
            Self::PresetCount => "Number of presets",
            Self::PresetNameLength => "Length of a preset's name",
            Self::QuickAskLength => "Length of the quick-ask keys",
            Self::MirrorLength => "Length of the mirror's address",
            Self::ProxyLength => "Length of the proxy's address",
            Self::UnloadAfter => "Minutes until a model leaves memory",
        })
    }
}

/// Refuses a value out of its range; NaN is in none.
pub(crate) fn within(
    name: SettingName,
    value: impl Into<f64>,
    range: RangeInclusive<f64>,
) -> Result<(), AppError> {
    if range.contains(&value.into()) {
        return Ok(());
    }
    Err(AppError::Setting {
        name,
        least: *range.start(),
        most: *range.end(),
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
