//! Scores of many tokens with the same keys, which are worth turning round for them.

use super::attention::{HEAD_TILE, attention_scores};
use super::{Arch, LANES};
use crate::attention::ATTENTION_SPAN;

/// Keys that go through some tokens together; their 16 KiB stay in the first cache.
pub(crate) const KEYS_OF_MANY: usize = 32;

/// [`attention_scores`] of some tokens with the same keys, `[n][head_dim]` from position `first` on, of which token `t`
/// sees those below `seen[t]`. `weights` is `[T][group][256]`.
///
/// Where registers are many, 16 keys at a time are turned round, so that a lane is a key: then no sum goes across
/// lanes. What is added to what, and when, stays the same.
#[inline(always)]
pub(crate) fn attention_scores_of_many<A: Arch>(
    q: &[&[f32]],
    seen: &[usize],
    head_dim: usize,
    k: &[f32],
    scale: f32,
    weights: &mut [f32],
    first: usize,
) {
    match head_dim {
        64 if A::WIDE => scores_of_turned::<A, 64>(q, seen, k, scale, weights, first),
        128 if A::WIDE => scores_of_turned::<A, 128>(q, seen, k, scale, weights, first),
        _ => {
            for (q, seen, weights) in tokens(q, seen, head_dim, weights) {
                let visible = seen.saturating_sub(first) * head_dim;
                let (k, weights) = (&k[..visible.min(k.len())], &mut weights[first..]);
                attention_scores::<A, f32>(q, head_dim, k, scale, weights, ATTENTION_SPAN);
            }
        }
    }
}

/// Each token with what it sees and its weights, `[group][256]`.
#[inline(always)]
fn tokens<'a>(
    q: &'a [&[f32]],
    seen: &'a [usize],
    head_dim: usize,
    weights: &'a mut [f32],
) -> impl Iterator<Item = (&'a [f32], usize, &'a mut [f32])> {
    let room = q.first().map_or(0, |q| q.len() / head_dim * ATTENTION_SPAN);
    let weights = weights.chunks_exact_mut(room.max(1));
    let tokens = q.iter().zip(seen).zip(weights);
    tokens.map(|((&q, &seen), weights)| (q, seen, weights))
}

/// [`attention_scores_of_many`] of heads of `D` dimensions, whose keys are turned round.
#[inline(always)]
fn scores_of_turned<A: Arch, const D: usize>(
    q: &[&[f32]],
    seen: &[usize],
    k: &[f32],
    scale: f32,
    weights: &mut [f32],
    first: usize,
) {
    let keys = k.as_chunks::<D>().0;
    let mut turned = [[[0.0; LANES]; D]; KEYS_OF_MANY / LANES];
    for (keys, turned) in keys.chunks(LANES).zip(&mut turned) {
        turn_keys::<A, D>(keys, turned);
    }
    for (q, seen, weights) in tokens(q, seen, D, weights) {
        let visible = seen.saturating_sub(first).min(keys.len());
        let (fours, rest) = q.as_chunks::<D>().0.as_chunks::<HEAD_TILE>();
        for (i, keys) in turned[..visible.div_ceil(LANES)].iter().enumerate() {
            let n = LANES.min(visible - i * LANES);
            let mut from = first + i * LANES;
            for q in fours {
                turned_scores::<A, HEAD_TILE, D>(q, keys, scale, &mut weights[from..], n);
                from += HEAD_TILE * ATTENTION_SPAN;
            }
            for q in rest.as_chunks::<1>().0 {
                turned_scores::<A, 1, D>(q, keys, scale, &mut weights[from..], n);
                from += ATTENTION_SPAN;
            }
        }
    }
}

/// Number `d` of up to 16 keys side by side in `turned[d]`.
#[inline(always)]
fn turn_keys<A: Arch, const D: usize>(keys: &[[f32; D]], turned: &mut [[f32; LANES]; D]) {
    for (c, turned) in turned.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut rows = [A::splat(0.0); LANES];
        for (row, key) in rows.iter_mut().zip(keys) {
            *row = A::load(&key.as_chunks().0[c]);
        }
        for (turned, column) in turned.iter_mut().zip(A::transpose(rows)) {
            A::store(column, turned);
        }
    }
}

/// Scores of `N` heads with 16 keys, of which the first `n` are wanted.
#[inline(always)]
fn turned_scores<A: Arch, const N: usize, const D: usize>(
    q: &[[f32; D]; N],
    keys: &[[f32; LANES]; D],
    scale: f32,
    weights: &mut [f32],
    n: usize,
) {
    let sums = halves::<A, N, D>(q, keys);
    for (head, sum) in sums.into_iter().enumerate() {
        let score = A::mul(sum, A::splat(scale));
        let out = &mut weights[head * ATTENTION_SPAN..];
        match out.first_chunk_mut() {
            Some(out) if n == LANES => A::store(score, out),
            _ => {
                let mut scores = [0.0; LANES];
                A::store(score, &mut scores);
                out[..n].copy_from_slice(&scores[..n]);
            }
        }
    }
}

/// Products of heads with 16 keys: the lanes that `dots` has, added by halves as in `Arch::sum`.
#[inline(always)]
fn halves<A: Arch, const N: usize, const D: usize>(
    q: &[[f32; D]; N],
    keys: &[[f32; LANES]; D],
) -> [A::Lanes; N] {
    let mut twos = [[A::splat(0.0); N]; 2];
    for (l, twos) in twos.iter_mut().enumerate() {
        let mut fours = [[A::splat(0.0); N]; 2];
        for (i, fours) in fours.iter_mut().enumerate() {
            let l = l + 2 * i;
            let first = add::<A, N>(lane::<A, N, D>(q, keys, l), lane::<A, N, D>(q, keys, l + 8));
            let second = add::<A, N>(
                lane::<A, N, D>(q, keys, l + 4),
                lane::<A, N, D>(q, keys, l + 12),
            );
            *fours = add::<A, N>(first, second);
        }
        *twos = add::<A, N>(fours[0], fours[1]);
    }
    add::<A, N>(twos[0], twos[1])
}

/// Lane `l` of a sum over dimensions, for each of 16 keys.
#[inline(always)]
fn lane<A: Arch, const N: usize, const D: usize>(
    q: &[[f32; D]; N],
    keys: &[[f32; LANES]; D],
    l: usize,
) -> [A::Lanes; N] {
    let mut sums = [A::splat(0.0); N];
    for i in 0..D / LANES {
        let keys = A::load(&keys[i * LANES + l]);
        for n in 0..N {
            sums[n] = A::mul_add(A::splat(q[n][i * LANES + l]), keys, sums[n]);
        }
    }
    sums
}

#[inline(always)]
fn add<A: Arch, const N: usize>(a: [A::Lanes; N], b: [A::Lanes; N]) -> [A::Lanes; N] {
    let mut sums = a;
    for n in 0..N {
        sums[n] = A::mul_add(a[n], A::splat(1.0), b[n]);
    }
    sums
}
