//! SQRL URLs (`sqrl://`, `qrl://`), which a sign-in page shows.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use url::Url;

use crate::base64url;
use crate::keys::AuthDomain;

/// A SQRL URL: `sqrl://` for https, `qrl://` for http.
///
/// ```
/// use tower_sqrl_client::SqrlUrl;
///
/// let url: SqrlUrl = "sqrl://Bob@Example.com:8443/Shop/cli.sqrl?x=5&nut=abc".parse()?;
/// assert_eq!(url.domain().as_str(), "example.com/Shop");
/// assert_eq!(url.request_url(), "https://Example.com:8443/Shop/cli.sqrl?x=5&nut=abc");
/// # Ok::<(), tower_sqrl_client::SqrlUrlError>(())
/// ```
///
/// *Operating Details*, "The “SQRL” URL".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqrlUrl {
    text: String,
    secure: bool,
    authority: String,
    target: String,
    domain: AuthDomain,
    nut: String,
    can: Option<String>,
}

/// Reasons why a text is not a valid SQRL URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqrlUrlError {
    /// The scheme is neither `sqrl` nor `qrl`.
    #[error("a SQRL URL starts with sqrl:// or qrl://")]
    Scheme,
    /// The text contains a character that no URL may contain. Hosts in other scripts must be
    /// Punycode.
    #[error("the SQRL URL contains characters that a URL cannot contain")]
    Characters,
    /// The host is missing, or the host or the port is invalid.
    #[error("the SQRL URL has no valid host and port")]
    Host,
    /// `nut` is missing or empty.
    #[error("the SQRL URL has no nut")]
    Nut,
    /// `x` is not a decimal number.
    #[error("x= of the SQRL URL is not a decimal number")]
    Extension,
    /// `nut`, `x` or `can` is repeated.
    #[error("the SQRL URL repeats nut=, x= or can=")]
    Repeated,
    /// `can` is not the base64url of an http or https URL.
    #[error("can= of the SQRL URL is not the base64url of an http or https URL")]
    Can,
    /// `can` has another origin than the SQRL URL.
    #[error("the page and its SQRL URL have different origins, so it cannot be the URL's can=")]
    OtherOrigin,
}

impl SqrlUrl {
    /// Returns the text of the URL, unchanged. The first request's `server` field encodes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether requests use https (`sqrl://`).
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns the origin of all requests, such as `https://example.com:8443`.
    pub fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// Returns the http or https URL of the first request.
    pub fn request_url(&self) -> String {
        self.origin() + &self.target
    }

    /// Returns the URL of a file beside the path of the requests, such as `pag.sqrl`.
    pub fn sibling(&self, name: &str) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let directory = path.rfind('/').map_or("/", |end| &path[..=end]);
        format!("{}{directory}{name}", self.origin())
    }

    /// Returns the authentication domain, from which the site's key is derived.
    pub fn domain(&self) -> &AuthDomain {
        &self.domain
    }

    /// Returns the nut.
    pub fn nut(&self) -> &str {
        &self.nut
    }

    /// Returns the decoded `can`: the URL for the browser after a cancelled sign-in on the
    /// same device.
    ///
    /// Returns `None` if there is no `can`, or if it has another [origin](Self::origin). The
    /// SQRL URL is valid in both cases.
    pub fn can(&self) -> Option<&str> {
        self.can.as_deref()
    }

    /// Returns the URL with the URL of a page as `can`. A sign-in page's script adds it before
    /// it opens the client on the same device.
    ///
    /// # Errors
    /// Returns [`SqrlUrlError::Repeated`] if there is a `can`, [`SqrlUrlError::OtherOrigin`]
    /// if `page` has another origin, and [`SqrlUrlError::Can`] if it is not an http or https
    /// URL.
    pub fn with_can(&self, page: &str) -> Result<Self, SqrlUrlError> {
        let url: Self = format!("{}&can={}", self.text, base64url::encode(page)).parse()?;
        if url.can.is_some() { Ok(url) } else { Err(SqrlUrlError::OtherOrigin) }
    }

    /// Returns `url` as an absolute URL, if it has the origin of this SQRL URL (scheme, host
    /// and port). `url` is an http or https URL, or a path that starts with one slash.
    ///
    /// Rejects text that browsers interpret differently: backslashes, controls, spaces, `//`.
    pub(crate) fn same_origin_url(&self, url: &str) -> Option<String> {
        let plain = url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let rooted = url.starts_with('/') && !url.starts_with("//");
        if !plain || !(rooted || is_http_url(url)) {
            return None;
        }
        let site = Url::parse(&self.origin()).ok()?;
        let url = site.join(url).ok()?;
        let named = url.username().is_empty() && url.password().is_none();
        (named && url.origin() == site.origin()).then(|| url.into())
    }
}

