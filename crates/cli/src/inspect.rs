//! `tern inspect`: what a model file holds.

use std::io::Write;

use crate::args::InspectArgs;
use crate::error::CliError;
use crate::model;

pub(crate) fn run(args: &InspectArgs, json: bool) -> Result<(), CliError> {
    let inspection = tern_engine::inspect(&model::source(&args.file)?)?;
    let mut out = std::io::stdout().lock();
    let text = if json {
        serde_json::to_string(&inspection)
    } else {
        // The same record, laid out for reading.
        serde_json::to_string_pretty(&inspection)
    };
    writeln!(out, "{}", text.map_err(std::io::Error::from)?)?;
    Ok(())
}
