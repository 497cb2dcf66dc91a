//! How fast full-size files load, against how fast this machine copies memory.
//!
//! `cargo bench -p tern-engine --bench load -- [i2_s] [packed] [bf16] [--runs N]`: writes synthetic files of BitNet b1.58
//! 2B4T's size under `target/bench-models` (once; 1.2 GB, 1.2 GB and 4.8 GB), loads each in a process of its own, with
//! a copy of as many bytes measured right before and after, and prints the ratios. The files lie in the page cache.

#![allow(missing_docs, reason = "a program, not an interface")]

mod copying;
mod files;

use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::Path,
    process::Command,
    time::Instant,
};

use tern_engine::{LoadOptions, Model, ModelSource};

const RUNS: usize = 7;

/// What one load cost.
struct Loaded {
    seconds: f64,
    /// Highest resident memory of the process, mapped pages of the file included.
    peak_bytes: f64,
    /// Weights and tables in memory.
    final_bytes: f64,
}

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, path] = args.as_slice()
        && flag == "--child"
    {
        return child(Path::new(path));
    }
    let runs = args
        .iter()
        .position(|arg| arg == "--runs")
        .and_then(|at| args.get(at + 1)?.parse().ok())
        .unwrap_or(RUNS);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-models");
    let asked = |name: &str| {
        let any = ["i2_s", "packed", "bf16"];
        let named = args.iter().any(|arg| any.contains(&arg.as_str()));
        args.iter().any(|arg| arg == name) || (!named && name != "bf16")
    };
    let threads = LoadOptions::default().threads;
    println!("{threads} threads, {runs} runs; medians (best), GB are 10^9 bytes");
    for name in ["i2_s", "packed", "bf16"]
        .into_iter()
        .filter(|name| asked(name))
    {
        let path = files::written(&folder, name)?;
        report(name, &path, threads, runs)?;
    }
    Ok(())
}

/// Loads the model and prints what that cost.
fn child(path: &Path) -> io::Result<()> {
    let start = Instant::now();
    let source = ModelSource::from_path(path).map_err(io::Error::other)?;
    let model = Model::load(&source, &LoadOptions::default(), &mut |_| {
        ControlFlow::Continue(())
    })
    .map_err(io::Error::other)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{seconds} {} {}", peak_rss()?, model.weight_bytes());
    io::stdout().flush()
}

/// Highest resident memory of this process in bytes; 0 where the system does not say.
fn peak_rss() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kib.unwrap_or(0) * 1024)
}

fn load_once(path: &Path) -> io::Result<Loaded> {
    let output = Command::new(std::env::current_exe()?)
        .arg("--child")
        .arg(path)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
    let [seconds, peak_bytes, final_bytes] = numbers.as_slice() else {
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("{}: {problem}", path.display())));
    };
    Ok(Loaded {
        seconds: *seconds,
        peak_bytes: *peak_bytes,
        final_bytes: *final_bytes,
    })
}

fn report(name: &str, path: &Path, threads: usize, runs: usize) -> io::Result<()> {
    let file_bytes = bytes_of(path)?;
    let (mut loads, mut fresh, mut warm) = (Vec::new(), Vec::new(), Vec::new());
    let (mut peak, mut final_bytes) = (0.0f64, 0.0f64);
    // Once unmeasured, so that the file lies in the page cache.
    load_once(path)?;
    let mut copy = copying::Copying::new(1 << 30, threads);
    for _ in 0..runs {
        fresh.push(copy.fresh_gb_s());
        warm.push(copy.warm_gb_s());
        let loaded = load_once(path)?;
        loads.push(file_bytes / loaded.seconds / 1e9);
        peak = peak.max(loaded.peak_bytes);
        final_bytes = loaded.final_bytes;
    }
    let [load, fresh, warm] = [loads, fresh, warm].map(|mut all| {
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2], all[all.len() - 1])
    });
    println!(
        "{name:7} {:.2} GB: load {:.2} ({:.2}) GB/s = {:.3} s; copy to new memory {:.2} ({:.2}) GB/s, ratio {:.2}; \
         copy to memory in use {:.2} ({:.2}) GB/s, ratio {:.2}; peak {:.3} GB, weights {:.3} GB, ratio {:.3}",
        file_bytes / 1e9,
        load.0,
        load.1,
        file_bytes / 1e9 / load.0,
        fresh.0,
        fresh.1,
        load.0 / fresh.0,
        warm.0,
        warm.1,
        load.0 / warm.0,
        peak / 1e9,
        final_bytes / 1e9,
        peak / final_bytes,
    );
    Ok(())
}

/// Bytes of a file, or of all files in a folder.
fn bytes_of(path: &Path) -> io::Result<f64> {
    if path.is_file() {
        return Ok(path.metadata()?.len() as f64);
    }
    let mut sum = 0.0;
    for entry in std::fs::read_dir(path)? {
        sum += entry?.metadata()?.len() as f64;
    }
    Ok(sum)
}
