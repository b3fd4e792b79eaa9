//! Which room imports which, and what it does without.

pub(crate) struct Room {
    /// Its path under `src/`, or its crate's directory.
    pub(crate) name: &'static str,
    /// The rooms it may import; itself always.
    pub(crate) imports: &'static [&'static str],
    /// Crates (with their families: `http` is `http_body` as well), paths and key words that it
    /// never uses. What is built for tests only may; the arrows hold for it, too.
    pub(crate) never: &'static [&'static [&'static str]],
}

const HTTP: &[&str] = &["http", "hyper", "tower", "axum"];
const RANDOMNESS: &[&str] = &["rand", "getrandom"];
const CLOCKS: &[&str] = &["std::time::SystemTime", "std::time::Instant"];
const IO: &[&str] = &["std::fs", "std::io", "std::env", "std::process", "std::thread", "mio"];
const SOCKETS: &[&str] = &["std::net::TcpStream", "std::net::TcpListener", "std::net::UdpSocket"];
const ASYNC: &[&str] = &["async", "tokio", "futures", "std::future"];
const PURE: &[&[&str]] = &[HTTP, RANDOMNESS, CLOCKS, IO, SOCKETS, ASYNC];

const SMALL: &[&str] = &["epoch", "error", "protocol"];
const CONTRACTS: &[&str] = &["error", "identities", "nuts", "protocol"];
const ALL: &[&str] = &["engine", "memory", "service", "axum", "web"];

/// What Cargo cannot see: that crates import no other crates, `Cargo.toml` holds.
pub(crate) const ROOMS: &[Room] = &[
    Room { name: "core/error", imports: &[], never: PURE },
    Room { name: "core/epoch", imports: &[], never: PURE },
    Room { name: "core/protocol", imports: &[], never: PURE },
    Room { name: "core/nuts", imports: SMALL, never: &[] },
    Room { name: "core/identities", imports: SMALL, never: &[] },
    Room { name: "core/conformance", imports: CONTRACTS, never: &[] },
    Room { name: "core/faults", imports: CONTRACTS, never: &[] },
    Room { name: "address_block", imports: &[], never: PURE },
    Room { name: "memory", imports: &["address_block"], never: &[HTTP] },
    Room { name: "engine/decide", imports: &["engine"], never: PURE },
    Room { name: "engine", imports: &["address_block"], never: &[HTTP] },
    Room { name: "service", imports: &["address_block", "engine", "web"], never: &[&["axum"]] },
    Room { name: "axum", imports: ALL, never: &[] },
    Room { name: "web", imports: &[], never: &[HTTP, &["tokio"]] },
    // Pages to read: no code.
    Room { name: "guide", imports: &[], never: PURE },
    // Puts the rooms together; only lib.rs, which is no room, sees it.
    Room { name: "setup", imports: ALL, never: &[] },
];
