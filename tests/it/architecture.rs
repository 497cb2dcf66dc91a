//! The invariants of `ARCHITECTURE.md`, by their numbers. What can only be seen in a running
//! program (equal bits on every path, no request) is tested where it runs.

use std::sync::LazyLock;

use tern_tests::sources::{self, SourceFile};

use crate::crates::{self, Graph};
use crate::finding::assert_none;
use crate::{engine_rules, ui_rules, unsafe_rules};

static FILES: LazyLock<Vec<SourceFile>> = LazyLock::new(sources::all);
static GRAPH: LazyLock<Graph> = LazyLock::new(Graph::of_this_workspace);

#[test]
fn invariant_0_crates_use_one_another_as_the_table_says() {
    assert_none(
        "crates and their edges, see ARCHITECTURE.md",
        &crates::outside_the_table(&GRAPH),
    );
}

#[test]
fn invariant_1_only_the_shell_knows_tauri() {
    assert_none(
        "only src-tauri declares Tauri or its wire format",
        &crates::window_crates_outside_desktop(&GRAPH),
    );
}

#[test]
fn invariant_1_wire_types_are_declared_and_made_in_one_place_each() {
    assert_none(
        "wire types: ipc/wire declares, ipc/convert makes",
        &engine_rules::wire_types_made_elsewhere(&FILES),
    );
}

#[test]
fn invariant_2_the_engine_opens_no_socket() {
    assert_none(
        "sockets only in tern-models",
        &engine_rules::sockets(&FILES),
    );
}

#[test]
fn invariant_2_the_engine_knows_no_conversation() {
    assert_none(
        "the engine knows tokens and turns only",
        &engine_rules::engine_knows_conversations(&FILES),
    );
}

#[test]
fn invariant_2_the_engine_writes_only_to_a_write_it_is_handed() {
    assert_none(
        "the engine chooses no file to write",
        &engine_rules::engine_writes_files(&FILES),
    );
}

#[test]
fn invariant_3_network_crates_are_reached_through_models_alone() {
    assert_none(
        "nothing leaves the computer",
        &crates::network_outside_models(&GRAPH),
    );
}

#[test]
fn invariant_4_unsafe_stays_in_its_rooms() {
    assert_none(
        "unsafe: ISA folders of the kernels, and weights/map.rs",
        &unsafe_rules::unsafe_outside_its_rooms(&FILES),
    );
    assert_none(
        "the lint stays on in the engine",
        &unsafe_rules::unsafe_allowed_outside_map(&FILES),
    );
}

#[test]
fn invariant_4_every_unsafe_states_the_bound_it_relies_on() {
    assert_none(
        "SAFETY above each unsafe",
        &unsafe_rules::unsafe_without_its_reason(&FILES),
    );
}

#[test]
fn invariant_4_every_other_crate_forbids_unsafe() {
    let manifests: Vec<SourceFile> = FILES
        .iter()
        .filter(|file| file.name() == "Cargo.toml")
        .cloned()
        .collect();
    assert!(
        manifests.len() >= crates::TABLE.len(),
        "the manifests were not found"
    );
    assert_none(
        "lints about unsafe",
        &unsafe_rules::crates_that_do_not_forbid_unsafe(&manifests),
    );
}

#[test]
fn invariant_5_kernels_start_no_threads() {
    assert_none(
        "threads are the engine's",
        &engine_rules::kernels_start_threads(&FILES),
    );
}

#[test]
fn invariant_5_kernel_functions_do_not_allocate() {
    assert_none(
        "callers bring the memory",
        &engine_rules::kernels_allocate(&FILES),
    );
}

#[test]
fn invariant_6_only_repack_joins_the_byte_orders() {
    assert_none(
        "byte orders meet in weights/repack",
        &engine_rules::byte_orders_meet(&FILES),
    );
}

#[test]
fn invariant_7_one_thread_owns_the_engine() {
    assert_none(
        "the engine belongs to the worker",
        &engine_rules::engine_outside_the_worker(&FILES),
    );
    assert_none(
        "no lock is held during a forward pass",
        &engine_rules::locks_in_the_worker(&FILES),
    );
    assert_none("the worker's shape", &engine_rules::worker_lacks(&FILES));
}

#[test]
fn invariant_8_the_ui_has_one_door() {
    let door = |file: &&SourceFile| {
        file.is_below("ui/src/lib/ipc") && file.text.contains("from \"@tauri-apps/")
    };
    assert!(
        FILES.iter().any(|file| door(&file)),
        "the door has moved: the rule looks at nothing"
    );
    assert_none(
        "@tauri-apps stays behind ui/src/lib/ipc",
        &ui_rules::tauri_outside_the_door(&FILES),
    );
    assert_none(
        "components → state → ipc",
        &ui_rules::components_that_call_ipc(&FILES),
    );
    assert_none("the UI is offline", &ui_rules::reaches_out(&FILES));
}

#[test]
fn invariant_9_no_build_is_tuned_to_one_cpu() {
    assert_none(
        "binaries run on the CPU floor of their platform",
        &engine_rules::tuned_to_one_cpu(&FILES),
    );
}
