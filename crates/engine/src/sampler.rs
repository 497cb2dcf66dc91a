//! Choosing the next token.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::{Deserialize, Serialize};

use crate::{EngineError, TokenId};
use tern_kernels::Isa;

/// Tokens back to which the repetition penalty looks.
const PENALTY_WINDOW: usize = 256;

/// Relative weights below this are never drawn: `e^-40`, beyond what the generator's 53 bits can hit.
const NEGLIGIBLE: f32 = -40.0;

/// How the next token is drawn. The filters apply in the order of the fields, each to what the one before left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingParams {
    /// Above 1 makes tokens of the last 256 less likely; 1 is off.
    pub repetition_penalty: f32,
    /// Divides the logits; 0 always takes the likeliest token (the lowest id among equals).
    pub temperature: f32,
    /// Keeps the likeliest so many tokens; 0 is off.
    pub top_k: u32,
    /// Keeps the likeliest tokens whose probabilities first add up to this; 1 is off.
    pub top_p: f32,
    /// Keeps tokens at least this fraction as likely as the likeliest; 0 is off.
    pub min_p: f32,
    /// Same seed, same text; without one, each generation draws its own and reports it.
    pub seed: Option<u64>,
}

impl Default for SamplingParams {
    /// The published values of BitNet b1.58 2B4T: temperature 0.6, top-p 0.9.
    fn default() -> Self {
        Self {
            repetition_penalty: 1.0,
            temperature: 0.6,
            top_k: 0,
            top_p: 0.9,
            min_p: 0.0,
            seed: None,
        }
    }
}

impl SamplingParams {
    /// Always the likeliest token.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), EngineError> {
        let check = |name, value: f32, good: bool, range| {
            if good {
                Ok(())
            } else {
                Err(EngineError::BadParameter { name, value, range })
            }
        };
        let penalty = self.repetition_penalty;
        check(
            "repetition_penalty",
            penalty,
            penalty > 0.0 && penalty <= 10.0,
            "above 0 and at most 10",
        )?;
        let temperature = self.temperature;
        check(
            "temperature",
            temperature,
            (0.0..=10.0).contains(&temperature),
            "0 to 10",
        )?;
        check(
            "top_p",
            self.top_p,
            self.top_p > 0.0 && self.top_p <= 1.0,
            "above 0 and at most 1",
        )?;
        check(
            "min_p",
            self.min_p,
            (0.0..=1.0).contains(&self.min_p),
            "0 to 1",
        )
    }
}

/// Draws tokens from logits. The same seed and logits give the same tokens on every machine.
#[derive(Debug)]
pub struct Sampler {
    params: SamplingParams,
    seed: u64,
    random: ChaCha8Rng,
    isa: Isa,
    penalised: Vec<f32>,
    /// Each token's logit against the best one, divided by the temperature, and its relative weight.
    relative: Vec<f32>,
    weights: Vec<f32>,
    candidates: Vec<Candidate>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// Logit, already divided by the temperature, relative to the best one.
    logit: f32,
    /// Probability relative to the likeliest token.
    weight: f32,
    id: u32,
}

impl Candidate {
    /// Likeliest first, lower id first among equals.
    fn order(a: &Self, b: &Self) -> std::cmp::Ordering {
        b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id))
    }
}

impl Sampler {
    /// A sampler at the beginning of its random sequence.
    ///
    /// # Errors
    /// When a parameter is outside its range.
    pub fn new(params: &SamplingParams) -> Result<Self, EngineError> {
        params.check()?;
        let seed = params.seed.unwrap_or_else(fresh_seed);
        Ok(Self {
            params: *params,
            seed,
            random: ChaCha8Rng::seed_from_u64(seed),
            isa: Isa::detect(),
            penalised: Vec::new(),
            relative: Vec::new(),
            weights: Vec::new(),
            candidates: Vec::new(),
        })
    }

    /// The seed in use.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The next token after `history`. A logit that is not a number counts as impossible.
    ///
    /// # Panics
    /// When `logits` is empty: a model has at least one token.
    pub fn sample(&mut self, logits: &[f32], history: &[TokenId]) -> TokenId {
        assert!(!logits.is_empty(), "a model has at least one token");
        let mut penalised = std::mem::take(&mut self.penalised);
        let logits = if self.params.repetition_penalty == 1.0 {
            logits
        } else {
            penalise(
                logits,
                history,
                self.params.repetition_penalty,
                &mut penalised,
            );
            &penalised
        };
        let best = argmax(logits);
        let top = logits[best.index()];
        // An infinite best logit has all the probability there is.
        let id = if self.params.temperature == 0.0 || !top.is_finite() {
            best
        } else {
            self.draw(logits, best)
        };
        self.penalised = penalised;
        id
    }

