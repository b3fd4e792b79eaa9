//! The `sqrl://` link: where to send requests, and for which domain.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use url::Url;

use crate::base64url;
use crate::keys::AuthDomain;

/// A parsed `sqrl://` (https) or `qrl://` (http) link.
///
/// ```
/// use tower_sqrl_client::Link;
///
/// let link: Link = "sqrl://Bob@Example.com:8443/Shop/cli.sqrl?x=5&nut=abc".parse()?;
/// assert_eq!(link.domain().as_str(), "example.com/Shop");
/// assert_eq!(link.url(), "https://Example.com:8443/Shop/cli.sqrl?x=5&nut=abc");
/// # Ok::<(), tower_sqrl_client::LinkError>(())
/// ```
///
/// *Operating Details*, "The “SQRL” URL".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    text: String,
    secure: bool,
    authority: String,
    target: String,
    domain: AuthDomain,
    nut: String,
    can: Option<String>,
}

/// Why a text is not a link to sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Another scheme.
    #[error("a SQRL link starts with sqrl:// or qrl://")]
    Scheme,
    /// A character that no URL may contain; hosts in other scripts come as Punycode.
    #[error("the SQRL link contains characters that a link cannot contain")]
    Characters,
    /// No host, or a port that is none.
    #[error("the SQRL link names no valid host")]
    Host,
    /// No `nut`, or an empty one.
    #[error("the SQRL link carries no nut")]
    Nut,
    /// `x` is not a decimal number.
    #[error("the SQRL link's x= is not a number")]
    Extension,
    /// `nut`, `x` or `can` twice.
    #[error("the SQRL link gives a parameter twice")]
    Twice,
    /// `can` is not the base64url of an http or https URL.
    #[error("the SQRL link's can= is not the base64url of an http or https URL")]
    Can,
    /// `can` is a URL of another origin than the link's.
    #[error("the page is not at the origin of its SQRL link, so it cannot be the link's can=")]
    OtherOrigin,
}

impl Link {
    /// The link as it came: what the first request's `server` encodes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether requests go over https (`sqrl://`).
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Scheme, host and port, which the whole exchange keeps: `https://example.com:8443`.
    pub fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// Where the first request goes.
    pub fn url(&self) -> String {
        self.origin() + &self.target
    }

