//! Everything a person can set, with its limits.

use serde::{Deserialize, Serialize};
use tern_engine::{GenerationParams, SamplingParams};

use crate::AppError;

/// Key under which the settings lie in the history database, as JSON.
pub(crate) const SETTINGS_KEY: &str = "settings";
/// Key of the model new chats use.
pub(crate) const SELECTED_MODEL_KEY: &str = "selected_model";

/// Longest system prompt, in bytes: more than any context holds, so only a slip can hit it.
const SYSTEM_PROMPT_LIMIT: usize = 256 * 1024;

/// Colour scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the computer is set.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The person's settings. A key missing on disk takes its default, so older files open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Colour scheme.
    pub theme: Theme,
    /// Given to the model before every chat; may be empty.
    pub system_prompt: String,
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
    /// Threads for the engine; 0 means one per core, chosen by Tern.
    pub threads: u32,
}

impl Default for Settings {
    /// Sampling as Microsoft publishes it for BitNet b1.58 2B4T (`generation_config.json`).
    fn default() -> Self {
        Self {
            theme: Theme::System,
            system_prompt: String::new(),
            temperature: 0.6,
            top_k: 0,
            top_p: 0.9,
            min_p: 0.0,
            repetition_penalty: 1.0,
            seed: None,
            max_answer_tokens: 0,
            threads: 0,
        }
    }
}

impl Settings {
    /// Checks every value against its limits.
    ///
    /// # Errors
    /// [`AppError::Setting`] names the first value out of range and the range.
    pub fn validate(&self) -> Result<(), AppError> {
        let range = |name, value: f32, low: f32, high: f32| {
            if value.is_finite() && (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(AppError::Setting {
                    name,
                    range: format!("{low} to {high}"),
                })
            }
        };
        range("Temperature", self.temperature, 0.0, 2.0)?;
        range("Top-p", self.top_p, 0.0, 1.0)?;
        range("Min-p", self.min_p, 0.0, 1.0)?;
        range("Repetition penalty", self.repetition_penalty, 0.5, 2.0)?;
        let limits = [
            ("Top-k", self.top_k as usize, 1_000_000),
            ("Longest answer", self.max_answer_tokens as usize, 1_000_000),
            ("Threads", self.threads as usize, 256),
            (
                "System prompt",
                self.system_prompt.len(),
                SYSTEM_PROMPT_LIMIT,
            ),
        ];
        for (name, value, high) in limits {
            if value > high {
                return Err(AppError::Setting {
                    name,
                    range: format!("0 to {high}"),
                });
            }
        }
        Ok(())
    }

    /// Engine threads: the person's number, else one per core the process may use.
    pub(crate) fn engine_threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n as usize,
        }
    }

    /// The settings in the engine's words.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_and_nan_are_refused_by_name() {
        for (change, name) in [
            (
                Settings {
                    temperature: f32::NAN,
                    ..Settings::default()
                },
                "Temperature",
            ),
            (
                Settings {
                    temperature: 2.1,
                    ..Settings::default()
                },
                "Temperature",
            ),
            (
                Settings {
                    top_p: -0.1,
                    ..Settings::default()
                },
                "Top-p",
            ),
            (
                Settings {
                    min_p: 1.5,
                    ..Settings::default()
                },
                "Min-p",
            ),
            (
                Settings {
                    repetition_penalty: 0.0,
                    ..Settings::default()
                },
                "Repetition penalty",
            ),
            (
                Settings {
                    threads: 257,
                    ..Settings::default()
                },
                "Threads",
            ),
        ] {
            let error = change.validate().expect_err("out of range");
            assert!(error.to_string().contains(name), "{error}");
        }
        Settings::default().validate().expect("defaults are valid");
    }

    #[test]
    fn settings_of_an_older_version_keep_what_they_know() {
        let settings: Settings =
            serde_json::from_str(r#"{"top_k": 40, "gone": 1}"#).expect("opens");
        assert_eq!(
            settings,
            Settings {
                top_k: 40,
                ..Settings::default()
            }
        );
    }
}
