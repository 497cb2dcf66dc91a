//! The ternary linear layer: `y = (codes . activations / s) * weight_scale`.
//!
//! A path sums stored codes (code + 1, so 0 to 2) times activations; taking the sum of the activations
//! away leaves the exact dot product. Scaling it is done here, once, in one order.

use std::ops::Range;

use crate::Isa;
use crate::activations::{FieldCodes, Int8Activations, Int8Row, padded};
use crate::few::MOST_FEW;
use crate::panel::LINES_PER_QUAD;
use crate::ternary::{BLOCK_ROWS, FIELD_ROWS, LINE_CODES, Line, Order, PANEL_ROWS, PackedTernary};

/// Tokens for which [`matmul`] keeps sums on the stack while it walks a panel once.
const TOKEN_TILE: usize = 48;
/// Rows whose sums a matvec keeps on the stack. Many, for a path fetches single rows ahead within a tile only.
const ROW_TILE: usize = 512;
/// Lines that hold one token's codes for a line of weights.
const CODE_LINES: usize = LINE_CODES / size_of::<Line>();
/// Columns that stay in a core's cache while token after token goes through them.
const CACHED_COLUMNS: usize = 64;
/// The widest matrix in [`Order::Columns`]: its sums, at most `2 * 64 * 128` a column, stay inside an i32.
pub const MAX_COLUMNS: usize = (1 << 17) - 1;

/// One token through the rows of `row_blocks`: `out`, `[rows of these blocks]`.
///
/// # Panics
/// When the matrix is not in [`Order::RowBlocks`], `row_blocks` leaves it, `act` has other columns, or `out` has
/// another length than [`PackedTernary::rows_in`] says.
pub fn matvec(
    isa: Isa,
    w: &PackedTernary,
    row_blocks: Range<usize>,
    act: Int8Row<'_>,
    weight_scale: f32,
    out: &mut [f32],
) {
    check_matvec(w, &row_blocks, act, out.len());
    let mut sums = [0; ROW_TILE];
    for (first, out) in row_blocks
        .step_by(ROW_TILE / BLOCK_ROWS)
        .zip(out.chunks_mut(ROW_TILE))
    {
        let sums = &mut sums[..out.len()];
        stored_sums(isa, w, first, act, sums);
        dispatch!(
            isa,
            scale_sums(sums, act.sum(), act.scale(), weight_scale, out)
        );
    }
}

/// Sums of stored codes times activations, of the rows from row block `first` on.
fn stored_sums(isa: Isa, w: &PackedTernary, first: usize, act: Int8Row<'_>, sums: &mut [i32]) {
    for (row_block, sums) in (first..).zip(sums.chunks_mut(BLOCK_ROWS)) {
        let stored = dispatch!(isa, row_block_sums(w.unit(row_block), act.padded_codes()));
        sums.copy_from_slice(&stored[..sums.len()]);
    }
}

/// The exact integer sums of [`matvec`], before scaling. For tests.
///
/// # Panics
/// As [`matvec`].
pub fn matvec_i32(
    isa: Isa,
    w: &PackedTernary,
    row_blocks: Range<usize>,
    act: Int8Row<'_>,
    out: &mut [i32],
) {
    check_matvec(w, &row_blocks, act, out.len());
    stored_sums(isa, w, row_blocks.start, act, out);
    for y in out {
        *y -= act.sum();
    }
}

/// One token through single rows: `out[i]` is the output of row `rows[i]`, bit-equal to [`matvec`]'s. Reads no other
/// row.
///
/// # Panics
/// When the matrix is not in [`Order::Rows`], has no such row, or the lengths disagree.
pub fn matvec_rows(
    isa: Isa,
    w: &PackedTernary,
    rows: &[u32],
    act: &FieldCodes,
    weight_scale: f32,
    out: &mut [f32],
) {
    assert_eq!(w.order(), Order::Rows, "single rows");
    assert_eq!(act.cols(), w.cols(), "activations match the matrix");
    assert_eq!(rows.len(), out.len(), "one output a row");
    let last = rows.iter().max().map_or(0, |&row| row as usize + 1);
    assert!(last <= w.rows(), "rows exist");
    let mut sums = [0; ROW_TILE];
    for (rows, out) in rows.chunks(ROW_TILE).zip(out.chunks_mut(ROW_TILE)) {
        let sums = &mut sums[..rows.len()];
        dispatch!(
            isa,
            rows_sums(w.lines(), w.lines_per_unit(), rows, act.codes(), sums)
        );
        dispatch!(
            isa,
            scale_sums(sums, act.sum(), act.scale(), weight_scale, out)
        );
    }
}

