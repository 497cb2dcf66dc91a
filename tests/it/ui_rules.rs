//! Which part of the UI may import which.

use tern_tests::sources::SourceFile;

use crate::finding::finding;

/// The one door to the program.
const DOOR: &str = "ui/src/lib/ipc";

fn is_ui_source(file: &SourceFile) -> bool {
    file.is_below("ui")
        && [".ts", ".js", ".svelte", ".mjs"]
            .iter()
            .any(|end| file.path.ends_with(end))
}

/// What a file imports: line number, whether only types, and the module as written. Static
/// imports over one or more lines, re-exports, dynamic `import(…)` and side-effect imports.
fn imports(text: &str) -> Vec<(usize, bool, String)> {
    let mut found = Vec::new();
    let mut statement: Option<(usize, String)> = None;
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let begins = [
            "import ",
            "import{",
            "export {",
            "export{",
            "export *",
            "export type {",
        ];
        if statement.is_none() && begins.iter().any(|word| trimmed.starts_with(word)) {
            statement = Some((at + 1, String::new()));
        }
        if let Some((start, whole)) = &mut statement {
            whole.push_str(trimmed);
            whole.push(' ');
            let from = whole
                .rfind(" from ")
                .map(|n| &whole[n + 6..])
                .or_else(|| whole.strip_prefix("import "));
            if let Some(module) = from.and_then(quoted) {
                let types = whole.starts_with("import type ") || whole.starts_with("export type ");
                found.push((*start, types, module));
                statement = None;
            }
        }
        for call in line.split("import(").skip(1) {
            if let Some(module) = quoted(call) {
                found.push((at + 1, false, module));
            }
        }
    }
    found
}

/// The string literal that `text` begins with.
fn quoted(text: &str) -> Option<String> {
    let text = text.trim_start();
    let quote = text
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\'' | '`'))?;
    text[1..]
        .split_once(quote)
        .map(|(inside, _)| inside.to_owned())
}

/// `@tauri-apps/*`, or the object Tauri leaves on the window, used outside the door.
pub(crate) fn tauri_outside_the_door(files: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files
        .iter()
        .filter(|file| is_ui_source(file) && !file.is_below(DOOR))
    {
        for (line, _, module) in imports(&file.text) {
            if module.starts_with("@tauri-apps/") {
                found.push(finding(
                    file,
                    line,
                    "only ui/src/lib/ipc imports @tauri-apps",
                ));
            }
        }
        for (at, line) in file.text.lines().enumerate() {
            if line.contains("__TAURI") {
                found.push(finding(
                    file,
                    at + 1,
                    "only ui/src/lib/ipc touches Tauri's globals",
                ));
            }
        }
    }
    found
}

/// A component that calls the door itself instead of its state. Its words may be named.
pub(crate) fn components_that_call_ipc(files: &[SourceFile]) -> Vec<String> {
    let is_component = |file: &&SourceFile| {
        is_ui_source(file)
            && (file.is_below("ui/src/components") || file.path.ends_with(".svelte"))
            && !file.is_test()
    };
    let mut found = Vec::new();
    for file in files.iter().filter(is_component) {
        for (line, types, module) in imports(&file.text) {
            // `host` holds the door's words only: its types and its error.
            let calls_door = module.split('/').any(|part| part == "ipc");
            if calls_door && !types && !module.ends_with("ipc/host") {
                found.push(finding(
                    file,
                    line,
                    "components call state, state calls ipc",
                ));
            }
        }
    }
    found
}

/// A UI that fetches something from elsewhere.
pub(crate) fn reaches_out(files: &[SourceFile]) -> Vec<String> {
    let needles = [
        "fetch(",
        "XMLHttpRequest",
        "WebSocket(",
        "EventSource(",
        "sendBeacon(",
        "fonts.googleapis",
    ];
    // A method of that name is not the browser's: `this.#fetch(`, `list.fetch(`.
    let is_method = |before: &str| {
        before.ends_with(|c: char| c.is_alphanumeric() || "_$#.".contains(c))
            && !["window.", "globalThis.", "self.", "navigator."]
                .iter()
                .any(|it| before.ends_with(it))
    };
    let declares = |before: &str| {
        before.trim_end().ends_with("async") || before.trim_end().ends_with("function")
    };
    let mut found = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.is_below("ui/src") && is_ui_source(file) && !file.is_test())
    {
        for (at, line) in file.text.lines().enumerate() {
            if line.trim_start().starts_with(['/', '*']) {
                continue;
            }
            for needle in needles {
                let reaches = line
                    .match_indices(needle)
                    .any(|(n, _)| !is_method(&line[..n]) && !declares(&line[..n]));
                if reaches {
                    let why = format!("the UI asks nothing of a network (`{needle}`)");
                    found.push(finding(file, at + 1, &why));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod self_checks {
    use super::*;
    use crate::finding::assert_found;

    fn one(path: &str, text: &str) -> [SourceFile; 1] {
        [SourceFile::made_up(path, text)]
    }

    #[test]
    fn every_way_to_import_is_seen() {
        let text = "import { a,\n  b } from '@tauri-apps/api/core';\nimport '@tauri-apps/x';\nexport { c } from \"@tauri-apps/y\";\nconst d = await import('@tauri-apps/z');\nexport const e = ' from \"@tauri-apps/no\"';\n";
        assert_found(
            &tauri_outside_the_door(&one("ui/src/lib/state/chat.svelte.ts", text)),
            4,
        );
        assert_found(
            &tauri_outside_the_door(&one("ui/src/lib/ipc/tauri.ts", text)),
            0,
        );
        assert_found(
            &tauri_outside_the_door(&one("ui/src/main.ts", "window.__TAURI__.core.invoke('x')")),
            1,
        );
    }

    #[test]
    fn a_component_that_skips_the_state_is_found() {
        assert_found(
            &components_that_call_ipc(&one(
                "ui/src/components/Composer.svelte",
                "<script>\n  import { ipc } from '$lib/ipc';\n</script>",
            )),
            1,
        );
        assert_found(
            &components_that_call_ipc(&one(
                "ui/src/components/Row.svelte",
                "import type { Stats } from '../lib/ipc/bindings';",
            )),
            0,
        );
        assert_found(
            &components_that_call_ipc(&one(
                "ui/src/lib/state/chat.svelte.ts",
                "import { ipc } from '../ipc';",
            )),
            0,
        );
    }

    #[test]
    fn a_request_from_the_ui_is_found() {
        let made = "await fetch(url);\nwindow.fetch(url);\nnew WebSocket(url);\nnavigator.sendBeacon(url);";
        assert_found(&reaches_out(&one("ui/src/lib/a.ts", made)), 4);
        let fine = "// fetch(url) is not for us\nawait this.#fetch();\nasync fetch(): Promise<void> {}\nlist.fetch()";
        assert_found(&reaches_out(&one("ui/src/lib/a.ts", fine)), 0);
    }
}
