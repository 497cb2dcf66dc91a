//! What the files of a Hugging Face folder say about a model.

use std::path::Path;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Activation, Family, ModelConfig, RopeScaling, SamplingDefaults,
    from_gguf::{activation, divided},
    opened::{Frame, ReadWords, Words, check_vocabulary, stop_tokens},
};
use crate::{
    EmbeddedModel, LoadError, TokenId, Tokenizer,
    chat::{self, SpecialTexts},
    tokenizer::{self, TokenizerFiles},
    weights::{
        TensorType,
        file::{ModelFile, read_small},
        foreign,
        formats::ScaleRule,
        names::{Naming, Norm, Projection},
        safetensors,
        tensors::Tensors,
    },
};

const MAX_CONFIG_BYTES: u64 = 4 << 20;

const OTHER_MODEL: &str = concat!(
    "Tern runs BitNet b1.58 models and Llama models with ternary weights (Llama3-8B-1.58, Falcon3-1.58bit, Falcon-E). \
     Get one of these instead, such as ",
    foreign::chat_model!(),
    "."
);

/// Whose `config.json` it is. Read before the rest: the configurations of other models look different.
#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    architectures: Vec<String>,
    #[serde(default)]
    model_type: String,
}

/// `config.json`, as far as it matters here.
#[derive(Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    architectures: Vec<String>,
    #[serde(default)]
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    vocab_size: usize,
    max_position_embeddings: Option<usize>,
    rms_norm_eps: Option<f64>,
    rope_theta: Option<f64>,
    rope_parameters: Option<Value>,
    rope_scaling: Option<Value>,
    hidden_act: Option<String>,
    tie_word_embeddings: Option<bool>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    #[serde(default)]
    is_bitnet_config: bool,
    bos_token_id: Option<Value>,
    eos_token_id: Option<Value>,
    quantization_config: Option<Quantization>,
}

#[derive(Deserialize)]
struct Quantization {
    quant_method: Option<String>,
    linear_class: Option<String>,
    use_rms_norm: Option<bool>,
    modules_to_not_convert: Option<Vec<String>>,
}

/// `generation_config.json`, as far as it matters here.
#[derive(Default, Deserialize)]
pub(super) struct Generation {
    eos_token_id: Option<Value>,
    do_sample: Option<bool>,
    temperature: Option<f32>,
    top_k: Option<u32>,
    top_p: Option<f32>,
    min_p: Option<f32>,
    repetition_penalty: Option<f32>,
}

