//! What a GGUF header says about a model.

use super::{
    Activation, Family, ModelConfig, RopeScaling, SamplingDefaults,
    opened::{Frame, ReadWords, Words, check_vocabulary, stop_tokens},
};
use crate::{
    LoadError, TokenId, Tokenizer,
    chat::{self, SpecialTexts},
    tokenizer,
    weights::{
        foreign,
        formats::ScaleRule,
        gguf::Metadata,
        names::{Naming, Norm},
        tensors::Tensors,
    },
};

const OTHER_MODEL: &str = concat!(
    "Tern runs BitNet b1.58 models (GGUF architectures bitnet-b1.58, bitnet-25, bitnet) and Llama models with \
     ternary weights. Get one of these instead, such as ",
    foreign::chat_model!(),
    "."
);

/// A whole number that may not fit this machine's `usize`; checked against limits later.
fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Reads the shape, and hands it on with a way to read tokenizer and template. `stem` is the name for a file without
/// one.
pub(super) fn understand<T>(
    meta: &Metadata,
    tensors: Tensors,
    stem: String,
    with: impl FnOnce(Frame, ReadWords) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let config = config(meta, &tensors)?;
    let (family, vocab_size) = (config.family, config.vocab_size);
    let frame = Frame {
        name: meta
            .optional_string("general.name")?
            .map_or(stem, str::to_owned),
        naming: Naming::Gguf,
        scale_rule: ScaleRule::Multiply,
        paired_heads: family == Family::Llama,
        may_quantise: family == Family::BitNet,
        config,
        tensors,
    };
    with(frame, &|| words(meta, family, vocab_size))
}

fn words(meta: &Metadata, family: Family, vocab_size: usize) -> Result<Words, LoadError> {
    let mut warnings = Vec::new();
    let tokenizer = tokenizer::from_gguf(meta, &mut warnings)?;
    check_vocabulary(meta.file(), &tokenizer, vocab_size)?;
    let found = chat_template(meta)?;
    let specials = special_texts(meta, &tokenizer)?;
    Ok(Words {
        template: chat::choose(family, found, &tokenizer, &specials, &mut warnings),
        stop_tokens: stop_tokens(&tokenizer, []),
        defaults: SamplingDefaults::default(),
        tokenizer,
        warnings,
    })
}

/// The chat template: the main one, or where there is only one for an occasion, that.
fn chat_template<'a>(meta: &'a Metadata) -> Result<Option<&'a str>, LoadError> {
    let main = meta.optional_string("tokenizer.chat_template")?;
    if main.is_some() {
        return Ok(main);
    }
    let mut variants = meta
        .iter()
        .map(|(key, _)| key)
        .filter(|key| key.starts_with("tokenizer.chat_template."));
    match (variants.next(), variants.next()) {
        (Some(only), None) => meta.optional_string(only),
        _ => meta.optional_string("tokenizer.chat_template.default"),
    }
}

