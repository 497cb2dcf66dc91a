//! Fixture files, and a reader for them that shares no code with the engine.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::{
    collections::BTreeMap,
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tern_engine::{Isa, KvFormat, LoadOptions, Model, ModelSource, Role, TokenId, Turn};

/// Fixtures that are part of the repository.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// A folder of the larger material beside the checkout (`TERN_SHARED`, else `../shared`); says so when it is not there.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("TERN_SHARED")
        .map_or_else(beside, PathBuf::from)
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

pub(crate) fn json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Loads a GGUF file or a model folder.
pub(crate) fn load(path: &Path, threads: usize, isa: Option<Isa>) -> Model {
    let source = ModelSource::from_path(path).unwrap_or_else(|e| panic!("{e}"));
    let options = LoadOptions {
        threads,
        isa,
        // What the references are compared with.
        kv: KvFormat::F32,
        ..LoadOptions::default()
    };
    Model::load(&source, &options, &mut |_| ControlFlow::Continue(()))
        .unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn ids(numbers: &[i32]) -> Vec<TokenId> {
    numbers
        .iter()
        .map(|&id| TokenId(u32::try_from(id).expect("ids are not negative")))
        .collect()
}

pub(crate) fn json_ids(value: &Value) -> Vec<TokenId> {
    let all = value.as_array().expect("a list of ids");
    all.iter()
        .map(|id| TokenId(id.as_u64().expect("an id") as u32))
        .collect()
}

/// One message.
pub(crate) fn turn(role: Role, content: &str) -> Turn {
    Turn {
        role,
        content: content.to_owned(),
    }
}

/// All places a chat takes text from.
pub(crate) fn chats(text: &str) -> Vec<Vec<Turn>> {
    vec![
        vec![turn(Role::User, text)],
        vec![turn(Role::System, text), turn(Role::User, "Hi")],
        vec![
            turn(Role::User, "Hi"),
            turn(Role::Assistant, text),
            turn(Role::User, &format!("a{text}b {text}")),
        ],
    ]
}

/// A safetensors file: shape and values by name.
pub(crate) struct Tensors(BTreeMap<String, (Vec<usize>, Data)>);

pub(crate) enum Data {
    F32(Vec<f32>),
    I32(Vec<i32>),
    Bytes(Vec<u8>),
}

impl Tensors {
    pub(crate) fn read(path: &Path) -> Self {
        let blob = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let header_len = u64::from_le_bytes(*blob.first_chunk().expect("a header length")) as usize;
        let header: Value =
            serde_json::from_slice(&blob[8..8 + header_len]).expect("a JSON header");
        let data = &blob[8 + header_len..];
        let tensor = |info: &Value| {
            let numbers = |key: &str| {
                json_ids(&info[key])
                    .iter()
                    .map(|id| id.index())
                    .collect::<Vec<_>>()
            };
            let (shape, range) = (numbers("shape"), numbers("data_offsets"));
            let bytes = &data[range[0]..range[1]];
            let values = match info["dtype"].as_str().expect("a type") {
                "F32" => Data::F32(
                    bytes
                        .as_chunks()
                        .0
                        .iter()
                        .map(|b| f32::from_le_bytes(*b))
                        .collect(),
                ),
                "BF16" => Data::F32(
                    bytes
                        .as_chunks()
                        .0
                        .iter()
                        .map(|b| half::bf16::from_le_bytes(*b).to_f32())
                        .collect(),
                ),
                "I32" => Data::I32(
                    bytes
                        .as_chunks()
                        .0
                        .iter()
                        .map(|b| i32::from_le_bytes(*b))
                        .collect(),
                ),
                _ => Data::Bytes(bytes.to_vec()),
            };
            (shape, values)
        };
        let entries = header
            .as_object()
            .expect("tensors by name")
            .iter()
            .filter(|(name, _)| *name != "__metadata__");
        Self(
            entries
                .map(|(name, info)| (name.clone(), tensor(info)))
                .collect(),
        )
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn shape(&self, name: &str) -> &[usize] {
        &self.entry(name).0
    }

    pub(crate) fn f32(&self, name: &str) -> &[f32] {
        match &self.entry(name).1 {
            Data::F32(values) => values,
            _ => panic!("{name} is not a float tensor"),
        }
    }

    pub(crate) fn i32(&self, name: &str) -> &[i32] {
        match &self.entry(name).1 {
            Data::I32(values) => values,
            _ => panic!("{name} is not an integer tensor"),
        }
    }

    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        match &self.entry(name).1 {
            Data::Bytes(values) => values,
            _ => panic!("{name} is not a byte tensor"),
        }
    }

    fn entry(&self, name: &str) -> &(Vec<usize>, Data) {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no tensor {name}"))
    }

    /// Names of the prompts a reference file has.
    pub(crate) fn prompts(&self) -> Vec<String> {
        self.names()
            .filter_map(|name| name.strip_suffix(".input_ids"))
            .map(str::to_owned)
            .collect()
    }
}
