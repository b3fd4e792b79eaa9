//! The rooms of the house and the arrows between them: reads the sources and fails on a breach.
//!
//! CONTRIBUTING.md says why the arrows are what they are.

#[path = "rooms/paths.rs"]
mod paths;
#[path = "rooms/planted.rs"]
mod planted;

use std::fs;
use std::path::Path;

struct Room {
    /// Its path under `src/`, or its crate's directory.
    name: &'static str,
    /// The rooms it may import; itself always.
    imports: &'static [&'static str],
    /// Crates (with their families: `http` is `http_body` as well), paths and key words that it
    /// never uses. What is built for tests only may; the arrows hold for it, too.
    never: &'static [&'static [&'static str]],
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

const ROOMS: &[Room] = &[
    Room { name: "protocol", imports: &[], never: PURE },
    Room { name: "store", imports: RECORDS, never: &[HTTP] },
    Room { name: "identity", imports: RECORDS, never: &[HTTP] },
    Room { name: "engine/decide", imports: ENGINE, never: PURE },
    Room { name: "engine", imports: RECORDS, never: &[HTTP] },
    Room { name: "service", imports: ENGINE, never: &[&["axum"], CONCRETE, STORES] },
    Room { name: "axum", imports: ALL, never: &[] },
    Room { name: "web", imports: &[], never: &[HTTP, &["tokio"], STORES] },
    // Puts the rooms together; only lib.rs, which is no room, sees it.
    Room { name: "setup", imports: ALL, never: &[] },
    Room { name: "store-redis", imports: RECORDS, never: &[] },
    Room { name: "store-postgres", imports: RECORDS, never: &[] },
    Room { name: "store-sqlite", imports: RECORDS, never: &[] },
];

/// What the source of the module at `place`, such as `engine/decide`, may not contain.
fn breaches(place: &str, source: &str) -> Vec<String> {
    let inside = |room: &&Room| Path::new(place).starts_with(room.name);
    let Some(room) = ROOMS.iter().find(inside) else {
        return vec![format!("{place} is a room without a rule in tests/rooms.rs")];
    };
    // The stores see the rooms from outside.
    let house = if room.name.starts_with("store-") { "tower_sqrl" } else { "crate" };
    let own = room.name.split('/').next().unwrap_or_default();
    let breach = |found: &paths::Found| {
        let path = found.segments.join("::");
        if found.segments[0] == house {
            let to = found.segments.get(1).map_or("*", String::as_str);
            if to != own && !room.imports.contains(&to) {
                return Some(format!(
                    "{place}:{}: {} may not import {path}",
                    found.line, room.name
                ));
            }
        }
        let banned = room.never.iter().copied().flatten().find(|banned| found.reaches(banned))?;
        let test = found.test || place.ends_with("/tests");
        let line = found.line;
        (!test).then(|| format!("{place}:{line}: {} may not use {banned} ({path})", room.name))
    };
    paths::find(source, place).iter().filter_map(breach).collect()
}

/// All breaches in the sources under `directory`, whose modules' paths begin with `place`.
fn breaches_under(directory: &Path, place: &str) -> Vec<String> {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .expect("sources")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    let examine = |path: std::path::PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8");
        let inner = format!("{place}/{stem}").trim_start_matches('/').to_owned();
        if path.is_dir() {
            return breaches_under(&path, &inner);
        }
        match (path.extension().is_some_and(|extension| extension == "rs"), stem) {
            (true, "mod" | "lib") if place.is_empty() => Vec::new(),
            (true, "mod" | "lib") => breaches(place, &fs::read_to_string(&path).expect("text")),
            (true, _) => breaches(&inner, &fs::read_to_string(&path).expect("text")),
            (false, _) => Vec::new(),
        }
    };
    entries.into_iter().flat_map(examine).collect()
}

#[test]
fn the_arrows_between_the_rooms_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = breaches_under(&root.join("src"), "");
    for store in ["store-redis", "store-postgres", "store-sqlite"] {
        found.extend(breaches_under(&root.join(store).join("src"), store));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
