use super::*;
use crate::{common, weights::tensors::Tensors};

fn open<'a>(bytes: &'a [u8], kind: TensorType, rows: usize, cols: usize) -> Matrix<'a> {
    let entry = TensorEntry {
        kind,
        shape: vec![rows as u64, cols as u64],
        file: 0,
        offset: 0,
        bytes: bytes.len() as u64,
    };
    let source = MatrixSource {
        tensors: &Tensors::default(),
        naming: Naming::Gguf,
        scale_rule: ScaleRule::Multiply,
        may_quantise: true,
        name: "test",
        entry: &entry,
        rows,
        cols,
    };
    source.open(bytes).expect("a sound matrix")
}

fn rows(decoder: &dyn RowDecoder, n: usize, cols: usize) -> Vec<u8> {
    let mut codes = vec![0i8; n * cols];
    for (row, codes) in codes.chunks_exact_mut(cols).enumerate() {
        decoder.decode_row(row, codes).expect("ternary codes");
    }
    codes.into_iter().map(|c| c as u8).collect()
}

/// `ops.safetensors` holds one matrix in every form.
#[test]
fn one_matrix_decodes_the_same_from_every_form() {
    let ops = common::Tensors::read(&common::golden().join("ops.safetensors"));
    let want = ops.bytes("weight_quant.codes");
    let [n, cols] = *ops.shape("weight_quant.codes") else {
        panic!("a matrix")
    };
    let mean = ops.f32("weight_quant.mean")[0];

    assert_eq!(
        rows(
            &hf_packed::HfPacked::new(ops.bytes("weight_quant.packed"), n, cols),
            n,
            cols
        ),
        want
    );
    for (name, kind, tolerance) in [
        ("blocks.i2_s", TensorType::I2S, 1e-7),
        ("blocks.tq1_0", TensorType::Tq1_0, 1e-3),
        ("blocks.tq2_0", TensorType::Tq2_0, 1e-3),
    ] {
        let matrix = open(ops.bytes(name), kind, n, cols);
        assert_eq!(rows(&*matrix.decoder, n, cols), want, "{name}");
        assert!(
            (matrix.scale / mean - 1.0).abs() <= tolerance,
            "{name}: {} for {mean}",
            matrix.scale
        );
    }
    let master: Vec<u8> = ops
        .f32("weight_quant.w")
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    let matrix = open(&master, TensorType::F32, n, cols);
    assert_eq!(rows(&*matrix.decoder, n, cols), want);
    assert!(
        (matrix.scale / mean - 1.0).abs() <= 2e-7,
        "{} for {mean}",
        matrix.scale
    );
}

#[test]
fn a_float_matrix_of_one_magnitude_keeps_it_as_scale() {
    let values = [0.0f32, 0.75, -0.75, 0.0];
    let bytes: Vec<u8> = values.iter().flat_map(|w| w.to_le_bytes()).collect();
    let matrix = open(&bytes, TensorType::F32, 2, 2);
    assert_eq!(matrix.scale, 0.75);
    assert_eq!(rows(&*matrix.decoder, 2, 2), [0, 1, 255, 0]);
}

#[test]
fn blocks_of_zeros_may_have_no_scale_but_others_must_agree() {
    let block = |d: f32| {
        [
            vec![0b0110_0110; 64],
            half::f16::from_f32(d).to_le_bytes().to_vec(),
        ]
        .concat()
    };
    let good = [block(0.0), block(0.5)].concat();
    let (decoder, scale) = tq::open(&good, 256, false).expect("one scale");
    assert_eq!(scale, 0.5);
    let codes = rows(&*decoder, 2, 256);
    assert!(codes[..256].iter().all(|&c| c == 0) && codes[256..].iter().any(|&c| c != 0));
    assert!(tq::open(&[block(0.25), block(0.5)].concat(), 256, false).is_err());
}

