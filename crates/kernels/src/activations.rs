//! Inputs of the ternary layers: one int8 vector with one scale per token.

use crate::Isa;
use crate::ternary::BLOCK_COLS;

/// Scale and sum of one quantised token.
#[derive(Clone, Copy, Debug, Default)]
struct RowScale {
    scale: f32,
    sum: i32,
}

/// A batch of quantised tokens, `[n_tokens][cols]`, in buffers made once.
///
/// Each row is padded with zeros to a multiple of 16 columns.
#[derive(Clone, Debug)]
pub struct Int8Activations {
    max_tokens: usize,
    max_cols: usize,
    n_tokens: usize,
    cols: usize,
    codes: Vec<i8>,
    scales: Vec<RowScale>,
}

impl Int8Activations {
    /// Room for `max_tokens` tokens of up to `max_cols` columns; holds no token yet.
    #[must_use]
    pub fn new(max_tokens: usize, max_cols: usize) -> Self {
        Self {
            max_tokens,
            max_cols,
            n_tokens: 0,
            cols: 0,
            codes: vec![0; max_tokens * padded(max_cols)],
            scales: vec![RowScale::default(); max_tokens],
        }
    }

    /// Makes this a batch of `n_tokens` tokens of `cols` columns, all zero. Allocates nothing.
    ///
    /// # Panics
    /// When the batch is larger than what [`Int8Activations::new`] made room for.
    pub fn reset(&mut self, n_tokens: usize, cols: usize) {
        assert!(n_tokens <= self.max_tokens, "{n_tokens} tokens do not fit");
        assert!(cols <= self.max_cols, "{cols} columns do not fit");
        self.n_tokens = n_tokens;
        self.cols = cols;
        self.codes[..n_tokens * padded(cols)].fill(0);
        self.scales[..n_tokens].fill(RowScale { scale: 1.0, sum: 0 });
    }

    /// Tokens in the batch.
    #[must_use]
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// Columns of each token, without padding.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Quantises `x`, `[cols]`, into row `t`. See [`Int8RowMut::quantize`].
    ///
    /// # Panics
    /// When there is no row `t` or `x` is not `cols` long.
    pub fn quantize_row(&mut self, isa: Isa, t: usize, x: &[f32]) {
        assert!(t < self.n_tokens, "token {t} of {}", self.n_tokens);
        let width = padded(self.cols);
        let mut row = Int8RowMut {
            codes: &mut self.codes[t * width..(t + 1) * width],
            cols: self.cols,
            scale: &mut self.scales[t],
        };
        row.quantize(isa, x);
    }

    /// The quantised row of token `t`.
    ///
    /// # Panics
    /// When there is no row `t`.
    #[must_use]
    pub fn row(&self, t: usize) -> Int8Row<'_> {
        assert!(t < self.n_tokens, "token {t} of {}", self.n_tokens);
        let width = padded(self.cols);
        Int8Row {
            codes: &self.codes[t * width..(t + 1) * width],
            cols: self.cols,
            scale: self.scales[t].scale,
            sum: self.scales[t].sum,
        }
    }

    /// Every row, writable on its own, so that threads can quantise a batch together.
    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = Int8RowMut<'_>> {
        let (width, cols) = (padded(self.cols), self.cols);
        let mut rest = self.codes.as_mut_slice();
        self.scales[..self.n_tokens].iter_mut().map(move |scale| {
            let (codes, after) = std::mem::take(&mut rest).split_at_mut(width);
            rest = after;
            Int8RowMut { codes, cols, scale }
        })
    }

    /// Codes of all tokens, `[n_tokens][padded cols]`, and that padded width.
    pub(crate) fn codes(&self) -> (&[i8], usize) {
        let width = padded(self.cols);
        (&self.codes[..self.n_tokens * width], width)
    }
}

/// One quantised token.
#[derive(Clone, Copy, Debug)]
pub struct Int8Row<'a> {
    codes: &'a [i8],
    cols: usize,
    scale: f32,
    sum: i32,
}

impl<'a> Int8Row<'a> {
    /// The int8 values, `[cols]`.
    #[must_use]
    pub fn codes(self) -> &'a [i8] {
        &self.codes[..self.cols]
    }

    /// The activation scale `s`: int8 value = round(x * s).
    #[must_use]
    pub fn scale(self) -> f32 {
        self.scale
    }

    /// The sum of the int8 values.
    #[must_use]
    pub fn sum(self) -> i32 {
        self.sum
    }

    /// The int8 values with their zero padding, a multiple of 16 long.
    pub(crate) fn padded_codes(self) -> &'a [i8] {
        self.codes
    }
}

/// One writable row of an [`Int8Activations`].
#[derive(Debug)]
pub struct Int8RowMut<'a> {
    codes: &'a mut [i8],
    cols: usize,
    scale: &'a mut RowScale,
}

impl Int8RowMut<'_> {
    /// Quantises `x`, `[cols]`: with `m = max(max|x|, 1e-5)` and `s = (1 / m) * 127` (two roundings),
    /// each value becomes `x * s` rounded half to even.
    ///
    /// A vector that holds a NaN or an infinity becomes all zeros with a scale (NaN or 0) that turns
    /// the layer's output into NaN, so the fault shows instead of spreading quietly.
    ///
    /// # Panics
    /// When `x` is not `cols` long.
    pub fn quantize(&mut self, isa: Isa, x: &[f32]) {
        assert_eq!(x.len(), self.cols, "one input a column");
        let (scale, sum) = dispatch!(isa, quantize(x, &mut self.codes[..self.cols]));
        *self.scale = RowScale { scale, sum };
    }
}

/// Columns rounded up to whole lines.
fn padded(cols: usize) -> usize {
    cols.next_multiple_of(BLOCK_COLS)
}
