//! The short ways against the long one.

use super::{super::memory::WeightMemory, *};

/// A decoder with its short way hidden.
struct LongWay<'a>(&'a dyn RowDecoder);

impl RowDecoder for LongWay<'_> {
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        self.0.decode_row(row, codes)
    }
}

struct Runs {
    bytes: Vec<u8>,
    cols: usize,
}

struct Quarters {
    bytes: Vec<u8>,
    rows: usize,
    cols: usize,
}

impl RowDecoder for Runs {
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        for (col, code) in codes.iter_mut().enumerate() {
            let byte = self.bytes[row * self.cols / 4 + col / 128 * 32 + col % 32];
            let value = byte >> (6 - 2 * (col % 128 / 32)) & 3;
            *code = value as i8 - 1;
            if value == 3 {
                return Err(BadCode);
            }
        }
        Ok(())
    }

    fn two_bit(&self) -> Option<TwoBit<'_>> {
        Some(TwoBit::Runs(&self.bytes))
    }
}

impl RowDecoder for Quarters {
    fn decode_row(&self, row: usize, codes: &mut [i8]) -> Result<(), BadCode> {
        let quarter = self.rows / 4;
        for (col, code) in codes.iter_mut().enumerate() {
            let value = self.bytes[row % quarter * self.cols + col] >> (2 * (row / quarter)) & 3;
            *code = value as i8 - 1;
            if value == 3 {
                return Err(BadCode);
            }
        }
        Ok(())
    }

    fn two_bit(&self) -> Option<TwoBit<'_>> {
        Some(TwoBit::Quarters(&self.bytes))
    }
}

/// Bytes of four codes each, none of them 3.
fn bytes(n: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as u8 % 3
    };
    (0..n)
        .map(|_| next() | next() << 2 | next() << 4 | next() << 6)
        .collect()
}

fn packed(
    decoder: &dyn RowDecoder,
    rows: usize,
    cols: usize,
    order: RowOrder,
    into: Order,
) -> Result<Repacked, BadCode> {
    let bytes = PackedTernary::bytes_for(into, rows, cols);
    let mut memory = WeightMemory::new("a test", bytes as u64, 1).expect("memory");
    let piece = memory.take(bytes).expect("a piece");
    repack(decoder, rows, cols, order, into, piece)
}

const ORDERS: [Order; 3] = [Order::RowBlocks, Order::Rows, Order::Columns];

fn both(decoder: &dyn RowDecoder, rows: usize, cols: usize, order: RowOrder) {
    for into in ORDERS {
        both_into(decoder, rows, cols, order, into);
    }
}

fn both_into(decoder: &dyn RowDecoder, rows: usize, cols: usize, order: RowOrder, into: Order) {
    let short = packed(decoder, rows, cols, order, into).expect("sound codes");
    let long = packed(&LongWay(decoder), rows, cols, order, into).expect("sound codes");
    assert!(short.weights == long.weights, "{rows} by {cols}, {order:?}");
    assert_eq!(short.is_zero, long.is_zero);
    let mut codes = vec![0; cols];
    let mut stored = vec![0; cols];
    for row in 0..rows {
        short.weights.unpack_row(row, &mut codes);
        decoder
            .decode_row(order.file_row(row), &mut stored)
            .expect("sound codes");
        assert_eq!(codes, stored, "row {row}");
    }
}

#[test]
fn regrouped_bytes_are_the_weights_one_by_one_gives() {
    for (rows, cols) in [
        (16, 128),
        (64, 384),
        (192, 256),
        (80, 128),
        (24, 128),
        (512, 384),
    ] {
        let runs = Runs {
            bytes: bytes(rows * cols / 4, 7),
            cols,
        };
        both(&runs, rows, cols, RowOrder::AsStored);
        if rows % 16 == 0 {
            both(&runs, rows, cols, RowOrder::PairsOfHead { head_dim: 8 });
        }
    }
    for (rows, cols) in [
        (64, 16),
        (64, 48),
        (192, 256),
        (80, 32),
        (64, 24),
        (512, 256),
    ] {
        let quarters = Quarters {
            bytes: bytes(rows * cols / 4, 11),
            rows,
            cols,
        };
        both(&quarters, rows, cols, RowOrder::AsStored);
        both(&quarters, rows, cols, RowOrder::PairsOfHead { head_dim: 8 });
    }
}

#[test]
fn a_code_of_three_anywhere_is_refused() {
    let (rows, cols) = (256, 128);
    for at in [0, 31, 32, 1000, rows * cols / 4 - 1] {
        for shift in [0, 2, 4, 6] {
            let mut all = bytes(rows * cols / 4, 3);
            all[at] |= 3 << shift;
            let runs = Runs {
                bytes: all.clone(),
                cols,
            };
            let quarters = Quarters {
                bytes: all,
                rows,
                cols,
            };
            let decoders: [&dyn RowDecoder; 2] = [&runs, &quarters];
            for (decoder, into) in decoders.iter().flat_map(|d| ORDERS.map(|into| (*d, into))) {
                let refused = packed(decoder, rows, cols, RowOrder::AsStored, into);
                assert!(refused.is_err(), "byte {at}, shift {shift}, {into:?}");
            }
        }
    }
}

#[test]
fn a_matrix_of_zeros_is_seen_and_one_weight_too() {
    let (rows, cols) = (256, 128);
    let zeros = vec![0b01_01_01_01; rows * cols / 4];
    let is_zero = |bytes: &[u8], quartered: bool| {
        let runs = Runs {
            bytes: bytes.to_vec(),
            cols,
        };
        let quarters = Quarters {
            bytes: bytes.to_vec(),
            rows,
            cols,
        };
        let decoder: &dyn RowDecoder = if quartered { &quarters } else { &runs };
        let zero = ORDERS.map(|into| {
            let repacked = packed(decoder, rows, cols, RowOrder::AsStored, into);
            repacked.expect("sound codes").is_zero
        });
        assert!(zero == [zero[0]; 3]);
        zero[0]
    };
    for quartered in [false, true] {
        assert!(is_zero(&zeros, quartered));
        let mut one = zeros.clone();
        one[1234] = 0b01_01_10_01;
        assert!(!is_zero(&one, quartered));
    }
}
