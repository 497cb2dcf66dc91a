//! llama.cpp's TQ1_0 and TQ2_0: blocks of 256 weights along a row, each with its own f16 scale. In a BitNet
//! file all blocks of a matrix have the same one, except blocks of zeros, which have 0.

use half::f16;

use super::{BadCode, RowDecoder, two_bits};

const BLOCK: usize = 256;
const TQ1_BYTES: usize = 54;
const TQ2_BYTES: usize = 66;

struct Tq1<'a> {
    bytes: &'a [u8],
    cols: usize,
}

struct Tq2<'a> {
    bytes: &'a [u8],
    cols: usize,
}

/// The decoder and the scale all blocks share (1 for a matrix of zeros). `one` chooses TQ1_0.
pub(super) fn open(
    bytes: &[u8],
    cols: usize,
    one: bool,
) -> Result<(Box<dyn RowDecoder + '_>, f32), String> {
    let block_bytes = if one { TQ1_BYTES } else { TQ2_BYTES };
    let mut scale = 0.0;
    for (i, block) in bytes.chunks_exact(block_bytes).enumerate() {
        let d = block_scale(block);
        if d == 0.0 {
            continue;
        }
        if scale == 0.0 {
            scale = d;
        }
        if d != scale {
            return Err(format!(
                "has blocks of different scales ({scale} and {d} in block {i}): not a BitNet matrix"
            ));
        }
    }
    let scale = if scale == 0.0 { 1.0 } else { scale };
    Ok(if one {
        (Box::new(Tq1 { bytes, cols }), scale)
    } else {
        (Box::new(Tq2 { bytes, cols }), scale)
    })
}

/// The f16 at the end of a block.
fn block_scale(block: &[u8]) -> f32 {
    f16::from_le_bytes(*block.last_chunk().expect("a block ends in two bytes")).to_f32()
}

fn row_blocks(
    bytes: &[u8],
    row: usize,
    cols: usize,
    block_bytes: usize,
) -> impl Iterator<Item = &[u8]> {
    let row_bytes = cols / BLOCK * block_bytes;
    bytes[row * row_bytes..][..row_bytes].chunks_exact(block_bytes)
}

impl RowDecoder for Tq1<'_> {
    /// Five trits a byte, the first the most significant: 32 bytes for weights 0..160, 16 for 160..240; then
    /// four bytes of four trits for 240..256.
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        for (block, codes) in
            row_blocks(self.bytes, row, self.cols, TQ1_BYTES).zip(codes.chunks_exact_mut(BLOCK))
        {
            if block_scale(block) == 0.0 {
                codes.fill(0);
                continue;
            }
            trits(&block[..32], &mut codes[..160]);
            trits(&block[32..48], &mut codes[160..240]);
            trits(&block[48..52], &mut codes[240..]);
        }
        Ok(())
    }
}

/// Trit `i` of byte `j` becomes `codes[i * bytes.len() + j]`.
fn trits(bytes: &[u8], codes: &mut [i8]) {
    let mut power = 1u8;
    for codes in codes.chunks_exact_mut(bytes.len()) {
        for (code, byte) in codes.iter_mut().zip(bytes) {
            let trit = (u16::from(byte.wrapping_mul(power)) * 3) >> 8;
            *code = trit as i8 - 1;
        }
        power = power.wrapping_mul(3);
    }
}

impl RowDecoder for Tq2<'_> {
    /// Two runs of 128 weights in 32 bytes: bits 1..0 are weight `j`, 3..2 `j + 32`, and so on.
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        let mut good = true;
        for (block, codes) in
            row_blocks(self.bytes, row, self.cols, TQ2_BYTES).zip(codes.chunks_exact_mut(BLOCK))
        {
            if block_scale(block) == 0.0 {
                codes.fill(0);
                continue;
            }
            for (run, codes) in block[..64]
                .chunks_exact(32)
                .zip(codes.chunks_exact_mut(128))
            {
                for (codes, shift) in codes.chunks_exact_mut(32).zip([0, 2, 4, 6]) {
                    good &= two_bits(run, shift, codes);
                }
            }
        }
        if good { Ok(()) } else { Err(BadCode) }
    }
}