/// Length of the sums of [`column_sums`]: rows rounded up to whole lines.
#[must_use]
pub fn column_sums_len(w: &PackedTernary) -> usize {
    w.rows().next_multiple_of(4 * FIELD_ROWS)
}

/// Adds single columns of a matrix, each times its activation, to `sums`, [`column_sums_len`] long. Reads no other
/// column. Sums of several calls may be added up; [`finish_columns`] makes outputs of them.
///
/// # Panics
/// When the matrix is not in [`Order::Columns`] or wider than [`MAX_COLUMNS`], has no such column, or the lengths
/// disagree.
pub fn column_sums(
    isa: Isa,
    w: &PackedTernary,
    columns: &[u32],
    act: Int8Row<'_>,
    sums: &mut [i32],
) {
    assert_eq!(w.order(), Order::Columns, "single columns");
    assert!(w.cols() <= MAX_COLUMNS, "sums fit 32 bits");
    assert_eq!(act.codes().len(), w.cols(), "activations match the matrix");
    assert_eq!(sums.len(), column_sums_len(w), "one sum a row");
    let last = columns
        .iter()
        .max()
        .map_or(0, |&column| column as usize + 1);
    assert!(last <= w.cols(), "columns exist");
    if !columns.is_empty() {
        let codes = act.padded_codes();
        dispatch!(
            isa,
            column_sums(w.lines(), w.lines_per_unit(), columns, codes, sums)
        );
    }
}

/// [`column_sums`] of every token of a batch: `sums` is `[n_tokens][column_sums_len]`. A column is read once.
///
/// # Panics
/// As [`column_sums`].
pub fn column_sums_batch(
    isa: Isa,
    w: &PackedTernary,
    columns: &[u32],
    acts: &Int8Activations,
    sums: &mut [i32],
) {
    let len = column_sums_len(w);
    assert_eq!(sums.len(), acts.n_tokens() * len, "sums for each token");
    if columns.is_empty() || sums.is_empty() {
        return;
    }
    assert_eq!(w.order(), Order::Columns, "single columns");
    assert!(w.cols() <= MAX_COLUMNS, "sums fit 32 bits");
    assert_eq!(acts.cols(), w.cols(), "activations match the matrix");
    let last = columns.iter().max().map_or(0, |&column| column as usize);
    assert!(last < w.cols(), "columns exist");
    let (codes, stride) = acts.codes();
    if acts.n_tokens() <= MOST_FEW
        && dispatch!(
            isa,
            few_columns(w.lines(), w.lines_per_unit(), columns, codes, stride, sums)
        )
    {
        return;
    }
    for columns in columns.chunks(CACHED_COLUMNS) {
        for (t, sums) in sums.chunks_exact_mut(len).enumerate() {
            column_sums(isa, w, columns, acts.row(t), sums);
        }
    }
}

/// [`finish_columns`] of every token of a batch: `partials` is `[partials][n_tokens][column_sums_len]`, `out`
/// `[n_tokens][rows]`.
///
/// # Panics
/// When the lengths disagree.
pub fn finish_columns_batch(
    isa: Isa,
    w: &PackedTernary,
    partials: &mut [i32],
    acts: &Int8Activations,
    weight_scale: f32,
    out: &mut [f32],
) {
    let (len, n_tokens) = (column_sums_len(w), acts.n_tokens());
    assert_eq!(
        out.len(),
        n_tokens * w.rows(),
        "one output a row and a token"
    );
    if out.is_empty() {
        return;
    }
    assert!(partials.len().is_multiple_of(n_tokens * len), "whole sums");
    let (total, rest) = partials.split_at_mut(n_tokens * len);
    for partial in rest.chunks_exact(n_tokens * len) {
        dispatch!(isa, add_sums(total, partial));
    }
    let tokens = total
        .chunks_exact_mut(len)
        .zip(out.chunks_exact_mut(w.rows()));
    for (t, (sums, out)) in tokens.enumerate() {
        finish_columns(isa, w, sums, acts.row(t), weight_scale, out);
    }
}

