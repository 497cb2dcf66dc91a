//! The program: models, settings, figures.

use tern_app as app;

use super::small;
use crate::ipc::wire::{
    ConnectionEntry, ConnectionKind, ConnectionLog, Language, ModelEntry, ModelState,
    OperatingSystem, Platform, Preset, Problem, Profile, ProxyChoice, Settings, Status, Theme,
};

impl From<app::ModelInfo> for ModelEntry {
    fn from(model: app::ModelInfo) -> Self {
        Self {
            id: model.id,
            name: model.name,
            path: model.path.map(|path| path.display().to_string()),
            bytes: model.bytes as f64,
            selected: model.selected,
            state: match model.presence {
                app::ModelPresence::Idle => ModelState::Idle,
                app::ModelPresence::Loading => ModelState::Loading,
                app::ModelPresence::Ready => ModelState::Ready,
                app::ModelPresence::Missing => ModelState::Missing,
            },
            warnings: model.warnings.into_iter().map(Into::into).collect(),
            origin: model.origin.map(Into::into),
            owned: model.owned,
            recorded: model.recorded,
            work: model.work.map(Into::into),
        }
    }
}

impl From<app::Theme> for Theme {
    fn from(theme: app::Theme) -> Self {
        match theme {
            app::Theme::System => Self::System,
            app::Theme::Light => Self::Light,
            app::Theme::Dark => Self::Dark,
        }
    }
}

impl From<Theme> for app::Theme {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::System => Self::System,
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
        }
    }
}

impl From<app::Language> for Language {
    fn from(language: app::Language) -> Self {
        match language {
            app::Language::System => Self::System,
            app::Language::En => Self::En,
            app::Language::De => Self::De,
        }
    }
}

impl From<Language> for app::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::System => Self::System,
            Language::En => Self::En,
            Language::De => Self::De,
        }
    }
}

impl From<app::Profile> for Profile {
    fn from(profile: app::Profile) -> Self {
        match profile {
            app::Profile::Full => Self::Full,
            app::Profile::Balanced => Self::Balanced,
            app::Profile::Battery => Self::Battery,
        }
    }
}

impl From<Profile> for app::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Full => Self::Full,
            Profile::Balanced => Self::Balanced,
            Profile::Battery => Self::Battery,
        }
    }
}

impl From<app::Preset> for Preset {
    fn from(preset: app::Preset) -> Self {
        Self {
            name: preset.name,
            text: preset.text,
        }
    }
}

impl From<Preset> for app::Preset {
    fn from(preset: Preset) -> Self {
        Self {
            name: preset.name,
            text: preset.text,
        }
    }
}

impl From<app::ProxyChoice> for ProxyChoice {
    fn from(proxy: app::ProxyChoice) -> Self {
        match proxy {
            app::ProxyChoice::System => Self::System,
            app::ProxyChoice::Off => Self::Off,
            app::ProxyChoice::Manual { address } => Self::Manual { address },
        }
    }
}

impl From<ProxyChoice> for app::ProxyChoice {
    fn from(proxy: ProxyChoice) -> Self {
        match proxy {
            ProxyChoice::System => Self::System,
            ProxyChoice::Off => Self::Off,
            ProxyChoice::Manual { address } => Self::Manual { address },
        }
    }
}

impl From<app::Settings> for Settings {
    fn from(settings: app::Settings) -> Self {
        Self {
            theme: settings.theme.into(),
            language: settings.language.into(),
            text_size: settings.text_size,
            system_prompt: settings.system_prompt,
            presets: settings.presets.into_iter().map(Into::into).collect(),
            sampling: settings.sampling.into(),
            profile: settings.profile.into(),
            threads: settings.threads,
            smart_titles: settings.smart_titles,
            tray: settings.tray,
            quick_ask: settings.quick_ask,
            menu_bar: settings.menu_bar,
            mirror: settings.network.mirror,
            proxy: settings.network.proxy.into(),
            offline: settings.network.offline,
            unload_after: settings.unload_after,
        }
    }
}

impl TryFrom<Settings> for app::Settings {
    type Error = Problem;

    fn try_from(settings: Settings) -> Result<Self, Problem> {
        Ok(Self {
            theme: settings.theme.into(),
            language: settings.language.into(),
            text_size: settings.text_size,
            system_prompt: settings.system_prompt,
            presets: settings.presets.into_iter().map(Into::into).collect(),
            sampling: settings.sampling.try_into()?,
            profile: settings.profile.into(),
            threads: settings.threads,
            smart_titles: settings.smart_titles,
            tray: settings.tray,
            quick_ask: settings.quick_ask,
            menu_bar: settings.menu_bar,
            network: app::NetworkSettings {
                mirror: settings.mirror,
                proxy: settings.proxy.into(),
                offline: settings.offline,
            },
            unload_after: settings.unload_after,
        })
    }
}

impl From<app::Status> for Status {
    fn from(status: app::Status) -> Self {
        Self {
            tokens_per_second: status.tokens_per_second,
            app_bytes: status.app_bytes as f64,
            weight_bytes: status.weight_bytes as f64,
            kv_bytes: status.kv_bytes as f64,
            threads: small(status.threads),
            isa: status.isa.to_owned(),
        }
    }
}

impl Platform {
    /// This computer's system, with what its desktop offers.
    pub(crate) fn with(tray: bool, global_keys: bool) -> Self {
        Self {
            system: match std::env::consts::OS {
                "macos" => OperatingSystem::MacOs,
                "windows" => OperatingSystem::Windows,
                _ => OperatingSystem::Linux,
            },
            tray,
            global_keys,
        }
    }
}

impl From<app::ConnectionLog> for ConnectionLog {
    fn from(log: app::ConnectionLog) -> Self {
        Self {
            since: log.since_ms as f64,
            checked_at: log.checked_at_ms.map(|at| at as f64),
            checks: log.checks,
            entries: log.entries.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::ConnectionEntry> for ConnectionEntry {
    fn from(entry: app::ConnectionEntry) -> Self {
        Self {
            at: entry.at_ms as f64,
            kind: match entry.kind {
                app::ConnectionKind::Link => ConnectionKind::Link,
                app::ConnectionKind::Download => ConnectionKind::Download,
                app::ConnectionKind::Connection => ConnectionKind::Connection,
            },
            target: entry.target,
        }
    }
}
