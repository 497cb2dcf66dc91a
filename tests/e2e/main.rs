//! The real window, driven through WebKitWebDriver under Xvfb. `npm run test:e2e` runs these;
//! they need Linux, `Xvfb`, `WebKitWebDriver` and a built `tern-desktop`.
//!
//! Each scenario has a screen, a home folder and a data folder of its own. When one fails, its
//! screenshot and the program's log lie in `target/e2e`.
#![cfg(target_os = "linux")]

mod branches;
mod chats;
mod downloads;
mod drafts;
mod first_minute;
mod knowing;
mod page;
mod rambling_model;
mod searching;
mod stage;
mod trouble;
