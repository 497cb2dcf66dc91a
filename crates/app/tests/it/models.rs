//! Models: fetched from a hub on this computer, paused, locked out, removed, left by memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tern_app::{
    AppError, AppEvent, DownloadInfo, DownloadState, ModelInfo, ModelPresence, NetworkSettings,
    WorkKind,
};
use tern_models::Shelf;
use tern_models::loopback_hub::{Fault, LoopbackHub};

use crate::desk::{Desk, golden};

pub(crate) const REPO: &str = "terns/tiny";
const ID: &str = "terns-tiny";

pub(crate) fn hub() -> LoopbackHub {
    let hub = LoopbackHub::start().expect("a hub");
    let folder = golden("tiny-bitnet/hf-packed");
    hub.publish_folder(REPO, &folder).expect("published");
    hub
}

/// A program that downloads from `hub`.
pub(crate) fn desk(folder: &Path, hub: &LoopbackHub) -> Desk {
    let desk = Desk::open(folder);
    set_network(&desk, |network| network.mirror = Some(hub.endpoint()));
    desk
}

fn set_network(desk: &Desk, change: impl FnOnce(&mut NetworkSettings)) {
    let mut settings = desk.app.settings();
    change(&mut settings.network);
    desk.app.set_settings(settings).expect("stored");
}

/// Lets everything drip, so that a download of the tiny model takes a second or more.
fn slowly(hub: &LoopbackHub) {
    hub.set_script(|asked| match asked.at_hub {
        true => Fault::None,
        false => Fault::Drip(16 << 10, Duration::from_millis(20)),
    });
}

fn downloads(event: &AppEvent) -> Option<&[DownloadInfo]> {
    match event {
        AppEvent::DownloadsChanged(downloads) => Some(downloads),
        _ => None,
    }
}

/// Events until the download is over.
pub(crate) fn until_over(desk: &Desk) {
    desk.until(|event| {
        let over = downloads(event).is_some_and(<[_]>::is_empty);
        let failed = downloads(event)
            .and_then(|all| all.first())
            .map(|of| &of.state);
        assert!(
            !matches!(failed, Some(DownloadState::Failed(_))),
            "{failed:?}"
        );
        over
    });
}

fn until_some_came(desk: &Desk) {
    desk.until(|event| {
        let first = downloads(event).and_then(|all| all.first());
        first
            .is_some_and(|of| of.done_bytes > 20_000 && matches!(of.state, DownloadState::Fetching))
    });
}

#[test]
fn a_fetched_model_answers() {
    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    let desk = desk(folder.path(), &hub);
    desk.app.start_download(REPO).expect("started");
    until_over(&desk);
    let models = desk.app.models();
    let model = models.last().expect("a model");
    assert!(
        model.owned && model.recorded && model.name == "tiny",
        "{model:?}"
    );
    assert_eq!(
        model.origin.as_ref().map(|origin| origin.repo.as_str()),
        Some(REPO)
    );
    desk.app.verify_model(&model.id).expect("whole");
    desk.app.select_model(&model.id, None).expect("selected");
    let sent = desk.send(None, "Hello");
    std::thread::sleep(Duration::from_millis(200));
    desk.app.stop(&sent.row.id);
    let (_, answer) = desk.finish(&sent);
    assert!(answer.error.is_none(), "{:?}", answer.error);
}

#[test]
fn a_download_goes_on_by_itself_after_the_program_ended() {
    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    slowly(&hub);
    let first = desk(folder.path(), &hub);
    first.app.start_download(REPO).expect("started");
    until_some_came(&first);
    drop(first);
    hub.set_script(|_| Fault::None);
    let second = Desk::open(folder.path());
    until_over(&second);
    assert_eq!(second.app.models().len(), 2);
    // For a face that came too late to see it end.
    let finished = second.app.models_overview().finished;
    assert_eq!(finished.len(), 1, "{finished:?}");
    assert_eq!(finished[0].repo, REPO);
    let again = second.app.start_download(REPO).expect_err("it is there");
    assert!(matches!(again, AppError::HereAlready { .. }), "{again}");
}

#[test]
fn a_paused_download_stays_paused_until_it_is_told_to_go_on() {
    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    slowly(&hub);
    let first = desk(folder.path(), &hub);
    first.app.start_download(REPO).expect("started");
    until_some_came(&first);
    let [paused] = &first.app.pause_download(ID).expect("paused")[..] else {
        panic!("one download");
    };
    assert!(matches!(paused.state, DownloadState::Paused), "{paused:?}");
    drop(first);
    // What was on its way is taken down by the hub when it is over; questions at once.
    let questions = || hub.asked().iter().filter(|asked| asked.at_hub).count();
    let asked = questions();
    let second = Desk::open(folder.path());
    let [paused] = &second.app.downloads()[..] else {
        panic!("one download");
    };
    assert!(paused.done_bytes > 0 && matches!(paused.state, DownloadState::Paused));
    assert_eq!(questions(), asked, "something was asked for");
    hub.set_script(|_| Fault::None);
    second.app.resume_download(ID).expect("goes on");
    until_over(&second);
}

