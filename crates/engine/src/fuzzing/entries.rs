//! The parsers, each behind a function that takes any bytes. Beside coming back, each holds what it says of its
//! result; a broken promise is a panic, which both kinds of run report.

use std::{ops::ControlFlow, sync::LazyLock};

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::Value;

use super::{pieces::Pieces, seeds};
use crate::{
    LoadError, LoadOptions, Model, Sampler, SamplingParams, Sequence, TextStream, TokenId,
    Tokenizer,
    model::{from_bytes, opened::Opened},
    tokenizer::{self, TokenizerFiles},
    weights::{file::ModelFile, gguf, safetensors as container, tensors::Tensors},
};

/// What errors call an input.
const PLACE: &str = "the input";
/// A model that needs more than this is loaded, but not run.
const MAX_RUN_BYTES: u64 = 32 << 20;

/// Every refusal names the file and ends in what to do.
fn accepted<T>(result: Result<T, LoadError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let message = error.to_string();
            assert!(error.file().is_some(), "names no file: {message}");
            let remedy = error.remedy().expect("an error about a file has a remedy");
            assert!(message.ends_with(remedy), "ends in no remedy: {message}");
            // Names from a file are shown, but never at full length.
            assert!(message.len() < 20_000, "{} bytes", message.len());
            None
        }
    }
}

fn file(data: &[u8]) -> ModelFile {
    ModelFile::in_memory(PLACE.to_owned(), data.to_vec())
}

fn open_gguf(data: &[u8]) -> Result<Opened, LoadError> {
    gguf::open(file(data), |metadata, tensors| {
        from_bytes::gguf(&metadata, tensors)
    })
}

/// Header, keys, tensor list, shape and tokenizer of a GGUF file.
pub(super) fn gguf_header(data: &[u8]) -> bool {
    accepted(open_gguf(data)).is_some()
}

fn json_tokenizer(json: &[u8], config: &Value) -> Result<Tokenizer, LoadError> {
    TokenizerFiles::Json(json.into(), PLACE.to_owned()).read(config)
}

/// The tokenizer of a GGUF file, and text through it.
pub(super) fn gguf_tokenizer(data: &[u8]) -> bool {
    let tokenizer = gguf::open(file(data), |metadata, _| {
        tokenizer::from_gguf(&metadata, &mut Vec::new())
    });
    accepted(tokenizer).is_some_and(|tokenizer| use_tokenizer(&tokenizer))
}

/// A whole GGUF file: loads it, and reads two tokens if it loads.
pub(super) fn gguf_model(data: &[u8]) -> bool {
    accepted(open_gguf(data)).is_some_and(run)
}

/// A whole `model.safetensors` under a sound configuration, the same way.
pub(super) fn hf_model(data: &[u8]) -> bool {
    let mut tensors = Tensors::default();
    if accepted(container::add_file(&mut tensors, file(data))).is_none() {
        return false;
    }
    static FILES: LazyLock<[String; 2]> = LazyLock::new(|| {
        [
            seeds::config().to_string(),
            seeds::tokenizer(false).to_string(),
        ]
    });
    let opened = from_bytes::folder(&FILES[0], "", &FILES[1], "", tensors);
    accepted(opened).is_some_and(run)
}

/// Threads for loading; one for all inputs.
static POOL: LazyLock<ThreadPool> = LazyLock::new(|| {
    ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread can be started")
});

fn run(opened: Opened) -> bool {
    let options = LoadOptions {
        threads: 1,
        ..LoadOptions::default()
    };
    let load = Model::load_opened(opened, &options, &POOL, &mut |_| ControlFlow::Continue(()));
    let Some(model) = accepted(load) else {
        return false;
    };
    let config = model.config();
    let cache = crate::model::kv_cache::bytes_for(config, Default::default(), 1);
    if cache + model.weight_bytes() <= MAX_RUN_BYTES {
        let mut sequence = Sequence::new(&model, 2);
        let mut sampler = Sampler::new(&SamplingParams::greedy()).expect("sound parameters");
        let mut id = TokenId(0);
        while sequence.tokens().len() < sequence.max_len() {
            let logits = sequence
                .decode(&model, id)
                .expect("a token of the vocabulary in a context with room");
            id = sampler.sample(logits, &[]);
        }
    }
    true
}