/// The files around the weights, and what errors call them.
pub(super) struct Files<'a> {
    pub(super) name: String,
    pub(super) config: (&'a [u8], String),
    pub(super) generation: (&'a [u8], String),
    pub(super) tokenizer: TokenizerFiles<'a>,
    pub(super) tokenizer_config: (&'a [u8], String),
    pub(super) chat_template: Option<&'a [u8]>,
}

pub(super) fn open_folder<T>(
    folder: &Path,
    with: impl FnOnce(Frame, ReadWords) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let place = folder.display().to_string();
    let path = |name: &str| folder.join(name).display().to_string();
    let read = |name: &str, limit: u64| read_small(folder.join(name), limit);
    let required = |name: &'static str, limit: u64| {
        read(name, limit)?.ok_or_else(|| LoadError::Missing {
            file: place.clone(),
            field: name.to_owned(),
            remedy: "Download all files of the model into this folder.",
        })
    };
    let config = required("config.json", MAX_CONFIG_BYTES)?;
    let tokenizer = TokenizerFiles::find(folder)?;
    let generation = read("generation_config.json", MAX_CONFIG_BYTES)?.unwrap_or_default();
    let tokenizer_config = read("tokenizer_config.json", MAX_CONFIG_BYTES)?.unwrap_or_default();
    let chat_template = read("chat_template.jinja", MAX_CONFIG_BYTES)?;
    let files = Files {
        name: folder
            .file_name()
            .map_or_else(|| place.clone(), |n| n.to_string_lossy().into_owned()),
        config: (&config, path("config.json")),
        generation: (&generation, path("generation_config.json")),
        tokenizer,
        tokenizer_config: (&tokenizer_config, path("tokenizer_config.json")),
        chat_template: chat_template.as_deref(),
    };
    understand(&files, safetensors::open_folder(folder)?, with)
}

pub(super) fn open_embedded<T>(
    model: &'static EmbeddedModel,
    with: impl FnOnce(Frame, ReadWords) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let place = format!("the built-in model {}", model.name);
    let mut tensors = Tensors::default();
    safetensors::add_file(
        &mut tensors,
        ModelFile::built_in(place.clone(), model.weights),
    )?;
    let files = Files {
        name: model.name.to_owned(),
        config: (model.config.as_bytes(), place.clone()),
        generation: (model.generation_config.as_bytes(), place.clone()),
        tokenizer: TokenizerFiles::Json(model.tokenizer.into(), place.clone()),
        tokenizer_config: (model.tokenizer_config.as_bytes(), place.clone()),
        chat_template: None,
    };
    understand(&files, tensors, with)
}

fn parse<T: DeserializeOwned>((json, file): &(&[u8], String)) -> Result<T, LoadError> {
    serde_json::from_slice(json)
        .map_err(|e| LoadError::invalid(file, "the JSON text", format!("cannot be read ({e})")))
}

pub(super) fn parse_or_default<T: DeserializeOwned + Default>(
    file: &(&[u8], String),
) -> Result<T, LoadError> {
    if file.0.trim_ascii().is_empty() {
        Ok(T::default())
    } else {
        parse(file)
    }
}

/// Reads the shape, and hands it on with a way to read tokenizer and template.
pub(super) fn understand<T>(
    files: &Files,
    tensors: Tensors,
    with: impl FnOnce(Frame, ReadWords) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let (record, config, scale_rule) = understand_config(&files.config, &tensors)?;
    let (family, vocab_size) = (config.family, config.vocab_size);
    let frame = Frame {
        name: files.name.clone(),
        naming: Naming::HuggingFace,
        scale_rule,
        paired_heads: false,
        may_quantise: true,
        config,
        tensors,
    };
    with(frame, &|| words(files, &record, family, vocab_size))
}

fn words(
    files: &Files,
    record: &Config,
    family: Family,
    vocab_size: usize,
) -> Result<Words, LoadError> {
    let mut warnings = Vec::new();
    let generation: Generation = parse_or_default(&files.generation)?;
    let tokenizer_config: Value = parse_or_default(&files.tokenizer_config)?;
    let mut tokenizer = files.tokenizer.read(&tokenizer_config)?;
    check_vocabulary(files.tokenizer.place(), &tokenizer, vocab_size)?;
    // A tokenizer that says no begin-of-text token goes first is taken at its word.
    let says_no = tokenizer_config.get("add_bos_token") == Some(&Value::Bool(false));
    if tokenizer.bos().is_none() && family == Family::BitNet && !says_no {
        let id = ids(record.bos_token_id.as_ref())
            .first()
            .and_then(|&id| u32::try_from(id).ok())
            .map(TokenId);
        tokenizer.set_bos(id.filter(|&id| is_token(&tokenizer, id)));
    }
    let listed = [&generation.eos_token_id, &record.eos_token_id];
    let listed = listed.into_iter().flat_map(|value| ids(value.as_ref()));
    // transformers lets the file of its own win.
    let beside = files.chat_template.map(String::from_utf8_lossy);
    let found = beside
        .as_deref()
        .or_else(|| chat_template(tokenizer_config.get("chat_template")?));
    let specials = special_texts(&tokenizer_config, &tokenizer);
    Ok(Words {
        template: chat::choose(family, found, &tokenizer, &specials, &mut warnings),
        stop_tokens: stop_tokens(&tokenizer, listed),
        defaults: defaults(&generation),
        tokenizer,
        warnings,
    })
}

/// A template, or a list of `{name, template}`, of which the one named "default" counts.
fn chat_template(value: &Value) -> Option<&str> {
    let named = |name: &str| {
        let all = value.as_array()?;
        all.iter()
            .find(|entry| entry.get("name").and_then(Value::as_str) == Some(name))
    };
    value
        .as_str()
        .or_else(|| named("default")?.get("template")?.as_str())
}

/// Texts of the tokens a chat template may name.
fn special_texts(tokenizer_config: &Value, tokenizer: &Tokenizer) -> SpecialTexts {
    let text = |name: &str| {
        tokenizer::content_of(tokenizer_config.get(name))
            .filter(|text| text.len() <= 256)
            .map(str::to_owned)
    };
    let of = |id: TokenId| String::from_utf8_lossy(tokenizer.bytes_of(id)).into_owned();
    SpecialTexts {
        bos: text("bos_token").or_else(|| tokenizer.bos().map(of)),
        eos: text("eos_token").or_else(|| tokenizer.eos().first().copied().map(of)),
        unk: text("unk_token"),
        pad: text("pad_token"),
    }
}

/// `config.json` alone: as it stands there, as a shape, and what scales mean.
pub(super) fn understand_config(
    file: &(&[u8], String),
    tensors: &Tensors,
) -> Result<(Config, ModelConfig, ScaleRule), LoadError> {
    let kind: Kind = parse(file)?;
    family(&kind.architectures, &kind.model_type, &file.1)?;
    let record: Config = parse(file)?;
    let config = config(&record, tensors, &file.1)?;
    let scale_rule = quantization(&record, tensors, &file.1)?;
    Ok((record, config, scale_rule))
}

fn is_token(tokenizer: &Tokenizer, id: TokenId) -> bool {
    id.index() < tokenizer.vocab_size()
}

/// One id or a list of them.
fn ids(value: Option<&Value>) -> Vec<u64> {
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_u64).collect(),
        Some(one) => one.as_u64().into_iter().collect(),
        None => Vec::new(),
    }
}

