//! Every parser, on inputs made from seeds: a few thousand always, millions by command.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use super::{TARGETS, Target};

/// Inputs from `first` on; a panic names the target and the seed.
fn run(target: &Target, first: u64, inputs: u64) -> (u64, Duration, u64) {
    let (mut sound, mut slowest, mut slowest_seed) = (0, Duration::ZERO, first);
    for seed in first..first + inputs {
        let input = target.input(seed);
        let start = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        let took = start.elapsed();
        if took > slowest {
            (slowest, slowest_seed) = (took, seed);
        }
        match done {
            Ok(is_sound) => sound += u64::from(is_sound),
            Err(_) => panic!(
                "{0} fails on the input of seed {seed}: {1:?}. Again: TERN_FUZZ_TARGET={0} TERN_FUZZ_SEED={seed} \
                 TERN_FUZZ_INPUTS=1",
                target.name,
                String::from_utf8_lossy(&input[..input.len().min(4000)])
            ),
        }
    }
    (sound, slowest, slowest_seed)
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.replace('_', "")
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number")),
    )
}

#[test]
fn no_made_up_input_stops_a_parser() {
    for target in TARGETS {
        let start = Instant::now();
        let (sound, slowest, seed) = run(target, 1, target.short);
        eprintln!(
            "{}: {sound} of {} sound, {:?}, slowest {slowest:?} (seed {seed})",
            target.name,
            target.short,
            start.elapsed()
        );
        // Faults that are found at the door say nothing about the rooms behind it.
        assert!(
            sound * 50 > target.short,
            "{}: only {sound} of {} inputs got through",
            target.name,
            target.short
        );
    }
}

#[test]
fn every_parser_is_given_broken_inputs_too() {
    for target in TARGETS {
        let whole = ["encode_text", "text_stream", "sampler"].contains(&target.name);
        let refused = (1..200).any(|seed| !(target.run)(&target.input(seed)));
        assert!(refused || whole, "{}: nothing was wrong", target.name);
    }
}

/// `TERN_FUZZ_INPUTS` for each parser (whole models and chats: a tenth), from `TERN_FUZZ_SEED` on; `TERN_FUZZ_TARGET` chooses one.
#[test]
#[ignore = "hours; npm run test:full runs it"]
fn no_made_up_input_stops_a_parser_in_millions() {
    let inputs = number("TERN_FUZZ_INPUTS").unwrap_or(100_000);
    let first = number("TERN_FUZZ_SEED").unwrap_or(1 << 32);
    let only = std::env::var("TERN_FUZZ_TARGET").ok();
    for target in TARGETS {
        if only.as_deref().is_some_and(|name| name != target.name) {
            continue;
        }
        let n = if inputs == 1 {
            1
        } else {
            inputs * target.share / 100
        };
        let start = Instant::now();
        let (sound, slowest, seed) = run(target, first, n);
        eprintln!(
            "{}: {n} inputs, {sound} sound, {:.0} a second, slowest {slowest:?} (seed {seed})",
            target.name,
            n as f64 / start.elapsed().as_secs_f64()
        );
    }
}
