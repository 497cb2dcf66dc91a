//! Where the program's log lines go.

use tracing_subscriber::EnvFilter;

/// Sends log lines to stderr: warnings and errors, or what `TERN_LOG` asks for (`debug`,
/// `tern_app=trace`, …). Call it once, before anything else.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("TERN_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
