//! `tern tokenize`: text on stdin to ids on stdout, or back. Only the tokenizer is read, so a
//! folder or GGUF file without weights will do.

use std::io::{Read, Write};
use std::path::Path;

use tern_engine::{ModelSource, SyntheticShape, SyntheticSpec, TokenId, Tokenizer};

use crate::args::TokenizeArgs;
use crate::error::CliError;
use crate::model;

pub(crate) fn run(args: &TokenizeArgs, json: bool) -> Result<(), CliError> {
    let tokenizer = open(&args.model.model)?;
    let mut input = String::new();
    std::io::stdin().lock().read_to_string(&mut input)?;
    let mut out = std::io::stdout().lock();
    if args.decode {
        let text = tokenizer.decode(&parse_ids(&input)?, false);
        if json {
            writeln!(out, "{}", serde_json::json!({ "text": text }))?;
        } else {
            out.write_all(text.as_bytes())?;
        }
        return Ok(());
    }
    let ids = if args.special {
        tokenizer.encode_special(&input)
    } else {
        tokenizer.encode_plain(&input)
    };
    let ids: Vec<u32> = ids.into_iter().map(|id| id.0).collect();
    if json {
        writeln!(out, "{}", serde_json::json!({ "ids": ids }))?;
    } else {
        let words: Vec<String> = ids.iter().map(u32::to_string).collect();
        writeln!(out, "{}", words.join(" "))?;
    }
    Ok(())
}

/// The tokenizer of what `--model` means; also of a folder with nothing but a tokenizer.
fn open(name: &str) -> Result<Tokenizer, CliError> {
    let path = Path::new(name);
    let shape = name.strip_prefix("synthetic:");
    let source = match shape.and_then(SyntheticShape::named) {
        Some(shape) => ModelSource::Synthetic(SyntheticSpec {
            shape,
            seed: 0,
            ffn_density: 0.5,
        }),
        None if path.is_dir() && !path.join("config.json").is_file() => {
            ModelSource::Folder(path.to_owned())
        }
        None => model::source(name)?,
    };
    let mut warnings = Vec::new();
    let tokenizer = Tokenizer::of(&source, &mut warnings)?;
    for warning in warnings {
        eprintln!("Note: {warning}");
    }
    Ok(tokenizer)
}

/// Ids separated by spaces, commas or new lines; brackets of a JSON list are passed over.
fn parse_ids(text: &str) -> Result<Vec<TokenId>, CliError> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']'))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let id = word.parse().map_err(|_| CliError::NotAnId {
                word: word.to_owned(),
            })?;
            Ok(TokenId(id))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_words_and_lists_and_nothing_else() {
        let ids = |text| parse_ids(text).map(|ids| ids.iter().map(|id| id.0).collect::<Vec<_>>());
        assert_eq!(ids("1 2\n3").expect("words"), [1, 2, 3]);
        assert_eq!(ids("[4, 5,6]").expect("a list"), [4, 5, 6]);
        ids("7 x").expect_err("not a number");
        ids("-1").expect_err("negative");
    }
}
