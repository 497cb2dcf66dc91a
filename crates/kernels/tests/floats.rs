//! Float operations: every path bit-equal to the scalar one, and that close to 64-bit references.

mod common;

use common::{Random, assert_close, bits};
use tern_kernels::{
    HeadRows, Isa, add_assign, dot_f32, embedding_row, exp, head_logits, narrow_f16, rms_norm,
    rope_rotate_half, silu_mul, softmax, squared_relu_mul, widen_f16,
};

/// Runs `kernel` on every path and demands the scalar path's bits; returns them as floats.
fn same_on_every_path(what: &str, kernel: impl Fn(Isa) -> Vec<f32>) -> Vec<f32> {
    let want = kernel(Isa::Scalar);
    for isa in Isa::available() {
        assert_eq!(bits(&kernel(isa)), bits(&want), "{what} on {}", isa.name());
    }
    want
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Lengths around the lanes, and the real ones.
fn lengths() -> impl Iterator<Item = usize> {
    (1..70).chain([127, 128, 129, 640, 2560, 6912])
}

#[test]
fn a_dot_product_is_summed_in_another_order() {
    for n in lengths() {
        let mut random = Random(n as u64);
        let (a, b) = (random.floats(n), random.floats(n));
        let got = same_on_every_path("dot", |isa| vec![dot_f32(isa, &a, &b)]);
        // The documented order: element i to lane i % 16, then lanes added by halves.
        let mut lanes = [0.0_f32; 16];
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            lanes[i % 16] = libm::fmaf(*a, *b, lanes[i % 16]);
        }
        for width in [8, 4, 2, 1] {
            for l in 0..width {
                lanes[l] += lanes[l + width];
            }
        }
        assert_eq!(got[0].to_bits(), lanes[0].to_bits(), "{n} elements");
    }
}

#[test]
fn the_norm_differs_from_its_formula() {
    for n in lengths() {
        let mut random = Random(n as u64);
        let (x, weight) = (random.floats(n), random.floats(n));
        let got = same_on_every_path("rms_norm", |isa| {
            let mut out = vec![0.0; n];
            rms_norm(isa, &x, &weight, 1e-5, &mut out);
            out
        });
        let mean = wide(&x).iter().map(|x| x * x).sum::<f64>() / n as f64;
        let inverse = 1.0 / (mean + 1e-5).sqrt();
        let want: Vec<f64> = wide(&x)
            .iter()
            .zip(wide(&weight))
            .map(|(x, w)| w * x * inverse)
            .collect();
        assert_close(&got, &want, 1e-6, "rms_norm");
    }
}

#[test]
fn the_norm_of_a_silent_token_is_not_a_number() {
    for isa in Isa::available() {
        let mut out = [1.0; 20];
        rms_norm(isa, &[0.0; 20], &[1.0; 20], 1e-5, &mut out);
        assert_eq!(out, [0.0; 20]);
    }
}

/// Units in the last place of `want` (of subnormals, at least) between the two.
fn ulps(got: f32, want: f64) -> f64 {
    let exponent = want.abs().log2().floor().max(-126.0);
    (f64::from(got) - want).abs() / (exponent - 23.0).exp2()
}

#[test]
fn exp_drifts_from_the_true_function() {
    let x: Vec<f32> = (0..2_000_000)
        .map(|i| -104.0 + i as f32 * (192.7 / 2_000_000.0))
        .collect();
    let got = same_on_every_path("exp", |isa| {
        let mut y = x.clone();
        exp(isa, &mut y);
        y
    });
    for (&x, &got) in x.iter().zip(&got) {
        let want = f64::from(x).exp();
        let error = ulps(got, want);
        assert!(error <= 1.1, "exp({x}) = {got}, {error} units from {want}");
    }
}

#[test]
fn exp_breaks_at_the_ends_of_its_range() {
    let edge_cases = [
        (f32::NEG_INFINITY, 0.0),
        (f32::MIN, 0.0),
        (-104.0, 0.0),
        (0.0, 1.0),
        (-0.0, 1.0),
        (1e-30, 1.0),
        (89.0, f32::INFINITY),
        (f32::MAX, f32::INFINITY),
        (f32::INFINITY, f32::INFINITY),
    ];
    for isa in Isa::available() {
        for (x, want) in edge_cases {
            let mut y = [x];
            exp(isa, &mut y);
            assert_eq!(y[0].to_bits(), f32::to_bits(want), "exp({x})");
        }
        let mut y = [f32::NAN, 88.72, -87.5];
        exp(isa, &mut y);
        assert!(y[0].is_nan() && y[1].is_finite() && y[2] > 0.0);
    }
}

