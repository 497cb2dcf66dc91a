//! What every fuzz target is: an entry of `tern_engine::fuzzing`, and now and then an input made by its maker, so that
//! libFuzzer starts from sound files without a folder of them, and learns about whole fields, not bytes alone.

pub use libfuzzer_sys;
use tern_engine::fuzzing::Target;

/// An input of this target for libFuzzer's `seed`, into `data`; its length.
pub fn mutate(target: &Target, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if !seed.is_multiple_of(16) {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let input = target.input(seed.into());
    let len = input.len().min(max_size);
    data[..len].copy_from_slice(&input[..len]);
    len
}

/// The binary of one target.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        use $crate::libfuzzer_sys::{fuzz_mutator, fuzz_target};

        static TARGET: std::sync::LazyLock<&tern_engine::fuzzing::Target> =
            std::sync::LazyLock::new(|| tern_engine::fuzzing::Target::named($name));

        fuzz_target!(|data: &[u8]| {
            (TARGET.run)(data);
        });

        fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(&TARGET, data, size, max_size, seed)
        });
    };
}
