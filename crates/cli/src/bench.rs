//! `tern bench`: reading and writing speed, with the read bandwidth and the multiply-add peak of the same run beside
//! them. All are measured in turn, several times, because machines are shared and noisy.

mod bandwidth;
mod peak;
mod report;

use std::ops::ControlFlow;
use std::time::Instant;

use tern_engine::{
    FfnReads, GenerationParams, HeadReads, Isa, Model, ModelSource, SamplingParams, Sequence,
    SyntheticShape, SyntheticSpec, TokenId,
};

use self::bandwidth::Bandwidth;
use self::report::{Report, Spread};
use crate::args::BenchArgs;
use crate::error::CliError;
use crate::model;

/// Name of the model built in memory.
const SYNTHETIC: &str = "synthetic:2b4t";
/// Seed of its weights and of the text printed.
const SEED: u64 = 20_260;

pub(crate) fn run(args: &BenchArgs, json: bool) -> Result<(), CliError> {
    let threads = model::threads(args.threads);
    let source = source(args)?;
    let started = Instant::now();
    let model = model::load_source(&source, threads, args.precision)?;
    let load_ms = started.elapsed().as_secs_f64() * 1e3;

    let context = model.config().max_seq_len;
    let longest = args.prompt_tokens.max(args.depth + 1 + args.decode_tokens);
    if longest > context {
        return Err(CliError::BeyondContext {
            tokens: longest,
            context,
        });
    }

    let prompt = prompt(&model, longest);
    let peak_of_loading = tern_app::peak_resident_bytes();
    let bandwidth = Bandwidth::new(threads)?;
    let mut measured = Measured::default();
    for _ in 0..args.repeats {
        measured.read_gb_s.push(bandwidth.read_gb_s());
        measured
            .int8_gmac_s
            .push(peak::int8_gmac_s(model.isa(), threads));
        measured.prefill(&model, &prompt[..args.prompt_tokens])?;
        measured.decode(&model, &prompt[..=args.depth], args.decode_tokens)?;
    }
    let decode = Spread::of(&measured.decode_tok_s);
    let prefill = Spread::of(&measured.prefill_tok_s);
    let bytes_per_token = measured.bytes / (args.repeats * args.decode_tokens) as u64;
    // Measured in turns with the decoding, and compared in the same way: machines have faster and slower minutes.
    let read_gb_s = Spread::of(&measured.read_gb_s).median;
    // Of arithmetic alone, the best is what the machine can do; the others shared it with something.
    let int8_gmac_s = Spread::of(&measured.int8_gmac_s).max;
    let macs = model.config().ternary_weights() as f64;
    let ffn = measured.ffn;
    let share = |units: u64| {
        (ffn.layers > 0).then(|| units as f64 / (ffn.layers * model.config().ffn_dim as u64) as f64)
    };
    let report = Report {
        model: args.model.clone(),
        isa: model.isa().name(),
        isas: Isa::available().into_iter().map(Isa::name).collect(),
        threads: model.threads(),
        head: model.head_mode().name(),
        kv: model.kv_format().name(),
        context,
        depth: args.depth,
        decode_tok_s: decode,
        prefill_tok_s: prefill,
        ttft_ms: Spread::of(&measured.ttft_ms).median,
        load_ms,
        bytes_per_token,
        read_gb_s,
        roofline_fraction: decode.median * bytes_per_token as f64 / (read_gb_s * 1e9),
        int8_gmac_s,
        prefill_peak_fraction: prefill.median * macs / (int8_gmac_s * 1e9),
        ffn_density: share(ffn.positive_gates),
        up_read: share(ffn.up_rows),
        down_read: share(ffn.down_columns),
        head_reads: measured.head,
        // The buffer the bandwidth is measured with is the bench's, not the engine's.
        peak_rss_bytes: tern_app::peak_resident_bytes()
            .saturating_sub(bandwidth.bytes())
            .max(peak_of_loading),
        text: sample_text(&model)?,
    };
    report.print(json)
}

