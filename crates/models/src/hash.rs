//! Hashes of files, and the one whose state can be kept between two runs.

use std::fs::File;
use std::io::{self, Read};

use sha1::Digest;
use sha2::block_api::compress256;

const BLOCK: usize = 64;

/// How much of a file is read at once.
const READ_BYTES: usize = 1 << 20;

/// First state of SHA-256. Source: FIPS 180-4, section 5.3.3.
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// SHA-256 of a stream, whose state after whole blocks of 64 bytes can be written down.
/// The compression is the sha2 crate's, the padding that of FIPS 180-4, section 5.1.1.
#[derive(Clone, Debug)]
pub(crate) struct Sha256 {
    state: [u32; 8],
    bytes: u64,
    rest: Vec<u8>,
}

impl Sha256 {
    pub(crate) fn new() -> Self {
        Self::resume(START, 0)
    }

    /// Goes on from `state`, which `bytes` bytes led to: a multiple of 64.
    pub(crate) fn resume(state: [u32; 8], bytes: u64) -> Self {
        debug_assert_eq!(bytes % BLOCK as u64, 0);
        Self {
            state,
            bytes,
            rest: Vec::with_capacity(BLOCK),
        }
    }

    pub(crate) fn update(&mut self, mut data: &[u8]) {
        self.bytes += data.len() as u64;
        if !self.rest.is_empty() {
            let take = data.len().min(BLOCK - self.rest.len());
            self.rest.extend_from_slice(&data[..take]);
            data = &data[take..];
            if self.rest.len() < BLOCK {
                return;
            }
            let whole = std::mem::take(&mut self.rest);
            compress256(&mut self.state, whole.as_chunks::<BLOCK>().0);
        }
        let (blocks, rest) = data.as_chunks::<BLOCK>();
        compress256(&mut self.state, blocks);
        self.rest.extend_from_slice(rest);
    }

    /// The state, if what was read so far are whole blocks.
    pub(crate) fn state(&self) -> Option<[u32; 8]> {
        self.rest.is_empty().then_some(self.state)
    }

    pub(crate) fn finish(mut self) -> [u8; 32] {
        let bits = self.bytes.wrapping_mul(8);
        let mut end = std::mem::take(&mut self.rest);
        end.push(0x80);
        while end.len() % BLOCK != BLOCK - 8 {
            end.push(0);
        }
        end.extend_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, end.as_chunks::<BLOCK>().0);
        let mut hash = [0; 32];
        for (to, word) in hash.chunks_exact_mut(4).zip(self.state) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        hash
    }
}

/// What a file must hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileCheck {
    /// SHA-256 of its bytes.
    Sha256([u8; 32]),
    /// Git's hash of it: SHA-1 of `blob <size>\0` and its bytes. The hub has no other for
    /// small files.
    Git([u8; 20]),
}

impl FileCheck {
    /// From 64 hex digits.
    pub(crate) fn sha256(hex: &str) -> Option<Self> {
        from_hex(hex).map(Self::Sha256)
    }

    /// From 40 hex digits.
    pub(crate) fn git(hex: &str) -> Option<Self> {
        from_hex(hex).map(Self::Git)
    }

    /// As it is written down: the digits, whose number tells which hash it is.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Sha256(hash) => to_hex(hash),
            Self::Git(hash) => to_hex(hash),
        }
    }

    /// The opposite of [`text`](Self::text).
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Self::sha256(text).or_else(|| Self::git(text))
    }
}

/// SHA-256 of everything in `file` from where it stands; `went` is told of every piece read, and
/// ends the reading by answering `false`.
pub(crate) fn sha256_of(
    file: &mut File,
    went: &mut dyn FnMut(u64) -> bool,
) -> io::Result<Option<[u8; 32]>> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(hash.finish())),
            n => {
                hash.update(&buffer[..n]);
                if !went(n as u64) {
                    return Ok(None);
                }
            }
        }
    }
}

/// Git's hash of the `bytes` bytes that follow in `file`.
/// Source: <https://git-scm.com/book/en/v2/Git-Internals-Git-Objects>
pub(crate) fn git_hash_of(file: &mut File, bytes: u64) -> io::Result<[u8; 20]> {
    let mut hash = sha1::Sha1::new();
    hash.update(format!("blob {bytes}\0"));
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            n => hash.update(&buffer[..n]),
        }
    }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != 2 * N || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sha2 crate's whole implementation is the reference.
    #[test]
    fn any_cut_of_any_length_gives_the_hash_of_the_whole() {
        let data: Vec<u8> = (0..1500_u32).map(|at| ((at * 31) >> 3) as u8).collect();
        for len in (0..200).chain([511, 512, 513, 1499, 1500]) {
            let whole = &data[..len];
            let expected: [u8; 32] = sha2::Sha256::digest(whole).into();
            for step in [1, 7, 63, 64, 65, 128, 1000] {
                let mut hash = Sha256::new();
                for piece in whole.chunks(step) {
                    if let Some(state) = hash.state() {
                        hash = Sha256::resume(state, hash.bytes);
                    }
                    hash.update(piece);
                }
                assert_eq!(hash.finish(), expected, "{len} bytes in steps of {step}");
            }
        }
    }

    #[test]
    fn git_agrees_on_the_hash_of_a_file() {
        // `git hash-object` of "hello\n" and of an empty file.
        for (text, hex) in [
            ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
            ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("file");
            std::fs::write(&path, text).expect("written");
            let mut file = File::open(&path).expect("there");
            let hash = git_hash_of(&mut file, text.len() as u64).expect("read");
            assert_eq!(FileCheck::Git(hash).text(), hex);
            assert_eq!(FileCheck::from_text(hex), Some(FileCheck::Git(hash)));
        }
        assert_eq!(FileCheck::from_text("abc"), None);
        assert_eq!(FileCheck::from_text(&"g".repeat(64)), None);
    }
}
