//! A screened head against all logits of the same file.

use std::io::{Seek, SeekFrom, Write};

use half::bf16;
use rayon::ThreadPoolBuilder;
use tern_kernels::Isa;

use super::super::{HeadMode, Keep, Need, Planes, Screen, Table};
use crate::{
    EngineError,
    model::workers::Workers,
    sampler,
    team::Team,
    weights::{
        TensorType,
        file::ModelFile,
        tensors::{TensorEntry, Tensors},
    },
};

const VOCAB: usize = 40_000;
const HIDDEN: usize = 128;
const NAME: &str = "token_embd.weight";

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// About normal, of variance 1.
    fn normal(&mut self) -> f32 {
        let sum: f32 = (0..4)
            .map(|_| (self.next() >> 40) as f32 / (1 << 24) as f32)
            .sum();
        (sum - 2.0) * 3f32.sqrt()
    }
}

/// A head in a file, as loading leaves it.
struct Head {
    table: Table,
    planes: Planes,
    rows: Vec<f32>,
    file: tempfile::NamedTempFile,
}

impl Head {
    fn new() -> Self {
        let mut random = Random(7);
        // A few columns are much larger than the rest, as in heads that were trained.
        let spread: Vec<f32> = (0..HIDDEN)
            .map(|i| if i % 40 == 3 { 6.0 } else { 1.0 })
            .collect();
        let bits: Vec<bf16> = (0..VOCAB * HIDDEN)
            .map(|i| bf16::from_f32(random.normal() * spread[i % HIDDEN]))
            .collect();
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let bytes: Vec<u8> = bits
            .iter()
            .flat_map(|x| x.to_bits().to_le_bytes())
            .collect();
        file.write_all(&bytes).expect("it is written");
        file.flush().expect("it is written");
        let shape = vec![VOCAB as u64, HIDDEN as u64];
        let entry = TensorEntry {
            bytes: bytes.len() as u64,
            kind: TensorType::Bf16,
            shape,
            file: 0,
            offset: 0,
        };
        let tensors = Tensors {
            files: vec![ModelFile::open(file.path()).expect("a file")],
            entries: [(NAME.to_owned(), entry.clone())].into(),
        };
        let keep = Keep {
            in_memory: false,
            planes: true,
            isa: Isa::detect(),
        };
        let pool = ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .expect("a pool");
        let (shape, progress) = ([VOCAB, HIDDEN], &mut |_| Ok(()));
        let loaded = Table::load(&tensors, NAME, &entry, shape, keep, &pool, progress);
        let (table, planes) = loaded.expect("a sound table");
        Self {
            table,
            planes: planes.expect("they were asked for"),
            rows: bits.into_iter().map(bf16::to_f32).collect(),
            file,
        }
    }

    /// An input that leans towards a row, by how much differs.
    fn input(&self, random: &mut Random) -> Vec<f32> {
        let row = (random.next() % VOCAB as u64) as usize;
        let lean = [0.0, 0.05, 0.3][(random.next() % 3) as usize];
        let row = &self.rows[row * HIDDEN..(row + 1) * HIDDEN];
        row.iter()
            .map(|x| x * lean + random.normal() * 0.3)
            .collect()
    }

    fn logits(
        &self,
        workers: Workers,
        screen: &mut Screen,
        mode: HeadMode,
        need: Need,
        x: &[f32],
    ) -> Result<Vec<f32>, EngineError> {
        let mut logits = vec![f32::NAN; VOCAB];
        let head = (&self.table, &self.planes);
        screen.logits(workers, head, mode, need, x, &mut logits)?;
        Ok(logits)
    }
}

/// Ids by logit, best first, the lower id first among equals.
fn ranked(logits: &[f32], n: usize) -> Vec<usize> {
    let mut ids: Vec<usize> = (0..logits.len()).collect();
    let by = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
    ids.select_nth_unstable_by(n, by);
    ids.truncate(n);
    ids.sort_unstable_by(by);
    ids
}

fn same(a: &[f32], b: &[f32], ids: &[usize]) -> bool {
    ids.iter().all(|&id| a[id].to_bits() == b[id].to_bits())
}

/// Nats from what the full head says to what `logits` say.
fn divergence(full: &[f32], logits: &[f32]) -> f64 {
    let log_sum = |x: &[f32]| {
        let top = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        f64::from(top) + x.iter().map(|x| f64::from(x - top).exp()).sum::<f64>().ln()
    };
    let (a, b) = (log_sum(full), log_sum(logits));
    full.iter()
        .zip(logits)
        .map(|(&p, &q)| (f64::from(p) - a).exp() * ((f64::from(p) - a) - (f64::from(q) - b)))
        .sum()
}

