//! Batches of tokens: tiles of 16 rows by up to 6 tokens in 12 registers.
//!
//! All tokens pass a run of columns before the next run begins, so that its 8 KiB of the panel stay in the first cache.

use std::arch::x86_64::{_mm256_loadu_si256, _mm256_setzero_si256, _mm256_storeu_si256};

use super::Dot;
use crate::avx2::{broadcast, load};
use crate::panel::LINES_PER_QUAD;
use crate::ternary::{Line, PANEL_ROWS};

/// Quads of columns in a run.
const RUN: usize = 64;

/// As [`crate::panel::panel_sums`].
#[inline(always)]
pub(super) fn panel_sums<D: Dot>(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    sums.fill([0; PANEL_ROWS]);
    for (r, run) in panel.chunks(RUN * LINES_PER_QUAD).enumerate() {
        let mut t = 0;
        while t < sums.len() {
            let (codes, sums) = (&codes[t * stride + r * RUN * 4..], &mut sums[t..]);
            t += match sums.len() {
                6.. => tile::<D, 6>(run, codes, stride, sums),
                5 => tile::<D, 5>(run, codes, stride, sums),
                4 => tile::<D, 4>(run, codes, stride, sums),
                3 => tile::<D, 3>(run, codes, stride, sums),
                2 => tile::<D, 2>(run, codes, stride, sums),
                _ => tile::<D, 1>(run, codes, stride, sums),
            };
        }
    }
}

/// Adds a run to the sums of the first `N` tokens; returns `N`.
#[inline(always)]
fn tile<D: Dot, const N: usize>(
    run: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) -> usize {
    let (quads, _) = run.as_chunks::<LINES_PER_QUAD>();
    let mut tokens: [&[[i8; 4]]; N] = [&[]; N];
    for (t, token) in tokens.iter_mut().enumerate() {
        *token = &codes[t * stride..].as_chunks::<4>().0[..quads.len()];
    }
    for half in 0..LINES_PER_QUAD {
        // SAFETY: the callers enable AVX2; eight sums are the 32 bytes read and written, at any alignment.
        unsafe {
            let mut total = [[_mm256_setzero_si256(); 2]; N];
            for (total, sums) in total.iter_mut().zip(&*sums) {
                let eights = &sums.as_chunks::<8>().0[2 * half..];
                for (total, eight) in total.iter_mut().zip(eights) {
                    *total = _mm256_loadu_si256(eight.as_ptr().cast());
                }
            }
            for (i, lines) in quads.iter().enumerate() {
                let [first, second] = load(&lines[half]);
                for t in 0..N {
                    let activations = broadcast(tokens[t][i]);
                    total[t][0] = D::dot(total[t][0], first, activations);
                    total[t][1] = D::dot(total[t][1], second, activations);
                }
            }
            for (total, sums) in total.iter().zip(&mut *sums) {
                let eights = &mut sums.as_chunks_mut::<8>().0[2 * half..];
                for (total, eight) in total.iter().zip(eights) {
                    _mm256_storeu_si256(eight.as_mut_ptr().cast(), *total);
                }
            }
        }
    }
    N
}
