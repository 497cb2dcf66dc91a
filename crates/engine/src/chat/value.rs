//! What a template computes with.

use std::{cell::RefCell, cmp::Ordering, collections::BTreeMap, rc::Rc};

use super::{
    check::{Budget, Refusal},
    marked::Marked,
};

/// Lists within lists; keeps printing, comparing and freeing them from exhausting the stack.
const MAX_NESTING: u32 = 12;

/// A value. Cloning one is cheap.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Undefined,
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<Marked>),
    List(Rc<List>),
    Map(Rc<Map>),
    /// `namespace()`: the one thing a template can change.
    Namespace(Rc<RefCell<BTreeMap<String, Value>>>),
    /// A macro, by its number.
    Macro(usize),
}

/// Items, and how deep lists and maps lie within one another here.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) items: Vec<Value>,
    nesting: u32,
}

/// Names and values in the order they were given.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) entries: Vec<(String, Value)>,
    nesting: u32,
}

impl Map {
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let found = self.entries.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }
}

impl Value {
    pub(crate) fn text(marked: Marked) -> Self {
        Self::Text(Rc::new(marked))
    }

    pub(crate) fn scaffold(text: &str) -> Self {
        Self::text(Marked::scaffold(text))
    }

    pub(crate) fn list(items: Vec<Self>, budget: &mut Budget) -> Result<Self, Refusal> {
        budget.items(items.len())?;
        let nesting = nesting(items.iter())?;
        Ok(Self::List(Rc::new(List { items, nesting })))
    }

    pub(crate) fn map(entries: Vec<(String, Self)>, budget: &mut Budget) -> Result<Self, Refusal> {
        budget.items(entries.len())?;
        let nesting = nesting(entries.iter().map(|(_, value)| value))?;
        Ok(Self::Map(Rc::new(Map { entries, nesting })))
    }

    /// A value that may be kept in a list, a map or a namespace: no namespace, so nothing can contain itself.
    pub(crate) fn keepable(&self) -> Result<(), Refusal> {
        match self {
            Self::Namespace(_) => Err(Refusal::Unsupported("a namespace within a value".into())),
            _ => Ok(()),
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Undefined | Self::None => false,
            Self::Bool(b) => *b,
            Self::Int(n) => *n != 0,
            Self::Float(x) => *x != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.entries.is_empty(),
            Self::Namespace(_) | Self::Macro(_) => true,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Undefined => "something undefined",
            Self::None => "none",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Namespace(_) => "a namespace",
            Self::Macro(_) => "a macro",
        }
    }