/// Compares `positions` inputs, all logits of every `drawn`th; returns how many of these had all rows sharpened, and
/// the mean divergence.
fn check(positions: usize, drawn: usize, seed: u64) -> (usize, f64) {
    const TOP: usize = 40;
    let head = Head::new();
    let (mut random, team) = (Random(seed), Team::new(2).expect("threads"));
    let workers = Workers {
        isa: Isa::detect(),
        team: &team,
    };
    let full_table = Table::from_rows(head.rows.clone()).expect("memory");
    let mut screen = Screen::new(VOCAB, HIDDEN);
    let (mut fell_back, mut divergences) = (0, 0.0);
    for position in 0..positions {
        let x = head.input(&mut random);
        let mut full = vec![0.0; VOCAB];
        full_table
            .logits(workers, &x, &mut full)
            .expect("it is in memory");
        let best = [sampler::argmax(&full).index()];
        let fast = head
            .logits(workers, &mut screen, HeadMode::Fast, Need::Top(1), &x)
            .expect("the file is there");
        assert_eq!(
            sampler::argmax(&fast).index(),
            best[0],
            "position {position}"
        );
        assert!(same(&fast, &full, &best), "position {position}");
        if position % drawn == 0 {
            let best = ranked(&full, TOP);
            let exact = head
                .logits(workers, &mut screen, HeadMode::Exact, Need::Top(TOP), &x)
                .expect("the file is there");
            assert!(screen.reads.proven);
            assert_eq!(ranked(&exact, TOP), best, "position {position}");
            assert!(same(&exact, &full, &best), "position {position}");
            let draw = head
                .logits(workers, &mut screen, HeadMode::Fast, Need::Draw(1.0), &x)
                .expect("the file is there");
            assert_eq!(ranked(&draw, TOP), best, "position {position}");
            assert!(same(&draw, &full, &best), "position {position}");
            fell_back += usize::from(screen.reads.proven);
            let divergence = divergence(&full, &draw);
            assert!(divergence < 1e-2, "position {position}: {divergence}");
            divergences += divergence;
        }
    }
    (fell_back, divergences / positions.div_ceil(drawn) as f64)
}

#[test]
fn a_screened_head_picks_another_token() {
    let (_, divergence) = check(300, 10, 1);
    // The manifest of the references allows bfloat16 as much.
    assert!(divergence < 4e-4, "{divergence} nats from the full head");
}

#[test]
#[ignore = "full count: npm run test:full"]
fn a_screened_head_picks_another_token_in_a_million() {
    let asked = std::env::var("TERN_HEAD_POSITIONS").ok();
    let positions = asked.and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let (fell_back, divergence) = check(positions, 100, 2);
    println!(
        "{positions} positions, no other token; of {} drawn from, {fell_back} sharpened all rows; {divergence:e} nats on average",
        positions.div_ceil(100)
    );
}

#[test]
fn a_file_changed_while_it_is_used_answers_or_ends_the_program() {
    let head = Head::new();
    let team = Team::alone();
    let workers = Workers {
        isa: Isa::detect(),
        team: &team,
    };
    let x = head.input(&mut Random(3));
    let mut screen = Screen::new(VOCAB, HIDDEN);
    let mut answer = || head.logits(workers, &mut screen, HeadMode::Fast, Need::Top(1), &x);
    answer().expect("the file is there");
    // Moved and deleted, it is still the file that was opened.
    let mut file = head.file.as_file();
    file.set_len((VOCAB * HIDDEN) as u64)
        .expect("it is cut short");
    let error = answer().expect_err("half of it is gone").to_string();
    assert!(error.contains("load the model again"), "{error}");
    file.set_len((VOCAB * HIDDEN * 2) as u64)
        .expect("it is made longer");
    file.seek(SeekFrom::Start(0)).expect("a place");
    // Written at another time than it was opened at.
    std::thread::sleep(std::time::Duration::from_millis(20));
    file.write_all(&[1; 4096]).expect("it is written over");
    answer().expect_err("it is another file now");
}

#[test]
fn an_input_that_is_no_number_is_hidden() {
    let head = Head::new();
    let team = Team::alone();
    let workers = Workers {
        isa: Isa::detect(),
        team: &team,
    };
    let mut x = head.input(&mut Random(4));
    x[5] = f32::NAN;
    let mut screen = Screen::new(VOCAB, HIDDEN);
    let logits = head
        .logits(workers, &mut screen, HeadMode::Fast, Need::Draw(1.0), &x)
        .expect("the file is there");
    assert!(logits.iter().all(|x| x.is_nan()));
}
