//! Tern's window. This crate only translates: commands in, events out; the program is `tern-app`.

// Windows: no console window beside the app in release builds.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod desktop;
mod drops;
mod ipc;
mod program;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = tern_app::answer_pdf_request(std::env::args_os()) {
        return code;
    }
    tern_app::log_to_stderr();
    match window::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