    /// A sibling of the page that takes the requests, such as `pag.sqrl`.
    pub fn sibling(&self, name: &str) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let directory = path.rfind('/').map_or("/", |end| &path[..=end]);
        format!("{}{directory}{name}", self.origin())
    }

    /// What the site's key is derived from.
    pub fn domain(&self) -> &AuthDomain {
        &self.domain
    }

    /// The nut, as the link has it.
    pub fn nut(&self) -> &str {
        &self.nut
    }

    /// Returns the URL to which a browser goes after a cancelled same-device sign-in: the
    /// link's `can`, if it is of the link's own [origin](Self::origin). `None` if the link has
    /// no `can`, or one that leads elsewhere; the link itself is valid with either.
    pub fn can(&self) -> Option<&str> {
        self.can.as_deref()
    }

    /// Returns the link as a sign-in page's script completes it before it jumps to the client:
    /// with the page's own URL, base64url, as `can`.
    ///
    /// # Errors
    /// [`LinkError::Twice`] if the link has a `can`, [`LinkError::OtherOrigin`] if `page` is not
    /// of the link's origin, [`LinkError::Can`] if it is not an http or https URL.
    pub fn with_can(&self, page: &str) -> Result<Self, LinkError> {
        let link: Self = format!("{}&can={}", self.text, base64url::encode(page)).parse()?;
        if link.can.is_some() { Ok(link) } else { Err(LinkError::OtherOrigin) }
    }

    /// Returns `url` as an absolute URL, if it is of the link's own origin (scheme, host and
    /// port). It is an http or https URL, or a path that starts with one slash.
    ///
    /// Rejects what a browser could read otherwise: backslashes, controls, spaces, `//`.
    pub(crate) fn own_url(&self, url: &str) -> Option<String> {
        let plain = url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let rooted = url.starts_with('/') && !url.starts_with("//");
        if !plain || !(rooted || is_web_address(url)) {
            return None;
        }
        let site = Url::parse(&self.origin()).ok()?;
        let url = site.join(url).ok()?;
        let named = url.username().is_empty() && url.password().is_none();
        (named && url.origin() == site.origin()).then(|| url.into())
    }
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        // A fragment is never sent, so nothing behind `#` could be meant for the server.
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        if !printable || text.contains(['#', '"', '<', '>', '\\', '^', '`', '{', '|', '}']) {
            return Err(LinkError::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(LinkError::Scheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "sqrl" => true,
            "qrl" => false,
            _ => return Err(LinkError::Scheme),
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let host = host(authority)?;
        let (path, query) = target.split_once('?').ok_or(LinkError::Nut)?;

        let mut parameters = Parameters::default();
        for pair in query.split('&') {
            parameters.read(pair)?;
        }
        let nut = parameters.nut.filter(|nut| !nut.is_empty());
        let extension = match parameters.x {
            Some(x) => &path[..path.len().min(count(x)?)],
            None => "",
        };
        let can = parameters.can.map(cancel_url).transpose()?;
        let mut link = Self {
            text: text.to_owned(),
            secure,
            authority: authority.to_owned(),
            // A bare `host?nut=…` still needs a path on the request line.
            target: format!("{}{target}", if path.is_empty() { "/" } else { "" }),
            domain: AuthDomain::new(host, extension),
            nut: nut.ok_or(LinkError::Nut)?.to_owned(),
            can: None,
        };
        link.can = can.and_then(|can| link.own_url(&can));
        Ok(link)
    }
}

impl fmt::Display for Link {
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
    fn read(&mut self, pair: &'a str) -> Result<(), LinkError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let slot = match name {
            "nut" => &mut self.nut,
            "x" => &mut self.x,
            "can" => &mut self.can,
            _ => return Ok(()),
        };
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(LinkError::Twice),
        }
    }
}

