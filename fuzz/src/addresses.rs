//! The public URL of a site, and the client address of a request.
//!
//! The input is lines: the public URL, a URL that may have the same origin, the address of the connection, the
//! trusted networks separated by commas, and then the values of `X-Forwarded-For`.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderValue, Request};
use tower_sqrl::protocol::{Nut, PublicUrl, UrlScheme};
use tower_sqrl_client::SqrlUrl;
use url::Url;

use crate::site::Site;

/// Checks the public URL and the client address.
pub fn run(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let mut text = || std::str::from_utf8(lines.next()?).ok();
    let (Some(public), Some(other)) = (text(), text()) else { return };
    if let Ok(url) = public.parse::<PublicUrl>() {
        check_public_url(&url, public, other);
        check_sqrl_urls(&url);
    }
    let (Some(peer), Some(trusted)) = (text(), text()) else { return };
    if let Ok(peer) = peer.parse() {
        check_client_address(peer, trusted, lines);
    }
}

/// Asserts that the URL has the form that browsers give it.
fn check_public_url(url: &PublicUrl, written: &str, other: &str) {
    let text = url.to_string();
    assert_eq!(text.parse::<PublicUrl>().as_ref(), Ok(url));
    assert_eq!(format!("{}{}", url.origin(), url.path()), text);
    assert!(url.path().is_empty() || url.path().starts_with('/') && !url.path().ends_with('/'));
    assert!(!text.contains(['"', '<', '>', '\'', '&', '?', '#', '@', '\\', ' ', '\r', '\n']));
    if written.is_ascii() {
        assert!(text.len() <= written.len() || url.origin().ends_with(']'));
    }
    let theirs = Url::parse(&text).expect("a browser's URL");
    assert_eq!(theirs.origin().ascii_serialization(), url.origin());
    assert_eq!(theirs.path().trim_end_matches('/'), url.path());
    assert_eq!(theirs.scheme() == "https", url.is_https());

    assert!(url.is_same_origin(&text));
    if url.is_same_origin(other) {
        assert!(other.bytes().all(|byte| byte.is_ascii_graphic()));
        let other = Url::parse(other).map(|other| other.origin());
        assert_eq!(other.as_ref(), Ok(&theirs.origin()));
    }
}

/// The client reads our links as we mean them.
fn check_sqrl_urls(url: &PublicUrl) {
    let nut = Nut::from_bytes([0x5A; 16]);
    let scheme = if url.is_https() { UrlScheme::Sqrl } else { UrlScheme::Qrl };
    let path = format!("{}/cli.sqrl", url.path());
    for extension in [0, 1, path.len()] {
        let link: SqrlUrl =
            url.sqrl_url(scheme, "/cli.sqrl", extension, nut).parse().expect("a link of ours");
        assert_eq!(link.origin(), url.origin());
        assert_eq!(link.nut(), nut.to_string());
        let (_, host) = url.origin().split_once("://").expect("a scheme");
        let end = host.rfind(']').or_else(|| host.find(':').map(|colon| colon - 1));
        let host = end.map_or(host, |end| &host[..=end]);
        assert_eq!(link.domain().as_str(), format!("{host}{}", &path[..extension]));
        assert_eq!(link.sibling("pag.sqrl"), format!("{url}/pag.sqrl"));
    }
}

fn check_client_address<'a>(peer: IpAddr, trusted: &str, lines: impl Iterator<Item = &'a [u8]>) {
    let networks: Vec<_> = trusted.split(',').filter(|text| !text.is_empty()).collect();
    let site = Site::new(|builder| {
        networks.iter().fold(builder, |builder, text| builder.trusted_proxy(*text))
    });
    let Ok(site) = site else { return };
    let lines: Vec<_> = lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    let mut request = Request::get("/nut.sqrl").body(Bytes::new()).expect("a request");
    for line in &lines {
        request.headers_mut().append("x-forwarded-for", line.clone());
    }
    let answer = site.send(peer, request);
    assert_eq!(answer.response.status(), 200);
    let found: Vec<_> = site.stores.records().pending.values().map(|info| info.ip).collect();

    let all = lines.iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b","[..]);
    let networks: Vec<_> = networks.iter().map(|text| network(text)).collect();
    assert_eq!(found, [client_address(peer, &networks, &all)]);
}

/// Goes through the hops from the right while the previous address is trusted and the hop is an address.
fn client_address(peer: IpAddr, networks: &[(IpAddr, u32)], header: &[u8]) -> IpAddr {
    let mut client = canonical(peer);
    let hops = header.split(|&byte| byte == b',');
    for hop in hops.collect::<Vec<_>>().into_iter().rev() {
        match std::str::from_utf8(hop).ok().and_then(address) {
            Some(address) if networks.iter().any(|network| holds(*network, client)) => {
                client = canonical(address);
            }
            _ => break,
        }
    }
    client
}

/// Parses `1.2.3.4`, `1.2.3.4:5`, `::1`, `[::1]` and `[::1]:5`.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let (bare, port) = match (hop.strip_prefix('['), hop.matches(':').count()) {
        (Some(rest), _) => {
            let (v6, port) = rest.split_once(']')?;
            // With a port, the address may have a zone.
            let v6 = if port.is_empty() { v6 } else { without_zone(v6)? };
            (IpAddr::V6(v6.parse().ok().or_else(|| v4_in_brackets(v6, port))?), port)
        }
        (None, 1) => {
            let (v4, port) = hop.split_at(hop.find(':')?);
            (IpAddr::V4(v4.parse().ok()?), port)
        }
        (None, _) => (hop.parse().ok()?, ""),
    };
    let port_is_good = match port.strip_prefix(':') {
        Some(digits) => {
            digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
        }
        None => port.is_empty(),
    };
    port_is_good.then_some(bare)
}

/// Parses `[1.2.3.4]`, which is accepted too.
fn v4_in_brackets(text: &str, port: &str) -> Option<std::net::Ipv6Addr> {
    let v4: std::net::Ipv4Addr = text.parse().ok()?;
    port.is_empty().then(|| v4.to_ipv6_mapped())
}

fn without_zone(v6: &str) -> Option<&str> {
    match v6.split_once('%') {
        None => Some(v6),
        Some((v6, zone)) => {
            let digits = zone.bytes().all(|byte| byte.is_ascii_digit());
            (digits && zone.parse::<u32>().is_ok()).then_some(v6)
        }
    }
}

/// Returns the address and prefix length of a network that the builder accepted.
fn network(text: &str) -> (IpAddr, u32) {
    let (address, bits) = text.split_once('/').unwrap_or((text, "128"));
    let address: IpAddr = address.parse().expect("an address");
    let bits = bits.parse().expect("a length");
    match canonical(address) {
        v4 @ IpAddr::V4(_) if address.is_ipv6() && bits >= 96 => (v4, bits - 96),
        _ => (address, bits),
    }
}

fn holds((network, length): (IpAddr, u32), address: IpAddr) -> bool {
    let differ = match (network, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(a.to_bits() ^ b.to_bits()) << 96,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() ^ b.to_bits(),
        _ => return false,
    };
    differ.leading_zeros() >= length.min(128) || differ == 0
}

/// Converts an IPv4-mapped address to IPv4.
fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}
