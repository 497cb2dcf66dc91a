//! bitnet.cpp's I2_S: runs of 128 weights in 32 bytes, then one float32 scale for the whole matrix.

use super::{BadCode, RowDecoder, TwoBit, two_bits};

const RUN: usize = 128;
const RUN_BYTES: usize = 32;

pub(super) struct I2S<'a> {
    codes: &'a [u8],
    cols: usize,
}

/// `bytes` are the tensor's: `rows * cols / 4` of codes, the scale, 28 bytes of anything. Where rows are no multiple
/// of a run, runs would straddle rows; bitnet.cpp's own kernels do not read such files (numerics 4.4).
///
/// # Errors
/// What about the file is not supported.
pub(super) fn open(bytes: &[u8], cols: usize) -> Result<(I2S<'_>, f32), String> {
    if !cols.is_multiple_of(RUN) {
        return Err(format!(
            "I2_S in rows of {cols} weights, which is no multiple of {RUN}"
        ));
    }
    let (codes, tail) = bytes.split_at(bytes.len() - 32);
    let scale = f32::from_le_bytes(*tail.first_chunk().expect("the tail has 32 bytes"));
    Ok((I2S { codes, cols }, scale))
}

impl RowDecoder for I2S<'_> {
    /// Byte `j` of a run: bits 7..6 are weight `j`, 5..4 `j + 32`, 3..2 `j + 64`, 1..0 `j + 96`.
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        let bytes = &self.codes[row * self.cols / 4..][..self.cols / 4];
        let mut good = true;
        for (run, codes) in bytes
            .chunks_exact(RUN_BYTES)
            .zip(codes.chunks_exact_mut(RUN))
        {
            for (codes, shift) in codes.chunks_exact_mut(RUN_BYTES).zip([6, 4, 2, 0]) {
                good &= two_bits(run, shift, codes);
            }
        }
        if good { Ok(()) } else { Err(BadCode) }
    }

    fn two_bit(&self) -> Option<TwoBit<'_>> {
        Some(TwoBit::Runs(self.codes))
    }
}