/// The host of `host[:port]`; an IPv6 address keeps its brackets, and nothing stands beside
/// them: what reads the address later would go to the bracketed host, while the key would be
/// another one's.
fn host(authority: &str) -> Result<&str, LinkError> {
    let (host, port) = match authority.find(']') {
        Some(bracket) => authority.split_at(bracket + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if !port.is_empty() {
        let digits = port.strip_prefix(':').ok_or(LinkError::Host)?;
        digits.parse::<u16>().map_err(|_| LinkError::Host)?;
    }
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains(['[', ']']),
    };
    if is_host { Ok(host) } else { Err(LinkError::Host) }
}

/// A number too large to count with ends at the path's end, as every large one does.
fn count(x: &str) -> Result<usize, LinkError> {
    if x.is_empty() || !x.bytes().all(|b| b.is_ascii_digit()) {
        return Err(LinkError::Extension);
    }
    Ok(x.parse().unwrap_or(usize::MAX))
}

fn cancel_url(value: &str) -> Result<String, LinkError> {
    let bytes = base64url::decode(value).map_err(|_| LinkError::Can)?;
    let url = String::from_utf8(bytes).map_err(|_| LinkError::Can)?;
    if is_web_address(&url) { Ok(url) } else { Err(LinkError::Can) }
}

/// Whether a browser may be sent there: http or https, and nothing that could break out
/// of a header line.
pub(crate) fn is_web_address(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && url.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn domain(link: &str) -> String {
        link.parse::<Link>().unwrap().domain().to_string()
    }

    /// The table "SQRL URL examples" of the operating details.
    #[test]
    fn the_specifications_examples() {
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
    fn the_specifications_button() {
        let text = "sqrl://steve:badpass@SQRL.grc.com:8080/demo/cli.sqrl?x=5&nut=oOB4QOFJux5Z&\
                    can=aHR0cHM6Ly9zcXJsLmdyYy5jb20vYWNjb3VudC9jb25uZWN0ZWQtYWNjb3VudHMv";
        let link: Link = text.parse().unwrap();
        assert_eq!(link.as_str(), text);
        assert_eq!(link.nut(), "oOB4QOFJux5Z");
        // The example's own `can` is of another port: nothing that a browser is sent to.
        assert_eq!(link.can(), None);
        assert_eq!(link.domain().as_str(), "sqrl.grc.com/demo");
        assert_eq!(link.origin(), "https://SQRL.grc.com:8080");
        assert_eq!(link.sibling("pag.sqrl"), "https://SQRL.grc.com:8080/demo/pag.sqrl");
    }

    #[test]
    fn what_is_no_link() {
        let error = |text: &str| text.parse::<Link>().unwrap_err();
        assert_eq!(error("https://example.com/?nut=n"), LinkError::Scheme);
        assert_eq!(error("sqrl:example.com/?nut=n"), LinkError::Scheme);
        assert_eq!(error("sqrl:///?nut=n"), LinkError::Host);
        assert_eq!(error("sqrl://h:port/?nut=n"), LinkError::Host);
        assert_eq!(error("sqrl://[::1]x:8080/?nut=n"), LinkError::Host);
        assert_eq!(error("sqrl://x[::1]/?nut=n"), LinkError::Host);
        assert_eq!(error("sqrl://[x]/?nut=n"), LinkError::Host);
        assert_eq!(error("sqrl://h/"), LinkError::Nut);
        assert_eq!(error("sqrl://h/?nut="), LinkError::Nut);
        assert_eq!(error("sqrl://h/?nut=a&nut=b"), LinkError::Twice);
        assert_eq!(error("sqrl://h/?x=-1&nut=a"), LinkError::Extension);
        assert_eq!(error("sqrl://h/?nut=a&can="), LinkError::Can);
        assert_eq!(error("sqrl://h/?nut=a&can=amF2YXNjcmlwdDox"), LinkError::Can);
        assert_eq!(error("sqrl://h/?nut=a b"), LinkError::Characters);
        assert_eq!(error("sqrl://h\u{e9}/?nut=a"), LinkError::Characters);
    }

    #[test]
    fn with_can_appends_it() {
        let link: Link = "qrl://localhost:8080/cli.sqrl?nut=n".parse().unwrap();
        let link = link.with_can("http://localhost:8080/login").unwrap();
        assert_eq!(link.can(), Some("http://localhost:8080/login"));
        assert_eq!(link.with_can("http://localhost:8080/"), Err(LinkError::Twice));
        assert_eq!(link.url(), link.as_str().replacen("qrl", "http", 1));
    }

    #[test]
    fn a_browser_is_sent_to_the_links_own_origin_alone() {
        let link: Link = "sqrl://me@Example.com:8443/shop/cli.sqrl?x=5&nut=n".parse().unwrap();
        for (can, followed) in [
            ("https://example.com:8443/login?a=b#c", "https://example.com:8443/login?a=b#c"),
            ("https://EXAMPLE.com:8443", "https://example.com:8443/"),
            ("/login", "https://example.com:8443/login"),
        ] {
            assert_eq!(link.own_url(can).as_deref(), Some(followed), "{can}");
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
            assert_eq!(link.own_url(elsewhere), None, "{elsewhere:?}");
            let with = link.with_can(elsewhere);
            let refused = matches!(with, Err(LinkError::OtherOrigin | LinkError::Can));
            assert!(refused, "{elsewhere:?}: {with:?}");
        }
        // The default port, written out or not.
        let link: Link = "sqrl://example.com/?nut=n".parse().unwrap();
        let with = link.with_can("https://example.com:443/login").unwrap();
        assert_eq!(with.can(), Some("https://example.com/login"));
    }
}
