//! Two-bit codes from one grouping into another, four bytes at a time. Loading moves billions of them, so they are
//! never taken apart.
//!
//! In a file, one byte holds codes that lie far apart (32 columns, or a quarter of the rows). In a line of the kernels, one byte
//! holds codes four columns apart. Sixteen bytes of a file, as four words, are therefore a 4 by 4 square of byte
//! groups whose transpose is wanted.

use std::ops::{BitOr, BitOrAssign};

use tern_kernels::BLOCK_COLS;

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

/// One row of I2_S: `set(cell, fields)` gets every 16 columns.
#[inline(always)]
pub(super) fn run_row(bytes: &[u8], mut set: impl FnMut(usize, u32)) -> Seen {
    let mut seen = Seen::default();
    for (run, bytes) in bytes.as_chunks::<RUN_BYTES>().0.iter().enumerate() {
        for (half, bytes) in bytes.as_chunks::<BLOCK_COLS>().0.iter().enumerate() {
            let fields = transpose(words(bytes, &mut seen));
            // The first 32 weights are in the highest bits.
            for (group, fields) in fields.into_iter().rev().enumerate() {
                set(run * RUN_COLS / BLOCK_COLS + 2 * group + half, fields);
            }
        }
    }
    seen
}

/// One row of bytes of Hugging Face's packing: `set(quarter, cell, fields)` gets every 16 columns of four rows.
#[inline(always)]
pub(super) fn quarters_row(bytes: &[u8], mut set: impl FnMut(usize, usize, u32)) -> Seen {
    let mut seen = Seen::default();
    for (cell, bytes) in bytes.as_chunks::<BLOCK_COLS>().0.iter().enumerate() {
        let fields = transpose(words(bytes, &mut seen));
        for (quarter, fields) in fields.into_iter().enumerate() {
            set(quarter, cell, fields);
        }
    }
    seen
}

/// Four rows of I2_S, a quarter of the matrix apart, for 128 columns: `out` gets the four codes of each column.
#[inline(always)]
pub(super) fn run_of_quarters(
    rows: [&[u8; RUN_BYTES]; QUARTERS],
    out: &mut [u8; RUN_COLS],
) -> Seen {
    let mut seen = Seen::default();
    for at in (0..RUN_BYTES).step_by(4) {
        let words = rows.map(|row| {
            let four: &[u8; 4] = row[at..].first_chunk().expect("whole words");
            u32::from_le_bytes(*four)
        });
        words.into_iter().for_each(|word| seen.word(word));
        for (group, word) in transpose(words).into_iter().rev().enumerate() {
            out[group * RUN_BYTES + at..][..4].copy_from_slice(&word.to_le_bytes());
        }
    }
    seen
}

/// What goes by in bytes that are copied as they are.
#[inline(always)]
pub(super) fn look(bytes: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let (words, rest) = bytes.as_chunks();
    words
        .iter()
        .for_each(|word| seen.word(u32::from_le_bytes(*word)));
    for &byte in rest {
        // The other bytes of the word are zero weights.
        seen.word(u32::from(byte) | (LOW_BITS & !0xff));
    }
    seen
}

/// Eight rows of eight bytes, turned round.
#[inline(always)]
pub(super) fn transpose_bytes(rows: [u64; 8]) -> [u64; 8] {
    let mut x = rows;
    for (apart, shift, mask) in [
        (4, 32, 0x0000_0000_ffff_ffff_u64),
        (2, 16, 0x0000_ffff_0000_ffff),
        (1, 8, 0x00ff_00ff_00ff_00ff),
    ] {
        for i in 0..8 {
            if i & apart == 0 {
                let other = ((x[i] >> shift) ^ x[i + apart]) & mask;
                x[i] ^= other << shift;
                x[i + apart] ^= other;
            }
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_bytes_moves_every_byte_to_its_mirror() {
        let rows =
            std::array::from_fn(|r| u64::from_le_bytes(std::array::from_fn(|c| (8 * r + c) as u8)));
        let turned = transpose_bytes(rows);
        for (r, row) in turned.into_iter().enumerate() {
            assert_eq!(
                row.to_le_bytes(),
                std::array::from_fn(|c| (8 * c + r) as u8)
            );
        }
    }

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
