//! What goes wrong is said in words, where the person looks.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tern_models::Shelf;

use crate::stage::{Stage, binary, play};

#[test]
fn a_data_folder_that_cannot_be_used_is_explained_and_retried() {
    play("data-folder", async |stage| {
        // A file where the folder should be: unusable also for root.
        fs::write(stage.data_dir(), "in the way").expect("a file");
        let page = stage.open().await;
        let look = page.until("the problem", |look| look.has("problem")).await;
        let said = look.part("problem");
        assert!(
            said.contains(&stage.data_dir().display().to_string()),
            "the sentence names the folder: {said}"
        );
        assert!(
            said.contains("Try again") && !said.contains("panicked"),
            "words, and what to do: {said}"
        );

        page.click("retry").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(page.look().await.has("problem"), "it is still in the way");

        fs::remove_file(stage.data_dir()).expect("removed");
        page.click("retry").await;
        let look = page.until("the welcome", |look| look.has("welcome")).await;
        assert!(!look.has("problem"), "{look:?}");
        page.ask_and_wait("Hello").await;
    });
}

#[test]
fn without_a_display_there_is_one_sentence_and_no_crash() {
    let mut program = Command::new(binary())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env(
            "TERN_DATA_DIR",
            std::env::temp_dir().join("never-made-by-tern"),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let started = Instant::now();
    while program
        .try_wait()
        .expect("its state can be asked")
        .is_none()
    {
        if started.elapsed() > Duration::from_secs(20) {
            program.kill().expect("it ends");
            panic!("the program waits for a display that will never come");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let done = program.wait_with_output().expect("its words can be read");
    let said = String::from_utf8(done.stderr).expect("text");
    assert!(!done.status.success(), "a failure is told to the shell");
    assert!(
        done.status.code().is_some(),
        "ended by itself, not by a signal: {:?}",
        done.status
    );
    assert!(said.contains("no display"), "{said}");
    assert!(
        !said.contains("panicked") && !said.contains("RUST_BACKTRACE"),
        "{said}"
    );
    assert_eq!(said.trim().lines().count(), 1, "one sentence: {said}");
}

/// The golden GGUF file, copied to where a test may damage it, on the shelf; returns its name
/// there.
fn add_golden_file(stage: &Stage, name: &str) -> String {
    let golden = tern_tests::root().join("tests/golden/tiny-bitnet/gguf/ggml-model-i2_s.gguf");
    let path = stage.folder().join(name);
    fs::copy(golden, &path).expect("the golden file is there");
    let mut shelf = Shelf::open(&stage.data_dir()).expect("the shelf opens");
    shelf.add(&path).expect("a whole file is taken").name
}

#[test]
fn a_model_file_cut_short_is_a_sentence_in_the_chat() {
    play("cut-short", async |stage| {
        let model = add_golden_file(&stage, "cut-short.gguf");
        let path = stage.folder().join("cut-short.gguf");
        let whole = fs::metadata(&path).expect("the file").len();
        fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(whole / 2))
            .expect("cut");

        let page = stage.open().await;
        page.choose_model(&model).await;
        page.ask("Hello").await;
        let look = page
            .until("the answer to fail", |look| look.last().state == "failed")
            .await;
        let said = look.last().note;
        assert!(
            said.contains("cut-short.gguf"),
            "the sentence names the file: {look:?}"
        );
        assert_eq!(look.questions(), ["Hello"], "the question is kept");

        // The program survives: the Guide answers in the same chat.
        page.choose_model("Guide").await;
        page.ask_and_wait("Hello again").await;
    });
}

#[test]
fn a_model_file_deleted_between_two_starts_is_a_sentence_and_the_chat_stays() {
    play("gone", async |stage| {
        let model = add_golden_file(&stage, "gone.gguf");
        let page = stage.open().await;
        page.choose_model(&model).await;
        stage.close().await;
        fs::remove_file(stage.folder().join("gone.gguf")).expect("removed");

        let page = stage.open().await;
        page.until("the chosen model", |look| {
            look.part("model").contains(&model)
        })
        .await;
        page.ask("Hello").await;
        let look = page
            .until("the answer to fail", |look| look.last().state == "failed")
            .await;
        assert!(
            look.last().note.contains("gone.gguf"),
            "the sentence names the file: {look:?}"
        );
        page.choose_model("Guide").await;
        page.ask_and_wait("Hello again").await;
    });
}

#[test]
fn a_model_file_cut_short_while_it_is_in_use_ends_nothing() {
    play("cut-in-use", async |stage| {
        let model = add_golden_file(&stage, "in-use.gguf");
        let page = stage.open().await;
        page.choose_model(&model).await;
        for question in ["Hello", "Hello again"] {
            page.ask(question).await;
            page.until("text", |look| {
                look.questions()
                    .last()
                    .is_some_and(|asked| asked == question)
                    && look.last().text.len() > 20
            })
            .await;
            page.click("stop").await;
            page.until("the answer to end", |look| look.last().state == "stopped")
                .await;
            // What a person's own tool might do to it, in the worst moment.
            fs::File::options()
                .write(true)
                .open(stage.folder().join("in-use.gguf"))
                .and_then(|file| file.set_len(0))
                .expect("cut");
        }
    });
}
