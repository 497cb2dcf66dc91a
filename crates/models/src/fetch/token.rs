//! The token of an account: asked for when the hub refuses somebody it doesn't know, not before.

use std::fmt;
use std::sync::Arc;

use tokio::sync::OnceCell;

/// Where the token of an account is kept. Looking there may ask the person to unlock a keyring, and
/// a token tells the hub who asks, so nobody looks until the hub wants one, and then once.
#[derive(Clone, Default)]
pub struct TokenSource(Option<Arc<dyn Fn() -> Option<String> + Send + Sync>>);

impl TokenSource {
    /// `look` may take as long as a person needs to answer.
    pub fn new(look: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(look)))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = if self.0.is_some() {
            "somewhere"
        } else {
            "none"
        };
        write!(f, "TokenSource({there})")
    }
}

/// The token of one download.
pub(crate) struct Token {
    source: TokenSource,
    found: OnceCell<Option<String>>,
}

impl Token {
    pub(crate) fn new(source: TokenSource) -> Self {
        Self {
            source,
            found: OnceCell::new(),
        }
    }

    /// The token, if it was looked for and there is one.
    pub(crate) fn known(&self) -> Option<&str> {
        self.found.get()?.as_deref()
    }

    /// Looks for the token.
    pub(crate) async fn look(&self) -> Option<&str> {
        let found = self.found.get_or_init(|| async {
            let look = self.source.0.clone()?;
            let found = tokio::task::spawn_blocking(move || look()).await;
            found.ok().flatten().filter(|token| !token.is_empty())
        });
        found.await.as_deref()
    }
}
