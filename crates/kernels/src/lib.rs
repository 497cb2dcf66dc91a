//! Ternary by int8 arithmetic for CPUs, and the float operations around it.
//!
//! Every function takes an [`Isa`], is safe to call, allocates nothing and starts no thread. Work is
//! cut by the caller: a [`matvec`] or [`matmul`] over a range of row blocks writes to a slice of its
//! own, so any thread pool can share a matrix out.
//!
//! The answer does not depend on the path taken. Integer sums are exact, and float reductions run
//! over 16 virtual lanes in one fixed order with fused multiply-adds, so every [`Isa`] gives the same
//! bits as [`Isa::Scalar`]. The README of this crate states the byte layout and those orders.

#[macro_use]
mod isa;
#[macro_use]
mod float;

mod activations;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod few;
mod head;
mod linear;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
mod neon_dotprod;
#[cfg(target_arch = "aarch64")]
mod neon_i8mm;
mod ops;
mod panel;
mod peak;
mod plane_input;
mod planes;
mod scalar;
mod select;
mod ternary;

pub use activations::{FieldCodes, Int8Activations, Int8Row, Int8RowMut};
pub use attention::{
    ATTENTION_SPAN, KV_GROUP, KvElement, attention_finish, attention_head_group, attention_merge,
    attention_partial, attention_partial_int8, attention_partial_len, attention_partials,
    attention_partials_scratch_len, attention_scratch_len, quantize_int8,
};
pub use few::MOST_FEW;
pub use head::{HeadRows, embedding_row, head_logits};
pub use isa::Isa;
pub use linear::{
    MAX_COLUMNS, add_panels, column_sums, column_sums_batch, column_sums_len, finish_columns,
    finish_columns_batch, matmul, matmul_scratch_lines, matvec, matvec_i32, matvec_rows,
    token_of_panels,
};
pub use ops::{
    add_assign, dot_f32, exp, narrow_f16, rms_norm, rope_rotate_half, silu_mul, softmax,
    squared_relu_mul, widen_f16,
};
pub use peak::multiply_adds;
pub use plane_input::PlaneInput;
pub use planes::{
    HeadPlanes, MAX_PLANE_COLS, PlaneRow, high_lines, low_lines, pack_planes, screen, sharpen,
};
pub use select::{select_nonzero, select_positive};
pub use ternary::{
    BLOCK_COLS, BLOCK_ROWS, Line, MAX_COLS, Order, PANEL_ROWS, PackedTernary, column_byte,
    pack_cell, pack_row_block,
};
