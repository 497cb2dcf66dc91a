//! The three passes of attention over one span of positions, and joining two spans.
//!
//! Heads go through in tiles; a head's own arithmetic does not depend on its neighbours.

use super::exp::exp as exp_one;
use super::reduce::{dots, exp_and_sum, maximum};
use super::{Arch, Element, LANES, fused, larger, sums as all_sums};

/// Neighbours of an int8 key or value that share a scale.
pub const KV_GROUP: usize = 32;
/// Query heads that share one reading of keys or values; more would not fit the registers.
pub(super) const HEAD_TILE: usize = 4;
/// Positions that int8 keys and values are fetched ahead: they lie in pages too small for a CPU to foresee much.
const AHEAD: usize = 32;
/// Keys that share one reading of the heads.
const KEY_TILE: usize = 4;

/// `weights[head * stride + pos] = q[head] . k[pos] * scale`.
#[inline(always)]
pub(crate) fn attention_scores<A: Arch, E: Element>(
    q: &[f32],
    head_dim: usize,
    k: &[E],
    scale: f32,
    weights: &mut [f32],
    stride: usize,
) {
    let tiles = q.chunks(HEAD_TILE * head_dim);
    for (q, weights) in tiles.zip(weights.chunks_mut(HEAD_TILE * stride)) {
        if q.len() == HEAD_TILE * head_dim {
            tile_scores::<A, E, HEAD_TILE>(q, head_dim, k, scale, weights, stride);
        } else {
            let heads = q.chunks_exact(head_dim);
            for (q, weights) in heads.zip(weights.chunks_mut(stride)) {
                tile_scores::<A, E, 1>(q, head_dim, k, scale, weights, stride);
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
    stride: usize,
) {
    let n_positions = k.len() / head_dim;
    let mut heads: [&[f32]; N] = [&[]; N];
    for (head, q) in heads.iter_mut().zip(q.chunks_exact(head_dim)) {
        *head = q;
    }
    let whole = n_positions - n_positions % KEY_TILE;
    let (tiles, rest) = k.split_at(whole * head_dim);
    for (tile, keys) in tiles.chunks_exact(KEY_TILE * head_dim).enumerate() {
        let mut rows: [&[E]; KEY_TILE] = [&[]; KEY_TILE];
        for (row, key) in rows.iter_mut().zip(keys.chunks_exact(head_dim)) {
            *row = key;
        }
        let scores = products::<A, E, N>(&heads, rows);
        for (head, scores) in scores.iter().enumerate() {
            let at = head * stride + tile * KEY_TILE;
            for (weight, score) in weights[at..at + KEY_TILE].iter_mut().zip(scores) {
                *weight = score * scale;
            }
        }
    }
    for (pos, k) in (whole..).zip(rest.chunks_exact(head_dim)) {
        let scores = dots::<A, f32, E, N>(heads, k, 0);
        for (head, score) in scores.into_iter().enumerate() {
            weights[head * stride + pos] = score * scale;
        }
    }
}

/// Dot products of each head with each key, as [`dots`] sums them: a chunk of a head is loaded once for all keys.
#[inline(always)]
fn products<A: Arch, E: Element, const N: usize>(
    heads: &[&[f32]; N],
    keys: [&[E]; KEY_TILE],
) -> [[f32; KEY_TILE]; N] {
    let head_dim = heads[0].len();
    let keys = keys.map(|key| key[..head_dim].as_chunks::<LANES>());
    let mut heads_in_chunks: [(&[[f32; LANES]], &[f32]); N] = [(&[], &[]); N];
    for (chunks, head) in heads_in_chunks.iter_mut().zip(heads) {
        *chunks = head[..head_dim].as_chunks::<LANES>();
    }
    let mut sums = [[A::splat(0.0); KEY_TILE]; N];
    for i in 0..head_dim / LANES {
        let mut chunks = [A::splat(0.0); KEY_TILE];
        for (chunk, key) in chunks.iter_mut().zip(&keys) {
            *chunk = E::load::<A>(&key.0[i]);
        }
        for n in 0..N {
            let q = A::load(&heads_in_chunks[n].0[i]);
            for p in 0..KEY_TILE {
                sums[n][p] = A::mul_add(q, chunks[p], sums[n][p]);
            }
        }
    }
    if !head_dim.is_multiple_of(LANES) {
        for n in 0..N {
            let q = f32::load_tail::<A>(heads_in_chunks[n].1);
            for p in 0..KEY_TILE {
                sums[n][p] = A::mul_add(q, E::load_tail::<A>(keys[p].1), sums[n][p]);
            }
        }
    }
    let mut out = [[0.0; KEY_TILE]; N];
    for n in 0..N {
        out[n] = all_sums::<A, KEY_TILE>(&sums[n]);
    }
    out
}

/// As [`attention_scores`], of keys that are int8 codes with a scale for each [`KV_GROUP`] of them: a number is
/// `scale * code`, rounded once.
#[inline(always)]
pub(crate) fn attention_scores_int8<A: Arch>(
    q: &[f32],
    head_dim: usize,
    codes: &[i8],
    scales: &[f32],
    scale: f32,
    weights: &mut [f32],
) {
    let n_positions = codes.len() / head_dim;
    let tiles = q.chunks(HEAD_TILE * head_dim);
    for (q, weights) in tiles.zip(weights.chunks_mut(HEAD_TILE * n_positions)) {
        if q.len() == HEAD_TILE * head_dim {
            tile_scores_int8::<A, HEAD_TILE>(q, head_dim, (codes, scales), scale, weights);
        } else {
            let heads = q.chunks_exact(head_dim);
            for (q, weights) in heads.zip(weights.chunks_exact_mut(n_positions)) {
                tile_scores_int8::<A, 1>(q, head_dim, (codes, scales), scale, weights);
            }
        }
    }
}

#[inline(always)]
fn tile_scores_int8<A: Arch, const N: usize>(
    q: &[f32],
    head_dim: usize,
    (codes, scales): (&[i8], &[f32]),
    scale: f32,
    weights: &mut [f32],
) {
    let (n_positions, groups) = (codes.len() / head_dim, head_dim / KV_GROUP);
    let mut heads: [Groups<'_>; N] = [&[]; N];
    for (head, q) in heads.iter_mut().zip(q.chunks_exact(head_dim)) {
        *head = &q.as_chunks::<LANES>().0.as_chunks().0[..groups];
    }
    let whole = n_positions - n_positions % KEY_TILE;
    for pos in (0..whole).step_by(KEY_TILE) {
        let ahead = codes.as_ptr().wrapping_add((pos + AHEAD) * head_dim);
        for line in (0..KEY_TILE * head_dim).step_by(64) {
            A::prefetch(ahead.wrapping_add(line));
        }
        let keys = &codes[pos * head_dim..][..KEY_TILE * head_dim];
        let scales = &scales[pos * groups..][..KEY_TILE * groups];
        let scores = products_int8::<A, N, KEY_TILE>(&heads, keys, scales);
        for (n, scores) in scores.iter().enumerate() {
            let at = n * n_positions + pos;
            for (weight, score) in weights[at..at + KEY_TILE].iter_mut().zip(scores) {
                *weight = score * scale;
            }
        }
    }
    for pos in whole..n_positions {
        let key = &codes[pos * head_dim..][..head_dim];
        let scales = &scales[pos * groups..][..groups];
        let scores = products_int8::<A, N, 1>(&heads, key, scales);
        for (n, [score]) in scores.into_iter().enumerate() {
            weights[n * n_positions + pos] = score * scale;
        }
    }
}

/// A head in chunks, by groups that share a key's scale.
type Groups<'a> = &'a [[[f32; LANES]; KV_GROUP / LANES]];

/// As [`products`], of `P` keys in int8.
#[inline(always)]
fn products_int8<A: Arch, const N: usize, const P: usize>(
    heads: &[Groups<'_>; N],
    codes: &[i8],
    scales: &[f32],
) -> [[f32; P]; N] {
    let groups = heads[0].len();
    let codes = &codes.as_chunks::<KV_GROUP>().0[..P * groups];
    let scales = &scales[..P * groups];
    let mut sums = [[A::splat(0.0); P]; N];
    for g in 0..groups {
        for c in 0..KV_GROUP / LANES {
            let mut keys = [A::splat(0.0); P];
            for (p, key) in keys.iter_mut().enumerate() {
                let chunk = &codes[p * groups + g].as_chunks::<LANES>().0[c];
                *key = A::mul(A::load_i8(chunk), A::splat(scales[p * groups + g]));
            }
            for (head, sums) in heads.iter().zip(&mut sums) {
                let q = A::load(&head[g][c]);
                for p in 0..P {
                    sums[p] = A::mul_add(q, keys[p], sums[p]);
                }
            }
        }
    }
    let mut out = [[0.0; P]; N];
    for n in 0..N {
        out[n] = all_sums::<A, P>(&sums[n]);
    }
    out
}

/// As [`attention_values`], of values like the keys of [`attention_scores_int8`].
#[inline(always)]
pub(crate) fn attention_values_int8<A: Arch>(
    weights: &[f32],
    codes: &[i8],
    scales: &[f32],
    head_dim: usize,
    partial: &mut [f32],
) {
    let n_positions = codes.len() / head_dim;
    let tiles = partial.chunks_mut(HEAD_TILE * (2 + head_dim));
    for (partial, weights) in tiles.zip(weights.chunks(HEAD_TILE * n_positions)) {
        if weights.len() == HEAD_TILE * n_positions {
            tile_values_int8::<A, HEAD_TILE>(weights, (codes, scales), head_dim, partial);
        } else {
            let heads = partial.chunks_exact_mut(2 + head_dim);
            for (partial, weights) in heads.zip(weights.chunks_exact(n_positions)) {
                tile_values_int8::<A, 1>(weights, (codes, scales), head_dim, partial);
            }
        }
    }
}

/// A line of codes at a time where registers are many, else half of one: their sums stay there over all positions.
#[inline(always)]
fn tile_values_int8<A: Arch, const N: usize>(
    weights: &[f32],
    (codes, scales): (&[i8], &[f32]),
    head_dim: usize,
    partial: &mut [f32],
) {
    let groups = head_dim / KV_GROUP;
    let (codes, _) = codes.as_chunks::<KV_GROUP>();
    let mut g = 0;
    while A::WIDE && g + 2 <= groups {
        values_of_groups::<A, N, 2>(weights, (codes, scales), groups, g, partial);
        g += 2;
    }
    while g < groups {
        values_of_groups::<A, N, 1>(weights, (codes, scales), groups, g, partial);
        g += 1;
    }
}

/// The weighted sums of `G` groups, from group `first` on.
#[inline(always)]
fn values_of_groups<A: Arch, const N: usize, const G: usize>(
    weights: &[f32],
    (codes, scales): (&[[i8; KV_GROUP]], &[f32]),
    groups: usize,
    first: usize,
    partial: &mut [f32],
) {
    const CHUNKS: usize = KV_GROUP / LANES;
    let n_positions = codes.len() / groups;
    let mut heads: [&[f32]; N] = [&[]; N];
    for (head, weights) in heads.iter_mut().zip(weights.chunks_exact(n_positions)) {
        *head = weights;
    }
    let mut sums = [[[A::splat(0.0); CHUNKS]; G]; N];
    let rows = codes.chunks_exact(groups).zip(scales.chunks_exact(groups));
    for (pos, (codes, scales)) in rows.enumerate() {
        A::prefetch(codes[first..].as_ptr().wrapping_add(AHEAD * groups));
        let (codes, scales) = (&codes[first..first + G], &scales[first..first + G]);
        for (g, (codes, &scale)) in codes.iter().zip(scales).enumerate() {
            for (c, chunk) in codes.as_chunks().0.iter().enumerate() {
                let v = A::mul(A::load_i8(chunk), A::splat(scale));
                for (sums, weights) in sums.iter_mut().zip(heads) {
                    sums[g][c] = A::mul_add(A::splat(weights[pos]), v, sums[g][c]);
                }
            }
        }
    }
    let head_len = 2 + groups * KV_GROUP;
    for (n, sums) in sums.into_iter().enumerate() {
        for (g, sums) in sums.into_iter().enumerate() {
            for (c, sums) in sums.into_iter().enumerate() {
                let at = n * head_len + 2 + (first + g) * KV_GROUP + c * LANES;
                let out = partial[at..].first_chunk_mut();
                A::store(sums, out.expect("16 sums follow"));
            }
        }
    }
}

/// Turns each head's scores, `weights[head * stride + pos]`, into `e^(score - max)`; `partial[head]` gets the maximum and the sum.
#[inline(always)]
pub(crate) fn attention_weights<A: Arch>(
    n_positions: usize,
    weights: &mut [f32],
    stride: usize,
    head_dim: usize,
    partial: &mut [f32],
) {
    let heads = partial.chunks_exact_mut(2 + head_dim);
    for (weights, partial) in weights.chunks_mut(stride).zip(heads) {
        let weights = &mut weights[..n_positions];
        let max = maximum(weights);
        partial[0] = max;
        partial[1] = exp_and_sum::<A>(weights, max);
    }
}

/// `partial[head][2..] += weights[head * stride + pos] * v[pos]`, positions in order.
#[inline(always)]
pub(crate) fn attention_values<A: Arch, E: Element>(
    weights: &[f32],
    stride: usize,
    v: &[E],
    head_dim: usize,
    partial: &mut [f32],
) {
    let tiles = partial.chunks_mut(HEAD_TILE * (2 + head_dim));
    for (partial, weights) in tiles.zip(weights.chunks(HEAD_TILE * stride)) {
        if partial.len() == HEAD_TILE * (2 + head_dim) {
            tile_values::<A, E, HEAD_TILE>(weights, stride, v, head_dim, partial);
        } else {
            let heads = partial.chunks_exact_mut(2 + head_dim);
            for (partial, weights) in heads.zip(weights.chunks(stride)) {
                tile_values::<A, E, 1>(weights, stride, v, head_dim, partial);
            }
        }
    }
}

#[inline(always)]
fn tile_values<A: Arch, E: Element, const N: usize>(
    weights: &[f32],
    stride: usize,
    v: &[E],
    head_dim: usize,
    partial: &mut [f32],
) {
    let n_positions = v.len() / head_dim;
    let mut heads: [&[f32]; N] = [&[]; N];
    for (head, weights) in heads.iter_mut().zip(weights.chunks(stride)) {
        *head = &weights[..n_positions];
    }
    let weights = heads;
    let mut d = 0;
    // As many sums as the registers hold, over all positions.
    while A::WIDE && d + 4 * LANES <= head_dim {
        add_values::<A, E, N, 4>(&weights, v, head_dim, d, partial);
        d += 4 * LANES;
    }
    while d + LANES <= head_dim {
        add_values::<A, E, N, 1>(&weights, v, head_dim, d, partial);
        d += LANES;
    }
    let tail = head_dim - d;
    for pos in 0..if tail > 0 { n_positions } else { 0 } {
        let v = E::load_tail::<A>(&v[pos * head_dim + d..][..tail]);
        let mut values = [0.0; LANES];
        A::store(v, &mut values);
        for (n, weights) in weights.iter().enumerate() {
            let sums = &mut partial[n * (2 + head_dim) + 2 + d..][..tail];
            for (sum, v) in sums.iter_mut().zip(values) {
                *sum = fused::<A>(weights[pos], v, *sum);
            }
        }
    }
}

/// Adds `C` chunks of values, from dimension `d` on, to the sums of `N` heads.
#[inline(always)]
fn add_values<A: Arch, E: Element, const N: usize, const C: usize>(
    weights: &[&[f32]; N],
    v: &[E],
    head_dim: usize,
    d: usize,
    partial: &mut [f32],
) {
    let at = |head: usize, c: usize| head * (2 + head_dim) + 2 + d + c * LANES;
    let mut sums = [[A::splat(0.0); C]; N];
    for (n, sums) in sums.iter_mut().enumerate() {
        for (c, sum) in sums.iter_mut().enumerate() {
            *sum = f32::load_at::<A>(partial, at(n, c));
        }
    }
    for (pos, v) in v.chunks_exact(head_dim).enumerate() {
        let chunks: &[[E; LANES]; C] = v[d..].as_chunks().0.first_chunk().expect("whole chunks");
        let mut values = [A::splat(0.0); C];
        for (value, chunk) in values.iter_mut().zip(chunks) {
            *value = E::load::<A>(chunk);
        }
        for (sums, weights) in sums.iter_mut().zip(weights) {
            let weight = A::splat(weights[pos]);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = A::mul_add(weight, value, *sum);
            }
        }
    }
    for (n, sums) in sums.into_iter().enumerate() {
        for (c, sum) in sums.into_iter().enumerate() {
            let out = partial[at(n, c)..].first_chunk_mut();
            A::store(sum, out.expect("16 sums follow"));
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
        let keep = exp_one::<A>(partial[0] - max);
        let join = exp_one::<A>(next[0] - max);
        partial[0] = max;
        for (x, y) in partial[1..].iter_mut().zip(&next[1..]) {
            *x = fused::<A>(*y, join, *x * keep);
        }
    }
}
