//! Inputs of the ternary layers: one int8 vector with one scale per token.

use crate::Isa;
use crate::ternary::{BLOCK_COLS, LINE_CODES};

/// Scale and sum of one quantised token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowScale {
    pub(crate) scale: f32,
    pub(crate) sum: i32,
}

/// A batch of quantised tokens, `[n_tokens][cols]`, in buffers made once.
///
/// Each row is padded with zeros to a multiple of 16 columns and begins an odd number of cache lines after the one
/// before, so that the rows of a batch do not fall into the same sets of a cache.
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
            codes: vec![0; max_tokens * stride(max_cols)],
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
        self.codes[..n_tokens * stride(cols)].fill(0);
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
        let width = stride(self.cols);
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
        let start = t * stride(self.cols);
        Int8Row {
            codes: &self.codes[start..start + padded(self.cols)],
            cols: self.cols,
            scale: self.scales[t].scale,
            sum: self.scales[t].sum,
        }
    }

    /// Every row, writable on its own, so that threads can quantise a batch together.
    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = Int8RowMut<'_>> {
        let (width, cols) = (stride(self.cols), self.cols);
        let mut rest = self.codes.as_mut_slice();
        self.scales[..self.n_tokens].iter_mut().map(move |scale| {
            let (codes, after) = std::mem::take(&mut rest).split_at_mut(width);
            rest = after;
            Int8RowMut { codes, cols, scale }
        })
    }

    /// Scales and sums of all tokens.
    pub(crate) fn scales(&self) -> &[RowScale] {
        &self.scales[..self.n_tokens]
    }

    /// Codes of all tokens, and how many lie from one token to the next.
    pub(crate) fn codes(&self) -> (&[i8], usize) {
        let width = stride(self.cols);
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

    /// Writes the int8 values in the order of [`FieldCodes`], 256 for each line of a row.
    pub(crate) fn by_fields(self, out: &mut [i8]) {
        let (lines, _) = out.as_chunks_mut::<LINE_CODES>();
        for (line, codes) in lines.iter_mut().zip(self.codes.chunks(LINE_CODES)) {
            if codes.len() < LINE_CODES {
                line.fill(0);
            }
            let (quads, _) = line.as_chunks_mut::<4>();
            for (cell, codes) in codes.as_chunks::<BLOCK_COLS>().0.iter().enumerate() {
                for (field, quad) in codes.as_chunks::<4>().0.iter().enumerate() {
                    quads[field * 16 + cell] = *quad;
                }
            }
        }
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

/// One quantised token in the order in which [`Order::Rows`](crate::Order::Rows) holds columns: for each 256 columns,
/// those of the first bit field, then of the second, third and fourth.
#[derive(Clone, Debug)]
pub struct FieldCodes {
    cols: usize,
    scale: RowScale,
    codes: Vec<i8>,
}

impl FieldCodes {
    /// Room for tokens of up to `max_cols` columns.
    #[must_use]
    pub fn new(max_cols: usize) -> Self {
        Self {
            cols: 0,
            scale: RowScale::default(),
            codes: vec![0; max_cols.next_multiple_of(LINE_CODES)],
        }
    }

    /// Takes over a token.
    ///
    /// # Panics
    /// When it is wider than what [`FieldCodes::new`] made room for.
    pub fn arrange(&mut self, act: Int8Row<'_>) {
        let (scale, sum) = (act.scale, act.sum);
        self.cols = act.cols;
        self.scale = RowScale { scale, sum };
        act.by_fields(&mut self.codes[..act.cols.next_multiple_of(LINE_CODES)]);
    }

    /// Columns, without padding.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The activation scale, as [`Int8Row::scale`].
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale.scale
    }

    /// The sum of the int8 values.
    #[must_use]
    pub fn sum(&self) -> i32 {
        self.scale.sum
    }

    pub(crate) fn codes(&self) -> &[i8] {
        &self.codes[..self.cols.next_multiple_of(LINE_CODES)]
    }
}

/// Columns rounded up to whole lines of a row block.
pub(crate) fn padded(cols: usize) -> usize {
    cols.next_multiple_of(BLOCK_COLS)
}

/// Codes from one token of a batch to the next: an odd number of cache lines.
fn stride(cols: usize) -> usize {
    (cols.div_ceil(64) | 1) * 64
}
