//! Every error once, and what of it reaches a face.
//!
//! Longer than 500 lines, because it is a list: each error there is, and the kind it has.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tern_engine::{EngineError, LoadError, TokenId};
use tern_history::{Absent, HistoryError, Note};
use tern_models::{Alteration, ModelsError, NotAModel, Setback};

use super::{ErrorDetail, Failure};
use crate::{AppError, ExportError, FileProblem, NoPdfText, SettingName};

const FILE: &str = "/data/some file";

fn path() -> PathBuf {
    FILE.into()
}

fn text() -> String {
    FILE.to_owned()
}

fn refused() -> io::Error {
    io::Error::other("the system's word")
}

fn of_history() -> Vec<(HistoryError, &'static str)> {
    let path = path();
    let id = || "m1".to_owned();
    let absent = |what| HistoryError::NotFound { what, id: id() };
    vec![
        (
            HistoryError::FolderUnusable {
                folder: path.clone(),
                source: refused(),
            },
            "folder_unusable",
        ),
        (
            HistoryError::InUse {
                folder: path.clone(),
            },
            "in_use",
        ),
        (
            HistoryError::NewerDatabase {
                path: path.clone(),
                found: 9871,
                supported: 9872,
            },
            "newer_database",
        ),
        (
            HistoryError::NotADatabase { path: path.clone() },
            "not_a_database",
        ),
        (
            HistoryError::Damaged {
                path: path.clone(),
                detail: "a page".to_owned(),
            },
            "damaged",
        ),
        (
            HistoryError::Migration {
                path: path.clone(),
                source: Box::new(refused()),
            },
            "not_migrated",
        ),
        (HistoryError::DiskFull { path: path.clone() }, "disk_full"),
        (HistoryError::ReadOnly { path: path.clone() }, "read_only"),
        (HistoryError::Locked { path: path.clone() }, "locked"),
        (
            HistoryError::Io {
                path,
                source: Box::new(refused()),
            },
            "not_stored",
        ),
        (absent(Absent::Conversation), "no_chat"),
        (absent(Absent::Message), "no_message"),
        (absent(Absent::Answer), "no_answer"),
        (absent(Absent::Question), "no_question"),
        (HistoryError::StillWriting { id: id() }, "still_writing"),
        (HistoryError::NotLast { id: id() }, "not_last"),
        (HistoryError::NotWriting { id: id() }, "answer_ended"),
    ]
}

