//! The server that is attacked, and the ways to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use url::{Host, Position, Url};

use super::error::{AttackError, Trouble};
use super::hand::Hand;
use super::run::Attack;
use crate::browser::{Browser, Page};
use crate::http::{Http, HttpBuilder};
use crate::identity::Identity;
use crate::link::Link;
use crate::own_server::{self, NotAimedAt};

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server's sign-in page and the routes to it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// As the world calls it.
    pub(super) page: Url,
    /// The page that links an identity with an account, if it was named.
    pub(super) linking_page: Option<Url>,
    /// From what the world calls it, to where it is.
    routes: Vec<(String, String)>,
    /// Whether connections can come from many addresses of this machine.
    many_addresses: bool,
}

impl Place {
    /// Opens the page once: its link says what the world calls the server.
    pub(super) async fn find(attack: &Attack) -> Result<Self, AttackError> {
        let (url, is_mine) = (&attack.url, attack.this_server_is_mine);
        let wrong = || AttackError::Address(url.clone());
        let web = |url: &Url| matches!(url.scheme(), "http" | "https");
        let page = Url::parse(url).ok().filter(web).ok_or_else(wrong)?;
        let address = own_server::resolve(&page, is_mine).map_err(|why| match why {
            NotAimedAt::Address => wrong(),
            NotAimedAt::Name(error) => AttackError::Name(error),
            NotAimedAt::NotLoopback(address) => AttackError::NotLoopback(address),
        })?;
        let here = page.origin().ascii_serialization();
        let there = reached(&page, address);
        let mut place = Self {
            routes: vec![(here, there.clone())],
            linking_page: None,
            many_addresses: address.ip().is_loopback() && address.is_ipv4() && many_addresses(),
            page,
        };
        let opened = Browser::new(place.http(0)).open(place.page.as_str()).await;
        let link = opened.and_then(|page| page.sqrl_link());
        let link = link.map_err(|error| AttackError::Control(error.to_string()))?;
        let public = link.origin();
        if !place.routes.iter().any(|(from, _)| *from == public) {
            let path = &place.page[Position::BeforePath..];
            place.page = Url::parse(&format!("{public}{path}")).map_err(|_| wrong())?;
            place.routes.push((public, there));
        }
        if let Some(linking) = &attack.linking_page {
            let wrong = || AttackError::LinkingPage(linking.clone());
            let url = place.page.join(linking).map_err(|_| wrong())?;
            if !matches!(url.scheme(), "http" | "https") {
                return Err(wrong());
            }
            // At the sign-in page's origin, as the world calls it.
            let mut page = place.page.clone();
            page.set_path(url.path());
            page.set_query(url.query());
            place.linking_page = Some(page);
        }
        Ok(place)
    }

    /// Connections of the n-th person: from an address of its own, where that is possible,
    /// so that a server that slows an address down slows down nobody else.
    pub(super) fn http(&self, n: u8) -> Http {
        match self.address(n) {
            Some(address) => self.builder().local_address(address).build(),
            None => self.builder().build(),
        }
    }

    /// The n-th address.
    pub(super) fn address(&self, n: u8) -> Option<IpAddr> {
        self.many_addresses.then(|| Ipv4Addr::new(127, 0, 0, n.max(1)).into())
    }

    fn builder(&self) -> HttpBuilder {
        let builder = Http::builder().timeout(PATIENCE).routes_only();
        self.routes.iter().fold(builder, |builder, (from, to)| builder.route(from, to))
    }

    /// A browser of its own opens the sign-in page.
    pub(super) async fn visit(&self, http: &Http) -> Result<Visit, Trouble> {
        let browser = Browser::new(http.clone());
        let page = browser.open(self.page.as_str()).await?;
        let link = page.sqrl_link()?;
        Ok(Visit::new(browser, page, link, http))
    }
}

/// A page with a link, in its browser.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) browser: Browser,
    pub(super) page: Page,
    pub(super) link: Link,
    http: Http,
}

impl Visit {
    pub(super) fn new(browser: Browser, page: Page, link: Link, http: &Http) -> Self {
        Self { browser, page, link, http: http.clone() }
    }

    /// A client that has scanned the link.
    pub(super) fn hand(&self, identity: &Identity) -> Hand {
        Hand::new(&self.link, identity, &self.http)
    }
}

/// The origin to connect to. A certificate is for a name, so https keeps its name.
fn reached(page: &Url, address: SocketAddr) -> String {
    match page.host() {
        Some(Host::Domain(_)) if page.scheme() == "http" => format!("http://{address}"),
        _ => page.origin().ascii_serialization(),
    }
}

/// Whether this system lets anybody come from any address of 127.0.0.0/8.
fn many_addresses() -> bool {
    std::net::UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 77), 0)).is_ok()
}
