use std::net::IpAddr;
use std::time::Duration;

use super::clock::Clock;
use super::decide::Policy;
use super::nut_issuer::NutIssuer;
use crate::address_block::AddressBlock;
use tower_sqrl_core::nuts::NutInfo;
use tower_sqrl_core::protocol::{Nut, PublicUrl, UrlScheme};

/// How long things live.
///
/// Section 2 of `docs/protocol.md`: the specification leaves them to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    /// A link's nut: how long a page can be scanned. 5 minutes by default.
    pub(crate) link: Duration,
    /// Every later nut: how long people may take over a dialog or a rescue code.
    /// 10 minutes by default.
    pub(crate) later: Duration,
    /// A whole chain from its link on. 30 minutes by default.
    pub(crate) chain: Duration,
    /// A CPS URL. 60 seconds by default.
    pub(crate) cps: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            link: Duration::from_secs(5 * 60),
            later: Duration::from_secs(10 * 60),
            chain: Duration::from_secs(30 * 60),
            cps: Duration::from_secs(60),
        }
    }
}

/// Everything that the engine is told once.
#[derive(Debug)]
pub(crate) struct EngineConfig {
    pub(crate) public_url: PublicUrl,
    pub(crate) url_scheme: UrlScheme,
    /// The client's endpoint below the mount: prefix and `/cli.sqrl`.
    pub(crate) endpoint: String,
    /// The same with the mount: `qry` of every reply.
    pub(crate) client_path: String,
    /// What stands before a CPS id in its URL.
    pub(crate) cps_url: String,
    /// `x` of every link; 0 for none.
    pub(crate) domain_extension: usize,
    pub(crate) nut_issuer: NutIssuer,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) policy: Policy,
    /// Whether two addresses of one IPv6 /64 network count as the same address.
    pub(crate) same_address_by_ipv6_network: bool,
    /// Refused requests of one address before it is slowed down; none for no limit.
    pub(crate) failures_per_minute: Option<u32>,
    /// Links, and what else outlasts a request, of one address; none for no limit.
    pub(crate) challenges_per_minute: Option<u32>,
    #[cfg(feature = "sin")]
    pub(crate) secrets: Option<super::seal::IndexedSecrets>,
    pub(crate) clock: Clock,
}

impl EngineConfig {
    /// The text of the link with this nut.
    pub(crate) fn link(&self, nut: Nut) -> String {
        self.public_url.sqrl_url(self.url_scheme, &self.endpoint, self.domain_extension, nut)
    }

    /// `sin` of every reply to a query.
    #[cfg_attr(not(feature = "sin"), allow(clippy::unused_self, reason = "the other half"))]
    pub(super) fn sin(&self) -> Option<&str> {
        #[cfg(feature = "sin")]
        return self.secrets.as_ref().map(super::seal::IndexedSecrets::sin);
        #[cfg(not(feature = "sin"))]
        None
    }

    /// Whether the browser that asked for a link and the client that answers it have the same
    /// address. Every comparison of the two goes through here.
    pub(super) fn is_same_address(&self, browser: IpAddr, client: IpAddr) -> bool {
        if self.same_address_by_ipv6_network {
            AddressBlock::of(browser) == AddressBlock::of(client)
        } else {
            browser.to_canonical() == client.to_canonical()
        }
    }

    /// How long `nut` may be used; longer, its record is only held for a friendlier answer.
    pub(super) fn lifetime(&self, nut: &Nut, info: &NutInfo) -> Duration {
        if *nut == info.first_nut { self.lifetimes.link } else { self.lifetimes.later }
    }
}

/// How long a store holds a nut of this lifetime: as long again, so that whoever comes too late is
/// told so, and may go on with a fresh one.
pub(super) fn held_for(lifetime: Duration) -> Duration {
    lifetime * 2
}
