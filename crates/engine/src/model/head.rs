//! Embedding and language-model head: tables that are not ternary.

use std::{fmt, ops::Range};

use rayon::{ThreadPool, prelude::*};
use serde::{Deserialize, Serialize};
use tern_kernels::{BLOCK_ROWS, HeadRows, Isa, dot_f32, embedding_row, head_logits};

use super::{aligned::Aligned, workers::Workers};
use crate::{
    EngineError, LoadError,
    weights::{
        TensorType,
        file::Pieces,
        formats::QuantisedRows,
        tensors::{TensorEntry, Tensors},
    },
};

mod planes;
mod screen;

pub(crate) use planes::Planes;
pub use screen::HeadReads;
pub(crate) use screen::{Need, Screen};

/// How the head's logits are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadMode {
    /// Screens all tokens with four bits of each weight, sharpens the best with eight, and computes the very best from the
    /// file's own numbers. Falls back to [`HeadMode::Exact`] for a token whenever the margin is small.
    #[default]
    Fast,
    /// Sharpens all tokens, and proves that the best are among those computed from the file's own numbers.
    Exact,
    /// Computes every logit from the file's own numbers, which are kept in memory.
    Full,
}

impl HeadMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Exact, Self::Full];

    /// `fast`, `exact` or `full`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Exact => "exact",
            Self::Full => "full",
        }
    }
}

/// A head of fewer numbers is over before screening it would pay.
const WORTH_SCREENING: usize = 16 << 20;

/// What loading makes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    /// The numbers themselves; otherwise rows are read from the file when they are wanted.
    pub(crate) in_memory: bool,
    /// Planes to screen with.
    pub(crate) planes: bool,
    pub(crate) isa: Isa,
}

impl Keep {
    /// What a mode needs of a table of `vocab` by `hidden`.
    pub(crate) fn of(mode: HeadMode, is_head: bool, [vocab, hidden]: [usize; 2], isa: Isa) -> Self {
        let large = vocab.saturating_mul(hidden) >= WORTH_SCREENING
            && hidden <= tern_kernels::MAX_PLANE_COLS
            && mode != HeadMode::Full;
        Self {
            in_memory: !large,
            planes: large && is_head,
            isa,
        }
    }
}

/// Bytes of a file that are read before progress is told. Tests make tables of more than one piece.
const PIECE: usize = if cfg!(test) { 1 << 20 } else { 16 << 20 };
/// Numbers one task copies.
const TASK: usize = 32 << 10;

/// A table `[vocab][hidden]`, as precise as the file has it.
#[derive(Debug)]
pub(crate) struct Table(Values);

#[derive(Debug)]
enum Values {
    /// Not in memory.
    Elsewhere(Rows),
    Bf16(Aligned<u16>),
    F16(Aligned<u16>),
    F32(Aligned<f32>),
    Int8 {
        codes: Aligned<i8>,
        /// One for each group of codes of a row.
        scales: Aligned<f32>,
    },
}

/// Writes the bf16 bits of the row of this number.
type MakeRow = dyn Fn(usize, &mut [u16]) + Send + Sync;

/// Where rows come from that are not in memory.
enum Rows {
    File {
        pieces: Pieces,
        entry: TensorEntry,
        row_bytes: usize,
    },
    /// A synthetic model.
    Made(Box<MakeRow>),
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { pieces, entry, .. } => {
                f.debug_tuple("File").field(pieces).field(entry).finish()
            }
            Self::Made(_) => f.write_str("Made"),
        }
    }
}

/// Turns rows of a file into numbers.
#[derive(Debug, Default)]
pub(crate) struct RowReader {
    bytes: Vec<u8>,
    halves: Vec<u16>,
    codes: Vec<i8>,
    scales: Vec<f32>,
}

impl RowReader {
    /// Decodes whole rows, `out.len()` numbers; whether all are finite.
    fn decode(&mut self, isa: Isa, kind: &TensorType, bytes: &[u8], out: &mut [f32]) -> bool {
        if let Some(format) = QuantisedRows::of(kind) {
            self.codes.resize(out.len(), 0);
            self.scales.resize(out.len() / format.group, 0.0);
            let finite = format.decode(bytes, &mut self.codes, &mut self.scales);
            let (codes, scales) = (&self.codes, &self.scales);
            embedding_row(isa, HeadRows::Int8 { codes, scales }, 0, out);
            return finite;
        }
        if *kind == TensorType::F32 {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *out = f32::from_le_bytes(*bytes);
            }
        } else {
            self.halves.clear();
            let halves = bytes.as_chunks().0.iter();
            self.halves
                .extend(halves.map(|half| u16::from_le_bytes(*half)));
            let rows = match kind {
                TensorType::F16 => HeadRows::F16(&self.halves),
                _ => HeadRows::Bf16(&self.halves),
            };
            embedding_row(isa, rows, 0, out);
        }
        let largest = out.iter().fold(0, |m, x| (x.to_bits() & !(1 << 31)).max(m));
        f32::from_bits(largest).is_finite()
    }
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