fn of_models() -> Vec<(ModelsError, &'static str)> {
    let path = path();
    vec![
        (ModelsError::Missing { path: path.clone() }, "nothing_there"),
        (
            ModelsError::NotAModel {
                path: path.clone(),
                reason: NotAModel::NoConfig { has_gguf: true },
            },
            "not_a_model",
        ),
        (
            ModelsError::PathNotText { path: path.clone() },
            "path_not_text",
        ),
        (
            ModelsError::Unreadable {
                path: path.clone(),
                source: refused(),
            },
            "model_unreadable",
        ),
        (ModelsError::Unknown { id: text() }, "unknown_model"),
        (
            ModelsError::NewerList {
                path: path.clone(),
                found: 9871,
            },
            "newer_model_list",
        ),
        (ModelsError::DiskFull { path: path.clone() }, "disk_full"),
        (ModelsError::BadRepo { name: text() }, "bad_repo"),
        (ModelsError::BadEndpoint { address: text() }, "bad_endpoint"),
        (ModelsError::BadProxy { address: text() }, "bad_proxy"),
        (
            ModelsError::NotOnHub {
                host: text(),
                what: text(),
            },
            "not_on_hub",
        ),
        (
            ModelsError::NeedsToken {
                host: text(),
                repo: text(),
            },
            "needs_token",
        ),
        (ModelsError::Insecure { address: text() }, "insecure"),
        (ModelsError::RedirectLoop { host: text() }, "redirect_loop"),
        (ModelsError::BadListing { detail: text() }, "bad_listing"),
        (
            ModelsError::NothingToFetch { repo: text() },
            "nothing_to_fetch",
        ),
        (
            ModelsError::SeveralFiles {
                repo: text(),
                files: vec![text(), text()],
            },
            "several_files",
        ),
        (ModelsError::UnsafeName { name: text() }, "unsafe_name"),
        (
            ModelsError::NotAsRecorded {
                file: text(),
                what: "the size",
            },
            "not_as_recorded",
        ),
        (ModelsError::WrongHash { file: text() }, "wrong_hash"),
        (
            ModelsError::Undelivered {
                host: text(),
                setback: Setback::Unsafe,
            },
            "undelivered",
        ),
        (
            ModelsError::NoSpace {
                needed: 9871,
                free: 9872,
                folder: path.clone(),
            },
            "no_space",
        ),
        (
            ModelsError::FolderFull { path: path.clone() },
            "models_disk_full",
        ),
        (
            ModelsError::Folder {
                path: path.clone(),
                source: refused(),
            },
            "models_folder",
        ),
        (ModelsError::Planted { path: path.clone() }, "planted"),
        (
            ModelsError::NetworkSettings {
                path: path.clone(),
                source: refused(),
            },
            "network_settings",
        ),
        (ModelsError::FetchedElsewhere, "fetched_elsewhere"),
        (
            ModelsError::Altered {
                file: text(),
                what: Alteration::Gone,
            },
            "model_file_gone",
        ),
        (
            ModelsError::Altered {
                file: text(),
                what: Alteration::Resized,
            },
            "model_file_resized",
        ),
        (
            ModelsError::Altered {
                file: text(),
                what: Alteration::Changed,
            },
            "model_file_changed",
        ),
        (ModelsError::NoRecord, "no_record"),
        (ModelsError::Paused, "stopped"),
        (ModelsError::Cancelled, "stopped"),
        (
            ModelsError::List {
                path,
                source: refused(),
            },
            "model_list",
        ),
    ]
}

fn of_exports() -> Vec<(ExportError, &'static str)> {
    vec![
        (ExportError::DiskFull { path: path() }, "export_disk_full"),
        (
            ExportError::NotWritable { path: path() },
            "export_not_writable",
        ),
        (
            ExportError::Io {
                path: path(),
                source: refused(),
            },
            "export_failed",
        ),
        (ExportError::Closing, "export_cut_off"),
    ]
}

fn of_downloads() -> Vec<(AppError, &'static str)> {
    vec![
        (AppError::Offline, "offline"),
        (AppError::HereAlready { name: text() }, "here_already"),
        (AppError::NoDownload, "no_download"),
        (AppError::ModelInUse { name: text() }, "model_in_use"),
        (AppError::DownloadsRunning, "downloads_running"),
        (
            AppError::TooLittleMemory {
                needed: 9871,
                free: 9872,
            },
            "too_little_memory",
        ),
        (AppError::Keyring { detail: text() }, "keyring"),
        (AppError::BadToken, "bad_token"),
    ]
}

fn of_loading() -> Vec<(LoadError, &'static str)> {
    let field = || "blk.0.attn_q".to_owned();
    let remedy = "Choose the other file.";
    vec![
        (
            LoadError::Io {
                file: text(),
                source: refused(),
                remedy: "",
            },
            "model_unreadable",
        ),
        (
            LoadError::NotAModel {
                file: text(),
                found: field(),
                remedy,
            },
            "foreign_file",
        ),
        (
            LoadError::Truncated {
                file: text(),
                field: field(),
                needed: 9871,
                found: 9872,
            },
            "model_cut_short",
        ),
        (
            LoadError::Invalid {
                file: text(),
                field: field(),
                problem: "has five dimensions".to_owned(),
                remedy,
            },
            "model_damaged",
        ),
        (
            LoadError::Missing {
                file: text(),
                field: field(),
                remedy,
            },
            "model_incomplete",
        ),
        (
            LoadError::Unsupported {
                file: text(),
                what: field(),
                remedy,
            },
            "model_unsupported",
        ),
        (
            LoadError::OutOfMemory {
                file: text(),
                needed: 9_871_000_000,
            },
            "out_of_memory",
        ),
        (LoadError::Cancelled, "stopped"),
        (
            LoadError::Threads {
                threads: 9871,
                problem: field(),
            },
            "no_threads",
        ),
    ]
}

