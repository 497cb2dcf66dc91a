//! Tensor formats: each decoder gives the codes of one row of a matrix, in file terms.

use super::{
    TensorType, foreign,
    names::Naming,
    tensors::{TensorEntry, Tensors},
};
use crate::LoadError;

mod hf_packed;
mod i2_s;
mod master;
mod quantised_rows;
mod tq;

pub(crate) use quantised_rows::QuantisedRows;

/// A ternary matrix as a file holds it.
pub(crate) trait RowDecoder: Sync {
    /// Writes the codes (-1, 0, 1) of one row of the file's matrix.
    ///
    /// # Errors
    /// [`BadCode`] when the row holds something that is no ternary weight.
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode>;

    /// The matrix's bytes, where they are codes of two bits in an order that can be regrouped without taking them
    /// apart.
    fn two_bit(&self) -> Option<TwoBit<'_>> {
        None
    }
}

/// Bytes of four two-bit codes each, every one a code + 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TwoBit<'a> {
    /// `[rows][cols / 128][32]`: byte `j` of a run holds, from its highest bits down, the weights `j`, `j + 32`,
    /// `j + 64` and `j + 96` of 128.
    Runs(&'a [u8]),
    /// `[rows / 4][cols]`: each byte holds, from its lowest bits up, four rows a quarter of the matrix apart.
    Quarters(&'a [u8]),
}

/// A row holds a value that is no ternary weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadCode;

/// Writes the two bits from `shift` of each byte as a code; `true` if all of them were 0, 1 or 2.
#[inline]
fn two_bits(bytes: &[u8], shift: u32, codes: &mut [i8]) -> bool {
    let mut threes = 0;
    for (code, byte) in codes.iter_mut().zip(bytes) {
        let value = (byte >> shift) & 3;
        threes |= value & (value >> 1);
        *code = value as i8 - 1;
    }
    threes == 0
}

/// What a file's `weight_scale` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScaleRule {
    /// The mean magnitude: outputs are multiplied by it (`linear_class: autobitlinear`).
    Multiply,
    /// Its inverse: outputs are divided by it (`bitlinear`, and files that do not say).
    Divide,
}

/// A matrix found in a file: how to decode it and its scale.
pub(crate) struct Matrix<'a> {
    pub(crate) decoder: Box<dyn RowDecoder + 'a>,
    /// Factor of the outputs, finite and not negative.
    pub(crate) scale: f32,
}

/// Where a matrix is to be read from, and what is known about it.
#[derive(Clone, Copy)]
pub(crate) struct MatrixSource<'a> {
    pub(crate) tensors: &'a Tensors,
    pub(crate) naming: Naming,
    pub(crate) scale_rule: ScaleRule,
    /// Float values may be master weights, to be quantised.
    pub(crate) may_quantise: bool,
    pub(crate) name: &'a str,
    pub(crate) entry: &'a TensorEntry,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
}

