//! Float matrices: master weights that are quantised while loading, ternary weights that were stored as floats,
//! and plain codes -1, 0, 1 beside a scale.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::{BadCode, RowDecoder};
use crate::weights::TensorType;

/// Floor of the mean magnitude, as the published quantiser has it.
const FLOOR: f32 = 1e-5;

/// Reads element `i` of a row.
trait Element: Sync {
    const BYTES: usize;
    fn read(bytes: &[u8]) -> f32;
}

struct F32;
struct F16;
struct Bf16;

impl Element for F32 {
    const BYTES: usize = 4;
    fn read(bytes: &[u8]) -> f32 {
        f32::from_le_bytes(*bytes.first_chunk().expect("chunks of four bytes"))
    }
}

impl Element for F16 {
    const BYTES: usize = 2;
    fn read(bytes: &[u8]) -> f32 {
        half::f16::from_le_bytes(*bytes.first_chunk().expect("chunks of two bytes")).to_f32()
    }
}

impl Element for Bf16 {
    const BYTES: usize = 2;
    fn read(bytes: &[u8]) -> f32 {
        half::bf16::from_le_bytes(*bytes.first_chunk().expect("chunks of two bytes")).to_f32()
    }
}

/// Codes are `clamp(round_half_even(w * inverse), -1, 1)`.
struct Quantised<'a, E> {
    bytes: &'a [u8],
    cols: usize,
    inverse: f32,
    element: PhantomData<E>,
}

/// Values must be exactly -1, 0 or 1.
struct Codes<'a, E> {
    bytes: &'a [u8],
    cols: usize,
    element: PhantomData<E>,
}

/// A float matrix, ready to be read as ternary.
pub(super) struct Master<'a> {
    pub(super) decoder: Box<dyn RowDecoder + 'a>,
    pub(super) scale: f32,
    /// It held nothing but 0 and one magnitude.
    pub(super) is_ternary: bool,
}

/// Master weights: absmean quantisation (numerics 2.2). A matrix whose values other than 0 all have one magnitude was
/// ternary before: that magnitude is its scale.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    kind: &TensorType,
    cols: usize,
) -> Result<Master<'a>, String> {
    match kind {
        TensorType::F32 => quantise::<F32>(bytes, cols),
        TensorType::F16 => quantise::<F16>(bytes, cols),
        _ => quantise::<Bf16>(bytes, cols),
    }
}

/// A matrix of plain codes; its scale is stored elsewhere.
pub(super) fn open_codes<'a>(
    bytes: &'a [u8],
    kind: &TensorType,
    cols: usize,
) -> Box<dyn RowDecoder + 'a> {
    match kind {
        TensorType::F32 => Box::new(Codes::<F32> {
            bytes,
            cols,
            element: PhantomData,
        }),
        TensorType::F16 => Box::new(Codes::<F16> {
            bytes,
            cols,
            element: PhantomData,
        }),
        _ => Box::new(Codes::<Bf16> {
            bytes,
            cols,
            element: PhantomData,
        }),
    }
}

/// Sums and bounds of one row.
struct RowFacts {
    sum: f64,
    smallest: f32,
    largest: f32,
}

fn quantise<'a, E: Element + 'a>(bytes: &'a [u8], cols: usize) -> Result<Master<'a>, String> {
    let facts: Vec<RowFacts> = bytes
        .par_chunks_exact(cols * E::BYTES)
        .map(row_facts::<E>)
        .collect();
    // In row order and float64: the mean must not depend on threads, and float32 would lose 2 % of it.
    let sum: f64 = facts.iter().map(|f| f.sum).sum();
    if !sum.is_finite() {
        return Err("holds values that are not finite numbers".to_owned());
    }
    let smallest = facts
        .iter()
        .map(|f| f.smallest)
        .fold(f32::INFINITY, f32::min);
    let largest = facts.iter().map(|f| f.largest).fold(0.0, f32::max);
    let is_ternary = smallest == largest;
    let (inverse, scale) = if is_ternary {
        (1.0 / largest, largest)
    } else {
        let mean = (sum / (facts.len() * cols) as f64) as f32;
        let inverse = 1.0 / mean.max(FLOOR);
        (inverse, 1.0 / inverse)
    };
    let element = PhantomData;
    Ok(Master {
        decoder: Box::new(Quantised::<E> {
            bytes,
            cols,
            inverse,
            element,
        }),
        scale,
        is_ternary,
    })
}

fn row_facts<E: Element>(row: &[u8]) -> RowFacts {
    let mut facts = RowFacts {
        sum: 0.0,
        smallest: f32::INFINITY,
        largest: 0.0,
    };
    for bytes in row.chunks_exact(E::BYTES) {
        let w = E::read(bytes).abs();
        facts.sum += f64::from(w);
        facts.largest = facts.largest.max(w);
        if w > 0.0 {
            facts.smallest = facts.smallest.min(w);
        }
    }
    facts
}

impl<E: Element> RowDecoder for Quantised<'_, E> {
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        let bytes = &self.bytes[row * self.cols * E::BYTES..];
        for (code, bytes) in codes.iter_mut().zip(bytes.chunks_exact(E::BYTES)) {
            *code = (E::read(bytes) * self.inverse)
                .round_ties_even()
                .clamp(-1.0, 1.0) as i8;
        }
        Ok(())
    }
}

impl<E: Element> RowDecoder for Codes<'_, E> {
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        let bytes = &self.bytes[row * self.cols * E::BYTES..];
        let mut good = true;
        for (code, bytes) in codes.iter_mut().zip(bytes.chunks_exact(E::BYTES)) {
            let value = E::read(bytes);
            *code = value as i8;
            good &= value == -1.0 || value == 0.0 || value == 1.0;
        }
        if good { Ok(()) } else { Err(BadCode) }
    }
}