fn of_the_engine() -> Vec<(EngineError, &'static str)> {
    let problem = || "it says so".to_owned();
    vec![
        (EngineError::EmptyPrompt, "empty_message"),
        (
            EngineError::PromptTooLong {
                tokens: 9871,
                max_len: 9872,
            },
            "too_long",
        ),
        (EngineError::ContextFull { max_len: 9871 }, "context_full"),
        (
            EngineError::UnknownToken {
                id: TokenId(9871),
                vocab_size: 9872,
            },
            "defect",
        ),
        (EngineError::WrongModel, "defect"),
        (
            EngineError::TemplateToken { token: "<|user|>" },
            "template_token",
        ),
        (
            EngineError::Template { problem: problem() },
            "template_refused",
        ),
        (EngineError::NoTurns, "empty_message"),
        (
            EngineError::FileChanged {
                file: text(),
                problem: problem(),
            },
            "model_changed",
        ),
        (EngineError::Stopped, "stopped"),
        (
            EngineError::BadParameter {
                name: "top_p",
                value: 2.0,
                range: "0 to 1",
            },
            "defect",
        ),
    ]
}

fn of_the_program() -> Vec<(AppError, &'static str)> {
    vec![
        (AppError::NoHome, "no_home"),
        (
            AppError::HistoryNote(Note::NoBackup(Arc::new(HistoryError::DiskFull {
                path: path(),
            }))),
            "no_backup",
        ),
        (
            AppError::HistoryNote(Note::NotTidied(Arc::new(HistoryError::DiskFull {
                path: path(),
            }))),
            "disk_full",
        ),
        (AppError::UnknownModel { id: text() }, "unknown_model"),
        (
            AppError::ModelMissing {
                name: "BitNet".to_owned(),
                path: text(),
            },
            "model_missing",
        ),
        (AppError::EmptyMessage, "empty_message"),
        (
            AppError::TooLong {
                tokens: 9871,
                limit: 9872,
            },
            "too_long",
        ),
        (AppError::Busy, "busy"),
        (AppError::NotAnAnswer, "not_an_answer"),
        (
            AppError::Setting {
                name: SettingName::TopP,
                least: 0.25,
                most: 9871.0,
            },
            "setting",
        ),
        (AppError::PresetTwice { name: text() }, "preset_twice"),
        (AppError::NotLast, "not_last"),
        (
            AppError::TooManyFiles {
                files: 9871,
                bytes: 9_872_000_000,
            },
            "too_many_files",
        ),
        (AppError::EngineFailed { detail: text() }, "engine_failed"),
        (AppError::Thread(refused()), "thread_not_started"),
    ]
}

fn of_files() -> Vec<(FileProblem, &'static str)> {
    let pdf = |reason| FileProblem::Pdf {
        name: text(),
        reason,
    };
    vec![
        (
            FileProblem::Unreadable {
                name: text(),
                source: refused(),
            },
            "file_unreadable",
        ),
        (FileProblem::Folder { name: text() }, "file_is_folder"),
        (
            FileProblem::TooLarge {
                name: text(),
                limit: 9_871_000_000,
            },
            "file_too_large",
        ),
        (FileProblem::NotText { name: text() }, "file_not_text"),
        (FileProblem::Model { name: text() }, "file_is_model"),
        (
            pdf(NoPdfText::TooLarge {
                limit: 9_871_000_000,
            }),
            "pdf_too_large",
        ),
        (pdf(NoPdfText::TooSlow), "pdf_too_slow"),
        (pdf(NoPdfText::Unusual), "pdf_unusual"),
        (pdf(NoPdfText::OnlyPictures), "pdf_only_pictures"),
    ]
}

