//! `tern models`: what this computer has, and how it gets here.

mod progress;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tern_app::AppError;
use tern_models::{
    Candidate, Control, InstalledModel, ModelId, ModelsError, Network, NetworkSettings, Patience,
    Record, Shelf, TokenSource, Wish, catalogue, copy_in,
};

use self::progress::{Line, size};
use crate::args::ModelsCommand;
use crate::error::CliError;
use crate::interrupt::on_interrupt;

/// How often a download looks whether the offline lock was put on.
const LOOK_AT_LOCK: Duration = Duration::from_millis(500);

pub(crate) fn run(command: &ModelsCommand, json: bool) -> Result<(), CliError> {
    let data_dir = tern_app::data_dir()?;
    match command {
        ModelsCommand::List { catalogue: false } => list(&data_dir, json),
        ModelsCommand::List { catalogue: true } => list_catalogue(&data_dir, json),
        ModelsCommand::Fetch { model } => fetch(&data_dir, model, json),
        ModelsCommand::Import { path, copy } => import(&data_dir, path, *copy, json),
        ModelsCommand::Verify { id } => verify(&data_dir, &ModelId::new(id), json),
        ModelsCommand::Remove { id } => remove(&data_dir, &ModelId::new(id), json),
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
            let place = path.as_deref().unwrap_or("built in");
            println!(
                "{:<32} {:<28} {:>9}  {place}",
                model.id,
                model.name,
                size(model.bytes)
            );
        }
    }
    Ok(())
}

fn list_catalogue(data_dir: &Path, json: bool) -> Result<(), CliError> {
    let shelf = Shelf::open(data_dir)?;
    for model in catalogue() {
        let installed = shelf.find_fetched(&Wish::of(model)?).map(|model| model.id);
        if json {
            let record = serde_json::json!({
                "id": model.id, "name": model.name, "repo": model.repo,
                "download_bytes": model.download_bytes, "licence": model.licence,
                "licence_url": model.licence_url, "memory_bytes": model.memory_bytes,
                "installed": installed.as_ref().map(ModelId::as_str),
            });
            println!("{record}");
        } else {
            let here = if installed.is_some() { "  here" } else { "" };
            println!(
                "{:<32} {:<36} {:>9}  {}{here}",
                model.id,
                model.name,
                size(model.download_bytes),
                model.licence
            );
        }
    }
    Ok(())
}

fn fetch(data_dir: &Path, text: &str, json: bool) -> Result<(), CliError> {
    let (wish, started) = (Wish::parse(text.trim())?, Instant::now());
    let mut shelf = Shelf::open(data_dir)?;
    if let Some(model) = shelf.find_fetched(&wish) {
        eprintln!(
            "{} is here already. To download it anew, first: tern models remove {}",
            model.name, model.id
        );
        print_fetched(&model, started, json);
        return Ok(());
    }
    let network = network(data_dir)?;
    let folder = shelf.folder();
    let control = Control::default();
    let stop = control.clone();
    on_interrupt(move || stop.pause());
    let locked = pause_when_locked(data_dir, &control);
    let (mut line, mut here) = (Line::new(), (0, 0));
    tern_models::keep_paused(&folder, &wish, false)?;
    let fetched = tern_models::fetch(
        &folder,
        &wish,
        &network,
        Patience::default(),
        &control,
        &mut |progress| {
            here = (progress.done, progress.total);
            line.download(&progress);
        },
    );
    line.clear();
    let fetched = match fetched {
        Ok(fetched) => fetched,
        Err(ModelsError::Paused) => {
            let kept = match here {
                (_, 0) => "nothing was downloaded yet".to_owned(),
                (done, total) => format!("{} of {} are kept", size(done), size(total)),
            };
            let wish_text = text.trim().to_owned();
            if locked.load(Ordering::Relaxed) {
                return Err(CliError::Locked {
                    kept,
                    wish: wish_text,
                });
            }
            // Else a window that opens next would go on with it by itself.
            tern_models::keep_paused(&folder, &wish, true)?;
            return Err(CliError::Paused {
                kept,
                wish: wish_text,
            });
        }
        Err(error) => return Err(error.into()),
    };
    let model = shelf.add_owned(&fetched.path, fetched.record)?;
    eprintln!(
        "{} is here, whole and as it was published: {} in {:.1} s.",
        model.name,
        size(model.record.as_ref().map_or(model.bytes, Record::bytes)),
        started.elapsed().as_secs_f64()
    );
    print_fetched(&model, started, json);
    Ok(())
}

/// How the hub is reached, as the window's settings say; `HF_ENDPOINT` in the terminal goes before
/// their mirror.
fn network(data_dir: &Path) -> Result<Network, CliError> {
    let mut settings = NetworkSettings::read(data_dir)?.unwrap_or_default();
    if settings.offline {
        return Err(AppError::Offline.into());
    }
    if std::env::var_os("HF_ENDPOINT").is_some_and(|endpoint| !endpoint.is_empty()) {
        settings.mirror = None;
    }
    Ok(settings.network(TokenSource::new(tern_app::token)))
}