    /// Numbers and truth values as whole numbers, as Python counts them.
    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            Self::Bool(b) => Some(i64::from(*b)),
            _ => None,
        }
    }

    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(x) => Some(*x),
            other => other.as_int().map(|n| n as f64),
        }
    }

    pub(crate) fn attribute(&self, name: &str) -> Result<Self, Refusal> {
        Ok(match self {
            Self::Undefined => {
                return Err(failed(format!("\"{name:.40}\" of something undefined")));
            }
            Self::Map(map) => map.get(name).cloned().unwrap_or(Self::Undefined),
            Self::Namespace(names) => names.borrow().get(name).cloned().unwrap_or(Self::Undefined),
            _ => Self::Undefined,
        })
    }

    pub(crate) fn item(&self, key: &Self, budget: &mut Budget) -> Result<Self, Refusal> {
        match (self, key) {
            (Self::List(list), key) if key.as_int().is_some() => {
                let at = position(key.as_int().unwrap_or(0), list.items.len());
                Ok(at.map_or(Self::Undefined, |i| list.items[i].clone()))
            }
            (Self::Text(text), key) if key.as_int().is_some() => {
                budget.bytes(text.len())?;
                let count = text.text().chars().count();
                let Some(at) = position(key.as_int().unwrap_or(0), count) else {
                    return Ok(Self::Undefined);
                };
                let mut chars = text.text().char_indices().skip(at);
                let start = chars.next().map_or(text.len(), |(i, _)| i);
                let end = chars.next().map_or(text.len(), |(i, _)| i);
                Ok(Self::text(text.slice(start..end)))
            }
            (_, Self::Text(name)) => self.attribute(name.text()),
            (Self::Undefined, _) => Err(failed("a part of something undefined")),
            _ => Ok(Self::Undefined),
        }
    }

    /// What a loop over it goes through.
    pub(crate) fn items(&self, budget: &mut Budget) -> Result<Vec<Self>, Refusal> {
        match self {
            Self::Undefined => Ok(Vec::new()),
            Self::List(list) => {
                budget.items(list.items.len())?;
                Ok(list.items.clone())
            }
            Self::Map(map) => {
                budget.items(map.entries.len())?;
                let names = map.entries.iter().map(|(name, _)| Self::scaffold(name));
                Ok(names.collect())
            }
            Self::Text(text) => {
                budget.items(text.len())?;
                let starts = text.text().char_indices();
                Ok(starts
                    .map(|(i, c)| Self::text(text.slice(i..i + c.len_utf8())))
                    .collect())
            }
            other => Err(failed(format!("a loop over {}", other.kind()))),
        }
    }

    /// Python's `==`.
    pub(crate) fn equals(&self, other: &Self, budget: &mut Budget) -> Result<bool, Refusal> {
        budget.step()?;
        Ok(match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::None, Self::None) => true,
            (Self::Text(a), Self::Text(b)) => {
                budget.bytes(a.len().min(b.len()))?;
                a.text() == b.text()
            }
            (Self::List(a), Self::List(b)) => {
                if a.items.len() != b.items.len() {
                    return Ok(false);
                }
                for (a, b) in a.items.iter().zip(&b.items) {
                    if !a.equals(b, budget)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Self::Map(a), Self::Map(b)) => {
                if a.entries.len() != b.entries.len() {
                    return Ok(false);
                }
                for (name, value) in &a.entries {
                    budget.items(b.entries.len())?;
                    match b.get(name) {
                        Some(other) if value.equals(other, budget)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Self::Namespace(a), Self::Namespace(b)) => Rc::ptr_eq(a, b),
            (a, b) => match (a.as_int(), b.as_int()) {
                (Some(a), Some(b)) => a == b,
                _ => a.as_float().is_some() && a.as_float() == b.as_float(),
            },
        })
    }

    /// Python's `<` and its like.
    pub(crate) fn compare(&self, other: &Self, budget: &mut Budget) -> Result<Ordering, Refusal> {
        let order = match (self, other) {
            (Self::Text(a), Self::Text(b)) => {
                budget.bytes(a.len().min(b.len()))?;
                Some(a.text().cmp(b.text()))
            }
            (a, b) => match (a.as_int(), b.as_int()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => a
                    .as_float()
                    .zip(b.as_float())
                    .and_then(|(a, b)| a.partial_cmp(&b)),
            },
        };
        order.ok_or_else(|| failed(format!("{} and {} compared", self.kind(), other.kind())))
    }

    /// Python's `self in container`.
    pub(crate) fn is_in(&self, container: &Self, budget: &mut Budget) -> Result<bool, Refusal> {
        match (container, self) {
            (Self::Undefined, _) => Ok(false),
            (Self::Text(text), Self::Text(part)) => {
                budget.bytes(text.len() + part.len())?;
                Ok(text.text().contains(part.text()))
            }
            (Self::List(list), _) => {
                for item in &list.items {
                    if self.equals(item, budget)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Self::Map(map), Self::Text(name)) => {
                budget.items(map.entries.len())?;
                Ok(map.get(name.text()).is_some())
            }
            _ => Err(failed(format!("{} in {}", self.kind(), container.kind()))),
        }
    }

    /// What `{{ }}` and `~` write: Python's `str()`. Nothing for something undefined.
    pub(crate) fn print(&self, out: &mut Marked, budget: &mut Budget) -> Result<(), Refusal> {
        match self {
            Self::Undefined => Ok(()),
            Self::Text(text) => {
                budget.bytes(text.weight())?;
                out.append(text);
                Ok(())
            }
            other => other.write(Style::Python, out, budget),
        }
    }

    /// `json.dumps(value, ensure_ascii=False)`.
    pub(crate) fn json(&self, out: &mut Marked, budget: &mut Budget) -> Result<(), Refusal> {
        self.write(Style::Json, out, budget)
    }

    fn write(&self, style: Style, out: &mut Marked, budget: &mut Budget) -> Result<(), Refusal> {
        budget.step()?;
        budget.bytes(32)?;
        let word = |python: &'static str, json| if style == Style::Json { json } else { python };
        match self {
            Self::Undefined if style == Style::Json => {
                return Err(failed("something undefined as JSON"));
            }
            Self::Undefined => out.push("Undefined", false),
            Self::None => out.push(word("None", "null"), false),
            Self::Bool(true) => out.push(word("True", "true"), false),
            Self::Bool(false) => out.push(word("False", "false"), false),
            Self::Int(n) => out.push(&n.to_string(), false),
            Self::Float(x) => out.push(&format!("{x:?}"), false),
            Self::Text(text) => {
                budget.bytes(text.weight().saturating_mul(6))?;
                out.append(&quoted(text, style));
            }
            Self::List(list) => {
                out.push("[", false);
                for (i, item) in list.items.iter().enumerate() {
                    out.push(if i > 0 { ", " } else { "" }, false);
                    item.write(style, out, budget)?;
                }
                out.push("]", false);
            }
            Self::Map(map) => {
                out.push("{", false);
                for (i, (name, value)) in map.entries.iter().enumerate() {
                    out.push(if i > 0 { ", " } else { "" }, false);
                    Self::scaffold(name).write(style, out, budget)?;
                    out.push(": ", false);
                    value.write(style, out, budget)?;
                }
                out.push("}", false);
            }
            Self::Namespace(_) | Self::Macro(_) => {
                return Err(failed(format!("{} as text", self.kind())));
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Python,
    Json,
}

/// A text in quotes. Escapes are the template's words, so what a message says stays marked as its own.
fn quoted(text: &Marked, style: Style) -> Marked {
    let has = |c| text.text().contains(c);
    let quote = match style {
        Style::Python if !has('\'') || has('"') => '\'',
        _ => '"',
    };
    let mut out = Marked::default();
    let mut buffer = [0; 4];
    out.push(quote.encode_utf8(&mut buffer), false);
    for (piece, content) in text.pieces() {
        for c in piece.chars() {
            match c {
                '\n' => out.push("\\n", content),
                '\r' => out.push("\\r", content),
                '\t' => out.push("\\t", content),
                '\\' => out.push("\\\\", content),
                c if c == quote => {
                    out.push("\\", content);
                    out.push(c.encode_utf8(&mut buffer), content);
                }
                c if c < ' ' && style == Style::Json => {
                    out.push(&format!("\\u{:04x}", c as u32), content);
                }
                c if c.is_control() && style == Style::Python && c < '\u{100}' => {
                    out.push(&format!("\\x{:02x}", c as u32), content);
                }
                c => out.push(c.encode_utf8(&mut buffer), content),
            }
        }
    }
    out.push(quote.encode_utf8(&mut buffer), false);
    out
}

fn nesting<'a>(items: impl Iterator<Item = &'a Value>) -> Result<u32, Refusal> {
    let mut deepest = 0;
    for item in items {
        item.keepable()?;
        deepest = deepest.max(match item {
            Value::List(list) => list.nesting + 1,
            Value::Map(map) => map.nesting + 1,
            _ => 0,
        });
    }
    if deepest > MAX_NESTING {
        return Err(Refusal::Limit("nesting"));
    }
    Ok(deepest)
}

/// Python's index: from the end when negative.
fn position(at: i64, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok()?;
    let at = if at < 0 { at + len } else { at };
    (0..len).contains(&at).then_some(at as usize)
}

/// The positions of Python's `[start:stop:step]`, in order.
pub(crate) fn slice_positions(
    len: usize,
    start: Option<i64>,
    stop: Option<i64>,
    step: i64,
) -> Result<Vec<usize>, Refusal> {
    if step == 0 {
        return Err(failed("a slice in steps of 0"));
    }
    let len = i64::try_from(len).map_err(|_| Refusal::Limit("memory"))?;
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let clamp = |at: Option<i64>, default: i64| {
        at.map_or(default, |at| {
            if at < 0 { at.saturating_add(len) } else { at }.clamp(low, high)
        })
    };
    let (mut at, stop) = if step > 0 {
        (clamp(start, 0), clamp(stop, len))
    } else {
        (clamp(start, len - 1), clamp(stop, -1))
    };
    let mut positions = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        positions.push(at as usize);
        at = at.saturating_add(step);
    }
    Ok(positions)
}

pub(crate) fn failed(what: impl Into<String>) -> Refusal {
    Refusal::Failed(what.into())
}
