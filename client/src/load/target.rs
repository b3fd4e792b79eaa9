//! Where the requests go: read once off the sign-in page.

use std::net::SocketAddr;
use std::sync::Arc;

use ::http::HeaderValue;
use url::Url;

use super::connection::Connection;
use super::error::LoadError;
use super::plan::Load;
use crate::browser::html;
use crate::link::Link;
use crate::own_server::{self, NotAimedAt};

/// The other address of this machine that a client with `noiptest` comes from.
const OTHER_ADDRESS: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

/// The server's address and the paths on it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    address: SocketAddr,
    /// What the server is called by those that it was set up for.
    host: HeaderValue,
    keep: bool,
    other_client: bool,
    /// The sign-in page.
    pub(super) page: Arc<str>,
    /// A new link, as JSON.
    pub(super) nut: Arc<str>,
    /// The picture, without its nut.
    pub(super) svg: Arc<str>,
    /// The wait, without its nut.
    pub(super) wait: Arc<str>,
}

impl Target {
    pub(super) fn resolve(load: &Load) -> Result<Self, LoadError> {
        let wrong = || LoadError::Address(load.url.clone());
        let url = Url::parse(&load.url).ok().filter(|url| url.scheme() == "http");
        let url = url.ok_or_else(wrong)?;
        let address = own_server::resolve(&url, load.this_server_is_mine);
        let address = address.map_err(|why| match why {
            NotAimedAt::Address => wrong(),
            NotAimedAt::Name(error) => LoadError::Connection(error),
            NotAimedAt::NotLoopback(address) => LoadError::NotLoopback(address),
        })?;
        let host = HeaderValue::from_str(url.authority()).map_err(|_| wrong())?;
        let empty: Arc<str> = "".into();
        Ok(Self {
            address,
            host,
            keep: !load.new_connections,
            other_client: load.noiptest,
            page: path(&url).into(),
            nut: empty.clone(),
            svg: empty.clone(),
            wait: empty,
        })
    }

    /// Opens the page once, and takes the endpoints from beside its link's.
    pub(super) async fn discover(mut self) -> Result<Self, LoadError> {
        let answer = |reason: &str| LoadError::Answer { step: "page", reason: reason.to_owned() };
        let request = super::login::get(&self.page, None)?;
        let response = self.browser().send(request).await?;
        let page = String::from_utf8_lossy(response.body());
        let link: Link = html::links(&page)
            .find_map(|href| href.parse().ok())
            .ok_or_else(|| answer("there is no SQRL link on it"))?;
        let beside = |name: &str| {
            let url = Url::parse(&link.sibling(name)).map_err(|_| answer("a strange link"))?;
            Ok::<_, LoadError>(path(&url))
        };
        self.nut = beside("nut.sqrl")?.into();
        self.svg = (beside("svg.sqrl")? + "?nut=").into();
        self.wait = (beside("pag.sqrl")? + "?nut=").into();
        let authority = link.origin();
        let (_, authority) = authority.split_once("://").unwrap_or_default();
        self.host = HeaderValue::from_str(authority).map_err(|_| answer("a strange host"))?;
        Ok(self)
    }

    /// A connection of the browser's.
    pub(super) fn browser(&self) -> Connection {
        Connection::new(self.address, self.host.clone(), None, self.keep)
    }

    /// One of the client's own, if it does not share the browser's.
    pub(super) fn client(&self) -> Option<Connection> {
        let from = self.other_client.then_some(OTHER_ADDRESS);
        from.map(|from| Connection::new(self.address, self.host.clone(), Some(from), self.keep))
    }
}

/// Path and query: what stands in a request.
pub(super) fn path(url: &Url) -> String {
    url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
}

/// The path and query of an address, whichever host it names.
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
    fn only_this_machine_unless_it_is_said() {
        let mut load = Load::new("http://192.0.2.1:8080/login");
        assert!(matches!(Target::resolve(&load), Err(LoadError::NotLoopback(_))));
        load.this_server_is_mine = true;
        assert!(Target::resolve(&load).is_ok());
        for url in ["https://127.0.0.1/login", "127.0.0.1/login", "file:///login"] {
            let refused = Target::resolve(&Load::new(url));
            assert!(matches!(refused, Err(LoadError::Address(_))), "{url}");
        }
        for url in ["http://127.0.0.1:1/a?b=c", "http://[::1]/a?b=c", "http://127.9.9.9/a?b=c"] {
            assert_eq!(&*Target::resolve(&Load::new(url)).unwrap().page, "/a?b=c");
        }
    }

    #[test]
    fn any_host_is_this_server() {
        assert_eq!(path_of("https://example.com/a?b"), Some("/a?b".to_owned()));
        assert_eq!(path_of("/a?b"), Some("/a?b".to_owned()));
        assert_eq!(path_of("a"), None);
    }
}
