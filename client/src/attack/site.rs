//! The site that is attacked, and the routes to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use url::{Host, Position, Url};

use super::error::{AttackError, Inconclusive};
use super::raw_client::RawClient;
use crate::browser::{Browser, Page};
use crate::http::{Http, HttpBuilder};
use crate::identity::Identity;
use crate::sqrl_url::SqrlUrl;
use crate::target_address::{self, TargetError};

/// Timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The site's sign-in page and the routes to it.
#[derive(Debug, Clone)]
pub(super) struct Site {
    /// The public URL of the sign-in page.
    pub(super) page: Url,
    /// The public URL of the page that links an identity to an account, if it was named.
    pub(super) linking_page: Option<Url>,
    /// Pairs of a public origin and the origin to connect to.
    routes: Vec<(String, String)>,
    /// Whether connections can come from many addresses of this machine.
    many_addresses: bool,
}

impl Site {
    /// Opens the sign-in page once. The page's SQRL URL contains the public origin.
    pub(super) async fn find(
        url: &str,
        linking_page: Option<&str>,
        is_mine: bool,
    ) -> Result<Self, AttackError> {
        let invalid = || AttackError::InvalidUrl(url.to_owned());
        let page = Url::parse(url).ok().filter(is_http).ok_or_else(invalid)?;
        let address = target_address::resolve(&page, is_mine).map_err(|error| match error {
            TargetError::Url => invalid(),
            TargetError::Resolve(error) => AttackError::Resolve(error),
            TargetError::NotLoopback(address) => AttackError::NotLoopback(address),
        })?;
        let here = page.origin().ascii_serialization();
        let there = origin_of(&page, address);
        let mut site = Self {
            routes: vec![(here, there.clone())],
            linking_page: None,
            many_addresses: address.ip().is_loopback() && address.is_ipv4() && many_addresses(),
            page,
        };
        let opened = Browser::new(site.http(0)).open(site.page.as_str()).await;
        let sqrl_url = opened.and_then(|page| page.sqrl_url());
        let sqrl_url = sqrl_url.map_err(|error| AttackError::Control(error.to_string()))?;
        let public = sqrl_url.origin();
        if !site.routes.iter().any(|(from, _)| *from == public) {
            let path = &site.page[Position::BeforePath..];
            site.page = Url::parse(&format!("{public}{path}")).map_err(|_| invalid())?;
            site.routes.push((public, there));
        }
        if let Some(linking) = linking_page {
            let url = site.page.join(linking).ok().filter(is_http);
            let url = url.ok_or_else(|| AttackError::LinkingPage(linking.to_owned()))?;
            let mut page = site.page.clone();
            page.set_path(url.path());
            page.set_query(url.query());
            site.linking_page = Some(page);
        }
        Ok(site)
    }

    /// Returns the connections of the n-th attack. They come from their own address if this
    /// machine has several, so that a limit on one address affects no other attack.
    pub(super) fn http(&self, n: u8) -> Http {
        match self.address(n) {
            Some(address) => self.builder().local_address(address).build(),
            None => self.builder().build(),
        }
    }

    /// Returns the n-th address, or `None` if this machine has only one.
    pub(super) fn address(&self, n: u8) -> Option<IpAddr> {
        self.many_addresses.then(|| Ipv4Addr::new(127, 0, 0, n.max(1)).into())
    }

    fn builder(&self) -> HttpBuilder {
        let builder = Http::builder().timeout(TIMEOUT).routes_only();
        self.routes.iter().fold(builder, |builder, (from, to)| builder.route(from, to))
    }

    /// Opens the sign-in page in a new browser.
    pub(super) async fn visit(&self, http: &Http) -> Result<Visit, Inconclusive> {
        let browser = Browser::new(http.clone());
        let page = browser.open(self.page.as_str()).await?;
        let sqrl_url = page.sqrl_url()?;
        Ok(Visit::new(browser, page, sqrl_url, http))
    }
}

/// A page with a SQRL URL, open in a browser.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) browser: Browser,
    pub(super) page: Page,
    pub(super) sqrl_url: SqrlUrl,
    http: Http,
}

impl Visit {
    pub(super) fn new(browser: Browser, page: Page, sqrl_url: SqrlUrl, http: &Http) -> Self {
        Self { browser, page, sqrl_url, http: http.clone() }
    }

    /// Returns a client that has scanned the SQRL URL.
    pub(super) fn client(&self, identity: &Identity) -> RawClient {
        RawClient::new(&self.sqrl_url, identity, &self.http)
    }
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Returns the origin to connect to. An https URL keeps its host name, because a certificate
/// is for a name.
fn origin_of(page: &Url, address: SocketAddr) -> String {
    match page.host() {
        Some(Host::Domain(_)) if page.scheme() == "http" => format!("http://{address}"),
        _ => page.origin().ascii_serialization(),
    }
}

/// Returns whether this system allows connections from any address of 127.0.0.0/8.
fn many_addresses() -> bool {
    std::net::UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 77), 0)).is_ok()
}
