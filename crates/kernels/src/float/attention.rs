//! The three passes of attention over one span of positions, and joining two spans.
//!
//! Heads go through in tiles; a head's own arithmetic does not depend on its neighbours.

use super::exp::exp as exp_one;
use super::reduce::{dots, exp_and_sum, maximum};
use super::{Arch, Element, LANES, larger};

/// Query heads that share one reading of keys or values; more would not fit the registers.
const HEAD_TILE: usize = 4;
/// Positions whose values are added before a sum goes back to memory.
const POSITION_TILE: usize = 8;

/// `weights[head][pos] = q[head] . k[pos] * scale`.
#[inline(always)]
pub(crate) fn attention_scores<A: Arch, E: Element>(
    q: &[f32],
    head_dim: usize,
    k: &[E],
    scale: f32,
    weights: &mut [f32],
) {
    let n_positions = k.len() / head_dim;
    let tiles = q.chunks(HEAD_TILE * head_dim);
    for (q, weights) in tiles.zip(weights.chunks_mut(HEAD_TILE * n_positions)) {
        if q.len() == HEAD_TILE * head_dim {
            tile_scores::<A, E, HEAD_TILE>(q, head_dim, k, scale, weights);
        } else {
            let heads = q.chunks_exact(head_dim);
            for (q, weights) in heads.zip(weights.chunks_exact_mut(n_positions)) {
                tile_scores::<A, E, 1>(q, head_dim, k, scale, weights);
            }
        }
    }
}

#[inline(always)]
fn tile_scores<A: Arch, E: Element, const N: usize>(
    q: &[f32],
    head_dim: usize,
    k: &[E],
    scale: f32,
    weights: &mut [f32],
) {
    let n_positions = k.len() / head_dim;
    let mut heads: [&[f32]; N] = [&[]; N];
    for (head, q) in heads.iter_mut().zip(q.chunks_exact(head_dim)) {
        *head = q;
    }
    for (pos, k) in k.chunks_exact(head_dim).enumerate() {
        let scores = dots::<A, f32, E, N>(heads, k, 0);
        for (head, score) in scores.into_iter().enumerate() {
            weights[head * n_positions + pos] = score * scale;
        }
    }
}

/// Turns each head's scores into `e^(score - max)`; `partial[head]` gets the maximum and the sum.
#[inline(always)]
pub(crate) fn attention_weights<A: Arch>(
    n_positions: usize,
    weights: &mut [f32],
    head_dim: usize,
    partial: &mut [f32],
) {
    let heads = partial.chunks_exact_mut(2 + head_dim);
    for (weights, partial) in weights.chunks_exact_mut(n_positions).zip(heads) {
        let max = maximum(weights);
        partial[0] = max;
        partial[1] = exp_and_sum::<A>(weights, max);
    }
}

/// `partial[head][2..] = sum over pos of weights[head][pos] * v[pos]`, positions in order.
#[inline(always)]
pub(crate) fn attention_values<A: Arch, E: Element>(
    weights: &[f32],
    v: &[E],
    head_dim: usize,
    partial: &mut [f32],
) {
    let n_positions = v.len() / head_dim;
    let tiles = partial.chunks_mut(HEAD_TILE * (2 + head_dim));
    for (partial, weights) in tiles.zip(weights.chunks(HEAD_TILE * n_positions)) {
        if weights.len() == HEAD_TILE * n_positions {
            tile_values::<A, E, HEAD_TILE>(weights, v, head_dim, partial);
        } else {
            let heads = partial.chunks_exact_mut(2 + head_dim);
            for (partial, weights) in heads.zip(weights.chunks_exact(n_positions)) {
                tile_values::<A, E, 1>(weights, v, head_dim, partial);
            }
        }
    }
}

#[inline(always)]
fn tile_values<A: Arch, E: Element, const N: usize>(
    weights: &[f32],
    v: &[E],
    head_dim: usize,
    partial: &mut [f32],
) {
    let n_positions = v.len() / head_dim;
    for sums in partial.chunks_exact_mut(2 + head_dim) {
        sums[2..].fill(0.0);
    }
    let whole = n_positions - n_positions % POSITION_TILE;
    for pos in (0..whole).step_by(POSITION_TILE) {
        let v = &v[pos * head_dim..(pos + POSITION_TILE) * head_dim];
        add_values::<A, E, N, POSITION_TILE>(weights, pos, n_positions, v, partial);
    }
    for pos in whole..n_positions {
        let v = &v[pos * head_dim..(pos + 1) * head_dim];
        add_values::<A, E, N, 1>(weights, pos, n_positions, v, partial);
    }
}

/// Adds `P` positions, the first of them `pos`, to the sums of `N` heads.
#[inline(always)]
fn add_values<A: Arch, E: Element, const N: usize, const P: usize>(
    weights: &[f32],
    pos: usize,
    n_positions: usize,
    v: &[E],
    partial: &mut [f32],
) {
    let head_dim = v.len() / P;
    let at = |head: usize, d: usize| head * (2 + head_dim) + 2 + d;
    let mut tile = [[0.0; N]; P];
    for (p, tile) in tile.iter_mut().enumerate() {
        for (head, weight) in tile.iter_mut().enumerate() {
            *weight = weights[head * n_positions + pos + p];
        }
    }
    let (whole, tail) = (head_dim - head_dim % LANES, head_dim % LANES);
    for d in (0..whole).step_by(LANES) {
        let mut lanes = [A::splat(0.0); N];
        for (n, lanes) in lanes.iter_mut().enumerate() {
            *lanes = f32::load_at::<A>(partial, at(n, d));
        }
        for (p, weights) in tile.iter().enumerate() {
            let v = E::load_at::<A>(v, p * head_dim + d);
            for n in 0..N {
                lanes[n] = A::mul_add(A::splat(weights[n]), v, lanes[n]);
            }
        }
        for n in 0..N {
            let out = partial[at(n, d)..].first_chunk_mut();
            A::store(lanes[n], out.expect("16 sums follow"));
        }
    }
    if tail > 0 {
        for (p, weights) in tile.iter().enumerate() {
            let v = E::load_tail::<A>(&v[p * head_dim + whole..][..tail]);
            let mut values = [0.0; LANES];
            A::store(v, &mut values);
            for n in 0..N {
                for (sum, v) in partial[at(n, whole)..][..tail].iter_mut().zip(values) {
                    *sum = weights[n].mul_add(v, *sum);
                }
            }
        }
    }
}

/// Joins the span `next` to `partial`, which holds the positions before it.
#[inline(always)]
pub(crate) fn attention_merge<A: Arch>(partial: &mut [f32], next: &[f32], head_dim: usize) {
    for (partial, next) in partial
        .chunks_exact_mut(2 + head_dim)
        .zip(next.chunks_exact(2 + head_dim))
    {
        let max = larger(partial[0], next[0]);
        let keep = exp_one(partial[0] - max);
        let join = exp_one(next[0] - max);
        partial[0] = max;
        for (x, y) in partial[1..].iter_mut().zip(&next[1..]) {
            *x = y.mul_add(join, *x * keep);
        }
    }
}
