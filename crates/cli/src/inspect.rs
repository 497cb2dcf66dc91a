//! `tern inspect`: what a model file holds.

use std::collections::BTreeMap;
use std::io::{self, Write};

use tern_engine::{Activation, Family, Inspection, ModelConfig, RopeScaling, TokenId};

use crate::args::InspectArgs;
use crate::error::CliError;
use crate::model;

pub(crate) fn run(args: &InspectArgs, json: bool) -> Result<(), CliError> {
    let inspection = tern_engine::inspect(&model::source(&args.file)?)?;
    let mut out = io::stdout().lock();
    if json {
        let text = serde_json::to_string(&inspection).map_err(io::Error::from)?;
        writeln!(out, "{text}")?;
    } else {
        print(&inspection, &mut out)?;
    }
    Ok(())
}

fn print(found: &Inspection, out: &mut impl Write) -> io::Result<()> {
    let mut line = |name: &str, text: &str| writeln!(out, "{name:<12}{text}");
    line("file", &found.place)?;
    if !found.name.is_empty() {
        line("name", &found.name)?;
    }
    line(
        "container",
        &format!("{}, {}", found.container, size(found.file_bytes)),
    )?;
    if let Some(problem) = &found.problem {
        line("problem", problem)?;
    }
    if let Some(config) = &found.config {
        line("family", &family(config))?;
        line("shape", &shape(config))?;
        line("rotary", &rotary(config))?;
    }
    let formats = formats(found);
    if !formats.is_empty() {
        line("formats", &formats)?;
    }
    if let (Some(kind), Some(tokens)) = (found.tokenizer, found.tokenizer_tokens) {
        let begin = match found.bos {
            Some(bos) => format!("begins with {}", named(found, bos)),
            None => "begins with no token of its own".to_owned(),
        };
        line("tokenizer", &format!("{kind}, {tokens} tokens, {begin}"))?;
        let stops: Vec<String> = found
            .stop_tokens
            .iter()
            .map(|&id| named(found, id))
            .collect();
        line("ends at", &stops.join(", "))?;
    }
    if let Some(template) = &found.chat_template {
        line("chat", template.name())?;
    }
    if let Some(memory) = &found.memory {
        let text = format!(
            "{} of weights, {} for a full context (it grows by {})",
            size(memory.weights),
            size(memory.full_context),
            size(memory.context_step)
        );
        line("memory", &text)?;
    }
    for warning in &found.warnings {
        line("warning", &warning.to_string())?;
    }
    if !found.metadata.is_empty() {
        writeln!(out, "\nkeys")?;
        for (key, value) in &found.metadata {
            writeln!(out, "  {key} = {}", value.escape_debug())?;
        }
    }
    if !found.tensors.is_empty() {
        writeln!(out, "\ntensors")?;
        for tensor in &found.tensors {
            let shape = format!("{:?}", tensor.shape);
            writeln!(
                out,
                "  {:<8}{shape:<18}{}",
                tensor.kind,
                tensor.name.escape_debug()
            )?;
        }
    }
    Ok(())
}

/// 10^6 bytes are a megabyte here, as on a download page.
fn size(bytes: u64) -> String {
    match bytes as f64 {
        b if b < 1e6 => format!("{:.1} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.2} GB", b / 1e9),
    }
}

fn family(config: &ModelConfig) -> String {
    let line = match (config.family, config.activation) {
        (Family::BitNet, Activation::SquaredRelu) => "BitNet b1.58",
        (Family::BitNet, Activation::Silu) => "BitNet b1.58 as 1bitLLM trained it (SiLU)",
        (Family::Llama, Activation::Silu) => "Llama with ternary weights",
        (Family::Llama, Activation::SquaredRelu) => "Llama with ternary weights and squared ReLU",
    };
    format!("{line} ({})", config.architecture.escape_debug())
}

fn shape(c: &ModelConfig) -> String {
    let head = if c.tied_head { "tied" } else { "of its own" };
    format!(
        "{} layers, hidden {}, feed-forward {}, {} heads of {} ({} for keys and values), vocabulary {}, context {}, head {head}",
        c.n_layers,
        c.hidden_dim,
        c.ffn_dim,
        c.n_heads,
        c.head_dim,
        c.n_kv_heads,
        c.vocab_size,
        c.max_seq_len
    )
}

fn rotary(c: &ModelConfig) -> String {
    let scaling = match &c.rope_scaling {
        RopeScaling::Plain => String::new(),
        RopeScaling::Linear { factor } => format!(", stretched {factor} times"),
        RopeScaling::Llama3 { factor, .. } => format!(", stretched {factor} times as Llama 3.1"),
        RopeScaling::Divisors(_) => ", with divisors of its own".to_owned(),
    };
    format!("theta {}{scaling}", c.rope_theta)
}

/// How many tensors there are of each type, and their bytes.
fn formats(found: &Inspection) -> String {
    let mut kinds: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for tensor in &found.tensors {
        let (tensors, bytes) = kinds.entry(&tensor.kind).or_default();
        *tensors += 1;
        *bytes = bytes.saturating_add(tensor.bytes);
    }
    let parts: Vec<String> = kinds
        .into_iter()
        .map(|(kind, (tensors, bytes))| format!("{tensors} {kind} ({})", size(bytes)))
        .collect();
    parts.join(", ")
}

fn named(found: &Inspection, id: TokenId) -> String {
    let token = found.special_tokens.iter().find(|token| token.id == id);
    match token {
        Some(token) => format!("{} ({id})", token.text.escape_debug()),
        None => id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_download_pages_write_them() {
        assert_eq!(size(1_187_801_280), "1.19 GB");
        assert_eq!(size(653_312_000), "653.3 MB");
        assert_eq!(size(0), "0.0 kB");
    }
}
