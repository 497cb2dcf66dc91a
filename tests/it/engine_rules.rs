//! What the kernels, the engine and the worker thread may do, read from their sources.

use tern_tests::rust_text::{line_of, words};
use tern_tests::sources::SourceFile;

use crate::finding::finding;

/// Every place where one of `needles` stands in the code (not in comments, literals, tests) of
/// the chosen files.
fn code_with(
    files: &[SourceFile],
    chosen: impl Fn(&SourceFile) -> bool,
    needles: &[&str],
    why: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && chosen(file)) {
        let code = file.code();
        for needle in needles {
            let whole_word = |at: usize| {
                let before = code[..at].chars().next_back();
                let joins = |c: char| c.is_alphanumeric() || c == '_';
                !(before.is_some_and(joins) && needle.starts_with(joins))
            };
            for (at, _) in code.match_indices(needle).filter(|(at, _)| whole_word(*at)) {
                found.push(finding(
                    file,
                    line_of(&code, at),
                    &format!("{why} (`{needle}`)"),
                ));
            }
        }
    }
    found
}

/// A socket opened outside `tern-models`.
pub(crate) fn sockets(files: &[SourceFile]) -> Vec<String> {
    let ours = |file: &SourceFile| {
        (file.is_below("crates") || file.is_below("src-tauri")) && !file.is_below("crates/models")
    };
    let needles = [
        "std::net",
        "tokio::net",
        "std::os::unix::net",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "UnixStream",
        "UnixListener",
    ];
    code_with(files, ours, &needles, "opens a socket")
}

/// The engine's sources speaking of conversations, in code or in comments.
pub(crate) fn engine_knows_conversations(files: &[SourceFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.is_rust() && file.is_below("crates/engine"))
        .flat_map(|file| {
            file.text
                .lines()
                .enumerate()
                .filter(|(_, line)| line.to_lowercase().contains("conversation"))
                .map(|(at, _)| finding(file, at + 1, "the engine knows no conversation"))
        })
        .collect()
}

/// The engine writing to a file it chose itself.
pub(crate) fn engine_writes_files(files: &[SourceFile]) -> Vec<String> {
    let needles = [
        "File::create",
        "File::options",
        "OpenOptions",
        "fs::write",
        "create_dir",
        "remove_file",
        "remove_dir",
        "fs::rename",
        "fs::copy",
        "set_len",
        "MmapMut",
        "map_mut",
    ];
    code_with(
        files,
        |file| file.is_below("crates/engine/src"),
        &needles,
        "the engine writes only to a Write it is handed",
    )
}

/// Kernels that start threads.
pub(crate) fn kernels_start_threads(files: &[SourceFile]) -> Vec<String> {
    code_with(
        files,
        |file| file.is_below("crates/kernels/src"),
        &["std::thread", "thread::", "rayon", "crossbeam", "tokio"],
        "kernels start no threads",
    )
}

/// Allocation in the part of the kernels that computes: everything but the containers.
pub(crate) fn kernels_allocate(files: &[SourceFile]) -> Vec<String> {
    // The containers, which callers fill once and reuse, and the list of paths, asked for once.
    const NOT_COMPUTING: [&str; 4] = ["ternary.rs", "activations.rs", "plane_input.rs", "isa.rs"];
    let computes = |file: &SourceFile| {
        file.is_below("crates/kernels/src")
            && !NOT_COMPUTING.contains(&&file.path["crates/kernels/src/".len()..])
    };
    let needles = [
        "Vec",
        "vec!",
        "Box::new",
        "String",
        "format!",
        ".to_vec()",
        ".to_owned()",
        ".collect",
        "Arc::new",
        "Rc::new",
    ];
    code_with(
        files,
        computes,
        &needles,
        "kernel functions do not allocate",
    )
}

/// The kernels' byte order written outside `weights/repack`.
pub(crate) fn byte_orders_meet(files: &[SourceFile]) -> Vec<String> {
    let elsewhere = |file: &SourceFile| {
        file.is_below("crates")
            && !file.is_below("crates/kernels")
            && file.path != "crates/engine/src/weights/repack.rs"
            && !file.is_below("crates/engine/src/weights/repack")
    };
    code_with(
        files,
        elsewhere,
        &["pack_row_block", "lines_mut", "row_blocks_mut"],
        "only weights/repack writes the kernels' byte order",
    )
}

