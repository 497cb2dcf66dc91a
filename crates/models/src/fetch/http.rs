//! Requests: who may be asked, what may be followed, and what an answer means.

use std::error::Error;
use std::io;
use std::ops::Range;
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, HeaderMap, IF_RANGE, LOCATION, RANGE, RETRY_AFTER,
};
use reqwest::{Client, NoProxy, Response, StatusCode, Url, redirect};

use super::token::{Token, TokenSource};
use crate::hub::Endpoint;
use crate::names::printable;
use crate::{ModelsError, ProxyChoice, Setback};

/// Redirects that are followed for one request.
const MAX_REDIRECTS: usize = 8;
/// Longest answer of the hub's API, in bytes.
const MAX_API_BYTES: usize = 16 << 20;
/// Longest time a server may ask to wait.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// How requests reach the hub.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Another address than the hub's own; `HF_ENDPOINT` counts where none is set.
    pub endpoint: Option<String>,
    /// Proxy.
    pub proxy: ProxyChoice,
    /// Token of an account, shown to the hub when it wants one, and to nobody it leads to.
    pub token: TokenSource,
}

/// How long is waited for what.
#[derive(Clone, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the first bytes of an answer.
    pub answer: Duration,
    /// Window in which at least [`least`](Self::least) bytes must come.
    pub window: Duration,
    /// See [`window`](Self::window).
    pub least: u64,
    /// First wait after a setback; each next one is twice as long.
    pub first_wait: Duration,
    /// Longest wait.
    pub longest_wait: Duration,
    /// How often a server may answer nonsense, with nothing good between, before Tern gives up.
    /// No connection, and a server in trouble, are waited for without end.
    pub nonsense: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            answer: Duration::from_secs(60),
            window: Duration::from_secs(30),
            least: 16 << 10,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            nonsense: 5,
        }
    }
}

impl Patience {
    /// How long is waited after so many setbacks in a row, at least one; a server may have asked
    /// for more.
    pub(crate) fn wait(&self, setbacks: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first_wait * 2_u32.saturating_pow(setbacks.clamp(1, 17) - 1);
        doubled
            .min(self.longest_wait)
            .max(asked.unwrap_or_default())
    }
}

/// Why a request gave nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It may work later; the server may have said when.
    Passing(Setback, Option<Duration>),
    /// What is there of the file is worth nothing.
    StartOver(Setback),
    /// It never will.
    Final(ModelsError),
}

impl From<ModelsError> for Failure {
    fn from(error: ModelsError) -> Self {
        Self::Final(error)
    }
}

/// An answer with the wanted bytes in it.
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) response: Response,
}

pub(crate) struct Http {
    client: Client,
    pub(crate) endpoint: Endpoint,
    token: Token,
    pub(crate) patience: Patience,
}

impl Http {
    /// # Errors
    /// [`ModelsError::BadEndpoint`] or [`ModelsError::BadProxy`].
    pub(crate) fn new(network: &Network, patience: Patience) -> Result<Self, ModelsError> {
        // An error means that there is one already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(concat!("tern/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(patience.connect);
        let builder = match &network.proxy {
            ProxyChoice::System => builder,
            ProxyChoice::Off => builder.no_proxy(),
            ProxyChoice::Manual { address } => builder.proxy(proxy(address)?),
        };
        let client = builder.build().map_err(|_| ModelsError::BadProxy {
            address: match &network.proxy {
                ProxyChoice::Manual { address } => printable(address),
                _ => "the system's proxy".to_owned(),
            },
        })?;
        Ok(Self {
            client,
            endpoint: Endpoint::choose(network.endpoint.as_deref())?,
            token: Token::new(network.token.clone()),
            patience,
        })
    }

