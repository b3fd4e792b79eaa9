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
const CONCRETE: &[&str] = &["crate::store::MemoryNutStore", "crate::identity::MemoryIdentityStore"];
const STORES: &[&str] = &["tower_sqrl_redis", "tower_sqrl_postgres", "tower_sqrl_sqlite"];
const PURE: &[&[&str]] = &[HTTP, RANDOMNESS, CLOCKS, IO, SOCKETS, ASYNC];

const ALL: &[&str] = &["protocol", "store", "identity", "engine", "service", "axum", "web"];
const RECORDS: &[&str] = &["protocol", "store", "identity"];
const ENGINE: &[&str] = &["protocol", "store", "identity", "engine"];
const SERVICE: &[&str] = &["protocol", "store", "identity", "engine", "web"];

pub(crate) const ROOMS: &[Room] = &[
    Room { name: "protocol", imports: &[], never: PURE },
    Room { name: "store", imports: RECORDS, never: &[HTTP] },
    Room { name: "identity", imports: RECORDS, never: &[HTTP] },
    Room { name: "engine/decide", imports: ENGINE, never: PURE },
    Room { name: "engine", imports: RECORDS, never: &[HTTP] },
    Room { name: "service", imports: SERVICE, never: &[&["axum"], CONCRETE, STORES] },
    Room { name: "axum", imports: ALL, never: &[] },
    Room { name: "web", imports: &[], never: &[HTTP, &["tokio"], STORES] },
    // Pages to read: no code.
    Room { name: "guide", imports: &[], never: PURE },
    // Puts the rooms together; only lib.rs, which is no room, sees it.
    Room { name: "setup", imports: ALL, never: &[] },
    Room { name: "store-redis", imports: RECORDS, never: &[] },
    Room { name: "store-postgres", imports: RECORDS, never: &[] },
    Room { name: "store-sqlite", imports: RECORDS, never: &[] },
];
