//! Tests of the checker: it reports each planted breach and accepts what the rules allow.

use super::breaches;

#[track_caller]
fn assert_breach(place: &str, source: &str, named: &str) {
    let found = breaches(place, source);
    assert!(found.iter().any(|breach| breach.contains(named)), "{place}: {source}: {found:?}");
}

#[track_caller]
fn assert_allowed(place: &str, source: &str) {
    let found = breaches(place, source);
    assert!(found.is_empty(), "{place}: {source}: {found:?}");
}

#[test]
fn modules_import_only_what_their_rules_allow() {
    let modules = [
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
        for to in modules {
            let source = format!("use crate::{to}::Thing;");
            if may.split(' ').any(|module| module == to) {
                assert_allowed(from, &source);
            } else {
                assert_breach(from, &source, &format!("{from} may not import crate::{to}::Thing"));
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
        assert_breach("memory/nuts", source, "memory may not import crate::engine");
    }
}

#[test]
fn no_module_imports_from_the_root_of_the_crate() {
    assert_breach("service", "use crate::Sqrl;", "service may not import crate::Sqrl");
    assert_breach("engine", "use super::*;", "engine may not import crate::*");
    assert_breach("engine", "use crate as root;", "engine may not import crate");
    assert_allowed("engine/decide", "use super::*;");
    assert_allowed("engine", "mod tests { use super::*; }");
}

#[test]
fn a_new_module_needs_a_rule() {
    assert_breach("cellar", "", "cellar has no rule");
}

#[test]
fn a_pure_module_has_no_effects() {
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
            assert_breach(pure, source, &format!("may not use {named}"));
        }
        assert_allowed(pure, "use std::net::IpAddr; use std::time::Duration; use std::fmt;");
    }
    // The rest of the engine may have effects.
    assert_allowed("engine/take", "use std::time::SystemTime; use rand::Rng; async fn f() {}");
}

#[test]
fn modules_use_only_the_crates_that_their_rules_allow() {
    for module in ["memory", "engine"] {
        assert_breach(module, "use http::StatusCode;", "may not use http");
        assert_breach(module, "use tower_layer::Layer;", "may not use tower");
        assert_breach(module, "use axum_core::body::Body;", "may not use axum");
        assert_allowed(module, "use tokio::time;");
    }
    assert_breach("service", "use axum::Router;", "may not use axum");
    assert_breach("service", "use crate::memory::MemoryNutStore;", "may not import crate::memory");
    for decision in [
        "use crate::engine::decide::Decision;",
        "use tower_sqrl_core::identities::{Change, UserId};",
        "use tower_sqrl_core::identities::*;",
        "fn f(proof: tower_sqrl_core::protocol::UnlockProof) {}",
    ] {
        assert_breach("service/endpoints", decision, "service may not use");
    }
    assert_allowed(
        "service",
        "use http::Request; use tower_layer::Layer; use tower_sqrl_core::nuts::NutStore;",
    );
    for web in ["use http::Request;", "use tokio::time;"] {
        assert_breach("web/qr", web, "web may not use");
    }
}

#[test]
fn comments_and_strings_do_not_count() {
    assert_allowed(
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
fn tests_may_use_any_crate_but_no_other_modules() {
    assert_allowed(
        "core/protocol",
        "#[cfg(test)] mod tests { use std::time::Instant; use rand::Rng; }",
    );
    assert_allowed(
        "engine/decide",
        "#[cfg(all(test, feature = \"x\"))] mod tests { use tokio::test; }",
    );
    assert_allowed("engine/decide/tests", "use std::fs;");
    assert_breach("core/protocol", "#[cfg(test)] mod tests {} use rand::Rng;", "may not use rand");
    assert_breach("core/protocol", "#[cfg(test)] use a::{b}; use rand::Rng;", "may not use rand");
    assert_breach("core/protocol", "#[cfg(not(test))] use rand::Rng;", "may not use rand");
    assert_breach(
        "core/protocol",
        "#[cfg(any(test, feature = \"x\"))] use rand::Rng;",
        "may not use rand",
    );
}
