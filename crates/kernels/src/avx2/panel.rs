//! Batches of tokens: tiles of 16 rows by up to 6 tokens in 12 registers.
//!
//! A term is two products of a stored code (0 to 2) and an activation, at most 508 and at least -512. A run is 64
//! terms for each row, 256 columns: at most 32,512 and at least -32,768, inside an i16. All tokens pass a run before
//! the next one begins, so that its 8 KiB of the panel stay in the first cache.

use std::arch::x86_64::{_mm256_loadu_si256, _mm256_setzero_si256, _mm256_storeu_si256};

use super::{add_products, add_run, broadcast, load};
use crate::panel::LINES_PER_QUAD;
use crate::ternary::{Line, PANEL_ROWS};

/// Terms of a row that an i16 holds.
const RUN: usize = 64;

/// The shared source, compiled with this path's instructions.
macro_rules! shared {
    ($($name:ident($lines:ident, $per_unit:ident);)*) => {$(
        /// As [`crate::panel`]'s function of this name.
        pub(crate) fn $name($lines: &[Line], $per_unit: usize, panel: &mut [Line]) {
            #[target_feature(enable = "avx2")]
            fn kernel($lines: &[Line], $per_unit: usize, panel: &mut [Line]) {
                crate::panel::$name($lines, $per_unit, panel);
            }
            // SAFETY: reached by `Isa::Avx2` and `Isa::AvxVnni` only, made where `is_supported` held.
            unsafe { kernel($lines, $per_unit, panel) }
        }
    )*};
}

shared! {
    unpack_row_blocks(blocks, per_block);
    unpack_rows(rows, per_row);
}

/// As [`crate::panel::panel_sums`].
pub(crate) fn panel_sums(
    panel: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) {
    // SAFETY: reached by `Isa::Avx2` only, which is made where `is_supported` held.
    unsafe { tiles(panel, codes, stride, sums) }
}

#[target_feature(enable = "avx2")]
fn tiles(panel: &[Line], codes: &[i8], stride: usize, sums: &mut [[i32; PANEL_ROWS]]) {
    sums.fill([0; PANEL_ROWS]);
    for (r, run) in panel.chunks(RUN * LINES_PER_QUAD).enumerate() {
        let mut t = 0;
        while t < sums.len() {
            let (codes, sums) = (&codes[t * stride + r * RUN * 4..], &mut sums[t..]);
            t += match sums.len() {
                6.. => tile::<6>(run, codes, stride, sums),
                5 => tile::<5>(run, codes, stride, sums),
                4 => tile::<4>(run, codes, stride, sums),
                3 => tile::<3>(run, codes, stride, sums),
                2 => tile::<2>(run, codes, stride, sums),
                _ => tile::<1>(run, codes, stride, sums),
            };
        }
    }
}

/// Adds a run to the sums of the first `N` tokens; returns `N`.
#[inline]
#[target_feature(enable = "avx2")]
fn tile<const N: usize>(
    run: &[Line],
    codes: &[i8],
    stride: usize,
    sums: &mut [[i32; PANEL_ROWS]],
) -> usize {
    let (quads, _) = run.as_chunks::<LINES_PER_QUAD>();
    let tokens: [&[[i8; 4]]; N] =
        std::array::from_fn(|t| &codes[t * stride..].as_chunks::<4>().0[..quads.len()]);
    for half in 0..LINES_PER_QUAD {
        let mut total = [[_mm256_setzero_si256(); 2]; N];
        for (i, lines) in quads.iter().enumerate() {
            let [first, second] = load(&lines[half]);
            for t in 0..N {
                let activations = broadcast(tokens[t][i]);
                total[t][0] = add_products(total[t][0], first, activations);
                total[t][1] = add_products(total[t][1], second, activations);
            }
        }
        for (sums, total) in sums.iter_mut().zip(total) {
            let eights = &mut sums.as_chunks_mut::<8>().0[2 * half..];
            for (eight, total) in eights.iter_mut().zip(total) {
                let eight = eight.as_mut_ptr().cast();
                // SAFETY: eight sums are the 32 bytes read and written, at any alignment.
                unsafe { _mm256_storeu_si256(eight, add_run(_mm256_loadu_si256(eight), total)) };
            }
        }
    }
    N
}
