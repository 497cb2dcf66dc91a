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
            isa: None,
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

/// Loads `path` and checks the error: it names `file`, and says `words`.
pub(crate) fn refused(case: &str, path: &Path, file: &Path, words: &str) {
    let error = match load(path) {
        Ok(_) => panic!("{case}: was loaded"),
        Err(error) => error,
    };
    let message = error.to_string();
    let named = error
        .file()
        .is_some_and(|f| f == file.display().to_string());
    assert!(
        named && message.contains(&file.display().to_string()),
        "{case}: names {:?}: {message}",
        error.file()
    );
    assert!(
        message.contains(words),
        "{case}: does not say {words:?}: {message}"
    );
    assert!(message.ends_with('.'), "{case}: {message}");
}

/// Peak memory of this process in bytes, where the system tells.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}
