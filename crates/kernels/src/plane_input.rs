//! The input of a head that lies in planes.

use crate::planes::{LOW_COLS, SLACK};

/// The largest int16 input whose upper part, rounded, fits an int8.
const MAX_INPUT: f32 = 127.0 * 128.0;

/// The input of the head, as int16 numbers in two int8 parts: `x = (128 * upper + lower) / scale`.
#[derive(Clone, Debug)]
pub struct PlaneInput {
    /// Columns rounded up to whole lines of either plane.
    upper: Vec<i8>,
    lower: Vec<i8>,
    cols: usize,
    scale: f32,
    sums: [i32; 2],
    norm: f32,
    error: f32,
}

impl PlaneInput {
    /// Room for an input of `cols` numbers.
    #[must_use]
    pub fn new(cols: usize) -> Self {
        let padded = cols.next_multiple_of(LOW_COLS);
        Self {
            upper: vec![0; padded],
            lower: vec![0; padded],
            cols,
            scale: 1.0,
            sums: [0; 2],
            norm: 0.0,
            error: 0.0,
        }
    }

    /// Numbers of the input.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Takes `x`, `[cols]`. False when it holds a number that is not finite, or is too large to be summed: then
    /// nothing can be screened.
    ///
    /// # Panics
    /// When `x` is not `cols` long.
    #[must_use]
    pub fn quantize(&mut self, x: &[f32]) -> bool {
        assert_eq!(x.len(), self.cols, "one number a column");
        let absmax = x
            .iter()
            .fold(0.0_f32, |m, x| if x.abs() > m { x.abs() } else { m });
        let squares: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        if !squares.is_finite() || squares > 1e30 {
            return false;
        }
        self.scale = MAX_INPUT / absmax.max(1e-20);
        self.sums = [0; 2];
        let mut error = 0.0_f64;
        let parts = self.upper.iter_mut().zip(&mut self.lower);
        for (&x, (upper, lower)) in x.iter().zip(parts) {
            let whole = (x * self.scale).round_ties_even() as i32;
            let difference = f64::from(x) - f64::from(whole) / f64::from(self.scale);
            error += difference * difference;
            let high = (whole + 64) >> 7;
            *upper = high as i8;
            *lower = (whole - (high << 7)) as i8;
            self.sums[0] += high;
            self.sums[1] += whole - (high << 7);
        }
        self.norm = (squares.sqrt() as f32) * SLACK;
        self.error = (error.sqrt() as f32) * SLACK;
        true
    }

    /// From stored sums of either part (code + 8) to the sum of codes times the int16 input.
    #[inline(always)]
    pub(crate) fn whole(&self, upper: i32, lower: i32) -> i32 {
        (upper - 8 * self.sums[0]) * 128 + (lower - 8 * self.sums[1])
    }

    /// The upper parts, with zeros up to whole lines of either plane.
    pub(crate) fn upper(&self) -> &[i8] {
        &self.upper
    }

    pub(crate) fn lower(&self) -> &[i8] {
        &self.lower
    }

    pub(crate) fn scale(&self) -> f32 {
        self.scale
    }

    /// Euclidean norm, rounded up.
    pub(crate) fn norm(&self) -> f32 {
        self.norm
    }

    /// Euclidean norm of what rounding took away, rounded up.
    pub(crate) fn error(&self) -> f32 {
        self.error
    }
}