/// The layer's output, `[rows]`, from the sums of every column whose activation is not 0. `partials` is one or more
/// sums after one another, [`column_sums_len`] each, which are added up. Bit-equal to [`matvec`].
///
/// # Panics
/// When the lengths disagree.
pub fn finish_columns(
    isa: Isa,
    w: &PackedTernary,
    partials: &mut [i32],
    act: Int8Row<'_>,
    weight_scale: f32,
    out: &mut [f32],
) {
    assert_eq!(out.len(), w.rows(), "one output a row");
    let len = column_sums_len(w);
    assert!(partials.len().is_multiple_of(len), "whole sums");
    let Some((total, rest)) = partials.split_at_mut_checked(len) else {
        assert!(out.is_empty(), "a sum for every row");
        return;
    };
    for partial in rest.chunks_exact(len) {
        dispatch!(isa, add_sums(total, partial));
    }
    let quarter = len / 4;
    for (field, (out, sums)) in out
        .chunks_mut(quarter)
        .zip(total.chunks_exact_mut(quarter))
        .enumerate()
    {
        let sums = &mut sums[..out.len()];
        // A multiple of this power of four.
        for sum in &mut *sums {
            *sum >>= 2 * field;
        }
        dispatch!(
            isa,
            scale_sums(sums, act.sum(), act.scale(), weight_scale, out)
        );
    }
}

/// Lines of scratch that [`matmul`] needs for this matrix.
#[must_use]
pub fn matmul_scratch_lines(w: &PackedTernary) -> usize {
    let panel = panel_lines(w);
    match w.order() {
        // The tokens' codes in the order of a row, when they are few.
        Order::Rows => panel.max(MOST_FEW * w.lines_per_unit() * CODE_LINES),
        _ => panel,
    }
}

/// Lines of a panel.
fn panel_lines(w: &PackedTernary) -> usize {
    padded(w.cols()) / 4 * LINES_PER_QUAD
}

/// A batch of tokens through the rows of `panels` (32 rows each): `out`, `[panels][n_tokens][32]`; rows beyond the
/// matrix give some finite number.
///
/// The output is panel by panel, so that ranges of panels own whole slices; [`token_of_panels`] reads a token out.
/// Equal, bit for bit, to a [`matvec`] per token, in any order of the matrix.
///
/// # Panics
/// When `panels` leaves the matrix, `acts` has other columns, `out` is not panels times tokens times 32 long, or
/// `scratch` shorter than [`matmul_scratch_lines`].
pub fn matmul(
    isa: Isa,
    w: &PackedTernary,
    panels: Range<usize>,
    acts: &Int8Activations,
    weight_scale: f32,
    out: &mut [f32],
    scratch: &mut [Line],
) {
    let n_tokens = acts.n_tokens();
    assert_eq!(acts.cols(), w.cols(), "activations match the matrix");
    assert!(panels.end <= w.panels(), "panels exist");
    assert_eq!(
        out.len(),
        panels.len() * n_tokens * PANEL_ROWS,
        "out is [panels][n_tokens][32]"
    );
    if out.is_empty() {
        return;
    }
    let scratch = &mut scratch[..matmul_scratch_lines(w)];
    if scratch.is_empty() {
        out.fill(0.0);
        return;
    }
    if w.order() != Order::Columns && n_tokens <= dispatch!(isa, few_tokens()) {
        matmul_of_few(isa, w, panels, acts, weight_scale, out, scratch);
        return;
    }
    let panel = &mut scratch[..panel_lines(w)];
    let (codes, stride) = acts.codes();
    let per_unit = w.lines_per_unit();
    let mut sums = [[0_i32; PANEL_ROWS]; TOKEN_TILE];
    for (index, out) in panels.zip(out.chunks_exact_mut(PANEL_ROWS * n_tokens)) {
        match w.order() {
            Order::RowBlocks => {
                let lines = panel_units(w, index, PANEL_ROWS / BLOCK_ROWS);
                dispatch!(isa, unpack_row_blocks(lines, per_unit, panel));
            }
            Order::Rows => {
                let lines = panel_units(w, index, PANEL_ROWS);
                dispatch!(isa, unpack_rows(lines, per_unit, panel));
            }
            Order::Columns => {
                dispatch!(isa, unpack_columns(w.lines(), per_unit, index, panel));
            }
        }
        for (first, out) in (0..n_tokens)
            .step_by(TOKEN_TILE)
            .zip(out.chunks_mut(TOKEN_TILE * PANEL_ROWS))
        {
            let sums = &mut sums[..out.len() / PANEL_ROWS];
            dispatch!(
                isa,
                panel_sums(panel, &codes[first * stride..], stride, sums)
            );
            let (out, _) = out.as_chunks_mut();
            let scales = &acts.scales()[first..];
            dispatch!(isa, scale_panel(sums, scales, weight_scale, out));
        }
    }
}

/// The lines of panel `index`, which has at most `units` rows or row blocks.
fn panel_units(w: &PackedTernary, index: usize, units: usize) -> &[Line] {
    let per_panel = units * w.lines_per_unit();
    let lines = &w.lines()[index * per_panel..];
    &lines[..per_panel.min(lines.len())]
}

