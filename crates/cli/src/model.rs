//! From a name on the command line to a model in memory.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;

use tern_engine::{HeadMode, KvFormat, LoadOptions, Model, ModelSource};

use crate::args::{ModelArgs, PrecisionArgs};
use crate::error::CliError;

/// Threads asked for, or one per core.
pub(crate) fn threads(asked: Option<u16>) -> usize {
    asked.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    )
}

/// What `--model` means.
pub(crate) fn source(name: &str) -> Result<ModelSource, CliError> {
    Ok(tern_app::resolve_model(name, &tern_app::data_dir()?)?)
}

/// Loads the model, with progress on a terminal's stderr and its warnings there.
pub(crate) fn load(args: &ModelArgs) -> Result<Model, CliError> {
    let source = source(&args.model)?;
    load_source(&source, threads(args.threads), args.precision)
}

/// Likewise, for commands whose results are measurements: every logit from the file's own numbers, keys and values as
/// they are computed, unless asked otherwise.
pub(crate) fn load_to_measure(args: &ModelArgs) -> Result<Model, CliError> {
    let mut precision = args.precision;
    precision.head = precision.head.or(Some(HeadMode::Full));
    precision.kv = precision.kv.or(Some(KvFormat::F32));
    load_source(&source(&args.model)?, threads(args.threads), precision)
}

/// Likewise from a source.
pub(crate) fn load_source(
    source: &ModelSource,
    threads: usize,
    precision: PrecisionArgs,
) -> Result<Model, CliError> {
    let terminal = std::io::stderr().is_terminal();
    let mut shown = 0;
    let mut progress = |fraction: f32| {
        let percent = (fraction * 100.0) as u32;
        if terminal && percent > shown && percent < 100 {
            shown = percent;
            eprint!("\rLoading {percent} %");
            let _ = std::io::stderr().flush();
        }
        ControlFlow::Continue(())
    };
    let options = LoadOptions {
        threads,
        isa: None,
        head: precision.head.unwrap_or_default(),
        kv: precision.kv.unwrap_or_default(),
    };
    let model = Model::load(source, &options, &mut progress)?;
    if shown > 0 {
        eprint!("\r             \r");
    }
    for warning in model.warnings() {
        eprintln!("Note: {warning}");
    }
    Ok(model)
}
