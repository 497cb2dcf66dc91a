//! A model from a hub on this computer: fetched, cut off, gone on with, chatted with.

use std::time::Duration;

use tern_models::loopback_hub::{Fault, LoopbackHub};

use crate::page::ENTER;
use crate::stage::play;

const REPO: &str = "terns/tiny";

fn hub() -> LoopbackHub {
    let hub = LoopbackHub::start().expect("a hub");
    let folder = tern_tests::root().join("tests/golden/tiny-bitnet/hf-packed");
    hub.publish_folder(REPO, &folder).expect("published");
    hub
}

#[test]
fn a_download_survives_a_kill_and_its_model_answers() {
    play("download", async |stage| {
        let hub = hub();
        // Some ten seconds for the weights, however fast the computer.
        hub.set_script(|asked| match asked.at_hub {
            true => Fault::None,
            false => Fault::Drip(8 << 10, Duration::from_millis(100)),
        });
        stage.use_hub(hub.endpoint());
        let page = stage.open().await;
        page.until("the welcome", |look| look.has("welcome")).await;
        assert!(hub.asked().is_empty(), "nothing is asked for unasked");

        page.click("model-pill").await;
        page.press("All models…").await;
        page.type_into("repository", &format!("{REPO}{ENTER}"))
            .await;
        page.until("a part of it to be here", |look| {
            look.part("download").contains('%') || look.part("download").contains(" of ")
        })
        .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        stage.kill().await;
        // The hub takes an answer down when it sees that nobody reads it any more.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = sent(&hub);
        assert!(before > 0, "bytes came before the kill");

        // Slow enough for the page to see the rest of it come.
        hub.set_script(|asked| match asked.at_hub {
            true => Fault::None,
            false => Fault::Drip(8 << 10, Duration::from_millis(50)),
        });
        let page = stage.open().await;
        page.until("it to be done by itself", |look| look.has("download_done"))
            .await;
        page.press("Use it in this chat").await;
        page.until("the model to be chosen", |look| {
            look.part("model").contains("tiny")
        })
        .await;
        page.ask("Hello").await;
        page.until("words of the new model", |look| {
            !look.last().text.is_empty()
        })
        .await;
        let model = stage.data_dir().join("models/terns-tiny");
        let fetched = std::fs::read(model.join("model.safetensors")).expect("its weights");
        let golden = tern_tests::root().join("tests/golden/tiny-bitnet/hf-packed");
        let published = std::fs::read(golden.join("model.safetensors")).expect("the golden file");
        assert!(
            fetched == published,
            "the weights are others than were published"
        );
        // What was on its way when the program was killed comes once more, and no more than that.
        let twice = sent(&hub) - published.len() as u64;
        assert!(twice <= before, "{twice} bytes came twice");
    });
}

/// Bytes of the weights the hub sent.
fn sent(hub: &LoopbackHub) -> u64 {
    let asked = hub.asked();
    let weights = asked
        .iter()
        .filter(|asked| !asked.at_hub && asked.target.ends_with("safetensors"));
    weights.map(|asked| asked.sent.end - asked.sent.start).sum()
}
