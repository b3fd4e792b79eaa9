use std::net::IpAddr;
use std::time::Duration;

use tower_sqrl_core::nuts::NutInfo;
use tower_sqrl_core::protocol::{Nut, PublicUrl, UrlScheme};

use super::clock::Clock;
use super::decide::Policy;
use super::nut_issuer::NutIssuer;
use crate::address_block::AddressBlock;

/// The lifetimes of nuts, chains and CPS URLs.
///
/// The specification leaves them to the server; see section 2 of `docs/protocol.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    /// The nut of a sign-in URL: how long a QR code can be scanned. Default: 5 minutes.
    pub(crate) url: Duration,
    /// Every later nut: how long a user may take for a dialog or a rescue code. Default: 10 minutes.
    pub(crate) later: Duration,
    /// A chain, from its sign-in URL on. Default: 30 minutes.
    pub(crate) chain: Duration,
    /// A CPS URL. Default: 60 seconds.
    pub(crate) cps: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            url: Duration::from_secs(5 * 60),
            later: Duration::from_secs(10 * 60),
            chain: Duration::from_secs(30 * 60),
            cps: Duration::from_secs(60),
        }
    }
}

/// The engine's configuration.
#[derive(Debug)]
pub(crate) struct EngineConfig {
    pub(crate) public_url: PublicUrl,
    pub(crate) url_scheme: UrlScheme,
    /// The path of the client's endpoint below the mount: prefix and `/cli.sqrl`.
    pub(crate) endpoint: String,
    /// The same with the mount: `qry` of every reply.
    pub(crate) client_path: String,
    /// A CPS URL without its id, which follows.
    pub(crate) cps_url: String,
    /// `x` of every sign-in URL, or 0.
    pub(crate) domain_extension: usize,
    pub(crate) nut_issuer: NutIssuer,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) policy: Policy,
    /// Whether two addresses of one IPv6 /64 network count as the same address.
    pub(crate) same_address_by_ipv6_network: bool,
    /// The failure limit of an address: refused requests a minute. `None` is no limit.
    pub(crate) failures_per_minute: Option<u32>,
    /// Sign-in URLs, and whatever else outlasts a request, a minute of one address. `None` is no limit.
    pub(crate) challenges_per_minute: Option<u32>,
    #[cfg(feature = "sin")]
    pub(crate) secrets: Option<super::seal::IndexedSecrets>,
    pub(crate) clock: Clock,
}

impl EngineConfig {
    /// Returns the sign-in URL with this nut.
    pub(crate) fn sign_in_url(&self, nut: Nut) -> String {
        self.public_url.sqrl_url(self.url_scheme, &self.endpoint, self.domain_extension, nut)
    }

    /// Returns the `sin` of replies, if the site asks for indexed secrets.
    #[cfg_attr(not(feature = "sin"), allow(clippy::unused_self, reason = "the feature uses it"))]
    pub(super) fn sin(&self) -> Option<&str> {
        #[cfg(feature = "sin")]
        return self.secrets.as_ref().map(super::seal::IndexedSecrets::sin);
        #[cfg(not(feature = "sin"))]
        None
    }

    /// Returns whether the browser that requested a sign-in URL and the client that answers it have the
    /// same address. All comparisons of the two use this function.
    pub(super) fn is_same_address(&self, browser: IpAddr, client: IpAddr) -> bool {
        if self.same_address_by_ipv6_network {
            AddressBlock::of(browser) == AddressBlock::of(client)
        } else {
            browser.to_canonical() == client.to_canonical()
        }
    }

    /// Returns how long `nut` may be used. After that, its record only makes the reply friendlier.
    pub(super) fn lifetime(&self, nut: &Nut, info: &NutInfo) -> Duration {
        if *nut == info.first_nut { self.lifetimes.url } else { self.lifetimes.later }
    }
}

/// Returns how long a store keeps a nut of this lifetime: twice as long, so that a client that comes too
/// late learns it and can continue with a fresh nut.
pub(super) fn held_for(lifetime: Duration) -> Duration {
    lifetime * 2
}