/// The parameters of a model's author, where they make sense.
pub(super) fn defaults(generation: &Generation) -> SamplingDefaults {
    let within =
        |value: Option<f32>, low: f32, high: f32| value.filter(|v| (low..=high).contains(v));
    let greedy = generation.do_sample == Some(false);
    SamplingDefaults {
        temperature: if greedy {
            Some(0.0)
        } else {
            within(generation.temperature, 0.0, 10.0)
        },
        top_k: generation.top_k,
        top_p: within(generation.top_p, f32::MIN_POSITIVE, 1.0),
        min_p: within(generation.min_p, 0.0, 1.0),
        repetition_penalty: within(generation.repetition_penalty, f32::MIN_POSITIVE, 10.0),
    }
}

/// The line of models, or the refusal of another one.
fn family(architectures: &[String], model_type: &str, file: &str) -> Result<Family, LoadError> {
    let any = |has: &dyn Fn(&str) -> bool| architectures.iter().any(|name| has(name));
    match model_type {
        "bitnet" => return Ok(Family::BitNet),
        // 1bitLLM's files say "llama" and mean BitNet.
        "llama" if any(&|name| name.to_ascii_lowercase().contains("bitnet")) => {
            return Ok(Family::BitNet);
        }
        "llama" => return Ok(Family::Llama),
        _ => {}
    }
    // A body without a head that writes ("Qwen3Model", "Gemma3TextModel") gives numbers, not text.
    let is_embedding = foreign::is_embedding_only(model_type)
        || model_type.contains("embedding")
        || any(&|name| name.contains("Embedding"))
        || (any(&|name| name.ends_with("Model")) && !any(&|name| name.contains("For")));
    Err(if is_embedding {
        let what = format!("the model type \"{model_type:.64}\" of an embedding model");
        LoadError::unsupported(file, what, foreign::GET_CHAT)
    } else {
        let what = format!("the model type \"{model_type:.64}\"");
        LoadError::unsupported(file, what, OTHER_MODEL)
    })
}

fn config(c: &Config, tensors: &Tensors, file: &str) -> Result<ModelConfig, LoadError> {
    let family = family(&c.architectures, &c.model_type, file)?;
    if c.attention_bias == Some(true) || c.mlp_bias == Some(true) {
        return Err(LoadError::unsupported(
            file,
            "biases in its projections",
            OTHER_MODEL,
        ));
    }
    let head_dim = match c.head_dim {
        Some(n) => n,
        None => divided(file, c.hidden_size, c.num_attention_heads)?,
    };
    let sub_norms = tensors
        .find_optional(&Naming::HuggingFace.norm(0, Norm::AttentionSub))
        .is_some();
    let tied = c.tie_word_embeddings.unwrap_or(false)
        || !tensors.entries.contains_key(&Naming::HuggingFace.head());
    let config = ModelConfig {
        family,
        architecture: c
            .architectures
            .first()
            .unwrap_or(&c.model_type)
            .chars()
            .take(64)
            .collect(),
        n_layers: c.num_hidden_layers,
        n_heads: c.num_attention_heads,
        n_kv_heads: c.num_key_value_heads.unwrap_or(c.num_attention_heads),
        head_dim,
        hidden_dim: c.hidden_size,
        ffn_dim: c.intermediate_size,
        vocab_size: c.vocab_size,
        max_seq_len: c.max_position_embeddings.unwrap_or(2048),
        rope_theta: rope_theta(c) as f32,
        rope_scaling: rope_scaling(c, file)?,
        norm_eps: c.rms_norm_eps.unwrap_or(1e-5) as f32,
        activation: match &c.hidden_act {
            Some(name) => activation(file, name)?,
            None if c.model_type == "bitnet" => Activation::SquaredRelu,
            None => Activation::Silu,
        },
        sub_norms: sub_norms || family == Family::BitNet,
        tied_head: tied,
    };
    config.check(file)?;
    Ok(config)
}

