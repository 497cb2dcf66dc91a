//! Python's methods of texts and maps, as far as templates use them.

use super::{
    check::{Budget, Refusal},
    marked::{Marked, is_python_space},
    value::{Value, failed},
};

/// Calls `value.name(args)`.
pub(crate) fn call(
    value: &Value,
    name: &str,
    args: &[Value],
    budget: &mut Budget,
) -> Result<Value, Refusal> {
    match value {
        Value::Text(text) => {
            budget.bytes(text.weight())?;
            // What is looked for is read through too, however short the text is.
            for arg in args {
                match arg {
                    Value::Text(part) => budget.bytes(part.len())?,
                    Value::List(parts) => budget.items(parts.items.len())?,
                    _ => {}
                }
            }
            of_text(text, name, args, budget)
        }
        Value::Map(map) => {
            budget.items(map.entries.len())?;
            let entries = map.entries.iter();
            match (name, args) {
                ("get", [Value::Text(key), rest @ ..]) => Ok(map
                    .get(key.text())
                    .or(rest.first())
                    .cloned()
                    .unwrap_or(Value::None)),
                ("keys", []) => {
                    Value::list(entries.map(|(k, _)| Value::scaffold(k)).collect(), budget)
                }
                ("values", []) => Value::list(entries.map(|(_, v)| v.clone()).collect(), budget),
                ("items", []) => pairs(value, budget),
                _ => Err(unknown(name, value)),
            }
        }
        Value::Undefined => Err(failed(format!("\"{name:.40}\" of something undefined"))),
        _ => Err(unknown(name, value)),
    }
}

/// The pairs of a map.
pub(crate) fn pairs(value: &Value, budget: &mut Budget) -> Result<Value, Refusal> {
    let Value::Map(map) = value else {
        return Err(failed(format!("the items of {}", value.kind())));
    };
    let mut all = Vec::with_capacity(map.entries.len());
    for (name, value) in &map.entries {
        all.push(Value::list(
            vec![Value::scaffold(name), value.clone()],
            budget,
        )?);
    }
    Value::list(all, budget)
}

fn of_text(
    text: &Marked,
    name: &str,
    args: &[Value],
    budget: &mut Budget,
) -> Result<Value, Refusal> {
    let all = text.text();
    let part = |inner: &str| Value::text(text.part(inner));
    Ok(match (name, args) {
        ("strip" | "lstrip" | "rstrip", [] | [Value::None | Value::Text(_)]) => {
            let chars = match args.first() {
                Some(Value::Text(chars)) => Some(chars.text()),
                _ => None,
            };
            budget.bytes(all.len().saturating_mul(chars.map_or(0, str::len)))?;
            Value::text(strip(text, name, chars))
        }
        ("startswith", [prefix]) => Value::Bool(any_of(prefix, |p| all.starts_with(p))?),
        ("endswith", [suffix]) => Value::Bool(any_of(suffix, |s| all.ends_with(s))?),
        ("removeprefix", [Value::Text(p)]) => part(all.strip_prefix(p.text()).unwrap_or(all)),
        ("removesuffix", [Value::Text(s)]) => part(all.strip_suffix(s.text()).unwrap_or(all)),
        ("split" | "rsplit", rest) => {
            let limit = rest.get(1).and_then(Value::as_int).unwrap_or(-1);
            let separator = match rest.first() {
                Some(Value::Text(separator)) => Some(separator.text()),
                None | Some(Value::None) => None,
                Some(other) => return Err(failed(format!("a split at {}", other.kind()))),
            };
            split(text, separator, limit, name == "rsplit", budget)?
        }
        ("splitlines", []) => {
            let lines: Vec<&str> = all.lines().collect();
            budget.items(lines.len())?;
            Value::list(lines.into_iter().map(part).collect(), budget)?
        }
        ("replace", [Value::Text(old), Value::Text(new)]) => replace(text, old, new, budget)?,
        ("join", [list]) => join(list, text, budget)?,
        ("count", [Value::Text(what)]) if !what.is_empty() => {
            Value::Int(all.matches(what.text()).count() as i64)
        }
        ("find", [Value::Text(what)]) => Value::Int(
            all.find(what.text())
                .map_or(-1, |at| all[..at].chars().count() as i64),
        ),
        ("isdigit", []) => Value::Bool(!all.is_empty() && all.chars().all(char::is_numeric)),
        ("isspace", []) => Value::Bool(!all.is_empty() && all.chars().all(is_python_space)),
        ("upper" | "lower" | "title" | "capitalize", []) => {
            Value::text(in_case(text, name, budget)?)
        }
        _ => return Err(unknown(name, &Value::scaffold(""))),
    })
}

