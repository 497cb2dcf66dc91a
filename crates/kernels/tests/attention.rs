//! Attention: every path bit-equal, independent of how the work is cut, close to a 64-bit reference.

mod common;

use common::{Random, assert_close, bits};
use tern_kernels::{
    ATTENTION_SPAN, Isa, KV_GROUP, KvElement, attention_finish, attention_head_group,
    attention_merge, attention_partial, attention_partial_int8, attention_partial_len,
    attention_scratch_len, quantize_int8,
};

struct Case {
    group: usize,
    head_dim: usize,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    scale: f32,
}

impl Case {
    fn random(seed: u64, group: usize, head_dim: usize, n: usize) -> Self {
        let mut random = Random(seed);
        Self {
            group,
            head_dim,
            q: random
                .floats(group * head_dim)
                .iter()
                .map(|x| x * 8.0)
                .collect(),
            k: random.floats(n * head_dim),
            v: random.floats(n * head_dim),
            scale: (head_dim as f32).sqrt().recip(),
        }
    }

    fn n(&self) -> usize {
        self.k.len() / self.head_dim
    }

    fn run<E: KvElement>(&self, isa: Isa, k: &[E], v: &[E]) -> Vec<f32> {
        let mut out = vec![f32::NAN; self.q.len()];
        let mut scratch = vec![f32::NAN; attention_scratch_len(self.group, self.head_dim)];
        attention_head_group(
            isa,
            &self.q,
            self.head_dim,
            k,
            v,
            self.scale,
            &mut out,
            &mut scratch,
        );
        out
    }

    fn reference(&self) -> Vec<f64> {
        let row = |x: &[f32], i: usize| -> Vec<f64> {
            x[i * self.head_dim..][..self.head_dim]
                .iter()
                .map(|&x| f64::from(x))
                .collect()
        };
        let mut out = Vec::new();
        for head in 0..self.group {
            let q = row(&self.q, head);
            let scores: Vec<f64> = (0..self.n())
                .map(|pos| {
                    let dot: f64 = q.iter().zip(row(&self.k, pos)).map(|(q, k)| q * k).sum();
                    dot * f64::from(self.scale)
                })
                .collect();
            let max = scores.iter().copied().fold(f64::MIN, f64::max);
            let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
            let sum: f64 = weights.iter().sum();
            for d in 0..self.head_dim {
                let values = weights
                    .iter()
                    .enumerate()
                    .map(|(pos, w)| w * row(&self.v, pos)[d]);
                out.push(values.sum::<f64>() / sum);
            }
        }
        out
    }
}

fn f16_bits(x: &[f32]) -> Vec<u16> {
    x.iter()
        .map(|&x| half::f16::from_f32(x).to_bits())
        .collect()
}

fn cases() -> impl Iterator<Item = Case> {
    let shapes = [
        (1, 8),
        (2, 16),
        (3, 33),
        (4, 64),
        (4, 128),
        (5, 80),
        (7, 100),
        (8, 32),
    ];
    let lengths = [1, 2, 7, 8, 9, 255, 256, 257, 511, 700];
    shapes
        .into_iter()
        .enumerate()
        .flat_map(move |(i, (group, head_dim))| {
            lengths
                .into_iter()
                .map(move |n| Case::random(i as u64 * 1000 + n as u64, group, head_dim, n))
        })
}

#[test]
fn a_path_attends_differently() {
    for case in cases() {
        let (k, v) = (f16_bits(&case.k), f16_bits(&case.v));
        let want = case.run(Isa::Scalar, &case.k, &case.v);
        let want_f16 = case.run(Isa::Scalar, &k, &v);
        let what = format!(
            "{} heads of {}, {} positions",
            case.group,
            case.head_dim,
            case.n()
        );
        assert_close(&want, &case.reference(), 2e-6, &what);
        assert_close(&want_f16, &case.reference(), 5e-3, &what);
        for isa in Isa::available() {
            assert_eq!(
                bits(&case.run(isa, &case.k, &case.v)),
                bits(&want),
                "{what}"
            );
            assert_eq!(bits(&case.run(isa, &k, &v)), bits(&want_f16), "{what}");
        }
    }
}

