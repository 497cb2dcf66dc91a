//! Models made of random weights, for measurements: full-size when no real file is at hand.
//!
//! How many gates open can be chosen. The first columns of the residual stream hold a constant nothing ever adds
//! to; every gate row has the same sign there. That shifts all gates alike, against a spread that is known.

use half::bf16;
use rayon::ThreadPool;
use tern_kernels::PackedTernary;

use crate::{
    ChatTemplate, LoadError,
    model::{
        Activation, BitLinear, Family, How, Keep, Layer, ModelConfig, Parts, Progress, RopeScaling,
        SamplingDefaults, Table, memory_for, order, shape,
    },
    tokenizer,
    weights::{
        formats::{BadCode, RowDecoder},
        memory::WeightMemory,
        names::Projection,
        repack::{RowOrder, repack},
    },
};

/// A synthetic model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SyntheticSpec {
    /// Whose size it has.
    pub shape: SyntheticShape,
    /// Same seed, same weights.
    pub seed: u64,
    /// Share of the gates that are positive, 0 to 1; held to about a tenth of it.
    pub ffn_density: f32,
}

/// Sizes a synthetic model can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntheticShape {
    /// BitNet b1.58 2B4T: 30 layers of 2560 and 6912, vocabulary 128,256.
    BitNet2B4T,
    /// Four layers of 1024 and 2816, vocabulary 4,096: large enough to be shared out to threads, for tests.
    Small,
}

impl SyntheticShape {
    /// The shape called `2b4t` or `small`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "2b4t" => Some(Self::BitNet2B4T),
            "small" => Some(Self::Small),
            _ => None,
        }
    }
}

/// Columns of the residual stream that stay as they are.
const ANCHORS: usize = 16;
/// Variance each half of a layer adds to the others, which begin with 1.
const ADDED: f32 = 0.02;
/// Scale of the last norm: makes the logits of the random head spread by about 2.5.
const SPREAD: f32 = 2.5;

/// The shape of a synthetic model.
pub(crate) fn config(spec: &SyntheticSpec) -> ModelConfig {
    let (n_layers, n_heads, n_kv_heads, head_dim, ffn_dim, vocab_size) = match spec.shape {
        SyntheticShape::BitNet2B4T => (30, 20, 5, 128, 6912, 128_256),
        SyntheticShape::Small => (4, 8, 2, 128, 2816, 4096),
    };
    ModelConfig {
        family: Family::BitNet,
        architecture: "synthetic".to_owned(),
        n_layers,
        n_heads,
        n_kv_heads,
        head_dim,
        hidden_dim: n_heads * head_dim,
        ffn_dim,
        vocab_size,
        max_seq_len: 4096,
        rope_theta: 500_000.0,
        rope_scaling: RopeScaling::Plain,
        norm_eps: 1e-5,
        activation: Activation::SquaredRelu,
        sub_norms: true,
        tied_head: true,
    }
}

/// Makes the model in memory, in parallel.
pub(crate) fn build(
    spec: &SyntheticSpec,
    how: How,
    pool: &ThreadPool,
    progress: Progress,
) -> Result<Parts, LoadError> {
    if !(0.0..=1.0).contains(&spec.ffn_density) {
        let problem = format!("is {}, but must lie between 0 and 1", spec.ffn_density);
        return Err(LoadError::invalid(
            "the synthetic model",
            "its density",
            problem,
        ));
    }
    let config = config(spec);
    let (hidden, ffn) = (config.hidden_dim, config.ffn_dim);
    let mut memory = memory_for(&config, u64::MAX, "the synthetic model")?;
    let mut layers = Vec::with_capacity(config.n_layers);
    for i in 0..config.n_layers {
        layers.push(pool.install(|| layer(spec, &config, i, &mut memory)));
        if progress((i + 1) as f32 / (config.n_layers + 4) as f32).is_break() {
            return Err(LoadError::Cancelled);
        }
    }
    let seed = spec.seed;
    let shape = [config.vocab_size, hidden];
    let keep = Keep::of(how.head, true, shape, how.isa);
    let (embedding, planes) = pool.install(|| {
        Table::from_bf16(shape, keep, move |row, bits| {
            let mut random = Random::new(seed, row as u64, EMBEDDING);
            for (column, bits) in bits.iter_mut().enumerate() {
                // Even over ±√3: variance 1.
                let x = (random.next() >> 40) as f32 / (1 << 23) as f32 - 1.0;
                *bits = bf16::from_f32(if column < ANCHORS {
                    1.0
                } else {
                    x * 3f32.sqrt()
                })
                .to_bits();
            }
        })
    })?;
    let tokenizer = tokenizer::synthetic(config.vocab_size)?;
    let _ = progress(1.0);
    debug_assert!(layers.iter().all(|layer| layer.gate.weights.rows() == ffn));
    Ok(Parts {
        name: "synthetic".to_owned(),
        stop_tokens: tokenizer.eos().to_vec(),
        final_norm: final_norm(spec, hidden),
        tokenizer,
        template: ChatTemplate::BitNet,
        defaults: SamplingDefaults::default(),
        warnings: Vec::new(),
        layers,
        embedding,
        own_head: None,
        planes,
        config,
    })
}