    fn draw(&mut self, logits: &[f32], best: TokenId) -> TokenId {
        let top = logits[best.index()];
        let temperature = self.params.temperature;
        self.relative.clear();
        self.relative.extend(logits.iter().map(|&logit| {
            let logit = (logit - top) / temperature;
            // False for NaN too.
            if logit >= NEGLIGIBLE {
                logit
            } else {
                f32::NEG_INFINITY
            }
        }));
        self.weights.clear();
        self.weights.extend_from_slice(&self.relative);
        // The kernels' exponential has the same bits on every machine.
        tern_kernels::exp(self.isa, &mut self.weights);

        let top_k = self.params.top_k as usize;
        let floor = if top_k == 0 && self.params.top_p < 1.0 {
            self.floor_of_likeliest()
        } else {
            NEGLIGIBLE
        };
        self.candidates.clear();
        let tokens = self.relative.iter().zip(&self.weights).enumerate();
        self.candidates
            .extend(tokens.filter_map(|(id, (&logit, &weight))| {
                (logit >= floor).then_some(Candidate {
                    logit,
                    weight,
                    id: id as u32,
                })
            }));
        if top_k > 0 && top_k < self.candidates.len() {
            self.candidates
                .select_nth_unstable_by(top_k - 1, Candidate::order);
            self.candidates.truncate(top_k);
            self.candidates.sort_unstable_by_key(|c| c.id);
        }
        if self.params.top_p < 1.0 {
            let total: f64 = if top_k > 0 {
                self.candidates.iter().map(weight).sum()
            } else {
                sum(&self.weights)
            };
            let kept = keep_likeliest(&mut self.candidates, f64::from(self.params.top_p) * total);
            self.candidates.truncate(kept);
        }
        if self.params.min_p > 0.0 {
            // The best one has logit 0 and always stays.
            let floor = libm::logf(self.params.min_p);
            self.candidates.retain(|c| c.logit >= floor);
        }

        let total: f64 = self.candidates.iter().map(weight).sum();
        let mut left = total * uniform(&mut self.random);
        for candidate in &self.candidates {
            left -= weight(candidate);
            if left < 0.0 {
                return TokenId(candidate.id);
            }
        }
        // Rounding can leave a crumb; the likeliest may have it.
        best
    }

    /// A relative logit such that the tokens above it have all the probability top-p asks for, and usually not many
    /// more do: so that few have to be sorted.
    fn floor_of_likeliest(&self) -> f32 {
        let wanted = f64::from(self.params.top_p) * sum(&self.weights);
        [-3.0_f32, -6.0, -9.0, -14.0]
            .into_iter()
            .find(|floor| {
                let least = libm::expf(*floor);
                let above: f64 = self
                    .weights
                    .iter()
                    .zip(&self.relative)
                    .filter(|&(&weight, &logit)| weight >= least && logit >= *floor)
                    .map(|(&weight, _)| f64::from(weight))
                    .sum();
                // With a reserve for sums taken in another order.
                above >= wanted * 1.000_001
            })
            .unwrap_or(NEGLIGIBLE)
    }
}

/// The sum in double precision, in sixteen lanes: quick, and the same on every machine.
fn sum(weights: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; 16];
    let (chunks, tail) = weights.as_chunks::<16>();
    for chunk in chunks {
        for (lane, &weight) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(weight);
        }
    }
    lanes.iter().sum::<f64>() + tail.iter().map(|&weight| f64::from(weight)).sum::<f64>()
}

/// Probability relative to the likeliest token.
fn weight(candidate: &Candidate) -> f64 {
    f64::from(candidate.weight)
}

/// A number in `[0, 1)` from 53 random bits.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Sorts the likeliest candidates to the front until their weights reach `wanted`; returns how many that are.
/// Sorts only as far as needed: usually a few of 128,256.
fn keep_likeliest(candidates: &mut [Candidate], wanted: f64) -> usize {
    let (mut sorted, mut sum) = (0, 0.0);
    let mut step = 256;
    while sorted < candidates.len() {
        let rest = &mut candidates[sorted..];
        if step < rest.len() {
            rest.select_nth_unstable_by(step, Candidate::order);
        }
        let block = step.min(rest.len());
        rest[..block].sort_unstable_by(Candidate::order);
        for candidate in &rest[..block] {
            sum += weight(candidate);
            sorted += 1;
            if sum >= wanted {
                return sorted;
            }
        }
        step *= 4;
    }
    sorted
}

/// Index of the largest logit, the lowest among equals; NaN is never the largest. 0 when there is none.
pub(crate) fn argmax(logits: &[f32]) -> TokenId {
    // In pieces, whose largest a compiler finds in vectors; then only one piece is looked through.
    const PIECE: usize = 256;
    let (mut first, mut top) = (0, f32::NEG_INFINITY);
    for (i, piece) in logits.chunks(PIECE).enumerate() {
        let mut lanes = [f32::NEG_INFINITY; 16];
        for x in piece.chunks(16) {
            for (lane, &x) in lanes.iter_mut().zip(x) {
                *lane = if x > *lane { x } else { *lane };
            }
        }
        let largest = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
        if largest > top {
            (first, top) = (i * PIECE, largest);
        }
    }
    let within = logits[first..].iter().position(|&x| x == top);
    TokenId((first + within.unwrap_or(0)) as u32)
}

/// Copies `logits` to `out` with those of recent tokens made less likely: positive ones divided by `penalty`,
/// negative ones multiplied (Keskar et al. 2019, as transformers does it). A token counts once.
fn penalise(logits: &[f32], history: &[TokenId], penalty: f32, out: &mut Vec<f32>) {
    out.clear();
    out.extend_from_slice(logits);
    for id in &history[history.len().saturating_sub(PENALTY_WINDOW)..] {
        if let (Some(&logit), Some(slot)) = (logits.get(id.index()), out.get_mut(id.index())) {
            *slot = if logit > 0.0 {
                logit / penalty
            } else {
                logit * penalty
            };
        }
    }
}

/// A seed nobody chose: the standard library's hash keys are random per process and differ per call.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests;
