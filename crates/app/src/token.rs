//! The token for the hub, kept in the system's keyring and nowhere else.

use keyring::{Entry, Error};

use crate::AppError;

/// What the keyring calls it.
const SERVICE: &str = "Tern";
const NAME: &str = "Hugging Face token";
/// For a terminal without a keyring; the hub's own tools read it, too.
const VARIABLE: &str = "HF_TOKEN";
/// Longest token, in bytes: far beyond any the hub gives out.
const LONGEST: usize = 500;

/// Where the token for the hub is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// In the keyring.
    Kept,
    /// In the environment, and the keyring has none.
    Environment,
    /// Nowhere; the keyring can take one.
    Missing,
    /// Nowhere, and this computer has no keyring.
    NoKeyring,
}

/// Looks for the token; a keyring that is locked may ask the person.
pub fn token_state() -> TokenState {
    if kept().is_some() {
        TokenState::Kept
    } else if from_environment().is_some() {
        TokenState::Environment
    } else if Entry::store_status().is_ok() {
        TokenState::Missing
    } else {
        TokenState::NoKeyring
    }
}

/// The token in the keyring, else the one in the environment.
pub fn token() -> Option<String> {
    kept().or_else(from_environment)
}

fn kept() -> Option<String> {
    let kept = Entry::new(SERVICE, NAME).and_then(|entry| entry.get_password());
    kept.ok().filter(|token| !token.is_empty())
}

fn from_environment() -> Option<String> {
    let token = std::env::var(VARIABLE).ok();
    token.filter(|token| !token.is_empty())
}

/// Keeps a token for the hub in the system's keyring; none takes it away.
///
/// # Errors
/// [`AppError::Keyring`] when there is none that can be used, [`AppError::BadToken`].
pub fn set_token(token: Option<&str>) -> Result<(), AppError> {
    let fail = |error: Error| AppError::Keyring {
        detail: error.to_string(),
    };
    let entry = Entry::new(SERVICE, NAME).map_err(fail)?;
    match token.map(str::trim) {
        None | Some("") => match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(fail(error)),
        },
        // It goes into a header: one line of plain characters.
        Some(token) if token.len() > LONGEST || !token.bytes().all(|b| b.is_ascii_graphic()) => {
            Err(AppError::BadToken)
        }
        Some(token) => entry.set_password(token).map_err(fail),
    }
}
