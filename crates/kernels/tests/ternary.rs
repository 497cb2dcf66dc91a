//! The ternary layer: every path against the scalar one, and that against plain sums over the codes.

mod common;

use common::{Random, bits, packed, quantized};
use proptest::prelude::*;
use tern_kernels::{
    Int8Activations, Isa, PackedTernary, matmul, matvec, matvec_i32, pack_row_block,
    transpose_tokens,
};

/// Row by row in 64 bits, from codes that were never packed.
fn plain_sums(codes: &[i8], cols: usize, activations: &[i8]) -> Vec<i32> {
    codes
        .chunks(cols)
        .map(|row| {
            let products = row
                .iter()
                .zip(activations)
                .map(|(&w, &a)| i64::from(w) * i64::from(a));
            i32::try_from(products.sum::<i64>()).expect("sums of a layer fit 32 bits")
        })
        .collect()
}

/// One layer, one token: every path against plain sums, and its floats against the formula.
fn check_matvec(rows: usize, cols: usize, codes: &[i8], x: &[f32]) {
    let w = packed(rows, cols, codes);
    let acts = quantized(Isa::Scalar, 1, cols, x);
    let act = acts.row(0);
    let weight_scale = 0.731;
    let want = plain_sums(codes, cols, act.codes());
    let want_scaled: Vec<f32> = want
        .iter()
        .map(|&sum| (sum as f32 / act.scale()) * weight_scale)
        .collect();
    for isa in Isa::available() {
        let mut sums = vec![i32::MIN; rows];
        matvec_i32(isa, &w, 0..w.row_blocks(), act, &mut sums);
        assert_eq!(sums, want, "{} {rows}x{cols}", isa.name());
        let mut out = vec![f32::NAN; rows];
        matvec(isa, &w, 0..w.row_blocks(), act, weight_scale, &mut out);
        assert_eq!(
            bits(&out),
            bits(&want_scaled),
            "{} {rows}x{cols}",
            isa.name()
        );
    }
}

fn check_random_layers(count: u64) {
    for seed in 0..count {
        let mut random = Random(seed);
        let (rows, cols) = (random.between(1, 100), random.between(1, 700));
        let codes = random.codes(rows * cols);
        let x = random.floats(cols);
        check_matvec(rows, cols, &codes, &x);
    }
}

#[test]
fn a_fast_path_computes_other_sums() {
    check_random_layers(300);
}

#[test]
#[ignore = "full count: npm run test:full"]
fn a_fast_path_computes_other_sums_in_ten_thousand_layers() {
    check_random_layers(10_000);
}

#[test]
fn real_layer_shapes_differ_between_paths() {
    for (rows, cols) in [(2560, 6912), (640, 2560)] {
        let mut random = Random(rows as u64);
        let codes = random.codes(rows * cols);
        check_matvec(rows, cols, &codes, &random.floats(cols));
    }
}

#[test]
fn sixteen_bit_sums_overflow_at_the_extremes() {
    // Every product at its largest, at widths around the run lengths and at the widest real one.
    for cols in [16, 127, 128, 129, 255, 256, 257, 512, 6912] {
        for code in [-1_i8, 1] {
            for sign in [-1.0_f32, 1.0] {
                let codes = vec![code; 33 * cols];
                check_matvec(33, cols, &codes, &vec![sign; cols]);
                for n_tokens in [4, 5] {
                    let x = vec![sign; n_tokens * cols];
                    check_matmul(33, cols, &codes, n_tokens, &x);
                }
            }
        }
    }
}