/// Pauses a download once the offline lock is put on in a window. The answer tells whether it was.
fn pause_when_locked(data_dir: &Path, control: &Control) -> Arc<AtomicBool> {
    let locked = Arc::new(AtomicBool::new(false));
    let (data_dir, control, told) = (data_dir.to_path_buf(), control.clone(), Arc::clone(&locked));
    thread::spawn(move || {
        while !NetworkSettings::read(&data_dir)
            .is_ok_and(|found| found.is_some_and(|settings| settings.offline))
        {
            thread::sleep(LOOK_AT_LOCK);
        }
        told.store(true, Ordering::Relaxed);
        control.pause();
    });
    locked
}

fn print_fetched(model: &InstalledModel, started: Instant, json: bool) {
    if !json {
        println!("{}", model.id);
        return;
    }
    let files = model.record.iter().flat_map(|record| &record.files);
    let hashes: BTreeMap<&str, &str> = files
        .map(|file| (file.path.as_str(), file.sha256.as_str()))
        .collect();
    let record = serde_json::json!({
        "id": model.id.as_str(),
        "name": model.name,
        "path": model.path.display().to_string(),
        "bytes": model.record.as_ref().map_or(model.bytes, Record::bytes),
        "sha256s": hashes,
        "seconds": started.elapsed().as_secs_f64(),
    });
    println!("{record}");
}

fn import(data_dir: &Path, path: &Path, copy: bool, json: bool) -> Result<(), CliError> {
    // Reads the header, so that a foreign or damaged file is refused here.
    let source = tern_engine::ModelSource::from_path(path)?;
    tern_engine::inspect(&source)?;
    let mut shelf = Shelf::open(data_dir)?;
    let model = if copy {
        let (path, record) = copied(&shelf, path)?;
        shelf.add_owned(&path, record)?
    } else {
        let model = shelf.add(path)?;
        if model.record.is_none() {
            let total = model.bytes;
            let record = stoppable("Recording", total, |control, went| {
                Shelf::hash(&model, control, went)
            })?;
            shelf.keep_record(&model.id, record)?;
        }
        model
    };
    if json {
        let record = serde_json::json!({ "id": model.id.as_str(), "name": model.name });
        println!("{record}");
    } else {
        println!("{}", model.id);
    }
    Ok(())
}

fn copied(shelf: &Shelf, path: &Path) -> Result<(PathBuf, Record), CliError> {
    stoppable("Copying", Candidate::at(path)?.bytes, |control, went| {
        copy_in(&shelf.folder(), path, control, went)
    })
}

fn verify(data_dir: &Path, id: &ModelId, json: bool) -> Result<(), CliError> {
    let model = find(&Shelf::open(data_dir)?, id)?;
    let bytes = model.record.as_ref().map_or(0, Record::bytes);
    stoppable("Checking", bytes, |control, went| {
        Shelf::verify(&model, control, went)
    })?;
    if json {
        let record = serde_json::json!({ "id": id.as_str(), "verified": true, "bytes": bytes });
        println!("{record}");
    } else {
        println!(
            "{}: all {} are as they were when they came.",
            model.name,
            size(bytes)
        );
    }
    Ok(())
}

fn remove(data_dir: &Path, id: &ModelId, json: bool) -> Result<(), CliError> {
    let mut shelf = Shelf::open(data_dir)?;
    let model = find(&shelf, id)?;
    let there = model.path.exists();
    shelf.remove(id)?;
    let deleted = there && !model.path.exists();
    if json {
        let record = serde_json::json!({ "id": id.as_str(), "files_deleted": deleted });
        println!("{record}");
    } else if deleted {
        println!("{} is off the list; its files are deleted.", model.name);
    } else if there {
        println!(
            "{} is off the list; its files stay at {}.",
            model.name,
            model.path.display()
        );
    } else {
        println!(
            "{} is off the list; its files were gone already.",
            model.name
        );
    }
    Ok(())
}

fn find(shelf: &Shelf, id: &ModelId) -> Result<InstalledModel, ModelsError> {
    shelf.find(id).ok_or_else(|| ModelsError::Unknown {
        id: id.as_str().to_owned(),
    })
}

/// Does work over `total` bytes, with progress, until Ctrl-C.
fn stoppable<T>(
    doing: &str,
    total: u64,
    work: impl FnOnce(&Control, &mut dyn FnMut(u64)) -> Result<T, ModelsError>,
) -> Result<T, CliError> {
    let control = Control::default();
    let stop = control.clone();
    on_interrupt(move || stop.cancel());
    let (mut line, mut done) = (Line::new(), 0);
    let worked = work(&control, &mut |bytes| {
        done += bytes;
        line.work(doing, done, total.max(done));
    });
    line.clear();
    Ok(worked?)
}
