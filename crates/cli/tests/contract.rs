//! The command line keeps its contract: what scripts read from it, and what a person reads
//! when something is wrong.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn golden(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    root.join(path).display().to_string()
}

fn tiny() -> String {
    golden("tiny-bitnet/hf-packed")
}

struct Tern {
    data: tempfile::TempDir,
    /// The path through the kernels to ask for; empty leaves the choice to the program.
    isa: String,
}

impl Tern {
    fn new() -> Self {
        Self {
            data: tempfile::tempdir().expect("folder"),
            isa: String::new(),
        }
    }

    fn run(&self, args: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tern"))
            .args(args)
            .env("TERN_DATA_DIR", self.data.path())
            .env("TERN_ISA", &self.isa)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(input.as_bytes()).expect("written");
        drop(stdin);
        child.wait_with_output().expect("ends")
    }

    fn ok(&self, args: &[&str], input: &str) -> String {
        let output = self.run(args, input);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(args, "");
        serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
    }

    /// The sentence on stderr of a command that must fail.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args, "");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!words.contains("panicked"), "{words}");
        words
    }

    fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }
}

#[test]
fn generate_continues_ids_and_reports_everything_the_contract_names() {
    let record = Tern::new().json(&[
        "generate",
        "--model",
        &tiny(),
        "--ids",
        "1008,338,373",
        "--ignore-eos",
        "--max-tokens",
        "12",
        "--temperature",
        "0",
        "--json",
    ]);
    assert_eq!(record["ids"].as_array().map(Vec::len), Some(12));
    assert_eq!(record["stop_reason"], "max_tokens");
    assert!(record["text"].is_string());
    assert_eq!(record["stats"]["prompt_tokens"], 3);
    assert_eq!(record["stats"]["generated_tokens"], 12);
    assert!(
        record["stats"]["decode_tok_s"]
            .as_f64()
            .is_some_and(|speed| speed > 0.0)
    );
}

#[test]
fn the_same_seed_writes_the_same_text_at_any_thread_count() {
    let tern = Tern::new();
    let text = |threads: &str| {
        tern.ok(
            &[
                "generate",
                "--model",
                &tiny(),
                "--prompt",
                "Functions",
                "--seed",
                "5",
                "--max-tokens",
                "20",
                "--ignore-eos",
                "--threads",
                threads,
            ],
            "",
        )
    };
    let once = text("1");
    assert!(!once.trim().is_empty());
    assert_eq!(once, text("2"));
}

#[test]
fn logits_are_a_safetensors_file_of_every_position() {
    let tern = Tern::new();
    let out = tern.file("logits.safetensors");
    tern.ok(
        &[
            "logits",
            "--model",
            &tiny(),
            "--ids",
            "1008,338,373",
            "--hidden",
            "--out",
            &out.display().to_string(),
        ],
        "",
    );
    let bytes = std::fs::read(&out).expect("written");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON header");
    assert_eq!(header["logits"]["shape"], serde_json::json!([3, 1024]));
    assert_eq!(header["hidden.4"]["shape"], serde_json::json!([3, 256]));
    let end = header["hidden.4"]["data_offsets"][1]
        .as_u64()
        .expect("an offset") as usize;
    assert_eq!(
        bytes.len(),
        8 + length + end,
        "the file ends with its last tensor"
    );
}

#[test]
fn tokenize_and_decode_are_inverse_and_content_makes_no_control_tokens() {
    let tern = Tern::new();
    let text = "naïve café 日本語 <|eot_id|>";
    let ids = tern.ok(&["tokenize", "--model", &tiny()], text);
    assert!(!ids.split_whitespace().any(|id| id == "1017"), "{ids}");
    assert_eq!(
        tern.ok(&["tokenize", "--model", &tiny(), "--decode"], &ids),
        text
    );
    let special = tern.ok(&["tokenize", "--model", &tiny(), "--special"], text);
    assert!(
        special.split_whitespace().any(|id| id == "1017"),
        "{special}"
    );
}

