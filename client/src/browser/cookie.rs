//! A cookie: parsing, expiry and matching.

use std::fmt;
use std::time::{Duration, Instant};

use url::{Host, Url};

/// A cookie. `Debug` hides its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The host that set it.
    pub host: String,
    /// The cookie is sent to this path and those below it.
    pub path: String,
    /// Whether it is sent over https only.
    pub secure: bool,
    /// Whether it is hidden from scripts.
    pub http_only: bool,
    /// When the cookie expires (`Max-Age`). `None`: when the browser closes.
    pub expires: Option<Instant>,
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value: _, host, path, secure, http_only, expires } = self;
        f.debug_struct("Cookie")
            .field("name", name)
            .field("host", host)
            .field("path", path)
            .field("secure", secure)
            .field("http_only", http_only)
            .field("expires", expires)
            .finish_non_exhaustive()
    }
}

impl Cookie {
    /// Parses a `Set-Cookie` header. Returns `None` for a cookie that browsers reject: no
    /// name, `Secure` from an insecure URL, or `__Host-` without the attributes it requires.
    pub(super) fn parse(line: &str, url: &Url) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            host: url.host_str()?.to_owned(),
            path: default_path(url.path()).to_owned(),
            secure: false,
            http_only: false,
            expires: None,
        };
        let mut has_domain = false;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                "domain" => has_domain = true,
                "max-age" => {
                    if let Some(length) = max_age(value.trim()) {
                        cookie.expires = Instant::now().checked_add(length);
                    }
                }
                _ => {}
            }
        }
        let is_host_only = cookie.secure && cookie.path == "/" && !has_domain;
        let prefix_is_valid = !cookie.name.starts_with("__Host-") || is_host_only;
        let has_name = !cookie.name.is_empty();
        (has_name && prefix_is_valid && (!cookie.secure || is_secure(url))).then_some(cookie)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.host, &self.path) == (&other.name, &other.host, &other.path)
    }

    pub(super) fn is_valid_at(&self, now: Instant) -> bool {
        self.expires.is_none_or(|end| end > now)
    }

    pub(super) fn matches(&self, url: &Url) -> bool {
        let path = url.path();
        let below = path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        });
        url.host_str() == Some(&self.host) && below && (!self.secure || is_secure(url))
    }
}

/// Parses `Max-Age`. Returns `None` if it is not a number: browsers then ignore it.
fn max_age(text: &str) -> Option<Duration> {
    let (is_past, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = if is_past { 0 } else { digits.parse().unwrap_or(u64::MAX) };
    Some(Duration::from_secs(seconds))
}

/// Returns whether a URL is https or has a loopback host. Browsers treat loopback as
/// secure, so tests need no certificates.
fn is_secure(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || loopback
}

/// Returns the path of a cookie without `Path`: the URL's path up to its last slash.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}