/// How the rotary frequencies are scaled: `rope_scaling`, or `rope_parameters` where transformers 5 puts it.
fn rope_scaling(c: &Config, file: &str) -> Result<RopeScaling, LoadError> {
    for value in [&c.rope_scaling, &c.rope_parameters].into_iter().flatten() {
        let kind = value
            .get("rope_type")
            .or_else(|| value.get("type"))
            .and_then(Value::as_str)
            .unwrap_or("default");
        let number = |key: &str| value.get(key).and_then(Value::as_f64).map(|n| n as f32);
        let required = |key: &str| {
            number(key)
                .ok_or_else(|| LoadError::missing(file, format!("{key} in its rope_scaling")))
        };
        let factor = number("factor").unwrap_or(1.0);
        match kind {
            "default" => {}
            "linear" if factor == 1.0 => {}
            "linear" => return Ok(RopeScaling::Linear { factor }),
            "llama3" => {
                return Ok(RopeScaling::Llama3 {
                    factor: required("factor")?,
                    low_freq_factor: required("low_freq_factor")?,
                    high_freq_factor: required("high_freq_factor")?,
                    original_max_position_embeddings: required("original_max_position_embeddings")?,
                });
            }
            other => {
                let what = format!("a stretched rotary embedding ({other:.32}, factor {factor})");
                return Err(LoadError::unsupported(file, what, OTHER_MODEL));
            }
        }
    }
    Ok(RopeScaling::Plain)
}

/// The base of the rotary embedding, at top level or where transformers 5 puts it.
fn rope_theta(c: &Config) -> f64 {
    let nested = c
        .rope_parameters
        .as_ref()
        .and_then(|p| p.get("rope_theta"))
        .and_then(Value::as_f64);
    let default = if c.model_type == "bitnet" {
        500_000.0
    } else {
        10_000.0
    };
    c.rope_theta.or(nested).unwrap_or(default)
}

/// What `weight_scale` means; refuses what is not plain BitNet quantisation.
fn quantization(c: &Config, tensors: &Tensors, file: &str) -> Result<ScaleRule, LoadError> {
    let Some(q) = &c.quantization_config else {
        let name = Naming::HuggingFace.projection(0, Projection::Q);
        let is_packed = tensors
            .entries
            .get(&name)
            .is_some_and(|entry| entry.kind == TensorType::U8);
        let names_bitnet = c
            .architectures
            .iter()
            .any(|name| name.to_ascii_lowercase().contains("bitnet"));
        if !(is_packed || c.is_bitnet_config || names_bitnet || c.model_type == "bitnet") {
            return Err(LoadError::unsupported(
                file,
                "ordinary (not ternary) weights",
                OTHER_MODEL,
            ));
        }
        return Ok(ScaleRule::Divide);
    };
    if let Some(method) = q
        .quant_method
        .as_deref()
        .filter(|method| *method != "bitnet")
    {
        let what = format!("the quantisation \"{method:.32}\"");
        return Err(LoadError::unsupported(file, what, OTHER_MODEL));
    }
    if q.use_rms_norm == Some(true) {
        return Err(LoadError::unsupported(
            file,
            "a norm inside each projection (use_rms_norm)",
            OTHER_MODEL,
        ));
    }
    let kept = q
        .modules_to_not_convert
        .iter()
        .flatten()
        .find(|name| *name != "lm_head");
    if let Some(name) = kept {
        let what = format!("a projection that is not ternary ({name:.64})");
        return Err(LoadError::unsupported(file, what, OTHER_MODEL));
    }
    match q.linear_class.as_deref() {
        Some("autobitlinear") => Ok(ScaleRule::Multiply),
        Some("bitlinear") | None => Ok(ScaleRule::Divide),
        Some(other) => {
            let what = format!("the linear class \"{other:.32}\"");
            Err(LoadError::unsupported(file, what, OTHER_MODEL))
        }
    }
}
