//! The ternary layer: every path against the scalar one, and that against plain sums over the codes.

mod common;

use common::{Random, bits, packed, quantized};
use proptest::prelude::*;
use tern_kernels::{
    FieldCodes, Int8Activations, Isa, Order, PackedTernary, column_sums, column_sums_batch,
    column_sums_len, finish_columns, finish_columns_batch, matmul, matmul_scratch_lines, matvec,
    matvec_i32, matvec_rows, pack_row_block, token_of_panels,
};

const ORDERS: [Order; 3] = [Order::RowBlocks, Order::Rows, Order::Columns];

/// All of a matrix times a batch, token by token.
fn batch(isa: Isa, w: &PackedTernary, acts: &Int8Activations, weight_scale: f32) -> Vec<f32> {
    let n = acts.n_tokens();
    let mut panels = vec![f32::NAN; w.panels() * n * 32];
    let mut scratch = vec![tern_kernels::Line::ZERO; matmul_scratch_lines(w)];
    matmul(
        isa,
        w,
        0..w.panels(),
        acts,
        weight_scale,
        &mut panels,
        &mut scratch,
    );
    (0..n)
        .flat_map(|t| {
            let rows = token_of_panels(&panels, n, t).flatten().copied();
            rows.take(w.rows()).collect::<Vec<_>>()
        })
        .collect()
}

/// One token through the rows `keep` alone.
fn through_rows(
    isa: Isa,
    w: &PackedTernary,
    acts: &Int8Activations,
    scale: f32,
    keep: &[u32],
) -> Vec<f32> {
    let mut fields = FieldCodes::new(w.cols());
    fields.arrange(acts.row(0));
    let mut out = vec![f32::NAN; keep.len()];
    matvec_rows(isa, w, keep, &fields, scale, &mut out);
    out
}

/// One token through the columns whose activation is not 0, in `parts` shares.
fn through_columns(
    isa: Isa,
    w: &PackedTernary,
    acts: &Int8Activations,
    scale: f32,
    parts: usize,
) -> Vec<f32> {
    let act = acts.row(0);
    let active: Vec<u32> = (0..w.cols() as u32)
        .filter(|&column| act.codes()[column as usize] != 0)
        .collect();
    let len = column_sums_len(w);
    let mut partials = vec![0; parts * len];
    for (share, sums) in active
        .chunks(active.len().div_ceil(parts).max(1))
        .zip(partials.chunks_mut(len))
    {
        column_sums(isa, w, share, act, sums);
    }
    let mut out = vec![f32::NAN; w.rows()];
    finish_columns(isa, w, &mut partials, act, scale, &mut out);
    out
}