    /// Asks for `url`, following redirects that may be followed. `look` sees the headers of the
    /// first answer before anything else is asked for.
    pub(crate) async fn get(
        &self,
        url: Url,
        range: Option<&Range<u64>>,
        etag: Option<&str>,
        look: &(dyn Fn(&HeaderMap) -> Result<(), Failure> + Sync),
    ) -> Result<Answer, Failure> {
        let mut url = url;
        let mut hop = 0;
        while hop <= MAX_REDIRECTS {
            if !self.endpoint.may_lead_to(&url) {
                return Err(Failure::Final(ModelsError::Insecure {
                    address: printable(url.as_str()),
                }));
            }
            let is_hub = self.endpoint.is_origin_of(&url);
            let mut request = self
                .client
                .get(url.clone())
                .header(ACCEPT_ENCODING, "identity");
            let token = self.token.known().filter(|_| is_hub);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            if let Some(range) = range {
                request = request.header(RANGE, format!("bytes={}-{}", range.start, range.end - 1));
                if let Some(etag) = etag {
                    request = request.header(IF_RANGE, etag);
                }
            }
            let sent = tokio::time::timeout(self.patience.answer, request.send()).await;
            let response = match sent {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(Failure::Passing(setback(&error), None)),
                Err(_) => return Err(Failure::Passing(Setback::TimedOut, None)),
            };
            let status = response.status();
            let is_refused = status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN;
            if is_hub && is_refused && token.is_none() && self.token.look().await.is_some() {
                // Once more, as somebody the hub knows.
                continue;
            }
            if hop == 0 {
                look(response.headers())?;
            }
            hop += 1;
            if !is_redirect(status) {
                return self.judge(Answer { url, response });
            }
            let headers = response.headers();
            let location = headers.get(LOCATION).and_then(|to| to.to_str().ok());
            url = location
                .and_then(|to| url.join(to).ok())
                .ok_or(Failure::Passing(
                    Setback::Nonsense("a redirect to nowhere"),
                    None,
                ))?;
        }
        Err(Failure::Final(ModelsError::RedirectLoop {
            host: self.endpoint.host().to_owned(),
        }))
    }

    fn judge(&self, answer: Answer) -> Result<Answer, Failure> {
        let status = answer.response.status();
        let headers = answer.response.headers();
        let is_hub = self.endpoint.is_origin_of(&answer.url);
        match status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
                let plain = headers
                    .get(CONTENT_ENCODING)
                    .is_none_or(|as_is| as_is == "identity");
                match plain {
                    true => Ok(answer),
                    false => Err(Failure::Passing(Setback::Nonsense("a changed file"), None)),
                }
            }
            StatusCode::RANGE_NOT_SATISFIABLE => Err(Failure::StartOver(Setback::Changed)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if is_hub => {
                Err(Failure::Final(self.refusal(&answer)))
            }
            StatusCode::NOT_FOUND | StatusCode::GONE if is_hub => {
                Err(Failure::Final(self.not_there(&answer)))
            }
            // The link the hub gave out has run dry: it gives another.
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS => Err(Failure::Passing(
                Setback::Refused(status.as_u16()),
                retry_after(headers),
            )),
            _ if status.is_server_error() => Err(Failure::Passing(
                Setback::Refused(status.as_u16()),
                retry_after(headers),
            )),
            _ => Err(Failure::Passing(
                Setback::Nonsense("an unknown status"),
                None,
            )),
        }
    }

    /// What is said when the server goes on like this.
    pub(crate) fn undelivered(&self, setback: Setback) -> ModelsError {
        ModelsError::Undelivered {
            host: self.endpoint.host().to_owned(),
            setback,
        }
    }

    fn refusal(&self, answer: &Answer) -> ModelsError {
        // The hub answers so for what isn't there, too, as it doesn't tell strangers the difference.
        match answer
            .response
            .headers()
            .get("x-error-code")
            .map(|code| code.as_bytes())
        {
            Some(b"RepoNotFound") => self.not_there(answer),
            _ => ModelsError::NeedsToken {
                host: self.endpoint.host().to_owned(),
                repo: what_is_asked(&answer.url),
            },
        }
    }

    fn not_there(&self, answer: &Answer) -> ModelsError {
        ModelsError::NotOnHub {
            host: self.endpoint.host().to_owned(),
            what: what_is_asked(&answer.url),
        }
    }

    /// An answer of the hub's API, whole, and the address of the next page if there is one.
    pub(crate) async fn api(&self, url: Url) -> Result<(Vec<u8>, Option<Url>), Failure> {
        let mut answer = self.get(url, None, None, &|_| Ok(())).await?;
        let next = next_page(answer.response.headers()).and_then(|to| answer.url.join(&to).ok());
        let mut body = Vec::new();
        let read = async {
            while let Some(chunk) = answer.response.chunk().await? {
                body.extend_from_slice(&chunk);
                if body.len() > MAX_API_BYTES {
                    break;
                }
            }
            Ok::<_, reqwest::Error>(())
        };
        match tokio::time::timeout(self.patience.answer, read).await {
            Ok(Ok(())) if body.len() > MAX_API_BYTES => {
                Err(Failure::Passing(Setback::Nonsense("an endless list"), None))
            }
            Ok(Ok(())) => Ok((body, next)),
            Ok(Err(error)) => Err(Failure::Passing(setback(&error), None)),
            Err(_) => Err(Failure::Passing(Setback::TooSlow, None)),
        }
    }
}