fn unknown(name: &str, value: &Value) -> Refusal {
    Refusal::Unsupported(format!("the method \"{name:.40}\" of {}", value.kind()))
}

/// One text, or one of a list of them.
fn any_of(value: &Value, test: impl Fn(&str) -> bool) -> Result<bool, Refusal> {
    match value {
        Value::Text(text) => Ok(test(text.text())),
        Value::List(list) => Ok(list
            .items
            .iter()
            .any(|item| matches!(item, Value::Text(text) if test(text.text())))),
        other => Err(failed(format!("a text compared with {}", other.kind()))),
    }
}

/// `strip`, `lstrip` or `rstrip`: of white space, or of these characters.
pub(crate) fn strip(text: &Marked, name: &str, chars: Option<&str>) -> Marked {
    let goes = |c: char| chars.map_or_else(|| is_python_space(c), |chars| chars.contains(c));
    let mut inner = text.text();
    if name != "rstrip" {
        inner = inner.trim_start_matches(goes);
    }
    if name != "lstrip" {
        inner = inner.trim_end_matches(goes);
    }
    text.part(inner)
}

fn split(
    text: &Marked,
    separator: Option<&str>,
    limit: i64,
    from_end: bool,
    budget: &mut Budget,
) -> Result<Value, Refusal> {
    let all = text.text();
    let limit = usize::try_from(limit).map_or(usize::MAX, |n| n.saturating_add(1));
    let parts: Vec<&str> = match separator {
        Some("") => return Err(failed("a split at nothing")),
        Some(separator) => {
            budget.items(all.matches(separator).count())?;
            if from_end {
                let mut parts: Vec<&str> = all.rsplitn(limit, separator).collect();
                parts.reverse();
                parts
            } else {
                all.splitn(limit, separator).collect()
            }
        }
        None if limit == usize::MAX => {
            budget.items(all.len())?;
            let parts = all.split(is_python_space);
            parts.filter(|part| !part.is_empty()).collect()
        }
        None => {
            return Err(Refusal::Unsupported(
                "a limited split at white space".into(),
            ));
        }
    };
    let parts = parts.into_iter().map(|part| Value::text(text.part(part)));
    Value::list(parts.collect(), budget)
}

pub(crate) fn replace(
    text: &Marked,
    old: &Marked,
    new: &Marked,
    budget: &mut Budget,
) -> Result<Value, Refusal> {
    if old.is_empty() {
        return Err(Refusal::Unsupported("replacing nothing".into()));
    }
    budget.bytes(text.len() + old.len())?;
    let found: Vec<usize> = text
        .text()
        .match_indices(old.text())
        .map(|(at, _)| at)
        .collect();
    budget.items(found.len())?;
    budget.bytes(text.weight() + found.len().saturating_mul(new.weight()))?;
    let (mut out, mut from) = (Marked::default(), 0);
    for at in found {
        out.append(&text.slice(from..at));
        out.append(new);
        from = at + old.len();
    }
    out.append(&text.slice(from..text.len()));
    Ok(Value::text(out))
}

/// `separator.join(list)`.
pub(crate) fn join(
    list: &Value,
    separator: &Marked,
    budget: &mut Budget,
) -> Result<Value, Refusal> {
    let mut out = Marked::default();
    for (i, item) in list.items(budget)?.iter().enumerate() {
        if i > 0 {
            budget.bytes(separator.weight())?;
            out.append(separator);
        }
        budget.step()?;
        item.print(&mut out, budget)?;
    }
    Ok(Value::text(out))
}

/// `upper`, `lower`, `capitalize` or `title`.
pub(crate) fn in_case(text: &Marked, name: &str, budget: &mut Budget) -> Result<Marked, Refusal> {
    // A character becomes three at most.
    budget.bytes(text.weight().saturating_mul(3))?;
    let upper = |c: char| c.to_uppercase().collect::<Vec<_>>().into_iter();
    let lower = |c: char| c.to_lowercase().collect::<Vec<_>>().into_iter();
    Ok(match name {
        "upper" => text.map_chars(|_, _, c| upper(c)),
        "lower" => text.map_chars(|_, _, c| lower(c)),
        "capitalize" => text.map_chars(|i, _, c| if i == 0 { upper(c) } else { lower(c) }),
        _ => text.map_chars(|_, before, c| {
            let begins = before.is_none_or(|b| b.is_whitespace() || "-([{<".contains(b));
            if begins { upper(c) } else { lower(c) }
        }),
    })
}
