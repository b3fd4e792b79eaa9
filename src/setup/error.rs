use thiserror::Error;

use tower_sqrl_core::protocol::PublicUrlError;

/// The length of the longest ordinary request, in bytes, rounded up. It repeats the server's longest
/// reply, which has a question of 2048 characters, and adds all keys, secrets and signatures.
pub(super) const MIN_BODY_LIMIT: usize = 4096;

/// The maximum length of an indexed secret's name, in bytes. Each reply has this name.
pub(super) const MAX_SECRET_NAME: usize = 64;

/// An invalid configuration. The message says what to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The public URL is invalid.
    #[error(transparent)]
    PublicUrl(#[from] PublicUrlError),
    /// A path is invalid.
    #[error(
        "`{name}` must be an absolute path of plain segments, such as `{example}`, not `{path}`"
    )]
    Path {
        /// The builder's method.
        name: &'static str,
        /// A valid path.
        example: &'static str,
        /// The invalid path.
        path: String,
    },
    /// `sign_in_path` and `signed_in_path` are equal.
    #[error("`sign_in_path` and `signed_in_path` are both `{0}`; use two different paths")]
    SamePath(String),
    /// `extend_domain` exceeds the path of SQRL URLs.
    #[error(
        "`extend_domain({characters})` exceeds the path `{path}` of SQRL URLs; use at most {}",
        path.len()
    )]
    ExtendDomain {
        /// The argument of `extend_domain`.
        characters: usize,
        /// The path of SQRL URLs.
        path: String,
    },
    /// A lifetime is shorter than a second, or a nut's lifetime is longer than its chain's.
    #[error(
        "`{0}` is out of range; use at least one second, and for nuts at most `chain_lifetime`"
    )]
    Lifetime(&'static str),
    /// The argument of `trusted_proxy` is not a network.
    #[error("`{0}` is not a network; use a form such as `10.0.0.0/8`, `::1/128` or `10.0.0.5`")]
    Network(String),
    /// The argument of `address_header` is not the name of a header with a list of addresses.
    #[error("`{0}` is not a header with a list of addresses; use `x-forwarded-for` or `x-real-ip`")]
    Header(String),
    /// A limit is 0.
    #[error(
        "`{name}(0)` would refuse every request; use at least 1, or `{without}()` for no limit"
    )]
    ZeroLimit {
        /// The builder's method.
        name: &'static str,
        /// The method that removes the limit.
        without: &'static str,
    },
    /// The body limit is too small for the requests of ordinary clients.
    #[error("`body_limit({0})` is too small for a client's request; use at least {MIN_BODY_LIMIT}")]
    BodyLimit(usize),
    /// The name of the indexed secret is invalid.
    #[error("`indexed_secret` needs a name of 1 to {MAX_SECRET_NAME} visible ASCII characters")]
    SecretName,
    /// `Texts::install_url` is not an http(s) URL or an absolute path.
    #[error("`Texts::install_url` must be an http(s) URL or an absolute path")]
    Texts,
    /// The logo is not a path from the root of the site.
    #[error("`site_logo` must be an absolute path, as in `/logo.svg`, not `{0}`")]
    Logo(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_to_change() {
        let error = ConfigError::Network("nginx".to_owned());
        let message =
            "`nginx` is not a network; use a form such as `10.0.0.0/8`, `::1/128` or `10.0.0.5`";
        assert_eq!(error.to_string(), message);
        let message = "`body_limit(1024)` is too small for a client's request; use at least 4096";
        assert_eq!(ConfigError::BodyLimit(1024).to_string(), message);
        let error = ConfigError::from(PublicUrlError::Path);
        assert_eq!(error.to_string(), PublicUrlError::Path.to_string());
    }
}
