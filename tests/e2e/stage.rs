//! What a scenario plays on: a screen, folders, the driver, the program.

use std::fs::{self, File};
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::page::Page;

/// The program under test: `TERN_DESKTOP`, or the debug build.
pub(crate) fn binary() -> PathBuf {
    let path = std::env::var_os("TERN_DESKTOP").map_or_else(
        || tern_tests::root().join("target/debug/tern-desktop"),
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is not built; npm run test:e2e builds it",
        path.display()
    );
    path
}

/// Where screenshots and logs of failed scenarios go.
fn results() -> PathBuf {
    let path = std::env::var_os("TERN_E2E_RESULTS")
        .map_or_else(|| tern_tests::root().join("target/e2e"), PathBuf::from);
    fs::create_dir_all(&path).expect("the folder for results can be made");
    path
}

/// Plays one scenario; a failure leaves a screenshot behind.
#[track_caller]
pub(crate) fn play<F: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    scenario: impl FnOnce(Arc<Stage>) -> F,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async {
        let stage = Arc::new(Stage::set(name));
        // In a task of its own, so that a failed assertion still leaves time for the screenshot.
        let played = tokio::spawn(scenario(Arc::clone(&stage))).await;
        if let Err(failure) = played {
            stage.take_screenshot().await;
            std::panic::resume_unwind(failure.into_panic());
        }
        stage.close().await;
    });
}

/// A screen of its own with a home folder and a data folder of its own.
pub(crate) struct Stage {
    name: &'static str,
    screen: Screen,
    folder: TempDir,
    running: Mutex<Option<Running>>,
    /// Where the program downloads from.
    hub: Mutex<Option<String>>,
}

/// A started program with the driver that started it.
struct Running {
    client: Client,
    driver: Driver,
}

impl Stage {
    fn set(name: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        fs::create_dir(folder.path().join("home")).expect("a home folder can be made");
        Self {
            name,
            screen: Screen::start(),
            folder,
            running: Mutex::default(),
            hub: Mutex::default(),
        }
    }

    /// A folder for files of this scenario.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program's data folder; made by the program.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Lets programs that are started from now on download from this address.
    pub(crate) fn use_hub(&self, endpoint: String) {
        *self.hub.lock().unwrap_or_else(PoisonError::into_inner) = Some(endpoint);
    }

    /// Starts the program and waits until its page is there.
    pub(crate) async fn open(&self) -> Page {
        self.close().await;
        let driver = Driver::start(
            &self.screen,
            &self.folder.path().join("home"),
            &self.data_dir(),
            &self.log(),
            self.hub
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_deref(),
        );
        let client = driver.open_window().await;
        *self.lock() = Some(Running {
            client: client.clone(),
            driver,
        });
        Page::new(client)
    }

    /// Ends the program as a person closing its window would, if it runs.
    pub(crate) async fn close(&self) {
        let running = self.lock().take();
        if let Some(Running { client, driver }) = running {
            // A program that is already gone has no session to close.
            let _ = client.close().await;
            drop(driver);
        }
    }

    /// Ends the program as a crash or a power cut would: at once, with no time for anything.
    pub(crate) async fn kill(&self) {
        let Running { client, driver } = self.lock().take().expect("the program runs");
        let apps = driver.apps();
        assert_eq!(apps.len(), 1, "one program is to be killed, found {apps:?}");
        signal("KILL", apps[0]);
        wait_until_gone(apps[0]);
        drop(client);
        drop(driver);
    }

    async fn take_screenshot(&self) {
        let client = self.lock().as_ref().map(|running| running.client.clone());
        let Some(client) = client else { return };
        let shot = tokio::time::timeout(Duration::from_secs(10), client.screenshot()).await;
        if let Ok(Ok(png)) = shot {
            let path = results().join(format!("{}.png", self.name));
            if fs::write(&path, png).is_ok() {
                eprintln!("screenshot: {}", path.display());
            }
        }
        eprintln!("log: {}", self.log().display());
    }

    fn log(&self) -> PathBuf {
        results().join(format!("{}.log", self.name))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An X server that draws into memory. One for each scenario: a shared one would hand the
/// keyboard focus from window to window.
struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    fn start() -> Self {
        // The server picks a free number itself and says which.
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        let said = server.stdout.take().expect("its output was asked for");
        BufReader::new(said)
            .read_line(&mut number)
            .expect("Xvfb says its display number");
        assert!(!number.trim().is_empty(), "Xvfb ended without a display");
        Self {
            server,
            display: format!(":{}", number.trim()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A WebKitWebDriver process; it starts the program when a session is asked of it.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start(screen: &Screen, home: &Path, data_dir: &Path, log: &Path, hub: Option<&str>) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port exists")
            .port();
        let log = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log can be written");
        let process = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("DISPLAY", &screen.display)
            .env("HOME", home)
            .env("TERN_DATA_DIR", data_dir)
            // A hub that is none: no scenario asks the real one.
            .env("HF_ENDPOINT", hub.unwrap_or("http://127.0.0.1:9"))
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle to the log"))
            .stderr(log)
            .spawn()
            .expect("WebKitWebDriver starts");
        Self { process, port }
    }

    async fn open_window(&self) -> Client {
        let capabilities = json!({
            "browserName": "wry",
            "webkitgtk:browserOptions": { "binary": binary(), "args": [] },
        });
        let capabilities = capabilities.as_object().cloned().expect("an object");
        let url = format!("http://127.0.0.1:{}", self.port);
        let started = Instant::now();
        loop {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            match builder
                .capabilities(capabilities.clone())
                .connect(&url)
                .await
            {
                Ok(client) => return client,
                // The driver needs a moment before it listens.
                Err(error) if started.elapsed() > Duration::from_secs(20) => {
                    panic!("no window: {error}")
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Process ids of the programs this driver started.
    fn apps(&self) -> Vec<u32> {
        let binary = fs::canonicalize(binary()).expect("the program exists");
        let is_app = |pid: &u32| {
            let parent = fs::read_to_string(format!("/proc/{pid}/stat"))
                .ok()
                .and_then(|stat| {
                    // The name in parentheses may hold spaces; the parent is the second field after it.
                    stat.rsplit_once(')')?
                        .1
                        .split_whitespace()
                        .nth(1)?
                        .parse()
                        .ok()
                });
            parent == Some(self.process.id())
                && fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == binary)
        };
        fs::read_dir("/proc")
            .expect("/proc can be read")
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(is_app)
            .collect()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        for app in self.apps() {
            signal("KILL", app);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a signal to one process of ours.
fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status();
    assert!(
        sent.is_ok_and(|status| status.success()),
        "the signal {name} reaches {pid}"
    );
}

fn wait_until_gone(pid: u32) {
    let started = Instant::now();
    let alive = || {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
            !stat
                .rsplit_once(')')
                .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
        })
    };
    while alive() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "{pid} does not end"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
