//! The sampler: what is drawn, how often, and what is refused.

use super::*;

fn params(seed: u64) -> SamplingParams {
    SamplingParams {
        temperature: 1.0,
        top_p: 1.0,
        seed: Some(seed),
        ..SamplingParams::default()
    }
}

fn draws(params: &SamplingParams, logits: &[f32], n: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(params).expect("good parameters");
    (0..n).map(|_| sampler.sample(logits, &[]).0).collect()
}

#[test]
fn greedy_takes_the_lowest_id_among_equals_and_never_nan() {
    let greedy = SamplingParams::greedy();
    assert_eq!(draws(&greedy, &[f32::NAN, 1.0, 2.0, 2.0, f32::NAN], 1), [2]);
    assert_eq!(draws(&greedy, &[f32::NAN, f32::NAN], 1), [0]);
    assert_eq!(draws(&greedy, &[0.0, f32::INFINITY, f32::INFINITY], 1), [1]);
}

#[test]
fn drawing_survives_nan_and_infinities() {
    let odd = [f32::NAN, f32::NEG_INFINITY, 0.0, f32::NAN];
    assert_eq!(draws(&params(1), &odd, 50), [2; 50]);
    assert_eq!(draws(&params(1), &[f32::NEG_INFINITY; 3], 2), [0, 0]);
    assert_eq!(draws(&params(1), &[1.0, f32::INFINITY], 2), [1, 1]);
}

#[test]
fn the_same_seed_draws_the_same_and_another_does_not() {
    let logits: Vec<f32> = (0..1000).map(|i| (i % 17) as f32 * 0.1).collect();
    let first = draws(&params(7), &logits, 100);
    assert_eq!(first, draws(&params(7), &logits, 100));
    assert_ne!(first, draws(&params(8), &logits, 100));
    let mut unseeded = Sampler::new(&SamplingParams {
        seed: None,
        ..params(0)
    })
    .expect("good parameters");
    let again = params(unseeded.seed());
    let free: Vec<u32> = (0..100).map(|_| unseeded.sample(&logits, &[]).0).collect();
    assert_eq!(free, draws(&again, &logits, 100));
}

#[test]
fn frequencies_follow_the_probabilities() {
    let logits = [0.6f32.ln(), 0.3f32.ln(), 0.1f32.ln()];
    let mut count = [0f64; 3];
    for id in draws(&params(3), &logits, 100_000) {
        count[id as usize] += 1e-5;
    }
    for (got, want) in count.iter().zip([0.6, 0.3, 0.1]) {
        assert!((got - want).abs() < 0.006, "{count:?}");
    }
}

#[test]
fn each_filter_removes_what_it_says() {
    let logits: Vec<f32> = [0.4f32, 0.3, 0.2, 0.1].iter().map(|p| p.ln()).collect();
    let most = |p: SamplingParams| draws(&p, &logits, 2000).into_iter().max();
    assert_eq!(most(params(1)), Some(3));
    assert_eq!(
        most(SamplingParams {
            top_k: 2,
            ..params(1)
        }),
        Some(1)
    );
    assert_eq!(
        most(SamplingParams {
            top_k: 1,
            ..params(1)
        }),
        Some(0)
    );
    assert_eq!(
        most(SamplingParams {
            top_p: 0.75,
            ..params(1)
        }),
        Some(2)
    );
    assert_eq!(
        most(SamplingParams {
            top_p: 0.35,
            ..params(1)
        }),
        Some(0)
    );
    assert_eq!(
        most(SamplingParams {
            min_p: 0.6,
            ..params(1)
        }),
        Some(1)
    );
}

#[test]
fn top_p_over_a_wide_flat_row_equals_a_full_sort() {
    let logits: Vec<f32> = (0..50_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 * 1e-7)
        .collect();
    let mut all: Vec<Candidate> = logits
        .iter()
        .enumerate()
        .map(|(id, &logit)| Candidate {
            logit,
            weight: libm::expf(logit),
            id: id as u32,
        })
        .collect();
    let mut sorted = all.clone();
    sorted.sort_by(Candidate::order);
    let wanted = 0.5 * all.iter().map(weight).sum::<f64>();
    let kept = keep_likeliest(&mut all, wanted);
    let ids = |c: &[Candidate]| c.iter().map(|c| c.id).collect::<Vec<_>>();
    assert_eq!(ids(&all[..kept]), ids(&sorted[..kept]));
    assert!(sorted[..kept].iter().map(weight).sum::<f64>() >= wanted);
    assert!(sorted[..kept - 1].iter().map(weight).sum::<f64>() < wanted);
}

#[test]
fn the_penalty_counts_a_token_once_and_only_recent_ones() {
    let mut out = Vec::new();
    let history: Vec<TokenId> = std::iter::once(TokenId(2))
        .chain((0..300).map(|_| TokenId(0)))
        .collect();
    penalise(&[2.0, -1.0, 4.0], &history, 2.0, &mut out);
    assert_eq!(out, [1.0, -1.0, 4.0]);
    penalise(&[2.0, -1.0, 4.0], &[TokenId(1), TokenId(9)], 2.0, &mut out);
    assert_eq!(out, [2.0, -2.0, 4.0]);
}

#[test]
fn nonsense_parameters_are_refused() {
    for bad in [
        SamplingParams {
            temperature: f32::NAN,
            ..params(0)
        },
        SamplingParams {
            temperature: -1.0,
            ..params(0)
        },
        SamplingParams {
            top_p: 0.0,
            ..params(0)
        },
        SamplingParams {
            min_p: 1.5,
            ..params(0)
        },
        SamplingParams {
            repetition_penalty: 0.0,
            ..params(0)
        },
    ] {
        assert!(
            matches!(Sampler::new(&bad), Err(EngineError::BadParameter { .. })),
            "{bad:?}"
        );
    }
}
