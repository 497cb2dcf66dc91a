//! The live speed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The live speed is that of the tokens of this long.
const SPEED_WINDOW: Duration = Duration::from_secs(2);

/// Tokens per second over [`SPEED_WINDOW`].
#[derive(Default)]
pub(super) struct Speed(VecDeque<Instant>);

impl Speed {
    pub(super) fn push(&mut self, now: Instant) {
        self.0.push_back(now);
        while self
            .0
            .front()
            .is_some_and(|&first| now - first > SPEED_WINDOW)
        {
            self.0.pop_front();
        }
    }

    /// True before the first token.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn tokens_per_second(&self) -> Option<f64> {
        let (first, last) = (self.0.front()?, self.0.back()?);
        let seconds = (*last - *first).as_secs_f64();
        (seconds > 0.0).then(|| (self.0.len() - 1) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_that_of_the_last_seconds() {
        let mut speed = Speed::default();
        let start = Instant::now();
        assert_eq!(speed.tokens_per_second(), None);
        for i in 0..100 {
            speed.push(start + Duration::from_millis(i * 100));
        }
        let measured = speed.tokens_per_second().expect("tokens came");
        assert!((measured - 10.0).abs() < 0.01, "{measured}");
    }
}
