//! Attention for one KV head and the group of query heads that share it.
//!
//! Positions are cut into spans of [`ATTENTION_SPAN`], counted from position 0. Each span gives a
//! partial result (two passes: scores, then weighted values), and partials are merged from the first
//! span to the last. The cut does not depend on threads, on batch size or on what was cached, so
//! neither do the bits: spans may be computed in any order, on any thread.

use crate::Isa;
pub use crate::float::KV_GROUP;
use crate::float::{Element, KEYS_OF_MANY};
use half::f16;
use half::slice::HalfBitsSliceExt;

/// Positions of one span.
pub const ATTENTION_SPAN: usize = 256;

/// What a KV cache may hold: `u16`, the bits of f16, or `f32`.
pub trait KvElement: sealed::Stored {}
impl KvElement for u16 {}
impl KvElement for f32 {}

mod sealed {
    use super::{Element, HalfBitsSliceExt, f16};

    /// The numbers behind the stored bits.
    pub trait Stored: Copy + Send + Sync {
        #[allow(private_bounds)]
        type Element: Element;
        fn elements(stored: &[Self]) -> &[Self::Element];
    }

    impl Stored for u16 {
        type Element = f16;
        fn elements(stored: &[Self]) -> &[f16] {
            stored.reinterpret_cast()
        }
    }

    impl Stored for f32 {
        type Element = Self;
        fn elements(stored: &[Self]) -> &[Self] {
            stored
        }
    }
}

/// Floats of one partial result: `[group][2 + head_dim]`, a head's largest score, its sum of weights
/// and its weighted sum of values.
#[must_use]
pub const fn attention_partial_len(group: usize, head_dim: usize) -> usize {
    group * (2 + head_dim)
}

/// Floats of scratch for [`attention_head_group`] and [`attention_partial`].
#[must_use]
pub const fn attention_scratch_len(group: usize, head_dim: usize) -> usize {
    group * ATTENTION_SPAN + 2 * attention_partial_len(group, head_dim)
}

/// As [`attention_partial`], of keys and values in int8 with a scale for each 32 neighbours ([`KV_GROUP`]).
///
/// `keys` and `values` are `[n][head_dim]` codes with `[n][head_dim / 32]` scales: a number is `code * scale`, rounded
/// once.
///
/// # Panics
/// As [`attention_partial`], or when a head is not whole groups.
#[allow(clippy::too_many_arguments)]
pub fn attention_partial_int8(
    isa: Isa,
    q: &[f32],
    head_dim: usize,
    (k, k_scales): (&[i8], &[f32]),
    (v, v_scales): (&[i8], &[f32]),
    scale: f32,
    partial: &mut [f32],
    scratch: &mut [f32],
) {
    let group = check_heads(q, head_dim, k, v);
    let n_positions = k.len() / head_dim;
    assert!(n_positions <= ATTENTION_SPAN, "one span at a time");
    assert!(head_dim.is_multiple_of(KV_GROUP), "heads of whole groups");
    assert_eq!(k_scales.len() * KV_GROUP, k.len(), "a scale for each group");
    assert_eq!(v_scales.len() * KV_GROUP, v.len(), "a scale for each group");
    assert_eq!(partial.len(), attention_partial_len(group, head_dim));
    let weights = &mut scratch[..group * n_positions];
    dispatch!(
        isa,
        attention_scores_int8(q, head_dim, k, k_scales, scale, weights)
    );
    dispatch!(
        isa,
        attention_weights(n_positions, weights, n_positions, head_dim, partial)
    );
    dispatch!(
        isa,
        attention_values_int8(weights, v, v_scales, head_dim, partial)
    );
}

/// One head's key or value to int8 codes, a scale for each 32 ([`KV_GROUP`]): what the codes are multiples of, which is
/// not finite where `x` is not.
///
/// # Panics
/// When the lengths disagree or `x` is not whole groups.
pub fn quantize_int8(isa: Isa, x: &[f32], codes: &mut [i8], scales: &mut [f32]) {
    assert_eq!(x.len(), codes.len(), "one code a number");
    assert_eq!(x.len(), scales.len() * KV_GROUP, "whole groups");
    let groups = x
        .chunks_exact(KV_GROUP)
        .zip(codes.chunks_exact_mut(KV_GROUP));
    for ((x, codes), scale) in groups.zip(scales) {
        let (inverse, _) = dispatch!(isa, quantize(x, codes));
        *scale = 1.0 / inverse;
    }
}

