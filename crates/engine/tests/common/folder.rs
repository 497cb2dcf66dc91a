//! A copy of a fixture folder, to be changed.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

use crate::common::golden;

/// A copy of `tiny-bitnet/hf-packed`.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        let from = golden().join("tiny-bitnet/hf-packed");
        for file in fs::read_dir(from).expect("a fixture") {
            let file = file.expect("a fixture");
            fs::write(
                folder.path(&file.file_name().to_string_lossy()),
                fs::read(file.path()).expect("a fixture"),
            )
            .expect("it is written");
        }
        folder
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("it is written");
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("it is removed");
    }

    pub(crate) fn edit(&self, name: &str, edit: impl FnOnce(&mut Json)) {
        let mut value: Json =
            serde_json::from_slice(&fs::read(self.path(name)).expect("it is there")).expect("JSON");
        edit(&mut value);
        self.write(name, value.to_string());
    }

    /// Edits the header of the weights; the data stay.
    pub(crate) fn edit_header(&self, edit: impl FnOnce(&mut Json)) {
        self.edit_weights(|header, _| edit(header));
    }

    pub(crate) fn edit_weights(&self, edit: impl FnOnce(&mut Json, &mut Vec<u8>)) {
        let blob = fs::read(self.path("model.safetensors")).expect("it is there");
        let len = u64::from_le_bytes(*blob.first_chunk().expect("a length")) as usize;
        let mut header: Json = serde_json::from_slice(&blob[8..8 + len]).expect("JSON");
        let mut data = blob[8 + len..].to_vec();
        edit(&mut header, &mut data);
        self.write_weights(&header.to_string(), &data);
    }

    pub(crate) fn write_weights(&self, header: &str, data: &[u8]) {
        self.write(
            "model.safetensors",
            [
                &(header.len() as u64).to_le_bytes(),
                header.as_bytes(),
                data,
            ]
            .concat(),
        );
    }
}

/// Where the data of a tensor lie.
pub(crate) fn data_range(header: &Json, name: &str) -> std::ops::Range<usize> {
    let at = |i: usize| header[name]["data_offsets"][i].as_u64().expect("an offset") as usize;
    at(0)..at(1)
}