/// A batch through the columns where any token's activation is not 0, in `parts` shares.
fn batch_through_columns(
    isa: Isa,
    w: &PackedTernary,
    acts: &Int8Activations,
    scale: f32,
    parts: usize,
) -> Vec<f32> {
    let n = acts.n_tokens();
    let active: Vec<u32> = (0..w.cols() as u32)
        .filter(|&column| (0..n).any(|t| acts.row(t).codes()[column as usize] != 0))
        .collect();
    let len = n * column_sums_len(w);
    let mut partials = vec![0; parts * len];
    for (share, sums) in active
        .chunks(active.len().div_ceil(parts).max(1))
        .zip(partials.chunks_mut(len))
    {
        column_sums_batch(isa, w, share, acts, sums);
    }
    let mut out = vec![f32::NAN; n * w.rows()];
    finish_columns_batch(isa, w, &mut partials, acts, scale, &mut out);
    out
}

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
        let by_rows = PackedTernary::from_codes(Order::Rows, rows, cols, codes);
        let all: Vec<u32> = (0..rows as u32).collect();
        let out = through_rows(isa, &by_rows, &acts, weight_scale, &all);
        assert_eq!(
            bits(&out),
            bits(&want_scaled),
            "{} {rows}x{cols}",
            isa.name()
        );
        let by_columns = PackedTernary::from_codes(Order::Columns, rows, cols, codes);
        for parts in [1, 3] {
            let out = through_columns(isa, &by_columns, &acts, weight_scale, parts);
            assert_eq!(
                bits(&out),
                bits(&want_scaled),
                "{} {rows}x{cols}",
                isa.name()
            );
        }
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
                for n_tokens in 1..=9 {
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
        for order in ORDERS {
            let w = PackedTernary::from_codes(order, rows, cols, codes);
            let got = batch(isa, &w, &acts, weight_scale);
            let what = format!("{} {order:?} {rows}x{cols} x {n_tokens}", isa.name());
            assert_eq!(bits(&got), bits(&want), "{what}");
        }
        let w = PackedTernary::from_codes(Order::Columns, rows, cols, codes);
        for parts in [1, 3] {
            let got = batch_through_columns(isa, &w, &acts, weight_scale, parts);
            let what = format!("{} {rows}x{cols} x {n_tokens} in {parts}", isa.name());
            assert_eq!(bits(&got), bits(&want), "{what}");
        }
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
fn a_few_tokens_answer_differently_from_one_at_a_time() {
    for n_tokens in 1..=9 {
        // Sizes around lines, row blocks and panels, then any.
        for (rows, cols) in [(1, 1), (16, 16), (31, 257), (32, 256), (33, 255), (300, 70)] {
            let mut random = Random((n_tokens * rows) as u64);
            let codes = random.codes(rows * cols);
            let mut x = random.floats(n_tokens * cols);
            // A token of nothing but zeros among them.
            x[..cols].fill(0.0);
            check_matmul(rows, cols, &codes, n_tokens, &x);
        }
        let mut random = Random(n_tokens as u64);
        for _ in 0..10 {
            let (rows, cols) = (random.between(1, 100), random.between(1, 700));
            let codes = random.codes(rows * cols);
            check_matmul(
                rows,
                cols,
                &codes,
                n_tokens,
                &random.floats(n_tokens * cols),
            );
        }
    }
}

#[test]
fn a_shared_out_matrix_answers_differently_from_a_whole_one() {
    let (rows, cols, n_tokens) = (75, 333, 6);
    let mut random = Random(4);
    let codes = random.codes(rows * cols);
    let acts = quantized(Isa::Scalar, n_tokens, cols, &random.floats(n_tokens * cols));
    for isa in Isa::available() {
        for order in ORDERS {
            let w = PackedTernary::from_codes(order, rows, cols, &codes);
            let mut scratch = vec![tern_kernels::Line::ZERO; matmul_scratch_lines(&w)];
            let mut out = vec![f32::NAN; w.panels() * n_tokens * 32];
            for panels in [0..1, 1..1, 1..w.panels()] {
                let out = &mut out[panels.start * n_tokens * 32..panels.end * n_tokens * 32];
                matmul(isa, &w, panels, &acts, 1.0, out, &mut scratch);
            }
            let token_2: Vec<f32> = token_of_panels(&out, n_tokens, 2)
                .flatten()
                .copied()
                .take(rows)
                .collect();
            let whole = batch(isa, &w, &acts, 1.0);
            assert_eq!(bits(&token_2), bits(&whole[2 * rows..3 * rows]));
        }
        let w = packed(rows, cols, &codes);
        let mut parts = Vec::new();
        for blocks in [0..1, 1..1, 1..4, 4..w.row_blocks()] {
            let mut out = vec![f32::NAN; w.rows_in(&blocks)];
            matvec(isa, &w, blocks, acts.row(2), 1.0, &mut out);
            parts.extend(out);
        }
        let whole = batch(isa, &w, &acts, 1.0);
        assert_eq!(bits(&parts), bits(&whole[2 * rows..3 * rows]));
    }
}

#[test]
fn a_skipped_row_is_read_or_another_one_answers() {
    let (rows, cols) = (70, 700);
    let mut random = Random(21);
    let codes = random.codes(rows * cols);
    let acts = quantized(Isa::Scalar, 1, cols, &random.floats(cols));
    let w = PackedTernary::from_codes(Order::Rows, rows, cols, &codes);
    for isa in Isa::available() {
        let all: Vec<u32> = (0..rows as u32).collect();
        let whole = through_rows(isa, &w, &acts, 0.7, &all);
        for count in [0, 1, 2, 3, 5, 8, 33] {
            let keep: Vec<u32> = (0..count)
                .map(|_| random.between(0, rows - 1) as u32)
                .collect();
            let got = through_rows(isa, &w, &acts, 0.7, &keep);
            let want: Vec<f32> = keep.iter().map(|&row| whole[row as usize]).collect();
            assert_eq!(bits(&got), bits(&want), "{} {count}", isa.name());
        }
    }
}

#[test]
fn columns_of_zero_activations_are_missed() {
    let (rows, cols) = (300, 90);
    let mut random = Random(22);
    let codes = random.codes(rows * cols);
    for zeros in [0, 1, 40, 88, 90] {
        let mut x = random.floats(cols);
        x[..zeros].fill(0.0);
        check_matvec(rows, cols, &codes, &x);
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
        let (got, want) = (batch(isa, &w, &acts, 1.0), batch(isa, &w, &fresh, 1.0));
        assert_eq!(bits(&got), bits(&want), "{}", isa.name());
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

#[test]
fn the_orders_of_rows_and_columns_drift() {
    // Row 3, column 300 of 5 by 600: cell 18 of the row, so its second line, word 2, and 300 % 16 = 12.
    let mut codes = vec![0_i8; 5 * 600];
    codes[3 * 600 + 300] = 1;
    let w = PackedTernary::from_codes(Order::Rows, 5, 600, &codes);
    assert_eq!(w.lines().len(), 5 * 3);
    assert_eq!(w.lines()[3 * 3 + 1].bytes()[2 * 4], 0b10_01_01_01);
    // Row 700, column 2 of 1000 by 5: a field is 256 rows, so field 2, row 188 of it, line 2, row 60 there.
    let mut codes = vec![0_i8; 1000 * 5];
    codes[700 * 5 + 2] = -1;
    let w = PackedTernary::from_codes(Order::Columns, 1000, 5, &codes);
    assert_eq!(w.lines().len(), 5 * 4);
    assert_eq!(
        w.lines()[2 * 4 + 2].bytes()[2 * 16 + 3 * 4 + 4 * 4],
        0b01_00_01_01
    );
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
        prop_assert_eq!(&w, &PackedTernary::from_codes(Order::RowBlocks, rows, cols, &codes));
        for order in ORDERS {
            let w = PackedTernary::from_codes(order, rows, cols, &codes);
            for (row, want) in codes.chunks(cols).enumerate() {
                w.unpack_row(row, &mut unpacked);
                prop_assert_eq!(&unpacked, want);
            }
        }
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
        let w = PackedTernary::zeros(Order::RowBlocks, rows, cols);
        let acts = quantized(Isa::Scalar, 1, cols.max(1), &vec![1.0; cols.max(1)]);
        let mut no_cols = Int8Activations::new(1, 0);
        no_cols.reset(1, 0);
        let acts = if cols == 0 { no_cols } else { acts };
        for isa in Isa::available() {
            let mut out = vec![f32::NAN; rows];
            matvec(isa, &w, 0..w.row_blocks(), acts.row(0), 1.0, &mut out);
            assert_eq!(out, vec![0.0; rows]);
            for order in ORDERS {
                let w = PackedTernary::zeros(order, rows, cols);
                assert_eq!(batch(isa, &w, &acts, 1.0), vec![0.0; rows]);
            }
        }
    }
}

#[test]
#[should_panic(expected = "codes are -1, 0 or 1")]
fn a_code_of_two_is_packed() {
    let mut w = PackedTernary::zeros(Order::RowBlocks, 1, 4);
    pack_row_block(w.lines_mut(), 1, 4, &[0, 2, 0, 0]);
}

#[test]
#[should_panic(expected = "activations match the matrix")]
fn activations_of_another_layer_are_read() {
    let w = PackedTernary::zeros(Order::RowBlocks, 16, 64);
    let acts = quantized(Isa::Scalar, 1, 32, &[1.0; 32]);
    matvec(Isa::detect(), &w, 0..1, acts.row(0), 1.0, &mut [0.0; 16]);
}
