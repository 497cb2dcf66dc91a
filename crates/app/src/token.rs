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

/// Whether this computer has a keyring.
pub(crate) fn has_keyring() -> bool {
    Entry::store_status().is_ok()
}

/// The token in the keyring, else the one in the environment.
pub fn token() -> Option<String> {
    let kept = Entry::new(SERVICE, NAME).and_then(|entry| entry.get_password());
    kept.ok()
        .or_else(|| std::env::var(VARIABLE).ok())
        .filter(|token| !token.is_empty())
}

/// Keeps a token; none takes it away.
pub(crate) fn set_token(token: Option<&str>) -> Result<(), AppError> {
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
