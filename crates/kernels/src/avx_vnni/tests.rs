//! Every kernel against the scalar one, in each encoding that this CPU has; AVX2's own kernels too.

use std::arch::x86_64::{__m256i, _mm256_dpbusd_epi32};

use crate::scalar;
use crate::ternary::{BLOCK_COLS, LINE_CODES, Line, PANEL_ROWS};

/// The same kernels in the encoding of AVX-512.
mod evex {
    use super::super::{columns, instance, panel, peak, planes, ternary};
    use super::Evex;
    use crate::ternary::{BLOCK_ROWS, Line, PANEL_ROWS};

    instance!("avx2,avx512f,avx512vl,avx512vnni", Evex);
}

struct Evex;

impl super::Dot for Evex {
    #[inline(always)]
    fn dot(sum: __m256i, codes: __m256i, activations: __m256i) -> __m256i {
        // SAFETY: the callers enable AVX-512 VL and VNNI, which were detected.
        unsafe { _mm256_dpbusd_epi32(sum, codes, activations) }
    }
}

/// Compares a kernel with the scalar one in each encoding.
macro_rules! check {
    ($what:expr, |$kernels:ident| $call:expr) => {{
        let want = {
            use scalar as $kernels;
            $call
        };
        if crate::avx2::is_supported() {
            // At the ends of an int8, which quantised tokens do not reach, its 16-bit sums are full.
            use crate::avx2 as $kernels;
            assert_eq!($call, want, "AVX2: {}", $what);
        }
        if crate::avx2::is_supported()
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni")
        {
            use evex as $kernels;
            assert_eq!($call, want, "AVX-512's encoding: {}", $what);
        }
        if super::is_supported() {
            use super as $kernels;
            assert_eq!($call, want, "{}", $what);
        }
    }};
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Int8 numbers, all at one of the ends for the first seeds.
    fn codes(&mut self, seed: u64, n: usize) -> Vec<i8> {
        let code = |_| match seed {
            0 => i8::MIN,
            1 => i8::MAX,
            _ => self.next() as i8,
        };
        (0..n).map(code).collect()
    }

    /// Lines of four stored codes a byte, all at their largest for the first seeds.
    fn lines(&mut self, seed: u64, n: usize) -> Vec<Line> {
        let mut lines = vec![Line::NOTHING; n];
        for line in &mut lines {
            for byte in line.bytes_mut() {
                let fields = [0; 4].map(|_| if seed < 2 { 2 } else { self.below(3) as u8 });
                *byte = fields[0] | fields[1] << 2 | fields[2] << 4 | fields[3] << 6;
            }
        }
        lines
    }
}

#[test]
fn a_row_block_sums_differently() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let n = random.below(70);
        let lines = random.lines(seed, n);
        let codes = random.codes(seed, n * BLOCK_COLS);
        check!(seed, |path| path::row_block_sums(&lines, &codes));
    }
}

#[test]
fn single_rows_sum_differently() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let (n_rows, per_row) = (1 + random.below(40), 1 + random.below(12));
        let lines = random.lines(seed, n_rows * per_row);
        let codes = random.codes(seed, per_row * LINE_CODES);
        let n = random.below(30);
        let rows: Vec<u32> = (0..n).map(|_| random.below(n_rows) as u32).collect();
        check!(seed, |path| {
            let mut out = vec![7; n];
            path::rows_sums(&lines, per_row, &rows, &codes, &mut out);
            out
        });
    }
}

#[test]
fn single_columns_sum_differently() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let (n_columns, per_column) = (1 + random.below(90), 1 + random.below(4));
        let lines = random.lines(seed, n_columns * per_column);
        let codes = random.codes(seed, n_columns);
        let n = random.below(100);
        let columns: Vec<u32> = (0..n).map(|_| random.below(n_columns) as u32).collect();
        check!(seed, |path| {
            let mut sums = vec![-3; per_column * LINE_CODES];
            path::column_sums(&lines, per_column, &columns, &codes, &mut sums);
            sums
        });
    }
}

#[test]
fn a_batch_sums_differently() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let (cells, n_tokens) = (1 + random.below(40), random.below(20));
        let mut panel = vec![Line::NOTHING; cells * 8];
        for byte in panel.iter_mut().flat_map(|line| line.bytes_mut()) {
            *byte = if seed < 2 { 2 } else { random.below(3) as u8 };
        }
        let stride = cells * BLOCK_COLS + 64 * random.below(2);
        let codes = random.codes(seed, n_tokens * stride);
        check!(seed, |path| {
            let mut sums = vec![[9; PANEL_ROWS]; n_tokens];
            path::panel_sums(&panel, &codes, stride, &mut sums);
            sums
        });
    }
}

#[test]
fn planes_sum_differently() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let n = random.below(300);
        let mut lines = vec![Line::NOTHING; n];
        for byte in lines.iter_mut().flat_map(|line| line.bytes_mut()) {
            *byte = if seed < 2 { 255 } else { random.next() as u8 };
        }
        let (upper, lower) = (random.codes(seed, n * 8), random.codes(seed, n * 8));
        check!(seed, |path| path::screen_sums(&lines, &upper, &lower));
        let lines = &lines[..n / 16];
        check!(seed, |path| path::low_sums(lines, &upper, &lower));
    }
}

#[test]
fn the_yardstick_counts_what_it_does_not_do() {
    if std::arch::is_x86_feature_detected!("avx512vnni")
        && std::arch::is_x86_feature_detected!("avx512vl")
    {
        let done = evex::multiply_adds(1 << 20);
        assert!((1 << 20..1 << 21).contains(&done), "{done}");
    }
}
