//! What leaves this computer: links handed to the browser, and connections, which there should
//! be none of.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::clock::now_ms;
use crate::live::lock;

/// Lines kept; the oldest go first.
const LONGEST: usize = 500;

/// What left this computer since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionLog {
    /// When Tern was started, in milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// When the system was last asked for this program's connections; none where it can't be.
    pub checked_at_ms: Option<i64>,
    /// How often it was asked.
    pub checks: u32,
    /// What happened, newest first.
    pub entries: Vec<ConnectionEntry>,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionEntry {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// What happened.
    pub kind: ConnectionKind,
    /// Where to: an address, or a link.
    pub target: String,
}

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionKind {
    /// A link handed to the browser, on request.
    Link,
    /// A download the person asked for: the hub, or an address it led to.
    Download,
    /// A connection of this program to another computer that nobody asked for.
    Connection,
}

/// The log as it grows.
pub(crate) struct Connections {
    log: Mutex<ConnectionLog>,
    /// Remote ends that are in the log already.
    seen: Mutex<BTreeSet<String>>,
}

impl Connections {
    pub(crate) fn new() -> Self {
        Self {
            log: Mutex::new(ConnectionLog {
                since_ms: now_ms(),
                ..ConnectionLog::default()
            }),
            seen: Mutex::default(),
        }
    }

    /// Notes a link that was handed to the browser.
    pub(crate) fn note_link(&self, url: &str) {
        self.note(ConnectionKind::Link, url);
    }

    /// Notes that something is downloaded from `host`, on request.
    pub(crate) fn note_download(&self, host: &str) {
        self.note(ConnectionKind::Download, host);
    }

    /// Asks the system for connections to other computers and returns the log. What is found while
    /// something is downloaded belongs to the download.
    pub(crate) fn check(&self, downloading: bool) -> ConnectionLog {
        let kind = match downloading {
            true => ConnectionKind::Download,
            false => ConnectionKind::Connection,
        };
        if let Some(remotes) = open_connections() {
            for remote in remotes {
                if lock(&self.seen).insert(remote.clone()) {
                    self.note(kind, &remote);
                }
            }
            let mut log = lock(&self.log);
            log.checked_at_ms = Some(now_ms());
            log.checks = log.checks.saturating_add(1);
        }
        lock(&self.log).clone()
    }

    fn note(&self, kind: ConnectionKind, target: &str) {
        let entry = ConnectionEntry {
            at_ms: now_ms(),
            kind,
            target: target.to_owned(),
        };
        let mut log = lock(&self.log);
        log.entries.insert(0, entry);
        log.entries.truncate(LONGEST);
    }
}

/// Remote ends of this program's connections to other computers, its webview's processes
/// included. None where the system can't be asked.
#[cfg(target_os = "linux")]
fn open_connections() -> Option<BTreeSet<String>> {
    linux::open_connections().ok()
}

