//! Float kernels, written once and compiled for every path.
//!
//! All of this is plain inline Rust over 16 virtual lanes. A path instantiates it with its own lanes
//! ([`Arch`]) inside a function that enables its instructions; since the order of operations is in
//! this source and a fused multiply-add rounds once everywhere, all instances give the same bits.

mod attention;
mod attention_many;
mod elementwise;
mod exp;
mod quantize;
mod reduce;

pub use attention::KV_GROUP;
pub(crate) use attention::{
    attention_merge, attention_scores, attention_scores_int8, attention_values,
    attention_values_int8, attention_weights,
};
pub(crate) use attention_many::{KEYS_OF_MANY, attention_scores_of_many};
pub(crate) use elementwise::{
    add_assign, add_panel_rows, add_sums, exp, narrow_f16, rope_rotate_half, scale_panel,
    scale_sums, silu_mul, squared_relu_mul, widen, widen_int8,
};
pub(crate) use quantize::quantize;
pub(crate) use reduce::{dot, head_logits, head_logits_int8, rms_norm, softmax};

use half::{bf16, f16};

/// Virtual lanes of every float kernel, whatever the width of the CPU's registers.
pub(crate) const LANES: usize = 16;

/// Every float kernel with its arguments, for a path to instantiate.
macro_rules! float_kernels {
    ($instantiate:ident) => {
        $instantiate! {
            fn quantize(x: &[f32], codes: &mut [i8]) -> (f32, i32);
            fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]);
            fn dot(a: &[f32], b: &[f32]) -> f32;
            fn softmax(x: &mut [f32]);
            fn exp(x: &mut [f32]);
            fn add_assign(x: &mut [f32], y: &[f32]);
            fn silu_mul(gate: &[f32], up: &[f32], out: &mut [f32]);
            fn squared_relu_mul(gate: &[f32], up: &[f32], out: &mut [f32]);
            fn rope_rotate_half(heads: &mut [f32], cos: &[f32], sin: &[f32]);
            fn scale_sums(
                sums: &[i32], act_sum: i32, act_scale: f32, weight_scale: f32, out: &mut [f32]
            );
            fn scale_panel(
                sums: &[[i32; crate::PANEL_ROWS]], scales: &[crate::activations::RowScale],
                weight_scale: f32, out: &mut [[f32; crate::PANEL_ROWS]]
            );
            fn add_panel_rows(
                pieces: &[[f32; crate::PANEL_ROWS]], n_tokens: usize, first: usize, x: &mut [f32],
                width: usize
            );
            fn add_sums(total: &mut [i32], partial: &[i32]);
            fn narrow_f16(x: &[f32], out: &mut [f16]);
            fn widen<E>(x: &[E], out: &mut [f32]);
            fn widen_int8(codes: &[i8], scales: &[f32], out: &mut [f32]);
            fn head_logits<E>(rows: &[E], x: &[f32], out: &mut [f32]);
            fn head_logits_int8(codes: &[i8], scales: &[f32], x: &[f32], out: &mut [f32]);
            fn attention_scores<E>(
                q: &[f32], head_dim: usize, k: &[E], scale: f32, weights: &mut [f32], stride: usize
            );
            fn attention_weights(
                n_positions: usize, weights: &mut [f32], stride: usize, head_dim: usize,
                partial: &mut [f32]
            );
            fn attention_scores_of_many(
                q: &[&[f32]], seen: &[usize], head_dim: usize, k: &[f32], scale: f32,
                weights: &mut [f32], first: usize
            );
            fn attention_scores_int8(
                q: &[f32], head_dim: usize, codes: &[i8], scales: &[f32], scale: f32,
                weights: &mut [f32]
            );
            fn attention_values_int8(
                weights: &[f32], codes: &[i8], scales: &[f32], head_dim: usize,
                partial: &mut [f32]
            );
            fn attention_values<E>(
                weights: &[f32], stride: usize, v: &[E], head_dim: usize, partial: &mut [f32]
            );
            fn attention_merge(partial: &mut [f32], next: &[f32], head_dim: usize);
        }
    };
}

/// `a * b + c`, rounded once on every system.
#[inline(always)]
pub(crate) fn fused<A: Arch>(a: f32, b: f32, c: f32) -> f32 {
    // Without the instruction, `mul_add` is the C library's, and MinGW's rounds twice.
    #[cfg(all(windows, target_env = "gnu"))]
    if !A::FUSED {
        return libm::fmaf(a, b, c);
    }
    a.mul_add(b, c)
}

/// Sixteen f32 lanes of a CPU path: the few operations the sums are made of, each with the same bits
/// on every path.
pub(crate) trait Arch {
    type Lanes: Copy;
    /// Whether 16 sums of lanes and some more fit the registers.
    const WIDE: bool = false;
    /// Whether fused multiply-adds are instructions here.
    const FUSED: bool = true;

