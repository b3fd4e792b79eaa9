//! What each module of `core/` and `src/` may import. Cargo checks the imports between crates.

pub(crate) struct Rule {
    /// The module's path under `src/`, or under `core/src/` with the prefix `core/`.
    pub(crate) module: &'static str,
    /// The modules of the same crate that it may import, besides itself.
    pub(crate) imports: &'static [&'static str],
    /// The crates, paths and keywords that it must not use outside tests. A crate stands for its
    /// family: `http` includes `http_body`.
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

/// Belongs to the engine.
const DECISIONS: &[&str] = &[
    "crate::engine::decide",
    "tower_sqrl_core::identities::Change",
    "tower_sqrl_core::identities::IdentityStore",
    "tower_sqrl_core::protocol::Request",
    "tower_sqrl_core::protocol::UnlockProof",
];

/// A module has the first rule whose path contains it.
pub(crate) const RULES: &[Rule] = &[
    Rule { module: "core/error", imports: &[], never: PURE },
    Rule { module: "core/epoch", imports: &[], never: PURE },
    Rule { module: "core/text", imports: &[], never: PURE },
    Rule { module: "core/protocol", imports: &[], never: PURE },
    Rule { module: "core/nuts", imports: SMALL, never: &[] },
    Rule { module: "core/identities", imports: SMALL, never: &[] },
    Rule { module: "core/conformance", imports: CONTRACTS, never: &[] },
    Rule { module: "core/faults", imports: CONTRACTS, never: &[] },
    Rule { module: "address_block", imports: &[], never: PURE },
    Rule { module: "memory", imports: &["address_block"], never: &[HTTP] },
    Rule { module: "engine/decide", imports: &["engine"], never: PURE },
    Rule { module: "engine", imports: &["address_block"], never: &[HTTP] },
    Rule {
        module: "service",
        imports: &["address_block", "engine", "web"],
        never: &[&["axum"], DECISIONS],
    },
    Rule { module: "axum", imports: ALL, never: &[] },
    Rule { module: "web", imports: &[], never: &[HTTP, &["tokio"]] },
    // Documentation only.
    Rule { module: "guide", imports: &[], never: PURE },
    // Only `lib.rs`, which has no rule, imports it.
    Rule { module: "setup", imports: ALL, never: &[] },
];