#[cfg(not(target_os = "linux"))]
fn open_connections() -> Option<BTreeSet<String>> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::collections::{BTreeSet, HashSet};
    use std::fs;
    use std::io;

    /// Tables of a process's network: proc_pid_net(5).
    const TABLES: [&str; 4] = ["tcp", "tcp6", "udp", "udp6"];

    pub(super) fn open_connections() -> io::Result<BTreeSet<String>> {
        let mut sockets = HashSet::new();
        for process in this_and_its_children() {
            sockets.extend(sockets_of(process));
        }
        let mut remotes = BTreeSet::new();
        for table in TABLES {
            // A kernel without IPv6 has no such table.
            let Ok(text) = fs::read_to_string(format!("/proc/self/net/{table}")) else {
                continue;
            };
            let rows = text.lines().skip(1).filter_map(row);
            remotes.extend(
                rows.filter(|(remote, inode)| {
                    sockets.contains(inode)
                        && !remote.ip().is_loopback()
                        && !remote.ip().is_unspecified()
                })
                .map(|(remote, _)| remote.to_string()),
            );
        }
        Ok(remotes)
    }

    /// This process, and every one it started: on Linux the webview runs in children.
    fn this_and_its_children() -> Vec<u32> {
        let mut found = vec![std::process::id()];
        let mut next = 0;
        while let Some(&process) = found.get(next) {
            next += 1;
            let threads = fs::read_dir(format!("/proc/{process}/task"));
            for thread in threads.into_iter().flatten().flatten() {
                let children = fs::read_to_string(thread.path().join("children"));
                let children = children.unwrap_or_default();
                found.extend(
                    children
                        .split_whitespace()
                        .filter_map(|id| id.parse::<u32>().ok()),
                );
            }
        }
        found
    }

    /// Inodes of a process's sockets, from links like `socket:[12345]`.
    fn sockets_of(process: u32) -> HashSet<u64> {
        let files = fs::read_dir(format!("/proc/{process}/fd"));
        files
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|file| {
                let link = fs::read_link(file.path()).ok()?;
                let link = link.to_str()?;
                link.strip_prefix("socket:[")?
                    .strip_suffix(']')?
                    .parse()
                    .ok()
            })
            .collect()
    }

    /// Remote address and inode of a table's row:
    /// `0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4242 …`.
    pub(super) fn row(line: &str) -> Option<(SocketAddr, u64)> {
        let mut fields = line.split_whitespace();
        let remote = address(fields.nth(2)?)?;
        let inode = fields.nth(6)?.parse().ok()?;
        Some((remote, inode))
    }

    /// Words of an address are in the computer's own byte order, the port is a plain number.
    fn address(text: &str) -> Option<SocketAddr> {
        let (words, port) = text.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let word = |at: usize| {
            let word = words.get(8 * at..8 * at + 8)?;
            Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
        };
        let ip = match words.len() {
            8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
            32 => {
                let mut bytes = [0; 16];
                for at in 0..4 {
                    bytes[4 * at..4 * at + 4].copy_from_slice(&word(at)?);
                }
                let ip = Ipv6Addr::from(bytes);
                ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)
            }
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_noted_newest_first() {
        let connections = Connections::new();
        connections.note_link("https://example.org/a");
        connections.note_link("https://example.org/b");
        let log = connections.check(false);
        let targets: Vec<&str> = log.entries.iter().map(|e| &*e.target).collect();
        assert_eq!(targets, ["https://example.org/b", "https://example.org/a"]);
        assert!(log.entries.iter().all(|e| e.kind == ConnectionKind::Link));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn rows_of_the_systems_tables_are_understood() {
        let row = |line| linux::row(line).map(|(remote, inode)| (remote.to_string(), inode));
        assert_eq!(
            row(
                "   1: 0100007F:0277 08080808:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0"
            ),
            Some(("8.8.8.8:443".to_owned(), 4242))
        );
        assert_eq!(
            row(
                "   0: 00000000000000000000000001000000:0277 0000000000000000FFFF000008080808:0035 07 00000000:00000000 00:00000000 00000000 0 0 77 2 0"
            ),
            Some(("8.8.8.8:53".to_owned(), 77))
        );
        assert_eq!(row("  sl  local_address"), None);
    }

    /// A connected UDP socket sends nothing, so this opens no connection, but it has a remote end.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_with_a_remote_end_is_seen_once() {
        use std::net::UdpSocket;

        let connections = Connections::new();
        assert_eq!(connections.check(false).checks, 1);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        socket.connect("127.0.0.1:9").expect("loopback");
        assert_eq!(
            connections.check(false).entries,
            [],
            "loopback is this computer"
        );
        // A computer without a network has no route, and so nothing to look at.
        let Ok(socket) = UdpSocket::bind("0.0.0.0:0") else {
            return;
        };
        if socket.connect("192.0.2.1:9").is_err() {
            return;
        }
        for _ in 0..2 {
            let log = connections.check(false);
            let targets: Vec<&str> = log.entries.iter().map(|e| &*e.target).collect();
            assert_eq!(targets, ["192.0.2.1:9"]);
        }
    }
}
