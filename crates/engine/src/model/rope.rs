//! Rotary position embedding: cosines and sines.

/// Cosines and sines of all positions met so far, `[position][head_dim / 2]`.
#[derive(Debug)]
pub(crate) struct RopeTable {
    inverse_frequencies: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RopeTable {
    /// `inv_freq[i] = theta^(-2i / head_dim)` in float32, as the reference has it.
    pub(crate) fn new(theta: f32, head_dim: usize) -> Self {
        let inverse_frequencies = (0..head_dim / 2)
            .map(|i| 1.0 / libm::pow(theta.into(), (2 * i) as f64 / head_dim as f64) as f32)
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
