//! The list of opened models, by danger.

#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};
use tern_models::{InstalledModel, ModelId, ModelKind, ModelsError, Shelf};

/// A data folder and a folder with models beside it.
struct Fixture {
    root: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let root = tempdir().unwrap();
        fs::create_dir(root.path().join("data")).unwrap();
        Self { root }
    }

    fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    fn list(&self) -> PathBuf {
        self.data().join("models.json")
    }

    fn shelf(&self) -> Shelf {
        Shelf::open(&self.data()).unwrap()
    }

    /// Writes a file, its folders too.
    fn file(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn gguf(&self, path: &str) -> PathBuf {
        self.file(path, b"GGUF\x03\0\0\0 and so on")
    }

    fn folder(&self, path: &str) -> PathBuf {
        self.file(&format!("{path}/config.json"), b"{}");
        self.file(&format!("{path}/model.safetensors"), &[0; 100]);
        self.root.path().join(path)
    }
}

fn refusal(fixture: &Fixture, path: &Path) -> String {
    let mut shelf = fixture.shelf();
    let error = shelf.add(path).expect_err("it is not a model");
    assert_eq!(shelf.list(), []);
    assert!(!fixture.list().exists());
    let sentence = error.to_string();
    assert!(
        sentence.contains(&path.file_name().unwrap().display().to_string()),
        "{sentence}"
    );
    assert!(
        sentence.ends_with('.') && !sentence.contains(".."),
        "{sentence}"
    );
    sentence
}

#[test]
fn an_opened_model_is_there_after_closing_and_opening() {
    let fixture = Fixture::new();
    let gguf = fixture.gguf("BitNet-2B/ggml-model-i2_s.gguf");
    let folder = fixture.folder("Falcon-E");
    let mut shelf = fixture.shelf();
    let first = shelf.add(&gguf).unwrap();
    let second = shelf.add(&folder).unwrap();

    assert_eq!(
        (first.name.as_str(), first.kind),
        ("BitNet-2B", ModelKind::Gguf)
    );
    assert_eq!(first.bytes, fs::metadata(&gguf).unwrap().len());
    assert_eq!(
        (second.name.as_str(), second.kind),
        ("Falcon-E", ModelKind::Folder)
    );
    assert_eq!(second.bytes, 102);
    assert!(first.id.as_str().starts_with("bitnet-2b-"), "{}", first.id);

    let shelf = fixture.shelf();
    assert_eq!(shelf.list(), [first.clone(), second]);
    assert_eq!(shelf.find(&first.id), Some(first));
    assert_eq!(shelf.find(&ModelId::new("guide")), None);
    assert_eq!(shelf.warning(), None);
}

#[test]
fn a_model_opened_twice_is_one_entry_with_its_present_size() {
    let fixture = Fixture::new();
    let folder = fixture.folder("m/Falcon-E");
    let mut shelf = fixture.shelf();
    let first = shelf.add(&folder).unwrap();
    let roundabout = folder.join("../../m/./Falcon-E");
    for path in [folder.clone(), folder.join("model.safetensors"), roundabout] {
        assert_eq!(shelf.add(&path).unwrap(), first);
    }
    fixture.file("m/Falcon-E/model-00002.safetensors", &[0; 7]);
    let again = shelf.add(&folder).unwrap();
    let expected = InstalledModel {
        bytes: first.bytes + 7,
        ..first
    };
    assert_eq!(again, expected);
    assert_eq!(fixture.shelf().list(), [expected]);
}

#[test]
fn two_models_of_one_name_have_two_ids() {
    let fixture = Fixture::new();
    let mut shelf = fixture.shelf();
    let ids: Vec<ModelId> = [
        "a/guide.gguf",
        "b/guide.gguf",
        "c/\u{30e2}\u{30c7}\u{30eb}.gguf",
    ]
    .map(|path| shelf.add(&fixture.gguf(path)).unwrap().id)
    .into();
    assert!(ids[0] != ids[1]);
    for id in &ids {
        assert_ne!(id.as_str(), "guide");
        assert!(
            id.as_str()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)),
            "{id}"
        );
    }
}