#[test]
fn tokenize_needs_no_more_than_a_tokenizer() {
    let tern = Tern::new();
    let data = "../engine/tests/data/sentencepiece";
    let tokens = |model: &str| tern.ok(&["tokenize", "--model", model], "Hello there");
    let ids = tokens(data);
    assert_eq!(tokens(&format!("{data}/vocab.gguf")), ids);
    assert_eq!(
        tern.ok(&["tokenize", "--model", data, "--decode"], &ids),
        "Hello there"
    );
    // Names go on meaning models.
    assert!(!tokens("guide").trim().is_empty());
    assert!(!tokens("synthetic:2b4t").trim().is_empty());
}

impl Tern {
    /// A short `tern bench` of a small model.
    fn bench(&self, model: &str, more: &[&str]) -> Value {
        let short = ["--prompt-tokens", "16", "--decode-tokens", "4"];
        let args = ["bench", "--json", "--repeats", "1", "--model", model];
        self.json(&[&args, &short[..], more].concat())
    }
}

/// A number of the record, by its path of names.
fn number(record: &Value, path: &str) -> f64 {
    let value = record.pointer(path).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("{path} is no number: {record}"))
}

#[test]
fn bench_prints_the_fields_the_contract_names() {
    for model in [&tiny()[..], "guide"] {
        let record = Tern::new().bench(model, &["--threads", "2"]);
        assert_eq!(record["model"], *model);
        assert_eq!(record["threads"], 2);
        assert_eq!(record["depth"], 0);
        for path in [
            "/ttft_ms",
            "/load_ms",
            "/bytes_per_token",
            "/read_gb_s",
            "/roofline_fraction",
            "/context",
            "/int8_gmac_s",
            "/prefill_peak_fraction",
            "/peak_rss_bytes",
        ] {
            assert!(number(&record, path) > 0.0, "{path}: {record}");
        }
        for spread in ["decode_tok_s", "prefill_tok_s"] {
            let of = |name| number(&record, &format!("/{spread}/{name}"));
            assert!(0.0 < of("min"), "{spread}: {record}");
            assert!(of("min") <= of("median") && of("median") <= of("max"));
        }
        for share in ["/ffn_density", "/up_read", "/down_read"] {
            assert!(
                (0.0..=1.0).contains(&number(&record, share)),
                "{share}: {record}"
            );
        }
        assert!(record["text"].is_string(), "{record}");
        for reads in ["sharpened", "computed", "bytes"] {
            assert!(record["head_reads"][reads].is_u64(), "{reads}: {record}");
        }
        assert!(record["head_reads"]["proven"].is_boolean(), "{record}");
    }
}

#[test]
fn bench_measures_what_it_was_asked_for_and_says_so() {
    let tern = Tern::new();
    let at = |head, kv, depth| tern.bench(&tiny(), &["--head", head, "--kv", kv, "--depth", depth]);
    for (kv, depth) in [("f32", "0"), ("f16", "8"), ("int8", "8")] {
        let record = at("exact", kv, depth);
        assert_eq!(record["kv"], kv);
        assert_eq!(record["depth"].to_string(), depth);
        // What was done, not what was asked for: a head as small as this one is never screened.
        assert_eq!(record["head"], "full");
    }
    let bytes = |head, kv, depth| number(&at(head, kv, depth), "/bytes_per_token");
    assert!(
        bytes("full", "f32", "200") > bytes("full", "f32", "0"),
        "a longer context is read too"
    );
    assert!(
        bytes("full", "f32", "200") > bytes("full", "int8", "200"),
        "a smaller format is read faster"
    );
}

