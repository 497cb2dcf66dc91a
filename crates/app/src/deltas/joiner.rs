//! Text pieces joined to a pace the window can draw.

use std::time::Duration;

use tokio::time::Instant;

/// Least time between two text events of one answer.
const DELTA_INTERVAL: Duration = Duration::from_millis(33);

/// Joins text pieces: the first passes at once, later ones at most every [`DELTA_INTERVAL`].
#[derive(Default)]
pub(super) struct Joiner {
    pending: String,
    last: Option<Instant>,
}

impl Joiner {
    /// When the pending text is to be sent; none while nothing is pending.
    pub(super) fn due(&self) -> Option<Instant> {
        let last = self.last?;
        (!self.pending.is_empty()).then(|| last + DELTA_INTERVAL)
    }

    /// Adds a piece; returns what is to be sent now.
    pub(super) fn push(&mut self, piece: &str, now: Instant) -> Option<String> {
        self.pending.push_str(piece);
        match self.last {
            Some(last) if now < last + DELTA_INTERVAL => None,
            _ => self.take(now),
        }
    }

    pub(super) fn take(&mut self, now: Instant) -> Option<String> {
        if self.pending.is_empty() {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.pending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_piece_goes_at_once_and_later_ones_are_joined() {
        let mut joiner = Joiner::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(joiner.push("a", at(0)).as_deref(), Some("a"));
        assert_eq!(joiner.push("b", at(5)), None);
        assert_eq!(joiner.push("c", at(10)), None);
        assert_eq!(joiner.due(), Some(at(33)));
        assert_eq!(joiner.take(at(33)).as_deref(), Some("bc"));
        assert_eq!(joiner.due(), None);
        assert_eq!(joiner.push("d", at(70)).as_deref(), Some("d"));
    }

    #[test]
    fn a_fast_model_makes_at_most_thirty_one_events_a_second() {
        let mut joiner = Joiner::default();
        let start = Instant::now();
        let sent = (0..1000)
            .filter(|&ms| {
                joiner
                    .push("x", start + Duration::from_millis(ms))
                    .is_some()
            })
            .count();
        assert!((28..=31).contains(&sent), "{sent} events");
    }

    #[test]
    fn pieces_without_text_send_nothing() {
        let mut joiner = Joiner::default();
        assert_eq!(joiner.push("", Instant::now()), None);
        assert_eq!(joiner.due(), None);
    }
}
