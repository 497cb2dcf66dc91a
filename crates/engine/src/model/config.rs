//! The shape of a model, and the limits every number of it is held to.

use serde::Serialize;

use super::RopeScaling;
use crate::LoadError;

/// Upper limits for numbers read from files: generous for real models, small enough that no product of two
/// overflows and no buffer sized by them is absurd.
mod limit {
    pub(super) const LAYERS: usize = 512;
    pub(super) const HEADS: usize = 1024;
    pub(super) const HEAD_DIM: usize = 1024;
    pub(super) const WIDTH: usize = 1 << 17;
    pub(super) const VOCAB: usize = 1 << 21;
    pub(super) const CONTEXT: usize = 1 << 20;
    /// Widths of a layer, in widths of the residual stream: keys, values and the room for a prompt are as wide, and
    /// a small file must not ask for much of them. The widest real model has 9.
    pub(super) const HEADS_PER_HIDDEN: usize = 16;
    pub(super) const FFN_PER_HIDDEN: usize = 64;
}

/// What stands between the gate and the product with `up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `relu(gate)^2` (BitNet b1.58 2B4T).
    SquaredRelu,
    /// `gate * sigmoid(gate)` (Llama, 1bitLLM).
    Silu,
}

/// Which line of models a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// BitNet b1.58 2B4T and its finetunes, and 1bitLLM's models: norms before the output and down projections.
    BitNet,
    /// Llama's graph with ternary projections: no such norms.
    Llama,
}

/// The shape of a model. All widths count elements.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelConfig {
    /// Line of models.
    pub family: Family,
    /// Architecture as the file names it, for people.
    pub architecture: String,
    /// Transformer layers.
    pub n_layers: usize,
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of a head; even.
    pub head_dim: usize,
    /// Width of the residual stream.
    pub hidden_dim: usize,
    /// Width of the feed-forward layer.
    pub ffn_dim: usize,
    /// Tokens in the vocabulary; rows of the embedding.
    pub vocab_size: usize,
    /// Positions the model was trained for.
    pub max_seq_len: usize,
    /// Base of the rotary embedding.
    pub rope_theta: f32,
    /// How its frequencies differ from the plain ones.
    pub rope_scaling: RopeScaling,
    /// Added to the mean square inside a norm.
    pub norm_eps: f32,
    /// Between gate and up.
    pub activation: Activation,
    /// Norms before the output and down projections.
    pub sub_norms: bool,
    /// The head is the embedding.
    pub tied_head: bool,
}

impl ModelConfig {
    /// Width of all query heads together.
    pub fn q_dim(&self) -> usize {
        self.n_heads * self.head_dim
    }

    /// Width of all key (or value) heads together.
    pub fn kv_dim(&self) -> usize {
        self.n_kv_heads * self.head_dim
    }

    /// Number of ternary weights.
    pub fn ternary_weights(&self) -> u64 {
        let attention = 2 * self.hidden_dim * (self.q_dim() + self.kv_dim());
        (self.n_layers * (attention + 3 * self.hidden_dim * self.ffn_dim)) as u64
    }

    /// Holds every number to its limit; `file` is named in the error.
    ///
    /// # Errors
    /// Names the first field that is out of range or does not fit another one.
    pub(crate) fn check(&self, file: &str) -> Result<(), LoadError> {
        let range = |field: &str, value: usize, limit: usize| {
            if value == 0 || value > limit {
                Err(LoadError::invalid(
                    file,
                    field,
                    format!("is {value}, but must be 1 to {limit}"),
                ))
            } else {
                Ok(())
            }
        };
        range("number of layers", self.n_layers, limit::LAYERS)?;
        range("hidden size", self.hidden_dim, limit::WIDTH)?;
        range("number of attention heads", self.n_heads, limit::HEADS)?;
        range("number of key-value heads", self.n_kv_heads, limit::HEADS)?;
        range("head size", self.head_dim, limit::HEAD_DIM)?;
        range("feed-forward size", self.ffn_dim, limit::WIDTH)?;
        range("vocabulary size", self.vocab_size, limit::VOCAB)?;
        range("context length", self.max_seq_len, limit::CONTEXT)?;
        if self.q_dim() > limit::WIDTH {
            let problem = format!(
                "times the head size is {}, but must be at most {}",
                self.q_dim(),
                limit::WIDTH
            );
            return Err(LoadError::invalid(
                file,
                "number of attention heads",
                problem,
            ));
        }
        for (field, width, times) in [
            (
                "number of attention heads",
                self.q_dim(),
                limit::HEADS_PER_HIDDEN,
            ),
            ("feed-forward size", self.ffn_dim, limit::FFN_PER_HIDDEN),
        ] {
            if width > times * self.hidden_dim {
                let problem = format!(
                    "makes a layer {width} wide, more than {times} times the hidden size of {}",
                    self.hidden_dim
                );
                return Err(LoadError::invalid(file, field, problem));
            }
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            let problem = format!(
                "is {}, which is not a multiple of the {} key-value heads",
                self.n_heads, self.n_kv_heads
            );
            return Err(LoadError::invalid(
                file,
                "number of attention heads",
                problem,
            ));
        }
        if !self.head_dim.is_multiple_of(2) {
            let problem = format!("is {}, but must be even", self.head_dim);
            return Err(LoadError::invalid(file, "head size", problem));
        }
        if !(self.rope_theta.is_finite() && self.rope_theta >= 1.0) {
            let problem = format!("is {}, but must be a number of at least 1", self.rope_theta);
            return Err(LoadError::invalid(file, "rope_theta", problem));
        }
        self.rope_scaling.check(file, "rope_scaling")?;
        if !(self.norm_eps.is_finite() && self.norm_eps > 0.0 && self.norm_eps < 1.0) {
            let problem = format!("is {}, but must lie between 0 and 1", self.norm_eps);
            return Err(LoadError::invalid(file, "rms_norm_eps", problem));
        }
        Ok(())
    }
}