impl FromStr for SqrlUrl {
    type Err = SqrlUrlError;

    fn from_str(text: &str) -> Result<Self, SqrlUrlError> {
        // A fragment (`#`) is never sent to a server, so a SQRL URL has none.
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        if !printable || text.contains(['#', '"', '<', '>', '\\', '^', '`', '{', '|', '}']) {
            return Err(SqrlUrlError::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(SqrlUrlError::Scheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "sqrl" => true,
            "qrl" => false,
            _ => return Err(SqrlUrlError::Scheme),
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let host = host(authority)?;
        let (path, query) = target.split_once('?').ok_or(SqrlUrlError::Nut)?;

        let mut parameters = Parameters::default();
        for pair in query.split('&') {
            parameters.read(pair)?;
        }
        let nut = parameters.nut.filter(|nut| !nut.is_empty());
        let extension = match parameters.x {
            Some(x) => &path[..path.len().min(extension_length(x)?)],
            None => "",
        };
        let can = parameters.can.map(decode_can).transpose()?;
        let mut url = Self {
            text: text.to_owned(),
            secure,
            authority: authority.to_owned(),
            // `host?nut=…` needs a path in the request line.
            target: format!("{}{target}", if path.is_empty() { "/" } else { "" }),
            domain: AuthDomain::new(host, extension),
            nut: nut.ok_or(SqrlUrlError::Nut)?.to_owned(),
            can: None,
        };
        url.can = can.and_then(|can| url.same_origin_url(&can));
        Ok(url)
    }
}

impl fmt::Display for SqrlUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[derive(Default)]
struct Parameters<'a> {
    nut: Option<&'a str>,
    x: Option<&'a str>,
    can: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn read(&mut self, pair: &'a str) -> Result<(), SqrlUrlError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let slot = match name {
            "nut" => &mut self.nut,
            "x" => &mut self.x,
            "can" => &mut self.can,
            _ => return Ok(()),
        };
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(SqrlUrlError::Repeated),
        }
    }
}

/// Returns the host of `host[:port]`. An IPv6 address keeps its brackets.
///
/// Rejects text beside the brackets: requests would go to the address in brackets, and
/// the key would be derived from another host.
fn host(authority: &str) -> Result<&str, SqrlUrlError> {
    let (host, port) = match authority.find(']') {
        Some(bracket) => authority.split_at(bracket + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if !port.is_empty() {
        let digits = port.strip_prefix(':').ok_or(SqrlUrlError::Host)?;
        digits.parse::<u16>().map_err(|_| SqrlUrlError::Host)?;
    }
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains(['[', ']']),
    };
    if is_host { Ok(host) } else { Err(SqrlUrlError::Host) }
}

/// Parses `x`. A number that is too large means the whole path.
fn extension_length(x: &str) -> Result<usize, SqrlUrlError> {
    if x.is_empty() || !x.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SqrlUrlError::Extension);
    }
    Ok(x.parse().unwrap_or(usize::MAX))
}

fn decode_can(value: &str) -> Result<String, SqrlUrlError> {
    let bytes = base64url::decode(value).map_err(|_| SqrlUrlError::Can)?;
    let url = String::from_utf8(bytes).map_err(|_| SqrlUrlError::Can)?;
    if is_http_url(&url) { Ok(url) } else { Err(SqrlUrlError::Can) }
}