/// Header of a `model.safetensors`.
pub(super) fn safetensors(data: &[u8]) -> bool {
    let mut tensors = Tensors::default();
    let added = accepted(container::add_file(&mut tensors, file(data)));
    for (name, entry) in &tensors.entries {
        // What a sound header says is there can be read.
        if added.is_some() {
            tensors.read(name, entry).expect("it lies in the file");
        }
    }
    added.is_some()
}

/// `model.safetensors.index.json`.
pub(super) fn safetensors_index(data: &[u8]) -> bool {
    let Some(index) = accepted(container::read_index(data, PLACE)) else {
        return false;
    };
    for name in index.file_names() {
        let only = std::path::Path::new(name).components().count();
        assert_eq!(only, 1, "{name:?} leaves the folder");
    }
    true
}

/// `config.json`.
pub(super) fn config(data: &[u8]) -> bool {
    static TENSORS: LazyLock<Tensors> = LazyLock::new(|| {
        let (header, data) = seeds::safetensors(true);
        let header = header.to_string().into_bytes();
        let bytes = [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat();
        let mut tensors = Tensors::default();
        container::add_file(&mut tensors, file(&bytes)).expect("a sound file");
        tensors
    });
    accepted(from_bytes::config(data, &TENSORS, PLACE)).is_some()
}

/// `generation_config.json`: what it suggests can be sampled with.
pub(super) fn generation_config(data: &[u8]) -> bool {
    let Some(defaults) = accepted(from_bytes::generation(data, PLACE)) else {
        return false;
    };
    Sampler::new(&defaults.params()).expect("suggestions out of range are left out");
    true
}

/// `tokenizer_config.json`, beside a sound `tokenizer.json`, or beside a sound `tokenizer.model`.
pub(super) fn tokenizer_config(data: &[u8]) -> bool {
    static JSON: LazyLock<String> = LazyLock::new(|| seeds::tokenizer(false).to_string());
    let Ok(config) = serde_json::from_slice::<Value>(data) else {
        return false;
    };
    let tokenizer = json_tokenizer(JSON.as_bytes(), &config);
    accepted(tokenizer).expect("the tokenizer itself is sound");
    // It may list tokens that clash with the pieces.
    accepted(model_tokenizer(&PIECES, &[], &config)).is_none_or(|t| use_tokenizer(&t))
}

/// `tokenizer.json`, and text through it.
pub(super) fn tokenizer_json(data: &[u8]) -> bool {
    accepted(json_tokenizer(data, &Value::Null)).is_some_and(|tokenizer| use_tokenizer(&tokenizer))
}

fn model_tokenizer(model: &[u8], added: &[u8], config: &Value) -> Result<Tokenizer, LoadError> {
    let files = [model, added].map(|bytes| (bytes.to_vec(), PLACE.to_owned()));
    TokenizerFiles::Model(files).read(config)
}

/// `tokenizer.model`, and text through it.
pub(super) fn sentencepiece_model(data: &[u8]) -> bool {
    accepted(model_tokenizer(data, &[], &Value::Null)).is_some_and(|t| use_tokenizer(&t))
}

/// `added_tokens.json` beside a sound `tokenizer.model`, and text through both.
pub(super) fn added_tokens(data: &[u8]) -> bool {
    static CONFIG: LazyLock<Value> = LazyLock::new(seeds::tokenizer_config);
    accepted(model_tokenizer(&PIECES, data, &CONFIG)).is_some_and(|t| use_tokenizer(&t))
}

static PIECES: LazyLock<Vec<u8>> = LazyLock::new(|| Pieces::sound().bytes());

/// What every tokenizer has to hold, wherever it comes from.
fn use_tokenizer(tokenizer: &Tokenizer) -> bool {
    let text = "Hello ab abc  12 é\r\n<|eot_id|> don't <|begin_of_text|>日本";
    let ids = tokenizer.encode_plain(text);
    for &id in &ids {
        assert!(!tokenizer.is_control(id), "text became control token {id}");
        assert!(id.index() < tokenizer.vocab_size(), "{id}");
    }
    tokenizer.decode(&ids, true);
    for id in tokenizer.encode_special(text) {
        assert!(id.index() < tokenizer.vocab_size(), "{id}");
    }
    assert!(
        tokenizer
            .bos()
            .is_none_or(|id| id.index() < tokenizer.vocab_size())
    );
    tokenizer.token_bytes(TokenId(u32::MAX));
    true
}

/// Any text through sound tokenizers: comes back as it was, and never becomes a control token.
pub(super) fn encode_text(data: &[u8]) -> bool {
    static TOKENIZERS: LazyLock<[Tokenizer; 2]> = LazyLock::new(|| {
        ["llama-bpe", "gpt-2"].map(|pre| {
            let mut file = seeds::gguf::Gguf::sound();
            file.set("tokenizer.ggml.pre", seeds::gguf::text(pre));
            let bytes = ModelFile::in_memory(PLACE.to_owned(), file.bytes());
            gguf::open(bytes, |metadata, _| {
                tokenizer::from_gguf(&metadata, &mut Vec::new())
            })
            .expect("a sound file")
        })
    });
    let Some((&first, text)) = data.split_first() else {
        return false;
    };
    let text = String::from_utf8_lossy(text);
    let tokenizer = &TOKENIZERS[usize::from(first % 2)];
    let ids = tokenizer.encode_plain(&text);
    assert!(ids.iter().all(|&id| !tokenizer.is_control(id)), "{text:?}");
    assert_eq!(tokenizer.decode(&ids, true), text);
    let ids = tokenizer.encode_special(&text);
    assert_eq!(tokenizer.decode(&ids, false), text);
    true
}

/// Bytes in pieces: what is released is text that stays, and no stop string is in it.
pub(super) fn text_stream(data: &[u8]) -> bool {
    let Some((&first, rest)) = data.split_first() else {
        return false;
    };
    let cut = 1 + usize::from(first & 7);
    let n_stops = usize::from(first >> 3 & 3);
    let (stops, bytes) = rest.split_at(rest.len().min(n_stops * 3));
    let stops: Vec<String> = stops
        .chunks(3)
        .map(|stop| String::from_utf8_lossy(stop).into_owned())
        .collect();
    let mut stream = TextStream::new(&stops);
    let mut text = String::new();
    for piece in bytes.chunks(cut) {
        stream.push(piece, &mut text);
    }
    stream.finish(&mut text);
    let whole = String::from_utf8_lossy(bytes);
    assert!(whole.starts_with(&text), "{text:?} of {whole:?}");
    assert_eq!(stream.is_stopped(), text != whole, "{text:?} of {whole:?}");
    let shown = |stop: &&String| !stop.is_empty() && text.contains(stop.as_str());
    assert_eq!(stops.iter().find(shown), None, "{text:?}");
    true
}

/// Any parameters and any logits.
pub(super) fn sampler(data: &[u8]) -> bool {
    let all: Vec<f32> = data
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let [
        repetition_penalty,
        temperature,
        top_p,
        min_p,
        top_k,
        logits @ ..,
    ] = all.as_slice()
    else {
        return false;
    };
    let params = SamplingParams {
        repetition_penalty: *repetition_penalty,
        temperature: *temperature,
        top_k: top_k.to_bits(),
        top_p: *top_p,
        min_p: *min_p,
        seed: Some(u64::from(top_k.to_bits())),
    };
    // Most parameters are nonsense; the logits are to be looked at all the same.
    let sampler = Sampler::new(&params).or_else(|_| {
        Sampler::new(&SamplingParams {
            top_k: top_k.to_bits() % 8,
            seed: params.seed,
            ..SamplingParams::default()
        })
    });
    let mut sampler = sampler.expect("the usual parameters are sound");
    if logits.is_empty() {
        return false;
    }
    let history: Vec<TokenId> = data.iter().map(|&id| TokenId(id.into())).collect();
    for _ in 0..3 {
        let id = sampler.sample(logits, &history);
        let logit = logits[id.index()];
        let possible = logits.iter().any(|l| *l > f32::NEG_INFINITY);
        // A penalty can push the only possible token out of a float's range.
        let penalised = params.repetition_penalty != 1.0;
        assert!(!possible || penalised || !logit.is_nan(), "{logits:?}");
    }
    true
}
