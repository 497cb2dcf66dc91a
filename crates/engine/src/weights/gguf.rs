//! The GGUF container, versions 2 and 3, little-endian.
//!
//! Every length is held against the bytes that are left before it is used, so a hostile header costs no more
//! memory than the file has bytes.

use std::collections::{BTreeMap, btree_map};

use super::{
    TensorType,
    file::ModelFile,
    foreign,
    tensors::{TensorEntry, Tensors, check_overlaps},
};
use crate::LoadError;

pub(crate) use super::metadata::{Metadata, Value};

const MAX_ENTRIES: u64 = 1 << 16;
const MAX_KEY_BYTES: u64 = 1 << 12;
const MAX_STRING_BYTES: u64 = 16 << 20;
const MAX_DIMS: u32 = 4;
const MAX_NESTING: u32 = 3;
const MAX_ALIGNMENT: u64 = 1 << 16;
/// First piece of the header to read: more than any known file needs.
const FIRST_PREFIX: u64 = 16 << 20;
/// A header is never larger than this.
const MAX_HEADER_BYTES: u64 = 1 << 30;

/// Opens a GGUF file, parses its header and hands it to `with`, together with its tensors.
///
/// # Errors
/// When the header is damaged or a tensor lies outside the file; or what `with` returns.
pub(crate) fn open<T>(
    file: ModelFile,
    with: impl FnOnce(Metadata, Tensors) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let mut want = FIRST_PREFIX;
    let place = file.place().to_owned();
    loop {
        // The metadata refers to the header while the file is handed on with the tensors.
        let held = file.clone();
        let mut reader = Reader {
            bytes: held.prefix(want)?,
            at: 0,
            file_len: file.len(),
            file: &place,
        };
        match reader.header() {
            Ok((values, entries)) => {
                let tensors = Tensors {
                    files: vec![file],
                    entries,
                };
                return with(Metadata::new(&place, values), tensors);
            }
            Err(Stop::NeedMore) if want < file.len().min(MAX_HEADER_BYTES) => want *= 8,
            Err(Stop::NeedMore) => {
                return Err(LoadError::invalid(
                    file.place(),
                    "the header",
                    "is larger than 1 GB",
                ));
            }
            Err(Stop::Error(e)) => return Err(e),
        }
    }
}

/// Why parsing ended early.
enum Stop {
    /// The prefix is too short, but the file is not.
    NeedMore,
    Error(LoadError),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    file_len: u64,
    file: &'a str,
}

