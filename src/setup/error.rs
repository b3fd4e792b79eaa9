use std::fmt;

use thiserror::Error;

use crate::protocol::PublicUrlError;

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
    #[error("`extend_domain({extension})` is longer than the link's path `{path}`")]
    Extension {
        /// How many characters were asked for.
        extension: usize,
        /// What there is.
        path: String,
    },
    /// A lifetime is zero, or longer than the chain.
    #[error(
        "lifetimes are at least a second, and those of nuts no longer than the chain's: `{0}` is not"
    )]
    Lifetime(&'static str),
    /// A proxy's network cannot be read.
    #[error("`{0}` is no network: write `10.0.0.0/8`, `::1/128` or a single address")]
    Network(String),
    /// The header with the client's address is none, or not a list of addresses.
    #[error("`{0}` is no header with a list of addresses: use `x-forwarded-for` or `x-real-ip`")]
    Header(String),
    /// An address would never get anything.
    #[error("`{0}(0)` would refuse everybody: give a number, or take the limit away by name")]
    Nobody(&'static str),
    /// The body limit would refuse what well-behaved clients send.
    #[error("`body_limit({0})` is below 4096 octets: a client's request may need that much")]
    BodyLimit(usize),
    /// The name of the indexed secret cannot be sent.
    #[error("`indexed_secret` has a name of 1 to 64 printable ASCII characters")]
    SecretName,
    /// A link in the texts of the pages is none.
    #[error("the texts of the pages hold a link that is neither http nor https")]
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
        let wrong = ConfigError::from(PublicUrlError::Path);
        assert_eq!(format!("{wrong:?}"), PublicUrlError::Path.to_string());
    }
}
