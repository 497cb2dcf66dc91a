//! Which crate may use which, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Our crates and what each may use of ours (the table in `ARCHITECTURE.md`).
pub(crate) const TABLE: [(&str, &[&str]); 8] = [
    ("tern-kernels", &[]),
    ("tern-engine", &["tern-kernels"]),
    ("tern-models", &[]),
    ("tern-history", &[]),
    ("tern-app", &["tern-engine", "tern-models", "tern-history"]),
    ("tern-cli", &["tern-app", "tern-engine", "tern-models"]),
    ("tern-desktop", &["tern-app"]),
    (
        "tern-tests",
        &[
            "tern-app",
            "tern-engine",
            "tern-history",
            "tern-kernels",
            "tern-models",
            "tern-cli",
            "tern-desktop",
        ],
    ),
];

/// Crates that speak a network protocol.
pub(crate) const NETWORK: [&str; 18] = [
    "attohttpc",
    "curl",
    "h2",
    "hyper",
    "hyper-util",
    "isahc",
    "minreq",
    "native-tls",
    "openssl",
    "openssl-sys",
    "quinn",
    "reqwest",
    "rustls",
    "surf",
    "tiny_http",
    "tokio-tungstenite",
    "tungstenite",
    "ureq",
];

/// Tauri and the crates of its wire format.
const WINDOW: [&str; 5] = ["tauri", "specta", "wry", "tao", "gtk"];

/// The part of the dependency graph a program for this computer is built from.
pub(crate) struct Graph {
    /// Our crates: name and the names they declare, tests' ones included, on any platform.
    pub(crate) declared: BTreeMap<String, BTreeSet<String>>,
    /// Package id to the ids it is built from (build scripts included, tests left out).
    built_from: BTreeMap<String, Vec<String>>,
    /// Package id to name.
    names: BTreeMap<String, String>,
}

impl Graph {
    /// Asks cargo, for this computer's platform. `cargo-deny` looks at the other platforms.
    pub(crate) fn of_this_workspace() -> Self {
        let rustc = Command::new("rustc")
            .arg("-vV")
            .output()
            .expect("rustc runs during its own tests");
        let version = String::from_utf8(rustc.stdout).expect("rustc writes UTF-8");
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .expect("rustc -vV names the host");
        let done = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version",
                "1",
                "--all-features",
                "--offline",
                "--filter-platform",
                host,
            ])
            .current_dir(tern_tests::root())
            .output()
            .expect("cargo runs during its own tests");
        assert!(
            done.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Self::from_metadata(
            &serde_json::from_slice(&done.stdout).expect("cargo metadata writes JSON"),
        )
    }

    /// Reads the JSON of `cargo metadata --format-version 1`.
    pub(crate) fn from_metadata(metadata: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        let list = |value: &Value| value.as_array().expect("an array").clone();
        let mut graph = Self {
            declared: BTreeMap::new(),
            built_from: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        for package in list(&metadata["packages"]) {
            graph
                .names
                .insert(text(&package["id"]), text(&package["name"]));
            if package["source"].is_null() {
                let declared = list(&package["dependencies"])
                    .iter()
                    .map(|dep| text(&dep["name"]))
                    .collect();
                graph.declared.insert(text(&package["name"]), declared);
            }
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            let built = list(&node["deps"])
                .iter()
                .filter(|dep| {
                    list(&dep["dep_kinds"])
                        .iter()
                        .any(|kind| kind["kind"] != "dev")
                })
                .map(|dep| text(&dep["pkg"]))
                .collect();
            graph.built_from.insert(text(&node["id"]), built);
        }
        graph
    }

    /// Names a crate of ours is built from, itself included, without going through `except`.
    fn closure(&self, name: &str, except: &str) -> BTreeSet<&str> {
        let start = self
            .names
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(id, _)| id);
        let mut open: Vec<&String> = start.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            let name = self.names[id].as_str();
            if name != except && seen.insert(name) {
                open.extend(self.built_from.get(id).into_iter().flatten());
            }
        }
        seen
    }
}