/// Numbers of random sequences that belong to no layer's matrix.
const EMBEDDING: u64 = u64::MAX;
const FINAL_NORM: u64 = u64::MAX - 1;

/// Random signs: with the head tied to the embedding, each token would otherwise predict itself.
fn final_norm(spec: &SyntheticSpec, hidden: usize) -> Vec<f32> {
    let mut random = Random::new(spec.seed, 0, FINAL_NORM);
    let scale = SPREAD / (hidden as f32).sqrt();
    (0..hidden)
        .map(|_| {
            if random.next() >> 63 == 0 {
                scale
            } else {
                -scale
            }
        })
        .collect()
}

fn layer(spec: &SyntheticSpec, c: &ModelConfig, index: usize, memory: &mut WeightMemory) -> Layer {
    let (hidden, q, ffn) = (c.hidden_dim, c.q_dim(), c.ffn_dim);
    // Sums of `width` inputs of variance 1 by codes of which two thirds are not 0.
    let spread = |width: usize| (width as f32 * 2.0 / 3.0).sqrt();
    let mut matrix = |which: Projection, scale: f32, anchors: Anchors| {
        let ((rows, cols), into) = (shape(c, which), order(c, which));
        let decoder = RandomRows {
            seed: spec.seed,
            matrix: index as u64 * 8 + which as u64,
            anchors,
        };
        let piece = memory
            .take(PackedTernary::bytes_for(into, rows, cols))
            .expect("memory was reserved for this shape");
        let repacked = repack(&decoder, rows, cols, RowOrder::AsStored, into, piece)
            .expect("random rows hold ternary codes");
        BitLinear {
            weights: repacked.weights,
            scale,
        }
    };
    let out = |width: usize| ADDED.sqrt() / spread(width);
    // How far the gates are shifted, in units of their spread, so that the chosen share is positive.
    let shift = normal_quantile(spec.ffn_density.clamp(0.001, 0.999));
    let anchors = if shift < 0.0 {
        Anchors::All(-1)
    } else {
        Anchors::All(1)
    };
    // The stream has grown since the embedding; the anchors have not.
    let grown = (1.0 + ADDED * (2 * index + 1) as f32).sqrt();
    let pull = shift.abs() * spread(hidden - ANCHORS) * grown / ANCHORS as f32;
    let mut ffn_norm = vec![1.0; hidden];
    ffn_norm[..ANCHORS].fill(pull);
    Layer {
        attn_norm: vec![1.0; hidden],
        q: matrix(Projection::Q, 1.0 / spread(hidden), Anchors::Random),
        k: matrix(Projection::K, 1.0 / spread(hidden), Anchors::Random),
        v: matrix(Projection::V, 1.0 / spread(hidden), Anchors::Random),
        attn_sub_norm: Some(vec![1.0; q]),
        o: matrix(Projection::O, out(q), Anchors::Untouched),
        ffn_norm,
        gate: matrix(Projection::Gate, 1.0 / spread(hidden), anchors),
        up: matrix(Projection::Up, 1.0 / spread(hidden), Anchors::Random),
        ffn_sub_norm: Some(vec![1.0; ffn]),
        down: matrix(Projection::Down, out(ffn), Anchors::Untouched),
    }
}

/// What a matrix does with the anchor columns.
#[derive(Clone, Copy)]
enum Anchors {
    /// Nothing special.
    Random,
    /// The first columns of every row have this code.
    All(i8),
    /// The first rows are zero, so they add nothing to the anchors.
    Untouched,
}

/// Random codes, row by row.
struct RandomRows {
    seed: u64,
    matrix: u64,
    anchors: Anchors,
}

impl RowDecoder for RandomRows {
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        if matches!(self.anchors, Anchors::Untouched) && row < ANCHORS {
            codes.fill(0);
            return Ok(());
        }
        let mut random = Random::new(self.seed, row as u64, self.matrix);
        for codes in codes.chunks_mut(8) {
            for (code, byte) in codes.iter_mut().zip(random.next().to_le_bytes()) {
                // 0, 1 or 2, a third each (85, 85 and 86 of 256).
                *code = ((u16::from(byte) * 3) >> 8) as i8 - 1;
            }
        }
        if let Anchors::All(code) = self.anchors {
            codes[..ANCHORS].fill(code);
        }
        Ok(())
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014), one sequence for each row of each matrix.
struct Random(u64);

impl Random {
    fn new(seed: u64, row: u64, matrix: u64) -> Self {
        let mut start = Self(seed ^ matrix.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let base = start.next();
        Self(base ^ row.wrapping_mul(0xa076_1d64_78bd_642f))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Where the standard normal distribution reaches `p`, to 5e-4 (Abramowitz and Stegun 26.2.23).
fn normal_quantile(p: f32) -> f32 {
    let tail = p.min(1.0 - p);
    let t = (-2.0 * libm::logf(tail)).sqrt();
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let x = t - top / bottom;
    if p < 0.5 { -x } else { x }
}
