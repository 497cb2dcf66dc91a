//! Models: the catalogue, downloads, what is done with files.

use tern_app as app;

use crate::ipc::wire::{
    Benchmark, CatalogueEntry, Download, DownloadState, Fit, FitReason, FitVerdict, ModelOrigin,
    ModelWork, ModelWorkKind, ModelsView, Problem, Setback, TokenState, WeightForm,
};

impl From<app::ModelsOverview> for ModelsView {
    fn from(overview: app::ModelsOverview) -> Self {
        Self {
            catalogue: overview.catalogue.into_iter().map(Into::into).collect(),
            downloads: overview.downloads.into_iter().map(Into::into).collect(),
            folder: overview.folder.path().display().to_string(),
            folder_free_bytes: overview.free_bytes.map(|bytes| bytes as f64),
            folder_used_bytes: overview.used_bytes as f64,
            benchmark: overview.benchmark.map(Into::into),
            finished: overview.finished.into_iter().map(Into::into).collect(),
            host: overview.host,
        }
    }
}

impl From<app::TokenState> for TokenState {
    fn from(state: app::TokenState) -> Self {
        match state {
            app::TokenState::Kept => Self::Kept,
            app::TokenState::Environment => Self::Environment,
            app::TokenState::Missing => Self::Missing,
            app::TokenState::NoKeyring => Self::NoKeyring,
        }
    }
}

impl From<app::CatalogueRow> for CatalogueEntry {
    fn from(row: app::CatalogueRow) -> Self {
        let model = row.model;
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            form: match model.form {
                app::WeightForm::Packed => WeightForm::Packed,
                app::WeightForm::Bf16 => WeightForm::Bf16,
                app::WeightForm::Gguf => WeightForm::Gguf,
            },
            repo: model.repo.clone(),
            revision: model.revision.clone(),
            licence: model.licence.clone(),
            licence_url: model.licence_url.clone(),
            parameters: model.parameters as f64,
            context: model.context,
            chat: model.chat,
            recommended: model.recommended,
            download_bytes: model.download_bytes as f64,
            memory_bytes: model.memory_bytes as f64,
            about_en: model.about.en.clone(),
            about_de: model.about.de.clone(),
            fit: row.fit.into(),
            installed: row.installed,
            download: row.download,
        }
    }
}

impl From<app::Fit> for Fit {
    fn from(fit: app::Fit) -> Self {
        Self {
            verdict: match fit.verdict {
                app::FitVerdict::Fits => FitVerdict::Fits,
                app::FitVerdict::Slow => FitVerdict::Slow,
                app::FitVerdict::WontFit => FitVerdict::WontFit,
            },
            reason: match fit.reason {
                app::FitReason::None => FitReason::None,
                app::FitReason::Memory => FitReason::Memory,
                app::FitReason::Disk => FitReason::Disk,
                app::FitReason::Processor => FitReason::Processor,
                app::FitReason::Speed => FitReason::Speed,
            },
            free_memory_bytes: fit.free_memory as f64,
            total_memory_bytes: fit.total_memory as f64,
            free_disk_bytes: fit.free_disk.map(|bytes| bytes as f64),
            tokens_per_second: fit.tokens_per_second,
        }
    }
}

impl From<app::DownloadInfo> for Download {
    fn from(download: app::DownloadInfo) -> Self {
        Self {
            id: download.id,
            name: download.name,
            catalogue: download.catalogue,
            repo: download.repo,
            host: download.host,
            state: download.state.into(),
            done_bytes: download.done_bytes as f64,
            total_bytes: download.total_bytes as f64,
            bytes_per_second: download.bytes_per_second,
            seconds_left: download.seconds_left,
        }
    }
}

impl From<app::DownloadState> for DownloadState {
    fn from(state: app::DownloadState) -> Self {
        match state {
            app::DownloadState::Asking => Self::Asking,
            app::DownloadState::Fetching => Self::Fetching,
            app::DownloadState::Waiting { setback, seconds } => Self::Waiting {
                setback: setback.into(),
                seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            },
            app::DownloadState::Checking => Self::Checking,
            app::DownloadState::Paused => Self::Paused,
            app::DownloadState::Failed(error) => Self::Failed {
                problem: Problem::from(&*error),
            },
        }
    }
}

impl From<app::Setback> for Setback {
    fn from(setback: app::Setback) -> Self {
        match setback {
            app::Setback::Unreachable => Self::Unreachable,
            app::Setback::TimedOut => Self::TimedOut,
            app::Setback::CutShort => Self::CutShort,
            app::Setback::TooSlow => Self::TooSlow,
            app::Setback::Unsafe => Self::Unsafe,
            app::Setback::Refused(status) => Self::Refused {
                status: u32::from(status),
            },
            app::Setback::Nonsense(what) => Self::Nonsense {
                what: what.to_owned(),
            },
            app::Setback::Changed => Self::Changed,
            app::Setback::Damaged => Self::Damaged,
        }
    }
}

impl From<app::Benchmark> for Benchmark {
    fn from(benchmark: app::Benchmark) -> Self {
        Self {
            read_gb_s: benchmark.bytes_per_second / 1e9,
            tokens_per_second: benchmark.tokens_per_second,
            threads: benchmark.threads,
            at: benchmark.at_ms as f64,
        }
    }
}

impl From<app::Origin> for ModelOrigin {
    fn from(origin: app::Origin) -> Self {
        Self {
            repo: origin.repo.as_str().to_owned(),
            revision: origin.commit.as_str().to_owned(),
            catalogue: origin.catalogue,
        }
    }
}

impl From<app::ModelWork> for ModelWork {
    fn from(work: app::ModelWork) -> Self {
        Self {
            kind: match work.kind {
                app::WorkKind::Verifying => ModelWorkKind::Verifying,
                app::WorkKind::Recording => ModelWorkKind::Recording,
                app::WorkKind::Copying => ModelWorkKind::Copying,
                app::WorkKind::Moving => ModelWorkKind::Moving,
            },
            done_bytes: work.done_bytes as f64,
            total_bytes: work.total_bytes as f64,
        }
    }
}
