//! What the hub itself says: lists, promises, refusals.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tern_models::loopback_hub::Fault;
use tern_models::{Control, ModelsError, Network, TokenSource, Wish, fetch};

use crate::bed::{Bed, MIB, REPO, impatient};

fn fetch_wish(bed: &Bed, wish: &str, network: &Network) -> Result<(), ModelsError> {
    let wish = Wish::parse(wish).unwrap();
    fetch(
        &bed.folder(),
        &wish,
        network,
        impatient(),
        &Control::default(),
        &mut |_| {},
    )
    .map(|_| ())
}

#[test]
fn a_hub_that_promises_another_file_is_not_followed() {
    for fault in [
        Fault::WrongLinkedSize,
        Fault::WrongLinkedHash,
        Fault::WrongCommit,
    ] {
        let bed = Bed::new(MIB);
        let wrong = fault.clone();
        bed.hub.set_script(move |asked| match asked.at_hub {
            true => wrong.clone(),
            false => Fault::None,
        });
        let error = bed.fetch().expect_err("another file");
        assert!(
            matches!(error, ModelsError::NotAsRecorded { .. }),
            "{fault:?}: {error}"
        );
        assert_eq!(bed.sent(), 0, "{fault:?}");
    }
}

#[test]
fn what_is_not_there_is_said_by_name() {
    let bed = Bed::new(MIB);
    for (wish, named) in [
        ("terns/none", "terns/none"),
        ("terns/small@old", "old"),
        ("terns/small:x.gguf", "x.gguf"),
    ] {
        let error = fetch_wish(&bed, wish, &bed.network()).expect_err(wish);
        assert!(matches!(error, ModelsError::NotOnHub { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn a_token_is_shown_to_the_hub_and_to_nobody_else() {
    let bed = Bed::new(2 * MIB);
    bed.hub.require_token(Some("hf_secret"));
    let error = bed.fetch().expect_err("gated");
    assert!(matches!(error, ModelsError::NeedsToken { .. }), "{error}");
    let (network, looked) = known_person(&bed);
    fetch_wish(&bed, REPO, &network).unwrap();
    assert_eq!(looked.load(Ordering::Relaxed), 1);
    for asked in bed.hub.asked() {
        assert!(asked.at_hub || asked.token.is_none(), "{asked:?}");
    }
}

#[test]
fn a_hub_that_wants_no_token_is_not_told_who_asks() {
    let bed = Bed::new(2 * MIB);
    let (network, looked) = known_person(&bed);
    fetch_wish(&bed, REPO, &network).unwrap();
    assert_eq!(looked.load(Ordering::Relaxed), 0);
    assert!(bed.hub.asked().iter().all(|asked| asked.token.is_none()));
}

#[test]
fn a_wrong_token_is_a_refusal_and_not_a_loop() {
    let bed = Bed::new(MIB);
    bed.hub.require_token(Some("hf_another"));
    let (network, looked) = known_person(&bed);
    let error = fetch_wish(&bed, REPO, &network).expect_err("gated");
    assert!(matches!(error, ModelsError::NeedsToken { .. }), "{error}");
    assert_eq!(looked.load(Ordering::Relaxed), 1);
    assert_eq!(bed.hub.asked().len(), 2);
}

/// A network with a token, and how often it was looked for.
fn known_person(bed: &Bed) -> (Network, Arc<AtomicU32>) {
    let looked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&looked);
    let token = TokenSource::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Some("hf_secret".to_owned())
    });
    let network = Network {
        token,
        ..bed.network()
    };
    (network, looked)
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused_before_anything_is_fetched() {
    for name in [
        "../model.json",
        "/etc/x.json",
        "con.json",
        "a\\b.json",
        "MODEL.safetensors",
    ] {
        let bed = Bed::new(MIB);
        let source = bed.root.path().join("source-1");
        let file = |name: &str| source.join(name);
        let files: [(&str, PathBuf); 3] = [
            ("config.json", file("config.json")),
            ("model.safetensors", file("model.safetensors")),
            (name, file("config.json")),
        ];
        bed.hub.publish(REPO, &files).unwrap();
        match bed.fetch() {
            // A file in another folder is no part of the model and stays on the hub.
            Ok(fetched) => bed.is_whole(&fetched, 1),
            Err(error) => {
                assert!(
                    matches!(error, ModelsError::UnsafeName { .. }),
                    "{name}: {error}"
                );
                assert_eq!(bed.sent(), 0, "{name}");
            }
        }
        assert!(!bed.root.path().join("model.json").exists(), "{name}");
    }
}

#[test]
fn a_long_list_is_read_to_its_end() {
    let bed = Bed::new(MIB);
    let source = bed.root.path().join("source-1");
    let config = source.join("config.json");
    let names: Vec<String> = (0..120).map(|at| format!("a/{at}.txt")).collect();
    let mut files: Vec<(&str, PathBuf)> = names
        .iter()
        .map(|name| (name.as_str(), config.clone()))
        .collect();
    files.push(("config.json", config.clone()));
    files.push(("model.safetensors", source.join("model.safetensors")));
    bed.hub.publish(REPO, &files).unwrap();
    bed.is_whole(&bed.fetch().unwrap(), 1);
}

#[test]
fn a_download_goes_on_with_the_revision_it_began_with() {
    let bed = Bed::new(20 * MIB);
    bed.hub
        .set_script(|_| Fault::Drip(256 << 10, Duration::from_millis(10)));
    let control = Control::default();
    let paused = bed.fetch_with(&control, &mut |progress| {
        if progress.done > MIB {
            control.pause();
        }
    });
    let error = paused.expect_err("it was paused");
    assert!(matches!(error, ModelsError::Paused), "{error}");
    let first = bed.hub.commit(REPO).unwrap();
    bed.publish(20 * MIB, 2);
    assert_ne!(bed.hub.commit(REPO).unwrap(), first);
    // The hub of these tests keeps no old revisions, so the download ends with a sentence
    // instead of with a mixture.
    let error = bed.fetch().expect_err("the old revision is gone");
    assert!(matches!(error, ModelsError::NotOnHub { .. }), "{error}");
    assert!(bed.promoted().is_empty());
}
