//! The folder for models: planted links, room, removal, moving, adopting.

use std::fs;
use std::time::Duration;

use tern_models::{Alteration, Control, ModelsError, ModelsFolder, Shelf, Wish, copy_in, move_in};

use crate::bed::{Bed, MIB, REPO};

fn go(_: u64) {}

#[cfg(unix)]
#[test]
fn a_planted_link_is_not_written_through() {
    use std::os::unix::fs::symlink;
    let bed = Bed::new(MIB);
    let outside = bed.root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("mine"), "mine").unwrap();
    let downloads = bed.folder().path().join(".downloads");
    let place = downloads.join("terns-small");
    type Plant<'a> = Box<dyn Fn() + 'a>;
    let plants: [Plant; 4] = [
        Box::new(|| symlink(&outside, &downloads).unwrap()),
        Box::new(|| {
            fs::create_dir_all(&downloads).unwrap();
            symlink(&outside, &place).unwrap();
        }),
        Box::new(|| {
            fs::create_dir_all(place.join("files")).unwrap();
            symlink(outside.join("mine"), place.join("files/model.safetensors")).unwrap();
        }),
        Box::new(|| {
            fs::create_dir_all(place.join("files")).unwrap();
            fs::hard_link(outside.join("mine"), place.join("files/model.safetensors")).unwrap();
        }),
    ];
    for plant in plants {
        let _ = fs::remove_dir_all(bed.folder().path());
        fs::create_dir_all(bed.folder().path()).unwrap();
        plant();
        let error = bed.fetch().expect_err("a link");
        assert!(matches!(error, ModelsError::Planted { .. }), "{error}");
        assert_eq!(fs::read_to_string(outside.join("mine")).unwrap(), "mine");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    }
}

#[test]
fn a_folder_that_is_there_already_is_not_replaced() {
    let bed = Bed::new(MIB);
    let first = bed.folder().path().join("terns-small");
    fs::create_dir_all(&first).unwrap();
    fs::write(first.join("mine"), "mine").unwrap();
    let fetched = bed.fetch().unwrap();
    bed.is_whole(&fetched, 1);
    assert_eq!(fs::read_to_string(first.join("mine")).unwrap(), "mine");
}

#[test]
fn a_model_that_was_fetched_while_nobody_listed_it_is_adopted() {
    let bed = Bed::new(MIB);
    let fetched = bed.fetch().unwrap();
    let data = bed.root.path().join("data");
    let mut shelf = Shelf::open(&data).unwrap();
    shelf.adopt(&bed.folder()).unwrap();
    shelf.adopt(&bed.folder()).unwrap();
    let [model] = &Shelf::open(&data).unwrap().list()[..] else {
        panic!("one model");
    };
    assert!(model.owned && model.record.as_ref() == Some(&fetched.record));
    assert_eq!(model.name, "small");
}

