//! The checker itself: each rule is broken once and has to be named; what is allowed passes.

use super::breaches;

#[track_caller]
fn refused(place: &str, source: &str, named: &str) {
    let found = breaches(place, source);
    assert!(found.iter().any(|breach| breach.contains(named)), "{place}: {source}: {found:?}");
}

#[track_caller]
fn allowed(place: &str, source: &str) {
    let found = breaches(place, source);
    assert!(found.is_empty(), "{place}: {source}: {found:?}");
}

#[test]
fn rooms_import_only_along_the_arrows() {
    let rooms = [
        "error",
        "epoch",
        "protocol",
        "nuts",
        "identities",
        "conformance",
        "faults",
        "address_block",
        "memory",
        "engine",
        "service",
        "axum",
        "web",
        "setup",
    ];
    let arrows = [
        ("core/error", "error"),
        ("core/epoch", "epoch"),
        ("core/protocol", "protocol"),
        ("core/nuts", "nuts epoch error protocol"),
        ("core/identities", "identities epoch error protocol"),
        ("core/conformance", "conformance nuts identities error protocol"),
        ("core/faults", "faults nuts identities error protocol"),
        ("address_block", "address_block"),
        ("memory", "memory address_block"),
        ("engine", "engine address_block"),
        ("engine/decide", "engine"),
        ("service", "service address_block engine web"),
        ("axum", "axum engine memory service web"),
        ("web", "web"),
        ("setup", "setup engine memory service axum web"),
    ];
    for (from, may) in arrows {
        for to in rooms {
            let source = format!("use crate::{to}::Thing;");
            if may.split(' ').any(|room| room == to) {
                allowed(from, &source);
            } else {
                refused(from, &source, &format!("{from} may not import crate::{to}::Thing"));
            }
        }
    }
}

#[test]
fn every_way_to_write_a_path_is_seen() {
    for source in [
        "use crate::engine;",
        "use crate::engine as machine;",
        "use crate::engine::*;",
        "pub(crate) use crate::{protocol::Nut, engine::{self, Decision}};",
        "use {crate::protocol::Nut, crate::engine::Decision};",
        "fn f(nut: crate::engine::Decision) {}",
        "fn f() { crate::engine::decide() }",
        "fn f() { assert!(crate::engine::decide()); }",
        "fn f() { format!(\"{}\", Vec::<crate::engine::Decision>::new()) }",
        "use super::super::engine::Decision;",
        "use super::super::{engine, protocol};",
        "fn f() { super::super::engine::decide() }",
        "mod inner { fn f() { super::super::super::engine::decide() } }",
        "use self::super::super::engine::Decision;",
        "#[cfg(test)] mod tests { use crate::engine::Decision; }",
        "#[cfg(feature = \"x\")] use crate::engine::Decision;",
    ] {
        refused("memory/nuts", source, "memory may not import crate::engine");
    }
}

#[test]
fn nobody_goes_through_the_root_of_the_crate() {
    refused("service", "use crate::Sqrl;", "service may not import crate::Sqrl");
    refused("engine", "use super::*;", "engine may not import crate::*");
    refused("engine", "use crate as root;", "engine may not import crate");
    allowed("engine/decide", "use super::*;");
    allowed("engine", "mod tests { use super::*; }");
}

#[test]
fn a_new_room_needs_a_rule() {
    refused("cellar", "", "cellar is a room without a rule");
}

#[test]
fn what_is_pure_stays_pure() {
    for pure in ["core/protocol/nut", "engine/decide"] {
        for (source, named) in [
            ("async fn f() {}", "async"),
            ("fn f() { let a = async move {}; }", "async"),
            ("use async_trait::async_trait;", "async"),
            ("use tokio::sync::Mutex;", "tokio"),
            ("fn f() { tokio::spawn(g()); }", "tokio"),
            ("use tokio_util::codec;", "tokio"),
            ("use futures_util::Stream;", "futures"),
            ("use rand::Rng;", "rand"),
            ("use getrandom::fill;", "getrandom"),
            ("use http::Request;", "http"),
            ("use http_body::Body;", "http"),
            ("use tower_service::Service;", "tower"),
            ("use axum as web;", "axum"),
            ("use std::time::{Duration, SystemTime};", "std::time::SystemTime"),
            ("use std::time::Instant as Now;", "std::time::Instant"),
            ("use std::time;", "std::time::SystemTime"),
            ("use std::time::*;", "std::time::SystemTime"),
            ("use std::{time::{self}};", "std::time::SystemTime"),
            ("fn f() { std::time::Instant::now(); }", "std::time::Instant"),
            ("use std::net::{IpAddr, TcpStream};", "std::net::TcpStream"),
            ("use std::net::TcpListener;", "std::net::TcpListener"),
            ("use std::fs;", "std::fs"),
            ("use std::io::Read;", "std::io"),
        ] {
            refused(pure, source, &format!("may not use {named}"));
        }
        allowed(pure, "use std::net::IpAddr; use std::time::Duration; use std::fmt;");
    }
    // Decisions alone: around them the engine has a clock.
    allowed("engine/take", "use std::time::SystemTime; use rand::Rng; async fn f() {}");
}

#[test]
fn crates_stay_in_their_rooms() {
    for room in ["memory", "engine"] {
        refused(room, "use http::StatusCode;", "may not use http");
        refused(room, "use tower_layer::Layer;", "may not use tower");
        refused(room, "use axum_core::body::Body;", "may not use axum");
        allowed(room, "use tokio::time;");
    }
    refused("service", "use axum::Router;", "may not use axum");
    refused("service", "use crate::memory::MemoryNutStore;", "may not import crate::memory");
    allowed(
        "service",
        "use http::Request; use tower_layer::Layer; use tower_sqrl_core::nuts::NutStore;",
    );
    for web in ["use http::Request;", "use tokio::time;"] {
        refused("web/qr", web, "web may not use");
    }
}

#[test]
fn prose_and_text_do_not_count() {
    allowed(
        "core/protocol",
        r##"
        //! async fn, tokio::spawn
        // use crate::engine::Decision;
        /* use http::Request; /* nested */ crate::web */
        /// See [`decide`](crate::engine::decide).
        const TEXT: &str = "use http::Request; \" crate::web::page";
        const RAW: &str = r#"" tokio::spawn "#;
        const QUOTE: char = '"'; // std::time::Instant
        fn lifetime<'tokio>(rand: &'tokio str) -> &'tokio str { rand }
        "##,
    );
}

#[test]
fn tests_may_use_any_crate_but_keep_the_arrows() {
    allowed("core/protocol", "#[cfg(test)] mod tests { use std::time::Instant; use rand::Rng; }");
    allowed("engine/decide", "#[cfg(all(test, feature = \"x\"))] mod tests { use tokio::test; }");
    allowed("engine/decide/tests", "use std::fs;");
    refused("core/protocol", "#[cfg(test)] mod tests {} use rand::Rng;", "may not use rand");
    refused("core/protocol", "#[cfg(test)] use a::{b}; use rand::Rng;", "may not use rand");
    refused("core/protocol", "#[cfg(not(test))] use rand::Rng;", "may not use rand");
    refused(
        "core/protocol",
        "#[cfg(any(test, feature = \"x\"))] use rand::Rng;",
        "may not use rand",
    );
}
