//! `tern tokenize`: text on stdin to ids on stdout, or back. Only the tokenizer is used, but
//! the model is opened whole, so that what it prints is what the model would read.

use std::io::{Read, Write};

use tern_engine::TokenId;

use crate::args::TokenizeArgs;
use crate::error::CliError;
use crate::model;

pub(crate) fn run(args: &TokenizeArgs, json: bool) -> Result<(), CliError> {
    let model = model::load(&args.model)?;
    let tokenizer = model.tokenizer();
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
