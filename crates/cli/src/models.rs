//! `tern models`: what this computer has.

use std::path::Path;

use tern_models::{ModelId, Shelf};

use crate::args::ModelsCommand;
use crate::error::CliError;

pub(crate) fn run(command: &ModelsCommand, json: bool) -> Result<(), CliError> {
    let data_dir = tern_app::data_dir()?;
    match command {
        ModelsCommand::List => list(&data_dir, json),
        ModelsCommand::Import { path } => {
            // Reads the header, so that a foreign or damaged file is refused here.
            tern_engine::inspect(&tern_engine::ModelSource::from_path(path)?)?;
            let model = Shelf::open(&data_dir)?.add(path)?;
            if json {
                println!(
                    "{}",
                    serde_json::json!({ "id": model.id.as_str(), "name": model.name })
                );
            } else {
                println!("{}", model.id.as_str());
            }
            Ok(())
        }
        ModelsCommand::Remove { id } => {
            Shelf::open(&data_dir)?.remove(&ModelId::new(id))?;
            Ok(())
        }
    }
}

fn list(data_dir: &Path, json: bool) -> Result<(), CliError> {
    for model in tern_app::list_models(data_dir)? {
        let path = model.path.as_ref().map(|path| path.display().to_string());
        if json {
            let record = serde_json::json!({
                "id": model.id, "name": model.name, "path": path, "bytes": model.bytes,
            });
            println!("{record}");
        } else {
            let megabytes = model.bytes as f64 / 1e6;
            let place = path.as_deref().unwrap_or("built in");
            println!(
                "{:<32} {:<28} {megabytes:>9.1} MB  {place}",
                model.id, model.name
            );
        }
    }
    Ok(())
}
