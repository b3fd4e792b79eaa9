//! Authentication domains, from which the keys of sites are derived.

use std::fmt;

/// The authentication domain of a site: its host in lower case, without port and user
/// name, and the part of the path that a SQRL URL adds with `x=N`.
///
/// *Operating Details*, "The authentication domain".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuthDomain(String);

impl AuthDomain {
    /// Returns the domain of a host and a path extension.
    ///
    /// The extension is empty or starts with `/`. Only the ASCII letters of the host become
    /// lower case: other scripts arrive as Punycode.
    pub fn new(host: &str, extension: &str) -> Self {
        Self(host.to_ascii_lowercase() + extension)
    }

    /// Returns the domain as text, such as `example.com/shop`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the bytes to hash. If there is an alternate identity (Alt-ID), it follows
    /// one NUL byte, which no domain can contain.
    pub(super) fn hash_input(&self, alt_id: &str) -> Vec<u8> {
        let mut input = self.0.clone().into_bytes();
        if !alt_id.is_empty() {
            input.push(0);
            input.extend_from_slice(alt_id.as_bytes());
        }
        input
    }
}

/// Takes `host` or `host/extension`.
impl From<&str> for AuthDomain {
    fn from(text: &str) -> Self {
        let (host, extension) = text.split_at(text.find('/').unwrap_or(text.len()));
        Self::new(host, extension)
    }
}

impl fmt::Display for AuthDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
