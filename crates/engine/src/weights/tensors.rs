//! The tensors of a model, whatever files they lie in.

use std::collections::BTreeMap;

use super::{TensorType, file::ModelFile};
use crate::LoadError;

/// Where a tensor lies and what it is.
#[derive(Clone, Debug)]
pub(crate) struct TensorEntry {
    pub(crate) kind: TensorType,
    /// Outermost dimension first: `[rows, columns]` for a matrix.
    pub(crate) shape: Vec<u64>,
    /// Index of the file.
    pub(crate) file: usize,
    /// First byte in that file.
    pub(crate) offset: u64,
    /// Bytes there.
    pub(crate) bytes: u64,
}

/// Refuses tensors of one file that share bytes. No sound file has any, and a small file could otherwise fill the
/// memory: thousands of matrices in the same bytes, each repacked on its own.
///
/// # Errors
/// Names both tensors.
pub(crate) fn check_overlaps<'a>(
    file: &str,
    entries: impl IntoIterator<Item = (&'a String, &'a TensorEntry)>,
) -> Result<(), LoadError> {
    let mut ranges: Vec<(u64, u64, &str)> = entries
        .into_iter()
        .filter(|(_, e)| e.bytes > 0)
        .map(|(name, e)| (e.offset, e.bytes, name.as_str()))
        .collect();
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        let [(offset, bytes, first), (next, _, second)] = *pair else {
            continue;
        };
        // Both lie in the file, so the sum does not overflow.
        if offset + bytes > next {
            return Err(LoadError::invalid(
                file,
                format!("tensor {second:.200}"),
                format!("lies in the same bytes as tensor {first:.200}"),
            ));
        }
    }
    Ok(())
}

/// All tensors of a model.
#[derive(Debug, Default)]
pub(crate) struct Tensors {
    pub(crate) files: Vec<ModelFile>,
    pub(crate) entries: BTreeMap<String, TensorEntry>,
}

impl Tensors {
    /// What errors call the file of a tensor (of the first file, for one that does not exist).
    pub(crate) fn place(&self, name: &str) -> &str {
        let file = self.entries.get(name).map_or(0, |e| e.file);
        self.files.get(file).map_or("the model", ModelFile::place)
    }

    /// The first of `names` that exists.
    ///
    /// # Errors
    /// [`LoadError::Missing`] with the first name.
    pub(crate) fn find<'a>(
        &'a self,
        names: &[String],
    ) -> Result<(&'a str, &'a TensorEntry), LoadError> {
        self.find_optional(names).ok_or_else(|| {
            let name = names.first().map_or("", String::as_str);
            LoadError::missing(self.place(name), format!("tensor {name}"))
        })
    }

    /// The first of `names` that exists, if any does.
    pub(crate) fn find_optional<'a>(
        &'a self,
        names: &[String],
    ) -> Option<(&'a str, &'a TensorEntry)> {
        names
            .iter()
            .find_map(|name| self.entries.get_key_value(name))
            .map(|(name, entry)| (name.as_str(), entry))
    }

    /// The bytes of a tensor.
    pub(crate) fn read(&self, name: &str, entry: &TensorEntry) -> Result<&[u8], LoadError> {
        self.files[entry.file].read(entry.offset, entry.bytes, &format!("tensor {name}"))
    }

    /// Says that a tensor is done with, so that it no longer takes memory.
    pub(crate) fn release(&self, entry: &TensorEntry) {
        self.files[entry.file].release(entry.offset, entry.bytes);
    }

    /// Bytes of all files.
    pub(crate) fn file_bytes(&self) -> u64 {
        self.files.iter().map(ModelFile::len).sum()
    }

    /// A small float tensor as float32, of exactly `len` finite values.
    pub(crate) fn read_vector(
        &self,
        name: &str,
        entry: &TensorEntry,
        len: usize,
    ) -> Result<Vec<f32>, LoadError> {
        let bad = |problem: String| {
            LoadError::invalid(self.place(name), format!("tensor {name}"), problem)
        };
        let n = entry.shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d));
        if n != Some(len as u64) {
            return Err(bad(format!(
                "has shape {:?}, but {len} values are needed",
                entry.shape
            )));
        }
        let bytes = self.read(name, entry)?;
        let values: Vec<f32> = match entry.kind {
            TensorType::F32 => bytes
                .as_chunks()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
            TensorType::F16 => bytes
                .as_chunks()
                .0
                .iter()
                .map(|b| half::f16::from_le_bytes(*b).to_f32())
                .collect(),
            TensorType::Bf16 => bytes
                .as_chunks()
                .0
                .iter()
                .map(|b| half::bf16::from_le_bytes(*b).to_f32())
                .collect(),
            ref other => {
                return Err(bad(format!(
                    "has type {other}, but must be F32, F16 or BF16"
                )));
            }
        };
        match values.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(bad(format!(
                "holds {} at {at}, which is not a finite number",
                values[at]
            ))),
            None => Ok(values),
        }
    }
}
