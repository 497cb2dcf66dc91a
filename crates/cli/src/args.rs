//! The command line, as `house.md`'s contract and the README state it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tern_engine::{GenerationParams, HeadMode, KvFormat, Model, SamplingParams};

/// Private chat with ternary models on your own CPU.
#[derive(Debug, Parser)]
#[command(name = "tern", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Machine-readable output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Chat in the terminal
    Chat(ChatArgs),
    /// Write one answer
    Generate(GenerateArgs),
    /// Write the logits of every position to a safetensors file
    Logits(LogitsArgs),
    /// Text on stdin to token ids, or back
    Tokenize(TokenizeArgs),
    /// How well a model predicts a text
    Perplexity(PerplexityArgs),
    /// What a model file holds
    Inspect(InspectArgs),
    /// Measure speed, with the memory bandwidth of the same run beside it
    Bench(BenchArgs),
    /// The models on this computer, and downloads
    Models {
        #[command(subcommand)]
        command: ModelsCommand,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// `guide`, the id of an opened model, or a path to a GGUF file or Hugging Face folder
    #[arg(long, short, default_value = "guide")]
    pub(crate) model: String,
    /// Threads for the engine; by default one per core
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    #[command(flatten)]
    pub(crate) precision: PrecisionArgs,
}

#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct PrecisionArgs {
    /// How the head's logits are found: fast (screened), exact (proven), full (every one)
    #[arg(long, value_parser = head_mode)]
    pub(crate) head: Option<HeadMode>,
    /// How keys and values are kept: f32, f16, int8
    #[arg(long, value_parser = kv_format)]
    pub(crate) kv: Option<KvFormat>,
}

fn head_mode(text: &str) -> Result<HeadMode, String> {
    HeadMode::ALL
        .into_iter()
        .find(|mode| mode.name() == text)
        .ok_or_else(|| "must be fast, exact or full".to_owned())
}

fn kv_format(text: &str) -> Result<KvFormat, String> {
    KvFormat::ALL
        .into_iter()
        .find(|format| format.name() == text)
        .ok_or_else(|| "must be f32, f16 or int8".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct SamplingArgs {
    /// 0 always takes the likeliest token
    #[arg(long)]
    pub(crate) temperature: Option<f32>,
    /// Keep the k likeliest tokens; 0 is off
    #[arg(long)]
    pub(crate) top_k: Option<u32>,
    /// Keep the likeliest tokens that add up to p; 1 is off
    #[arg(long)]
    pub(crate) top_p: Option<f32>,
    /// Drop tokens below this share of the likeliest one; 0 is off
    #[arg(long)]
    pub(crate) min_p: Option<f32>,
    /// Above 1 makes repeats less likely; 1 is off
    #[arg(long)]
    pub(crate) repetition_penalty: Option<f32>,
    /// The same seed gives the same text
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Longest answer in tokens
    #[arg(long)]
    pub(crate) max_tokens: Option<usize>,
}

impl SamplingArgs {
    /// What was given, elsewhere what the model comes with or the engine's defaults.
    pub(crate) fn params(&self, model: &Model) -> GenerationParams {
        let default = model.defaults().params();
        GenerationParams {
            sampling: SamplingParams {
                temperature: self.temperature.unwrap_or(default.temperature),
                top_k: self.top_k.unwrap_or(default.top_k),
                top_p: self.top_p.unwrap_or(default.top_p),
                min_p: self.min_p.unwrap_or(default.min_p),
                repetition_penalty: self
                    .repetition_penalty
                    .unwrap_or(default.repetition_penalty),
                seed: self.seed,
            },
            max_tokens: self.max_tokens,
            ..GenerationParams::default()
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ChatArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// System prompt
    #[arg(long)]
    pub(crate) system: Option<String>,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
}

#[derive(Debug, Args)]
#[group(id = "input", required = true, multiple = false, args = ["prompt", "ids"])]
pub(crate) struct GenerateArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// What to answer; with `--raw`, the text to continue
    #[arg(long, short)]
    pub(crate) prompt: Option<String>,
    /// Token ids to continue, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) ids: Option<Vec<u32>>,
    /// Continue the prompt as it is, without the chat template
    #[arg(long, conflicts_with = "ids")]
    pub(crate) raw: bool,
    /// System prompt
    #[arg(long, conflicts_with_all = ["raw", "ids"])]
    pub(crate) system: Option<String>,
    /// Go on past the model's stop tokens
    #[arg(long)]
    pub(crate) ignore_eos: bool,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LogitsArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Token ids, separated by commas
    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) ids: Vec<u32>,
    /// File to write: tensor `logits`, F32, [tokens, vocabulary]
    #[arg(long, short)]
    pub(crate) out: PathBuf,
    /// Also write `hidden.{layer}`, F32, [tokens, hidden]
    #[arg(long)]
    pub(crate) hidden: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TokenizeArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Let control tokens written out in the text become control tokens
    #[arg(long, conflicts_with = "decode")]
    pub(crate) special: bool,
    /// Ids on stdin, text on stdout
    #[arg(long)]
    pub(crate) decode: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PerplexityArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// A UTF-8 text file
    #[arg(long, short)]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A GGUF file, a Hugging Face folder, an opened model's id, or `guide`
    pub(crate) file: String,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// As elsewhere, or `synthetic:2b4t`: the full-size model with seeded random weights
    #[arg(long, short, default_value = "synthetic:2b4t")]
    pub(crate) model: String,
    /// Threads for the engine; by default one per core
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    #[command(flatten)]
    pub(crate) precision: PrecisionArgs,
    /// Share of FFN values above zero in the synthetic model, about
    #[arg(long, default_value_t = 0.5)]
    pub(crate) ffn_density: f32,
    /// Tokens of the prompt that is read
    #[arg(long, default_value_t = 512, value_parser = positive)]
    pub(crate) prompt_tokens: usize,
    /// Tokens that are written
    #[arg(long, default_value_t = 128, value_parser = positive)]
    pub(crate) decode_tokens: usize,
    /// Tokens already in the context when writing starts
    #[arg(long, default_value_t = 0)]
    pub(crate) depth: usize,
    /// Times everything is measured
    #[arg(long, default_value_t = 3, value_parser = positive)]
    pub(crate) repeats: usize,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// The Guide and the models on this computer
    List {
        /// What can be downloaded instead: id, size, licence
        #[arg(long)]
        catalogue: bool,
    },
    /// Download a model, or go on with a download; Ctrl-C pauses it
    ///
    /// By the window's settings under Network: offline lock, mirror, proxy. HF_ENDPOINT goes before
    /// the mirror. For repositories that ask who you are: HF_TOKEN, or the token in the settings.
    Fetch {
        /// An id of the catalogue, or owner/name[@revision][:file.gguf]
        model: String,
    },
    /// Add a GGUF file or Hugging Face folder, used where it lies
    Import {
        /// The file or folder
        path: PathBuf,
        /// Copy it into Tern's folder for models
        #[arg(long)]
        copy: bool,
    },
    /// Compare a model's files with what they were when they came
    Verify {
        /// Its id, as `tern models list` shows it
        id: String,
    },
    /// Take a model off the list; files that Tern put there are deleted
    Remove {
        /// Its id, as `tern models list` shows it
        id: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn generate_wants_exactly_one_input() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        parse("tern generate --prompt hi").expect("a prompt");
        parse("tern generate --ids 1,2,3 --ignore-eos").expect("ids");
        parse("tern generate").expect_err("neither");
        parse("tern generate --prompt hi --ids 1").expect_err("both");
        parse("tern bench --decode-tokens 0").expect_err("nothing to measure");
    }
}
