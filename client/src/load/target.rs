//! The address of the server and the paths of its endpoints.

use std::net::SocketAddr;
use std::sync::Arc;

use ::http::HeaderValue;
use url::Url;

use super::config::Load;
use super::connection::{Connection, get};
use super::error::LoadError;
use crate::browser::html;
use crate::sqrl_url::SqrlUrl;
use crate::target_address::{self, TargetError};

/// The address of a client that sets `noiptest`.
const OTHER_ADDRESS: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

/// The address of the server and the paths of its endpoints.
#[derive(Debug, Clone)]
pub(super) struct Target {
    address: SocketAddr,
    /// The host and port of the server's public URL.
    host: HeaderValue,
    keep: bool,
    other_client: bool,
    /// The sign-in page.
    pub(super) page: Arc<str>,
    /// `nut.sqrl`, which returns a SQRL URL as JSON.
    pub(super) nut: Arc<str>,
    /// `svg.sqrl?nut=`, to which a nut is appended.
    pub(super) svg: Arc<str>,
    /// `pag.sqrl?nut=`, to which a nut is appended.
    pub(super) poll: Arc<str>,
}

impl Target {
    pub(super) fn resolve(load: &Load) -> Result<Self, LoadError> {
        let invalid = || LoadError::InvalidUrl(load.url.clone());
        let url = Url::parse(&load.url).ok().filter(|url| url.scheme() == "http");
        let url = url.ok_or_else(invalid)?;
        let address = target_address::resolve(&url, load.this_server_is_mine);
        let address = address.map_err(|error| match error {
            TargetError::Url => invalid(),
            TargetError::Resolve(error) => LoadError::Connection(error),
            TargetError::NotLoopback(address) => LoadError::NotLoopback(address),
        })?;
        let host = HeaderValue::from_str(url.authority()).map_err(|_| invalid())?;
        let empty: Arc<str> = "".into();
        Ok(Self {
            address,
            host,
            keep: !load.new_connections,
            other_client: load.noiptest,
            page: path(&url).into(),
            nut: empty.clone(),
            svg: empty.clone(),
            poll: empty,
        })
    }

    /// Requests the page once, and finds the endpoints beside the path of its SQRL URL.
    pub(super) async fn discover(mut self) -> Result<Self, LoadError> {
        let failed = |reason: &str| LoadError::Response { step: "page", reason: reason.to_owned() };
        let request = get(&self.page, None)?;
        let response = self.browser().send(request).await?;
        let page = String::from_utf8_lossy(response.body());
        let sqrl_url: SqrlUrl = html::links(&page)
            .find_map(|href| href.parse().ok())
            .ok_or_else(|| failed("no SQRL URL on the page"))?;
        let sibling = |name: &str| {
            let url = Url::parse(&sqrl_url.sibling(name));
            url.map(|url| path(&url)).map_err(|_| failed("invalid path in the SQRL URL"))
        };
        self.nut = sibling("nut.sqrl")?.into();
        self.svg = (sibling("svg.sqrl")? + "?nut=").into();
        self.poll = (sibling("pag.sqrl")? + "?nut=").into();
        let origin = sqrl_url.origin();
        let (_, host) = origin.split_once("://").unwrap_or_default();
        let host = HeaderValue::from_str(host);
        self.host = host.map_err(|_| failed("invalid host in the SQRL URL"))?;
        Ok(self)
    }

    /// Returns a new connection for the browser.
    pub(super) fn browser(&self) -> Connection {
        Connection::new(self.address, self.host.clone(), None, self.keep)
    }

    /// Returns a new connection for the client, or `None` if it shares the browser's.
    pub(super) fn client(&self) -> Option<Connection> {
        let from = self.other_client.then_some(OTHER_ADDRESS);
        from.map(|from| Connection::new(self.address, self.host.clone(), Some(from), self.keep))
    }
}

/// Returns the path and query of a URL.
fn path(url: &Url) -> String {
    url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
}

/// Returns the path and query of a path or URL, whatever its host is.
pub(super) fn path_of(text: &str) -> Option<String> {
    if text.starts_with('/') && !text.starts_with("//") {
        return Some(text.to_owned());
    }
    Url::parse(text).ok().map(|url| path(&url))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn other_machines_need_confirmation() {
        let mut load = Load::new("http://192.0.2.1:8080/login");
        assert!(matches!(Target::resolve(&load), Err(LoadError::NotLoopback(_))));
        load.this_server_is_mine = true;
        assert!(Target::resolve(&load).is_ok());
        for url in ["https://127.0.0.1/login", "127.0.0.1/login", "file:///login"] {
            let refused = Target::resolve(&Load::new(url));
            assert!(matches!(refused, Err(LoadError::InvalidUrl(_))), "{url}");
        }
        for url in ["http://127.0.0.1:1/a?b=c", "http://[::1]/a?b=c", "http://127.9.9.9/a?b=c"] {
            assert_eq!(&*Target::resolve(&Load::new(url)).unwrap().page, "/a?b=c");
        }
    }

    #[test]
    fn the_host_of_a_url_is_ignored() {
        assert_eq!(path_of("https://example.com/a?b"), Some("/a?b".to_owned()));
        assert_eq!(path_of("/a?b"), Some("/a?b".to_owned()));
        assert_eq!(path_of("a"), None);
    }
}