#[test]
fn a_download_given_up_leaves_nothing() {
    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    slowly(&hub);
    let desk = desk(folder.path(), &hub);
    desk.app.start_download(REPO).expect("started");
    until_some_came(&desk);
    assert!(desk.app.cancel_download(ID).expect("given up").is_empty());
    let left = folder.path().join("models/.downloads");
    assert_eq!(fs::read_dir(left).expect("the folder").count(), 0);
    assert!(matches!(
        desk.app.pause_download(ID),
        Err(AppError::NoDownload)
    ));
}

#[test]
fn behind_the_offline_lock_nothing_is_asked_for() {
    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    let desk = desk(folder.path(), &hub);
    let set = |offline| set_network(&desk, |network| network.offline = offline);
    set(true);
    assert!(matches!(
        desk.app.start_download(REPO),
        Err(AppError::Offline)
    ));
    assert_eq!(hub.asked(), []);
    set(false);
    slowly(&hub);
    desk.app.start_download(REPO).expect("started");
    until_some_came(&desk);
    set(true);
    // The hub takes an answer down when it is over, also one nobody reads any more.
    std::thread::sleep(Duration::from_millis(500));
    let asked = hub.asked().len();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(hub.asked().len(), asked, "asked behind the lock");
    hub.set_script(|_| Fault::None);
    set(false);
    until_over(&desk);
}

#[test]
fn the_lock_outlives_the_program_and_a_file_that_cannot_be_read_closes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(folder.path());
    set_network(&desk, |network| network.offline = true);
    drop(desk);
    let desk = Desk::open(folder.path());
    assert!(desk.app.settings().network.offline);
    set_network(&desk, |network| network.offline = false);
    drop(desk);
    fs::write(folder.path().join("network.json"), "damaged").expect("written");
    let desk = Desk::open(folder.path());
    desk.until(|event| match event {
        AppEvent::Problem(error) => error.to_string().contains("network.json"),
        _ => false,
    });
    assert!(desk.app.settings().network.offline);
    assert!(matches!(
        desk.app.start_download(REPO),
        Err(AppError::Offline)
    ));
    set_network(&desk, |network| network.offline = false);
    drop(desk);
    assert!(!Desk::open(folder.path()).app.settings().network.offline);
}

#[test]
fn what_keeps_a_download_from_ending_is_said_and_it_can_be_tried_again() {
    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    let desk = desk(folder.path(), &hub);
    hub.require_token(Some("hf_x"));
    desk.app.start_download(REPO).expect("started");
    let failed = |event: &AppEvent| match downloads(event)?.first()?.state.clone() {
        DownloadState::Failed(error) => Some(error.to_string()),
        _ => None,
    };
    let mut said = None;
    desk.until(|event| {
        said = failed(event);
        said.is_some()
    });
    assert!(
        said.as_ref().is_some_and(|said| said.contains("token")),
        "{said:?}"
    );
    hub.require_token(None);
    desk.app.resume_download(ID).expect("tried again");
    until_over(&desk);
}

#[test]
fn nonsense_is_refused_at_once() {
    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    let desk = desk(folder.path(), &hub);
    for wish in ["", "not a repo", "../..", "a/b:../x.gguf"] {
        assert!(
            matches!(desk.app.start_download(wish), Err(AppError::Models(_))),
            "{wish}"
        );
    }
    set_network(&desk, |network| {
        network.mirror = Some("http://example.com".to_owned());
    });
    assert!(matches!(
        desk.app.start_download(REPO),
        Err(AppError::Models(_))
    ));
    assert!(desk.app.downloads().is_empty());
}

#[test]
fn a_copied_model_is_deleted_with_its_entry_and_one_in_place_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(folder.path());
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).expect("made");
    for entry in fs::read_dir(golden("tiny-bitnet/hf-packed")).expect("there") {
        let path = entry.expect("there").path();
        fs::copy(&path, theirs.join(path.file_name().expect("a name"))).expect("copied");
    }
    let copied = desk.app.import_model(&theirs, true).expect("copied");
    assert!(copied.owned && copied.recorded);
    let in_place = desk.app.import_model(&theirs, false).expect("in place");
    assert!(!in_place.owned);
    desk.until_a_model(|of| of.id == in_place.id && of.recorded && of.work.is_none());
    desk.app.select_model(&copied.id, None).expect("selected");
    desk.until_a_model(|of| of.id == copied.id && of.presence == ModelPresence::Ready);
    let path = copied.path.clone().expect("a path");
    desk.app.remove_model(&copied.id).expect("removed");
    desk.app.remove_model(&in_place.id).expect("removed");
    assert!(!path.exists() && theirs.join("model.safetensors").exists());
    assert!(desk.app.models()[0].selected, "the Guide takes over");
}

