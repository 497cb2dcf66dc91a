//! Resident memory of this process.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Reads the process's own memory; keeps what the reading needs between calls.
pub(crate) struct MemoryGauge {
    system: Option<System>,
    pid: Pid,
}

impl MemoryGauge {
    pub(crate) fn new() -> Self {
        Self {
            system: System::new().ok(),
            pid: Pid::from_u32(std::process::id()),
        }
    }

    /// Resident bytes now; 0 where the platform does not say.
    pub(crate) fn resident_bytes(&mut self) -> u64 {
        let Some(system) = &mut self.system else {
            return 0;
        };
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[self.pid]),
            false,
            ProcessRefreshKind::nothing().with_memory(),
        );
        system.process(self.pid).map_or(0, sysinfo::Process::memory)
    }
}

/// The most this process ever had resident, in bytes; where the platform keeps no such
/// figure in reach, what it has now.
pub fn peak_resident_bytes() -> u64 {
    high_water_mark().unwrap_or_else(|| MemoryGauge::new().resident_bytes())
}

/// Linux: the line `VmHWM:   123 kB` of the process's status.
fn high_water_mark() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
