//! `tern models` with a hub on this computer: what is fetched can be used, checked and removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tern_models::NetworkSettings;
use tern_models::loopback_hub::{Fault, LoopbackHub};

const REPO: &str = "terns/tiny";

struct Bed {
    hub: LoopbackHub,
    data: TempDir,
}

fn golden(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/tiny-bitnet");
    root.join(path)
}

impl Bed {
    /// A hub with the small model as a folder, and as two GGUF files in another repository.
    fn new() -> Self {
        let hub = LoopbackHub::start().expect("a hub");
        hub.publish_folder(REPO, &golden("hf-packed"))
            .expect("published");
        let gguf = |name: &'static str| (name, golden("gguf").join(name));
        let files = [gguf("ggml-model-tq1_0.gguf"), gguf("ggml-model-tq2_0.gguf")];
        hub.publish("terns/gguf", &files).expect("published");
        Self {
            hub,
            data: tempfile::tempdir().expect("a folder"),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tern"));
        command
            .args(args)
            .env("TERN_DATA_DIR", self.data.path())
            .env("HF_ENDPOINT", self.hub.endpoint());
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("it starts")
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let errors = words(&output);
        assert!(output.status.success(), "{args:?}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
    }

    /// The sentence on stderr of a command that must fail.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let words = words(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {words}");
        assert!(!words.contains("panicked"), "{words}");
        words
    }

    fn download(&self) -> PathBuf {
        self.data.path().join("models/.downloads/terns-tiny")
    }

    /// A download that has come to the weights, 16 KiB at a time.
    fn fetch_slowly(&self, pause_ms: u64) -> Child {
        self.hub
            .set_script(move |_| Fault::Drip(16 << 10, Duration::from_millis(pause_ms)));
        let child = self
            .command(&["models", "fetch", REPO])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // A file's state is there as soon as its first bytes are asked for; the last one is the
        // weights'.
        while !self.download().join("state/5.state").exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    fn writes(&self, model: &str) {
        let args = ["generate", "--model", model, "--prompt", "hi"];
        let record = self.json(&[&args[..], &["--max-tokens", "5"]].concat());
        assert!(record["ids"].is_array(), "{record}");
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_fetched_model_answers_is_checked_and_its_files_go_with_it() {
    let bed = Bed::new();
    let record = bed.json(&["models", "fetch", REPO]);
    let id = record["id"].as_str().expect("an id").to_owned();
    let weights = Path::new(record["path"].as_str().expect("a path")).join("model.safetensors");
    assert!(weights.starts_with(bed.data.path().join("models")));
    let hashes = record["sha256s"].as_object().expect("hashes");
    assert_eq!(hashes.len(), 6, "{record}");
    assert!(record["bytes"].as_u64() > Some(1_298_584), "{record}");
    assert!(record["seconds"].is_f64(), "{record}");
    bed.writes(&id);

    let again = bed.run(&["models", "fetch", REPO]);
    assert_eq!(String::from_utf8_lossy(&again.stdout).trim(), id);
    assert!(words(&again).contains("is here already"));

    assert!(bed.ok(&["models", "verify", &id]).contains("as they were"));
    let mut bytes = fs::read(&weights).expect("the weights");
    bytes[777_777] ^= 1;
    fs::write(&weights, bytes).expect("written");
    let sentence = bed.refused(&["models", "verify", &id]);
    assert!(sentence.contains("model.safetensors"), "{sentence}");

    let said = bed.ok(&["models", "remove", &id]);
    assert!(said.contains("deleted"), "{said}");
    assert!(!weights.exists());
    assert!(!bed.ok(&["models", "list"]).contains(&id));
    bed.refused(&["models", "verify", &id]);
}

#[test]
fn one_gguf_file_of_several_is_fetched_by_its_name() {
    let bed = Bed::new();
    let sentence = bed.refused(&["models", "fetch", "terns/gguf"]);
    assert!(
        sentence.contains("terns/gguf:ggml-model-tq1_0.gguf"),
        "{sentence}"
    );
    let wish = "terns/gguf:ggml-model-tq2_0.gguf";
    let id = bed.ok(&["models", "fetch", wish]);
    assert_eq!(id.lines().count(), 1);
    bed.writes(id.trim());
    assert_eq!(bed.ok(&["models", "fetch", wish]), id);
}

#[test]
fn what_cannot_be_fetched_is_said_in_a_sentence() {
    let bed = Bed::new();
    let sentence = bed.refused(&["models", "fetch", "terns/unknown"]);
    assert!(
        sentence.contains("127.0.0.1 has no terns/unknown"),
        "{sentence}"
    );
    let sentence = bed.refused(&["models", "fetch", "no-such-id"]);
    assert!(sentence.contains("owner/name"), "{sentence}");
}

#[test]
fn the_catalogue_says_what_can_be_downloaded() {
    let bed = Bed::new();
    let text = bed.ok(&["models", "list", "--catalogue"]);
    let line = text
        .lines()
        .find(|line| line.starts_with("bitnet-b1.58-2b-4t "));
    let line = line.expect("the model Tern is made for");
    assert!(line.contains("GB") && line.contains("MIT"), "{line}");
    let record = bed.json(&["models", "list", "--catalogue"]);
    assert!(record["download_bytes"].is_u64() && record["installed"].is_null());
}

#[test]
fn an_imported_model_is_recorded_and_a_copy_is_tern_s_own() {
    let bed = Bed::new();
    let source = bed.data.path().join("mine.gguf");
    fs::copy(golden("gguf/ggml-model-tq2_0.gguf"), &source).expect("copied");
    let path = source.display().to_string();
    let id = bed.ok(&["models", "import", &path]);
    let id = id.trim();
    bed.ok(&["models", "verify", id]);
    let copy = bed.ok(&["models", "import", "--copy", &path]);
    let copy = copy.trim();
    assert_ne!(copy, id);

    let mut bytes = fs::read(&source).expect("the file");
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(&source, bytes).expect("written");
    assert!(bed.refused(&["models", "verify", id]).contains("mine.gguf"));
    bed.ok(&["models", "verify", copy]);

    assert!(bed.ok(&["models", "remove", id]).contains("files stay"));
    assert!(source.exists());
    assert_eq!(bed.json(&["models", "remove", copy])["files_deleted"], true);
}

/// What a window wrote.
fn set_network(bed: &Bed, settings: &NetworkSettings) {
    settings.write(bed.data.path()).expect("written");
}

#[test]
fn the_windows_lock_and_mirror_count_in_a_terminal() {
    let bed = Bed::new();
    let locked = NetworkSettings {
        offline: true,
        ..NetworkSettings::default()
    };
    set_network(&bed, &locked);
    let sentence = bed.refused(&["models", "fetch", REPO]);
    assert!(sentence.contains("offline lock"), "{sentence}");
    fs::write(bed.data.path().join("network.json"), "{").expect("damaged");
    let sentence = bed.refused(&["models", "fetch", REPO]);
    assert!(sentence.contains("network.json"), "{sentence}");
    assert_eq!(bed.hub.asked(), []);

    let mirrored = NetworkSettings {
        mirror: Some(bed.hub.endpoint()),
        ..NetworkSettings::default()
    };
    set_network(&bed, &mirrored);
    let mut command = bed.command(&["models", "fetch", REPO]);
    let output = command.env_remove("HF_ENDPOINT").output().expect("it ran");
    assert!(output.status.success(), "{}", words(&output));
}

#[test]
fn a_lock_that_is_put_on_meanwhile_ends_a_download() {
    let bed = Bed::new();
    let child = bed.fetch_slowly(100);
    let locked = NetworkSettings {
        offline: true,
        ..NetworkSettings::default()
    };
    set_network(&bed, &locked);
    let output = child.wait_with_output().expect("it ends");
    let said = words(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("offline lock was put on"), "{said}");
    assert!(!bed.download().join("paused").exists(), "nobody paused it");
    set_network(&bed, &NetworkSettings::default());
    bed.hub.set_script(|_| Fault::None);
    bed.ok(&["models", "fetch", REPO]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_pauses_a_download_and_the_same_words_go_on_with_it() {
    let bed = Bed::new();
    let child = bed.fetch_slowly(30);
    std::thread::sleep(Duration::from_millis(600));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill").success());
    let output = child.wait_with_output().expect("it ends");
    let said = words(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(
        said.contains("are kept. To go on: tern models fetch terns/tiny"),
        "{said}"
    );
    assert!(output.stdout.is_empty());
    let sent = || -> u64 {
        let asked = bed.hub.asked();
        let weights = asked.iter().filter(|asked| !asked.at_hub);
        weights.map(|asked| asked.sent.end - asked.sent.start).sum()
    };
    bed.hub.set_script(|_| Fault::None);
    let id = bed.ok(&["models", "fetch", REPO]);
    bed.ok(&["models", "verify", id.trim()]);
    let whole: u64 = 1_298_584 + 36_477 + 3_611;
    assert!(sent() < whole + (1 << 20), "{} bytes were sent", sent());
}