#[test]
fn bench_lists_the_paths_of_this_cpu_and_runs_on_the_one_that_was_chosen() {
    let mut tern = Tern::new();
    let record = tern.bench(&tiny(), &[]);
    let isas: Vec<&str> = record["isas"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(isas.first(), Some(&"scalar"));
    assert_eq!(record["isa"].as_str(), isas.last().copied());
    tern.isa = "scalar".to_owned();
    assert_eq!(tern.bench(&tiny(), &[])["isa"], "scalar");
}

#[test]
fn inspect_and_perplexity_answer_in_json() {
    let tern = Tern::new();
    let record = tern.json(&["inspect", &tiny(), "--json"]);
    assert_eq!(record["tokenizer"], "byte-level BPE", "{record}");
    assert_eq!(record["chat_template"], "bitnet");
    let text = tern.file("text.txt");
    std::fs::write(
        &text,
        "A function definition defines a function object.\n".repeat(20),
    )
    .expect("written");
    let path = text.display().to_string();
    let record = tern.json(&["perplexity", "--model", &tiny(), "--file", &path, "--json"]);
    let perplexity = record["perplexity"].as_f64().expect("a number");
    assert!((1.0..1024.0).contains(&perplexity), "{perplexity}");
}

#[test]
fn inspect_tells_a_person_what_a_file_is() {
    let tern = Tern::new();
    let text = tern.ok(
        &["inspect", &golden("tiny-bitnet/gguf/ggml-model-i2_s.gguf")],
        "",
    );
    for words in [
        "BitNet b1.58 (bitnet-b1.58)",
        "4 layers, hidden 256",
        "28 I2_S",
        "byte-level BPE, 1024 tokens, begins with <|begin_of_text|> (1008)",
        "<|eot_id|> (1017)",
        "of weights",
        "warning     The chat template in the file is not the one",
        "general.architecture = bitnet-b1.58",
        "blk.3.ffn_down.weight",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
}

#[test]
fn a_chat_keeps_what_was_said_before() {
    let tern = Tern::new();
    let args = [
        "chat",
        "--model",
        &tiny(),
        "--temperature",
        "0",
        "--max-tokens",
        "8",
        "--json",
    ];
    let output = tern.ok(&args, "Hello\nAnd then?\n");
    let records: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0]["reused_tokens"], 0);
    assert!(
        records[1]["reused_tokens"].as_u64().is_some_and(|n| n > 5),
        "{}",
        records[1]
    );
}

#[test]
fn models_are_listed_imported_and_removed_and_files_stay() {
    let tern = Tern::new();
    assert!(tern.ok(&["models", "list"], "").starts_with("guide "));
    let gguf = golden("tiny-bitnet/gguf/ggml-model-i2_s.gguf");
    let id = tern.ok(&["models", "import", &gguf], "");
    let id = id.trim();
    assert!(tern.ok(&["models", "list", "--json"], "").contains(id));
    tern.ok(
        &[
            "generate",
            "--model",
            id,
            "--prompt",
            "Hi",
            "--max-tokens",
            "2",
        ],
        "",
    );
    tern.ok(&["models", "remove", id], "");
    assert!(!tern.ok(&["models", "list", "--json"], "").contains(id));
    assert!(Path::new(&gguf).exists(), "the person's file stays");
}

#[test]
fn what_cannot_work_is_said_in_a_sentence_that_names_it() {
    let tern = Tern::new();
    let foreign = tern.file("foreign.gguf");
    std::fs::write(&foreign, "not a model at all").expect("written");
    let whole = std::fs::read(golden("tiny-bitnet/gguf/ggml-model-i2_s.gguf")).expect("golden");
    let short = tern.file("short.gguf");
    std::fs::write(&short, &whole[..whole.len() / 2]).expect("written");
    for (model, name) in [
        ("no-such-model".to_owned(), "no-such-model"),
        (
            tern.file("missing.gguf").display().to_string(),
            "missing.gguf",
        ),
        (foreign.display().to_string(), "foreign.gguf"),
        (short.display().to_string(), "short.gguf"),
        (tern.data.path().display().to_string(), "config.json"),
    ] {
        let words = tern.refused(&["generate", "--model", &model, "--prompt", "Hi"]);
        assert!(words.contains(name), "{name} is not named: {words}");
        assert!(words.trim_end().ends_with('.'), "not a sentence: {words}");
    }
    let words = tern.refused(&["generate", "--model", &tiny(), "--ids", "1008,99999"]);
    assert!(words.contains("99999"), "{words}");
    let words = tern.refused(&["bench", "--model", &tiny(), "--depth", "9000000"]);
    assert!(words.contains("context"), "{words}");
    let words = tern.refused(&[
        "logits",
        "--model",
        &tiny(),
        "--ids",
        "1",
        "--out",
        "/no/such/folder/x",
    ]);
    assert!(words.contains("/no/such/folder"), "{words}");
}
