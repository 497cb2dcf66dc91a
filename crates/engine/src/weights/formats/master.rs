//! Float matrices: master weights that are quantised while loading, ternary weights that were stored as floats,
//! and plain codes -1, 0, 1 beside a scale.

use std::marker::PhantomData;

use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;

use super::{BadCode, RowDecoder};
use crate::weights::TensorType;

/// Floor of the mean magnitude, as the published quantiser has it.
const FLOOR: f32 = 1e-5;

/// Values that are converted at a time: they stay in the first-level cache, and loops over them are vectorised.
const CHUNK: usize = 512;
/// Sums that run side by side, so that an addition need not wait for the one before.
const LANES: usize = 8;

/// How a file stores a number.
trait Element: Sync {
    const BYTES: usize;
    /// `values.len()` numbers from `values.len() * BYTES` bytes.
    fn read(bytes: &[u8], values: &mut [f32]);
}

struct F32;
struct F16;
struct Bf16;

impl Element for F32 {
    const BYTES: usize = 4;
    fn read(bytes: &[u8], values: &mut [f32]) {
        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = f32::from_le_bytes(*bytes);
        }
    }
}

impl Element for F16 {
    const BYTES: usize = 2;
    fn read(bytes: &[u8], values: &mut [f32]) {
        let mut halves = [half::f16::ZERO; CHUNK];
        for (half, bytes) in halves.iter_mut().zip(bytes.as_chunks().0) {
            *half = half::f16::from_le_bytes(*bytes);
        }
        halves[..values.len()].convert_to_f32_slice(values);
    }
}

impl Element for Bf16 {
    const BYTES: usize = 2;
    fn read(bytes: &[u8], values: &mut [f32]) {
        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
        }
    }
}

/// Calls `with` for the values of a row, chunk by chunk, together with the chunk's first column.
#[inline(always)]
fn chunks<E: Element>(row: &[u8], mut with: impl FnMut(usize, &[f32])) {
    let mut values = [0.0; CHUNK];
    for (i, bytes) in row.chunks(CHUNK * E::BYTES).enumerate() {
        let values = &mut values[..bytes.len() / E::BYTES];
        E::read(bytes, values);
        with(i * CHUNK, values);
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
    // In a fixed order and float64: the mean must not depend on threads, and float32 would lose 2 % of it.
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
    let mut sums = [0f64; LANES];
    let mut smallest = [f32::INFINITY; LANES];
    let mut largest = [0f32; LANES];
    chunks::<E>(row, |_, values| {
        for values in values.chunks(LANES) {
            for (lane, value) in values.iter().enumerate() {
                let w = value.abs();
                sums[lane] += f64::from(w);
                largest[lane] = if w > largest[lane] { w } else { largest[lane] };
                let counts = w > 0.0 && w < smallest[lane];
                smallest[lane] = if counts { w } else { smallest[lane] };
            }
        }
    });
    RowFacts {
        sum: sums.iter().sum(),
        smallest: smallest.into_iter().fold(f32::INFINITY, f32::min),
        largest: largest.into_iter().fold(0.0, f32::max),
    }
}

impl<E: Element> RowDecoder for Quantised<'_, E> {
    /// The nearest of -1, 0 and 1, halves to 0: what rounding half to even and clamping gives.
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        let row_bytes = self.cols * E::BYTES;
        let bytes = &self.bytes[row * row_bytes..][..row_bytes];
        chunks::<E>(bytes, |first, values| {
            for (code, value) in codes[first..].iter_mut().zip(values) {
                let w = value * self.inverse;
                *code = i8::from(w > 0.5) - i8::from(w < -0.5);
            }
        });
        Ok(())
    }
}

impl<E: Element> RowDecoder for Codes<'_, E> {
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        let row_bytes = self.cols * E::BYTES;
        let bytes = &self.bytes[row * row_bytes..][..row_bytes];
        let mut good = true;
        chunks::<E>(bytes, |first, values| {
            for (code, &value) in codes[first..].iter_mut().zip(values) {
                *code = i8::from(value > 0.0) - i8::from(value < 0.0);
                good &= value == f32::from(*code);
            }
        });
        if good { Ok(()) } else { Err(BadCode) }
    }
}
