//! The keys of a GGUF header.

use std::{collections::BTreeMap, fmt};

use crate::LoadError;

/// A value of a GGUF header. Texts and lists borrow from the header.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Uint(u64),
    Int(i64),
    Float(f64),
    Bool(bool),
    String(&'a str),
    Strings(Vec<&'a str>),
    /// A list of numbers, as stored; `kind` is GGUF's number for their type.
    Scalars {
        kind: u32,
        bytes: &'a [u8],
    },
    /// A list of lists, which no key of ours is.
    Nested(u64),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uint(n) => n.fmt(f),
            Self::Int(n) => n.fmt(f),
            Self::Float(n) => n.fmt(f),
            Self::Bool(b) => b.fmt(f),
            Self::String(text) => text.fmt(f),
            Self::Strings(all) => write!(f, "{} texts", all.len()),
            Self::Scalars { bytes, .. } => write!(f, "a list of {} bytes", bytes.len()),
            Self::Nested(len) => write!(f, "a list of {len} lists"),
        }
    }
}

/// The keys of a GGUF header, by name, with errors that name file and key.
#[derive(Debug)]
pub(crate) struct Metadata<'a> {
    file: String,
    values: BTreeMap<&'a str, Value<'a>>,
}

impl<'a> Metadata<'a> {
    pub(super) fn new(file: &str, values: BTreeMap<&'a str, Value<'a>>) -> Self {
        Self {
            file: file.to_owned(),
            values,
        }
    }

    /// The file these keys come from.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// All keys and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &Value<'a>)> {
        self.values.iter().map(|(key, value)| (*key, value))
    }

    fn wrong(&self, key: &str, value: &Value, wanted: &str) -> LoadError {
        let mut found = value.to_string();
        if found.chars().count() > 60 {
            found = found.chars().take(57).chain("...".chars()).collect();
        }
        LoadError::invalid(
            &self.file,
            key,
            format!("is {found:?}, but must be {wanted}"),
        )
    }

    pub(crate) fn optional_string(&self, key: &str) -> Result<Option<&'a str>, LoadError> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, other, "a text")),
        }
    }

    pub(crate) fn string(&self, key: &str) -> Result<&'a str, LoadError> {
        self.optional_string(key)?
            .ok_or_else(|| LoadError::missing(&self.file, key))
    }

    pub(crate) fn optional_uint(&self, key: &str) -> Result<Option<u64>, LoadError> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Uint(n)) => Ok(Some(*n)),
            Some(Value::Int(n)) if *n >= 0 => Ok(Some(*n as u64)),
            Some(other) => Err(self.wrong(key, other, "a whole number of at least 0")),
        }
    }

    pub(crate) fn uint(&self, key: &str) -> Result<u64, LoadError> {
        self.optional_uint(key)?
            .ok_or_else(|| LoadError::missing(&self.file, key))
    }

    pub(crate) fn optional_float(&self, key: &str) -> Result<Option<f64>, LoadError> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Float(x)) => Ok(Some(*x)),
            Some(Value::Uint(n)) => Ok(Some(*n as f64)),
            Some(other) => Err(self.wrong(key, other, "a number")),
        }
    }

    pub(crate) fn optional_bool(&self, key: &str) -> Result<Option<bool>, LoadError> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Bool(b)) => Ok(Some(*b)),
            Some(other) => Err(self.wrong(key, other, "true or false")),
        }
    }

    pub(crate) fn strings(&self, key: &str) -> Result<&[&'a str], LoadError> {
        match self.values.get(key) {
            None => Err(LoadError::missing(&self.file, key)),
            Some(Value::Strings(all)) => Ok(all),
            Some(other) => Err(self.wrong(key, other, "a list of texts")),
        }
    }

    /// A list of whole numbers of at least 0.
    pub(crate) fn optional_ints(&self, key: &str) -> Result<Option<Vec<u64>>, LoadError> {
        let Some(value) = self.values.get(key) else {
            return Ok(None);
        };
        let list: Option<Vec<u64>> = match value {
            Value::Scalars { kind: 0, bytes } => Some(bytes.iter().map(|&b| b.into()).collect()),
            Value::Scalars { kind: 4, bytes } => Some(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| u32::from_le_bytes(*b).into())
                    .collect(),
            ),
            Value::Scalars { kind: 5, bytes } => bytes
                .as_chunks()
                .0
                .iter()
                .map(|b| u64::try_from(i32::from_le_bytes(*b)).ok())
                .collect(),
            _ => None,
        };
        list.map(Some)
            .ok_or_else(|| self.wrong(key, value, "a list of whole numbers of at least 0"))
    }

    /// A list of single-precision numbers.
    pub(crate) fn floats(&self, key: &str) -> Result<Vec<f32>, LoadError> {
        match self.values.get(key) {
            None => Err(LoadError::missing(&self.file, key)),
            Some(Value::Scalars { kind: 6, bytes }) => {
                let all = bytes.as_chunks().0.iter();
                Ok(all.map(|b| f32::from_le_bytes(*b)).collect())
            }
            Some(other) => Err(self.wrong(key, other, "a list of numbers")),
        }
    }
}
