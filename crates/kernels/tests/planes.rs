//! The planes of the head: every path against plain sums, and their bound against the truth.

mod common;

use common::{Random, bits};
use tern_kernels::{
    HeadPlanes, Isa, Line, PlaneInput, PlaneRow, dot_f32, high_lines, low_lines, pack_planes,
    screen, sharpen,
};

/// A packed head.
#[derive(PartialEq, Debug)]
struct Head {
    cols: usize,
    high: Vec<Line>,
    low: Vec<Line>,
    rows: Vec<PlaneRow>,
}

impl Head {
    fn pack(isa: Isa, n_rows: usize, cols: usize, weights: &[f32]) -> Self {
        let mut head = Self {
            cols,
            high: vec![Line::ZERO; n_rows.div_ceil(16) * high_lines(cols)],
            low: vec![Line::ZERO; n_rows * low_lines(cols)],
            rows: vec![PlaneRow::default(); n_rows],
        };
        let blocks = head.high.chunks_mut(high_lines(cols));
        let lows = head.low.chunks_mut(16 * low_lines(cols));
        let rows = head.rows.chunks_mut(16);
        for (((weights, high), low), rows) in
            weights.chunks(16 * cols).zip(blocks).zip(lows).zip(rows)
        {
            pack_planes(isa, weights, cols, high, low, rows);
        }
        head
    }

    fn planes(&self) -> HeadPlanes<'_> {
        HeadPlanes::new(self.cols, &self.high, &self.low, &self.rows)
    }
}

/// Logits of the upper plane, of both, and the largest of each block.
fn logits(isa: Isa, head: &Head, input: &PlaneInput) -> [Vec<f32>; 3] {
    let planes = head.planes();
    let n = planes.n_rows();
    let (mut sums, mut screened) = (vec![0; n], vec![f32::NAN; n]);
    let mut best = vec![f32::NAN; n.div_ceil(16)];
    let half = best.len() / 2;
    let cut = (half * 16).min(n);
    let (sums_a, sums_b) = sums.split_at_mut(cut);
    let (logits_a, logits_b) = screened.split_at_mut(cut);
    let (best_a, best_b) = best.split_at_mut(half);
    screen(isa, &planes, 0..half, input, sums_a, logits_a, best_a);
    screen(
        isa,
        &planes,
        half..n.div_ceil(16),
        input,
        sums_b,
        logits_b,
        best_b,
    );
    let rows: Vec<u32> = (0..n as u32).collect();
    let mut sharp = vec![f32::NAN; n];
    sharpen(isa, &planes, &rows, input, &sums, &mut sharp);
    [screened, sharp, best]
}

/// Rows with a few large columns, as heads have them.
fn weights(random: &mut Random, n_rows: usize, cols: usize) -> Vec<f32> {
    let mut weights = random.floats(n_rows * cols);
    for row in weights.chunks_mut(cols) {
        row[cols / 3] *= 4.0;
    }
    weights
}

#[test]
fn paths_screen_or_pack_differently() {
    for (seed, (n_rows, cols)) in [(1, 1), (5, 7), (16, 128), (33, 130), (70, 2560), (17, 200)]
        .into_iter()
        .enumerate()
    {
        let mut random = Random(seed as u64);
        let weights = weights(&mut random, n_rows, cols);
        let mut input = PlaneInput::new(cols);
        assert!(input.quantize(&random.floats(cols)));
        let head = Head::pack(Isa::Scalar, n_rows, cols, &weights);
        let want = logits(Isa::Scalar, &head, &input).map(|x| bits(&x));
        for isa in Isa::available() {
            let what = format!("{} {n_rows}x{cols}", isa.name());
            assert_eq!(Head::pack(isa, n_rows, cols, &weights), head, "{what}");
            assert_eq!(logits(isa, &head, &input).map(|x| bits(&x)), want, "{what}");
        }
    }
}

#[test]
fn a_logit_leaves_its_bound() {
    let (n_rows, cols) = (200, 640);
    let mut random = Random(5);
    let weights = weights(&mut random, n_rows, cols);
    let head = Head::pack(Isa::Scalar, n_rows, cols, &weights);
    for _ in 0..20 {
        let x = random.floats(cols);
        let mut input = PlaneInput::new(cols);
        assert!(input.quantize(&x));
        let [screened, sharp, best] = logits(Isa::Scalar, &head, &input);
        let truth: Vec<f32> = weights
            .chunks(cols)
            .map(|row| dot_f32(Isa::Scalar, row, &x))
            .collect();
        let spread = (truth.iter().map(|x| x * x).sum::<f32>() / n_rows as f32).sqrt();
        let mut rough = 0.0_f32;
        for (row, truth) in truth.iter().enumerate() {
            let bound = head.planes().bound(row, &input);
            let off = (sharp[row] - truth).abs();
            assert!(off <= bound, "row {row}: {off} beyond {bound}");
            assert!(
                bound < 0.6 * spread,
                "a bound of {bound} says nothing at {spread}"
            );
            rough += (screened[row] - truth).powi(2);
        }
        let rough = (rough / n_rows as f32).sqrt() / spread;
        assert!(
            (0.01..0.4).contains(&rough),
            "the upper plane errs by {rough}"
        );
        for (best, screened) in best.iter().zip(screened.chunks(16)) {
            assert_eq!(
                *best,
                screened.iter().copied().fold(f32::NEG_INFINITY, f32::max)
            );
        }
    }
}

#[test]
fn inputs_at_the_edge_overflow() {
    let cols = tern_kernels::MAX_PLANE_COLS;
    for sign in [-1.0, 1.0] {
        let weights: Vec<f32> = (0..2 * cols)
            .map(|i| if i < cols { 1.0 } else { -1.0 })
            .collect();
        let head = Head::pack(Isa::Scalar, 2, cols, &weights);
        let mut input = PlaneInput::new(cols);
        assert!(input.quantize(&vec![sign; cols]));
        for isa in Isa::available() {
            let [_, sharp, _] = logits(isa, &head, &input);
            let want = sign * cols as f32;
            assert!(
                (sharp[0] - want).abs() < 1.0 && (sharp[1] + want).abs() < 1.0,
                "{sharp:?}"
            );
        }
    }
    let mut input = PlaneInput::new(2);
    for bad in [f32::NAN, f32::INFINITY, 1e30] {
        assert!(!input.quantize(&[bad, 1.0]), "{bad}");
    }
    assert!(input.quantize(&[0.0, 0.0]));
}