type Header<'a> = (BTreeMap<&'a str, Value<'a>>, BTreeMap<String, TensorEntry>);

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<Header<'a>, Stop> {
        if self.take(4, "the magic bytes")? != b"GGUF" {
            return Err(Stop::Error(LoadError::NotAModel {
                file: self.file.to_owned(),
                found: "it does not begin with GGUF".to_owned(),
                remedy: "Choose a GGUF file of a BitNet model.",
            }));
        }
        let version = self.u32("the version")?;
        if version == 2u32.swap_bytes() || version == 3u32.swap_bytes() {
            let what = "the big-endian form of GGUF";
            return Err(Stop::Error(LoadError::unsupported(
                self.file,
                what,
                "Choose the little-endian file.",
            )));
        }
        if !(2..=3).contains(&version) {
            let what = format!("version {version} of GGUF");
            return Err(Stop::Error(LoadError::unsupported(
                self.file,
                what,
                "Choose a file of version 2 or 3.",
            )));
        }
        let n_tensors = self.count("the number of tensors")?;
        let n_values = self.count("the number of keys")?;
        let mut values = BTreeMap::new();
        for i in 0..n_values {
            let key = self.string(MAX_KEY_BYTES, &format!("key {i}"))?;
            let kind = self.u32(key)?;
            let value = self.value(kind, key, 0)?;
            if values.insert(key, value).is_some() {
                return Err(self.bad(key, "is there twice"));
            }
        }
        let entries = self.tensors(n_tensors, &values)?;
        Ok((values, entries))
    }

    fn tensors(
        &mut self,
        n_tensors: u64,
        values: &BTreeMap<&str, Value<'a>>,
    ) -> Result<BTreeMap<String, TensorEntry>, Stop> {
        let is_bitnet = matches!(
            values.get("general.architecture"),
            Some(Value::String(arch)) if arch.starts_with("bitnet")
        );
        let mut entries: BTreeMap<String, TensorEntry> = BTreeMap::new();
        for i in 0..n_tensors {
            let name = self.string(MAX_KEY_BYTES, &format!("the name of tensor {i}"))?;
            let field = format!("tensor {name:.200}");
            let n_dims = self.u32(&field)?;
            if n_dims == 0 || n_dims > MAX_DIMS {
                return Err(self.bad(
                    &field,
                    format!("has {n_dims} dimensions, but must have 1 to {MAX_DIMS}"),
                ));
            }
            let mut shape = (0..n_dims)
                .map(|_| self.u64(&field))
                .collect::<Result<Vec<_>, _>>()?;
            // GGUF lists the fastest dimension first.
            shape.reverse();
            let kind = tensor_type(self.u32(&field)?, is_bitnet);
            let offset = self.u64(&field)?;
            let Some(bytes) = kind.byte_len(&shape) else {
                return Err(self.bad(
                    &field,
                    format!("has shape {shape:?}, which {kind} cannot hold"),
                ));
            };
            let entry = TensorEntry {
                kind,
                shape,
                file: 0,
                offset,
                bytes,
            };
            match entries.entry(name.to_owned()) {
                btree_map::Entry::Vacant(slot) => slot.insert(entry),
                btree_map::Entry::Occupied(_) => return Err(self.bad(&field, "is there twice")),
            };
        }
        let alignment = match values.get("general.alignment") {
            None => 32,
            Some(Value::Uint(n)) if n.is_power_of_two() && *n <= MAX_ALIGNMENT => *n,
            Some(_) => {
                return Err(self.bad(
                    "general.alignment",
                    format!("must be a power of two up to {MAX_ALIGNMENT}"),
                ));
            }
        };
        let start = (self.at as u64).next_multiple_of(alignment);
        for (name, entry) in &mut entries {
            let field = format!("tensor {name:.200}");
            if !entry.offset.is_multiple_of(alignment) {
                return Err(self.bad(
                    &field,
                    format!("begins at {}, not a multiple of {alignment}", entry.offset),
                ));
            }
            let end = start
                .checked_add(entry.offset)
                .and_then(|at| at.checked_add(entry.bytes));
            match end {
                Some(end) if end <= self.file_len => entry.offset += start,
                end => return Err(self.cut_short(&field, end.unwrap_or(u64::MAX))),
            }
        }
        check_overlaps(self.file, &entries).map_err(Stop::Error)?;
        Ok(entries)
    }

    fn value(&mut self, kind: u32, key: &str, depth: u32) -> Result<Value<'a>, Stop> {
        Ok(match kind {
            0 => Value::Uint(self.array::<1>(key)?[0].into()),
            1 => Value::Int(i8::from_le_bytes(self.array(key)?).into()),
            2 => Value::Uint(u16::from_le_bytes(self.array(key)?).into()),
            3 => Value::Int(i16::from_le_bytes(self.array(key)?).into()),
            4 => Value::Uint(self.u32(key)?.into()),
            5 => Value::Int(i32::from_le_bytes(self.array(key)?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array(key)?).into()),
            7 => match self.array::<1>(key)?[0] {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => return Err(self.bad(key, format!("is a truth value of {other}"))),
            },
            8 => Value::String(self.string(MAX_STRING_BYTES, key)?),
            9 => self.list(key, depth)?,
            10 => Value::Uint(self.u64(key)?),
            11 => Value::Int(i64::from_le_bytes(self.array(key)?)),
            12 => Value::Float(f64::from_le_bytes(self.array(key)?)),
            other => return Err(self.bad(key, format!("has the unknown type {other}"))),
        })
    }

    fn list(&mut self, key: &str, depth: u32) -> Result<Value<'a>, Stop> {
        let kind = self.u32(key)?;
        let len = self.u64(key)?;
        // The smallest possible element: what `len` of them need at least.
        let smallest = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            9 => 12,
            other => return Err(self.bad(key, format!("is a list of the unknown type {other}"))),
        };
        let bytes = len
            .checked_mul(smallest)
            .ok_or_else(|| self.cut_short(key, u64::MAX))?;
        self.need(bytes, key)?;
        if kind == 8 {
            let mut strings = Vec::with_capacity(len as usize);
            for _ in 0..len {
                strings.push(self.string(MAX_STRING_BYTES, key)?);
            }
            return Ok(Value::Strings(strings));
        }
        if kind == 9 {
            if depth == MAX_NESTING {
                return Err(self.bad(key, "is nested too deeply"));
            }
            for _ in 0..len {
                self.list(key, depth + 1)?;
            }
            return Ok(Value::Nested(len));
        }
        Ok(Value::Scalars {
            kind,
            bytes: self.take(bytes, key)?,
        })
    }

    fn string(&mut self, limit: u64, field: &str) -> Result<&'a str, Stop> {
        let len = self.u64(field)?;
        if len > limit {
            return Err(self.bad(
                field,
                format!("has a text of {len} bytes, but at most {limit} are allowed"),
            ));
        }
        let bytes = self.take(len, field)?;
        std::str::from_utf8(bytes).map_err(|_| self.bad(field, "has a text that is not UTF-8"))
    }

    fn count(&mut self, field: &str) -> Result<u64, Stop> {
        let n = self.u64(field)?;
        if n > MAX_ENTRIES {
            return Err(self.bad(field, format!("is {n}, but must be at most {MAX_ENTRIES}")));
        }
        Ok(n)
    }

    fn u32(&mut self, field: &str) -> Result<u32, Stop> {
        Ok(u32::from_le_bytes(self.array(field)?))
    }

    fn u64(&mut self, field: &str) -> Result<u64, Stop> {
        Ok(u64::from_le_bytes(self.array(field)?))
    }

    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], Stop> {
        let bytes = self.take(N as u64, field)?;
        Ok(*bytes.first_chunk().expect("as many bytes were taken"))
    }

    fn take(&mut self, len: u64, field: &str) -> Result<&'a [u8], Stop> {
        self.need(len, field)?;
        let bytes = &self.bytes[self.at..][..len as usize];
        self.at += len as usize;
        Ok(bytes)
    }

    /// Holds `len` more bytes against what is there.
    fn need(&self, len: u64, field: &str) -> Result<(), Stop> {
        match (self.at as u64).checked_add(len) {
            Some(end) if end <= self.bytes.len() as u64 => Ok(()),
            Some(end) if end <= self.file_len => Err(Stop::NeedMore),
            end => Err(self.cut_short(field, end.unwrap_or(u64::MAX))),
        }
    }

    fn cut_short(&self, field: &str, needed: u64) -> Stop {
        Stop::Error(LoadError::Truncated {
            file: self.file.to_owned(),
            field: field.to_owned(),
            needed,
            found: self.file_len,
        })
    }

    fn bad(&self, field: &str, problem: impl Into<String>) -> Stop {
        Stop::Error(LoadError::invalid(self.file, field, problem))
    }
}

/// `is_bitnet`: the file's architecture is one of bitnet.cpp's.
fn tensor_type(number: u32, is_bitnet: bool) -> TensorType {
    match number {
        0 => TensorType::F32,
        1 => TensorType::F16,
        2 => TensorType::Q4_0,
        6 => TensorType::Q5_0,
        8 => TensorType::Q8_0,
        14 => TensorType::Q6K,
        30 => TensorType::Bf16,
        34 => TensorType::Tq1_0,
        35 => TensorType::Tq2_0,
        36 => TensorType::I2S,
        other => TensorType::Foreign(foreign::gguf_type(other, is_bitnet)),
    }
}
