//! Faults in every mixture. Everyday some hundred downloads; `TERN_FULL_DOWNLOADS` says how many.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tern_models::loopback_hub::Fault;
use tern_models::{Control, ModelsError};

use crate::bed::{Bed, MIB};

fn fault(random: &mut ChaCha8Rng, bytes: u64) -> Fault {
    let place = random.next_u64() % bytes;
    match random.next_u32() % 40 {
        0..=3 => Fault::Reset(place),
        4..=6 => Fault::Truncated(place),
        7 => Fault::Closed,
        8 => Fault::WrongContentRange,
        9 => Fault::IgnoredRange,
        10 => Fault::ChangedEtag,
        11 => Fault::WeakEtag,
        12 => Fault::NoEtag,
        13 => Fault::Unsatisfiable,
        14 => Fault::FlippedByte(place),
        15 => Fault::Gzip,
        16 if place.is_multiple_of(4) => Fault::RedirectLoop,
        17 if place.is_multiple_of(4) => Fault::Redirect("http://example.com/".to_owned()),
        18 => Fault::Redirect("file:///etc/passwd".to_owned()),
        19 => Fault::Status(500 + (place % 4) as u16, 0),
        20 => Fault::TooMuch,
        21 => Fault::Status(403, 0),
        22 if place.is_multiple_of(8) => Fault::Stall(place),
        23 if place.is_multiple_of(8) => Fault::Drip(64, Duration::from_millis(5)),
        _ => Fault::None,
    }
}

#[test]
fn whatever_goes_wrong_only_whole_models_get_their_place() {
    let runs: u64 = std::env::var("TERN_FULL_DOWNLOADS").map_or(150, |runs| runs.parse().unwrap());
    let first: u64 = std::env::var("TERN_SEED").map_or(1, |seed| seed.parse().unwrap());
    let (mut whole, mut given_up) = (0, 0);
    for seed in first..first + runs {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let bytes = 1024 + random.next_u64() % (3 * MIB);
        let bed = Bed::new(bytes);
        let mut faults = ChaCha8Rng::seed_from_u64(!seed);
        let mut left = random.next_u32() % 12;
        bed.hub.set_script(move |asked| {
            if asked.at_hub || left == 0 {
                return Fault::None;
            }
            left -= 1;
            fault(&mut faults, bytes)
        });
        let mut tries = 0;
        let fetched = loop {
            let control = Control::default();
            let pause_at = random.next_u64() % (2 * bytes);
            let ended = bed.fetch_with(&control, &mut |progress| {
                if progress.done >= pause_at {
                    control.pause();
                }
            });
            tries += 1;
            match ended {
                Ok(fetched) => break fetched,
                // As a person would: it says what to do, and that is to try again.
                Err(
                    ModelsError::Paused
                    | ModelsError::WrongHash { .. }
                    | ModelsError::Undelivered { .. }
                    | ModelsError::RedirectLoop { .. }
                    | ModelsError::Insecure { .. },
                ) => given_up += 1,
                Err(error) => panic!("seed {seed}: {error}"),
            }
            assert_eq!(
                bed.promoted().len(),
                0,
                "seed {seed}: something got a place"
            );
            if tries == 40 {
                bed.hub.set_script(|_| Fault::None);
            }
            assert!(tries < 60, "seed {seed}: it never ends");
        };
        bed.is_whole(&fetched, 1);
        assert!(
            bed.hub
                .asked()
                .iter()
                .all(|asked| asked.at_hub || asked.token.is_none())
        );
        whole += 1;
    }
    println!("{whole} models fetched whole, {given_up} runs ended early");
}
