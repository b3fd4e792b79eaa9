//! The real demo in a real browser, headless Chromium, with the client library for the person's
//! SQRL app. What a page shows is waited for, never assumed after a while.

#[path = "../demo/process.rs"]
#[allow(dead_code, reason = "shared with the tests that need no browser")]
mod process;

mod application;
mod chromium;
mod elsewhere;
mod front;
mod looks;
mod no_client;
mod no_script;
mod other_browser;
mod own_page;
mod qr;
mod refused;
mod renewal;
mod same_device;
mod scan;
mod stopping;
mod tabs;
mod traffic;

use tower_sqrl_client::wire::Options;
use tower_sqrl_client::{Client, Identity};

/// Somebody's SQRL app.
fn somebody() -> Client {
    Client::new(Identity::generate())
}

/// The same on the browser's own device: it asks for an address to send a browser to.
fn somebody_here() -> Client {
    somebody().with_options(Options { cps: true, ..Options::default() })
}