/// Returns whether a browser may be sent to a URL: http or https, and no character that
/// could end a header line.
pub(crate) fn is_http_url(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && url.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn domain(url: &str) -> String {
        url.parse::<SqrlUrl>().unwrap().domain().to_string()
    }

    /// *Operating Details*, table "SQRL URL examples".
    #[test]
    fn the_domains_are_those_of_the_specification() {
        assert_eq!(domain("sqrl://ExAmPlE.cOm/?nut=n"), "example.com");
        assert_eq!(domain("sqrl://example.com:44344/?nut=n"), "example.com");
        assert_eq!(domain("sqrl://jonny@example.com/?nut=n"), "example.com");
        assert_eq!(domain("sqrl://Jonny:Secret@example.com/?nut=n"), "example.com");
        assert_eq!(domain("sqrl://example.com/jimbo/?x=6&nut=n"), "example.com/jimbo");
        assert_eq!(domain("sqrl://EXAMPLE.COM/JIMBO?x=16&nut=n"), "example.com/JIMBO");
        assert_eq!(domain("sqrl://h/joey?x=99999999999999999999999&nut=n"), "h/joey");
        assert_eq!(domain("sqrl://a@b@example.com/?nut=n"), "example.com");
        assert_eq!(domain("qrl://[::1]:8080/?nut=n"), "[::1]");
    }

    #[test]
    fn the_sample_url_of_the_specification_is_parsed() {
        let text = "sqrl://steve:badpass@SQRL.grc.com:8080/demo/cli.sqrl?x=5&nut=oOB4QOFJux5Z&\
                    can=aHR0cHM6Ly9zcXJsLmdyYy5jb20vYWNjb3VudC9jb25uZWN0ZWQtYWNjb3VudHMv";
        let url: SqrlUrl = text.parse().unwrap();
        assert_eq!(url.as_str(), text);
        assert_eq!(url.nut(), "oOB4QOFJux5Z");
        // The `can` of the example has another port, so a browser is never sent there.
        assert_eq!(url.can(), None);
        assert_eq!(url.domain().as_str(), "sqrl.grc.com/demo");
        assert_eq!(url.origin(), "https://SQRL.grc.com:8080");
        assert_eq!(url.sibling("pag.sqrl"), "https://SQRL.grc.com:8080/demo/pag.sqrl");
    }

    #[test]
    fn invalid_urls_are_rejected() {
        let error = |text: &str| text.parse::<SqrlUrl>().unwrap_err();
        assert_eq!(error("https://example.com/?nut=n"), SqrlUrlError::Scheme);
        assert_eq!(error("sqrl:example.com/?nut=n"), SqrlUrlError::Scheme);
        assert_eq!(error("sqrl:///?nut=n"), SqrlUrlError::Host);
        assert_eq!(error("sqrl://h:port/?nut=n"), SqrlUrlError::Host);
        assert_eq!(error("sqrl://[::1]x:8080/?nut=n"), SqrlUrlError::Host);
        assert_eq!(error("sqrl://x[::1]/?nut=n"), SqrlUrlError::Host);
        assert_eq!(error("sqrl://[x]/?nut=n"), SqrlUrlError::Host);
        assert_eq!(error("sqrl://h/"), SqrlUrlError::Nut);
        assert_eq!(error("sqrl://h/?nut="), SqrlUrlError::Nut);
        assert_eq!(error("sqrl://h/?nut=a&nut=b"), SqrlUrlError::Repeated);
        assert_eq!(error("sqrl://h/?x=-1&nut=a"), SqrlUrlError::Extension);
        assert_eq!(error("sqrl://h/?nut=a&can="), SqrlUrlError::Can);
        assert_eq!(error("sqrl://h/?nut=a&can=amF2YXNjcmlwdDox"), SqrlUrlError::Can);
        assert_eq!(error("sqrl://h/?nut=a b"), SqrlUrlError::Characters);
        assert_eq!(error("sqrl://h\u{e9}/?nut=a"), SqrlUrlError::Characters);
    }

    #[test]
    fn with_can_appends_can() {
        let url: SqrlUrl = "qrl://localhost:8080/cli.sqrl?nut=n".parse().unwrap();
        let url = url.with_can("http://localhost:8080/login").unwrap();
        assert_eq!(url.can(), Some("http://localhost:8080/login"));
        assert_eq!(url.with_can("http://localhost:8080/"), Err(SqrlUrlError::Repeated));
        assert_eq!(url.request_url(), url.as_str().replacen("qrl", "http", 1));
    }

    #[test]
    fn can_of_another_origin_is_dropped() {
        let url: SqrlUrl = "sqrl://me@Example.com:8443/shop/cli.sqrl?x=5&nut=n".parse().unwrap();
        for (can, followed) in [
            ("https://example.com:8443/login?a=b#c", "https://example.com:8443/login?a=b#c"),
            ("https://EXAMPLE.com:8443", "https://example.com:8443/"),
            ("/login", "https://example.com:8443/login"),
        ] {
            assert_eq!(url.same_origin_url(can).as_deref(), Some(followed), "{can}");
        }
        for elsewhere in [
            "https://example.com/login",
            "http://example.com:8443/login",
            "https://example.com:8443.evil.example/",
            "https://example.com:8443@evil.example/",
            "https://me@example.com:8443/",
            "https://evil.example/",
            "https:evil.example",
            "https:///evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example/",
            "https://example.com:8443\\@evil.example/",
            "/a\r\nSet-Cookie: a=b",
            "/\t/evil.example/",
            " /login",
            "login",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(url.same_origin_url(elsewhere), None, "{elsewhere:?}");
            let with = url.with_can(elsewhere);
            let refused = matches!(with, Err(SqrlUrlError::OtherOrigin | SqrlUrlError::Can));
            assert!(refused, "{elsewhere:?}: {with:?}");
        }
        // The default port is optional.
        let url: SqrlUrl = "sqrl://example.com/?nut=n".parse().unwrap();
        let with = url.with_can("https://example.com:443/login").unwrap();
        assert_eq!(with.can(), Some("https://example.com/login"));
    }
}
