//! `tern logits`: what the model computes at every position, for comparison with references.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};
use tern_engine::{Model, Observation, Sequence, TokenId};

use crate::args::LogitsArgs;
use crate::error::CliError;
use crate::model;

pub(crate) fn run(args: &LogitsArgs, json: bool) -> Result<(), CliError> {
    let model = model::load_to_measure(&args.model)?;
    let ids: Vec<TokenId> = args.ids.iter().copied().map(TokenId).collect();
    // Beside the target until it is whole, so that a half file is never taken for a result.
    let part = args.out.with_added_extension("part");
    let written = write(&part, &model, &ids, args.hidden)
        .and_then(|()| std::fs::rename(&part, &args.out).map_err(|source| at(&args.out, source)));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&part);
        return Err(error);
    }
    if json {
        let config = model.config();
        println!(
            "{}",
            json!({
                "out": args.out.display().to_string(),
                "tokens": ids.len(),
                "vocab_size": config.vocab_size,
                "isa": model.isa().name(),
                "threads": model.threads(),
            })
        );
    }
    Ok(())
}

fn at(path: &Path, source: std::io::Error) -> CliError {
    CliError::Write {
        path: path.to_path_buf(),
        source,
    }
}

/// The tensors of the file, in order: `logits` [tokens, vocab], then `hidden.0` (the embedding)
/// to `hidden.{layers}` [tokens, hidden], all F32 row by row.
fn header(tensors: &[(String, [usize; 2])]) -> Vec<u8> {
    let mut entries = Map::new();
    let mut offset = 0;
    for (name, shape) in tensors {
        let end = offset + shape[0] * shape[1] * size_of::<f32>();
        entries.insert(
            name.clone(),
            json!({ "dtype": "F32", "shape": shape, "data_offsets": [offset, end] }),
        );
        offset = end;
    }
    let mut text = Value::Object(entries).to_string().into_bytes();
    // Data begins at a multiple of eight bytes, as the format asks.
    text.resize(text.len().next_multiple_of(8), b' ');
    text
}

fn write(path: &Path, model: &Model, ids: &[TokenId], hidden: bool) -> Result<(), CliError> {
    let config = model.config();
    let layers = if hidden { config.n_layers + 1 } else { 0 };
    let mut tensors = vec![("logits".to_owned(), [ids.len(), config.vocab_size])];
    tensors.extend((0..layers).map(|i| (format!("hidden.{i}"), [ids.len(), config.hidden_dim])));
    let header = header(&tensors);

    let mut sequence = Sequence::new(model, config.max_seq_len);
    let file = File::create(path).map_err(|source| at(path, source))?;
    let mut out = BufWriter::new(file);
    let mut put = |bytes: &[u8]| out.write_all(bytes);
    let mut result = put(&(header.len() as u64).to_le_bytes()).and_then(|()| put(&header));

    // Logits come in the order of the file and are written as they come; hidden states come in
    // between and follow at the end.
    let mut states = vec![Vec::new(); layers];
    sequence.forward_all(model, ids, hidden, &mut |observation| match observation {
        Observation::Hidden { layer, values, .. } => states[layer].extend_from_slice(values),
        Observation::Logits { values, .. } if result.is_ok() => result = put(&bytes_of(values)),
        Observation::Logits { .. } | Observation::FinalNorm { .. } => {}
    })?;
    for values in &states {
        result = result.and_then(|()| put(&bytes_of(values)));
    }
    result
        .and_then(|()| out.flush())
        .map_err(|source| at(path, source))
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_gapless_and_data_is_aligned() {
        let tensors = [
            ("logits".to_owned(), [3, 5]),
            ("hidden.0".to_owned(), [3, 2]),
        ];
        let bytes = header(&tensors);
        assert_eq!(bytes.len() % 8, 0);
        let value: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(value["logits"]["data_offsets"], json!([0, 60]));
        assert_eq!(value["hidden.0"]["data_offsets"], json!([60, 84]));
    }
}
