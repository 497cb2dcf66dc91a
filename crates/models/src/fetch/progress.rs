//! How a download goes, for whoever watches, and how it is told to stop.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::Setback;

/// Over how long speed is measured.
const SPEED_WINDOW: Duration = Duration::from_secs(5);

/// How a download stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Bytes that are there.
    pub done: u64,
    /// Bytes of all files together; 0 until the hub has said.
    pub total: u64,
    /// Over the last seconds, in bytes per second; none until that means something.
    pub bytes_per_second: Option<f64>,
}

impl Progress {
    /// Seconds until everything is there, at the present speed.
    pub fn seconds_left(&self) -> Option<f64> {
        let speed = self.bytes_per_second.filter(|speed| *speed > 0.0)?;
        Some(self.total.saturating_sub(self.done) as f64 / speed)
    }
}

/// What a download is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Asking the hub what there is.
    Asking,
    /// Bytes arrive.
    Fetching,
    /// Nothing arrives; Tern tries again by itself.
    Waiting {
        /// Why.
        setback: Setback,
        /// Seconds until the next try.
        seconds: u64,
    },
    /// Everything is there and is being compared with what it should be.
    Checking,
}

/// What a running download is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Go,
    Pause,
    Cancel,
}

/// The switch of a download, shared with whoever may stop it.
#[derive(Clone, Debug)]
pub struct Control(watch::Sender<Order>);

impl Default for Control {
    fn default() -> Self {
        Self(watch::channel(Order::Go).0)
    }
}

impl Control {
    /// Ends the download and keeps what is there.
    pub fn pause(&self) {
        self.0.send_if_modified(|order| {
            let goes = *order == Order::Go;
            if goes {
                *order = Order::Pause;
            }
            goes
        });
    }

    /// Ends the download and throws away what is there.
    pub fn cancel(&self) {
        self.0.send_replace(Order::Cancel);
    }

    pub(crate) fn order(&self) -> Order {
        *self.0.borrow()
    }

    /// Returns once the download is to end.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as `self`.
        let _ = self
            .0
            .subscribe()
            .wait_for(|order| *order != Order::Go)
            .await;
    }
}

/// Speed over the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Meter(VecDeque<(Instant, u64)>);

impl Meter {
    /// Takes down how many bytes had come in all by `now`, and answers with the speed.
    pub(crate) fn speed(&mut self, now: Instant, bytes: u64) -> Option<f64> {
        self.0.push_back((now, bytes));
        while self.0.len() > 2 && now - self.0[0].0 > SPEED_WINDOW {
            self.0.pop_front();
        }
        let (since, before) = *self.0.front()?;
        let seconds = (now - since).as_secs_f64();
        (seconds >= 0.5).then(|| bytes.saturating_sub(before) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_that_of_the_last_seconds() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        assert_eq!(meter.speed(start, 0), None);
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(meter.speed(after(1), 100), Some(100.0));
        for second in 2..=20 {
            meter.speed(after(second), 100 + 10 * (second - 1));
        }
        assert_eq!(meter.speed(after(21), 300), Some(10.0));
        for second in 22..=30 {
            meter.speed(after(second), 300);
        }
        assert_eq!(meter.speed(after(31), 300), Some(0.0));
    }

    #[test]
    fn what_is_cancelled_stays_cancelled() {
        let control = Control::default();
        control.cancel();
        control.pause();
        assert_eq!(control.order(), Order::Cancel);
    }
}