/// Attention of one query position over all of `k` and `v`.
///
/// `q` and `out` are `[group][head_dim]`; `k` and `v` are the first `n` positions of one KV head,
/// `[n][head_dim]`, position 0 first; `scale` multiplies the scores; `scratch` holds at least
/// [`attention_scratch_len`] floats, of any content.
///
/// # Panics
/// When `n` is 0 or the lengths disagree.
#[allow(clippy::too_many_arguments)]
pub fn attention_head_group<E: KvElement>(
    isa: Isa,
    q: &[f32],
    head_dim: usize,
    k: &[E],
    v: &[E],
    scale: f32,
    out: &mut [f32],
    scratch: &mut [f32],
) {
    let group = check_heads(q, head_dim, k, v);
    let partial_len = attention_partial_len(group, head_dim);
    assert!(
        scratch.len() >= attention_scratch_len(group, head_dim),
        "scratch as attention_scratch_len says"
    );
    let (state, rest) = scratch.split_at_mut(partial_len);
    let (next, weights) = rest.split_at_mut(partial_len);
    let span = ATTENTION_SPAN * head_dim;
    for (i, (k, v)) in k.chunks(span).zip(v.chunks(span)).enumerate() {
        if i == 0 {
            attention_partial(isa, q, head_dim, k, v, scale, state, weights);
        } else {
            attention_partial(isa, q, head_dim, k, v, scale, next, weights);
            attention_merge(isa, state, next, head_dim);
        }
    }
    attention_finish(state, head_dim, out);
}

/// The partial result of one span: at most [`ATTENTION_SPAN`] positions, the first of them a multiple
/// of [`ATTENTION_SPAN`].
///
/// Shapes as in [`attention_head_group`]; `partial` is [`attention_partial_len`] long, `scratch` at
/// least `group * ATTENTION_SPAN`.
///
/// # Panics
/// When there is no position or more than a span of them, or the lengths disagree.
#[allow(clippy::too_many_arguments)]
pub fn attention_partial<E: KvElement>(
    isa: Isa,
    q: &[f32],
    head_dim: usize,
    k: &[E],
    v: &[E],
    scale: f32,
    partial: &mut [f32],
    scratch: &mut [f32],
) {
    let group = check_heads(q, head_dim, k, v);
    let n_positions = k.len() / head_dim;
    assert!(n_positions <= ATTENTION_SPAN, "one span at a time");
    assert_eq!(partial.len(), attention_partial_len(group, head_dim));
    let weights = &mut scratch[..group * n_positions];
    let (k, v) = (E::elements(k), E::elements(v));
    dispatch!(
        isa,
        attention_scores(q, head_dim, k, scale, weights, n_positions)
    );
    dispatch!(
        isa,
        attention_weights(n_positions, weights, n_positions, head_dim, partial)
    );
    clear_sums(partial, head_dim);
    dispatch!(
        isa,
        attention_values(weights, n_positions, v, head_dim, partial)
    );
}

/// Floats of scratch for [`attention_partials`].
#[must_use]
pub const fn attention_partials_scratch_len(tokens: usize, group: usize) -> usize {
    tokens * group * ATTENTION_SPAN
}

