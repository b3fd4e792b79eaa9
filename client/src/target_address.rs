//! The address of a server to load or attack. Servers on other machines are rejected
//! unless the caller confirms that they are its own.

use std::net::{SocketAddr, ToSocketAddrs as _};

use url::Url;

/// Reasons why a server is not a target.
#[derive(Debug)]
pub(crate) enum TargetError {
    /// The URL has no host or no port.
    Url,
    /// The host name cannot be resolved.
    Resolve(std::io::Error),
    /// The server is on another machine.
    NotLoopback(SocketAddr),
}

/// Resolves the address of a URL. It must be a loopback address, unless `is_mine`.
pub(crate) fn resolve(url: &Url, is_mine: bool) -> Result<SocketAddr, TargetError> {
    let host = url.host_str().ok_or(TargetError::Url)?;
    let port = url.port_or_known_default().ok_or(TargetError::Url)?;
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let all = (name, port).to_socket_addrs().map_err(TargetError::Resolve)?;
    let all: Vec<_> = all.collect();
    match all.iter().find(|address| !address.ip().is_loopback()) {
        Some(remote) if !is_mine => Err(TargetError::NotLoopback(*remote)),
        _ => all.first().copied().ok_or(TargetError::Url),
    }
}
