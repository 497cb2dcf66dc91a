//! How fast this computer writes, measured with a model of random weights.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tern_engine::{
    LoadOptions, Model, ModelSource, Sequence, SyntheticShape, SyntheticSpec, TokenId,
};

use crate::AppError;
use crate::clock::now_ms;
use crate::fit::Benchmark;

/// Share of open gates: about that of the published model.
const FFN_DENSITY: f32 = 0.5;
/// Rounds, of which the middle one counts, and tokens of each.
const ROUNDS: usize = 3;
const TOKENS: usize = 24;
/// No further round is begun after this.
const LONGEST: Duration = Duration::from_secs(8);

/// Measures. Nothing else may be in memory or computing.
pub(super) fn run(threads: usize) -> Result<Benchmark, AppError> {
    let source = ModelSource::Synthetic(SyntheticSpec {
        shape: SyntheticShape::BitNet2B4T,
        seed: 1,
        ffn_density: FFN_DENSITY,
    });
    let options = LoadOptions {
        threads,
        ..LoadOptions::default()
    };
    let mut keep_on = |_| ControlFlow::Continue(());
    let model = Model::load(&source, &options, &mut keep_on)?;
    let mut sequence = Sequence::new(&model, TOKENS * ROUNDS + 16);
    sequence.expect_best_only(true);
    sequence.prefill(&model, &[TokenId(1), TokenId(2)], &mut |_, _| {
        ControlFlow::Continue(())
    })?;
    let (began, mut rounds) = (Instant::now(), Vec::new());
    while rounds.len() < ROUNDS && (rounds.is_empty() || began.elapsed() < LONGEST) {
        let _ = sequence.take_bytes_read();
        let started = Instant::now();
        for _ in 0..TOKENS {
            let id = sequence.best().unwrap_or(TokenId(0));
            sequence.decode(&model, id)?;
        }
        let seconds = started.elapsed().as_secs_f64();
        rounds.push((
            TOKENS as f64 / seconds,
            sequence.take_bytes_read() as f64 / seconds,
        ));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (tokens_per_second, bytes_per_second) = rounds[rounds.len() / 2];
    Ok(Benchmark {
        bytes_per_second,
        tokens_per_second,
        threads: u32::try_from(model.threads()).unwrap_or(u32::MAX),
        at_ms: now_ms(),
    })
}
