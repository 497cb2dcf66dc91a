//! How far long work is, on stderr: one line that changes on a terminal, now and then a line of its
//! own elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use tern_models::{Progress, Stage};

/// Between two lines where each stays.
const LINE_EVERY: Duration = Duration::from_secs(15);
/// Between two changes of the line on a terminal.
const CHANGE_EVERY: Duration = Duration::from_millis(100);
/// Characters of the bar.
const BAR: usize = 20;

/// What stands on stderr about the work.
pub(crate) struct Line {
    terminal: bool,
    /// Characters on the line now.
    shown: usize,
    last: Option<Instant>,
    /// A wait was said, and why; it is said once.
    waiting: Option<String>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            shown: 0,
            last: None,
            waiting: None,
        }
    }

    /// How a download stands.
    pub(crate) fn download(&mut self, progress: &Progress) {
        let why = match &progress.stage {
            Stage::Waiting { setback, .. } => Some(setback.to_string()),
            _ => None,
        };
        let news = why != self.waiting;
        self.waiting = why;
        if self.is_due(news) {
            let text = download_text(progress, self.terminal);
            self.write(&text);
        }
    }

    /// That `done` of `total` bytes are done, `doing` as in "Checking".
    pub(crate) fn work(&mut self, doing: &str, done: u64, total: u64) {
        if self.is_due(false) {
            let bar = if self.terminal {
                bar(done, total)
            } else {
                String::new()
            };
            self.write(&format!("{doing} {bar}{}", amount(done, total)));
        }
    }

    /// Leaves an empty line for what comes next.
    pub(crate) fn clear(&mut self) {
        if self.terminal && self.shown > 0 {
            eprint!("\r{:1$}\r", "", self.shown);
            let _ = std::io::stderr().flush();
        }
        self.shown = 0;
    }

    fn is_due(&mut self, news: bool) -> bool {
        let every = if self.terminal {
            CHANGE_EVERY
        } else {
            LINE_EVERY
        };
        let due = news || self.last.is_none_or(|last| last.elapsed() >= every);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }

    fn write(&mut self, text: &str) {
        if !self.terminal {
            eprintln!("{text}");
            return;
        }
        // Spaces over what was longer: not every terminal knows how to erase.
        eprint!("\r{text:0$}", self.shown);
        let _ = std::io::stderr().flush();
        self.shown = text.chars().count();
    }
}

fn download_text(progress: &Progress, terminal: bool) -> String {
    let (done, total) = (progress.done, progress.total);
    let so_far = match total {
        0 => String::new(),
        _ if terminal => format!("{}{}", bar(done, total), amount(done, total)),
        _ => amount(done, total),
    };
    let now = match &progress.stage {
        Stage::Asking => "asking the hub".to_owned(),
        Stage::Checking => "checking".to_owned(),
        Stage::Waiting { setback, seconds } => format!("{setback}; next try in {seconds} s"),
        Stage::Fetching => match (progress.bytes_per_second, progress.seconds_left()) {
            (Some(speed), Some(left)) => format!("{}/s  {} left", size(speed as u64), time(left)),
            (Some(speed), None) => format!("{}/s", size(speed as u64)),
            _ => String::new(),
        },
    };
    [so_far, now]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("  ")
}

fn bar(done: u64, total: u64) -> String {
    let filled = share(done, total, BAR as u64) as usize;
    format!("[{}{}] ", "#".repeat(filled), ".".repeat(BAR - filled))
}

/// `42 %  504.0 MB of 1.19 GB`
fn amount(done: u64, total: u64) -> String {
    let percent = share(done, total, 100);
    format!("{percent} %  {} of {}", size(done), size(total))
}

fn share(done: u64, total: u64, of: u64) -> u64 {
    let share = u128::from(done.min(total)) * u128::from(of) / u128::from(total.max(1));
    share as u64
}

/// Bytes for people, in steps of a thousand.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

fn time(seconds: f64) -> String {
    match seconds.ceil() as u64 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tern_models::Setback;

    fn progress(stage: Stage, bytes_per_second: Option<f64>) -> Progress {
        Progress {
            stage,
            done: 504_000_000,
            total: 1_187_801_280,
            bytes_per_second,
        }
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let fetching = progress(Stage::Fetching, Some(12e6));
        let text = download_text(&fetching, true);
        assert_eq!(
            text,
            "[########............] 42 %  504.0 MB of 1.19 GB  12.0 MB/s  57 s left"
        );
        assert!(text.len() < 80, "it fits a terminal's line");
        assert_eq!(
            download_text(&fetching, false),
            "42 %  504.0 MB of 1.19 GB  12.0 MB/s  57 s left"
        );
        let asking = Progress {
            done: 0,
            total: 0,
            ..progress(Stage::Asking, None)
        };
        assert_eq!(download_text(&asking, true), "asking the hub");
    }

    #[test]
    fn a_wait_says_why() {
        let waiting = Stage::Waiting {
            setback: Setback::Unreachable,
            seconds: 8,
        };
        let text = download_text(&progress(waiting, None), false);
        assert!(
            text.ends_with("there is no connection; next try in 8 s"),
            "{text}"
        );
    }

    #[test]
    fn sizes_and_times_are_for_people() {
        let sizes = [999, 36_477, 999_999, 1_000_000, 4_800_000_000].map(size);
        assert_eq!(
            sizes,
            ["1.0 kB", "36.5 kB", "1000.0 kB", "1.0 MB", "4.80 GB"]
        );
        let times = [0.2, 119.0, 121.0, 7300.0].map(time);
        assert_eq!(times, ["1 s", "119 s", "3 min", "2 h 01 min"]);
        assert_eq!((share(5, 0, 100), share(7, 5, 100)), (0, 100));
    }
}