/// Our crates differ from the table, or use one another in a way it does not list.
pub(crate) fn outside_the_table(graph: &Graph) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = TABLE.into_iter().collect();
    let mut found = Vec::new();
    for (name, declared) in &graph.declared {
        let Some(allowed) = table.get(name.as_str()) else {
            found.push(format!("{name} is not in the table"));
            continue;
        };
        for used in declared
            .iter()
            // A crate's tests may ask for more of the crate itself.
            .filter(|used| *used != name && graph.declared.contains_key(*used))
        {
            if !allowed.contains(&used.as_str()) {
                found.push(format!("{name} uses {used}"));
            }
        }
    }
    found.extend(
        TABLE
            .iter()
            .filter(|(name, _)| !graph.declared.contains_key(*name))
            .map(|(name, _)| format!("{name} is missing")),
    );
    found
}

/// Tauri or its wire format is declared outside `tern-desktop`.
pub(crate) fn window_crates_outside_desktop(graph: &Graph) -> Vec<String> {
    let is_window = |name: &str| {
        WINDOW
            .iter()
            .any(|w| name == *w || name.starts_with(&format!("{w}-")))
    };
    graph
        .declared
        .iter()
        .filter(|(name, _)| *name != "tern-desktop")
        .flat_map(|(name, used)| {
            used.iter()
                .filter(|used| is_window(used))
                .map(move |used| format!("{name} uses {used}"))
        })
        .collect()
}

/// A network crate is built into one of our crates by another way than through `tern-models`.
/// `tern-engine` may not reach one at all, and it cannot reach `tern-models`.
pub(crate) fn network_outside_models(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for name in graph.declared.keys().filter(|name| *name != "tern-models") {
        let reached = graph.closure(name, "tern-models");
        found.extend(
            NETWORK
                .iter()
                .filter(|network| reached.contains(*network))
                .map(|network| format!("{name} reaches {network}")),
        );
    }
    found
}

#[cfg(test)]
mod self_checks {
    use serde_json::{Value, json};

    use super::{Graph, network_outside_models, outside_the_table, window_crates_outside_desktop};
    use crate::finding::assert_found;

    /// `(name, ours, [(dependency, kind)])`
    type Package<'a> = (&'a str, bool, &'a [(&'a str, Value)]);

    /// A workspace as cargo would describe it.
    fn metadata(packages: &[Package]) -> Value {
        let source = |ours: bool| if ours { Value::Null } else { json!("registry") };
        json!({
            "packages": packages.iter().map(|(name, ours, deps)| json!({
                "id": name, "name": name, "source": source(*ours),
                "dependencies": deps.iter().map(|(dep, _)| json!({"name": dep})).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "resolve": { "nodes": packages.iter().map(|(name, _, deps)| json!({
                "id": name,
                "deps": deps.iter().map(|(dep, kind)| json!({"pkg": dep, "dep_kinds": [{"kind": kind}]})).collect::<Vec<_>>(),
            })).collect::<Vec<_>>() },
        })
    }

    #[test]
    fn a_forbidden_edge_is_found() {
        let graph = Graph::from_metadata(&metadata(&[
            (
                "tern-engine",
                true,
                &[
                    ("tern-kernels", Value::Null),
                    ("tern-history", json!("dev")),
                ],
            ),
            ("tern-kernels", true, &[]),
            ("tern-history", true, &[("tauri-specta", Value::Null)]),
            ("tern-extra", true, &[]),
        ]));
        let found = outside_the_table(&graph);
        assert!(
            found.contains(&"tern-engine uses tern-history".to_owned()),
            "{found:?}"
        );
        assert!(
            found.contains(&"tern-extra is not in the table".to_owned()),
            "{found:?}"
        );
        assert!(
            found.contains(&"tern-app is missing".to_owned()),
            "{found:?}"
        );
        assert!(
            !found
                .iter()
                .any(|line| line == "tern-engine uses tern-kernels"),
            "{found:?}"
        );
        assert_found(&window_crates_outside_desktop(&graph), 1);
    }

    #[test]
    fn a_network_crate_is_found_through_another_crate_and_not_behind_models_or_tests() {
        let graph = Graph::from_metadata(&metadata(&[
            (
                "tern-app",
                true,
                &[("tern-models", Value::Null), ("middle", Value::Null)],
            ),
            ("tern-models", true, &[("reqwest", Value::Null)]),
            ("tern-tests", true, &[("reqwest", json!("dev"))]),
            ("middle", false, &[("ureq", json!("build"))]),
            ("ureq", false, &[]),
            ("reqwest", false, &[]),
        ]));
        assert_eq!(network_outside_models(&graph), ["tern-app reaches ureq"]);
    }
}