/// The engine run, or its KV cache held, outside the worker. The terminal program has its own
/// single thread and no window to keep alive.
pub(crate) fn engine_outside_the_worker(files: &[SourceFile]) -> Vec<String> {
    let outside = |file: &SourceFile| {
        file.is_below("crates/app/src") && !is_worker(file) || file.is_below("src-tauri")
    };
    files
        .iter()
        .filter(|file| file.is_rust() && outside(file))
        .flat_map(|file| {
            let code = file.code();
            words(&code)
                .filter(|(_, word)| ["Sequence", "prefill", "forward_all"].contains(word))
                .map(|(line, word)| {
                    finding(
                        file,
                        line,
                        &format!("only the worker owns the engine (`{word}`)"),
                    )
                })
                .collect::<Vec<_>>()
        })
        .chain(code_with(
            files,
            outside,
            &["Model::load", "tern_engine::generate", "generate("],
            "only the worker runs the engine",
        ))
        .collect()
}

/// A lock in the worker, where one could be held during a forward pass.
pub(crate) fn locks_in_the_worker(files: &[SourceFile]) -> Vec<String> {
    code_with(
        files,
        is_worker,
        &["Mutex", "RwLock", "lock("],
        "the worker holds no lock",
    )
}

fn is_worker(file: &SourceFile) -> bool {
    file.path == "crates/app/src/worker.rs" || file.is_below("crates/app/src/worker")
}

/// What the worker must contain: a closed set of jobs and steps, and a net for panics.
pub(crate) fn worker_lacks(files: &[SourceFile]) -> Vec<String> {
    let code_of = |chosen: &dyn Fn(&SourceFile) -> bool| -> String {
        files
            .iter()
            .filter(|file| chosen(file))
            .map(SourceFile::code)
            .collect()
    };
    let worker = code_of(&is_worker);
    let app = code_of(&|file| file.is_below("crates/app/src"));
    [
        (&app, "enum Job "),
        (&app, "enum Step "),
        (&worker, "catch_unwind"),
        (&worker, "Receiver<Job>"),
    ]
    .into_iter()
    .filter(|(code, needle)| !code.contains(needle))
    .map(|(_, needle)| format!("crates/app/src: no `{needle}`"))
    .collect()
}

/// Wire types built outside `ipc/wire`, where they are declared, and `ipc/convert`.
/// `ipc/commands` puts the answer to `startup` together from parts that were converted there.
pub(crate) fn wire_types_made_elsewhere(files: &[SourceFile]) -> Vec<String> {
    const WIRE: &str = "src-tauri/src/ipc/wire";
    const CONVERT: &str = "src-tauri/src/ipc/convert";
    let wire = files.iter().filter(|file| file.is_below(WIRE));
    let wire_code: String = wire.map(SourceFile::code).collect();
    if wire_code.is_empty() {
        return vec![format!("{WIRE} is missing")];
    }
    let declared: Vec<&str> = wire_code
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub(crate) struct "))
        .filter_map(|rest| rest.split([' ', '<', '(', '{', ';']).next())
        .filter(|name| *name != "Startup")
        .collect();
    let mut found = Vec::new();
    let others = files.iter().filter(|file| {
        file.is_below("src-tauri/src") && !file.is_below(WIRE) && !file.is_below(CONVERT)
    });
    for file in others {
        for (at, line) in file.code().lines().enumerate() {
            let makes = |name: &&&str| {
                // What a function returns reads the same before its brace.
                let returned = line.contains(&format!("-> {name} {{"));
                line.contains(&format!("{name} {{")) && !returned && !line.contains("struct ")
            };
            if let Some(name) = declared.iter().find(makes) {
                found.push(finding(
                    file,
                    at + 1,
                    &format!("`{name}` is made outside ipc/convert"),
                ));
            }
            if line.contains("derive(") && line.contains("Type") {
                found.push(finding(
                    file,
                    at + 1,
                    "a wire type declared outside ipc/wire",
                ));
            }
        }
    }
    found
}

/// A build tuned to one CPU. `text` files that build, not prose about building.
pub(crate) fn tuned_to_one_cpu(files: &[SourceFile]) -> Vec<String> {
    // Put together here, so that this file does not contain what it forbids.
    let needles = [
        concat!("target-cpu", "=native"),
        concat!("march", "=native"),
        concat!("target-cpu", " = \"native"),
    ];
    files
        .iter()
        .filter(|file| !file.path.ends_with(".md"))
        .flat_map(|file| {
            file.text
                .lines()
                .enumerate()
                .filter(|(_, line)| needles.iter().any(|needle| line.contains(needle)))
                .map(|(at, _)| finding(file, at + 1, "builds for this computer's CPU only"))
        })
        .collect()
}