/// Each error's English sentence, the kind it is expected to be, and its facts.
fn every_error() -> Vec<(String, &'static str, ErrorDetail)> {
    let errors = (of_history().into_iter().map(|(e, kind)| (e.into(), kind)))
        .chain(of_models().into_iter().map(|(e, kind)| (e.into(), kind)))
        .chain(of_loading().into_iter().map(|(e, kind)| (e.into(), kind)))
        .chain(
            of_the_engine()
                .into_iter()
                .map(|(e, kind)| (e.into(), kind)),
        )
        .chain(of_exports().into_iter().map(|(e, kind)| (e.into(), kind)))
        .chain(of_downloads())
        .chain(of_the_program());
    let errors = errors.map(|(error, kind): (AppError, _)| {
        // Every error has a kind of its own kind, too.
        let _ = error.kind();
        (error.to_string(), kind, ErrorDetail::from(&error))
    });
    let files = of_files()
        .into_iter()
        .map(|(problem, kind)| (problem.to_string(), kind, ErrorDetail::from(&problem)));
    errors.chain(files).collect()
}

fn kind_of(detail: &Value) -> &str {
    detail["kind"].as_str().expect("a tagged enum")
}

#[test]
fn no_fact_of_an_error_is_lost_on_the_way_to_its_sentence() {
    for (sentence, kind, detail) in every_error() {
        let detail = serde_json::to_value(&detail).expect("JSON");
        assert_eq!(kind_of(&detail), kind, "{sentence}");
        let facts = detail.to_string();
        for fact in [
            FILE,
            "system's word",
            "9871",
            "9872",
            "9871000000",
            "blk.0.attn_q",
            "five dimensions",
            "Choose the other file",
            "it says so",
            "<|user|>",
            "0.25",
            "a page",
            "BitNet",
        ] {
            // Sentences say some sizes in megabytes.
            let said = sentence.contains(fact);
            assert!(!said || facts.contains(fact), "{fact}: {sentence}\n{facts}");
        }
    }
}

#[test]
fn every_kind_is_made_by_an_error() {
    let made: BTreeSet<String> = every_error()
        .iter()
        .map(|(_, kind, _)| (*kind).to_owned())
        .collect();
    // What an unknown kind is refused with names all that are known.
    let known = serde_json::from_str::<ErrorDetail>(r#"{"kind": "of no error"}"#)
        .expect_err("unknown")
        .to_string();
    let names = known.split('`').skip(3).step_by(2);
    let mut missing: Vec<&str> = names.filter(|name| !made.contains(*name)).collect();
    missing.sort_unstable();
    assert_eq!(missing, ["unworded"], "{known}");
}

#[test]
fn a_failure_reads_the_same_from_disk() {
    let failure = Failure::of(&AppError::TooLong {
        tokens: 6001,
        limit: 4000,
    });
    assert_eq!(Failure::recorded(&failure.record()), failure);
    assert_eq!(
        failure.detail,
        ErrorDetail::TooLong {
            tokens: 6001,
            limit: 4000
        }
    );
}

#[test]
fn what_other_versions_recorded_is_shown_as_their_sentence() {
    for text in [
        "The disk is full.",
        r#"{"sentence": "The disk is full.", "detail": {"kind": "of_later", "x": 1}}"#,
    ] {
        let failure = Failure::recorded(text);
        assert_eq!(failure.sentence, "The disk is full.");
        let text = failure.sentence.clone();
        assert_eq!(failure.detail, ErrorDetail::Unworded { text });
    }
    for odd in ["", "{}", "[1, 2]", "\"a\"", "{\"sentence\": 1}"] {
        assert_eq!(Failure::recorded(odd).sentence, odd);
    }
}