/// [`attention_partial`] of some tokens over the same span: `q[t]` is `[group][head_dim]` of a token that sees the first
/// `seen[t]` positions, and gets `partials[t]`, `[T][partial_len]`; one that sees none keeps what it has. A piece of
/// the keys and values that stays in the first cache goes through all tokens before the next one.
///
/// # Panics
/// As [`attention_partial`]; when `scratch` is shorter than [`attention_partials_scratch_len`], or a token sees more
/// than there is.
#[allow(clippy::too_many_arguments)]
pub fn attention_partials(
    isa: Isa,
    q: &[&[f32]],
    seen: &[usize],
    head_dim: usize,
    k: &[f32],
    v: &[f32],
    scale: f32,
    partials: &mut [f32],
    scratch: &mut [f32],
) {
    let n_positions = k.len() / head_dim;
    assert!(n_positions <= ATTENTION_SPAN, "one span at a time");
    assert_eq!(q.len(), seen.len(), "a number of positions for each token");
    assert!(seen.iter().all(|&n| n <= n_positions), "positions exist");
    let group = q.first().map_or(0, |q| check_heads(q, head_dim, k, v));
    assert!(q.iter().all(|q| q.len() == group * head_dim), "one shape");
    let len = attention_partial_len(group, head_dim);
    assert_eq!(partials.len(), q.len() * len, "a partial for each token");
    let room = group * ATTENTION_SPAN;
    let weights = &mut scratch[..q.len() * room];
    if room == 0 {
        return;
    }
    let pieces = || (0..n_positions).step_by(KEYS_OF_MANY);
    let length = |first: usize| KEYS_OF_MANY.min(n_positions - first) * head_dim;
    for first in pieces() {
        let k = &k[first * head_dim..][..length(first)];
        dispatch!(
            isa,
            attention_scores_of_many(q, seen, head_dim, k, scale, weights, first)
        );
    }
    for ((&seen, weights), partial) in seen
        .iter()
        .zip(weights.chunks_exact_mut(room))
        .zip(partials.chunks_exact_mut(len))
        .filter(|((seen, _), _)| **seen > 0)
    {
        dispatch!(
            isa,
            attention_weights(seen, weights, ATTENTION_SPAN, head_dim, partial)
        );
        clear_sums(partial, head_dim);
    }
    for first in pieces() {
        let v = &v[first * head_dim..][..length(first)];
        for ((&seen, weights), partial) in seen
            .iter()
            .zip(weights.chunks_exact(room))
            .zip(partials.chunks_exact_mut(len))
        {
            let visible = seen.saturating_sub(first) * head_dim;
            let (v, weights) = (&v[..visible.min(v.len())], &weights[first..]);
            if !v.is_empty() {
                dispatch!(
                    isa,
                    attention_values(weights, ATTENTION_SPAN, v, head_dim, partial)
                );
            }
        }
    }
}

/// Makes the weighted sums of values 0.
fn clear_sums(partial: &mut [f32], head_dim: usize) {
    for head in partial.chunks_exact_mut(2 + head_dim) {
        head[2..].fill(0.0);
    }
}

/// Joins `next`, the span that follows, to `partial`. Merge spans in the order of their positions.
///
/// # Panics
/// When the lengths disagree.
pub fn attention_merge(isa: Isa, partial: &mut [f32], next: &[f32], head_dim: usize) {
    assert_eq!(partial.len(), next.len(), "partials of one shape");
    assert!(partial.len().is_multiple_of(2 + head_dim), "whole heads");
    dispatch!(isa, attention_merge(partial, next, head_dim));
}

/// The heads' outputs, `[group][head_dim]`, from the merged partial of all spans.
///
/// # Panics
/// When the lengths disagree.
pub fn attention_finish(partial: &[f32], head_dim: usize, out: &mut [f32]) {
    let group = out.len() / head_dim;
    assert_eq!(out.len(), group * head_dim, "out is [group][head_dim]");
    assert_eq!(partial.len(), attention_partial_len(group, head_dim));
    for (out, partial) in out
        .chunks_exact_mut(head_dim)
        .zip(partial.chunks_exact(2 + head_dim))
    {
        for (out, x) in out.iter_mut().zip(&partial[2..]) {
            *out = x / partial[1];
        }
    }
}

/// Checks the shapes of heads against keys and values; returns the number of query heads.
fn check_heads<E>(q: &[f32], head_dim: usize, k: &[E], v: &[E]) -> usize {
    assert!(head_dim > 0, "a head has dimensions");
    assert!(q.len().is_multiple_of(head_dim), "q is [group][head_dim]");
    assert!(k.len().is_multiple_of(head_dim), "k is [n][head_dim]");
    assert_eq!(k.len(), v.len(), "a value for every key");
    assert!(!k.is_empty(), "attention needs a position");
    q.len() / head_dim
}