/// A batch against one token at a time, on every path, bit for bit.
fn check_matmul(rows: usize, cols: usize, codes: &[i8], n_tokens: usize, x: &[f32]) {
    let w = packed(rows, cols, codes);
    let acts = quantized(Isa::Scalar, n_tokens, cols, x);
    let weight_scale = 1.37;
    let mut want = vec![0.0; n_tokens * rows];
    for (t, want) in want.chunks_mut(rows).enumerate() {
        matvec(
            Isa::Scalar,
            &w,
            0..w.row_blocks(),
            acts.row(t),
            weight_scale,
            want,
        );
    }
    for isa in Isa::available() {
        let what = format!("{} {rows}x{cols} x {n_tokens}", isa.name());
        let mut by_row = vec![f32::NAN; rows * n_tokens];
        matmul(isa, &w, 0..w.row_blocks(), &acts, weight_scale, &mut by_row);
        let mut by_token = vec![f32::NAN; n_tokens * rows];
        transpose_tokens(&by_row, n_tokens, 0..n_tokens, &mut by_token);
        assert_eq!(bits(&by_token), bits(&want), "{what}");
    }
}

#[test]
fn a_batch_answers_differently_from_one_token_at_a_time() {
    for (i, n_tokens) in [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 127, 128, 129, 131, 257]
        .into_iter()
        .enumerate()
    {
        let mut random = Random(i as u64);
        let (rows, cols) = (random.between(1, 50), random.between(1, 600));
        let codes = random.codes(rows * cols);
        let x = random.floats(n_tokens * cols);
        check_matmul(rows, cols, &codes, n_tokens, &x);
    }
}

#[test]
fn a_shared_out_matrix_answers_differently_from_a_whole_one() {
    let (rows, cols, n_tokens) = (75, 333, 6);
    let mut random = Random(4);
    let w = packed(rows, cols, &random.codes(rows * cols));
    let acts = quantized(Isa::Scalar, n_tokens, cols, &random.floats(n_tokens * cols));
    for isa in Isa::available() {
        let mut whole = vec![0.0; rows * n_tokens];
        matmul(isa, &w, 0..w.row_blocks(), &acts, 1.0, &mut whole);
        let mut parts = Vec::new();
        let mut vector_parts = Vec::new();
        for blocks in [0..1, 1..1, 1..4, 4..w.row_blocks()] {
            let mut out = vec![f32::NAN; w.rows_in(&blocks) * n_tokens];
            matmul(isa, &w, blocks.clone(), &acts, 1.0, &mut out);
            parts.extend(out);
            let mut out = vec![f32::NAN; w.rows_in(&blocks)];
            matvec(isa, &w, blocks, acts.row(2), 1.0, &mut out);
            vector_parts.extend(out);
        }
        assert_eq!(bits(&parts), bits(&whole));
        let token_2: Vec<f32> = whole.iter().skip(2).step_by(n_tokens).copied().collect();
        assert_eq!(bits(&vector_parts), bits(&token_2));
    }
}

#[test]
fn transposing_part_of_a_batch_mixes_up_tokens() {
    let (rows, n_tokens) = (37, 41);
    let by_row: Vec<f32> = (0..rows * n_tokens).map(|i| i as f32).collect();
    for tokens in [0..41, 0..16, 16..32, 32..41, 7..24, 5..5] {
        let mut out = vec![-1.0; tokens.len() * rows];
        transpose_tokens(&by_row, n_tokens, tokens.clone(), &mut out);
        let want: Vec<f32> = tokens
            .flat_map(|t| (0..rows).map(move |r| (r * n_tokens + t) as f32))
            .collect();
        assert_eq!(out, want);
    }
}

#[test]
fn a_smaller_batch_sees_what_the_last_one_left() {
    let mut random = Random(8);
    let mut acts = Int8Activations::new(4, 640);
    acts.reset(4, 640);
    for t in 0..4 {
        acts.quantize_row(Isa::Scalar, t, &random.floats(640));
    }
    let (rows, cols) = (20, 33);
    let x = random.floats(2 * cols);
    let w = packed(rows, cols, &random.codes(rows * cols));
    let fresh = quantized(Isa::Scalar, 2, cols, &x);
    acts.reset(2, cols);
    for (mut row, x) in acts.rows_mut().zip(x.chunks(cols)) {
        row.quantize(Isa::Scalar, x);
    }
    for isa in Isa::available() {
        let (mut out, mut want) = (vec![0.0; rows * 2], vec![1.0; rows * 2]);
        matmul(isa, &w, 0..w.row_blocks(), &acts, 1.0, &mut out);
        matmul(isa, &w, 0..w.row_blocks(), &fresh, 1.0, &mut want);
        assert_eq!(bits(&out), bits(&want), "{}", isa.name());
    }
}

