//! Whether a model fits this computer, and how fast it would be.

use serde::{Deserialize, Serialize};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};
use tern_engine::Isa;
use tern_models::CatalogueModel;

/// What the operating system and everything else needs beside the model, as a share of memory.
const FOR_OTHERS: f64 = 0.1;
/// Slower than one reads along.
const SLOW_TOKENS_PER_SECOND: f64 = 4.0;
/// Room on the disk beyond the model, in bytes.
const SPARE_DISK: u64 = 64 << 20;

/// What was measured on this computer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Benchmark {
    /// Bytes of weights the engine reads in a second while it writes.
    pub bytes_per_second: f64,
    /// Speed of the model Tern is made for.
    pub tokens_per_second: f64,
    /// Threads of the engine.
    pub threads: u32,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// This computer, as far as a model's fit depends on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Computer {
    pub(crate) total_memory: u64,
    pub(crate) free_memory: u64,
    pub(crate) free_disk: Option<u64>,
    /// The processor has no instructions Tern has a fast path for.
    pub(crate) plain_processor: bool,
    pub(crate) benchmark: Option<Benchmark>,
}

impl Computer {
    /// Looks at this computer.
    pub(crate) fn now(free_disk: Option<u64>, benchmark: Option<Benchmark>) -> Self {
        let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(memory).ok();
        let (total_memory, free_memory) = system.map_or((0, 0), |system| {
            (system.total_memory(), system.available_memory())
        });
        Self {
            total_memory,
            free_memory,
            free_disk,
            plain_processor: Isa::available().len() < 2,
            benchmark,
        }
    }
}

/// How a model fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// In a word.
    pub verdict: FitVerdict,
    /// What it hangs on.
    pub reason: FitReason,
    /// Memory nobody uses now, in bytes.
    pub free_memory: u64,
    /// Memory of this computer, in bytes.
    pub total_memory: u64,
    /// Free room in the folder for models, in bytes; none where the system doesn't say.
    pub free_disk: Option<u64>,
    /// Expected speed, once this computer was measured.
    pub tokens_per_second: Option<f64>,
}

/// How a model fits, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitVerdict {
    /// It runs well.
    Fits,
    /// It runs, and slowly.
    Slow,
    /// It does not run.
    WontFit,
}

/// What a verdict hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitReason {
    /// Nothing stands in the way.
    None,
    /// Memory.
    Memory,
    /// Room on the disk.
    Disk,
    /// The processor.
    Processor,
    /// Measured speed.
    Speed,
}

/// Judges a model of the catalogue; `there` when its files are on this computer already.
pub(crate) fn judge(model: &CatalogueModel, computer: &Computer, there: bool) -> Fit {
    let benchmark = computer.benchmark;
    let tokens_per_second =
        benchmark.map(|it| it.bytes_per_second / model.weights_bytes_per_token.max(1) as f64);
    let needed_disk = model.download_bytes.saturating_add(SPARE_DISK);
    let usable_memory = computer.total_memory as f64 * (1.0 - FOR_OTHERS);
    let memory = model.memory_bytes as f64;
    let (verdict, reason) = if computer.total_memory > 0 && memory > usable_memory {
        (FitVerdict::WontFit, FitReason::Memory)
    } else if !there && computer.free_disk.is_some_and(|free| free < needed_disk) {
        (FitVerdict::WontFit, FitReason::Disk)
    } else if computer.plain_processor {
        (FitVerdict::Slow, FitReason::Processor)
    } else if computer.free_memory > 0 && model.memory_bytes > computer.free_memory {
        (FitVerdict::Slow, FitReason::Memory)
    } else if tokens_per_second.is_some_and(|speed| speed < SLOW_TOKENS_PER_SECOND) {
        (FitVerdict::Slow, FitReason::Speed)
    } else {
        (FitVerdict::Fits, FitReason::None)
    };
    Fit {
        verdict,
        reason,
        free_memory: computer.free_memory,
        total_memory: computer.total_memory,
        free_disk: computer.free_disk,
        tokens_per_second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn verdict(change: impl FnOnce(&mut Computer)) -> (FitVerdict, FitReason) {
        let mut computer = Computer {
            total_memory: 8 * GB,
            free_memory: 5 * GB,
            free_disk: Some(50 * GB),
            plain_processor: false,
            benchmark: None,
        };
        change(&mut computer);
        let model = tern_models::find_in_catalogue("bitnet-b1.58-2b-4t").expect("there");
        let fit = judge(model, &computer, false);
        (fit.verdict, fit.reason)
    }

    #[test]
    fn a_verdict_names_what_it_hangs_on() {
        use FitReason as R;
        use FitVerdict as V;
        assert_eq!(verdict(|_| {}), (V::Fits, R::None));
        assert_eq!(verdict(|it| it.total_memory = GB), (V::WontFit, R::Memory));
        assert_eq!(verdict(|it| it.free_memory = GB / 2), (V::Slow, R::Memory));
        assert_eq!(verdict(|it| it.free_disk = Some(GB)), (V::WontFit, R::Disk));
        assert_eq!(verdict(|it| it.free_disk = None), (V::Fits, R::None));
        assert_eq!(
            verdict(|it| it.plain_processor = true),
            (V::Slow, R::Processor)
        );
        let measured = |bytes_per_second| Benchmark {
            bytes_per_second,
            tokens_per_second: 1.0,
            threads: 2,
            at_ms: 0,
        };
        assert_eq!(
            verdict(|it| it.benchmark = Some(measured(1e9))),
            (V::Slow, R::Speed)
        );
        assert_eq!(
            verdict(|it| it.benchmark = Some(measured(30e9))),
            (V::Fits, R::None)
        );
    }

    #[test]
    fn this_computer_has_memory() {
        let computer = Computer::now(None, None);
        assert!(computer.total_memory > 0 && computer.free_memory <= computer.total_memory);
    }
}
