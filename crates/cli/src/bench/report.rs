//! What `tern bench` prints.

use serde::Serialize;
use tern_engine::HeadReads;

use crate::error::CliError;

/// Least, middle and largest of several measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// All zero when nothing was measured.
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
            return Self {
                min: 0.0,
                median: 0.0,
                max: 0.0,
            };
        };
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Self { min, median, max }
    }
}

/// The figures; field names are the contract of `--json`.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) model: String,
    pub(crate) isa: &'static str,
    /// Every path this CPU has, the best last; `TERN_ISA` chooses one.
    pub(crate) isas: Vec<&'static str>,
    pub(crate) threads: usize,
    pub(crate) head: &'static str,
    pub(crate) kv: &'static str,
    /// Tokens the model's context holds.
    pub(crate) context: usize,
    /// Tokens in the context when writing started.
    pub(crate) depth: usize,
    pub(crate) decode_tok_s: Spread,
    pub(crate) prefill_tok_s: Spread,
    /// Reading the whole prompt, milliseconds (median).
    pub(crate) ttft_ms: f64,
    pub(crate) load_ms: f64,
    pub(crate) bytes_per_token: u64,
    pub(crate) read_gb_s: f64,
    /// Median decode speed × bytes per token ÷ bandwidth.
    pub(crate) roofline_fraction: f64,
    /// 10^9 int8 multiply-adds a second of a loop over registers.
    pub(crate) int8_gmac_s: f64,
    /// Median prefill speed × ternary weights ÷ that.
    pub(crate) prefill_peak_fraction: f64,
    /// Share of the gates that were positive while writing.
    pub(crate) ffn_density: Option<f64>,
    /// Share of the rows of `up` that were read.
    pub(crate) up_read: Option<f64>,
    /// Share of the columns of `down` that were read: int8 inputs other than 0.
    pub(crate) down_read: Option<f64>,
    /// What the head read for the last token.
    pub(crate) head_reads: HeadReads,
    pub(crate) peak_rss_bytes: u64,
    pub(crate) text: String,
}

impl Report {
    pub(crate) fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            println!(
                "{}",
                serde_json::to_string(self).map_err(std::io::Error::from)?
            );
            return Ok(());
        }
        let spread = |s: &Spread| format!("{:.1}  (min {:.1}, max {:.1})", s.median, s.min, s.max);
        println!(
            "{} · {} · {} threads · {} head · {} keys and values · depth {}",
            self.model, self.isa, self.threads, self.head, self.kv, self.depth
        );
        println!("decode      {} tok/s", spread(&self.decode_tok_s));
        println!("prefill     {} tok/s", spread(&self.prefill_tok_s));
        println!("first token {:.0} ms", self.ttft_ms);
        println!("load        {:.0} ms", self.load_ms);
        println!(
            "per token   {:.1} MB read",
            self.bytes_per_token as f64 / 1e6
        );
        println!("bandwidth   {:.1} GB/s read in this run", self.read_gb_s);
        println!(
            "roofline    {:.0} % of that bandwidth",
            self.roofline_fraction * 100.0
        );
        println!(
            "peak        {:.0} int8 GMAC/s in this run; prefill reaches {:.0} % of it",
            self.int8_gmac_s,
            self.prefill_peak_fraction * 100.0
        );
        if let (Some(gates), Some(up), Some(down)) =
            (self.ffn_density, self.up_read, self.down_read)
        {
            println!(
                "density     {gates:.2} of the gates above zero; read: {up:.2} of up, {down:.2} of down"
            );
        }
        if self.head_reads.bytes > 0 {
            println!(
                "head        {} rows sharpened, {} computed exactly{}",
                self.head_reads.sharpened,
                self.head_reads.computed,
                if self.head_reads.proven {
                    ", proven"
                } else {
                    ""
                }
            );
        }
        println!(
            "memory      {:.0} MB at most",
            self.peak_rss_bytes as f64 / 1e6
        );
        println!("text        {:?}", self.text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.5, 4.0));
        assert_eq!(Spread::of(&[7.0]).median, 7.0);
    }
}
