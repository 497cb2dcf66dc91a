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
}

impl HeadRows<'_> {
    /// Numbers in the table.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Bf16(x) | Self::F16(x) => x.len(),
            Self::F32(x) => x.len(),
        }
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Logits of the tokens `rows`: `out[i] = table[rows.start + i] . x`.
///
/// `x` is `[hidden_dim]`, `out` is `[rows.len()]`. Each row is summed in lane order, so a logit does not
/// depend on the range it is computed in.
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
    }
}
