use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

/// The peer's address of a connection. Without axum's `ConnectInfo`, insert it into the extensions of every
/// request.
///
/// *Operating Details*, "The “Same IP” check".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Determines the address of a client.
#[derive(Debug)]
pub(crate) struct ClientAddress {
    /// Returns the connection's address from the request's extensions.
    pub(crate) connection: fn(&Extensions) -> Option<IpAddr>,
    /// The networks of the proxies whose header counts.
    pub(crate) trusted: Vec<IpNet>,
    /// Whether a request without a connection's address comes from a trusted proxy.
    pub(crate) trusts_unix_socket: bool,
    pub(crate) header: HeaderName,
    pub(crate) logged: LoggedOnce,
}

/// Which warnings have been logged. Each is logged once, because every request can cause it.
#[derive(Debug, Default)]
pub(crate) struct LoggedOnce {
    not_trusted: AtomicBool,
    not_readable: AtomicBool,
}

impl LoggedOnce {
    /// Returns true for the first caller.
    fn first(flag: &AtomicBool) -> bool {
        !flag.load(Ordering::Relaxed) && !flag.swap(true, Ordering::Relaxed)
    }
}

impl ClientAddress {
    /// Returns the client's address. An IPv4-mapped address becomes IPv4.
    ///
    /// This is the connection's address, unless it belongs to a trusted proxy. Then it is the first
    /// untrusted address in the header, read from the right. Anybody may have written the addresses further
    /// left.
    ///
    /// A Unix socket has no address. Unless it is trusted and the header has an address, the client's
    /// address is unknown.
    pub(crate) fn of(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let mut client = (self.connection)(extensions).map(|address| address.to_canonical());
        let lines = headers.get_all(&self.header).into_iter().collect::<Vec<_>>();
        let is_proxy = client.map_or(self.trusts_unix_socket, |address| self.is_trusted(address));
        if !is_proxy {
            if let Some(client) = client.filter(|_| !lines.is_empty()) {
                self.warn_not_trusted(client);
            }
            return client;
        }
        let mut has_address = false;
        for hop in lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','))
        {
            // An entry that is not an address ends the walk at the proxy that wrote it.
            let address = address(hop);
            has_address = address.is_some();
            client = address.or(client);
            if address.is_none_or(|address| !self.is_trusted(address)) {
                break;
            }
        }
        if let Some(proxy) = client.filter(|_| !has_address) {
            self.warn_no_address(proxy);
        }
        client
    }

    fn warn_not_trusted(&self, peer: IpAddr) {
        if LoggedOnce::first(&self.logged.not_trusted) {
            tracing::warn!(
                %peer,
                "ignoring `{}` from an address that is not a trusted proxy. If this is your proxy, \
                 configure `trusted_proxy`; otherwise all its users share one address. Logged once",
                self.header,
            );
        }
    }

    fn warn_no_address(&self, peer: IpAddr) {
        if LoggedOnce::first(&self.logged.not_readable) {
            tracing::warn!(
                %peer,
                "trusted proxy sent no valid address in `{}`; using the proxy's address. Configure the \
                 proxy to set this header, or configure `address_header`; otherwise all its users \
                 share one address. Logged once",
                self.header,
            );
        }
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }
}

/// Parses an address as proxies write it: bare, with a port, or in brackets.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let bare = hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, trusted: &[&str], lines: &[&str]) -> IpAddr {
        found(Some(peer), false, trusted, lines).expect("a peer")
    }

    fn found(
        peer: Option<&str>,
        trusts_unix_socket: bool,
        trusted: &[&str],
        lines: &[&str],
    ) -> Option<IpAddr> {
        let addresses = ClientAddress {
            connection: |extensions| extensions.get::<PeerAddress>().map(|peer| peer.0.ip()),
            trusted: trusted.iter().map(|net| net.parse().expect("a net")).collect(),
            trusts_unix_socket,
            header: HeaderName::from_static("x-forwarded-for"),
            logged: LoggedOnce::default(),
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().expect("a header"));
        }
        let mut extensions = Extensions::new();
        if let Some(peer) = peer {
            extensions.insert(PeerAddress(SocketAddr::new(peer.parse().expect("an address"), 1)));
        }
        addresses.of(&headers, &extensions)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn without_trust_the_header_is_ignored() {
        assert_eq!(client("192.0.2.1", &[], &["203.0.113.9"]), ip("192.0.2.1"));
        assert_eq!(client("192.0.2.1", &["10.0.0.0/8"], &["203.0.113.9"]), ip("192.0.2.1"));
        assert_eq!(client("::ffff:192.0.2.1", &[], &[]), ip("192.0.2.1"));
    }

    #[test]
    fn a_unix_socket_has_the_address_that_its_trusted_proxy_names() {
        for (trusts, lines, expected) in [
            (true, vec!["203.0.113.9"], Some("203.0.113.9")),
            (true, vec!["198.51.100.7, 203.0.113.9, 10.0.0.2"], Some("203.0.113.9")),
            (true, vec![], None),
            (true, vec!["203.0.113.9, unknown"], None),
            (true, vec!["unix:"], None),
            (false, vec!["203.0.113.9"], None),
        ] {
            let address = found(None, trusts, &["10.0.0.0/8"], &lines);
            assert_eq!(address, expected.map(ip), "{trusts} {lines:?}");
        }
        // A connection with an address is not one over a Unix socket.
        assert_eq!(found(Some("192.0.2.1"), true, &[], &["203.0.113.9"]), Some(ip("192.0.2.1")));
    }

    #[test]
    fn the_walk_ends_at_the_first_untrusted_hop() {
        let trusted = ["10.0.0.0/8"];
        for (lines, expected) in [
            (vec!["203.0.113.9"], "203.0.113.9"),
            (vec!["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            (vec!["198.51.100.7", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            (vec!["203.0.113.9:4711"], "203.0.113.9"),
            (vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            (vec!["[2001:db8::1]"], "2001:db8::1"),
            (vec!["::ffff:203.0.113.9"], "203.0.113.9"),
            (vec!["203.0.113.9, unknown"], "10.0.0.1"),
            (vec!["203.0.113.9, "], "10.0.0.1"),
            (vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (vec![], "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &trusted, &lines), ip(expected), "{lines:?}");
        }
    }
}
