//! How far logits are from other logits: the figures a reference is judged by.
//!
//! Two engines that both compute exactly differ by the order of their float sums. Once in a while that moves one
//! activation over a rounding boundary, and its position then differs by a thousandth of the spread of its logits. So
//! the median and the mean divergence tell mistakes from noise, not the largest difference.

use serde::Serialize;

/// Distances between rows of logits, gathered row by row.
#[derive(Clone, Debug, Default)]
pub struct LogitComparison {
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    largest: f64,
    mean: f64,
    divergence: f64,
    same_top: bool,
    clear: bool,
}

/// Figures of a [`LogitComparison`]. Distances are in standard deviations of the wanted row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LogitFigures {
    /// Rows compared.
    pub rows: usize,
    /// Largest distance of any logit.
    pub max: f64,
    /// Mean distance of all logits.
    pub mean: f64,
    /// Median over the rows of the largest distance in a row.
    pub median: f64,
    /// Share of rows without a rounding flip: every logit within 1e-4.
    pub same: f64,
    /// Largest Kullback-Leibler divergence of a row, in nats.
    pub kl_max: f64,
    /// Mean divergence.
    pub kl_mean: f64,
    /// Share of rows whose likeliest token is the same.
    pub top1: f64,
    /// The same share among rows whose best logit leads by more than a tenth of a standard deviation.
    pub top1_clear: f64,
}

/// A best logit that leads by more standard deviations than this cannot be overtaken by noise.
const CLEAR_LEAD: f64 = 0.1;

impl LogitComparison {
    /// Adds a row.
    ///
    /// # Panics
    /// When the rows have different lengths or are empty.
    pub fn add(&mut self, got: &[f32], want: &[f32]) {
        assert_eq!(got.len(), want.len(), "rows of one length");
        assert!(!want.is_empty(), "a row has logits");
        let n = want.len() as f64;
        let mean = want.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let deviation = (want
            .iter()
            .map(|&x| (f64::from(x) - mean).powi(2))
            .sum::<f64>()
            / n)
            .sqrt();
        let (mut largest, mut sum) = (0f64, 0f64);
        for (&g, &w) in got.iter().zip(want) {
            let distance = (f64::from(g) - f64::from(w)).abs();
            // NaN must not pass for equal.
            let distance = if distance.is_nan() {
                f64::INFINITY
            } else {
                distance
            };
            largest = largest.max(distance);
            sum += distance;
        }
        let (got_log, want_log) = (log_softmax(got), log_softmax(want));
        let divergence: f64 = want_log
            .iter()
            .zip(&got_log)
            .map(|(w, g)| w.exp() * (w - g))
            .sum();
        let (best, lead) = best(want);
        self.rows.push(Row {
            largest: largest / deviation,
            mean: sum / n / deviation,
            divergence: if divergence.is_nan() {
                f64::INFINITY
            } else {
                divergence.max(0.0)
            },
            same_top: self::best(got).0 == best,
            clear: lead > CLEAR_LEAD * deviation,
        });
    }

    /// The figures of all rows so far.
    ///
    /// # Panics
    /// When there are none.
    pub fn figures(&self) -> LogitFigures {
        let n = self.rows.len();
        assert!(n > 0, "rows were compared");
        let mut largest: Vec<f64> = self.rows.iter().map(|r| r.largest).collect();
        largest.sort_by(f64::total_cmp);
        let share = |rows: &mut dyn Iterator<Item = &Row>| {
            let (mut same, mut all) = (0, 0);
            for row in rows {
                same += usize::from(row.same_top);
                all += 1;
            }
            if all == 0 {
                1.0
            } else {
                same as f64 / f64::from(all)
            }
        };
        LogitFigures {
            rows: n,
            max: largest[n - 1],
            mean: self.rows.iter().map(|r| r.mean).sum::<f64>() / n as f64,
            median: (largest[(n - 1) / 2] + largest[n / 2]) / 2.0,
            same: largest.partition_point(|&d| d < 1e-4) as f64 / n as f64,
            kl_max: self.rows.iter().map(|r| r.divergence).fold(0.0, f64::max),
            kl_mean: self.rows.iter().map(|r| r.divergence).sum::<f64>() / n as f64,
            top1: share(&mut self.rows.iter()),
            top1_clear: share(&mut self.rows.iter().filter(|r| r.clear)),
        }
    }
}

fn log_softmax(row: &[f32]) -> Vec<f64> {
    let top = row.iter().fold(f64::NEG_INFINITY, |a, &x| a.max(x.into()));
    let sum: f64 = row.iter().map(|&x| (f64::from(x) - top).exp()).sum();
    row.iter().map(|&x| f64::from(x) - top - sum.ln()).collect()
}

/// Index of the largest value, and how far it leads.
fn best(row: &[f32]) -> (usize, f64) {
    let (mut best, mut top, mut second) = (0, f64::NEG_INFINITY, f64::NEG_INFINITY);
    for (i, &x) in row.iter().enumerate() {
        let x = f64::from(x);
        if x > top {
            (best, top, second) = (i, x, top);
        } else if x > second {
            second = x;
        }
    }
    (best, top - second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_are_at_distance_zero_and_nan_is_not() {
        let mut same = LogitComparison::default();
        same.add(&[1.0, 2.0, 4.0], &[1.0, 2.0, 4.0]);
        let figures = same.figures();
        assert_eq!(
            (figures.max, figures.kl_mean, figures.top1_clear),
            (0.0, 0.0, 1.0)
        );
        let mut broken = LogitComparison::default();
        broken.add(&[1.0, f32::NAN, 4.0], &[1.0, 2.0, 4.0]);
        assert_eq!(broken.figures().max, f64::INFINITY);
        assert_eq!(broken.figures().kl_mean, f64::INFINITY);
    }

    #[test]
    fn a_shift_of_one_deviation_counts_as_one() {
        let want = [-1.0, 1.0, -1.0, 1.0f32];
        let mut one = LogitComparison::default();
        one.add(&[-1.0, 1.0, -1.0, 2.0], &want);
        let figures = one.figures();
        assert!((figures.max - 1.0).abs() < 1e-12 && figures.kl_mean > 0.0);
        assert!((figures.mean - 0.25).abs() < 1e-12, "{}", figures.mean);
        assert_eq!(figures.top1, 0.0, "3 is now likelier than 1");
        assert_eq!(figures.top1_clear, 1.0, "but it was a tie");
    }
}
