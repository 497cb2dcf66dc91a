//! Operations that sum: lane `i % 16` takes element `i`, in order, with fused multiply-adds; a tail is
//! filled with zeros; then the lanes are added by halves.

use super::exp::exp as exp_one;
use super::{Arch, Element, LANES, larger, sums as all_sums};

/// Rows [`head_logits`] takes at a time: independent sums keep the multipliers busy.
const ROW_TILE: usize = 4;

/// Dot products of `N` vectors with one, all of the same length.
///
/// With `ahead`, what lies that many 16-element chunks behind each row is fetched meanwhile.
#[inline(always)]
pub(super) fn dots<A: Arch, R: Element, X: Element, const N: usize>(
    rows: [&[R]; N],
    x: &[X],
    ahead: usize,
) -> [f32; N] {
    let (x_chunks, x_tail) = x.as_chunks::<LANES>();
    let rows = rows.map(|row| row[..x.len()].as_chunks::<LANES>());
    let mut sums = [A::splat(0.0); N];
    for (i, x) in x_chunks.iter().enumerate() {
        let x = X::load::<A>(x);
        for n in 0..N {
            let row = &rows[n].0[i];
            if ahead > 0 {
                A::prefetch(std::ptr::from_ref(row).wrapping_add(ahead));
            }
            sums[n] = A::mul_add(R::load::<A>(row), x, sums[n]);
        }
    }
    if !x_tail.is_empty() {
        let x = X::load_tail::<A>(x_tail);
        for n in 0..N {
            sums[n] = A::mul_add(R::load_tail::<A>(rows[n].1), x, sums[n]);
        }
    }
    all_sums::<A, N>(&sums)
}

/// `sum(a * b)`.
#[inline(always)]
pub(crate) fn dot<A: Arch>(a: &[f32], b: &[f32]) -> f32 {
    dots::<A, f32, f32, 1>([a], b, 0)[0]
}

/// `sum(x^2)` in double precision: lane `i % 64` takes element `i`, so that four additions are under way at a time; then
/// the lanes are added by halves.
///
/// The reference's mean is the correctly rounded one nearly always; a mean that is off by its last
/// bit moves some activations over a rounding boundary, and attention carries that to every later
/// position. In f32 lanes that happens in about every second row of 2,560.
#[inline(always)]
fn sum_of_squares(x: &[f32]) -> f64 {
    let mut sums = [0.0_f64; 4 * LANES];
    let (chunks, tail) = x.as_chunks::<{ 4 * LANES }>();
    for chunk in chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            // Exact in f64, so fused or not makes no difference.
            *sum += f64::from(x) * f64::from(x);
        }
    }
    for (sum, &x) in sums.iter_mut().zip(tail) {
        *sum += f64::from(x) * f64::from(x);
    }
    for width in [32, 16, 8, 4, 2, 1] {
        for l in 0..width {
            sums[l] += sums[l + width];
        }
    }
    sums[0]
}

/// `out = weight * (x / sqrt(mean(x^2) + eps))`.
#[inline(always)]
pub(crate) fn rms_norm<A: Arch>(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let mean = (sum_of_squares(x) / x.len() as f64) as f32;
    let inverse_rms = 1.0 / (mean + eps).sqrt();
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = weight * (x * inverse_rms);
    }
}

/// The largest value; -inf when there is none. NaNs are passed over.
#[inline(always)]
pub(super) fn maximum(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, tail) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(tail) {
        *lane = larger(*lane, x);
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, larger)
}

/// `x = e^(x - max)`; returns the sum, taken in lane order.
#[inline(always)]
pub(super) fn exp_and_sum<A: Arch>(x: &mut [f32], max: f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks, tail) = x.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *x = exp_one::<A>(*x - max);
            *sum += *x;
        }
    }
    for (sum, x) in sums.iter_mut().zip(tail) {
        *x = exp_one::<A>(*x - max);
        *sum += *x;
    }
    A::sum(A::load(&sums))
}

/// `x = e^(x - max) / sum`.
#[inline(always)]
pub(crate) fn softmax<A: Arch>(x: &mut [f32]) {
    let max = maximum(x);
    let sum = exp_and_sum::<A>(x, max);
    for x in x {
        *x /= sum;
    }
}

/// `out[r] = rows[r] . x`; `rows` is `[out.len()][x.len()]`.
#[inline(always)]
pub(crate) fn head_logits<A: Arch, E: Element>(rows: &[E], x: &[f32], out: &mut [f32]) {
    let dim = x.len();
    let row = |r: usize| &rows[r * dim..(r + 1) * dim];
    let (tiles, tail) = out.as_chunks_mut::<ROW_TILE>();
    let whole = tiles.len() * ROW_TILE;
    for (i, tile) in tiles.iter_mut().enumerate() {
        let r = i * ROW_TILE;
        let rows = [row(r), row(r + 1), row(r + 2), row(r + 3)];
        *tile = dots::<A, E, f32, ROW_TILE>(rows, x, ROW_TILE * dim / LANES);
    }
    for (r, out) in (whole..).zip(tail) {
        *out = dots::<A, E, f32, 1>([row(r)], x, 0)[0];
    }
}