#[test]
fn the_fourth_value_of_two_bits_is_refused() {
    let mut codes = [0; 4];
    assert_eq!(
        hf_packed::HfPacked::new(&[0b11], 4, 1).decode_row(0, &mut codes[..1]),
        Err(BadCode)
    );
    assert_eq!(
        hf_packed::HfPacked::new(&[0b10], 4, 1).decode_row(0, &mut codes[..1]),
        Ok(())
    );
    let mut i2_s = vec![0u8; 64];
    i2_s[3] = 0b0011_0000;
    let (decoder, _) = i2_s::open(&i2_s, 128).expect("a sound matrix");
    assert_eq!(decoder.decode_row(0, &mut [0; 128]), Err(BadCode));
}

/// Four million values: a running float32 sum stops noticing them, eight lanes lose less but still too much.
#[test]
fn the_mean_of_a_large_matrix_is_summed_in_single_precision() {
    let (n, cols) = (1024, 4096);
    let values: Vec<half::bf16> = (0..n * cols)
        .map(|i| half::bf16::from_f32(((i * 2_654_435_761usize) >> 7 & 1023) as f32 / 700.0 - 0.7))
        .collect();
    let bytes: Vec<u8> = values.iter().flat_map(|w| w.to_le_bytes()).collect();
    let matrix = open(&bytes, TensorType::Bf16, n, cols);
    let magnitudes = || values.iter().map(|w| w.to_f32().abs());
    let count = (n * cols) as f64;
    let exact = magnitudes().map(f64::from).sum::<f64>() / count;
    let inverse = 1.0 / exact as f32;
    assert_eq!(matrix.scale, 1.0 / inverse);
    let naive = f64::from(magnitudes().sum::<f32>()) / count;
    assert!(
        (naive / exact - 1.0).abs() > 1e-4,
        "{naive} for {exact}: the test would not see it"
    );
    let codes: Vec<u8> = values
        .iter()
        .map(|w| (w.to_f32() * inverse).round_ties_even().clamp(-1.0, 1.0) as i8 as u8)
        .collect();
    assert!(rows(&*matrix.decoder, n, cols) == codes);
}

/// `quantised_rows.safetensors` holds rows in each type with the numbers another program reads from them.
#[test]
fn quantised_rows_decode_to_other_numbers() {
    let golden = common::Tensors::read(&common::golden().join("quantised_rows.safetensors"));
    for kind in [
        TensorType::Q8_0,
        TensorType::Q6K,
        TensorType::Q5_0,
        TensorType::Q4_0,
    ] {
        let blocks = golden.bytes(&format!("{kind}.blocks"));
        let want = golden.f32(&format!("{kind}.values"));
        let [rows, columns] = *golden.shape(&format!("{kind}.values")) else {
            panic!("rows of {kind}")
        };
        let len = kind.byte_len(&[rows as u64, columns as u64]);
        assert_eq!(len, Some(blocks.len() as u64), "{kind}");
        let format = QuantisedRows::of(&kind).expect("it is one of them");
        let mut codes = vec![0; want.len()];
        let mut scales = vec![0.0; want.len() / format.group];
        assert!(format.decode(blocks, &mut codes, &mut scales));
        for (i, (&code, want)) in codes.iter().zip(want).enumerate() {
            let got = scales[i / format.group] * f32::from(code);
            assert_eq!(got.to_bits(), want.to_bits(), "{kind} number {i}");
        }
    }
}

#[test]
fn a_factor_that_is_no_number_is_taken() {
    for (kind, block, at) in [
        (TensorType::Q8_0, 34, 0),
        (TensorType::Q6K, 210, 208),
        (TensorType::Q5_0, 22, 0),
        (TensorType::Q4_0, 18, 0),
    ] {
        let format = QuantisedRows::of(&kind).expect("it is one of them");
        for factor in [half::f16::NAN, half::f16::INFINITY, half::f16::NEG_INFINITY] {
            // Of two blocks the last; all its codes and own scales are 0.
            let mut bytes = vec![0; 2 * block];
            bytes[block + at..][..2].copy_from_slice(&factor.to_le_bytes());
            let (mut codes, mut scales) = ([0; 512], [0.0; 32]);
            assert!(
                !format.decode(&bytes, &mut codes, &mut scales),
                "{kind} with {factor}"
            );
        }
    }
}
