//! Loading files that must be refused.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::{fs, ops::ControlFlow, path::Path};

use tern_engine::{LoadError, LoadOptions, Model, ModelSource, inspect};

pub(crate) fn load(path: &Path) -> Result<Model, LoadError> {
    let source = ModelSource::from_path(path)?;
    // Describing a file must survive whatever loading survives.
    let described = inspect(&source);
    let model = Model::load(
        &source,
        &LoadOptions {
            threads: 1,
            ..LoadOptions::default()
        },
        &mut |_| ControlFlow::Continue(()),
    );
    if model.is_ok() {
        assert!(
            described.is_ok_and(|d| d.problem.is_none()),
            "{}",
            path.display()
        );
    }
    model
}

/// The variants of `LoadError` a file can be refused with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Io,
    NotAModel,
    Truncated,
    Invalid,
    Missing,
    Unsupported,
}

fn kind(error: &LoadError) -> Kind {
    match error {
        LoadError::Io { .. } => Kind::Io,
        LoadError::NotAModel { .. } => Kind::NotAModel,
        LoadError::Truncated { .. } => Kind::Truncated,
        LoadError::Invalid { .. } => Kind::Invalid,
        LoadError::Missing { .. } => Kind::Missing,
        LoadError::Unsupported { .. } => Kind::Unsupported,
        other => panic!("no refusal of a file: {other}"),
    }
}

/// Loads `path` and checks the error: its variant, that it names `file`, says `words`, names a field where the fault
/// is in one, and ends in what to do.
pub(crate) fn refused(case: &str, path: &Path, file: &Path, want: Kind, words: &str) {
    let error = match load(path) {
        Ok(_) => panic!("{case}: was loaded"),
        Err(error) => error,
    };
    let message = error.to_string();
    assert_eq!(kind(&error), want, "{case}: {message}");
    let file = file.display().to_string();
    assert_eq!(error.file(), Some(file.as_str()), "{case}: {message}");
    assert!(message.contains(&file), "{case}: {message}");
    assert!(
        message.contains(words),
        "{case}: does not say {words:?}: {message}"
    );
    if !matches!(want, Kind::Io | Kind::NotAModel) {
        let field = error.field().unwrap_or_default();
        assert!(!field.is_empty(), "{case}: names no field: {message}");
        assert!(message.contains(field), "{case}: {message}");
    }
    let remedy = error.remedy().unwrap_or_default();
    let says_what_to_do = ["Choose", "Download", "Get ", "Check"]
        .iter()
        .any(|word| remedy.contains(word));
    assert!(says_what_to_do, "{case}: no remedy: {message}");
    assert!(message.ends_with(remedy), "{case}: {message}");
    assert!(message.ends_with('.'), "{case}: {message}");
}

/// Peak memory of this process in bytes, where the system tells.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}
