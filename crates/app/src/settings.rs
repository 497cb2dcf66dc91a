//! Everything a person can set, with its limits.

use serde::{Deserialize, Serialize};
use tern_models::{NetworkSettings, ProxyChoice};

use crate::sampling::within;
use crate::{AppError, Sampling, SettingName};

/// Key under which the settings lie in the history database, as JSON.
pub(crate) const SETTINGS_KEY: &str = "settings";
/// Key of the model new chats use.
pub(crate) const SELECTED_MODEL_KEY: &str = "selected_model";

/// Longest system prompt, in bytes: more than any context holds, so only a slip can hit it.
const SYSTEM_PROMPT_LIMIT: f64 = 262_144.0;
/// Most presets, and the longest name of one, in characters.
const PRESETS_LIMIT: f64 = 200.0;
const PRESET_NAME_LIMIT: f64 = 100.0;
/// Longest combination of keys, in bytes.
const KEYS_LIMIT: f64 = 100.0;
/// Longest address of a mirror or a proxy, in bytes.
const ADDRESS_LIMIT: f64 = 500.0;
/// Longest time a model nobody uses stays in memory, in minutes: a day.
const UNLOAD_AFTER_LIMIT: f64 = 24.0 * 60.0;

/// Refuses a system prompt that no context holds.
pub(crate) fn check_system_prompt(text: &str) -> Result<(), AppError> {
    within(
        SettingName::SystemPromptLength,
        text.len() as f64,
        0.0..=SYSTEM_PROMPT_LIMIT,
    )
}

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

/// Language of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the computer is set.
    #[default]
    System,
    /// English.
    En,
    /// German.
    De,
}

/// How much of the processor the engine takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Every core.
    #[default]
    Full,
    /// Half of them.
    Balanced,
    /// A quarter of them.
    Battery,
}

impl Profile {
    /// Threads of a computer with `cores`, at least one.
    fn threads(self, cores: usize) -> usize {
        match self {
            Self::Full => cores,
            Self::Balanced => cores.div_ceil(2),
            Self::Battery => cores.div_ceil(4),
        }
    }
}

/// A system prompt under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    /// What it is called; no two are called the same.
    pub name: String,
    /// The system prompt.
    pub text: String,
}

/// The person's settings. A key missing on disk takes its default, so older files open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Colour scheme.
    pub theme: Theme,
    /// Language of the window.
    pub language: Language,
    /// Size of all text, in percent of the ordinary one.
    pub text_size: u32,
    /// Given to the model before every chat; may be empty.
    pub system_prompt: String,
    /// System prompts to choose from.
    pub presets: Vec<Preset>,
    /// How tokens are drawn.
    #[serde(flatten)]
    pub sampling: Sampling,
    /// How much of the processor the engine takes.
    pub profile: Profile,
    /// Threads for the engine; 0 means as the profile says.
    pub threads: u32,
    /// Chats get better titles from the model while it has nothing else to do.
    pub smart_titles: bool,
    /// An icon in the tray keeps Tern running when its window is closed.
    pub tray: bool,
    /// Keys that bring Tern to the front from any program, as Tauri writes them; none is off.
    pub quick_ask: Option<String>,
    /// A menu bar in the window, where the system has none of its own.
    pub menu_bar: bool,
    /// How Tern may reach the network. Lies in a file of its own, for the command line; read from here
    /// where an older version wrote it.
    #[serde(flatten, skip_serializing)]
    pub network: NetworkSettings,
    /// Minutes without use until a model leaves memory; 0 means never.
    pub unload_after: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            language: Language::System,
            text_size: 100,
            system_prompt: String::new(),
            presets: Vec::new(),
            sampling: Sampling::default(),
            profile: Profile::Full,
            threads: 0,
            smart_titles: true,
            tray: false,
            quick_ask: None,
            menu_bar: false,
            network: NetworkSettings::default(),
            unload_after: 30,
        }
    }
}

