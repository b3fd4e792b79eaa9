use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

use super::Nut;

/// The URL at which browsers and clients reach the application: scheme, host, port, and the path below
/// which it is mounted. Normalized as browsers do: lower case, no default port, no slash at the end.
///
/// ```
/// use tower_sqrl_core::protocol::PublicUrl;
///
/// let url: PublicUrl = "https://Example.com:443/app/".parse()?;
/// assert_eq!(url.to_string(), "https://example.com/app");
/// assert_eq!(url.origin(), "https://example.com");
/// # Ok::<(), tower_sqrl_core::protocol::PublicUrlError>(())
/// ```
///
/// *Operating Details*, "The “SQRL” URL".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    origin_len: usize,
}

/// The scheme of a SQRL URL, which selects the transport of the client.
///
/// *Operating Details*, "SQRL:// ⇒ HTTPS://".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlScheme {
    /// `sqrl://`, over https.
    Sqrl,
    /// `qrl://`, over plain http, for tests on one machine.
    Qrl,
}

impl UrlScheme {
    /// Returns the text before `://`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqrl => "sqrl",
            Self::Qrl => "qrl",
        }
    }
}

impl PublicUrl {
    /// Returns scheme, host and port, as in an `Origin` header.
    pub fn origin(&self) -> &str {
        &self.text[..self.origin_len]
    }

    /// Returns the path below which the application is mounted: empty, or with a slash at the start and
    /// none at the end.
    pub fn path(&self) -> &str {
        &self.text[self.origin_len..]
    }

    /// Returns whether browsers use https.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// Returns whether an absolute URL has this origin for every reader: it is visible ASCII, and its path
    /// does not start with `//` or `/\`.
    pub fn is_same_origin(&self, url: &str) -> bool {
        url.strip_prefix(self.origin()).is_some_and(|rest| {
            (rest.is_empty() || rest.starts_with(['?', '#']) || is_absolute_path(rest))
                && is_visible(rest)
        })
    }

    /// Returns a SQRL URL with a nut.
    ///
    /// `path` is the endpoint below the mount. `extension` is the number of characters of the path that
    /// belong to the authentication domain (`x`), or 0.
    ///
    /// *Operating Details*, "Path Extension".
    pub fn sqrl_url(&self, scheme: UrlScheme, path: &str, extension: usize, nut: Nut) -> String {
        let scheme = scheme.as_str();
        let (_, authority) = self.origin().split_once("://").unwrap_or_default();
        let mount = self.path();
        if extension == 0 {
            format!("{scheme}://{authority}{mount}{path}?nut={nut}")
        } else {
            format!("{scheme}://{authority}{mount}{path}?x={extension}&nut={nut}")
        }
    }
}

/// Reads `http://` or `https://`, a host, an optional port and an optional path.
impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(url: &str) -> Result<Self, PublicUrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(PublicUrlError::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return Err(PublicUrlError::Scheme),
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (host, port) = split_port(authority)?;
        let host = host_to_ascii(host)?;
        let path = path.trim_end_matches('/');
        // Browsers take `%2e` for a dot.
        let dotted = path.to_ascii_lowercase().replace("%2e", ".");
        if !path.bytes().all(is_path_byte) || path.contains("//") || dotted.contains("/.") {
            return Err(PublicUrlError::Path);
        }
        let mut text = format!("{scheme}://{host}");
        if let Some(port) = port.filter(|&port| port != default_port) {
            text += &format!(":{port}");
        }
        let origin_len = text.len();
        text += path;
        Ok(Self { text, origin_len })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns whether a URL is an absolute path, with or without a query, that leads to the same
/// origin from every page: browsers read `//host` and `/\host` as another host, and drop tabs and
/// line ends before they look.
pub(crate) fn is_absolute_path(url: &str) -> bool {
    url.starts_with('/') && !url[1..].starts_with(['/', '\\']) && is_visible(url)
}

/// Returns whether a URL has no controls or blanks, which could end a line of a list or a header.
fn is_visible(url: &str) -> bool {
    url.bytes().all(|byte| byte.is_ascii_graphic())
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), PublicUrlError> {
    // The colons in `[::1]` do not start a port.
    let after_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority[after_host..].split_once(':') {
        None => Ok((authority, None)),
        Some((_, port)) => {
            let host = &authority[..authority.len() - port.len() - 1];
            if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(PublicUrlError::Port);
            }
            port.parse().map(|port| (host, Some(port))).map_err(|_| PublicUrlError::Port)
        }
    }
}

fn host_to_ascii(host: &str) -> Result<String, PublicUrlError> {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return match address.parse::<Ipv6Addr>() {
            Ok(address) => Ok(v6_to_ascii(address)),
            Err(_) => Err(PublicUrlError::Host),
        };
    }
    #[cfg(feature = "idna")]
    let ascii = idna::domain_to_ascii(host).map_err(|_| PublicUrlError::Host)?;
    #[cfg(feature = "idna")]
    let host = ascii.as_str();
    if !host.is_ascii() {
        return Err(PublicUrlError::NotAscii);
    }
    let named = !host.is_empty()
        && !host.starts_with('.')
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    // Browsers read a host whose last label is a number as an IPv4 address, in any notation: `127.1` is
    // 127.0.0.1, and `1.2.3.256` is invalid.
    let is_good = named && (!ends_in_number(host) || host.parse::<Ipv4Addr>().is_ok());
    if is_good { Ok(host.to_ascii_lowercase()) } else { Err(PublicUrlError::Host) }
}

