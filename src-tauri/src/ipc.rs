//! The door between window and program: wire types, their conversion, the commands, and the
//! generated TypeScript.

mod commands;
mod convert;
pub(crate) mod wire;

use tauri::Wry;
use tauri_specta::{Builder, collect_commands, collect_events};

/// Every command and event, for the handler and for the bindings.
pub(crate) fn builder() -> Builder<Wry> {
    Builder::new()
        .commands(collect_commands![
            commands::startup,
            commands::set_settings,
            commands::open_link,
            commands::arrange_desktop,
            commands::connection_log,
            commands::open_conversation,
            commands::rename_conversation,
            commands::pin_conversation,
            commands::archive_conversation,
            commands::duplicate_conversation,
            commands::delete_conversations,
            commands::restore_conversations,
            commands::set_chat_options,
            commands::save_draft,
            commands::search,
            commands::send_message,
            commands::edit_question,
            commands::retry_answer,
            commands::continue_answer,
            commands::stop_generation,
            commands::edit_answer,
            commands::delete_message,
            commands::restore_message,
            commands::show_version,
            commands::pin_message,
            commands::branch_off,
            commands::summarise_conversation,
            commands::context_use,
            commands::model_prompt,
            commands::attach_files,
            commands::select_model,
            commands::export_conversation,
            commands::export_all,
            commands::storage_use,
            commands::back_up_now,
            commands::open_folder,
            commands::remove_model,
            commands::unload_model,
            commands::import_model,
            commands::import_dropped,
            commands::verify_model,
            commands::stop_model_work,
            commands::models_view,
            commands::choose_models_folder,
            commands::run_benchmark,
            commands::token_state,
            commands::set_token,
            commands::start_download,
            commands::pause_download,
            commands::resume_download,
            commands::cancel_download,
        ])
        .events(collect_events![wire::AppEvent])
        // No wire type looks different when written and when read.
        .disable_serde_phases()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use specta_typescript::Typescript;

    /// The bindings are generated here and committed. Run with `TERN_WRITE_BINDINGS=1` to
    /// renew them.
    #[test]
    fn committed_bindings_are_those_of_the_commands() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/ipc/bindings.ts");
        let language = Typescript::default()
            .header("// Made from src-tauri/src/ipc by its test. Do not edit.\n");
        let fresh = tempfile::NamedTempFile::new().expect("temporary file");
        super::builder()
            .export(language, fresh.path())
            .expect("bindings are generated");
        let fresh = std::fs::read_to_string(fresh.path()).expect("generated text");
        if std::env::var_os("TERN_WRITE_BINDINGS").is_some() {
            std::fs::write(&path, &fresh).expect("bindings written");
        }
        let committed = std::fs::read_to_string(&path).expect("committed bindings");
        assert!(
            committed == fresh,
            "ui/src/lib/ipc/bindings.ts is stale: run TERN_WRITE_BINDINGS=1 cargo test -p tern-desktop"
        );
    }
}