/// Texts of the tokens a chat template may name.
fn special_texts(meta: &Metadata, tokenizer: &Tokenizer) -> Result<SpecialTexts, LoadError> {
    let text = |name: &str| -> Result<Option<String>, LoadError> {
        let id = meta.optional_uint(&format!("tokenizer.ggml.{name}_token_id"))?;
        let id = id.and_then(|id| u32::try_from(id).ok()).map(TokenId);
        let bytes = id.map(|id| tokenizer.bytes_of(id));
        Ok(bytes
            .filter(|bytes| !bytes.is_empty())
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    };
    Ok(SpecialTexts {
        bos: text("bos")?,
        eos: text("eos")?,
        unk: text("unknown")?,
        pad: text("padding")?,
    })
}

fn config(meta: &Metadata, tensors: &Tensors) -> Result<ModelConfig, LoadError> {
    let file = meta.file();
    let arch = meta.string("general.architecture")?;
    let (family, by_arch) = match arch {
        "bitnet-b1.58" | "bitnet-25" => (Family::BitNet, Activation::SquaredRelu),
        "bitnet" => (Family::BitNet, Activation::Silu),
        "llama" => (Family::Llama, Activation::Silu),
        other => return Err(other_architecture(other, meta, tensors)),
    };
    let key = |name: &str| format!("{arch}.{name}");
    let n_layers = size(meta.uint(&key("block_count"))?);
    let n_heads = size(meta.uint(&key("attention.head_count"))?);
    let hidden_dim = size(meta.uint(&key("embedding_length"))?);
    let n_kv_heads = meta
        .optional_uint(&key("attention.head_count_kv"))?
        .map_or(n_heads, size);
    let head_dim = match meta.optional_uint(&key("attention.key_length"))? {
        Some(n) => size(n),
        None => divided(file, hidden_dim, n_heads)?,
    };
    if meta
        .optional_uint(&key("attention.value_length"))?
        .is_some_and(|n| size(n) != head_dim)
    {
        return Err(LoadError::unsupported(
            file,
            "values of another width than keys",
            OTHER_MODEL,
        ));
    }
    if let Some(n) = meta.optional_uint(&key("rope.dimension_count"))?
        && size(n) != head_dim
    {
        let what = format!("a rotary embedding over {n} of {head_dim} dimensions");
        return Err(LoadError::unsupported(file, what, OTHER_MODEL));
    }
    let rope_scaling = rope_scaling(meta, &key, tensors, head_dim)?;

    let (name, embedding) = tensors.find(&[Naming::Gguf.embedding()])?;
    let [vocab_size, _] = *embedding.shape.as_slice() else {
        return Err(LoadError::invalid(
            file,
            format!("tensor {name}"),
            "is not a matrix",
        ));
    };
    if let Some(n) = meta.optional_uint(&key("vocab_size"))?
        && n != vocab_size
    {
        let problem = format!("is {n}, but the embedding has {vocab_size} rows");
        return Err(LoadError::invalid(file, key("vocab_size"), problem));
    }
    // mainline llama.cpp converts BitNet b1.58 2B4T as "bitnet" too.
    let is_2b4t = arch == "bitnet" && n_layers == 30 && hidden_dim == 2560 && vocab_size == 128_256;
    let activation = match activation_key(meta, &key)? {
        Some(activation) => activation,
        None if is_2b4t => Activation::SquaredRelu,
        None => by_arch,
    };
    let sub_norms = tensors
        .find_optional(&Naming::Gguf.norm(0, Norm::AttentionSub))
        .is_some();
    let own_head = arch != "bitnet"
        && arch != "bitnet-b1.58"
        && tensors.entries.contains_key(&Naming::Gguf.head());
    let config = ModelConfig {
        family,
        architecture: arch.to_owned(),
        n_layers,
        n_heads,
        n_kv_heads,
        head_dim,
        hidden_dim,
        ffn_dim: size(meta.uint(&key("feed_forward_length"))?),
        vocab_size: size(vocab_size),
        max_seq_len: size(meta.uint(&key("context_length"))?),
        rope_theta: meta
            .optional_float(&key("rope.freq_base"))?
            .unwrap_or(10_000.0) as f32,
        rope_scaling,
        norm_eps: meta
            .optional_float(&key("attention.layer_norm_rms_epsilon"))?
            .unwrap_or(1e-5) as f32,
        activation,
        // A BitNet file without them is an error, which loading reports by the tensor's name.
        sub_norms: sub_norms || family == Family::BitNet,
        tied_head: !own_head,
    };
    config.check(file)?;
    Ok(config)
}

/// The refusal of an architecture that is none of ours. Microsoft's bitnet-embedding files call themselves `qwen3` and
/// `gemma3`; what tells them from chat models is a way of pooling, and a norm before each projection.
fn other_architecture(arch: &str, meta: &Metadata, tensors: &Tensors) -> LoadError {
    let pooling = format!("{arch}.pooling_type");
    let is_embedding = foreign::is_embedding_only(arch)
        || meta.iter().any(|(key, _)| key == pooling)
        || tensors.entries.keys().any(|name| name.contains("norm_in"));
    if is_embedding {
        let what = format!("the architecture \"{arch:.64}\" of an embedding model");
        LoadError::unsupported(meta.file(), what, foreign::GET_CHAT)
    } else {
        let what = format!("the architecture \"{arch:.64}\"");
        LoadError::unsupported(meta.file(), what, OTHER_MODEL)
    }
}

/// `hidden` divided by `heads`, where a file does not say how wide a head is.
pub(super) fn divided(file: &str, hidden: usize, heads: usize) -> Result<usize, LoadError> {
    if heads == 0 || !hidden.is_multiple_of(heads) {
        let problem =
            format!("is {hidden}, which is not a multiple of the {heads} attention heads");
        return Err(LoadError::invalid(file, "hidden size", problem));
    }
    Ok(hidden / heads)
}

/// Plain, linear, or divided number by number (as llama.cpp's converter writes Llama 3.1's).
fn rope_scaling(
    meta: &Metadata,
    key: &dyn Fn(&str) -> String,
    tensors: &Tensors,
    head_dim: usize,
) -> Result<RopeScaling, LoadError> {
    let kind = meta
        .optional_string(&key("rope.scaling.type"))?
        .unwrap_or("none");
    let factor = meta
        .optional_float(&key("rope.scaling.factor"))?
        .unwrap_or(1.0) as f32;
    let divisors = Naming::Gguf
        .rope_divisors()
        .and_then(|name| tensors.entries.get_key_value(name));
    match (kind, divisors) {
        ("none", None) => Ok(RopeScaling::Plain),
        ("linear", None) if factor == 1.0 => Ok(RopeScaling::Plain),
        ("linear", None) => Ok(RopeScaling::Linear { factor }),
        ("none", Some((name, entry))) => {
            let divisors = tensors.read_vector(name, entry, head_dim / 2)?;
            if divisors.iter().all(|&divisor| divisor == 1.0) {
                return Ok(RopeScaling::Plain);
            }
            Ok(RopeScaling::Divisors(divisors))
        }
        _ => {
            let what = format!("a stretched rotary embedding ({kind:.32}, factor {factor})");
            Err(LoadError::unsupported(meta.file(), what, OTHER_MODEL))
        }
    }
}

/// The activation, where a converter wrote it down.
fn activation_key(
    meta: &Metadata,
    key: &dyn Fn(&str) -> String,
) -> Result<Option<Activation>, LoadError> {
    for name in ["hidden_act", "hidden_activation"] {
        if let Some(text) = meta.optional_string(&key(name))? {
            return activation(meta.file(), text).map(Some);
        }
    }
    Ok(None)
}

/// The activation of this name.
pub(super) fn activation(file: &str, name: &str) -> Result<Activation, LoadError> {
    match name {
        "relu2" | "squared_relu" | "relu_squared" => Ok(Activation::SquaredRelu),
        "silu" | "swish" => Ok(Activation::Silu),
        other => Err(LoadError::unsupported(
            file,
            format!("the activation \"{other:.32}\""),
            OTHER_MODEL,
        )),
    }
}
