//! A few tokens at once: more than one, and not enough to pay for a panel.
//!
//! A path may have kernels that read packed weights once and multiply them with all tokens in registers. Others
//! decline, and the tokens go one by one through weights that the first of them has brought into a cache.

use crate::ternary::{Line, PANEL_ROWS};

/// Most tokens that any path calls few.
pub const MOST_FEW: usize = 8;

/// For how many tokens one by one is no slower than a panel: measured with AVX2.
pub(crate) const ONE_BY_ONE: usize = 6;

/// How many tokens are few on a path without such kernels.
pub(crate) fn few_tokens() -> usize {
    ONE_BY_ONE
}

/// Whole row blocks of one panel, one or two, times a few tokens: `sums[t]`, as [`crate::panel::panel_sums`]. False
/// where a path declines.
pub(crate) fn few_row_blocks(
    _blocks: &[Line],
    _per_block: usize,
    _codes: &[i8],
    _stride: usize,
    _sums: &mut [[i32; PANEL_ROWS]],
) -> bool {
    false
}

/// Likewise the rows of one panel, at most 32, in [`Order::Rows`](crate::Order::Rows). Codes are ordered as
/// [`FieldCodes`](crate::FieldCodes) orders them, 256 for each line of a row, token after token.
pub(crate) fn few_rows(
    _rows: &[Line],
    _per_row: usize,
    _codes: &[i8],
    _sums: &mut [[i32; PANEL_ROWS]],
) -> bool {
    false
}

/// Likewise single columns: adds to `sums`, `[tokens][sums of a token]`, what [`crate::scalar::column_sums`] adds for
/// each token.
pub(crate) fn few_columns(
    _lines: &[Line],
    _per_column: usize,
    _columns: &[u32],
    _codes: &[i8],
    _stride: usize,
    _sums: &mut [i32],
) -> bool {
    false
}
