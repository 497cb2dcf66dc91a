//! Int8 activations against the reference formula, exactly, on every path.

mod common;

use common::{Random, quantized};
use proptest::prelude::*;
use tern_kernels::{Isa, Order, PackedTernary, matvec};

/// The reference formula, step by step, for finite inputs: scale, codes, sum.
fn reference(x: &[f32]) -> (f32, Vec<i8>, i32) {
    let absmax = x.iter().fold(0.0_f32, |m, x| m.max(x.abs())).max(1e-5);
    let scale = (1.0 / absmax) * 127.0;
    let codes: Vec<i8> = x
        .iter()
        .map(|x| (x * scale).round_ties_even().clamp(-128.0, 127.0) as i8)
        .collect();
    let sum = codes.iter().map(|&code| i32::from(code)).sum();
    (scale, codes, sum)
}

fn check(x: &[f32]) {
    let (scale, codes, sum) = reference(x);
    for isa in Isa::available() {
        let acts = quantized(isa, 1, x.len(), x);
        let row = acts.row(0);
        assert_eq!(row.scale().to_bits(), scale.to_bits(), "{}", isa.name());
        assert_eq!(row.codes(), codes, "{}", isa.name());
        assert_eq!(row.sum(), sum, "{}", isa.name());
    }
}

#[test]
fn a_value_is_rounded_another_way() {
    for seed in 0..500 {
        let mut random = Random(seed);
        let n = random.between(1, 700);
        let magnitude = [1e-9, 1e-5, 1.0, 3e4, 1e30][random.between(0, 4)];
        let x: Vec<f32> = random.floats(n).iter().map(|x| x * magnitude).collect();
        check(&x);
    }
    check(&Random(1).floats(6912));
}

#[test]
fn the_scale_is_taken_by_one_division() {
    // 127 / m and (1 / m) * 127 differ for part of all m; the reference is the latter.
    let mut differing = 0;
    for i in 1..2000 {
        let m = 0.001 * i as f32;
        let acts = quantized(Isa::detect(), 1, 2, &[m, -0.5 * m]);
        assert_eq!(acts.row(0).scale().to_bits(), ((1.0 / m) * 127.0).to_bits());
        differing += u32::from(127.0 / m != (1.0 / m) * 127.0);
    }
    assert!(differing > 100, "the inputs tell the formulas apart");
}

#[test]
fn ties_are_rounded_away_from_zero() {
    let x = [127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 125.5, 126.5, -126.5];
    for isa in Isa::available() {
        let acts = quantized(isa, 1, x.len(), &x);
        assert_eq!(acts.row(0).scale(), 1.0);
        assert_eq!(
            acts.row(0).codes(),
            [127, 0, 2, 2, 0, -2, -2, 126, 126, -126]
        );
    }
}

#[test]
fn a_silent_token_divides_by_zero() {
    for x in [[0.0_f32; 40], [-0.0; 40], [f32::MIN_POSITIVE / 2.0; 40]] {
        for isa in Isa::available() {
            let acts = quantized(isa, 1, 40, &x);
            assert_eq!(acts.row(0).scale(), 12_700_000.0);
            assert_eq!(acts.row(0).codes(), [0; 40]);
        }
    }
}

#[test]
fn a_fault_upstream_is_hidden() {
    for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for at in [0, 17, 99] {
            let mut x = vec![0.5; 100];
            x[at] = bad;
            for isa in Isa::available() {
                let acts = quantized(isa, 1, 100, &x);
                let w = PackedTernary::zeros(Order::RowBlocks, 3, 100);
                let mut out = [0.0; 3];
                matvec(isa, &w, 0..1, acts.row(0), 1.0, &mut out);
                assert!(out.iter().all(|y| y.is_nan()), "{bad} at {at}: {out:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn some_bit_pattern_breaks_a_path(patterns in prop::collection::vec(any::<u32>(), 1..80)) {
        let x: Vec<f32> = patterns.into_iter().map(f32::from_bits).collect();
        if x.iter().all(|x| x.is_finite()) {
            check(&x);
        } else {
            for isa in Isa::available() {
                let acts = quantized(isa, 1, x.len(), &x);
                prop_assert!(acts.row(0).codes().iter().all(|&code| code == 0));
                prop_assert!((0.0 / acts.row(0).scale()).is_nan());
            }
        }
    }
}