/// In brackets; browsers write an IPv4-mapped address without dots.
fn v6_to_ascii(address: Ipv6Addr) -> String {
    if address.to_ipv4_mapped().is_none() {
        return format!("[{address}]");
    }
    let [.., high, low] = address.segments();
    format!("[::ffff:{high:x}:{low:x}]")
}

/// Returns whether browsers read the host as an IPv4 address (URL Standard, "ends in a number").
fn ends_in_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_decimal = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Returns whether a byte needs no escape in a path, in HTML, in headers and in SQRL URLs.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte)
}

/// The error of parsing a [`PublicUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PublicUrlError {
    /// The scheme is neither http nor https.
    #[error("the public URL must start with `https://` (or with `http://`, for tests)")]
    Scheme,
    /// The host is missing or invalid.
    #[error("the public URL must have a valid host and no user, as in `https://example.com`")]
    Host,
    /// The host is not ASCII.
    #[error("the public URL's host must be Punycode (`xn--…`), unless the feature `idna` is on")]
    NotAscii,
    /// The port is invalid.
    #[error("the public URL's port must be a number from 1 to 65535")]
    Port,
    /// The path has more than plain segments.
    #[error(
        "the public URL's path must have plain segments, as in `/app`: no query, no `//`, no `.`"
    )]
    Path,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_as_browsers_do_it() {
        for (url, normal) in [
            ("https://EXAMPLE.com", "https://example.com"),
            ("HTTPS://example.com:443/", "https://example.com"),
            ("http://127.0.0.1:80/App/", "http://127.0.0.1/App"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://[::1]:8443/a/b", "https://[::1]:8443/a/b"),
            ("https://[0:0::1]", "https://[::1]"),
            ("https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]"),
            ("https://127.0.0.1.example", "https://127.0.0.1.example"),
        ] {
            assert_eq!(url.parse::<PublicUrl>().map(|url| url.to_string()), Ok(normal.into()));
        }
    }

    #[test]
    fn what_is_no_public_url() {
        for (url, error) in [
            ("example.com", PublicUrlError::Scheme),
            ("ftp://example.com", PublicUrlError::Scheme),
            ("https://", PublicUrlError::Host),
            ("https://user@example.com", PublicUrlError::Host),
            ("https://exa mple.com", PublicUrlError::Host),
            ("https://[::g]", PublicUrlError::Host),
            ("https://127.1", PublicUrlError::Host),
            ("https://127.0.0.1.", PublicUrlError::Host),
            ("https://1.2.3.256", PublicUrlError::Host),
            ("https://example.0X7f", PublicUrlError::Host),
            ("https://example.com:", PublicUrlError::Port),
            ("https://example.com:99999", PublicUrlError::Port),
            ("https://example.com/a?b", PublicUrlError::Path),
            ("https://example.com/a//b", PublicUrlError::Path),
            ("https://example.com/../b", PublicUrlError::Path),
            ("https://example.com/a/%2E%2e", PublicUrlError::Path),
            ("https://example.com/\"", PublicUrlError::Path),
        ] {
            assert_eq!(url.parse::<PublicUrl>(), Err(error), "{url}");
        }
    }

    #[test]
    fn names_outside_ascii_become_punycode_or_are_refused() {
        let url = "https://Bücher.example/".parse::<PublicUrl>().map(|url| url.to_string());
        if cfg!(feature = "idna") {
            assert_eq!(url.as_deref(), Ok("https://xn--bcher-kva.example"));
        } else {
            assert_eq!(url, Err(PublicUrlError::NotAscii));
        }
    }

    #[test]
    fn sqrl_urls() {
        let nut = Nut::from_bytes([0; 16]);
        let url = "https://example.com:444/app".parse::<PublicUrl>().expect("well-formed");
        assert_eq!(
            url.sqrl_url(UrlScheme::Sqrl, "/cli.sqrl", 0, nut),
            format!("sqrl://example.com:444/app/cli.sqrl?nut={nut}")
        );
        assert_eq!(
            url.sqrl_url(UrlScheme::Qrl, "/cli.sqrl", 4, nut),
            format!("qrl://example.com:444/app/cli.sqrl?x=4&nut={nut}")
        );
        assert!(url.is_same_origin("https://example.com:444/x"));
        assert!(!url.is_same_origin("https://example.com:4444/x"));
        assert!(!url.is_same_origin("https://example.com:444.evil.example/"));
    }

    #[test]
    fn an_origin_is_the_same_whoever_reads_the_url() {
        let url = "https://example.com".parse::<PublicUrl>().expect("well-formed");
        for (rest, same) in [
            ("", true),
            ("/", true),
            ("?a=//b", true),
            ("#a", true),
            ("/a//b\\c?d=\u{7e}", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("/\r\nset-cookie: a", false),
            ("/\n", false),
            ("\n/", false),
            ("/a b", false),
            ("/\t/evil.example", false),
            ("/\u{7f}", false),
            ("/\u{85}", false),
            ("/ä", false),
            ("?a\0", false),
            (":443", false),
            ("@evil.example", false),
            ("\\@evil.example", false),
        ] {
            assert_eq!(url.is_same_origin(&format!("https://example.com{rest}")), same, "{rest:?}");
            assert_eq!(is_absolute_path(rest), same && rest.starts_with('/'), "{rest:?}");
        }
    }
}
