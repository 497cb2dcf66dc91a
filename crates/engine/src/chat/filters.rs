//! Jinja's filters, tests and functions, as far as templates use them.

use std::{cell::RefCell, rc::Rc};

use super::{
    check::{Budget, Refusal, shorten},
    marked::Marked,
    methods::{in_case, join, pairs, replace, strip},
    value::{Value, failed},
};

/// Arguments of a call: by place, and by name.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) placed: Vec<Value>,
    pub(crate) named: Vec<(String, Value)>,
}

impl Args {
    /// The argument at this place or of this name.
    fn get(&self, at: usize, name: &str) -> Option<&Value> {
        let named = || self.named.iter().find(|(n, _)| n == name);
        self.placed.get(at).or_else(|| named().map(|(_, v)| v))
    }

    fn text(&self, at: usize, name: &str) -> Result<Option<&Marked>, Refusal> {
        match self.get(at, name) {
            None | Some(Value::None) => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(failed(format!("{} where a text belongs", other.kind()))),
        }
    }
}

/// `value | name(args)`.
pub(crate) fn filter(
    name: &str,
    value: &Value,
    args: &Args,
    budget: &mut Budget,
) -> Result<Value, Refusal> {
    let as_text = |budget: &mut Budget| {
        let mut text = Marked::default();
        value.print(&mut text, budget).map(|()| text)
    };
    Ok(match name {
        "trim" => {
            let text = as_text(budget)?;
            let chars = args.text(0, "chars")?.map(Marked::text);
            budget.bytes(text.weight().saturating_mul(chars.map_or(1, str::len)))?;
            Value::text(strip(&text, "strip", chars))
        }
        "upper" | "lower" | "capitalize" | "title" => {
            let text = as_text(budget)?;
            Value::text(in_case(&text, name, budget)?)
        }
        "string" => Value::text(as_text(budget)?),
        "safe" => value.clone(),
        "default" | "d" => {
            let also_false = args.get(1, "boolean").is_some_and(Value::is_true);
            if matches!(value, Value::Undefined) || (also_false && !value.is_true()) {
                let otherwise = args.get(0, "default_value").cloned();
                otherwise.unwrap_or_else(|| Value::scaffold(""))
            } else {
                value.clone()
            }
        }
        "length" | "count" => Value::Int(match value {
            Value::Text(text) => {
                budget.bytes(text.len())?;
                text.text().chars().count() as i64
            }
            Value::List(list) => list.items.len() as i64,
            Value::Map(map) => map.entries.len() as i64,
            Value::Undefined => 0,
            other => return Err(failed(format!("the length of {}", other.kind()))),
        }),
        "first" => value
            .items(budget)?
            .first()
            .cloned()
            .unwrap_or(Value::Undefined),
        "last" => value
            .items(budget)?
            .last()
            .cloned()
            .unwrap_or(Value::Undefined),
        "list" => Value::list(value.items(budget)?, budget)?,
        "reverse" => match value {
            Value::Text(text) => {
                budget.items(text.len())?;
                let mut out = Marked::default();
                for c in value.items(budget)?.iter().rev() {
                    c.print(&mut out, budget)?;
                }
                Value::text(out)
            }
            other => {
                let mut items = other.items(budget)?;
                items.reverse();
                Value::list(items, budget)?
            }
        },
        "join" => {
            let items = match args.text(1, "attribute")? {
                Some(name) => attributes(value, name, budget)?,
                None => value.clone(),
            };
            let none = Marked::default();
            join(&items, args.text(0, "d")?.unwrap_or(&none), budget)?
        }
        "replace" => match (args.text(0, "old")?, args.text(1, "new")?) {
            (Some(old), Some(new)) => replace(&as_text(budget)?, old, new, budget)?,
            _ => return Err(failed("replacing without two texts")),
        },
        "indent" => indent(&as_text(budget)?, args, budget)?,
        "tojson" => {
            if args
                .get(0, "indent")
                .is_some_and(|v| !matches!(v, Value::None))
            {
                return Err(Refusal::Unsupported("indented JSON".into()));
            }
            let mut out = Marked::default();
            value.json(&mut out, budget)?;
            Value::text(out)
        }
        "items" => pairs(value, budget)?,
        "int" => Value::Int(match value {
            Value::Float(x) => *x as i64,
            Value::Text(text) => {
                budget.bytes(text.len())?;
                text.text().trim().parse().unwrap_or(0)
            }
            other => other.as_int().unwrap_or(0),
        }),
        "abs" => match value {
            Value::Int(n) => Value::Int(n.saturating_abs()),
            Value::Float(x) => Value::Float(x.abs()),
            other => return Err(failed(format!("the size of {}", other.kind()))),
        },
        "map" => match (args.text(0, "")?, args.text(usize::MAX, "attribute")?) {
            (None, Some(attribute)) => attributes(value, attribute, budget)?,
            (Some(inner), _) if inner.text() != "map" => {
                let rest = Args {
                    placed: args.placed[1..].to_vec(),
                    named: Vec::new(),
                };
                let mut mapped = Vec::new();
                for item in value.items(budget)? {
                    budget.step()?;
                    mapped.push(filter(inner.text(), &item, &rest, budget)?);
                }
                Value::list(mapped, budget)?
            }
            _ => return Err(Refusal::Unsupported("this form of map".into())),
        },
        "select" | "reject" | "selectattr" | "rejectattr" => chosen(name, value, args, budget)?,
        _ => return Err(Refusal::Unsupported(format!("the filter \"{name:.40}\""))),
    })
}

