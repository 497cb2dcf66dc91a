//! Pause, cancel, kill, and starting again.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tern_models::{Control, ModelsError, ModelsFolder, Network, begun, discard, fetch};

use crate::bed::{Bed, MIB, impatient, wish};
use tern_models::loopback_hub::Fault;

/// A hub that needs a second or so for the whole model.
fn unhurried(bed: &Bed) {
    bed.hub
        .set_script(|_| Fault::Drip(256 << 10, Duration::from_millis(10)));
}

#[test]
fn a_paused_download_goes_on_where_it_was() {
    let bed = Bed::new(48 * MIB);
    unhurried(&bed);
    let mut pauses = 0;
    let fetched = loop {
        let control = Control::default();
        let mut first = None;
        let ended = bed.fetch_with(&control, &mut |progress| {
            let from = *first.get_or_insert(progress.done);
            if progress.done > from + 6 * MIB {
                control.pause();
            }
        });
        match ended {
            Err(ModelsError::Paused) => pauses += 1,
            ended => break ended.unwrap(),
        }
        let begun = begun(&bed.folder());
        assert_eq!(begun.len(), 1);
        let progress = &begun[0].progress;
        assert!(progress.done > 0 && progress.total > 48 * MIB, "{begun:?}");
        assert!(bed.promoted().is_empty());
    };
    assert!(pauses >= 2, "{pauses}");
    bed.is_whole(&fetched, 1);
    assert_eq!(begun(&bed.folder()), []);
    // What the system had taken from the connection and Tern had not is sent twice.
    let twice = bed.sent() - 48 * MIB;
    assert!(
        twice <= pauses * 8 * MIB,
        "{twice} bytes came twice in {pauses} pauses"
    );
}

#[test]
fn a_cancelled_download_leaves_nothing() {
    let bed = Bed::new(20 * MIB);
    unhurried(&bed);
    let control = Control::default();
    let ended = bed.fetch_with(&control, &mut |progress| {
        if progress.done > MIB {
            control.cancel();
        }
    });
    assert!(matches!(ended, Err(ModelsError::Cancelled)), "{ended:?}");
    assert_eq!(begun(&bed.folder()), []);
    assert!(bed.promoted().is_empty());
    let left = std::fs::read_dir(bed.folder().path().join(".downloads"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[test]
fn a_paused_download_can_be_thrown_away() {
    let bed = Bed::new(20 * MIB);
    unhurried(&bed);
    let control = Control::default();
    let ended = bed.fetch_with(&control, &mut |progress| {
        if progress.done > MIB {
            control.pause();
        }
    });
    assert!(matches!(ended, Err(ModelsError::Paused)), "{ended:?}");
    discard(&bed.folder(), &wish()).unwrap();
    assert_eq!(begun(&bed.folder()), []);
}

#[test]
fn two_programs_do_not_fetch_one_model() {
    let bed = Bed::new(20 * MIB);
    unhurried(&bed);
    let mut second = None;
    let fetched = bed.fetch_with(&Control::default(), &mut |progress| {
        if progress.done > MIB && second.is_none() {
            second = Some((bed.fetch(), discard(&bed.folder(), &wish())));
        }
    });
    bed.is_whole(&fetched.unwrap(), 1);
    let (fetched, discarded) = second.expect("asked meanwhile");
    assert!(
        matches!(fetched, Err(ModelsError::FetchedElsewhere)),
        "{fetched:?}"
    );
    assert!(
        matches!(discarded, Err(ModelsError::FetchedElsewhere)),
        "{discarded:?}"
    );
}

/// Puts the plan of a download back as it is when its last file is whole, without any file.
fn leave_plan(bed: &Bed, plan: &str, fetched: &tern_models::Fetched) {
    let mut plan: serde_json::Value = serde_json::from_str(plan).unwrap();
    for file in plan["files"].as_array_mut().unwrap() {
        let of = |of: &&tern_models::RecordedFile| file["path"] == of.path;
        let sha256 = &fetched.record.files.iter().find(of).unwrap().sha256;
        file["done"] = sha256.as_str().into();
    }
    let place = bed.folder().path().join(".downloads/terns-small");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("plan.json"), plan.to_string()).unwrap();
}

#[test]
fn a_kill_between_the_place_and_the_clearing_up_makes_no_second_model() {
    let bed = Bed::new(MIB);
    let path = bed.folder().path().join(".downloads/terns-small/plan.json");
    let mut plan = String::new();
    let fetched = bed.fetch_with(&Control::default(), &mut |_| {
        plan = std::fs::read_to_string(&path).unwrap_or_default();
    });
    let fetched = fetched.unwrap();
    leave_plan(&bed, &plan, &fetched);
    assert_eq!(bed.fetch().unwrap(), fetched);
    assert_eq!(bed.promoted().len(), 1);
    assert_eq!((bed.sent(), begun(&bed.folder())), (MIB, vec![]));

    // The model itself is gone, too: it is fetched again, and not an empty folder.
    leave_plan(&bed, &plan, &fetched);
    std::fs::remove_dir_all(&fetched.path).unwrap();
    bed.is_whole(&bed.fetch().unwrap(), 1);
    assert_eq!(bed.promoted().len(), 1);
}

#[test]
fn what_another_download_left_does_not_become_part_of_a_model() {
    let bed = Bed::new(MIB);
    let files = bed.folder().path().join(".downloads/terns-small/files");
    std::fs::create_dir_all(files.join("old")).unwrap();
    for name in ["tokenizer.json", "old/model.safetensors"] {
        std::fs::write(files.join(name), "of another revision").unwrap();
    }
    bed.is_whole(&bed.fetch().unwrap(), 1);
}

/// The other process of the next test.
#[test]
#[ignore = "run by another test"]
fn child() {
    let Ok(endpoint) = std::env::var("TERN_TEST_HUB") else {
        return;
    };
    let folder = ModelsFolder::new(std::env::var("TERN_TEST_FOLDER").unwrap());
    let network = Network {
        endpoint: Some(endpoint),
        ..Network::default()
    };
    let mut began = false;
    let mut report = |progress: tern_models::Progress| {
        if progress.done > 0 && !std::mem::replace(&mut began, true) {
            println!("began");
        }
    };
    fetch(
        &folder,
        &wish(),
        &network,
        impatient(),
        &Control::default(),
        &mut report,
    )
    .unwrap();
}

/// A process that downloads, once it has begun.
fn start_child(bed: &Bed) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "interrupted::child", "--nocapture"])
        .env("TERN_TEST_HUB", bed.hub.endpoint())
        .env("TERN_TEST_FOLDER", bed.folder().path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = child.stdout.as_mut().unwrap();
    let mut said = Vec::new();
    let mut piece = [0; 256];
    while !said.windows(5).any(|word| word == b"began") {
        match out.read(&mut piece).unwrap() {
            0 => break,
            n => said.extend_from_slice(&piece[..n]),
        }
    }
    child
}