#[test]
fn a_changed_file_is_found_and_named() {
    let bed = Bed::new(MIB);
    let fetched = bed.fetch().unwrap();
    let mut shelf = Shelf::open(&bed.root.path().join("data")).unwrap();
    let model = shelf.add_owned(&fetched.path, fetched.record).unwrap();
    let control = Control::default();
    Shelf::verify(&model, &control, &mut go).unwrap();
    let weights = fetched.path.join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    let mut bad = whole.clone();
    bad[4321] ^= 1;
    for (bytes, expected) in [
        (Some(bad), Alteration::Changed),
        (Some(whole[1..].to_vec()), Alteration::Resized),
        (None, Alteration::Gone),
    ] {
        match bytes {
            Some(bytes) => fs::write(&weights, bytes).unwrap(),
            None => fs::remove_file(&weights).unwrap(),
        }
        match Shelf::verify(&model, &control, &mut go) {
            Err(ModelsError::Altered { file, what }) => {
                assert_eq!((file.as_str(), what), ("model.safetensors", expected));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_was_fetched_is_found_by_the_name_it_was_asked_for() {
    let bed = Bed::new(MIB);
    let fetched = bed.fetch().unwrap();
    let commit = bed.hub.commit(REPO).unwrap();
    let mut shelf = Shelf::open(&bed.root.path().join("data")).unwrap();
    shelf.add_owned(&fetched.path, fetched.record).unwrap();
    let found = |text: &str| shelf.find_fetched(&Wish::parse(text).unwrap()).is_some();
    assert!(found(REPO) && found(&format!("{REPO}@{commit}")));
    for other in [
        &format!("{REPO}@v2"),
        &format!("{REPO}:x.gguf"),
        "terns/other",
        "bitnet-b1.58-2b-4t",
    ] {
        assert!(!found(other), "{other}");
    }
    fs::remove_dir_all(&fetched.path).unwrap();
    assert!(!found(REPO), "its files are gone");
}

#[test]
fn removing_deletes_what_tern_put_there_and_nothing_else() {
    let bed = Bed::new(MIB);
    let fetched = bed.fetch().unwrap();
    let mut shelf = Shelf::open(&bed.root.path().join("data")).unwrap();
    let owned = shelf.add_owned(&fetched.path, fetched.record).unwrap();
    let source = bed.root.path().join("source-1");
    let foreign = shelf.add(&source).unwrap();
    shelf.remove(&owned.id).unwrap();
    shelf.remove(&foreign.id).unwrap();
    assert!(!fetched.path.exists());
    assert!(source.join("model.safetensors").exists());
    assert_eq!(shelf.list(), []);
}

#[test]
fn an_owned_model_that_somebody_replaced_is_not_deleted() {
    let bed = Bed::new(MIB);
    let fetched = bed.fetch().unwrap();
    let mut shelf = Shelf::open(&bed.root.path().join("data")).unwrap();
    let owned = shelf.add_owned(&fetched.path, fetched.record).unwrap();
    fs::remove_file(fetched.path.join("tern-model.json")).unwrap();
    shelf.remove(&owned.id).unwrap();
    assert!(fetched.path.join("model.safetensors").exists());
}

#[test]
fn a_copied_model_is_recorded_and_a_stopped_copy_leaves_nothing() {
    let bed = Bed::new(5 * MIB);
    let source = bed.root.path().join("source-1");
    let control = Control::default();
    let mut pieces = 0;
    let stopped = copy_in(&bed.folder(), &source, &control, &mut |_| {
        pieces += 1;
        if pieces == 3 {
            control.cancel();
        }
    });
    assert!(
        matches!(stopped, Err(ModelsError::Cancelled)),
        "{stopped:?}"
    );
    assert!(bed.promoted().is_empty());
    let (path, record) = copy_in(&bed.folder(), &source, &Control::default(), &mut go).unwrap();
    let mut shelf = Shelf::open(&bed.root.path().join("data")).unwrap();
    let model = shelf.add_owned(&path, record).unwrap();
    Shelf::verify(&model, &Control::default(), &mut go).unwrap();
    assert!(path.starts_with(bed.folder().path()) && source.exists());
}

#[test]
fn a_moved_model_is_whole_where_it_went() {
    let bed = Bed::new(5 * MIB);
    let fetched = bed.fetch().unwrap();
    let mut shelf = Shelf::open(&bed.root.path().join("data")).unwrap();
    let model = shelf.add_owned(&fetched.path, fetched.record).unwrap();
    let elsewhere = ModelsFolder::new(bed.root.path().join("elsewhere"));
    let path = move_in(&elsewhere, &model, &Control::default(), &mut go).unwrap();
    shelf.relocate(&model.id, &path).unwrap();
    assert!(!fetched.path.exists() && path.starts_with(elsewhere.path()));
    let moved = shelf.find(&model.id).unwrap();
    Shelf::verify(&moved, &Control::default(), &mut go).unwrap();
}

/// Needs a small disk: `TERN_SMALL_DISK` names a folder on one of a few MiB.
#[test]
#[ignore = "needs a small disk"]
fn a_full_disk_is_said_and_the_download_goes_on_when_there_is_room() {
    let Ok(small) = std::env::var("TERN_SMALL_DISK") else {
        return;
    };
    let small = std::path::Path::new(&small);
    let (folder, fill) = (ModelsFolder::new(small.join("models")), small.join("fill"));
    let free = folder.free_bytes().unwrap();
    let fetch = |bed: &Bed, report: &mut dyn FnMut(tern_models::Progress)| {
        let control = Control::default();
        let (wish, patience) = (crate::bed::wish(), crate::bed::impatient());
        tern_models::fetch(&folder, &wish, &bed.network(), patience, &control, report)
    };

    // At 0: seen before anything is fetched.
    let bed = Bed::new(free);
    let error = fetch(&bed, &mut |_| {}).expect_err("too little room");
    assert!(matches!(error, ModelsError::NoSpace { .. }), "{error}");
    assert_eq!(bed.sent(), 0);
    tern_models::discard(&folder, &crate::bed::wish()).unwrap();

    // At a half, and at the very end: it fills up meanwhile.
    let bytes = free / 2;
    for full_at in [bytes / 2, bytes - bytes / 1000] {
        let bed = Bed::new(bytes);
        bed.hub.set_script(|asked| match asked.at_hub {
            true => tern_models::loopback_hub::Fault::None,
            false => tern_models::loopback_hub::Fault::Drip(8 << 10, Duration::from_millis(1)),
        });
        let error = fetch(&bed, &mut |progress| {
            if progress.done >= full_at - bytes / 4 && !fill.exists() {
                // Leaves as much room as takes the download to where it is to end.
                let left = full_at.saturating_sub(progress.done);
                let room = folder.free_bytes().unwrap_or_default().saturating_sub(left);
                let _ = fs::write(&fill, vec![0; usize::try_from(room).unwrap()]);
            }
        });
        let error = error.expect_err("the disk is full");
        assert!(
            matches!(error, ModelsError::FolderFull { .. }),
            "{full_at}: {error}"
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "something got a place"
        );
        fs::remove_file(&fill).unwrap();
        bed.hub
            .set_script(|_| tern_models::loopback_hub::Fault::None);
        let fetched = fetch(&bed, &mut |_| {}).unwrap();
        let whole = fs::read(fetched.path.join("model.safetensors")).unwrap();
        assert!(
            whole == crate::bed::noise(bytes, 1),
            "{full_at}: another file"
        );
        fs::remove_dir_all(folder.path()).unwrap();
    }
}
