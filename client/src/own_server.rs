//! Loads and attacks are for servers of one's own: this machine's, unless somebody says
//! that another one is.

use std::net::{SocketAddr, ToSocketAddrs as _};

use url::Url;

/// Why a server is not aimed at.
#[derive(Debug)]
pub(crate) enum NotAimedAt {
    /// No host and port in the address.
    Address,
    /// The name cannot be looked up.
    Name(std::io::Error),
    /// Somebody else's server, as far as anybody can tell.
    NotLoopback(SocketAddr),
}

/// Where an address leads: to this machine alone, unless `is_mine`.
pub(crate) fn resolve(url: &Url, is_mine: bool) -> Result<SocketAddr, NotAimedAt> {
    let host = url.host_str().ok_or(NotAimedAt::Address)?;
    let port = url.port_or_known_default().ok_or(NotAimedAt::Address)?;
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let all = (name, port).to_socket_addrs().map_err(NotAimedAt::Name)?;
    let all: Vec<_> = all.collect();
    match all.iter().find(|address| !address.ip().is_loopback()) {
        Some(elsewhere) if !is_mine => Err(NotAimedAt::NotLoopback(*elsewhere)),
        _ => all.first().copied().ok_or(NotAimedAt::Address),
    }
}
