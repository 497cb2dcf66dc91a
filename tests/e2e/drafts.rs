//! What was being written is there after a kill, and what is temporary is nowhere.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::stage::play;

#[test]
fn what_was_typed_survives_kill_9() {
    play("draft", async |stage| {
        let page = stage.open().await;
        page.ask_and_wait("Hello").await;
        page.type_into("composer-input", "half a sen").await;
        page.click("new-chat").await;
        page.type_into("composer-input", "and another").await;
        // Drafts reach the disk half a second after the last key.
        tokio::time::sleep(Duration::from_secs(2)).await;
        stage.kill().await;

        let page = stage.open().await;
        page.until("the new chat's draft", |look| {
            look.part("draft") == "and another"
        })
        .await;
        page.open_chat("Hello").await;
        page.until("the chat's draft", |look| {
            look.part("draft") == "half a sen"
        })
        .await;
    });
}

#[test]
fn a_temporary_chat_leaves_no_byte_behind() {
    const SECRET: &str = "quetzalcoatlus";
    play("temporary", async |stage| {
        let page = stage.open().await;
        page.press("Temporary chat").await;
        page.ask_and_wait(SECRET).await;
        page.find("temporary").await;
        page.type_into("composer-input", SECRET).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        stage.close().await;
        assert!(
            !contains(stage.folder(), SECRET.as_bytes()),
            "it is on disk"
        );

        let page = stage.open().await;
        let look = page.until("the welcome", |look| look.has("welcome")).await;
        assert!(
            look.rows().is_empty() && look.part("draft").is_empty(),
            "{look:?}"
        );
    });
}

/// True when a file in the folder, or below it, contains these bytes. Screens and logs are not
/// the program's, and the webview's own folders are looked at too.
fn contains(folder: &Path, wanted: &[u8]) -> bool {
    let entries = fs::read_dir(folder).expect("readable");
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return contains(&path, wanted);
        }
        // A socket or a file that is gone by now can't be read.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(wanted.len()).any(|window| window == wanted)
    })
}