fn attributes(value: &Value, path: &Marked, budget: &mut Budget) -> Result<Value, Refusal> {
    let mut found = Vec::new();
    for item in value.items(budget)? {
        found.push(attribute(&item, path, budget)?);
    }
    Value::list(found, budget)
}

/// `a.b` of a value.
fn attribute(value: &Value, path: &Marked, budget: &mut Budget) -> Result<Value, Refusal> {
    budget.bytes(path.len())?;
    let mut at = value.clone();
    for name in path.text().split('.') {
        budget.step()?;
        at = match name.parse::<i64>() {
            Ok(n) => at.item(&Value::Int(n), budget)?,
            Err(_) => at.attribute(name)?,
        };
    }
    Ok(at)
}

/// `select(test)`, `selectattr(attribute, test)` and their opposites.
fn chosen(name: &str, value: &Value, args: &Args, budget: &mut Budget) -> Result<Value, Refusal> {
    let by_attribute = name.ends_with("attr");
    let path = if by_attribute {
        let path = args.text(0, "")?;
        Some(path.ok_or_else(|| failed("a choice by no attribute"))?)
    } else {
        None
    };
    let at = usize::from(by_attribute);
    let test_name = args.text(at, "")?.map(Marked::text);
    let rest = args.placed.get(at + 1..).unwrap_or_default();
    let mut kept = Vec::new();
    for item in value.items(budget)? {
        budget.step()?;
        let tested = match path {
            Some(path) => attribute(&item, path, budget)?,
            None => item.clone(),
        };
        let passes = match test_name {
            Some(test_name) => test(test_name, &tested, rest, budget)?,
            None => tested.is_true(),
        };
        if passes == name.starts_with("select") {
            kept.push(item);
        }
    }
    Value::list(kept, budget)
}

fn indent(text: &Marked, args: &Args, budget: &mut Budget) -> Result<Value, Refusal> {
    let width = match args.get(0, "width") {
        None => Marked::scaffold(&" ".repeat(4)),
        Some(Value::Text(width)) => Marked::clone(width),
        Some(other) => {
            let n = other.as_int().unwrap_or(4).clamp(0, 64);
            Marked::scaffold(&" ".repeat(n as usize))
        }
    };
    let first = args.get(1, "first").is_some_and(Value::is_true);
    let blank = args.get(2, "blank").is_some_and(Value::is_true);
    budget.bytes(text.len())?;
    let lines: Vec<&str> = text.text().split('\n').collect();
    budget.items(lines.len())?;
    budget.bytes(text.weight() + lines.len().saturating_mul(width.weight() + 32))?;
    let (mut out, mut at) = (Marked::default(), 0);
    for (i, line) in lines.into_iter().enumerate() {
        if i > 0 {
            out.append(&text.slice(at..at + 1));
            at += 1;
        }
        if (i > 0 || first) && (blank || !line.is_empty()) {
            out.append(&width);
        }
        out.append(&text.slice(at..at + line.len()));
        at += line.len();
    }
    Ok(Value::text(out))
}

