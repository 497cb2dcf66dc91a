//! Logits by screening: all rows in four bits, the better ones in eight, the best from the file's own numbers.
//!
//! What is proven: a sharpened logit lies within its bound of the file's, so every row that could be among the best is
//! computed from the file's numbers, and the best logits are the head's own, bit for bit. What is not: that a row which
//! was screened out is not among the best. Its error would have to be eight times the spread that is seen on the rows
//! that were sharpened; where the margin is less than that, all rows are sharpened, which leaves nothing unproven.

use serde::Serialize;
use tern_kernels::{BLOCK_ROWS, PlaneInput, exp, high_lines, low_lines, screen, sharpen};

use super::{HeadMode, Planes, RowReader, Table};
use crate::{EngineError, model::workers::Workers};

/// Row blocks whose best row is sharpened at least.
const BLOCKS: usize = 1024;
/// Spreads of the screen's error between the rows that are kept and the best.
const MARGIN: f32 = 8.0;
/// When all logits are wanted, so many of the best are to be among the kept ones too: drawing seldom looks further. Each
/// is one of many and little likely, so a chance of about one in a million is margin enough.
const CANDIDATES: usize = 40;
const CANDIDATES_MARGIN: f32 = 5.0;
/// Probability that may lie on rows which are only screened, when all logits are wanted.
const LEFT_OUT: f32 = 1e-3;
/// When all logits are wanted, rows at least this likely against the best (as the exponent of e) are computed from the
/// file's numbers: between so many of them.
const LIKELY: f32 = -6.0;
const COMPUTED: std::ops::RangeInclusive<usize> = 64..=512;

/// What the logits are for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Need {
    /// The best so many, in order, exactly; the others may be rough.
    Top(usize),
    /// To draw from all of them, at this temperature.
    Draw(f32),
}

/// What the head read for the last token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HeadReads {
    /// Rows that were sharpened with their lower four bits.
    pub sharpened: usize,
    /// Rows computed from the file's numbers.
    pub computed: usize,
    /// Whether the best are proven to be the best of all rows.
    pub proven: bool,
    /// Bytes.
    pub bytes: u64,
}

/// Buffers of one sequence.
#[derive(Debug)]
pub(crate) struct Screen {
    input: PlaneInput,
    sums: Vec<i32>,
    best: Vec<f32>,
    order: Vec<f32>,
    kept: Vec<u32>,
    sharp: Vec<f32>,
    certain: Vec<(u32, f32)>,
    pub(crate) reads: HeadReads,
}

/// A part of the screened rows.
struct Part<'a> {
    first: usize,
    sums: &'a mut [i32],
    logits: &'a mut [f32],
    best: &'a mut [f32],
}

impl Screen {
    pub(crate) fn new(vocab: usize, hidden: usize) -> Self {
        Self {
            input: PlaneInput::new(hidden),
            sums: vec![0; vocab],
            best: vec![0.0; vocab.div_ceil(BLOCK_ROWS)],
            order: Vec::new(),
            kept: Vec::new(),
            sharp: Vec::new(),
            certain: Vec::new(),
            reads: HeadReads::default(),
        }
    }

    /// Fills `logits`, `[vocab]`, for the head's input `x`: what `need` asks for as [`Table::logits`] would, the others
    /// nearly so.
    pub(crate) fn logits(
        &mut self,
        workers: Workers,
        (table, planes): (&Table, &Planes),
        mode: HeadMode,
        need: Need,
        x: &[f32],
        logits: &mut [f32],
    ) -> Result<(), EngineError> {
        self.reads = HeadReads::default();
        if !self.input.quantize(x) {
            self.reads.bytes = (logits.len() * table.row_bytes(x.len())) as u64;
            self.reads.proven = true;
            return table.logits(workers, x, logits);
        }
        self.screen(workers, planes, logits);
        self.reads.bytes = (self.best.len() * high_lines(x.len()) * 64) as u64;
        let mut all = mode == HeadMode::Exact;
        if !all {
            let floor = self.keep_best(logits);
            self.sharpen(workers, planes, x.len());
            let spread = self.spread(logits);
            all = match need {
                Need::Top(top) => !self.margin_holds(top, MARGIN * spread, floor, logits.len()),
                Need::Draw(temperature) => {
                    let candidates = CANDIDATES_MARGIN * spread;
                    !self.margin_holds(1, MARGIN * spread, floor, logits.len())
                        || !self.margin_holds(CANDIDATES, candidates, floor, logits.len())
                        || self.left_out(workers, temperature, floor, logits) > LEFT_OUT
                }
            };
        }
        if all {
            self.kept.clear();
            self.kept.extend(0..logits.len() as u32);
            self.sharpen(workers, planes, x.len());
        }
        self.reads.proven = all;
        for (&row, &sharp) in self.kept.iter().zip(&self.sharp) {
            logits[row as usize] = sharp;
        }
        self.compute(workers, (table, planes), need, x, logits)
    }

