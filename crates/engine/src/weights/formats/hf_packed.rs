//! Hugging Face packing: U8 `[rows / 4, cols]`, each byte holding four rows a quarter of the matrix apart.

use super::{BadCode, RowDecoder, TwoBit, two_bits};

pub(super) struct HfPacked<'a> {
    bytes: &'a [u8],
    quarter: usize,
    cols: usize,
}

impl<'a> HfPacked<'a> {
    /// `bytes` is `[rows / 4][cols]`.
    pub(super) fn new(bytes: &'a [u8], rows: usize, cols: usize) -> Self {
        Self {
            bytes,
            quarter: rows / 4,
            cols,
        }
    }
}

impl RowDecoder for HfPacked<'_> {
    /// Row `r` is bits `2q..2q+2` of byte row `r % quarter`, where `q = r / quarter`.
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        let bytes = &self.bytes[row % self.quarter * self.cols..][..self.cols];
        let shift = 2 * (row / self.quarter) as u32;
        if two_bits(bytes, shift, codes) {
            Ok(())
        } else {
            Err(BadCode)
        }
    }

    fn two_bit(&self) -> Option<TwoBit<'_>> {
        Some(TwoBit::Quarters(self.bytes))
    }
}
