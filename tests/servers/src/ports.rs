//! Free ports for servers that cannot bind port 0 and report the port they got.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::{Error, Result};

/// The range is below the kernel's range for outgoing connections, so that the port is still free
/// when a killed server restarts. So is the port of a Redis Cluster's bus, 10,000 above.
const FIRST: u16 = 10_240;
const COUNT: u16 = 12_000;

/// Returns a port on 127.0.0.1 that was free at the time of the call and that no outgoing connection
/// uses. Each test process starts at a random port of the range.
pub fn free() -> Result<u16> {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| {
        let random = RandomState::new().hash_one(std::process::id());
        AtomicU16::new(u16::try_from(random % u64::from(COUNT)).unwrap_or_default())
    });
    (0..COUNT)
        .map(|_| FIRST + next.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .ok_or_else(|| Error::new("no free port on 127.0.0.1"))
}

/// Starts a server on a free port. Retries with another port if another process took the first one.
pub(crate) fn with_free_port<T>(mut start: impl FnMut(u16) -> Result<T>) -> Result<T> {
    const TRIES: usize = 20;
    let mut result = start(free()?);
    for _ in 1..TRIES {
        match &result {
            Err(error) if error.port_taken => result = start(free()?),
            _ => break,
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_port_is_tried_only_when_the_first_was_taken() {
        let mut ports = Vec::new();
        let started = with_free_port(|port| {
            ports.push(port);
            let mut error = Error::new("in use");
            error.port_taken = true;
            if ports.len() < 3 { Err(error) } else { Ok(port) }
        });
        assert_eq!(started.expect("the third is free"), ports[2]);
        assert_ne!(ports[0], ports[1]);

        let mut tries = 0;
        let failed: Result<()> = with_free_port(|_| {
            tries += 1;
            Err(Error::new("broken"))
        });
        assert_eq!((failed.is_err(), tries), (true, 1));
    }
}
