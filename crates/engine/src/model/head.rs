//! Embedding and language-model head: tables that are not ternary.

use rayon::prelude::*;
use tern_kernels::{HeadRows, embedding_row, head_logits};

use super::workers::Workers;
use crate::{
    LoadError,
    weights::{
        TensorType,
        tensors::{TensorEntry, Tensors},
    },
};

/// Bytes read from a file at a time.
const PIECE: usize = 8 << 20;
/// Floats cannot lie across this many bytes: tables begin at a multiple.
const ALIGNMENT: usize = 64;

/// A table `[vocab][hidden]`, as precise as the file has it.
#[derive(Debug)]
pub(crate) struct Table {
    values: Values,
    /// First element; the ones before it pad to a cache line.
    start: usize,
    len: usize,
}

#[derive(Debug)]
enum Values {
    Bf16(Vec<u16>),
    F16(Vec<u16>),
    F32(Vec<f32>),
}

/// Room for `len` elements from a multiple of 64 bytes on, and where that is.
fn aligned<T: Copy + Default>(len: usize) -> (Vec<T>, usize) {
    let values = vec![T::default(); len + ALIGNMENT / size_of::<T>()];
    let start = values
        .as_ptr()
        .align_offset(ALIGNMENT)
        .min(ALIGNMENT / size_of::<T>());
    (values, start)
}

impl Table {
    /// Reads a table of `vocab` by `hidden`, calling `progress` with the bytes of each piece.
    pub(crate) fn load(
        tensors: &Tensors,
        name: &str,
        entry: &TensorEntry,
        [vocab, hidden]: [usize; 2],
        progress: &mut dyn FnMut(u64) -> Result<(), LoadError>,
    ) -> Result<Self, LoadError> {
        let bad = |problem: String| {
            LoadError::invalid(tensors.place(name), format!("tensor {name}"), problem)
        };
        if entry.shape != [vocab as u64, hidden as u64] {
            return Err(bad(format!(
                "has shape {:?}, but the model needs [{vocab}, {hidden}]",
                entry.shape
            )));
        }
        let len = vocab * hidden;
        let mut pieces = |width: usize, with: &mut dyn FnMut(usize, &[u8])| {
            let mut buffer = vec![0; PIECE.min(len * width)];
            let mut done = 0;
            while done < len * width {
                let piece = &mut buffer[..PIECE.min(len * width - done)];
                let field = format!("tensor {name}");
                tensors.files[entry.file].read_into(entry.offset + done as u64, piece, &field)?;
                with(done / width, piece);
                done += piece.len();
                progress(piece.len() as u64)?;
            }
            Ok(())
        };
        let (values, start) = match &entry.kind {
            TensorType::F32 => {
                let (mut values, start) = aligned::<f32>(len);
                pieces(4, &mut |at, bytes| {
                    for (value, bytes) in values[start + at..].iter_mut().zip(bytes.as_chunks().0) {
                        *value = f32::from_le_bytes(*bytes);
                    }
                })?;
                (Values::F32(values), start)
            }
            TensorType::F16 | TensorType::Bf16 => {
                let (mut values, start) = aligned::<u16>(len);
                pieces(2, &mut |at, bytes| {
                    for (value, bytes) in values[start + at..].iter_mut().zip(bytes.as_chunks().0) {
                        *value = u16::from_le_bytes(*bytes);
                    }
                })?;
                let values = if entry.kind == TensorType::F16 {
                    Values::F16(values)
                } else {
                    Values::Bf16(values)
                };
                (values, start)
            }
            other => {
                let what = format!("an embedding of type {other} (tensor {name})");
                let remedy = "Choose a file with an F16, BF16 or F32 embedding, such as the published I2_S file.";
                return Err(LoadError::unsupported(tensors.place(name), what, remedy));
            }
        };
        let table = Self { values, start, len };
        if !table.is_finite() {
            return Err(bad("holds values that are not finite numbers".to_owned()));
        }
        Ok(table)
    }

    /// A table of bf16 bits made in memory: `fill(row, bits)` writes each row, in parallel.
    pub(crate) fn from_bf16(
        [vocab, hidden]: [usize; 2],
        fill: impl Fn(usize, &mut [u16]) + Sync,
    ) -> Self {
        let len = vocab * hidden;
        let (mut values, start) = aligned(len);
        let rows = values[start..start + len].par_chunks_exact_mut(hidden);
        rows.enumerate().for_each(|(row, bits)| fill(row, bits));
        Self {
            values: Values::Bf16(values),
            start,
            len,
        }
    }

    fn rows(&self) -> HeadRows<'_> {
        let range = self.start..self.start + self.len;
        match &self.values {
            Values::Bf16(values) => HeadRows::Bf16(&values[range]),
            Values::F16(values) => HeadRows::F16(&values[range]),
            Values::F32(values) => HeadRows::F32(&values[range]),
        }
    }

    /// Whether every value is a number: the exponent of none is all ones.
    fn is_finite(&self) -> bool {
        match self.rows() {
            HeadRows::Bf16(values) => values.iter().all(|v| v & 0x7f80 != 0x7f80),
            HeadRows::F16(values) => values.iter().all(|v| v & 0x7c00 != 0x7c00),
            HeadRows::F32(values) => values.iter().all(|v| v.is_finite()),
        }
    }

    /// Bytes of the table.
    pub(crate) fn bytes(&self) -> usize {
        let width = if matches!(self.values, Values::F32(_)) {
            4
        } else {
            2
        };
        self.len * width
    }

    /// The row of one token, `[hidden]`.
    pub(crate) fn row(&self, workers: Workers, token: usize, out: &mut [f32]) {
        embedding_row(workers.isa, self.rows(), token, out);
    }

    /// `logits[i] = row i . x` for all rows; `x` is `[hidden]`.
    pub(crate) fn logits(&self, workers: Workers, x: &[f32], logits: &mut [f32]) {
        workers.split(logits, 1, self.bytes(), |first, out| {
            head_logits(
                workers.isa,
                self.rows(),
                first..first + out.len(),
                x.len(),
                x,
                out,
            );
        });
    }
}
