//! `tern chat`: a chat in the terminal. It is kept in memory only.

use std::io::{BufRead, IsTerminal, Write};

use serde::Serialize;
use tern_engine::{Role, Sequence, Turn};

use crate::args::ChatArgs;
use crate::error::CliError;
use crate::generate::{stop_reason, stream};
use crate::model;

/// What `--json` prints after each answer, one object a line.
#[derive(Serialize)]
struct Record<'a> {
    text: &'a str,
    stop_reason: &'static str,
    generated_tokens: usize,
    reused_tokens: usize,
}

pub(crate) fn run(args: &ChatArgs, json: bool) -> Result<(), CliError> {
    let model = model::load(&args.model)?;
    let params = args.sampling.params(&model);
    let mut sequence = Sequence::new(&model, model.config().max_seq_len);
    let mut turns: Vec<Turn> = Vec::new();
    if let Some(system) = &args.system {
        turns.push(Turn {
            role: Role::System,
            content: system.clone(),
        });
    }
    let interactive = std::io::stdin().is_terminal();
    if interactive {
        eprintln!("{} · an empty line or Ctrl+D ends the chat", model.name());
    }
    let mut lines = std::io::stdin().lock().lines();
    loop {
        if interactive {
            eprint!("\n> ");
            let _ = std::io::stderr().flush();
        }
        let Some(line) = lines.next().transpose()? else {
            break;
        };
        if line.trim().is_empty() {
            break;
        }
        turns.push(Turn {
            role: Role::User,
            content: line,
        });
        let prompt = model.chat_template().encode(model.tokenizer(), &turns)?;
        let generation = stream(&model, &mut sequence, &prompt, &params, !json)?;
        if json {
            let record = Record {
                text: &generation.text,
                stop_reason: stop_reason(generation.stop_reason),
                generated_tokens: generation.stats.generated_tokens,
                reused_tokens: generation.stats.reused_tokens,
            };
            println!(
                "{}",
                serde_json::to_string(&record).map_err(std::io::Error::from)?
            );
        } else {
            println!();
        }
        turns.push(Turn {
            role: Role::Assistant,
            content: generation.text,
        });
    }
    Ok(())
}
