//! The `sqrl://` link: where to send requests, and for which domain.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

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
    #[error("the SQRL link's can= is not the base64url of a web address")]
    Can,
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

    /// Where a browser goes after a cancelled same-device sign-in.
    pub fn can(&self) -> Option<&str> {
        self.can.as_deref()
    }

    /// The link as a sign-in page's script completes it before it jumps to the client:
    /// with the page's own address, base64url, as `can`.
    ///
    /// # Errors
    /// The link has one already, or `page` is no web address.
    pub fn with_can(&self, page: &str) -> Result<Self, LinkError> {
        format!("{}&can={}", self.text, base64url::encode(page)).parse()
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
        Ok(Self {
            text: text.to_owned(),
            secure,
            authority: authority.to_owned(),
            // A bare `host?nut=…` still needs a path on the request line.
            target: format!("{}{target}", if path.is_empty() { "/" } else { "" }),
            domain: AuthDomain::new(host, extension),
            nut: nut.ok_or(LinkError::Nut)?.to_owned(),
            can: parameters.can.map(cancel_url).transpose()?,
        })
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
        assert_eq!(link.can(), Some("https://sqrl.grc.com/account/connected-accounts/"));
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
        assert!(link.with_can("http://localhost:8080/").is_err());
        assert_eq!(link.url(), link.as_str().replacen("qrl", "http", 1));
    }
}
