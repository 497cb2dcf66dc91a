//! A hub on this computer with one repository, `terns/bench`, until its standard input ends:
//! `cargo run --release -p tern-models --features loopback-hub --example loopback_hub -- FOLDER`
//!
//! Every file of FOLDER is in the repository. The first line on stdout is the address, the second
//! the commit.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use tern_models::loopback_hub::LoopbackHub;

const REPO: &str = "terns/bench";

fn main() -> io::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::other("name a folder with files"))?;
    let hub = LoopbackHub::start()?;
    hub.publish_folder(REPO, &folder)?;
    let commit = hub.commit(REPO).unwrap_or_default();
    println!("{}\n{commit}", hub.endpoint());
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