impl MatrixSource<'_> {
    /// Recognises the format and checks shape and scale. `bytes` are the tensor's.
    ///
    /// # Errors
    /// When shape, type or scale are not what the model needs.
    pub(crate) fn open<'a>(&self, bytes: &'a [u8]) -> Result<Matrix<'a>, LoadError> {
        let kind = &self.entry.kind;
        if matches!(kind, TensorType::Foreign(_)) || QuantisedRows::of(kind).is_some() {
            let what = format!("the weight format {kind} (tensor {})", self.name);
            return Err(LoadError::unsupported(
                self.tensors.place(self.name),
                what,
                foreign::remedy(&kind.to_string()),
            ));
        }
        let (rows, cols) = (self.rows as u64, self.cols as u64);
        let shape = self.entry.shape.as_slice();
        let quartered = self.entry.kind == TensorType::U8
            && shape == [rows / 4, cols]
            && rows.is_multiple_of(4);
        if !quartered && shape != [rows, cols] {
            return Err(self.bad(format!(
                "has shape {shape:?}, but the model needs [{rows}, {cols}]"
            )));
        }
        let stored = self.stored_scale()?;
        let (decoder, scale): (Box<dyn RowDecoder + 'a>, f32) = match &self.entry.kind {
            TensorType::U8 if quartered => {
                let scale = stored.ok_or_else(|| {
                    let name = self.naming.scale(self.name);
                    LoadError::missing(self.tensors.place(self.name), format!("tensor {name}"))
                })?;
                (
                    Box::new(hf_packed::HfPacked::new(bytes, self.rows, self.cols)),
                    scale,
                )
            }
            TensorType::I2S => {
                let (decoder, scale) = i2_s::open(bytes, self.cols).map_err(|what| {
                    let what = format!("{what} (tensor {})", self.name);
                    LoadError::unsupported(self.tensors.place(self.name), what, foreign::GET_FOLDER)
                })?;
                (Box::new(decoder), scale * stored.unwrap_or(1.0))
            }
            TensorType::Tq1_0 | TensorType::Tq2_0 => {
                let one = self.entry.kind == TensorType::Tq1_0;
                let (decoder, scale) =
                    tq::open(bytes, self.cols, one).map_err(|problem| self.bad(problem))?;
                (decoder, scale * stored.unwrap_or(1.0))
            }
            TensorType::F32 | TensorType::F16 | TensorType::Bf16 => match (self.naming, stored) {
                (Naming::HuggingFace, Some(scale)) => (
                    master::open_codes(bytes, &self.entry.kind, self.cols),
                    scale,
                ),
                (_, stored) => {
                    let master = master::open(bytes, &self.entry.kind, self.cols)
                        .map_err(|problem| self.bad(problem))?;
                    if !master.is_ternary && !self.may_quantise {
                        let what = format!("ordinary (not ternary) weights (tensor {})", self.name);
                        return Err(LoadError::unsupported(
                            self.tensors.place(self.name),
                            what,
                            foreign::GET_TERNARY,
                        ));
                    }
                    (master.decoder, master.scale * stored.unwrap_or(1.0))
                }
            },
            // Foreign and quantised types were refused above; a U8 matrix that is not a quarter high is not packed.
            other => return Err(self.bad(format!("has type {other} with shape {shape:?}"))),
        };
        if !(scale.is_finite() && scale >= 0.0) {
            return Err(self.bad(format!(
                "has the scale {scale}, but a scale is a positive number"
            )));
        }
        Ok(Matrix { decoder, scale })
    }

    /// Whether all weights are zero. Float weights are only looked at, not quantised.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn is_zero(&self, bytes: &[u8]) -> Result<bool, LoadError> {
        if let TensorType::F32 | TensorType::F16 | TensorType::Bf16 = self.entry.kind {
            // Any bit but a sign, the highest of the last byte of each number.
            let width = if self.entry.kind == TensorType::F32 {
                4
            } else {
                2
            };
            return Ok(bytes.chunks_exact(width).all(|number| {
                let (sign, rest) = number.split_last().unwrap_or((&0, &[]));
                sign & 0x7f == 0 && rest.iter().all(|&byte| byte == 0)
            }));
        }
        let matrix = self.open(bytes)?;
        let mut codes = vec![0; self.cols];
        for row in 0..self.rows {
            let sound = matrix.decoder.decode_row(row, &mut codes).is_ok();
            // A row that is no ternary one is not zero either; loading will say what it is.
            if !sound || codes.iter().any(|&code| code != 0) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The scale stored in a tensor of its own, as a factor of the outputs.
    fn stored_scale(&self) -> Result<Option<f32>, LoadError> {
        let name = self.naming.scale(self.name);
        let Some(entry) = self.tensors.entries.get(&name) else {
            return Ok(None);
        };
        let scale = self.tensors.read_vector(&name, entry, 1)?[0];
        let divide = self.naming == Naming::HuggingFace && self.scale_rule == ScaleRule::Divide;
        Ok(Some(if divide { 1.0 / scale } else { scale }))
    }

    fn bad(&self, problem: String) -> LoadError {
        LoadError::invalid(
            self.tensors.place(self.name),
            format!("tensor {}", self.name),
            problem,
        )
    }
}

#[cfg(test)]
mod tests;