#[cfg(test)]
mod self_checks {
    use super::*;
    use crate::finding::assert_found;

    fn one(path: &str, text: &str) -> [SourceFile; 1] {
        [SourceFile::made_up(path, text)]
    }

    #[test]
    fn sockets_and_chat_talk_in_the_engine_are_found() {
        assert_found(
            &sockets(&one("crates/engine/src/a.rs", "use std::net::TcpStream;")),
            2,
        );
        assert_found(
            &sockets(&one(
                "crates/models/src/fetch.rs",
                "use std::net::TcpStream;",
            )),
            0,
        );
        assert_found(
            &sockets(&one(
                "crates/app/src/a.rs",
                "// std::net\n#[cfg(test)]\nmod tests { use std::net::TcpListener; }",
            )),
            0,
        );
        assert_found(
            &engine_knows_conversations(&one(
                "crates/engine/src/a.rs",
                "//! The Conversation so far.",
            )),
            1,
        );
    }

    #[test]
    fn an_engine_that_writes_files_is_found() {
        assert_found(
            &engine_writes_files(&one(
                "crates/engine/src/a.rs",
                "fn f() { std::fs::write(p, b); File::create(p); }",
            )),
            2,
        );
        assert_found(
            &engine_writes_files(&one(
                "crates/engine/src/a.rs",
                "fn f(w: &mut dyn Write) { w.write_all(b); }",
            )),
            0,
        );
    }

    #[test]
    fn threads_and_allocations_in_kernels_are_found() {
        assert_found(
            &kernels_start_threads(&one(
                "crates/kernels/src/linear.rs",
                "fn f() { rayon::join(a, b); std::thread::spawn(c); }",
            )),
            3,
        );
        assert_found(
            &kernels_allocate(&one(
                "crates/kernels/src/linear.rs",
                "fn f() { let v: Vec<f32> = x.to_vec(); }",
            )),
            2,
        );
        assert_found(
            &kernels_allocate(&one(
                "crates/kernels/src/ternary.rs",
                "fn zeros() -> Vec<u8> { vec![0; 4] }",
            )),
            0,
        );
        assert_found(
            &kernels_allocate(&one(
                "crates/kernels/src/linear.rs",
                "struct MyVec; fn f(x: &MyVec) {}",
            )),
            0,
        );
    }

    #[test]
    fn a_byte_order_joined_in_the_wrong_place_is_found() {
        let text = "fn f() { pack_row_block(lines, 16, n, codes); }";
        assert_found(
            &byte_orders_meet(&one("crates/engine/src/weights/gguf.rs", text)),
            1,
        );
        assert_found(
            &byte_orders_meet(&one("crates/engine/src/weights/repack.rs", text)),
            0,
        );
    }

    #[test]
    fn an_engine_used_beside_the_worker_is_found() {
        let text = "fn f() { let mut s = Sequence::new(&m, 9); generate(&m, &mut s); }";
        assert_found(
            &engine_outside_the_worker(&one("crates/app/src/app.rs", text)),
            2,
        );
        assert_found(
            &engine_outside_the_worker(&one("crates/app/src/worker.rs", text)),
            0,
        );
        assert_found(
            &locks_in_the_worker(&one(
                "crates/app/src/worker.rs",
                "fn f(m: &Mutex<u8>) { m.lock(); }",
            )),
            2,
        );
        assert_found(
            &worker_lacks(&one(
                "crates/app/src/worker.rs",
                "enum Job {} enum Step {} fn run(queue: &Receiver<Job>) {}",
            )),
            1,
        );
    }

    #[test]
    fn a_wire_type_made_in_a_command_is_found() {
        let wire = SourceFile::made_up(
            "src-tauri/src/ipc/wire/chats.rs",
            "#[derive(Type)]\npub(crate) struct Stats {\n}\n",
        );
        let command = SourceFile::made_up(
            "src-tauri/src/ipc/commands/chats.rs",
            "fn f() -> Stats {\n    Stats { a: 1 }\n}\n",
        );
        assert_found(&wire_types_made_elsewhere(&[wire.clone(), command]), 1);
        let declared = SourceFile::made_up(
            "src-tauri/src/program.rs",
            "#[derive(Clone, Type)]\nstruct Other;",
        );
        assert_found(&wire_types_made_elsewhere(&[wire, declared]), 1);
    }

    #[test]
    fn a_build_for_one_cpu_is_found() {
        let text = concat!("rustflags = [\"-C\", \"target-cpu", "=native\"]");
        assert_found(&tuned_to_one_cpu(&one(".cargo/config.toml", text)), 1);
    }
}