/// `value is name(args)`.
pub(crate) fn test(
    name: &str,
    value: &Value,
    args: &[Value],
    budget: &mut Budget,
) -> Result<bool, Refusal> {
    let other = || {
        args.first()
            .ok_or_else(|| failed(format!("the test \"{name:.40}\" with nothing")))
    };
    let whole = || {
        value
            .as_int()
            .ok_or_else(|| failed(format!("{} as a whole number", value.kind())))
    };
    Ok(match name {
        "defined" => !matches!(value, Value::Undefined),
        "undefined" => matches!(value, Value::Undefined),
        "none" => matches!(value, Value::None),
        "string" => matches!(value, Value::Text(_)),
        "mapping" => matches!(value, Value::Map(_)),
        "sequence" | "iterable" => matches!(
            value,
            Value::Text(_) | Value::List(_) | Value::Map(_) | Value::Undefined
        ),
        "number" => value.as_float().is_some(),
        "integer" => matches!(value, Value::Int(_)),
        "float" => matches!(value, Value::Float(_)),
        "boolean" => matches!(value, Value::Bool(_)),
        "true" => matches!(value, Value::Bool(true)),
        "false" => matches!(value, Value::Bool(false)),
        "callable" => matches!(value, Value::Macro(_)),
        "odd" => whole()?.rem_euclid(2) == 1,
        "even" => whole()?.rem_euclid(2) == 0,
        "eq" | "equalto" | "==" => value.equals(other()?, budget)?,
        "ne" | "!=" => !value.equals(other()?, budget)?,
        "lt" | "lessthan" | "<" => value.compare(other()?, budget)?.is_lt(),
        "le" | "<=" => value.compare(other()?, budget)?.is_le(),
        "gt" | "greaterthan" | ">" => value.compare(other()?, budget)?.is_gt(),
        "ge" | ">=" => value.compare(other()?, budget)?.is_ge(),
        "in" => value.is_in(other()?, budget)?,
        _ => return Err(Refusal::Unsupported(format!("the test \"{name:.40}\""))),
    })
}

/// Functions by their names. `strftime_now` is not among them: a prompt is a function of the chat alone, so the same
/// chat reads the same tomorrow. Templates that ask whether it is there then write the date they were made with.
pub(crate) fn function(name: &str, args: Args, budget: &mut Budget) -> Result<Value, Refusal> {
    match name {
        "namespace" => {
            budget.items(args.named.len())?;
            for (_, value) in &args.named {
                value.keepable()?;
            }
            if !args.placed.is_empty() {
                return Err(Refusal::Unsupported("a namespace made of a map".into()));
            }
            let names = args.named.into_iter().collect();
            Ok(Value::Namespace(Rc::new(RefCell::new(names))))
        }
        "dict" if args.placed.is_empty() => Value::map(args.named, budget),
        "range" => {
            let number = |at: usize| {
                let value = args.placed.get(at);
                value.map(|v| v.as_int().ok_or_else(|| failed("a range of no numbers")))
            };
            let (from, to) = match (number(0).transpose()?, number(1).transpose()?) {
                (Some(from), Some(to)) => (from, to),
                (Some(to), None) => (0, to),
                _ => return Err(failed("a range of nothing")),
            };
            let step = number(2).transpose()?.unwrap_or(1);
            if step == 0 {
                return Err(failed("a range in steps of 0"));
            }
            let span = if step > 0 {
                to.saturating_sub(from)
            } else {
                from.saturating_sub(to)
            };
            let count = u64::try_from(span).map_or(0, |n| n.div_ceil(step.unsigned_abs()));
            let count = usize::try_from(count).map_err(|_| Refusal::Limit("memory"))?;
            budget.items(count)?;
            let numbers = (0..count as i64).map(|i| Value::Int(from + i * step));
            Value::list(numbers.collect(), budget)
        }
        "raise_exception" => {
            let mut text = Marked::default();
            if let Some(value) = args.placed.first() {
                value.print(&mut text, budget)?;
            }
            Err(Refusal::Raised(shorten(text.text())))
        }
        _ => Err(Refusal::Unsupported(format!("the function \"{name:.40}\""))),
    }
}
