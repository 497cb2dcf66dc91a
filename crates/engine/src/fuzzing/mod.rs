//! One entry for each parser, fed with bytes from anywhere. Behind the feature `fuzzing`, which only `fuzz/` and this
//! crate's own tests turn on; **not part of the API**.
//!
//! A [`Target`] is a parser to run and a maker of inputs: a sound file, changed as its structure suggests, from a
//! seed. The tests run makers and parsers alone (`tests.rs`); `fuzz/` runs the same parsers under libFuzzer, which
//! watches what code an input reaches. An entry returns nothing: what it promises is to return.
//!
//! A new parser gets an entry in `entries.rs` (or a file beside it), a maker, and a line in [`TARGETS`].

mod entries;
mod makers;
mod mutate;
mod pieces;
mod random;
mod seeds;
mod templates;
#[cfg(test)]
mod tests;

use random::Random;

/// A parser under test.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also that of the binary in `fuzz/`.
    pub name: &'static str,
    /// Gives it an input. Returns whether the input was taken for a sound one.
    pub run: fn(&[u8]) -> bool,
    make: fn(&mut Random) -> Vec<u8>,
    /// Inputs of the short run in the test suite.
    pub short: u64,
    /// Inputs of the long run for each one asked for, in hundredths: whole models and chats are slower.
    pub share: u64,
}

/// All parsers. What their inputs begin as stands in `seeds.rs`.
pub const TARGETS: &[Target] = &[
    target(
        "gguf_header",
        entries::gguf_header,
        makers::gguf_header,
        20_000,
        100,
    ),
    target(
        "gguf_tokenizer",
        entries::gguf_tokenizer,
        makers::gguf_tokenizer,
        3_000,
        100,
    ),
    target(
        "gguf_model",
        entries::gguf_model,
        makers::gguf_model,
        2_000,
        10,
    ),
    target(
        "safetensors",
        entries::safetensors,
        makers::safetensors,
        20_000,
        100,
    ),
    target(
        "safetensors_index",
        entries::safetensors_index,
        makers::safetensors_index,
        20_000,
        100,
    ),
    target(
        "hf_model",
        entries::hf_model,
        makers::safetensors,
        2_000,
        10,
    ),
    target("config", entries::config, makers::config, 5_000, 100),
    target(
        "generation_config",
        entries::generation_config,
        makers::generation_config,
        20_000,
        100,
    ),
    target(
        "tokenizer_config",
        entries::tokenizer_config,
        makers::tokenizer_config,
        3_000,
        100,
    ),
    target(
        "tokenizer_json",
        entries::tokenizer_json,
        makers::tokenizer_json,
        3_000,
        100,
    ),
    target(
        "encode_text",
        entries::encode_text,
        makers::plain_text,
        5_000,
        100,
    ),
    target(
        "text_stream",
        entries::text_stream,
        makers::plain_text,
        20_000,
        100,
    ),
    target("sampler", entries::sampler, makers::noise, 5_000, 100),
    target(
        "sentencepiece_model",
        entries::sentencepiece_model,
        pieces::sentencepiece_model,
        3_000,
        100,
    ),
    target(
        "added_tokens",
        entries::added_tokens,
        pieces::added_tokens,
        3_000,
        100,
    ),
    target(
        "chat_template",
        templates::chat_template,
        templates::template,
        2_000,
        10,
    ),
];

const fn target(
    name: &'static str,
    run: fn(&[u8]) -> bool,
    make: fn(&mut Random) -> Vec<u8>,
    short: u64,
    share: u64,
) -> Target {
    Target {
        name,
        run,
        make,
        short,
        share,
    }
}

impl Target {
    /// The target of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn named(name: &str) -> &'static Self {
        TARGETS
            .iter()
            .find(|target| target.name == name)
            .unwrap_or_else(|| panic!("no fuzz target is called {name}"))
    }

    /// The input of this seed; the same on every machine.
    pub fn input(&self, seed: u64) -> Vec<u8> {
        (self.make)(&mut Random::new(seed))
    }
}