/// [`dots`] of rows of scaled codes with `x`: `GROUP` chunks share a scale, `LINE` groups are 64 codes. The
/// numbers, and the order they are summed in, are those of [`dots`].
///
/// With `ahead`, what lies that many 64 codes behind each row is fetched meanwhile.
#[inline(always)]
fn dots_int8<A: Arch, const GROUP: usize, const LINE: usize, const N: usize>(
    codes: [&[i8]; N],
    scales: [&[f32]; N],
    x: &[f32],
    ahead: usize,
) -> [f32; N] {
    let x = x.as_chunks::<LANES>().0.as_chunks::<GROUP>().0;
    let codes = codes.map(|codes| {
        let chunks = codes.as_chunks::<LANES>().0;
        &chunks.as_chunks::<GROUP>().0[..x.len()]
    });
    let scales = scales.map(|scales| &scales[..x.len()]);
    let mut sums = [A::splat(0.0); N];
    let (x_lines, x_tail) = x.as_chunks::<LINE>();
    for (i, x) in x_lines.iter().enumerate() {
        let at = i * LINE;
        for n in 0..N {
            if ahead > 0 {
                A::prefetch(std::ptr::from_ref(&codes[n][at]).wrapping_add(ahead * LINE));
                A::prefetch(std::ptr::from_ref(&scales[n][at]).wrapping_add(ahead * LINE));
            }
        }
        for g in 0..LINE {
            add_group::<A, GROUP, N>(
                codes.each_ref().map(|codes| &codes[at + g]),
                scales.each_ref().map(|scales| scales[at + g]),
                &x[g],
                &mut sums,
            );
        }
    }
    for (g, x) in (x_lines.len() * LINE..).zip(x_tail) {
        add_group::<A, GROUP, N>(
            codes.each_ref().map(|codes| &codes[g]),
            scales.each_ref().map(|scales| scales[g]),
            x,
            &mut sums,
        );
    }
    all_sums::<A, N>(&sums)
}

/// Adds `scale * codes * x` to the sums of each row, for chunks that share a scale.
#[inline(always)]
fn add_group<A: Arch, const GROUP: usize, const N: usize>(
    codes: [&[[i8; LANES]; GROUP]; N],
    scales: [f32; N],
    x: &[[f32; LANES]; GROUP],
    sums: &mut [A::Lanes; N],
) {
    for c in 0..GROUP {
        let x = A::load(&x[c]);
        for n in 0..N {
            let row = A::mul(A::load_i8(&codes[n][c]), A::splat(scales[n]));
            sums[n] = A::mul_add(row, x, sums[n]);
        }
    }
}

/// `out[r] = (scales * codes)[r] . x`; `codes` is `[out.len()][x.len()]`, each scale for 16 or 32 neighbours.
#[inline(always)]
pub(crate) fn head_logits_int8<A: Arch>(codes: &[i8], scales: &[f32], x: &[f32], out: &mut [f32]) {
    if codes.len() == scales.len() * LANES {
        head_logits_grouped::<A, 1, 4>(codes, scales, x, out);
    } else {
        head_logits_grouped::<A, 2, 2>(codes, scales, x, out);
    }
}

#[inline(always)]
fn head_logits_grouped<A: Arch, const GROUP: usize, const LINE: usize>(
    codes: &[i8],
    scales: &[f32],
    x: &[f32],
    out: &mut [f32],
) {
    let dim = x.len();
    let groups = dim / LANES / GROUP;
    let codes = |r: usize| &codes[r * dim..(r + 1) * dim];
    let scales = |r: usize| &scales[r * groups..(r + 1) * groups];
    let (tiles, tail) = out.as_chunks_mut::<ROW_TILE>();
    let whole = tiles.len() * ROW_TILE;
    for (i, tile) in tiles.iter_mut().enumerate() {
        let r = [0, 1, 2, 3].map(|n| i * ROW_TILE + n);
        let ahead = (ROW_TILE * groups).div_ceil(LINE);
        *tile = dots_int8::<A, GROUP, LINE, ROW_TILE>(r.map(codes), r.map(scales), x, ahead);
    }
    for (r, out) in (whole..).zip(tail) {
        *out = dots_int8::<A, GROUP, LINE, 1>([codes(r)], [scales(r)], x, 0)[0];
    }
}