impl Settings {
    /// Checks every value against its limits.
    ///
    /// # Errors
    /// [`AppError::Setting`] names the first value out of range and the range.
    pub fn validate(&self) -> Result<(), AppError> {
        self.sampling.validate()?;
        within(SettingName::TextSize, self.text_size, 50.0..=200.0)?;
        within(SettingName::Threads, self.threads, 0.0..=256.0)?;
        check_system_prompt(&self.system_prompt)?;
        within(
            SettingName::PresetCount,
            self.presets.len() as f64,
            0.0..=PRESETS_LIMIT,
        )?;
        for (at, preset) in self.presets.iter().enumerate() {
            check_system_prompt(&preset.text)?;
            within(
                SettingName::PresetNameLength,
                preset.name.chars().count() as f64,
                1.0..=PRESET_NAME_LIMIT,
            )?;
            if self.presets[..at].iter().any(|p| p.name == preset.name) {
                return Err(AppError::PresetTwice {
                    name: preset.name.clone(),
                });
            }
        }
        within(
            SettingName::QuickAskLength,
            self.quick_ask.as_ref().map_or(1, String::len) as f64,
            1.0..=KEYS_LIMIT,
        )?;
        within(
            SettingName::MirrorLength,
            self.network.mirror.as_ref().map_or(1, String::len) as f64,
            1.0..=ADDRESS_LIMIT,
        )?;
        if let ProxyChoice::Manual { address } = &self.network.proxy {
            within(
                SettingName::ProxyLength,
                address.len() as f64,
                1.0..=ADDRESS_LIMIT,
            )?;
        }
        within(
            SettingName::UnloadAfter,
            f64::from(self.unload_after),
            0.0..=UNLOAD_AFTER_LIMIT,
        )
    }

    /// Seconds without use until a model leaves memory; 0 for never.
    pub(crate) fn unload_after_seconds(&self) -> u64 {
        u64::from(self.unload_after) * 60
    }

    /// Engine threads: the person's number, else the profile's share of the cores the process may use.
    pub(crate) fn engine_threads(&self) -> usize {
        match self.threads {
            0 => {
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                self.profile.threads(cores)
            }
            n => n as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_refused_by_name() {
        let preset = |name: &str| Preset {
            name: name.to_owned(),
            text: String::new(),
        };
        let on = |network| Settings {
            network,
            ..Settings::default()
        };
        for (change, name) in [
            (
                Settings {
                    threads: 257,
                    ..Settings::default()
                },
                "Threads",
            ),
            (
                Settings {
                    text_size: 0,
                    ..Settings::default()
                },
                "Text size",
            ),
            (
                Settings {
                    presets: vec![preset("")],
                    ..Settings::default()
                },
                "preset's name",
            ),
            (
                Settings {
                    presets: vec![preset("Brief"), preset("Brief")],
                    ..Settings::default()
                },
                "Brief",
            ),
            (
                on(NetworkSettings {
                    mirror: Some("m".repeat(501)),
                    ..NetworkSettings::default()
                }),
                "mirror",
            ),
            (
                on(NetworkSettings {
                    proxy: ProxyChoice::Manual {
                        address: String::new(),
                    },
                    ..NetworkSettings::default()
                }),
                "proxy",
            ),
            (
                Settings {
                    unload_after: 1441,
                    ..Settings::default()
                },
                "leaves memory",
            ),
        ] {
            let error = change.validate().expect_err("out of range");
            assert!(error.to_string().contains(name), "{error}");
        }
        Settings::default().validate().expect("defaults are valid");
    }

    #[test]
    fn a_profile_leaves_at_least_one_thread() {
        let threads =
            |cores| [Profile::Full, Profile::Balanced, Profile::Battery].map(|p| p.threads(cores));
        assert_eq!(threads(1), [1, 1, 1]);
        assert_eq!(threads(2), [2, 1, 1]);
        assert_eq!(threads(16), [16, 8, 4]);
    }

    #[test]
    fn settings_of_an_older_version_keep_what_they_know() {
        let settings: Settings =
            serde_json::from_str(r#"{"top_k": 40, "gone": 1}"#).expect("opens");
        assert_eq!(
            settings,
            Settings {
                sampling: Sampling {
                    top_k: 40,
                    ..Sampling::default()
                },
                ..Settings::default()
            }
        );
    }
}
