//! What a server, or something on the way, can do wrong.

use std::time::Duration;

use tern_models::loopback_hub::Fault;
use tern_models::{ModelsError, Setback, Stage};

use crate::bed::{Bed, MIB};

/// With one fault the model comes all the same, and little is fetched twice.
fn survives(fault: &Fault, most_twice: u64) {
    for n in [0, 1] {
        let bed = Bed::new(36 * MIB);
        bed.break_answer(n, 1, fault);
        let fetched = bed
            .fetch()
            .unwrap_or_else(|error| panic!("{fault:?} at {n}: {error}"));
        bed.is_whole(&fetched, 1);
        // An answer the hub is still dripping is not counted yet.
        let twice = bed.sent().saturating_sub(36 * MIB);
        assert!(
            twice <= most_twice,
            "{fault:?} at {n}: {twice} bytes came twice"
        );
    }
}

#[test]
fn a_connection_that_breaks_off_costs_what_was_on_its_way() {
    survives(&Fault::Reset(3 * MIB + 7), MIB * 4);
    survives(&Fault::Truncated(5 * MIB + 1), 0);
    survives(&Fault::Closed, 0);
}

#[test]
fn an_answer_for_another_part_is_not_taken() {
    // The whole answer may be on its way when it is turned down.
    survives(&Fault::WrongContentRange, 40 * MIB);
}

#[test]
fn a_server_that_ignores_ranges_is_read_from_the_beginning() {
    let bed = Bed::new(40 * MIB);
    bed.break_answer(0, 1000, &Fault::IgnoredRange);
    bed.is_whole(&bed.fetch().unwrap(), 1);
    assert_eq!(bed.sent(), 40 * MIB);
}

#[test]
fn without_ranges_an_interruption_starts_over() {
    let bed = Bed::new(10 * MIB);
    let mut at = 0;
    bed.hub.set_script(move |asked| {
        at += u32::from(!asked.at_hub);
        match (asked.at_hub, at) {
            (false, 2) => Fault::Truncated(3 * MIB),
            _ => Fault::IgnoredRange,
        }
    });
    bed.is_whole(&bed.fetch().unwrap(), 1);
}

#[test]
fn a_file_that_changes_on_the_server_is_never_mixed() {
    survives(&Fault::ChangedEtag, 72 * MIB);
    survives(&Fault::Unsatisfiable, 72 * MIB);
    survives(&Fault::IgnoredRange, 72 * MIB);
}

#[test]
fn without_a_promise_of_the_server_the_file_comes_in_one_go() {
    for fault in [Fault::WeakEtag, Fault::NoEtag] {
        let bed = Bed::new(40 * MIB);
        bed.break_answer(0, 1000, &fault);
        bed.is_whole(&bed.fetch().unwrap(), 1);
        let whole = bed.hub.asked().into_iter().filter(|asked| !asked.at_hub);
        assert!(
            whole.filter(|asked| asked.range.is_some()).count() <= 4,
            "{fault:?}"
        );
    }
}

#[test]
fn a_damaged_byte_is_found_and_the_file_fetched_again() {
    survives(&Fault::FlippedByte(1234), 37 * MIB);
    let bed = Bed::new(2 * MIB);
    bed.break_answer(0, 1000, &Fault::FlippedByte(MIB));
    let error = bed.fetch().expect_err("damaged each time");
    assert!(matches!(error, ModelsError::WrongHash { .. }), "{error}");
    assert_eq!(bed.promoted(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_packed_or_longer_body_is_not_the_file() {
    survives(&Fault::Gzip, 40 * MIB);
    survives(&Fault::TooMuch, 40 * MIB);
    let bed = Bed::new(2 * MIB);
    bed.break_answer(0, 1000, &Fault::Gzip);
    let error = bed.fetch().expect_err("packed each time");
    assert!(
        matches!(
            error,
            ModelsError::Undelivered {
                setback: Setback::Nonsense(_),
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn redirects_end_and_never_lead_to_an_unsafe_place() {
    let bed = Bed::new(MIB);
    bed.break_answer(0, 1000, &Fault::RedirectLoop);
    assert!(matches!(bed.fetch(), Err(ModelsError::RedirectLoop { .. })));
    for bad in [
        "http://example.com/x",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
    ] {
        let bed = Bed::new(MIB);
        bed.break_answer(0, 1, &Fault::Redirect(bad.to_owned()));
        let error = bed.fetch().expect_err(bad);
        assert!(
            matches!(error, ModelsError::Insecure { .. }),
            "{bad}: {error}"
        );
        assert!(bed.promoted().is_empty());
    }
}

#[test]
fn a_server_in_trouble_is_asked_again_when_it_says() {
    survives(&Fault::Status(503, 0), 0);
    survives(&Fault::Status(429, 1), 0);
    // A link that ran dry: the hub gives another.
    survives(&Fault::Status(403, 0), 0);
}

#[test]
fn a_drip_or_a_silence_is_not_waited_for_forever() {
    survives(&Fault::Drip(100, Duration::from_millis(20)), MIB);
    survives(&Fault::Stall(2 * MIB + 5), 0);
}

#[test]
fn a_wait_says_why() {
    let bed = Bed::new(2 * MIB);
    bed.break_answer(0, 40, &Fault::Status(503, 0));
    let mut reasons = Vec::new();
    let fetched = bed.fetch_with(&tern_models::Control::default(), &mut |progress| {
        if let Stage::Waiting { setback, .. } = progress.stage {
            reasons.push(setback);
        }
    });
    bed.is_whole(&fetched.unwrap(), 1);
    assert!(reasons.contains(&Setback::Refused(503)), "{reasons:?}");
}

#[test]
fn a_server_without_tls_is_not_spoken_to_over_it() {
    let bed = Bed::new(MIB);
    let network = tern_models::Network {
        endpoint: Some(bed.hub.endpoint().replace("http:", "https:")),
        ..Default::default()
    };
    let error = tern_models::fetch(
        &bed.folder(),
        &crate::bed::wish(),
        &network,
        crate::bed::impatient(),
        &tern_models::Control::default(),
        &mut |_| {},
    );
    let error = error.expect_err("no TLS there");
    assert!(
        matches!(
            error,
            ModelsError::Undelivered {
                setback: Setback::Unsafe,
                ..
            }
        ),
        "{error}"
    );
}
