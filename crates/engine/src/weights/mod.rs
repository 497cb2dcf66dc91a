//! Bytes of model files: containers, tensor formats, and the way into the kernels' own byte order.

use std::fmt;

pub(crate) mod file;
pub(crate) mod foreign;
pub(crate) mod formats;
pub(crate) mod gguf;
mod map;
pub(crate) mod memory;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod repack;
pub(crate) mod safetensors;
pub(crate) mod tensors;

/// How the elements of a tensor are stored in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TensorType {
    F32,
    F16,
    Bf16,
    /// Bytes; for a projection, four ternary codes each (Hugging Face packing).
    U8,
    /// bitnet.cpp's ternary type: two bits a weight, one float32 scale.
    I2S,
    /// llama.cpp's ternary type of 54 bytes per 256 weights.
    Tq1_0,
    /// llama.cpp's ternary type of 66 bytes per 256 weights.
    Tq2_0,
    /// llama.cpp's types of scaled integers, for embeddings and heads: 34 bytes per 32 numbers,
    Q8_0,
    /// 210 bytes per 256,
    Q6K,
    /// 22 bytes per 32,
    Q5_0,
    /// and 18 bytes per 32.
    Q4_0,
    /// A type this engine does not read, by name.
    Foreign(String),
}

impl TensorType {
    /// Bytes of a tensor of these dimensions (row length last), if the format can hold them; `None` for a
    /// length that does not fit or on overflow.
    pub(crate) fn byte_len(&self, shape: &[u64]) -> Option<u64> {
        let n = shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d))?;
        let blocks = |size: u64, bytes: u64| {
            let row = *shape.last()?;
            row.is_multiple_of(size)
                .then_some(n / size)?
                .checked_mul(bytes)
        };
        match self {
            Self::F32 => n.checked_mul(4),
            Self::F16 | Self::Bf16 => n.checked_mul(2),
            Self::U8 => Some(n),
            Self::I2S => blocks(4, 1)?.checked_add(32),
            Self::Tq1_0 => blocks(256, 54),
            Self::Tq2_0 => blocks(256, 66),
            Self::Q8_0 => blocks(32, 34),
            Self::Q6K => blocks(256, 210),
            Self::Q5_0 => blocks(32, 22),
            Self::Q4_0 => blocks(32, 18),
            Self::Foreign(_) => Some(0),
        }
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::U8 => "U8",
            Self::I2S => "I2_S",
            Self::Tq1_0 => "TQ1_0",
            Self::Tq2_0 => "TQ2_0",
            Self::Q8_0 => "Q8_0",
            Self::Q6K => "Q6_K",
            Self::Q5_0 => "Q5_0",
            Self::Q4_0 => "Q4_0",
            Self::Foreign(name) => name,
        })
    }
}