#[test]
fn the_byte_layout_drifts() {
    // One weight at a time: row r, column c of a 32 by 48 matrix, in the documented place.
    let (rows, cols) = (32, 48);
    for (row, col, code) in [
        (0, 0, 1),
        (5, 3, -1),
        (15, 15, 1),
        (16, 16, -1),
        (30, 38, 1),
        (31, 47, -1),
    ] {
        let mut codes = vec![0_i8; rows * cols];
        codes[row * cols + col] = code;
        let w = packed(rows, cols, &codes);
        let mut want = vec![[0b01_01_01_01_u8; 64]; 2 * 3];
        let (lane, field, j) = (row % 16, col % 16 / 4, col % 4);
        let byte = &mut want[row / 16 * 3 + col / 16][lane * 4 + j];
        *byte = *byte & !(3 << (2 * field)) | ((code + 1) as u8) << (2 * field);
        let got: Vec<[u8; 64]> = w.lines().iter().map(|line| *line.bytes()).collect();
        assert_eq!(got, want, "row {row}, column {col}");
        assert!(
            w.lines().as_ptr().addr().is_multiple_of(64),
            "lines are cache lines"
        );
    }
}

proptest! {
    #[test]
    fn packing_loses_a_weight(rows in 1_usize..60, cols in 1_usize..90, seed: u64) {
        let codes = Random(seed).codes(rows * cols);
        let w = packed(rows, cols, &codes);
        let mut unpacked = vec![7; cols];
        for (row, want) in codes.chunks(cols).enumerate() {
            w.unpack_row(row, &mut unpacked);
            prop_assert_eq!(&unpacked, want);
        }
        prop_assert_eq!(w.byte_len(), rows.div_ceil(16) * cols.div_ceil(16) * 64);
        prop_assert_eq!(w.rows_in(&(0..w.row_blocks())), rows);
    }
}

#[test]
fn repacking_a_block_keeps_what_was_there() {
    let mut w = packed(16, 40, &[1; 16 * 40]);
    pack_row_block(w.lines_mut(), 3, 40, &[-1; 3 * 40]);
    let mut row = [9; 40];
    w.unpack_row(2, &mut row);
    assert_eq!(row, [-1; 40]);
    w.unpack_row(3, &mut row);
    assert_eq!(row, [0; 40]);
}

#[test]
fn a_matrix_of_nothing_panics() {
    for (rows, cols) in [(0, 0), (0, 32), (5, 0)] {
        let w = PackedTernary::zeros(rows, cols);
        let acts = quantized(Isa::Scalar, 1, cols.max(1), &vec![1.0; cols.max(1)]);
        let mut no_cols = Int8Activations::new(1, 0);
        no_cols.reset(1, 0);
        let acts = if cols == 0 { no_cols } else { acts };
        for isa in Isa::available() {
            let mut out = vec![f32::NAN; rows];
            matvec(isa, &w, 0..w.row_blocks(), acts.row(0), 1.0, &mut out);
            assert_eq!(out, vec![0.0; rows]);
            let mut out = vec![f32::NAN; rows];
            matmul(isa, &w, 0..w.row_blocks(), &acts, 1.0, &mut out);
            assert_eq!(out, vec![0.0; rows]);
        }
    }
}

#[test]
#[should_panic(expected = "codes are -1, 0 or 1")]
fn a_code_of_two_is_packed() {
    let mut w = PackedTernary::zeros(1, 4);
    pack_row_block(w.lines_mut(), 1, 4, &[0, 2, 0, 0]);
}

#[test]
#[should_panic(expected = "activations match the matrix")]
fn activations_of_another_layer_are_read() {
    let w = PackedTernary::zeros(16, 64);
    let acts = quantized(Isa::Scalar, 1, 32, &[1.0; 32]);
    matvec(Isa::detect(), &w, 0..1, acts.row(0), 1.0, &mut [0.0; 16]);
}
