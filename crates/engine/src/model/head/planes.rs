//! The planes of a head in memory.

use std::ops::Range;

use rayon::prelude::*;
use tern_kernels::{
    BLOCK_ROWS, HeadPlanes, Isa, Line, PlaneRow, high_lines, low_lines, pack_planes,
};

use super::{super::aligned::Aligned, RowReader};
use crate::LoadError;

/// Four and eight bits of every weight of a head, `[vocab][hidden]`.
#[derive(Debug)]
pub(crate) struct Planes {
    hidden: usize,
    high: Aligned<Line>,
    low: Aligned<Line>,
    rows: Aligned<PlaneRow>,
}

/// Bytes the planes of a head take.
pub(super) fn bytes_for([vocab, hidden]: [usize; 2]) -> u64 {
    let lines = vocab.div_ceil(BLOCK_ROWS) * high_lines(hidden) + vocab * low_lines(hidden);
    (lines * size_of::<Line>() + vocab * size_of::<PlaneRow>()) as u64
}

/// One row block of each part.
type Block<'a> = ((&'a mut [Line], &'a mut [Line]), &'a mut [PlaneRow]);

/// Decodes whole rows; whether all their numbers are finite.
pub(super) type Decode<'a> = &'a (dyn Fn(&mut RowReader, &[u8], &mut [f32]) -> bool + Sync);

impl Planes {
    /// Room for a head, to be filled by [`Self::pack`]; `place` is what errors call its file.
    pub(super) fn new(place: &str, vocab: usize, hidden: usize) -> Result<Self, LoadError> {
        Ok(Self {
            hidden,
            high: Aligned::zeros(place, vocab.div_ceil(BLOCK_ROWS) * high_lines(hidden))?,
            low: Aligned::zeros(place, vocab * low_lines(hidden))?,
            rows: Aligned::zeros(place, vocab)?,
        })
    }

    /// The row blocks of `rows`, which begin at a block.
    fn blocks(&mut self, rows: Range<usize>) -> impl IndexedParallelIterator<Item = Block<'_>> {
        let (high, low) = (high_lines(self.hidden), low_lines(self.hidden));
        let blocks = rows.start / BLOCK_ROWS..rows.end.div_ceil(BLOCK_ROWS);
        self.high[blocks.start * high..blocks.end * high]
            .par_chunks_mut(high)
            .zip(self.low[rows.start * low..rows.end * low].par_chunks_mut(BLOCK_ROWS * low))
            .zip(self.rows[rows].par_chunks_mut(BLOCK_ROWS))
    }

    /// Packs `rows` from a file's `bytes`, on the current pool; whether all numbers are finite.
    pub(super) fn pack(
        &mut self,
        isa: Isa,
        rows: Range<usize>,
        bytes: &[u8],
        row_bytes: usize,
        decode: Decode,
    ) -> bool {
        let hidden = self.hidden;
        self.blocks(rows)
            .zip(bytes.par_chunks(BLOCK_ROWS * row_bytes))
            .map_init(
                || (RowReader::default(), vec![0.0; BLOCK_ROWS * hidden]),
                |(reader, numbers), (((high, low), info), bytes)| {
                    let numbers = &mut numbers[..info.len() * hidden];
                    let finite = decode(reader, bytes, numbers);
                    pack_planes(isa, numbers, hidden, high, low, info);
                    finite
                },
            )
            .reduce(|| true, |a, b| a && b)
    }

    /// Packs rows that `fill(row, numbers)` makes, on the current pool.
    pub(super) fn make(&mut self, isa: Isa, fill: impl Fn(usize, &mut [f32]) + Sync) {
        let (hidden, vocab) = (self.hidden, self.rows.len());
        self.blocks(0..vocab).enumerate().for_each_init(
            || vec![0.0; BLOCK_ROWS * hidden],
            |numbers, (block, ((high, low), info))| {
                let numbers = &mut numbers[..info.len() * hidden];
                for (i, row) in numbers.chunks_exact_mut(hidden).enumerate() {
                    fill(block * BLOCK_ROWS + i, row);
                }
                pack_planes(isa, numbers, hidden, high, low, info);
            },
        );
    }

    pub(super) fn get(&self) -> HeadPlanes<'_> {
        HeadPlanes::new(self.hidden, &self.high, &self.low, &self.rows)
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.high.bytes() + self.low.bytes() + self.rows.bytes()
    }
}