fn source(args: &BenchArgs) -> Result<ModelSource, CliError> {
    if args.model != SYNTHETIC {
        return model::source(&args.model);
    }
    if !(0.05..=1.0).contains(&args.ffn_density) {
        return Err(CliError::Density);
    }
    Ok(ModelSource::Synthetic(SyntheticSpec {
        shape: SyntheticShape::BitNet2B4T,
        seed: SEED,
        ffn_density: args.ffn_density,
    }))
}

/// `n` ids that are no control tokens, the same at every run.
fn prompt(model: &Model, n: usize) -> Vec<TokenId> {
    let tokenizer = model.tokenizer();
    let vocab = tokenizer.vocab_size() as u64;
    let mut state = SEED;
    let mut next = move || {
        // Numbers of Knuth's MMIX generator; only spread is wanted of it.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        TokenId(((state >> 33) % vocab) as u32)
    };
    std::iter::repeat_with(&mut next)
        .filter(|&id| !tokenizer.is_control(id))
        .take(n)
        .collect()
}

#[derive(Default)]
struct Measured {
    read_gb_s: Vec<f64>,
    prefill_tok_s: Vec<f64>,
    decode_tok_s: Vec<f64>,
    ttft_ms: Vec<f64>,
    int8_gmac_s: Vec<f64>,
    /// Read by all tokens that were written.
    bytes: u64,
    ffn: FfnReads,
    /// Of the last token.
    head: HeadReads,
}

impl Measured {
    fn prefill(&mut self, model: &Model, prompt: &[TokenId]) -> Result<(), CliError> {
        let mut sequence = Sequence::new(model, model.config().max_seq_len);
        sequence.expect_best_only(true);
        let started = Instant::now();
        sequence.prefill(model, prompt, &mut |_, _| ControlFlow::Continue(()))?;
        let seconds = started.elapsed().as_secs_f64();
        self.prefill_tok_s.push(prompt.len() as f64 / seconds);
        self.ttft_ms.push(seconds * 1e3);
        Ok(())
    }

    fn decode(&mut self, model: &Model, context: &[TokenId], n: usize) -> Result<(), CliError> {
        let mut sequence = Sequence::new(model, model.config().max_seq_len);
        sequence.expect_best_only(true);
        sequence.prefill(model, context, &mut |_, _| ControlFlow::Continue(()))?;
        let _ = (sequence.take_bytes_read(), sequence.take_ffn_reads());
        let started = Instant::now();
        for _ in 0..n {
            let id = sequence.best().unwrap_or(TokenId(0));
            sequence.decode(model, id)?;
        }
        self.decode_tok_s
            .push(n as f64 / started.elapsed().as_secs_f64());
        self.bytes += sequence.take_bytes_read();
        let ffn = sequence.take_ffn_reads();
        self.ffn.layers += ffn.layers;
        self.ffn.positive_gates += ffn.positive_gates;
        self.ffn.up_rows += ffn.up_rows;
        self.ffn.down_columns += ffn.down_columns;
        self.head = sequence.head_reads();
        Ok(())
    }
}

/// A few words beside the speed: fast gibberish is the classic error of this field. (Random
/// weights write gibberish at any speed; a real model must not.)
fn sample_text(model: &Model) -> Result<String, CliError> {
    let ids = model.tokenizer().encode_plain("The quick brown fox");
    let ids: Vec<TokenId> = model.tokenizer().bos().into_iter().chain(ids).collect();
    let params = GenerationParams {
        sampling: SamplingParams {
            temperature: 0.0,
            ..SamplingParams::default()
        },
        max_tokens: Some(16),
        ..GenerationParams::default()
    };
    let mut sequence = Sequence::new(model, model.config().max_seq_len);
    let generation = tern_engine::generate(model, &mut sequence, &ids, &params, &mut |_| {
        ControlFlow::Continue(())
    })?;
    Ok(generation.text)
}