/// A computer that sleeps: the program stands still, its connections die without a word, the
/// links it was given run dry, and when it wakes every time it waits for is over at once.
#[cfg(unix)]
#[test]
fn a_sleeping_computer_goes_on_when_it_wakes() {
    let bed = Bed::new(24 * MIB);
    bed.hub.set_script(|asked| match asked.at_hub {
        true => Fault::None,
        false => Fault::Stall(2 * MIB),
    });
    let mut child = start_child(&bed);
    let id = child.id().to_string();
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    let mut links = 0;
    bed.hub.set_script(move |asked| {
        links += u32::from(!asked.at_hub);
        match links {
            1 if !asked.at_hub => Fault::Status(403, 0),
            _ => Fault::None,
        }
    });
    std::thread::sleep(impatient().window * 4);
    signal("-CONT");
    assert!(child.wait().unwrap().success());
    let [place] = &bed.promoted()[..] else {
        panic!("one model");
    };
    let whole = std::fs::read(place.join("model.safetensors")).unwrap();
    assert!(whole == crate::bed::noise(24 * MIB, 1), "another file");
}

/// Everyday a few kills; `TERN_FULL_KILLS` says how many.
#[test]
fn a_kill_at_any_time_costs_at_most_one_block() {
    let kills: u32 = std::env::var("TERN_FULL_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let mut done = 0;
    let mut seed = 1;
    while done < kills {
        let bed = Bed::new(24 * MIB);
        bed.hub
            .set_script(|_| Fault::Drip(256 << 10, Duration::from_millis(6)));
        let mut here = 0;
        loop {
            let mut child = start_child(&bed);
            seed = noise_step(seed);
            std::thread::sleep(Duration::from_millis(seed % 150));
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                break;
            }
            (done, here) = (done + 1, here + 1);
            // The last bytes of killed connections are still being written down by the hub.
            std::thread::sleep(Duration::from_millis(30));
            assert!(here < 100, "it never ends");
        }
        bed.hub.set_script(|_| Fault::None);
        match bed.promoted().first() {
            Some(path) => {
                let whole = std::fs::read(path.join("model.safetensors")).unwrap();
                assert!(
                    whole == crate::bed::noise(24 * MIB, 1),
                    "another file was promoted"
                );
            }
            None => bed.is_whole(&bed.fetch().unwrap(), 1),
        }
        // Counted where bytes are sent: also what was on its way when the process was killed.
        let twice = bed.sent().saturating_sub(24 * MIB);
        assert!(
            twice <= (here + 1) * 8 * MIB,
            "{twice} bytes came twice in {here} kills"
        );
    }
}

fn noise_step(seed: u64) -> u64 {
    seed.wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
        >> 1
}