/// [`matmul`] of a few tokens, whose sums fit registers: weights are read as they lie, without a panel.
fn matmul_of_few(
    isa: Isa,
    w: &PackedTernary,
    panels: Range<usize>,
    acts: &Int8Activations,
    weight_scale: f32,
    out: &mut [f32],
    scratch: &mut [Line],
) {
    let n_tokens = acts.n_tokens();
    let (codes, stride) = acts.codes();
    let per_unit = w.lines_per_unit();
    let (arranged, width) = (bytemuck::cast_slice_mut(scratch), per_unit * LINE_CODES);
    if w.order() == Order::Rows {
        for (t, arranged) in arranged.chunks_exact_mut(width).take(n_tokens).enumerate() {
            acts.row(t).by_fields(arranged);
        }
    }
    let mut sums = [[0_i32; PANEL_ROWS]; MOST_FEW];
    let sums = &mut sums[..n_tokens];
    for (index, out) in panels.zip(out.chunks_exact_mut(PANEL_ROWS * n_tokens)) {
        if w.order() == Order::Rows {
            let lines = panel_units(w, index, PANEL_ROWS);
            if !dispatch!(isa, few_rows(lines, per_unit, arranged, sums)) {
                let numbers: [u32; PANEL_ROWS] = std::array::from_fn(|row| row as u32);
                for (sums, codes) in sums.iter_mut().zip(arranged.chunks_exact(width)) {
                    let numbers = &numbers[..lines.len() / per_unit];
                    let sums = &mut sums[..lines.len() / per_unit];
                    dispatch!(isa, rows_sums(lines, per_unit, numbers, codes, sums));
                }
            }
        } else {
            let lines = panel_units(w, index, PANEL_ROWS / BLOCK_ROWS);
            if !dispatch!(isa, few_row_blocks(lines, per_unit, codes, stride, sums)) {
                for (half, block) in lines.chunks_exact(per_unit).enumerate() {
                    for (t, sums) in sums.iter_mut().enumerate() {
                        let codes = acts.row(t).padded_codes();
                        let rows = &mut sums[half * BLOCK_ROWS..(half + 1) * BLOCK_ROWS];
                        rows.copy_from_slice(&dispatch!(isa, row_block_sums(block, codes)));
                    }
                }
            }
        }
        let (out, _) = out.as_chunks_mut();
        dispatch!(isa, scale_panel(sums, acts.scales(), weight_scale, out));
    }
}

/// Token `t` of `panels`, `[panels][n_tokens][32]` (what [`matmul`] writes), as pieces of 32 rows (the last may reach
/// beyond the matrix), in the order of rows.
///
/// # Panics
/// When there is no such token.
pub fn token_of_panels(
    panels: &[f32],
    n_tokens: usize,
    t: usize,
) -> impl Iterator<Item = &[f32; PANEL_ROWS]> {
    assert!(t < n_tokens, "token {t} of {n_tokens}");
    let (pieces, _) = panels.as_chunks::<PANEL_ROWS>();
    pieces.iter().skip(t).step_by(n_tokens)
}

/// Adds tokens of `panels`, `[panels][n_tokens][32]` (what [`matmul`] writes), to their rows: `x` is `[tokens][width]`,
/// token `first` before the others.
///
/// # Panics
/// When there is no such token or the panels are narrower than a row.
pub fn add_panels(
    isa: Isa,
    panels: &[f32],
    n_tokens: usize,
    first: usize,
    x: &mut [f32],
    width: usize,
) {
    let tokens = x.len().checked_div(width).unwrap_or(0);
    assert!(
        first + tokens <= n_tokens,
        "tokens {first} and {tokens} more of {n_tokens}"
    );
    assert!(x.len() == tokens * width, "whole rows");
    let needed = width.div_ceil(PANEL_ROWS) * PANEL_ROWS * n_tokens;
    assert!(panels.len() >= needed, "panels as wide as a row");
    let (pieces, _) = panels.as_chunks();
    dispatch!(isa, add_panel_rows(pieces, n_tokens, first, x, width));
}

/// From an exact sum to a layer's output.
#[inline(always)]
pub(crate) fn scaled(sum: i32, activation_scale: f32, weight_scale: f32) -> f32 {
    (sum as f32 / activation_scale) * weight_scale
}

fn check_matvec(w: &PackedTernary, row_blocks: &Range<usize>, act: Int8Row<'_>, out_len: usize) {
    assert_eq!(w.order(), Order::RowBlocks, "whole row blocks");
    assert_eq!(act.codes().len(), w.cols(), "activations match the matrix");
    assert!(row_blocks.end <= w.row_blocks(), "row blocks exist");
    assert_eq!(out_len, w.rows_in(row_blocks), "one output a row");
}
