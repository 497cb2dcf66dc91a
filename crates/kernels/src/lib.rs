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
mod head;
mod linear;
mod ops;
mod scalar;
mod ternary;

pub use activations::{Int8Activations, Int8Row, Int8RowMut};
pub use attention::{
    ATTENTION_SPAN, KvElement, attention_finish, attention_head_group, attention_merge,
    attention_partial, attention_partial_len, attention_scratch_len,
};
pub use head::{HeadRows, embedding_row, head_logits};
pub use isa::Isa;
pub use linear::{matmul, matvec, matvec_i32, transpose_tokens};
pub use ops::{
    add_assign, dot_f32, exp, narrow_f16, rms_norm, rope_rotate_half, silu_mul, softmax,
    squared_relu_mul, widen_f16,
};
pub use ternary::{BLOCK_COLS, BLOCK_ROWS, Line, MAX_COLS, PackedTernary, pack_row_block};