#[test]
fn exp_falls_where_it_should_rise() {
    // Neighbouring floats across the ends of the range, and across the points where 2^n changes.
    let turns = (-149..128).map(|n| (n as f32 + 0.5) * std::f32::consts::LN_2);
    for centre in turns.chain([-103.97, -87.336, 88.722]) {
        let mut y: Vec<f32> = (-200..200)
            .map(|i| f32::from_bits(centre.to_bits().wrapping_add_signed(i)))
            .collect();
        y.sort_by(f32::total_cmp);
        exp(Isa::detect(), &mut y);
        assert!(y.is_sorted(), "around {centre}");
    }
}

#[test]
fn activations_differ_from_their_formulas() {
    for n in lengths() {
        let mut random = Random(n as u64);
        let gate: Vec<f32> = random.floats(n).iter().map(|x| x * 20.0).collect();
        let up = random.floats(n);
        let silu = same_on_every_path("silu_mul", |isa| {
            let mut out = vec![0.0; n];
            silu_mul(isa, &gate, &up, &mut out);
            out
        });
        let pairs = || wide(&gate).into_iter().zip(wide(&up));
        let want: Vec<f64> = pairs().map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
        assert_close(&silu, &want, 1e-6, "silu_mul");
        let relu2 = same_on_every_path("squared_relu_mul", |isa| {
            let mut out = vec![0.0; n];
            squared_relu_mul(isa, &gate, &up, &mut out);
            out
        });
        let want: Vec<f64> = pairs().map(|(g, u)| g.max(0.0).powi(2) * u).collect();
        assert_close(&relu2, &want, 1e-6, "squared_relu_mul");
    }
}

#[test]
fn a_large_activation_overflows_or_a_fault_is_hidden() {
    for isa in Isa::available() {
        let mut out = [0.0; 3];
        // Beyond what f16 could hold, as the real model produces; NaN must stay visible.
        squared_relu_mul(isa, &[5e3, -5e3, f32::NAN], &[1e4, 1e4, 1.0], &mut out);
        assert_eq!(out[..2], [2.5e11, 0.0]);
        assert!(out[2].is_nan());
        silu_mul(isa, &[1e30, -1e30, f32::NAN], &[1.0; 3], &mut out);
        assert_eq!(out[..2], [1e30, 0.0]);
        assert!(out[2].is_nan());
    }
}

#[test]
fn softmax_is_not_a_distribution() {
    for n in lengths() {
        let logits: Vec<f32> = Random(n as u64)
            .floats(n)
            .iter()
            .map(|x| x * 50.0)
            .collect();
        let got = same_on_every_path("softmax", |isa| {
            let mut x = logits.clone();
            softmax(isa, &mut x);
            x
        });
        let max = wide(&logits).into_iter().fold(f64::MIN, f64::max);
        let exps: Vec<f64> = wide(&logits).iter().map(|x| (x - max).exp()).collect();
        let sum: f64 = exps.iter().sum();
        let want: Vec<f64> = exps.iter().map(|e| e / sum).collect();
        assert_close(&got, &want, 1e-6, "softmax");
    }
    for isa in Isa::available() {
        let mut masked = [f32::NEG_INFINITY, 1e38, 1e38];
        softmax(isa, &mut masked);
        assert_eq!(masked, [0.0, 0.5, 0.5]);
        softmax(isa, &mut []);
    }
}

#[test]
fn the_residual_is_added_wrong() {
    for n in lengths() {
        let mut random = Random(n as u64);
        let (x, y) = (random.floats(n), random.floats(n));
        let got = same_on_every_path("add_assign", |isa| {
            let mut out = x.clone();
            add_assign(isa, &mut out, &y);
            out
        });
        let want: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
        assert_eq!(bits(&got), bits(&want));
    }
}

#[test]
fn rotation_pairs_the_wrong_dimensions_or_fuses() {
    for half in [1, 3, 8, 16, 40, 64] {
        let mut random = Random(half as u64);
        let heads = random.floats(3 * 2 * half);
        let (sin, cos): (Vec<f32>, Vec<f32>) =
            (0..half).map(|_| (random.float() * 9.0).sin_cos()).unzip();
        let got = same_on_every_path("rope_rotate_half", |isa| {
            let mut x = heads.clone();
            rope_rotate_half(isa, &mut x, &cos, &sin);
            x
        });
        let mut want = heads.clone();
        for head in want.chunks_mut(2 * half) {
            for i in 0..half {
                let (a, b) = (head[i], head[i + half]);
                let (ac, bs, bc, asin) = (a * cos[i], b * sin[i], b * cos[i], a * sin[i]);
                (head[i], head[i + half]) = (ac - bs, bc + asin);
            }
        }
        assert_eq!(bits(&got), bits(&want), "half of {half}");
    }
}

#[test]
fn a_half_float_widens_to_another_number() {
    let all: Vec<u16> = (0..=u16::MAX).collect();
    for isa in Isa::available() {
        let mut out = vec![0.0; all.len()];
        widen_f16(isa, &all, &mut out);
        for (&stored, &got) in all.iter().zip(&out) {
            let want = half::f16::from_bits(stored).to_f32_const();
            assert!(
                got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan(),
                "{stored:#06x} on {}",
                isa.name()
            );
        }
    }
}

