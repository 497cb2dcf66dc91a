//! Which paths a run has tested.

use tern_kernels::Isa;

#[test]
fn a_path_that_was_to_be_tested_is_missing() {
    // Set by runs on a CPU that is made up, whose paths are known.
    let Ok(wanted) = std::env::var("TERN_TEST_PATHS") else {
        return;
    };
    let names: Vec<&str> = Isa::available().into_iter().map(Isa::name).collect();
    assert_eq!(names.join(","), wanted);
}