    /// All rows by the upper plane.
    fn screen(&mut self, workers: Workers, planes: &Planes, logits: &mut [f32]) {
        let planes = planes.get();
        let bytes = self.best.len() * high_lines(self.input.cols()) * 64;
        let mut parts = Vec::new();
        let (mut first, mut sums) = (0, self.sums.as_mut_slice());
        let (mut logits, mut best) = (logits, self.best.as_mut_slice());
        for blocks in workers.cuts(best.len(), bytes) {
            let rows = (blocks * BLOCK_ROWS).min(sums.len());
            let (part_sums, rest_sums) = sums.split_at_mut(rows);
            let (part_logits, rest_logits) = logits.split_at_mut(rows);
            let (part_best, rest_best) = best.split_at_mut(blocks);
            parts.push(Part {
                first,
                sums: part_sums,
                logits: part_logits,
                best: part_best,
            });
            (first, sums, logits, best) = (first + blocks, rest_sums, rest_logits, rest_best);
        }
        let input = &self.input;
        workers.team.for_each(&mut parts, |part| {
            let blocks = part.first..part.first + part.best.len();
            screen(
                workers.isa,
                &planes,
                blocks,
                input,
                part.sums,
                part.logits,
                part.best,
            );
        });
    }

    /// Keeps the rows that are as good as the best rows of the best blocks; returns the least of these.
    fn keep_best(&mut self, logits: &[f32]) -> f32 {
        self.order.clear();
        self.order.extend_from_slice(&self.best);
        let nth = BLOCKS.min(self.order.len()) - 1;
        let (_, floor, _) = self
            .order
            .select_nth_unstable_by(nth, |a, b| b.total_cmp(a));
        let floor = *floor;
        self.kept.clear();
        for (block, &best) in self.best.iter().enumerate() {
            if best >= floor {
                let first = block * BLOCK_ROWS;
                let rows = (first..).zip(&logits[first..]).take(BLOCK_ROWS);
                let good = rows.filter(|&(_, &logit)| logit >= floor);
                self.kept.extend(good.map(|(row, _)| row as u32));
            }
        }
        floor
    }

    /// Adds the lower plane to the rows that are kept.
    fn sharpen(&mut self, workers: Workers, planes: &Planes, hidden: usize) {
        let planes = planes.get();
        self.sharp.resize(self.kept.len(), 0.0);
        let bytes = self.kept.len() * low_lines(hidden) * 64;
        self.reads.sharpened = self.kept.len();
        self.reads.bytes += bytes as u64;
        let (kept, input, sums) = (&self.kept, &self.input, &self.sums);
        workers.split(&mut self.sharp, 1, bytes, |first, out| {
            let rows = &kept[first..first + out.len()];
            sharpen(workers.isa, &planes, rows, input, sums, out);
        });
    }

    /// How far the screened logits lie from the sharpened ones, as the root of the mean square.
    fn spread(&self, screened: &[f32]) -> f32 {
        let squares: f32 = self
            .kept
            .iter()
            .zip(&self.sharp)
            .map(|(&row, sharp)| (sharp - screened[row as usize]).powi(2))
            .sum();
        (squares / self.kept.len() as f32).sqrt()
    }

    /// Whether the `top`th best of `vocab` rows lies at least `margin` above what was left out.
    fn margin_holds(&mut self, top: usize, margin: f32, floor: f32, vocab: usize) -> bool {
        if self.kept.len() == vocab {
            return true;
        }
        if top >= self.sharp.len() {
            return false;
        }
        self.order.clear();
        self.order.extend_from_slice(&self.sharp);
        let nth = top.saturating_sub(1);
        let (_, best, _) = self
            .order
            .select_nth_unstable_by(nth, |a, b| b.total_cmp(a));
        *best - floor >= margin
    }