#[test]
fn a_float_narrows_to_another_half() {
    // Every sign, every exponent, and fractions on, just under and just over a tie.
    let mut x = Vec::new();
    for high in 0..1 << 16 {
        for low in [0, 1, 0x0fff, 0x1000, 0x1001, 0x1fff, 0x2000, 0x3000, 0xffff] {
            x.push(f32::from_bits(high << 16 | low));
        }
    }
    for isa in Isa::available() {
        let mut out = vec![0; x.len()];
        narrow_f16(isa, &x, &mut out);
        for (&x, &got) in x.iter().zip(&out) {
            let (got, want) = (half::f16::from_bits(got), half::f16::from_f32_const(x));
            assert!(
                got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan(),
                "{:#010x} on {}: {got} is not {want}",
                x.to_bits(),
                isa.name()
            );
        }
    }
}

#[test]
fn a_logit_depends_on_its_table_or_its_range() {
    for (vocab, hidden) in [(1, 1), (7, 33), (9, 64), (21, 100), (6, 2560)] {
        let mut random = Random(vocab as u64);
        let x = random.floats(hidden);
        let floats = random.floats(vocab * hidden);
        let bf16: Vec<u16> = floats
            .iter()
            .map(|&x| half::bf16::from_f32(x).to_bits())
            .collect();
        let f16: Vec<u16> = floats
            .iter()
            .map(|&x| half::f16::from_f32(x).to_bits())
            .collect();
        for table in [
            HeadRows::Bf16(&bf16),
            HeadRows::F16(&f16),
            HeadRows::F32(&floats),
        ] {
            let got = same_on_every_path("head_logits", |isa| {
                let mut out = vec![0.0; vocab];
                head_logits(isa, table, 0..vocab, hidden, &x, &mut out);
                out
            });
            for isa in Isa::available() {
                let mut row = vec![0.0; hidden];
                for token in 0..vocab {
                    embedding_row(isa, table, token, &mut row);
                    let alone = dot_f32(isa, &row, &x);
                    assert_eq!(alone.to_bits(), got[token].to_bits(), "row {token} alone");
                    let stored = match table {
                        HeadRows::Bf16(t) => half::bf16::from_bits(t[token * hidden]).to_f32(),
                        HeadRows::F16(t) => half::f16::from_bits(t[token * hidden]).to_f32(),
                        HeadRows::F32(t) => t[token * hidden],
                        HeadRows::Int8 { .. } => unreachable!("tested below"),
                    };
                    assert_eq!(row[0].to_bits(), stored.to_bits());
                }
            }
        }
    }
}

#[test]
fn a_logit_of_scaled_codes_is_not_the_one_of_their_numbers() {
    for (vocab, hidden) in [(1, 32), (7, 96), (9, 64), (21, 160), (6, 2560)] {
        for group in [16, 32] {
            let mut random = Random(vocab as u64);
            let x = random.floats(hidden);
            let codes: Vec<i8> = (0..vocab * hidden).map(|_| random.next() as i8).collect();
            let mut scales = random.floats(codes.len() / group);
            // Negative, as small as a float can be, and as large as a code allows.
            let last = scales.len() - 1;
            (scales[0], scales[last]) = (-1e-45, 65504.0 * 127.0);
            // One rounding each, before anything is summed.
            let numbers: Vec<f32> = codes
                .iter()
                .enumerate()
                .map(|(i, &code)| scales[i / group] * f32::from(code))
                .collect();
            let table = HeadRows::Int8 {
                codes: &codes,
                scales: &scales,
            };
            let got = same_on_every_path("head_logits of codes", |isa| {
                let mut out = vec![0.0; vocab];
                head_logits(isa, table, 0..vocab, hidden, &x, &mut out);
                out
            });
            for isa in Isa::available() {
                let mut want = vec![0.0; vocab];
                let floats = HeadRows::F32(&numbers);
                head_logits(isa, floats, 0..vocab, hidden, &x, &mut want);
                assert_eq!(bits(&got), bits(&want), "{vocab}x{hidden} by {group}");
                // A part of the rows, so that the tiles fall elsewhere.
                let part = vocab / 3..vocab;
                let mut some = vec![0.0; part.len()];
                head_logits(isa, table, part.clone(), hidden, &x, &mut some);
                assert_eq!(bits(&some), bits(&want[part]), "a part by {group}");
                let mut row = vec![0.0; hidden];
                for (token, want) in numbers.chunks_exact(hidden).enumerate() {
                    embedding_row(isa, table, token, &mut row);
                    assert_eq!(bits(&row), bits(want), "row {token} by {group}");
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "one scale for 16 or 32 codes")]
fn codes_without_their_scales_are_read_somehow() {
    let (codes, scales) = ([1; 64], [1.0; 3]);
    let table = HeadRows::Int8 {
        codes: &codes,
        scales: &scales,
    };
    embedding_row(Isa::Scalar, table, 0, &mut [0.0; 64]);
}
