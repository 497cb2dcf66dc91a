//! Rotary position embedding: cosines and sines.

use std::f32::consts::PI;

use serde::Serialize;

use crate::LoadError;

/// How a model's rotary frequencies differ from the plain ones, for texts longer than it was first trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RopeScaling {
    /// Not at all.
    #[default]
    Plain,
    /// All frequencies are divided by one factor (`rope_type: linear`).
    Linear {
        /// The factor.
        factor: f32,
    },
    /// Llama 3.1's: low frequencies are divided, high ones kept, those between blended
    /// (`_compute_llama3_parameters` of Hugging Face transformers).
    Llama3 {
        /// What low frequencies are divided by.
        factor: f32,
        /// Turns within the first context below which a frequency counts as low.
        low_freq_factor: f32,
        /// Turns from which on it counts as high.
        high_freq_factor: f32,
        /// Positions of the first training.
        original_max_position_embeddings: f32,
    },
    /// Each frequency is divided by a number of its own, `[head_dim / 2]` (GGUF's `rope_freqs.weight`).
    Divisors(Vec<f32>),
}

impl RopeScaling {
    /// Holds all numbers to what makes sense; `file` and `field` are named in the error.
    pub(crate) fn check(&self, file: &str, field: &str) -> Result<(), LoadError> {
        let positive = |value: f32| value.is_finite() && (1e-6..=1e6).contains(&value);
        let good = match self {
            Self::Plain => true,
            Self::Linear { factor } => positive(*factor),
            Self::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_max_position_embeddings: original,
            } => {
                [*factor, *low_freq_factor, *high_freq_factor]
                    .into_iter()
                    .all(positive)
                    && low_freq_factor < high_freq_factor
                    && (1.0..=1e7).contains(original)
            }
            Self::Divisors(all) => all.iter().copied().all(positive),
        };
        if good {
            Ok(())
        } else {
            let problem = format!("has numbers that make no rotary embedding ({self:?})");
            Err(LoadError::invalid(file, field, problem))
        }
    }

    /// The frequency number `i` a model with this scaling turns by, from the plain one. All in float32, as the
    /// reference has it.
    fn apply(&self, i: usize, frequency: f32) -> f32 {
        match self {
            Self::Plain => frequency,
            Self::Linear { factor } => frequency / factor,
            Self::Llama3 {
                factor,
                low_freq_factor: low,
                high_freq_factor: high,
                original_max_position_embeddings: original,
            } => {
                let wavelength = 2.0 * PI / frequency;
                if wavelength > original / low {
                    frequency / factor
                } else if wavelength < original / high {
                    frequency
                } else {
                    let smooth = (original / wavelength - low) / (high - low);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
            Self::Divisors(all) => frequency / all.get(i).copied().unwrap_or(1.0),
        }
    }
}

/// Cosines and sines of all positions met so far, `[position][head_dim / 2]`.
#[derive(Debug)]
pub(crate) struct RopeTable {
    inverse_frequencies: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RopeTable {
    /// `inv_freq[i] = theta^(-2i / head_dim)` in float32, as the reference has it, then scaled.
    pub(crate) fn new(theta: f32, head_dim: usize, scaling: &RopeScaling) -> Self {
        let inverse_frequencies = (0..head_dim / 2)
            .map(|i| {
                let power = libm::pow(theta.into(), (2 * i) as f64 / head_dim as f64);
                scaling.apply(i, 1.0 / power as f32)
            })
            .collect();
        Self {
            inverse_frequencies,
            cos: Vec::new(),
            sin: Vec::new(),
        }
    }

    /// Makes sure that positions below `n` are there. The angle is a float32 product, its functions come from
    /// libm in float64, so they are the same on every machine.
    pub(crate) fn grow_to(&mut self, n: usize) {
        let half = self.inverse_frequencies.len();
        for position in self.cos.len() / half..n {
            for &frequency in &self.inverse_frequencies {
                let angle = f64::from(position as f32 * frequency);
                self.cos.push(libm::cos(angle) as f32);
                self.sin.push(libm::sin(angle) as f32);
            }
        }
    }

    /// Cosines and sines of one position, `[head_dim / 2]` each.
    pub(crate) fn at(&self, position: usize) -> (&[f32], &[f32]) {
        let half = self.inverse_frequencies.len();
        let range = position * half..(position + 1) * half;
        (&self.cos[range.clone()], &self.sin[range])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frequencies as NumPy computes them in float32 from the formula in transformers' documentation.
    #[test]
    fn llama_3_1_frequencies_are_the_references() {
        let scaling = RopeScaling::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_position_embeddings: 8192.0,
        };
        let table = RopeTable::new(500_000.0, 128, &scaling);
        for (i, expected) in [
            (0, 1.0),
            (20, 0.016_560_44),
            (28, 0.003_211_446),
            (29, 0.002_166_570_6),
            (31, 0.000_856_751_46),
            (33, 0.000_312_693_65),
            (34, 0.000_178_507_79),
            (35, 0.000_095_562_13),
            (63, 3.068_926e-7),
        ] {
            let found = table.inverse_frequencies[i];
            let ulp = f32::from_bits(f32::to_bits(expected) + 1) - expected;
            assert!((found - expected).abs() <= 4.0 * ulp, "{i}: {found}");
        }
    }

    #[test]
    fn divisors_and_the_formula_agree() {
        let linear = RopeTable::new(10_000.0, 8, &RopeScaling::Linear { factor: 4.0 });
        let divisors = RopeTable::new(10_000.0, 8, &RopeScaling::Divisors(vec![4.0; 4]));
        let plain = RopeTable::new(10_000.0, 8, &RopeScaling::Plain);
        assert_eq!(linear.inverse_frequencies, divisors.inverse_frequencies);
        for (scaled, plain) in linear
            .inverse_frequencies
            .iter()
            .zip(&plain.inverse_frequencies)
        {
            assert_eq!(*scaled, plain / 4.0);
        }
    }
}