#[test]
fn splitting_a_long_context_over_threads_changes_the_answer() {
    for isa in Isa::available() {
        let case = Case::random(1, 4, 64, 3 * ATTENTION_SPAN + 19);
        let (k, v) = (f16_bits(&case.k), f16_bits(&case.v));
        let span = ATTENTION_SPAN * case.head_dim;
        let mut spans: Vec<_> = k.chunks(span).zip(v.chunks(span)).enumerate().collect();
        let mut partials = vec![Vec::new(); spans.len()];
        // The last span first, as another thread might.
        spans.reverse();
        for (i, (k, v)) in spans {
            let mut partial = vec![f32::NAN; attention_partial_len(case.group, case.head_dim)];
            let mut scratch = vec![f32::NAN; case.group * ATTENTION_SPAN];
            attention_partial(
                isa,
                &case.q,
                case.head_dim,
                k,
                v,
                case.scale,
                &mut partial,
                &mut scratch,
            );
            partials[i] = partial;
        }
        let (first, rest) = partials.split_at_mut(1);
        for next in rest {
            attention_merge(isa, &mut first[0], next, case.head_dim);
        }
        let mut out = vec![f32::NAN; case.q.len()];
        attention_finish(&first[0], case.head_dim, &mut out);
        assert_eq!(bits(&out), bits(&case.run(isa, &k, &v)));
    }
}

#[test]
fn a_head_hears_its_neighbours() {
    for isa in Isa::available() {
        let case = Case::random(2, 6, 48, 300);
        let together = case.run(isa, &case.k, &case.v);
        for head in 0..case.group {
            let dims = head * case.head_dim..(head + 1) * case.head_dim;
            let alone = Case {
                group: 1,
                q: case.q[dims.clone()].to_vec(),
                k: case.k.clone(),
                v: case.v.clone(),
                ..case
            };
            assert_eq!(
                bits(&alone.run(isa, &case.k, &case.v)),
                bits(&together[dims])
            );
        }
    }
}

#[test]
fn large_scores_overflow() {
    for isa in Isa::available() {
        let mut case = Case::random(3, 4, 32, 600);
        case.q.iter_mut().for_each(|q| *q *= 1e6);
        let out = case.run(isa, &case.k, &case.v);
        assert!(out.iter().all(|x| x.is_finite()));
        assert_close(&out, &case.reference(), 1e-2, "large scores");
    }
}

#[test]
fn one_position_is_not_its_own_value() {
    for isa in Isa::available() {
        let case = Case::random(4, 2, 20, 1);
        let out = case.run(isa, &case.k, &case.v);
        assert_eq!(bits(&out), bits(&[case.v.clone(), case.v.clone()].concat()));
    }
}

#[test]
#[should_panic(expected = "attention needs a position")]
fn attention_over_nothing_is_answered() {
    let case = Case::random(5, 1, 16, 0);
    case.run(Isa::Scalar, &case.k, &case.v);
}

/// Codes and scales of `[n][head_dim]`, and the numbers they stand for.
fn int8(isa: Isa, x: &[f32]) -> (Vec<i8>, Vec<f32>, Vec<f32>) {
    let (mut codes, mut scales) = (vec![0; x.len()], vec![0.0; x.len() / KV_GROUP]);
    quantize_int8(isa, x, &mut codes, &mut scales);
    let numbers = codes
        .iter()
        .enumerate()
        .map(|(i, &code)| f32::from(code) * scales[i / KV_GROUP])
        .collect();
    (codes, scales, numbers)
}

#[test]
fn int8_keys_and_values_are_other_numbers_than_they_stand_for() {
    for (seed, (group, head_dim, n)) in [(1, 32, 1), (4, 128, 256), (4, 64, 100), (5, 96, 33)]
        .into_iter()
        .enumerate()
    {
        let case = Case::random(seed as u64, group, head_dim, n);
        let (k, k_scales, k_numbers) = int8(Isa::Scalar, &case.k);
        let (v, v_scales, v_numbers) = int8(Isa::Scalar, &case.v);
        for (x, number) in case.k.chunks(KV_GROUP).zip(k_numbers.chunks(KV_GROUP)) {
            let largest = x.iter().fold(1e-5_f32, |m, x| m.max(x.abs()));
            for (x, number) in x.iter().zip(number) {
                assert!((x - number).abs() <= largest / 253.0, "{x} became {number}");
            }
        }
        let mut scratch = vec![0.0; attention_scratch_len(group, head_dim)];
        let mut want = vec![f32::NAN; attention_partial_len(group, head_dim)];
        let (q, scale) = (&case.q, case.scale);
        attention_partial(
            Isa::Scalar,
            q,
            head_dim,
            &k_numbers,
            &v_numbers,
            scale,
            &mut want,
            &mut scratch,
        );
        for isa in Isa::available() {
            assert_eq!(int8(isa, &case.k).0, k, "{}", isa.name());
            let mut got = vec![f32::NAN; want.len()];
            let (k, v) = ((&k[..], &k_scales[..]), (&v[..], &v_scales[..]));
            attention_partial_int8(isa, q, head_dim, k, v, scale, &mut got, &mut scratch);
            assert_eq!(
                bits(&got),
                bits(&want),
                "{} {group} {head_dim} {n}",
                isa.name()
            );
        }
    }
}
