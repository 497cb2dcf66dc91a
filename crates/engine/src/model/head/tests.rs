use std::io::Write;

use rayon::ThreadPoolBuilder;
use tern_kernels::Isa;

use super::*;
use crate::weights::file::ModelFile;

mod screen;

const NAME: &str = "token_embd.weight";
const HIDDEN: usize = 4096;

/// A row whose numbers all are `x`, which BF16 can hold.
fn row(kind: &TensorType, x: f32) -> Vec<u8> {
    let factor = |x: f32| half::f16::from_f32(x).to_le_bytes();
    match kind {
        TensorType::F32 => x.to_le_bytes().repeat(HIDDEN),
        TensorType::F16 => factor(x).repeat(HIDDEN),
        TensorType::Bf16 => half::bf16::from_f32(x).to_le_bytes().repeat(HIDDEN),
        TensorType::Q8_0 => [&factor(x)[..], &[1; 32]].concat().repeat(HIDDEN / 32),
        TensorType::Q5_0 => [&factor(-x)[..], &[0; 4], &[0xff; 16]]
            .concat()
            .repeat(HIDDEN / 32),
        TensorType::Q4_0 => [&factor(x)[..], &[0x99; 16]].concat().repeat(HIDDEN / 32),
        TensorType::Q6K => [&[0x11; 128][..], &[0xaa; 64], &[1; 16], &factor(x)]
            .concat()
            .repeat(HIDDEN / 256),
        other => panic!("no table of {other}"),
    }
}

/// A table in a file of its own, of a little more than two pieces; the numbers of row `r` are `quarters(r) / 4`.
struct Case {
    tensors: Tensors,
    entry: TensorEntry,
    vocab: usize,
    _folder: tempfile::TempDir,
}

impl Case {
    fn new(kind: TensorType, quarters: impl Fn(usize) -> f32) -> Self {
        let vocab = 2 * PIECE / row(&kind, 1.0).len() + 7;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table");
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
        // The table does not begin at a page.
        file.write_all(&[0xff; 32]).expect("it is written");
        for r in 0..vocab {
            let bytes = row(&kind, quarters(r) / 4.0);
            file.write_all(&bytes).expect("it is written");
        }
        drop(file);
        let shape = vec![vocab as u64, HIDDEN as u64];
        let entry = TensorEntry {
            bytes: kind.byte_len(&shape).expect("rows of whole blocks"),
            kind,
            shape,
            file: 0,
            offset: 32,
        };
        let tensors = Tensors {
            files: vec![ModelFile::open(&path).expect("a file")],
            entries: [(NAME.to_owned(), entry.clone())].into(),
        };
        Self {
            tensors,
            entry,
            vocab,
            _folder: folder,
        }
    }

    fn load(
        &self,
        threads: usize,
        progress: &mut dyn FnMut(u64) -> Result<(), LoadError>,
    ) -> Result<Table, LoadError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let shape = [self.vocab, HIDDEN];
        let pool = pool.expect("a pool");
        let keep = Keep {
            in_memory: true,
            planes: false,
            isa: Isa::Scalar,
        };
        Table::load(
            &self.tensors,
            NAME,
            &self.entry,
            shape,
            keep,
            &pool,
            progress,
        )
        .map(|(table, _)| table)
    }
}

const ALL: [TensorType; 7] = [
    TensorType::F32,
    TensorType::F16,
    TensorType::Bf16,
    TensorType::Q8_0,
    TensorType::Q6K,
    TensorType::Q5_0,
    TensorType::Q4_0,
];

fn quarters(row: usize) -> f32 {
    (row % 125) as f32
}

#[test]
fn a_piece_of_a_large_table_lands_elsewhere() {
    for kind in ALL {
        let case = Case::new(kind.clone(), quarters);
        let mut calls = Vec::new();
        let table = case
            .load(3, &mut |bytes| {
                calls.push(bytes);
                Ok(())
            })
            .expect("a sound table");
        assert_eq!(calls.len(), 3, "{kind}");
        assert_eq!(calls.iter().sum::<u64>(), case.entry.bytes, "{kind}");
        assert_eq!(
            table.bytes() as u64,
            table_bytes(&case.entry, true),
            "{kind}"
        );
        let mut out = vec![0.0; HIDDEN];
        for r in 0..case.vocab {
            let read = table.row(Isa::Scalar, r, &mut RowReader::default(), &mut out);
            read.expect("it is in memory");
            let want = quarters(r) / 4.0;
            assert!(out.iter().all(|&x| x == want), "{kind} row {r}");
        }
        let aligned = match table.rows().expect("it is in memory") {
            HeadRows::Bf16(x) | HeadRows::F16(x) => x.as_ptr().addr(),
            HeadRows::F32(x) => x.as_ptr().addr(),
            HeadRows::Int8 { codes, scales } => codes.as_ptr().addr() | scales.as_ptr().addr(),
        };
        assert!(aligned.is_multiple_of(64), "{kind}");
    }
}

#[test]
fn a_number_that_is_none_hides_in_the_last_row() {
    for kind in ALL {
        for fault in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let last = 2 * PIECE / row(&kind, 1.0).len() + 6;
            let case = Case::new(kind.clone(), |r| if r == last { fault } else { 1.0 });
            let mut done = 0;
            let error = case.load(2, &mut |bytes| {
                done += bytes;
                Ok(())
            });
            let message = error.expect_err("it is refused").to_string();
            assert!(message.contains("tensor token_embd.weight"), "{message}");
            assert!(message.contains("not finite"), "{message}");
            assert!(done < case.entry.bytes, "{kind}: {done} bytes were good");
        }
    }
}

#[test]
fn a_table_is_read_to_its_end_after_a_stop() {
    let case = Case::new(TensorType::F16, quarters);
    let mut calls = 0;
    let stopped = case.load(2, &mut |_| {
        calls += 1;
        if calls == 2 {
            Err(LoadError::Cancelled)
        } else {
            Ok(())
        }
    });
    assert!(matches!(stopped, Err(LoadError::Cancelled)));
    assert_eq!(calls, 2);
}
