//! Ctrl-C, for commands that have something to bring to an end.

use std::thread;

/// What a shell expects of a program that Ctrl-C ended.
pub(crate) const EXIT_CODE: u8 = 130;

/// Calls `stop` at the first Ctrl-C; a second one ends the program where it is.
pub(crate) fn on_interrupt(stop: impl FnOnce() + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        // Then Ctrl-C ends the program at once, as it does by itself.
        return;
    };
    thread::spawn(move || {
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop();
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(i32::from(EXIT_CODE));
            }
        });
    });
}