fn proxy(address: &str) -> Result<reqwest::Proxy, ModelsError> {
    let bad = || ModelsError::BadProxy {
        address: printable(address),
    };
    let url = Url::parse(address).map_err(|_| bad())?;
    if !["http", "https", "socks5", "socks5h"].contains(&url.scheme()) || !url.has_host() {
        return Err(bad());
    }
    let proxy = reqwest::Proxy::all(url).map_err(|_| bad())?;
    Ok(proxy.no_proxy(NoProxy::from_string("localhost,127.0.0.0/8,::1")))
}

/// The last parts of an address, as people know the repository or file by.
fn what_is_asked(url: &Url) -> String {
    let path = url.path().trim_start_matches('/');
    let path = path.strip_prefix("api/models/").unwrap_or(path);
    let path = ["/resolve/", "/revision/", "/tree/"]
        .iter()
        .fold(path.to_owned(), |path, between| {
            path.replacen(between, " @ ", 1)
        });
    printable(&path)
}

fn is_redirect(status: StatusCode) -> bool {
    [301, 302, 303, 307, 308].contains(&status.as_u16())
}

/// Seconds; a date would need a clock that agrees with the server's.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

/// `Link: <address>; rel="next"`.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get("link")?.to_str().ok()?;
    let next = links
        .split(',')
        .find(|link| link.contains("rel=\"next\""))?;
    let (address, _) = next.trim().strip_prefix('<')?.split_once('>')?;
    Some(address.to_owned())
}

/// The ETag, if it stands for these very bytes.
pub(crate) fn strong_etag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get(ETAG)?.to_str().ok()?.trim();
    let quoted = etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"');
    (quoted && etag.len() <= super::state::MAX_ETAG).then(|| etag.to_owned())
}

/// What an error of the connection means for a person.
pub(crate) fn setback(error: &reqwest::Error) -> Setback {
    match error {
        _ if is_of_tls(error) => Setback::Unsafe,
        _ if error.is_timeout() => Setback::TimedOut,
        _ if error.is_connect() => Setback::Unreachable,
        _ => Setback::CutShort,
    }
}

/// Whether TLS is at the bottom of an error. An `io::Error` does not count what it holds as its
/// source, so it is looked into.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let held = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || held.is_some_and(|held| is_of_tls(held))
        || error.source().is_some_and(is_of_tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_of_a_kind_that_is_known() {
        for good in [
            "http://proxy:3128",
            "https://proxy",
            "socks5://127.0.0.1:9050",
            "socks5h://p:1",
        ] {
            proxy(good).expect(good);
        }
        for bad in ["proxy:3128", "ftp://proxy", "http://", "", "file:///x"] {
            assert!(proxy(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_an_etag_for_the_very_bytes_counts() {
        let headers = |etag: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ETAG, etag.parse().expect("a header"));
            headers
        };
        assert_eq!(strong_etag(&headers("\"abc\"")).as_deref(), Some("\"abc\""));
        for weak in ["W/\"abc\"", "abc", "\"\"", ""] {
            assert_eq!(strong_etag(&headers(weak)), None, "{weak}");
        }
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        let mut headers = HeaderMap::new();
        let links = "</first>; rel=\"first\", <https://hub/api?cursor=2>; rel=\"next\"";
        headers.insert("link", links.parse().expect("a header"));
        assert_eq!(
            next_page(&headers).as_deref(),
            Some("https://hub/api?cursor=2")
        );
    }
}
