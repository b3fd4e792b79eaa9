use std::fmt;

use thiserror::Error;

use super::checks::{LEAST_BODY_LIMIT, LONGEST_SECRET_NAME};
use tower_sqrl_core::protocol::PublicUrlError;

/// What is wrong with a configuration. Each says what to write instead, also by `Debug`: that is
/// what a `main` that returns it prints.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The public URL cannot be used.
    #[error(transparent)]
    PublicUrl(#[from] PublicUrlError),
    /// A path is malformed.
    #[error("`{name}` is a path from the root, as in `{example}`, of plain segments: not `{path}`")]
    Path {
        /// The builder's method.
        name: &'static str,
        /// A path that would do.
        example: &'static str,
        /// The path that was given.
        path: String,
    },
    /// Two paths are the same.
    #[error("`sign_in_path` and `signed_in_path` are both `{0}`: give them a path each")]
    SamePath(String),
    /// The authentication domain reaches into the query.
    #[error(
        "`extend_domain({extension})` reaches past the link's path `{path}`: write {} at most",
        path.len()
    )]
    Extension {
        /// How many characters were asked for.
        extension: usize,
        /// What there is.
        path: String,
    },
    /// A lifetime is shorter than a second, or a nut's longer than its chain's.
    #[error(
        "`{0}` is out of bounds: write a second or more, and for nuts no more than `chain_lifetime`"
    )]
    Lifetime(&'static str),
    /// A proxy's network cannot be read.
    #[error("`{0}` is no network: write `10.0.0.0/8`, `::1/128` or a single address")]
    Network(String),
    /// What is to be the header with the client's address is no header, or one that does not hold a
    /// list of addresses.
    #[error("`{0}` is no header with a list of addresses: use `x-forwarded-for` or `x-real-ip`")]
    Header(String),
    /// A limit of 0, below which no address can stay.
    #[error("`{name}(0)` would refuse everybody: write 1 or more, or `{without}()` for no limit")]
    ZeroLimit {
        /// The builder's method.
        name: &'static str,
        /// The method that takes the limit away.
        without: &'static str,
    },
    /// The body limit would refuse what well-behaved clients send.
    #[error(
        "`body_limit({0})` is too small for a client's request: write {LEAST_BODY_LIMIT} or more"
    )]
    BodyLimit(usize),
    /// The name of the indexed secret cannot be sent.
    #[error("`indexed_secret` takes a name of 1 to {LONGEST_SECRET_NAME} visible ASCII characters")]
    SecretName,
    /// `Texts::install_url` is not an http(s) URL or an absolute path.
    #[error("`Texts::install_url` must be an http(s) URL or an absolute path")]
    Texts,
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_that_fails_says_what_to_write() {
        let wrong = ConfigError::Network("nginx".to_owned());
        let says = "`nginx` is no network: write `10.0.0.0/8`, `::1/128` or a single address";
        assert_eq!(format!("{:?}", Box::<dyn std::error::Error>::from(wrong)), says);
        let says = "`body_limit(1024)` is too small for a client's request: write 4096 or more";
        assert_eq!(ConfigError::BodyLimit(1024).to_string(), says);
        let wrong = ConfigError::from(PublicUrlError::Path);
        assert_eq!(format!("{wrong:?}"), PublicUrlError::Path.to_string());
    }
}