#[test]
fn what_a_terminal_did_to_the_list_is_seen_when_models_are_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(folder.path());
    let mut terminal = Shelf::open(folder.path()).expect("opens");
    let added = terminal.add(&golden("tiny-bitnet/gguf/ggml-model-tq2_0.gguf"));
    let id = added.expect("added").id;
    desk.app.models_overview();
    desk.until_a_model(|of| of.id == id.as_str());
    desk.app.select_model(id.as_str(), None).expect("selected");
    terminal.remove(&id).expect("removed");
    desk.app.models_overview();
    let [guide] = &desk.app.models()[..] else {
        panic!("only the Guide");
    };
    assert!(guide.selected);
}

/// A GGUF file that takes a while to copy: a whole model, and many bytes after it.
fn large_model(folder: &Path) -> PathBuf {
    let path = folder.join("large.gguf");
    fs::copy(golden("tiny-bitnet/gguf/ggml-model-tq2_0.gguf"), &path).expect("copied");
    let file = fs::OpenOptions::new().write(true).open(&path);
    file.and_then(|file| file.set_len(600_000_000))
        .expect("made longer");
    path
}

#[test]
fn a_model_that_is_copied_is_listed_meanwhile_and_can_be_given_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(folder.path());
    let path = large_model(folder.path());
    let copies = |of: &ModelInfo| of.work.is_some_and(|work| work.kind == WorkKind::Copying);
    std::thread::scope(|scope| {
        let copied = scope.spawn(|| desk.app.import_model(&path, true));
        desk.until_a_model(|of| copies(of) && of.work.is_some_and(|work| work.done_bytes > 0));
        let models = desk.app.models();
        let newcomer = models.iter().find(|of| copies(of)).expect("listed");
        assert_eq!(newcomer.bytes, 600_000_000);
        let used = desk.app.select_model(&newcomer.id, None);
        assert!(
            matches!(used, Err(AppError::UnknownModel { .. })),
            "{used:?}"
        );
        desk.app.stop_model_work(&newcomer.id);
        let ended = copied.join().expect("no panic");
        assert!(matches!(ended, Err(AppError::Models(_))), "{ended:?}");
    });
    assert_eq!(desk.app.models().len(), 1, "only the Guide is left");
    let models = folder.path().join("models");
    let left: Vec<_> = fs::read_dir(models.join(".downloads"))
        .expect("there")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_changed_file_is_named_and_the_work_is_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(folder.path());
    let copied = desk
        .app
        .import_model(&golden("tiny-bitnet/hf-packed"), true)
        .expect("copied");
    let weights = copied.path.expect("a path").join("model.safetensors");
    let mut bytes = fs::read(&weights).expect("read");
    bytes[5000] ^= 1;
    fs::write(&weights, bytes).expect("written");
    let error = desk.app.verify_model(&copied.id).expect_err("changed");
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    let seen =
        desk.until_a_model(|of| of.work.is_some_and(|work| work.kind == WorkKind::Verifying));
    assert!(!seen.is_empty());
}

#[test]
fn another_folder_takes_the_models_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(folder.path());
    let copied = desk
        .app
        .import_model(&golden("tiny-bitnet/hf-packed"), true)
        .expect("copied");
    let elsewhere = folder.path().join("elsewhere");
    desk.app.set_models_folder(&elsewhere, true).expect("moved");
    let models = desk.app.models();
    let moved = models
        .iter()
        .find(|of| of.id == copied.id)
        .expect("still listed");
    let path = moved.path.clone().expect("a path");
    let (there, home) = (path.canonicalize(), elsewhere.canonicalize());
    assert!(
        there.expect("there").starts_with(home.expect("there")),
        "{}",
        path.display()
    );
    assert!(!copied.path.expect("a path").exists());
    desk.app.verify_model(&copied.id).expect("whole");
    assert_eq!(desk.app.models_overview().folder.path(), elsewhere);
}

#[test]
fn a_model_leaves_memory_when_it_is_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::with_rambler(folder.path(), 5);
    let is = |presence| move |of: &ModelInfo| of.id != "guide" && of.presence == presence;
    desk.until_a_model(is(ModelPresence::Ready));
    desk.app.unload_model();
    desk.until_a_model(is(ModelPresence::Idle));
}

#[test]
fn the_overview_names_every_model_of_the_catalogue_and_how_it_fits() {
    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    let desk = desk(folder.path(), &hub);
    let overview = desk.app.models_overview();
    assert_eq!(overview.catalogue.len(), tern_models::catalogue().len());
    assert!(
        overview
            .catalogue
            .iter()
            .all(|row| row.fit.total_memory > 0)
    );
    assert!(overview.free_bytes.is_some() && overview.used_bytes == 0);
    assert_eq!(overview.host, "127.0.0.1");
}
