//! llama.cpp's Q8_0, Q6_K, Q5_0 and Q4_0, as bitnet.cpp writes embeddings and heads: blocks along a row, of small
//! integers and what they are multiplied by.
//!
//! All of them become int8 codes with one float32 scale for each 16 or 32 neighbours. A number is `scale * code`,
//! rounded once, which is what the format says it is: the scale itself is exact (of Q6_K, the product of an f16 and
//! an int8 has at most 19 bits).

use half::f16;

use crate::weights::TensorType;

/// How rows of one of these types are decoded.
#[derive(Clone, Copy)]
pub(crate) struct QuantisedRows {
    /// Codes that share a scale.
    pub(crate) group: usize,
    decode: fn(&[u8], &mut [i8], &mut [f32]) -> bool,
}

impl QuantisedRows {
    /// The decoder of a type; `None` for every other one.
    pub(crate) fn of(kind: &TensorType) -> Option<Self> {
        Some(match kind {
            TensorType::Q8_0 => Self {
                group: 32,
                decode: |bytes, codes, scales| blocks(bytes, codes, scales, q8_0),
            },
            TensorType::Q6K => Self {
                group: 16,
                decode: |bytes, codes, scales| blocks(bytes, codes, scales, q6_k),
            },
            TensorType::Q5_0 => Self {
                group: 32,
                decode: |bytes, codes, scales| blocks(bytes, codes, scales, q5_0),
            },
            TensorType::Q4_0 => Self {
                group: 32,
                decode: |bytes, codes, scales| blocks(bytes, codes, scales, q4_0),
            },
            _ => return None,
        })
    }

    /// Decodes the blocks of `bytes`: their codes, and a scale for each `group` of them. `false` if a scale is not
    /// a finite number.
    pub(crate) fn decode(self, bytes: &[u8], codes: &mut [i8], scales: &mut [f32]) -> bool {
        (self.decode)(bytes, codes, scales)
    }
}

/// Decodes one block after another.
#[inline(always)]
fn blocks<const BYTES: usize, const CODES: usize, const SCALES: usize>(
    bytes: &[u8],
    codes: &mut [i8],
    scales: &mut [f32],
    decode: impl Fn(&[u8; BYTES], &mut [i8; CODES], &mut [f32; SCALES]),
) -> bool {
    let blocks = bytes.as_chunks().0.iter();
    let codes = codes.as_chunks_mut().0;
    let scales = scales.as_chunks_mut().0;
    let mut finite = true;
    for ((block, codes), scales) in blocks.zip(codes).zip(scales) {
        decode(block, codes, scales);
        finite &= scales.iter().all(|scale| scale.is_finite());
    }
    finite
}

/// The f16 a block begins or ends with.
fn factor(bytes: Option<&[u8; 2]>) -> f32 {
    f16::from_le_bytes(*bytes.expect("a block has more than two bytes")).to_f32()
}

/// The factor, then the codes.
fn q8_0(block: &[u8; 34], codes: &mut [i8; 32], scales: &mut [f32; 1]) {
    scales[0] = factor(block.first_chunk());
    for (code, byte) in codes.iter_mut().zip(&block[2..]) {
        *code = *byte as i8;
    }
}

/// The factor, then a byte for codes `i` (its low half) and `i + 16`, which are stored 8 too high.
fn q4_0(block: &[u8; 18], codes: &mut [i8; 32], scales: &mut [f32; 1]) {
    scales[0] = factor(block.first_chunk());
    let (low, high) = codes.split_at_mut(16);
    for ((low, high), byte) in low.iter_mut().zip(high).zip(&block[2..]) {
        *low = (byte & 15) as i8 - 8;
        *high = (byte >> 4) as i8 - 8;
    }
}

/// The factor, the fifth bit of every code, then the other four as in Q4_0; codes are stored 16 too high.
fn q5_0(block: &[u8; 22], codes: &mut [i8; 32], scales: &mut [f32; 1]) {
    scales[0] = factor(block.first_chunk());
    let (low, high) = codes.split_at_mut(16);
    // Each byte of fifth bits beside the eight codes it belongs to: sixteen codes are then decoded as one.
    let fifths = |first: usize| std::array::from_fn::<u8, 16, _>(|i| block[first + i / 8]);
    let (low_fifths, high_fifths) = (fifths(2), fifths(4));
    for i in 0..16 {
        let missing = |fifths: u8| if fifths >> (i % 8) & 1 == 0 { 16 } else { 0 };
        let byte = block[6 + i];
        low[i] = (byte & 15) as i8 - missing(low_fifths[i]);
        high[i] = (byte >> 4) as i8 - missing(high_fifths[i]);
    }
}

/// Two runs of 128 codes: 64 bytes of their lower four bits each, then 32 bytes of the upper two each; an int8 for
/// every 16 codes, and the factor of all. Codes are stored 32 too high.
fn q6_k(block: &[u8; 210], codes: &mut [i8; 256], scales: &mut [f32; 16]) {
    let (lower, rest) = block.split_at(128);
    let (upper, rest) = rest.split_at(64);
    let all = factor(rest.last_chunk());
    for (scale, own) in scales.iter_mut().zip(rest) {
        *scale = all * f32::from(*own as i8);
    }
    let runs = lower.chunks_exact(64).zip(upper.chunks_exact(32));
    for ((lower, upper), codes) in runs.zip(codes.chunks_exact_mut(128)) {
        for (quarter, codes) in codes.chunks_exact_mut(32).enumerate() {
            // Quarters 0 and 1 are the low halves of the 64 bytes, 2 and 3 the high ones.
            let lower = &lower[quarter % 2 * 32..][..32];
            for ((code, lower), upper) in codes.iter_mut().zip(lower).zip(upper) {
                let four = lower >> (quarter / 2 * 4) & 15;
                let two = upper >> (quarter * 2) & 3;
                *code = (four | two << 4) as i8 - 32;
            }
        }
    }
}
