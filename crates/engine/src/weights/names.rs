//! What the parts of a model are called in each kind of file.

/// How a file names its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    HuggingFace,
    Gguf,
}

/// The ternary projections of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Projection {
    Q,
    K,
    V,
    O,
    Gate,
    Up,
    Down,
}

/// The norms of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Norm {
    Attention,
    AttentionSub,
    Ffn,
    FfnSub,
}

impl Projection {
    pub(crate) const ALL: [Self; 7] = [
        Self::Q,
        Self::K,
        Self::V,
        Self::O,
        Self::Gate,
        Self::Up,
        Self::Down,
    ];
}

impl Norm {
    pub(crate) const ALL: [Self; 4] =
        [Self::Attention, Self::AttentionSub, Self::Ffn, Self::FfnSub];
}

impl Naming {
    /// Name of a layer's projection.
    pub(crate) fn projection(self, layer: usize, projection: Projection) -> String {
        use Projection::{Down, Gate, K, O, Q, Up, V};
        match self {
            Self::HuggingFace => {
                let part = match projection {
                    Q => "self_attn.q_proj",
                    K => "self_attn.k_proj",
                    V => "self_attn.v_proj",
                    O => "self_attn.o_proj",
                    Gate => "mlp.gate_proj",
                    Up => "mlp.up_proj",
                    Down => "mlp.down_proj",
                };
                format!("model.layers.{layer}.{part}.weight")
            }
            Self::Gguf => {
                let part = match projection {
                    Q => "attn_q",
                    K => "attn_k",
                    V => "attn_v",
                    O => "attn_output",
                    Gate => "ffn_gate",
                    Up => "ffn_up",
                    Down => "ffn_down",
                };
                format!("blk.{layer}.{part}.weight")
            }
        }
    }

    /// Name of a projection's scale, from the projection's.
    pub(crate) fn scale(self, projection: &str) -> String {
        match self {
            Self::HuggingFace => format!("{projection}_scale"),
            Self::Gguf => format!("{}.scale", projection.trim_end_matches(".weight")),
        }
    }

    /// Names of a layer's norm, the usual one first; 1bitLLM's files have their own.
    pub(crate) fn norm(self, layer: usize, norm: Norm) -> Vec<String> {
        let parts: &[&str] = match (self, norm) {
            (Self::HuggingFace, Norm::Attention) => &["input_layernorm"],
            (Self::HuggingFace, Norm::AttentionSub) => {
                &["self_attn.attn_sub_norm", "self_attn.inner_attn_ln"]
            }
            (Self::HuggingFace, Norm::Ffn) => &["post_attention_layernorm"],
            (Self::HuggingFace, Norm::FfnSub) => &["mlp.ffn_sub_norm", "mlp.ffn_layernorm"],
            (Self::Gguf, Norm::Attention) => &["attn_norm"],
            (Self::Gguf, Norm::AttentionSub) => &["attn_sub_norm"],
            (Self::Gguf, Norm::Ffn) => &["ffn_norm"],
            (Self::Gguf, Norm::FfnSub) => &["ffn_sub_norm"],
        };
        let prefix = match self {
            Self::HuggingFace => "model.layers",
            Self::Gguf => "blk",
        };
        parts
            .iter()
            .map(|part| format!("{prefix}.{layer}.{part}.weight"))
            .collect()
    }

    /// Name of the token embedding.
    pub(crate) fn embedding(self) -> String {
        match self {
            Self::HuggingFace => "model.embed_tokens.weight",
            Self::Gguf => "token_embd.weight",
        }
        .to_owned()
    }

    /// Name of a head of its own.
    pub(crate) fn head(self) -> String {
        match self {
            Self::HuggingFace => "lm_head.weight",
            Self::Gguf => "output.weight",
        }
        .to_owned()
    }

    /// Name of the last norm.
    pub(crate) fn final_norm(self) -> String {
        match self {
            Self::HuggingFace => "model.norm.weight",
            Self::Gguf => "output_norm.weight",
        }
        .to_owned()
    }

    /// Name of the divisors of the rotary frequencies, where a file has some.
    pub(crate) fn rope_divisors(self) -> Option<&'static str> {
        match self {
            Self::HuggingFace => None,
            Self::Gguf => Some("rope_freqs.weight"),
        }
    }

    /// Tensors that belong to a file of this naming but carry nothing the loader needs.
    pub(crate) fn is_ignorable(self, name: &str) -> bool {
        match self {
            Self::HuggingFace => name.ends_with("rotary_emb.inv_freq"),
            Self::Gguf => self.rope_divisors() == Some(name),
        }
    }
}
