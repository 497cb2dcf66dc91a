//! The safetensors container: a JSON header with names, types, shapes and byte ranges, then the bytes.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    fmt,
    path::Path,
};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};

use super::{
    TensorType,
    file::{ModelFile, read_small},
    tensors::{TensorEntry, Tensors, check_overlaps},
};
use crate::LoadError;

/// The format's own limit for its header.
const MAX_HEADER_BYTES: u64 = 100_000_000;
const MAX_TENSORS: usize = 1 << 16;
const MAX_DIMS: usize = 8;
const MAX_FILES: usize = 512;
const MAX_INDEX_BYTES: u64 = 64 << 20;

#[derive(Deserialize)]
struct Record {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The header's entries in file order; `__metadata__` is left out.
struct Header(Vec<(String, Record)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("tensors by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else if entries.len() == MAX_TENSORS {
                        return Err(de::Error::custom("more tensors than any model has"));
                    } else {
                        entries.push((name, map.next_value()?));
                    }
                }
                Ok(Header(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Adds the tensors of one file to `tensors`.
///
/// # Errors
/// When the header is damaged, a tensor lies outside the file, or a name comes twice.
pub(crate) fn add_file(tensors: &mut Tensors, file: ModelFile) -> Result<(), LoadError> {
    let index = tensors.files.len();
    let place = file.place().to_owned();
    let bad = |field: &str, problem: String| LoadError::invalid(&place, field, problem);
    let head = file.read(0, 8, "the header length")?;
    let header_len = u64::from_le_bytes(*head.first_chunk().expect("eight bytes were read"));
    if header_len > MAX_HEADER_BYTES {
        return Err(LoadError::NotAModel {
            file: place,
            found: format!("its header would be {header_len} bytes long"),
            remedy: "Choose the model.safetensors of a BitNet model.",
        });
    }
    let header = file.read(8, header_len, "the header")?;
    let data_start = 8 + header_len;
    let data_len = file.len() - data_start;
    let Header(records) = serde_json::from_slice(header)
        .map_err(|e| bad("the header", format!("cannot be read ({e})")))?;
    for (name, record) in records {
        let field = format!("tensor {name:.200}");
        if record.shape.len() > MAX_DIMS {
            return Err(bad(
                &field,
                format!("has {} dimensions", record.shape.len()),
            ));
        }
        let kind = tensor_type(&record.dtype);
        let [begin, end] = record.data_offsets;
        if begin > end {
            return Err(bad(
                &field,
                format!("ends before it begins ({begin} to {end})"),
            ));
        }
        if end > data_len {
            let needed = data_start.saturating_add(end);
            return Err(LoadError::Truncated {
                file: place,
                field,
                needed,
                found: file.len(),
            });
        }
        let needed = kind.byte_len(&record.shape);
        if !matches!(kind, TensorType::Foreign(_)) && needed != Some(end - begin) {
            let problem = format!(
                "has {} bytes, which do not fit shape {:?} of {kind}",
                end - begin,
                record.shape
            );
            return Err(bad(&field, problem));
        }
        let entry = TensorEntry {
            kind,
            shape: record.shape,
            file: index,
            offset: data_start + begin,
            bytes: end - begin,
        };
        match tensors.entries.entry(name) {
            btree_map::Entry::Vacant(slot) => slot.insert(entry),
            btree_map::Entry::Occupied(slot) => {
                return Err(bad(
                    &format!("tensor {}", slot.key()),
                    "is there twice".into(),
                ));
            }
        };
    }
    let here = tensors.entries.iter().filter(|(_, e)| e.file == index);
    check_overlaps(&place, here)?;
    tensors.files.push(file);
    Ok(())
}

/// Opens the weights of a folder: `model.safetensors`, or the parts `model.safetensors.index.json` lists.
///
/// # Errors
/// When neither is there, or a file is damaged.
pub(crate) fn open_folder(folder: &Path) -> Result<Tensors, LoadError> {
    let mut tensors = Tensors::default();
    let single = folder.join("model.safetensors");
    if single.exists() {
        add_file(&mut tensors, ModelFile::open(&single)?)?;
        return Ok(tensors);
    }
    let index_path = folder.join("model.safetensors.index.json");
    let place = index_path.display().to_string();
    let Some(json) = read_small(index_path, MAX_INDEX_BYTES)? else {
        return Err(LoadError::Missing {
            file: folder.display().to_string(),
            field: "model.safetensors".to_owned(),
            remedy: "Download the weights of the model into this folder too.",
        });
    };
    let index = read_index(&json, &place)?;
    for name in index.file_names() {
        add_file(&mut tensors, ModelFile::open(&folder.join(name))?)?;
    }
    if let Some(name) = index
        .weight_map
        .keys()
        .find(|name| !tensors.entries.contains_key(*name))
    {
        let problem = format!("lists tensor {name:.200}, which is in none of the files");
        return Err(LoadError::invalid(&place, "weight_map", problem));
    }
    Ok(tensors)
}

/// `model.safetensors.index.json`: the file each tensor lies in.
#[derive(Deserialize)]
pub(crate) struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Index {
    /// All files, each once.
    pub(crate) fn file_names(&self) -> BTreeSet<&str> {
        self.weight_map.values().map(String::as_str).collect()
    }
}

/// Reads the index; every file name in it is a plain one, so that none leaves the folder.
///
/// # Errors
/// When it is damaged, or names no file, too many, or one elsewhere.
pub(crate) fn read_index(json: &[u8], place: &str) -> Result<Index, LoadError> {
    let bad = |problem: String| LoadError::invalid(place, "weight_map", problem);
    let index: Index =
        serde_json::from_slice(json).map_err(|e| bad(format!("cannot be read ({e})")))?;
    let names = index.file_names();
    if names.is_empty() || names.len() > MAX_FILES {
        return Err(bad(format!("names {} files", names.len())));
    }
    for name in names {
        let plain = name.ends_with(".safetensors")
            && !name.contains(['/', '\\', ':', '\0'])
            && !name.starts_with('.');
        if !plain {
            let name: String = name.chars().take(200).collect();
            return Err(bad(format!(
                "names the file {name:?}, which is not a plain .safetensors name"
            )));
        }
    }
    Ok(index)
}

fn tensor_type(dtype: &str) -> TensorType {
    match dtype {
        "F32" => TensorType::F32,
        "F16" => TensorType::F16,
        "BF16" => TensorType::Bf16,
        "U8" => TensorType::U8,
        other => TensorType::Foreign(other.chars().take(32).collect()),
    }
}
