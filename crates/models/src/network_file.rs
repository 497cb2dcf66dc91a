//! How Tern may reach the network, as the person set it: `network.json` in the data folder.
//!
//! A file of its own, because the command line must obey it while a window has the history, where
//! every other setting lies, to itself.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ModelsError, Network, TokenSource, atomic};

/// Longest file that is read, in bytes. A longer one is not ours.
const MAX_BYTES: u64 = 64 << 10;

/// Through what downloads reach the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProxyChoice {
    /// As the computer, or the environment, is set.
    #[default]
    System,
    /// Nothing in between.
    Off,
    /// This one.
    Manual {
        /// Its address: `http://`, `https://`, `socks5://` or `socks5h://`.
        address: String,
    },
}

/// How Tern may reach the network. A key missing on disk takes its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSettings {
    /// Address models are downloaded from in the hub's place; none is the hub.
    pub mirror: Option<String>,
    /// Through what downloads reach the network.
    pub proxy: ProxyChoice,
    /// Nothing may connect; downloads are refused.
    pub offline: bool,
}

impl NetworkSettings {
    /// Reads the settings of a data folder; none if nothing was ever set.
    ///
    /// # Errors
    /// [`ModelsError::NetworkSettings`] when the file can't be read or understood. Whether the
    /// offline lock is on is not known then, so nothing may be downloaded.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, ModelsError> {
        let path = path_in(data_dir);
        let fail = |source| ModelsError::NetworkSettings {
            path: path.clone(),
            source,
        };
        let mut json = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut json));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fail(error)),
            // By way of a map: serde would take a list for settings, too.
            Ok(_) => serde_json::from_slice::<Map<String, Value>>(&json)
                .and_then(|map| serde_json::from_value(map.into()))
                .map(Some)
                .map_err(|error| fail(error.into())),
        }
    }

    /// Replaces the settings of a data folder, whole or not at all.
    ///
    /// # Errors
    /// [`ModelsError::Folder`] or [`ModelsError::FolderFull`]; the settings on disk are as they were.
    pub fn write(&self, data_dir: &Path) -> Result<(), ModelsError> {
        let path = path_in(data_dir);
        let json = serde_json::to_vec_pretty(self).map_err(io::Error::other);
        atomic::create_folders(data_dir)
            .and(json)
            .and_then(|json| atomic::write(&path, &json))
            .map_err(|error| ModelsError::folder(&path, error))
    }

    /// The way to the hub under these settings. Whether it may be taken is the caller's to ask.
    pub fn network(&self, token: TokenSource) -> Network {
        Network {
            endpoint: self.mirror.clone(),
            proxy: self.proxy.clone(),
            token,
        }
    }
}

fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("network.json")
}
