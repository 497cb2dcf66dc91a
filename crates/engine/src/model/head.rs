//! Embedding and language-model head: tables that are not ternary.

use std::ops::Range;

use rayon::{ThreadPool, prelude::*};
use tern_kernels::{HeadRows, embedding_row, head_logits};

use super::{aligned::Aligned, workers::Workers};
use crate::{
    LoadError,
    weights::{
        TensorType,
        formats::QuantisedRows,
        tensors::{TensorEntry, Tensors},
    },
};

/// Bytes of a file that are read before progress is told. Tests make tables of more than one piece.
const PIECE: usize = if cfg!(test) { 1 << 20 } else { 16 << 20 };
/// Numbers one task copies.
const TASK: usize = 32 << 10;

/// A table `[vocab][hidden]`, as precise as the file has it.
#[derive(Debug)]
pub(crate) struct Table(Values);

#[derive(Debug)]
enum Values {
    Bf16(Aligned<u16>),
    F16(Aligned<u16>),
    F32(Aligned<f32>),
    Int8 {
        codes: Aligned<i8>,
        /// One for each group of codes of a row.
        scales: Aligned<f32>,
    },
}

/// Copies numbers of `WIDTH` bytes on the current thread pool; whether all of them are finite.
fn copy<T: Send, const WIDTH: usize>(
    bytes: &[u8],
    out: &mut [T],
    read: impl Fn([u8; WIDTH]) -> T + Sync,
    is_finite: impl Fn(&T) -> bool + Sync,
) -> bool {
    let tasks = bytes.as_chunks().0.par_chunks(TASK);
    out.par_chunks_mut(TASK).zip(tasks).all(|(out, bytes)| {
        let mut finite = true;
        for (out, bytes) in out.iter_mut().zip(bytes) {
            *out = read(*bytes);
            finite &= is_finite(out);
        }
        finite
    })
}

/// Bytes a table takes in memory, for one found in a file.
pub(crate) fn table_bytes(entry: &TensorEntry) -> u64 {
    match QuantisedRows::of(&entry.kind) {
        Some(QuantisedRows { group, .. }) => {
            let codes = entry.shape.iter().product::<u64>();
            codes + codes / group as u64 * size_of::<f32>() as u64
        }
        None => entry.bytes,
    }
}

impl Table {
    /// Reads a table of `vocab` by `hidden` on the threads of `pool`, calling `progress` with the bytes of each
    /// piece.
    pub(crate) fn load(
        tensors: &Tensors,
        name: &str,
        entry: &TensorEntry,
        [vocab, hidden]: [usize; 2],
        pool: &ThreadPool,
        progress: &mut dyn FnMut(u64) -> Result<(), LoadError>,
    ) -> Result<Self, LoadError> {
        let field = format!("tensor {name}");
        let place = tensors.place(name);
        let bad = |problem: String| LoadError::invalid(place, &field, problem);
        if entry.shape != [vocab as u64, hidden as u64] {
            return Err(bad(format!(
                "has shape {:?}, but the model needs [{vocab}, {hidden}]",
                entry.shape
            )));
        }
        let file = &tensors.files[entry.file];
        // The bytes of a tensor lie in a file that fits the address space.
        let row_bytes = entry.bytes as usize / vocab;
        // Calls `decode` for pieces of whole rows: which numbers they are, and their bytes.
        let mut pieces = |decode: &mut (dyn FnMut(Range<usize>, &[u8]) -> bool + Send)| {
            let rows_per_piece = (PIECE / row_bytes.max(1)).max(1);
            for first in (0..vocab).step_by(rows_per_piece) {
                let rows = first..vocab.min(first + rows_per_piece);
                let offset = entry.offset + (rows.start * row_bytes) as u64;
                let len = (rows.len() * row_bytes) as u64;
                let bytes = file.read(offset, len, &field)?;
                // The disk goes on while these are decoded.
                file.will_need(offset + len, PIECE as u64);
                let numbers = rows.start * hidden..rows.end * hidden;
                let finite = pool.install(|| decode(numbers, bytes));
                file.release(offset, len);
                if !finite {
                    return Err(bad("holds values that are not finite numbers".to_owned()));
                }
                progress(len)?;
            }
            Ok(())
        };
        let len = vocab * hidden;
        let mut halves = |infinity: u16| {
            let mut out = Aligned::zeros(place, len)?;
            pieces(&mut |range, bytes| {
                let is_finite = |bits: &u16| bits & infinity != infinity;
                copy(bytes, &mut out[range], u16::from_le_bytes, is_finite)
            })?;
            Ok(out)
        };
        if let Some(format) = QuantisedRows::of(&entry.kind) {
            let group = format.group;
            let mut codes = Aligned::zeros(place, len)?;
            let mut scales = Aligned::zeros(place, len / group)?;
            pieces(&mut |range, bytes| {
                let scales = &mut scales[range.start / group..range.end / group];
                let scales = scales.par_chunks_exact_mut(hidden / group);
                let codes = codes[range].par_chunks_exact_mut(hidden);
                let rows = bytes.par_chunks_exact(row_bytes).zip(codes).zip(scales);
                rows.all(|((bytes, codes), scales)| format.decode(bytes, codes, scales))
            })?;
            return Ok(Self(Values::Int8 { codes, scales }));
        }
        Ok(Self(match &entry.kind {
            TensorType::F16 => Values::F16(halves(0x7c00)?),
            TensorType::Bf16 => Values::Bf16(halves(0x7f80)?),
            TensorType::F32 => {
                let mut out = Aligned::zeros(place, len)?;
                pieces(&mut |range, bytes| {
                    let is_finite = |x: &f32| x.is_finite();
                    copy(bytes, &mut out[range], f32::from_le_bytes, is_finite)
                })?;
                Values::F32(out)
            }
            other => {
                let what = format!("an embedding of type {other} (tensor {name})");
                let remedy = "Choose a file with an F16, BF16, F32, Q8_0, Q6_K, Q5_0 or Q4_0 embedding, such as the published I2_S file.";
                return Err(LoadError::unsupported(place, what, remedy));
            }
        }))
    }

    /// A table of bf16 bits made in memory: `fill(row, bits)` writes each row, in parallel.
    pub(crate) fn from_bf16(
        [vocab, hidden]: [usize; 2],
        fill: impl Fn(usize, &mut [u16]) + Sync,
    ) -> Result<Self, LoadError> {
        let mut values = Aligned::zeros("the synthetic model", vocab * hidden)?;
        let rows = values.par_chunks_exact_mut(hidden);
        rows.enumerate().for_each(|(row, bits)| fill(row, bits));
        Ok(Self(Values::Bf16(values)))
    }

    fn rows(&self) -> HeadRows<'_> {
        match &self.0 {
            Values::Bf16(values) => HeadRows::Bf16(values),
            Values::F16(values) => HeadRows::F16(values),
            Values::F32(values) => HeadRows::F32(values),
            Values::Int8 { codes, scales } => HeadRows::Int8 { codes, scales },
        }
    }

    /// Bytes of the table.
    pub(crate) fn bytes(&self) -> usize {
        match &self.0 {
            Values::Bf16(values) | Values::F16(values) => values.bytes(),
            Values::F32(values) => values.bytes(),
            Values::Int8 { codes, scales } => codes.bytes() + scales.bytes(),
        }
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

#[cfg(test)]
mod tests;
