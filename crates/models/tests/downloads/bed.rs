//! A hub with a model on it, and a folder to fetch it into.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tern_models::loopback_hub::{Asked, Fault, LoopbackHub};
use tern_models::{
    Control, Fetched, ModelsError, ModelsFolder, Network, Patience, Progress, Wish, fetch,
};

pub(crate) const REPO: &str = "terns/small";
pub(crate) const MIB: u64 = 1 << 20;

pub(crate) struct Bed {
    pub(crate) hub: LoopbackHub,
    pub(crate) root: TempDir,
}

impl Bed {
    /// A Hugging Face folder whose weights have `bytes` bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let bed = Self {
            hub: LoopbackHub::start().unwrap(),
            root: tempfile::tempdir().unwrap(),
        };
        bed.publish(bytes, 1);
        bed
    }

    pub(crate) fn publish(&self, bytes: u64, seed: u64) {
        let source = self.root.path().join(format!("source-{seed}"));
        fs::create_dir_all(&source).unwrap();
        let write = |name: &str, bytes: Vec<u8>| {
            fs::write(source.join(name), bytes).unwrap();
            source.join(name)
        };
        let config = write("config.json", format!("{{\"seed\": {seed}}}").into_bytes());
        let weights = write("model.safetensors", noise(bytes, seed));
        let readme = write("README.md", b"not needed".to_vec());
        let files = [
            ("config.json", config),
            ("model.safetensors", weights),
            ("README.md", readme),
        ];
        self.hub.publish(REPO, &files).unwrap();
    }

    pub(crate) fn folder(&self) -> ModelsFolder {
        ModelsFolder::new(self.root.path().join("models"))
    }

    pub(crate) fn network(&self) -> Network {
        Network {
            endpoint: Some(self.hub.endpoint()),
            ..Network::default()
        }
    }

    pub(crate) fn fetch(&self) -> Result<Fetched, ModelsError> {
        self.fetch_with(&Control::default(), &mut |_| {})
    }

    pub(crate) fn fetch_with(
        &self,
        control: &Control,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Fetched, ModelsError> {
        fetch(
            &self.folder(),
            &wish(),
            &self.network(),
            impatient(),
            control,
            report,
        )
    }

    /// Every file that was fetched is the published one, and nothing else is there.
    pub(crate) fn is_whole(&self, fetched: &Fetched, seed: u64) {
        assert!(fetched.path.starts_with(self.folder().path()));
        for name in ["config.json", "model.safetensors"] {
            let source = self.root.path().join(format!("source-{seed}")).join(name);
            let (got, sent) = (
                fs::read(fetched.path.join(name)).unwrap(),
                fs::read(source).unwrap(),
            );
            assert!(got == sent, "{name} is another file");
        }
        let mut names: Vec<String> = fs::read_dir(&fetched.path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["config.json", "model.safetensors", "tern-model.json"]
        );
    }

    /// Folders in the folder for models that pass for models.
    pub(crate) fn promoted(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder().path())
            .into_iter()
            .flatten()
            .flatten();
        let paths = entries.map(|entry| entry.path());
        paths.filter(|path| !path.ends_with(".downloads")).collect()
    }

    /// Bytes of the weights the place with the files sent so far.
    pub(crate) fn sent(&self) -> u64 {
        let weights = |asked: &&Asked| !asked.at_hub && asked.target.ends_with("safetensors");
        self.hub
            .asked()
            .iter()
            .filter(weights)
            .map(|asked| asked.sent.end - asked.sent.start)
            .sum()
    }

    /// The `n`th answer of the place with the files, from 0, has this fault; so do the next
    /// `times - 1`.
    pub(crate) fn break_answer(&self, n: usize, times: usize, fault: &Fault) {
        let (mut at, fault) = (0, fault.clone());
        self.hub.set_script(move |asked| {
            if asked.at_hub {
                return Fault::None;
            }
            at += 1;
            match (n..n + times).contains(&(at - 1)) {
                true => fault.clone(),
                false => Fault::None,
            }
        });
    }
}

pub(crate) fn wish() -> Wish {
    Wish::parse(REPO).unwrap()
}

/// Waits of milliseconds, so that a test does not sit them out.
pub(crate) fn impatient() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(5),
        window: Duration::from_millis(250),
        least: 4 << 10,
        first_wait: Duration::from_millis(2),
        longest_wait: Duration::from_millis(20),
        nonsense: 5,
    }
}

/// Bytes that differ everywhere (xorshift, <https://www.jstatsoft.org/article/view/v008i14>).
pub(crate) fn noise(bytes: u64, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = bytes.div_ceil(8);
    let mut noise = Vec::with_capacity(usize::try_from(words * 8).unwrap());
    for _ in 0..words {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(usize::try_from(bytes).unwrap());
    noise
}