#[test]
fn forgetting_a_model_leaves_its_files() {
    let fixture = Fixture::new();
    let (gguf, folder) = (fixture.gguf("a.gguf"), fixture.folder("b"));
    let mut shelf = fixture.shelf();
    let ids = [&gguf, &folder].map(|path| shelf.add(path).unwrap().id);
    for id in &ids {
        shelf.remove(id).unwrap();
        let again = shelf.remove(id).unwrap_err();
        assert!(matches!(again, ModelsError::Unknown { .. }), "{again}");
    }
    assert_eq!(fixture.shelf().list(), []);
    assert!(gguf.exists() && folder.join("model.safetensors").exists());
}

#[test]
fn a_model_whose_file_is_gone_stays_on_the_list() {
    let fixture = Fixture::new();
    let gguf = fixture.gguf("a.gguf");
    let added = fixture.shelf().add(&gguf).unwrap();
    fs::remove_file(gguf).unwrap();
    let mut shelf = fixture.shelf();
    assert_eq!(shelf.list(), [added]);
    // And does not get in the way of others.
    shelf.add(&fixture.gguf("b.gguf")).unwrap();
    assert_eq!(shelf.list().len(), 2);
}

#[test]
fn what_is_not_a_model_is_refused_with_what_to_choose() {
    let fixture = Fixture::new();
    let text = fixture.file("notes.txt", b"GGU");
    assert!(refusal(&fixture, &text).contains("Choose a .gguf file, or a folder"));
    // By contents, not by name.
    let renamed = fixture.file("fake.gguf", b"PK\x03\x04");
    assert!(refusal(&fixture, &renamed).contains("does not begin as a GGUF file does"));
    let empty = fixture.file("empty.gguf", b"");
    refusal(&fixture, &empty);
    let alone = fixture.file("alone/model.safetensors", &[0; 8]);
    assert!(refusal(&fixture, &alone).contains("no config.json beside it"));
    assert!(refusal(&fixture, alone.parent().unwrap()).contains("no config.json"));
    let config = fixture.file("only-config/config.json", b"{}");
    assert!(refusal(&fixture, config.parent().unwrap()).contains("no .safetensors"));
    refusal(&fixture, &config);
    let described = fixture.folder("whole").join("config.json");
    assert!(refusal(&fixture, &described).contains("Choose the folder it is in"));
    let around = fixture.gguf("around/x.gguf");
    assert!(refusal(&fixture, around.parent().unwrap()).contains("Choose the .gguf file in it"));
    for missing in ["missing.gguf", "missing/model.gguf"] {
        let missing = fixture.root.path().join(missing);
        assert!(matches!(
            fixture.shelf().add(&missing),
            Err(ModelsError::Missing { .. })
        ));
        refusal(&fixture, &missing);
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_or_device_is_not_waited_on() {
    let fixture = Fixture::new();
    assert!(refusal(&fixture, Path::new("/dev/zero")).contains("neither a file nor a folder"));
}

#[test]
#[cfg(unix)]
fn a_linked_model_keeps_its_name_and_is_not_listed_twice() {
    use std::os::unix::fs::symlink;
    // As in Hugging Face's cache.
    let fixture = Fixture::new();
    let blob = fixture.gguf("models--o--Some-Model/blobs/3f0e9a");
    let snapshot = fixture
        .root
        .path()
        .join("models--o--Some-Model/snapshots/1a2b");
    fs::create_dir_all(&snapshot).unwrap();
    let link = snapshot.join("some-model-i2_s.gguf");
    symlink("../../blobs/3f0e9a", &link).unwrap();
    let mut shelf = fixture.shelf();
    let added = shelf.add(&link).unwrap();
    assert_eq!(added.name, "some-model-i2_s");
    assert!(
        added.path.ends_with("snapshots/1a2b/some-model-i2_s.gguf"),
        "{:?}",
        added.path
    );
    assert_eq!(added.bytes, fs::metadata(&blob).unwrap().len());
    assert_eq!(shelf.add(&blob).unwrap(), added);
}

#[test]
#[cfg(target_os = "linux")]
fn a_path_that_is_not_text_is_refused_in_words() {
    let fixture = Fixture::new();
    let name: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(b"\xff.gguf".to_vec());
    let path = fixture.root.path().join(name);
    fs::write(&path, "GGUF").unwrap();
    let error = fixture.shelf().add(&path).unwrap_err();
    assert!(matches!(error, ModelsError::PathNotText { .. }), "{error}");
}

#[test]
fn a_damaged_list_is_set_aside_and_never_lost() {
    let deep = "[".repeat(100_000);
    let long = " ".repeat(5 << 20);
    let damaged = [
        "",
        "\0\0\0\0",
        "{",
        "[]",
        "{\"format\":1}",
        "{\"format\":-1,\"models\":[]}",
        "{\"format\":1,\"models\":[{\"id\":\"a\"}]}",
        &deep,
        &long,
    ];
    let fixture = Fixture::new();
    for (n, contents) in damaged.iter().enumerate() {
        fs::write(fixture.list(), contents).unwrap();
        let mut shelf = fixture.shelf();
        assert_eq!(shelf.list(), [], "{n}");
        let aside = fixture
            .data()
            .join(format!("models.json.damaged-{}", n + 1));
        assert!(
            shelf
                .warning()
                .unwrap()
                .contains(&aside.display().to_string()),
            "{n}"
        );
        assert!(fs::read_to_string(&aside).unwrap() == **contents, "{n}");
        shelf.add(&fixture.gguf("a.gguf")).unwrap();
        assert_eq!(fixture.shelf().warning(), None);
    }
}

#[test]
fn a_newer_list_is_refused_and_not_changed() {
    let fixture = Fixture::new();
    let newer = "{\"format\":2,\"shelves\":[]}";
    fs::write(fixture.list(), newer).unwrap();
    let error = Shelf::open(&fixture.data()).unwrap_err();
    assert!(
        matches!(error, ModelsError::NewerList { found: 2, .. }),
        "{error}"
    );
    assert_eq!(fs::read_to_string(fixture.list()).unwrap(), newer);
}

#[test]
fn an_entry_edited_by_hand_cannot_pose_as_the_guide() {
    let fixture = Fixture::new();
    let entry = |id: &str| {
        format!(
            "{{\"id\":\"{id}\",\"name\":\"x\",\"path\":\"/x\",\"bytes\":1,\"kind\":\"gguf\",\
             \"added_at_ms\":0}}"
        )
    };
    let list = [entry("guide"), entry("a-1"), entry("a-1")].join(",");
    fs::write(
        fixture.list(),
        format!("{{\"format\":1,\"models\":[{list}]}}"),
    )
    .unwrap();
    let shelf = fixture.shelf();
    assert_eq!(shelf.warning(), None);
    assert_eq!(shelf.list().len(), 1);
    assert_eq!(shelf.find(&ModelId::new("guide")), None);
}

#[test]
fn a_list_that_cannot_be_saved_stays_as_it_was() {
    let fixture = Fixture::new();
    let mut shelf = fixture.shelf();
    let first = shelf.add(&fixture.gguf("a.gguf")).unwrap();
    let before = fs::read(fixture.list()).unwrap();
    // The name the new list is written under is taken by a folder.
    let in_the_way = fixture.data().join("models.json.new");
    fs::create_dir(&in_the_way).unwrap();

    let error = shelf.add(&fixture.gguf("b.gguf")).unwrap_err();
    assert!(error.to_string().contains("models.json"), "{error}");
    assert!(shelf.remove(&first.id).is_err());

    assert_eq!(shelf.list().as_slice(), std::slice::from_ref(&first));
    assert_eq!(fs::read(fixture.list()).unwrap(), before);
    fs::remove_dir(in_the_way).unwrap();
    shelf.remove(&first.id).unwrap();
}

#[test]
fn what_a_kill_left_of_a_new_list_is_not_taken_for_the_list() {
    let fixture = Fixture::new();
    let added = fixture.shelf().add(&fixture.gguf("a.gguf")).unwrap();
    let half = fixture.data().join("models.json.new");
    fs::write(&half, "{\"format\":1,\"mod").unwrap();
    let mut shelf = fixture.shelf();
    assert_eq!(shelf.list(), [added]);
    shelf.add(&fixture.gguf("b.gguf")).unwrap();
    assert!(!half.exists());
    assert_eq!(fixture.shelf().list().len(), 2);
}

#[test]
fn the_data_folder_is_made_when_the_first_model_is_added() {
    let fixture = Fixture::new();
    let data = fixture.root.path().join("not/yet");
    let mut shelf = Shelf::open(&data).unwrap();
    assert!(!data.exists(), "looking makes nothing");
    shelf.add(&fixture.gguf("a.gguf")).unwrap();
    assert_eq!(Shelf::open(&data).unwrap().list().len(), 1);
}