    fn splat(x: f32) -> Self::Lanes;
    fn load(x: &[f32; LANES]) -> Self::Lanes;
    /// Widens exactly.
    fn load_f16(x: &[f16; LANES]) -> Self::Lanes;
    /// Widens exactly.
    fn load_bf16(x: &[bf16; LANES]) -> Self::Lanes;
    /// Widens exactly.
    fn load_i8(x: &[i8; LANES]) -> Self::Lanes;
    fn store(x: Self::Lanes, out: &mut [f32; LANES]);
    /// Rounds half to even.
    fn store_f16(x: Self::Lanes, out: &mut [f16; LANES]);
    /// `a * b`, rounded once.
    fn mul(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a * b + c`, rounded once.
    fn mul_add(a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
    /// The sum of the lanes by halves: lane `l` and lane `l + 8`, then 4, 2 and 1 apart.
    fn sum(x: Self::Lanes) -> f32;
    /// [`Arch::sum`] of four at once.
    #[inline(always)]
    fn sum_4(x: &[Self::Lanes; 4]) -> [f32; 4] {
        x.map(Self::sum)
    }
    /// Number `r` of result `c` is number `c` of row `r`.
    #[inline(always)]
    fn transpose(rows: [Self::Lanes; LANES]) -> [Self::Lanes; LANES] {
        let mut out = [[0.0; LANES]; LANES];
        for (r, row) in rows.into_iter().enumerate() {
            let mut numbers = [0.0; LANES];
            Self::store(row, &mut numbers);
            for (out, x) in out.iter_mut().zip(numbers) {
                out[r] = x;
            }
        }
        let mut columns = [Self::splat(0.0); LANES];
        for (column, out) in columns.iter_mut().zip(&out) {
            *column = Self::load(out);
        }
        columns
    }
    /// A hint that this will be read soon; any address will do.
    fn prefetch<T>(x: *const T);
}

/// [`Arch::sum`] of each.
#[inline(always)]
fn sums<A: Arch, const N: usize>(x: &[A::Lanes; N]) -> [f32; N] {
    let mut out = [0.0; N];
    let (fours, rest) = x.as_chunks::<4>();
    let (outs, outs_rest) = out.as_chunks_mut::<4>();
    for (out, four) in outs.iter_mut().zip(fours) {
        *out = A::sum_4(four);
    }
    for (out, one) in outs_rest.iter_mut().zip(rest) {
        *out = A::sum(*one);
    }
    out
}

/// Lanes for any CPU.
pub(crate) struct Portable;

impl Arch for Portable {
    const FUSED: bool = false;
    type Lanes = [f32; LANES];

    #[inline(always)]
    fn splat(x: f32) -> Self::Lanes {
        [x; LANES]
    }

    #[inline(always)]
    fn load(x: &[f32; LANES]) -> Self::Lanes {
        *x
    }

    #[inline(always)]
    fn load_f16(x: &[f16; LANES]) -> Self::Lanes {
        x.map(f16::to_f32_const)
    }

    #[inline(always)]
    fn load_bf16(x: &[bf16; LANES]) -> Self::Lanes {
        x.map(bf16::to_f32_const)
    }

    #[inline(always)]
    fn load_i8(x: &[i8; LANES]) -> Self::Lanes {
        x.map(f32::from)
    }

    #[inline(always)]
    fn store(x: Self::Lanes, out: &mut [f32; LANES]) {
        *out = x;
    }

    #[inline(always)]
    fn store_f16(x: Self::Lanes, out: &mut [f16; LANES]) {
        *out = x.map(f16::from_f32_const);
    }

    #[inline(always)]
    fn mul(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|l| a[l] * b[l])
    }

    #[inline(always)]
    fn mul_add(a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        std::array::from_fn(|l| fused::<Self>(a[l], b[l], c[l]))
    }

    #[inline(always)]
    fn sum(mut x: Self::Lanes) -> f32 {
        for width in [8, 4, 2, 1] {
            for l in 0..width {
                x[l] += x[l + width];
            }
        }
        x[0]
    }

    #[inline(always)]
    fn prefetch<T>(_: *const T) {}
}

/// A stored number that widens to f32 without loss.
pub(crate) trait Element: Copy + Default {
    fn load<A: Arch>(x: &[Self; LANES]) -> A::Lanes;

    /// The 16 numbers from `x[start]`.
    #[inline(always)]
    fn load_at<A: Arch>(x: &[Self], start: usize) -> A::Lanes {
        Self::load::<A>(x[start..].first_chunk().expect("16 numbers follow"))
    }

    /// Fewer than 16 numbers, the other lanes filled with zeros.
    #[inline(always)]
    fn load_tail<A: Arch>(x: &[Self]) -> A::Lanes {
        let mut full = [Self::default(); LANES];
        full[..x.len()].copy_from_slice(x);
        Self::load::<A>(&full)
    }
}

impl Element for f32 {
    #[inline(always)]
    fn load<A: Arch>(x: &[Self; LANES]) -> A::Lanes {
        A::load(x)
    }
}

impl Element for f16 {
    #[inline(always)]
    fn load<A: Arch>(x: &[Self; LANES]) -> A::Lanes {
        A::load_f16(x)
    }
}

impl Element for bf16 {
    #[inline(always)]
    fn load<A: Arch>(x: &[Self; LANES]) -> A::Lanes {
        A::load_bf16(x)
    }
}

/// The larger of two numbers; `a` when `b` is NaN.
#[inline(always)]
pub(crate) fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}
