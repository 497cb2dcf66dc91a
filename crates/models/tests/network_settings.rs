//! How Tern may reach the network, on disk.

#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test"
)]

use std::fs;

use tern_models::{NetworkSettings, ProxyChoice};

#[test]
fn what_was_set_is_read_again_and_nothing_is_not_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("new");
    assert_eq!(NetworkSettings::read(&data_dir).unwrap(), None);
    let settings = NetworkSettings {
        mirror: Some("https://mirror.example".to_owned()),
        proxy: ProxyChoice::Manual {
            address: "http://proxy.example:3128".to_owned(),
        },
        offline: true,
    };
    settings.write(&data_dir).unwrap();
    assert_eq!(NetworkSettings::read(&data_dir).unwrap(), Some(settings));
}

#[test]
fn an_unknown_key_is_passed_over_and_a_missing_one_is_as_new() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("network.json"),
        r#"{"offline": true, "later": {"x": 1}}"#,
    )
    .unwrap();
    let read = NetworkSettings::read(folder.path()).unwrap().unwrap();
    assert!(read.offline);
    assert_eq!((read.mirror, read.proxy), (None, ProxyChoice::System));
}

#[test]
fn what_cannot_be_understood_is_an_error_and_no_open_lock() {
    let long = format!(r#"{{"mirror": "{}"}}"#, "m".repeat(1 << 17));
    for text in ["", "{", "[]", r#"{"offline": "yes"}"#, long.as_str()] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("network.json"), text).unwrap();
        let error = NetworkSettings::read(folder.path()).expect_err("damaged");
        assert!(error.to_string().contains("network.json"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_data_folder_made_here_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    NetworkSettings::default().write(&data_dir).unwrap();
    let mode = fs::metadata(&data_dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
