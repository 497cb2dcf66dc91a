//! What a repository on the hub is called.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::ModelsError;
use crate::names::printable;

/// The hub when nothing else is set.
const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
/// The environment variable that names another.
const ENDPOINT_VARIABLE: &str = "HF_ENDPOINT";

/// `owner/name` of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoId(String);

impl RepoId {
    /// Reads `owner/name`: letters, digits, `-`, `_` and `.`, as the hub allows them.
    ///
    /// # Errors
    /// [`ModelsError::BadRepo`].
    pub fn parse(text: &str) -> Result<Self, ModelsError> {
        let valid = |part: &str| {
            (1..=96).contains(&part.len())
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
                && !part.starts_with(['.', '-'])
                && !part.contains("..")
        };
        match text.split_once('/') {
            Some((owner, name)) if valid(owner) && valid(name) => Ok(Self(text.to_owned())),
            _ => Err(ModelsError::BadRepo {
                name: printable(text),
            }),
        }
    }

    /// `owner/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RepoId {
    type Error = ModelsError;

    fn try_from(text: String) -> Result<Self, ModelsError> {
        Self::parse(&text)
    }
}

impl From<RepoId> for String {
    fn from(repo: RepoId) -> Self {
        repo.0
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A commit: 40 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl Commit {
    /// Reads 40 hex digits; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let whole = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Commit {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("a commit has 40 hex digits")
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

/// A branch, tag or commit, as a person names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Revision(String);

impl Revision {
    /// Reads a revision; none for one that could not stand in an address.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = (1..=200).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
            && text
                .split('/')
                .all(|part| !part.is_empty() && !part.starts_with('.'))
            && !text.contains("..");
        valid.then(|| Self(text.to_owned()))
    }

    /// The branch every repository has.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// As it was named.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Revision {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("not a revision")
    }
}

impl From<Revision> for String {
    fn from(revision: Revision) -> Self {
        revision.0
    }
}

/// The address of a hub: `https`, or `http` on this computer itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// The hub to ask: the one a person set, else the environment's `HF_ENDPOINT`, else
    /// `huggingface.co`.
    ///
    /// # Errors
    /// [`ModelsError::BadEndpoint`].
    pub fn choose(set: Option<&str>) -> Result<Self, ModelsError> {
        let environment = std::env::var(ENDPOINT_VARIABLE).ok();
        let named = [set, environment.as_deref()]
            .into_iter()
            .flatten()
            .find(|text| !text.trim().is_empty());
        Self::parse(named.unwrap_or(DEFAULT_ENDPOINT))
    }

    /// Reads an address.
    ///
    /// # Errors
    /// [`ModelsError::BadEndpoint`] for anything but `https://host[:port][/path]`, or `http` on
    /// a loopback address.
    pub fn parse(text: &str) -> Result<Self, ModelsError> {
        let bad = || ModelsError::BadEndpoint {
            address: printable(text),
        };
        let url = Url::parse(text.trim().trim_end_matches('/')).map_err(|_| bad())?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.has_host();
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if bare && safe {
            Ok(Self(url))
        } else {
            Err(bad())
        }
    }

    /// An address below the hub's.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // An address with a host has segments: `parse` looked.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(segments.iter().flat_map(|part| part.split('/')));
        }
        url
    }

    /// The host, for people.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether a request to `url` is one this hub may lead to: `https`, or, from a hub on this
    /// computer, `http` on this computer.
    pub(crate) fn may_lead_to(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.0.scheme() == "http" && is_loopback(url),
            _ => false,
        }
    }

    /// Whether `url` has this hub's scheme, host and port, so that it may see the token.
    pub(crate) fn is_origin_of(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_computer_alone() {
        for good in [
            "https://huggingface.co",
            "https://mirror.example/hf/",
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:80",
        ] {
            Endpoint::parse(good).expect(good);
        }
        for bad in [
            "http://huggingface.co",
            "http://127.0.0.1.example",
            "http://0.0.0.0",
            "ftp://localhost",
            "file:///etc",
            "https://user:word@host",
            "https://host?x=1",
            "huggingface.co",
            "",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_stay_on_https() {
        let hub = Endpoint::parse("https://huggingface.co").expect("an address");
        let local = Endpoint::parse("http://127.0.0.1:99").expect("an address");
        let url = |text| Url::parse(text).expect("an address");
        assert!(hub.may_lead_to(&url("https://cdn.example/a")));
        assert!(!hub.may_lead_to(&url("http://cdn.example/a")));
        assert!(!hub.may_lead_to(&url("http://127.0.0.1/a")));
        assert!(!hub.may_lead_to(&url("file:///etc/passwd")));
        assert!(local.may_lead_to(&url("http://localhost:1/a")));
        assert!(!local.may_lead_to(&url("http://cdn.example/a")));
        assert!(!hub.is_origin_of(&url("https://cdn.example/a")));
        assert!(!hub.is_origin_of(&url("https://huggingface.co:444/a")));
    }

    #[test]
    fn a_mirror_may_have_a_path() {
        let hub = Endpoint::parse("https://mirror.example/hf/").expect("an address");
        assert_eq!(
            hub.join(&["api", "models", "a/b"]).as_str(),
            "https://mirror.example/hf/api/models/a/b"
        );
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in [
            "a", "a/b/c", "../b", "a/..", "a/b?x", "a/b#x", "a/%2e", "/b", "a/", "a b/c",
        ] {
            assert!(RepoId::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "..", "a/../b", "a//b", "a?b", "a b", ".git"] {
            assert!(Revision::parse(bad).is_none(), "{bad}");
        }
        assert!(Revision::parse("refs/pr/1").is_some());
    }
}