/// Bytes a table found in a file takes in memory, as models are usually loaded.
pub(crate) fn table_bytes(entry: &TensorEntry, is_head: bool) -> u64 {
    let [vocab, hidden] = *entry.shape.as_slice() else {
        return entry.bytes;
    };
    let shape = [vocab, hidden].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let keep = Keep::of(HeadMode::default(), is_head, shape, Isa::Scalar);
    if keep.planes {
        return planes::bytes_for(shape);
    }
    if !keep.in_memory {
        return 0;
    }
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
    /// piece. With it come the planes, if they are wanted.
    pub(crate) fn load(
        tensors: &Tensors,
        name: &str,
        entry: &TensorEntry,
        [vocab, hidden]: [usize; 2],
        keep: Keep,
        pool: &ThreadPool,
        progress: &mut dyn FnMut(u64) -> Result<(), LoadError>,
    ) -> Result<(Self, Option<Planes>), LoadError> {
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
            let rows_per_piece = (PIECE / row_bytes.max(1) / BLOCK_ROWS).max(1) * BLOCK_ROWS;
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
        let supported = QuantisedRows::of(&entry.kind).is_some()
            || matches!(
                entry.kind,
                TensorType::F16 | TensorType::Bf16 | TensorType::F32
            );
        let elsewhere = if keep.in_memory { None } else { file.pieces()? };
        if keep.planes && supported {
            let mut planes = Planes::new(place, vocab, hidden)?;
            pieces(&mut |range, bytes| {
                let rows = range.start / hidden..range.end / hidden;
                let decode = |reader: &mut RowReader, bytes: &[u8], out: &mut [f32]| {
                    reader.decode(keep.isa, &entry.kind, bytes, out)
                };
                planes.pack(keep.isa, rows, bytes, row_bytes, &decode)
            })?;
            if let Some(pieces) = elsewhere {
                let rows = Rows::File {
                    pieces,
                    entry: entry.clone(),
                    row_bytes,
                };
                return Ok((Self(Values::Elsewhere(rows)), Some(planes)));
            }
            // Of bytes in memory, the table is kept beside the planes: read once more.
            let keep = Keep {
                in_memory: true,
                planes: false,
                ..keep
            };
            let unseen = &mut |_| Ok(());
            let (table, _) = Self::load(tensors, name, entry, [vocab, hidden], keep, pool, unseen)?;
            return Ok((table, Some(planes)));
        }
        if let (Some(pieces), true) = (elsewhere, supported) {
            // Its rows are checked as they are read.
            progress(entry.bytes)?;
            let rows = Rows::File {
                pieces,
                entry: entry.clone(),
                row_bytes,
            };
            return Ok((Self(Values::Elsewhere(rows)), None));
        }
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
            return Ok((Self(Values::Int8 { codes, scales }), None));
        }
        let values = match &entry.kind {
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
        };
        Ok((Self(values), None))
    }

    /// A table of bf16 bits that `fill(row, bits)` writes, in parallel on the current pool.
    pub(crate) fn from_bf16(
        [vocab, hidden]: [usize; 2],
        keep: Keep,
        fill: impl Fn(usize, &mut [u16]) + Send + Sync + 'static,
    ) -> Result<(Self, Option<Planes>), LoadError> {
        const PLACE: &str = "the synthetic model";
        if keep.in_memory {
            let mut values = Aligned::zeros(PLACE, vocab * hidden)?;
            let rows = values.par_chunks_exact_mut(hidden);
            rows.enumerate().for_each(|(row, bits)| fill(row, bits));
            return Ok((Self(Values::Bf16(values)), None));
        }
        let planes = if keep.planes {
            let mut planes = Planes::new(PLACE, vocab, hidden)?;
            planes.make(keep.isa, |row, out| {
                let mut bits = vec![0; hidden];
                fill(row, &mut bits);
                embedding_row(keep.isa, HeadRows::Bf16(&bits), 0, out);
            });
            Some(planes)
        } else {
            None
        };
        Ok((Self(Values::Elsewhere(Rows::Made(Box::new(fill)))), planes))
    }

    /// A table of f32 numbers.
    #[cfg(test)]
    fn from_rows(rows: Vec<f32>) -> Result<Self, LoadError> {
        let mut values = Aligned::zeros("a test", rows.len())?;
        values.copy_from_slice(&rows);
        Ok(Self(Values::F32(values)))
    }

    fn rows(&self) -> Option<HeadRows<'_>> {
        Some(match &self.0 {
            Values::Bf16(values) => HeadRows::Bf16(values),
            Values::F16(values) => HeadRows::F16(values),
            Values::F32(values) => HeadRows::F32(values),
            Values::Int8 { codes, scales } => HeadRows::Int8 { codes, scales },
            Values::Elsewhere(_) => return None,
        })
    }

    /// Bytes of the table in memory.
    pub(crate) fn bytes(&self) -> usize {
        match &self.0 {
            Values::Bf16(values) | Values::F16(values) => values.bytes(),
            Values::F32(values) => values.bytes(),
            Values::Int8 { codes, scales } => codes.bytes() + scales.bytes(),
            Values::Elsewhere(_) => 0,
        }
    }

    /// Bytes of a row of `hidden` numbers.
    pub(crate) fn row_bytes(&self, hidden: usize) -> usize {
        match &self.0 {
            Values::Bf16(_) | Values::F16(_) | Values::Elsewhere(Rows::Made(_)) => 2 * hidden,
            Values::F32(_) => 4 * hidden,
            Values::Int8 { codes, scales } => {
                hidden + hidden * scales.bytes() / codes.bytes().max(1)
            }
            Values::Elsewhere(Rows::File { row_bytes, .. }) => *row_bytes,
        }
    }

    /// Checks that rows which are not in memory can still be had.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        match &self.0 {
            Values::Elsewhere(Rows::File { pieces, .. }) => pieces.check(),
            _ => Ok(()),
        }
    }

    /// The row of one token, `[hidden]`.
    pub(crate) fn row(
        &self,
        isa: Isa,
        token: usize,
        reader: &mut RowReader,
        out: &mut [f32],
    ) -> Result<(), EngineError> {
        match (self.rows(), &self.0) {
            (Some(rows), _) => embedding_row(isa, rows, token, out),
            (None, Values::Elsewhere(Rows::Made(fill))) => {
                reader.halves.resize(out.len(), 0);
                fill(token, &mut reader.halves);
                embedding_row(isa, HeadRows::Bf16(&reader.halves), 0, out);
            }
            (
                None,
                Values::Elsewhere(Rows::File {
                    pieces,
                    entry,
                    row_bytes,
                }),
            ) => {
                let mut bytes = std::mem::take(&mut reader.bytes);
                bytes.resize(*row_bytes, 0);
                pieces.read(entry.offset + (token * row_bytes) as u64, &mut bytes)?;
                // Finite when it was loaded, if it was looked at then; the sampler passes over what is not.
                reader.decode(isa, &entry.kind, &bytes, out);
                reader.bytes = bytes;
            }
            (None, _) => unreachable!("a table is in memory or elsewhere"),
        }
        Ok(())
    }

    /// One logit, the same bits as [`Self::logits`] gives.
    pub(crate) fn logit(
        &self,
        isa: Isa,
        token: usize,
        x: &[f32],
        reader: &mut RowReader,
        row: &mut Vec<f32>,
    ) -> Result<f32, EngineError> {
        row.resize(x.len(), 0.0);
        self.row(isa, token, reader, row)?;
        Ok(dot_f32(isa, row, x))
    }

    /// `logits[i] = row i . x` for all rows; `x` is `[hidden]`. Of a table that is not in memory, all of it is read.
    pub(crate) fn logits(
        &self,
        workers: Workers,
        x: &[f32],
        logits: &mut [f32],
    ) -> Result<(), EngineError> {
        if let Some(rows) = self.rows() {
            workers.split(logits, 1, self.bytes(), |first, out| {
                let range = first..first + out.len();
                head_logits(workers.isa, rows, range, x.len(), x, out);
            });
            return Ok(());
        }
        let mut tasks: Vec<_> = logits
            .chunks_mut(256)
            .enumerate()
            .map(|(i, out)| (i * 256, out, Ok(())))
            .collect();
        workers.team.for_each(&mut tasks, |(first, out, result)| {
            let (mut reader, mut row) = (RowReader::default(), Vec::new());
            for (token, out) in (*first..).zip(out.iter_mut()) {
                match self.logit(workers.isa, token, x, &mut reader, &mut row) {
                    Ok(logit) => *out = logit,
                    Err(e) => {
                        *result = Err(e);
                        return;
                    }
                }
            }
        });
        tasks.into_iter().try_for_each(|(_, _, result)| result)
    }
}

#[cfg(test)]
mod tests;
