//! The language-model head and the embedding, which are not ternary.

use std::ops::Range;

use crate::Isa;
use half::slice::HalfBitsSliceExt;
use half::{bf16, f16};

/// A table of rows as stored, `[rows][hidden_dim]`.
#[derive(Clone, Copy, Debug)]
pub enum HeadRows<'a> {
    /// Bits of bfloat16.
    Bf16(&'a [u16]),
    /// Bits of IEEE half floats.
    F16(&'a [u16]),
    /// Single floats.
    F32(&'a [f32]),
    /// Integers with a float scale for each group of neighbours in a row; a number is `scale * code`, rounded
    /// to f32 once.
    Int8 {
        /// `[rows][hidden_dim]`.
        codes: &'a [i8],
        /// `[rows][hidden_dim / 16]` or `[rows][hidden_dim / 32]`: which of the two, the lengths say.
        scales: &'a [f32],
    },
}

impl HeadRows<'_> {
    /// Numbers in the table.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Bf16(x) | Self::F16(x) => x.len(),
            Self::F32(x) => x.len(),
            Self::Int8 { codes, .. } => codes.len(),
        }
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Codes of a row that share a scale.
///
/// # Panics
/// When it is neither 16 nor 32, or a row has a part of a group.
fn group_len(codes: &[i8], scales: &[f32], hidden_dim: usize) -> usize {
    let group = if codes.len() == scales.len() * 32 {
        32
    } else {
        16
    };
    assert_eq!(
        codes.len(),
        scales.len() * group,
        "one scale for 16 or 32 codes"
    );
    assert!(hidden_dim.is_multiple_of(group), "rows of whole groups");
    group
}

/// Logits of the tokens `rows`: `out[i] = table[rows.start + i] . x`.
///
/// `x` is `[hidden_dim]`, `out` is `[rows.len()]`. Each row is summed in lane order, so a logit does not
/// depend on the range it is computed in, and is the one of an F32 table that holds the same numbers.
///
/// # Panics
/// When `rows` leaves the table or the lengths disagree.
pub fn head_logits(
    isa: Isa,
    table: HeadRows<'_>,
    rows: Range<usize>,
    hidden_dim: usize,
    x: &[f32],
    out: &mut [f32],
) {
    assert_eq!(x.len(), hidden_dim, "one input a column");
    assert_eq!(out.len(), rows.len(), "one logit a row");
    let range = rows.start * hidden_dim..rows.end * hidden_dim;
    match table {
        HeadRows::Bf16(table) => {
            let rows = table[range].reinterpret_cast::<bf16>();
            dispatch!(isa, head_logits(rows, x, out));
        }
        HeadRows::F16(table) => {
            let rows = table[range].reinterpret_cast::<f16>();
            dispatch!(isa, head_logits(rows, x, out));
        }
        HeadRows::F32(table) => dispatch!(isa, head_logits(&table[range], x, out)),
        HeadRows::Int8 { codes, scales } => {
            let group = group_len(codes, scales, hidden_dim);
            let scales = &scales[range.start / group..range.end / group];
            dispatch!(isa, head_logits_int8(&codes[range], scales, x, out));
        }
    }
}

/// One row of the table as f32, exactly: a token's embedding, `[out.len()]`.
///
/// # Panics
/// When there is no such row.
pub fn embedding_row(isa: Isa, table: HeadRows<'_>, row: usize, out: &mut [f32]) {
    let range = row * out.len()..(row + 1) * out.len();
    match table {
        HeadRows::Bf16(table) => {
            dispatch!(isa, widen(table[range].reinterpret_cast::<bf16>(), out));
        }
        HeadRows::F16(table) => {
            dispatch!(isa, widen(table[range].reinterpret_cast::<f16>(), out));
        }
        HeadRows::F32(table) => out.copy_from_slice(&table[range]),
        HeadRows::Int8 { codes, scales } => {
            let group = group_len(codes, scales, out.len());
            let scales = &scales[range.start / group..range.end / group];
            dispatch!(isa, widen_int8(&codes[range], scales, out));
        }
    }
}
