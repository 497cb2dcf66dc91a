//! The built-in Guide: a small ternary model inside the program, so that a first start can chat.

use tern_engine::EmbeddedModel;

/// Id of the built-in model; no opened file can have it.
pub const GUIDE_ID: &str = "guide";

/// Its display name.
pub(crate) const GUIDE_NAME: &str = "Guide";

/// The files of `assets/guide`, in the published models' own format.
pub(crate) static GUIDE: EmbeddedModel = EmbeddedModel {
    name: GUIDE_NAME,
    config: include_str!("../../../assets/guide/config.json"),
    generation_config: include_str!("../../../assets/guide/generation_config.json"),
    tokenizer: include_bytes!("../../../assets/guide/tokenizer.json"),
    tokenizer_config: include_str!("../../../assets/guide/tokenizer_config.json"),
    weights: include_bytes!("../../../assets/guide/model.safetensors"),
};

/// Size of the embedded files in bytes.
pub(crate) fn guide_bytes() -> u64 {
    (GUIDE.config.len() + GUIDE.tokenizer.len() + GUIDE.weights.len()) as u64
}
