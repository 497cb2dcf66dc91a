//! Two-bit codes from one grouping into another, four bytes at a time. Loading moves billions of them, so they are
//! never taken apart.
//!
//! In a file, one byte holds codes that lie far apart (32 columns, or a quarter of the rows). In a [`Line`], one byte
//! holds codes four columns apart. Sixteen bytes of a file, as four words, are therefore a 4 by 4 square of byte
//! groups whose transpose is wanted.

use std::ops::{BitOr, BitOrAssign};

use tern_kernels::{BLOCK_COLS, Line};

use super::BadCode;

/// Columns of an I2_S run.
pub(super) const RUN_COLS: usize = 128;
/// Bytes of a run.
const RUN_BYTES: usize = 32;
/// Rows in a byte of Hugging Face's packing.
pub(super) const QUARTERS: usize = 4;
/// The low bit of each code.
const LOW_BITS: u32 = 0x5555_5555;

/// What went by: whether there was a code 3, and a weight other than 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    threes: u32,
    weights: u32,
}

impl BitOr for Seen {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self {
            threes: self.threes | other.threes,
            weights: self.weights | other.weights,
        }
    }
}

impl BitOrAssign for Seen {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl Seen {
    #[inline(always)]
    fn word(&mut self, word: u32) {
        self.threes |= word & (word >> 1) & LOW_BITS;
        self.weights |= word ^ LOW_BITS;
    }

    /// Whether there was a weight other than 0.
    pub(super) fn verdict(self) -> Result<bool, BadCode> {
        if self.threes == 0 {
            Ok(self.weights != 0)
        } else {
            Err(BadCode)
        }
    }
}

/// Field `i` of every byte of word `f` becomes field `f` of the same byte of word `i`.
#[inline(always)]
fn transpose([a, b, c, d]: [u32; 4]) -> [u32; 4] {
    /// Swaps the fields of `low` that `mask` covers, `shift` bits up, with those of `high`.
    #[inline(always)]
    fn swap(low: u32, high: u32, shift: u32, mask: u32) -> (u32, u32) {
        let other = ((low >> shift) ^ high) & mask;
        (low ^ (other << shift), high ^ other)
    }
    let (a, b) = swap(a, b, 2, 0x3333_3333);
    let (c, d) = swap(c, d, 2, 0x3333_3333);
    let (a, c) = swap(a, c, 4, 0x0f0f_0f0f);
    let (b, d) = swap(b, d, 4, 0x0f0f_0f0f);
    [a, b, c, d]
}

/// Sixteen bytes of a file as four words.
#[inline(always)]
fn words(bytes: &[u8; BLOCK_COLS], seen: &mut Seen) -> [u32; 4] {
    let (four, _) = bytes.as_chunks::<4>();
    let words = [four[0], four[1], four[2], four[3]].map(u32::from_le_bytes);
    words.into_iter().for_each(|word| seen.word(word));
    words
}

/// One row of I2_S into row `row` of a row block.
pub(super) fn run_row(bytes: &[u8], row: usize, lines: &mut [Line]) -> Seen {
    let mut seen = Seen::default();
    let lines = lines.as_chunks_mut::<{ RUN_COLS / BLOCK_COLS }>().0;
    for (run, lines) in bytes.as_chunks::<RUN_BYTES>().0.iter().zip(lines) {
        for (half, bytes) in run.as_chunks::<BLOCK_COLS>().0.iter().enumerate() {
            let fields = transpose(words(bytes, &mut seen));
            // The first 32 weights are in the highest bits.
            for (group, fields) in fields.into_iter().rev().enumerate() {
                lines[2 * group + half].set_row(row, fields);
            }
        }
    }
    seen
}

/// One row of bytes of Hugging Face's packing into row `row` of four row blocks.
pub(super) fn quarters_row(bytes: &[u8], row: usize, blocks: [&mut [Line]; QUARTERS]) -> Seen {
    let mut seen = Seen::default();
    let [first, second, third, fourth] = blocks;
    let lines = first.iter_mut().zip(second).zip(third).zip(fourth);
    for (bytes, (((first, second), third), fourth)) in
        bytes.as_chunks::<BLOCK_COLS>().0.iter().zip(lines)
    {
        let fields = transpose(words(bytes, &mut seen));
        for (line, fields) in [first, second, third, fourth].into_iter().zip(fields) {
            line.set_row(row, fields);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_moves_every_field_to_its_mirror() {
        let field = |words: &[u32; 4], word: usize, byte: usize, field: usize| {
            words[word] >> (8 * byte + 2 * field) & 3
        };
        let mut state = 1u32;
        for _ in 0..100 {
            let square: [u32; 4] = std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state
            });
            let turned = transpose(square);
            for (word, byte, i) in (0..64).map(|n| (n / 16, n / 4 % 4, n % 4)) {
                assert_eq!(field(&turned, i, byte, word), field(&square, word, byte, i));
            }
        }
    }
}
