//! The authentication domain: what a site's key is derived from.

use std::fmt;

/// What is hashed into a site's key: the host in lower case, without port or user
/// info, and the path extension that a link's `x=N` asks for, its case kept
/// ("SQRL Operating Details", The authentication domain).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuthDomain(String);

impl AuthDomain {
    /// From a host, and a path extension that is empty or starts with `/`. Only the
    /// host is lower-cased, and only A to Z: other scripts come as Punycode.
    pub fn new(host: &str, extension: &str) -> Self {
        Self(host.to_ascii_lowercase() + extension)
    }

    /// From `host` or `host/extension` in one piece.
    pub fn parse(text: &str) -> Self {
        let end = text.find('/').unwrap_or(text.len());
        let (host, extension) = text.split_at(end);
        Self::new(host, extension)
    }

    /// The domain as people read it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes to hash. An alternate identity ("Alt-ID") follows behind one NUL,
    /// which no domain can contain; an empty one is none.
    pub fn hash_input(&self, alt_id: &str) -> Vec<u8> {
        let mut input = self.0.clone().into_bytes();
        if !alt_id.is_empty() {
            input.push(0);
            input.extend_from_slice(alt_id.as_bytes());
        }
        input
    }
}

impl fmt::Display for AuthDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