    /// The probability of the rows that are only screened.
    fn left_out(
        &mut self,
        workers: Workers,
        temperature: f32,
        floor: f32,
        screened: &[f32],
    ) -> f32 {
        if self.kept.len() == screened.len() {
            return 0.0;
        }
        let top = self.sharp.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let kept: f32 = {
            let weights = self.sharp.iter().map(|&logit| (logit - top) / temperature);
            self.order.clear();
            self.order.extend(weights);
            exp(workers.isa, &mut self.order);
            sum(&self.order)
        };
        self.order.resize(screened.len(), 0.0);
        let bytes = size_of_val(screened);
        workers.split(&mut self.order, 16, bytes, |first, out| {
            let screened = &screened[first * 16..first * 16 + out.len()];
            for (out, &logit) in out.iter_mut().zip(screened) {
                let is_left = logit < floor;
                *out = if is_left {
                    (logit - top) / temperature
                } else {
                    f32::NEG_INFINITY
                };
            }
            exp(workers.isa, out);
        });
        let left = sum(&self.order);
        left / (left + kept)
    }

    /// Computes from the file's numbers every kept row that could be among the best.
    fn compute(
        &mut self,
        workers: Workers,
        (table, planes): (&Table, &Planes),
        need: Need,
        x: &[f32],
        logits: &mut [f32],
    ) -> Result<(), EngineError> {
        let planes = planes.get();
        let (top, least) = match need {
            Need::Top(top) => (top.max(1), 1),
            Need::Draw(temperature) => {
                let best = self.sharp.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let likely = |&&logit: &&f32| (logit - best) / temperature >= LIKELY;
                let likely = self.sharp.iter().filter(likely).count();
                (1, likely.clamp(*COMPUTED.start(), *COMPUTED.end()))
            }
        };
        // No row is worse than its sharpened logit less its bound: the `top`th best of these is a floor.
        let worst = |i: usize| self.sharp[i] - planes.bound(self.kept[i] as usize, &self.input);
        self.order.clear();
        self.order.extend((0..self.kept.len()).map(worst));
        let nth = top.min(self.order.len()) - 1;
        let (_, floor, _) = self
            .order
            .select_nth_unstable_by(nth, |a, b| b.total_cmp(a));
        let floor = *floor;
        // Those that could be come first, then the best of the others.
        let place = |(&row, &sharp): (&u32, &f32)| {
            let most = sharp + planes.bound(row as usize, &self.input);
            (row, if most >= floor { f32::INFINITY } else { sharp })
        };
        let kept = self.kept.iter().zip(&self.sharp).map(place);
        self.certain.clear();
        self.certain.extend(kept);
        let could_be = self.certain.iter().filter(|&&(_, x)| x == f32::INFINITY);
        let wanted = could_be.count().max(least);
        if wanted < self.certain.len() {
            // By row among equals, so that no cut depends on the order of the list.
            let by = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
            self.certain.select_nth_unstable_by(wanted - 1, by);
            self.certain.truncate(wanted);
        }
        self.certain.sort_unstable_by_key(|&(row, _)| row);
        table.check()?;
        let mut results = Vec::new();
        results.resize_with(self.certain.len().div_ceil(8), || Ok(()));
        let mut tasks: Vec<_> = self.certain.chunks_mut(8).zip(&mut results).collect();
        workers.team.for_each(&mut tasks, |(rows, result)| {
            let (mut reader, mut numbers) = (RowReader::default(), Vec::new());
            for (row, logit) in rows.iter_mut() {
                match table.logit(workers.isa, *row as usize, x, &mut reader, &mut numbers) {
                    Ok(exact) => *logit = exact,
                    Err(e) => {
                        **result = Err(e);
                        return;
                    }
                }
            }
        });
        results.into_iter().collect::<Result<Vec<()>, _>>()?;
        for &(row, logit) in &self.certain {
            logits[row as usize] = logit;
        }
        self.reads.computed = self.certain.len();
        self.reads.bytes += (self.certain.len() * table.row_bytes(x.len())) as u64;
        Ok(())
    }
}

/// The sum, in sixteen lanes: the same on every CPU, and quick.
fn sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    for chunk in x.chunks(16) {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    lanes.iter().sum()
}
