//! The binary `tern`: the engine and the program without a window, for people in a terminal,
//! for scripts and for measurements. Results go to stdout, everything else to stderr.

mod args;
mod bench;
mod chat;
mod error;
mod generate;
mod inspect;
mod interrupt;
mod logits;
mod model;
mod models;
mod perplexity;
mod tokenize;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};
use crate::error::CliError;

fn main() -> ExitCode {
    tern_app::log_to_stderr();
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of our output went away (`tern inspect … | head`): nothing to tell anyone.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            if error.is_interrupt() {
                return ExitCode::from(interrupt::EXIT_CODE);
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), CliError> {
    let json = arguments.json;
    match arguments.command {
        Command::Chat(args) => chat::run(&args, json),
        Command::Generate(args) => generate::run(&args, json),
        Command::Logits(args) => logits::run(&args, json),
        Command::Tokenize(args) => tokenize::run(&args, json),
        Command::Perplexity(args) => perplexity::run(&args, json),
        Command::Inspect(args) => inspect::run(&args, json),
        Command::Bench(args) => bench::run(&args, json),
        Command::Models { command } => models::run(&command, json),
    }
}
