//! What is in a model file, without loading it.

use serde::Serialize;

use crate::{
    ChatTemplate, LoadError, ModelConfig, ModelSource, SamplingDefaults, TokenId, Warning,
    model::{
        KvFormat, kv_cache,
        load::look_for_zeros,
        opened::{self, Frame, Opened},
        table_bytes,
    },
    synthetic,
    weights::{file::ModelFile, gguf, safetensors, tensors::Tensors},
};

/// A model file, described.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file or folder.
    pub place: String,
    /// Name from the file.
    pub name: String,
    /// `gguf`, `folder`, `built-in` or `synthetic`.
    pub container: &'static str,
    /// Bytes of all files.
    pub file_bytes: u64,
    /// Keys of a GGUF header, with long values shortened.
    pub metadata: Vec<(String, String)>,
    /// All tensors, by name.
    pub tensors: Vec<TensorRecord>,
    /// Why the model cannot be run, if it cannot; the fields below may be empty then.
    pub problem: Option<String>,
    /// Shape and family.
    pub config: Option<ModelConfig>,
    /// How chats are written.
    pub chat_template: Option<ChatTemplate>,
    /// Kind of the tokenizer.
    pub tokenizer: Option<&'static str>,
    /// Tokens of the tokenizer.
    pub tokenizer_tokens: Option<usize>,
    /// The token that begins a text.
    pub bos: Option<TokenId>,
    /// Tokens that end an answer.
    pub stop_tokens: Vec<TokenId>,
    /// Texts of the tokens above.
    pub special_tokens: Vec<SpecialToken>,
    /// Sampling parameters it comes with.
    pub defaults: SamplingDefaults,
    /// What it needs to run.
    pub memory: Option<MemoryNeed>,
    /// Sentences a person should see.
    pub warnings: Vec<Warning>,
}

/// A tensor in a file.
#[derive(Clone, Debug, Serialize)]
pub struct TensorRecord {
    /// Name.
    pub name: String,
    /// Type, as the format calls it.
    pub kind: String,
    /// Outermost dimension first.
    pub shape: Vec<u64>,
    /// Bytes in the file.
    pub bytes: u64,
}

/// A token that begins or ends something.
#[derive(Clone, Debug, Serialize)]
pub struct SpecialToken {
    /// Its id.
    pub id: TokenId,
    /// Its text.
    pub text: String,
}

/// Memory a model needs, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryNeed {
    /// Weights, as the engine keeps them.
    pub weights: u64,
    /// Keys and values of a full context.
    pub full_context: u64,
    /// Keys and values of the smallest piece a context grows by (256 tokens).
    pub context_step: u64,
}

/// Longest value of a key that is shown whole.
const SHOWN: usize = 200;

/// Describes a model: header, tensors, shape, tokenizer, template, memory, warnings. Reads headers, the tokenizer and a
/// few rows of each matrix; a single broken weight is only found when loading.
///
/// # Errors
/// When a file cannot be read, or is not a container of tensors at all. A sound file of a model this engine does
/// not run is no error: [`Inspection::problem`] says why.
pub fn inspect(source: &ModelSource) -> Result<Inspection, LoadError> {
    let (container, metadata, tensors) = match source {
        ModelSource::Gguf(path) => {
            let (metadata, tensors) = gguf::open(ModelFile::open(path)?, |metadata, tensors| {
                let shown = metadata
                    .iter()
                    .map(|(key, value)| (key.to_owned(), shorten(&value.to_string())));
                Ok((shown.collect(), tensors))
            })?;
            ("gguf", metadata, tensors)
        }
        ModelSource::Folder(path) => ("folder", Vec::new(), safetensors::open_folder(path)?),
        ModelSource::Embedded(model) => {
            let mut tensors = Tensors::default();
            safetensors::add_file(
                &mut tensors,
                ModelFile::built_in(source.place(), model.weights),
            )?;
            ("built-in", Vec::new(), tensors)
        }
        ModelSource::Synthetic(_) => ("synthetic", Vec::new(), Tensors::default()),
    };
    let mut inspection = Inspection {
        place: source.place(),
        name: String::new(),
        container,
        file_bytes: tensors.file_bytes(),
        metadata,
        tensors: records(&tensors),
        problem: None,
        config: None,
        chat_template: None,
        tokenizer: None,
        tokenizer_tokens: None,
        bos: None,
        stop_tokens: Vec::new(),
        special_tokens: Vec::new(),
        defaults: SamplingDefaults::default(),
        memory: None,
        warnings: Vec::new(),
    };
    if let ModelSource::Synthetic(spec) = source {
        let config = synthetic::config(spec);
        inspection.memory = Some(memory(
            &config,
            2 * (config.vocab_size * config.hidden_dim) as u64,
        ));
        inspection.config = Some(config);
        return Ok(inspection);
    }
    match opened::open(source, Opened::whole) {
        Err(problem) => inspection.problem = Some(problem.to_string()),
        Ok(Opened { frame, words }) => {
            inspection.warnings = words.warnings;
            match look_for_zeros(&frame) {
                Ok(warning) => inspection.warnings.extend(warning),
                Err(problem) => inspection.problem = Some(problem.to_string()),
            }
            inspection.memory = Some(memory(&frame.config, tables(&frame)));
            inspection.name = frame.name;
            inspection.config = Some(frame.config);
            inspection.chat_template = Some(words.template);
            let special = words
                .tokenizer
                .bos()
                .into_iter()
                .chain(words.stop_tokens.iter().copied());
            inspection.special_tokens = special
                .map(|id| SpecialToken {
                    id,
                    text: words.tokenizer.decode(&[id], false),
                })
                .collect();
            inspection.tokenizer = Some(words.tokenizer.scheme());
            inspection.tokenizer_tokens = Some(words.tokenizer.vocab_size());
            inspection.bos = words.tokenizer.bos();
            inspection.stop_tokens = words.stop_tokens;
            inspection.defaults = words.defaults;
        }
    }
    Ok(inspection)
}

fn records(tensors: &Tensors) -> Vec<TensorRecord> {
    tensors
        .entries
        .iter()
        .map(|(name, entry)| TensorRecord {
            name: name.clone(),
            kind: entry.kind.to_string(),
            shape: entry.shape.clone(),
            bytes: entry.bytes,
        })
        .collect()
}

/// Bytes of the embedding and of a head of its own, where there is one. A table that is missing counts nothing;
/// loading will say so.
fn tables(frame: &Frame) -> u64 {
    let bytes = |name, is_head| {
        let entry = frame.tensors.entries.get(&name);
        entry.map_or(0, |entry| table_bytes(entry, is_head))
    };
    let tied = frame.config.tied_head;
    let head = if tied {
        0
    } else {
        bytes(frame.naming.head(), true)
    };
    bytes(frame.naming.embedding(), tied) + head
}

/// Two bits a ternary weight, and the `tables`.
fn memory(config: &ModelConfig, tables: u64) -> MemoryNeed {
    MemoryNeed {
        weights: config.ternary_weights() / 4 + tables,
        full_context: kv_cache::bytes_for(config, KvFormat::default(), config.max_seq_len),
        context_step: kv_cache::bytes_for(config, KvFormat::default(), 1),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}
