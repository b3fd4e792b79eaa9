//! The demo in a real browser, headless Chromium, with the client library as the user's SQRL app.

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

/// Returns a SQRL app with a new identity.
fn new_app() -> Client {
    Client::new(Identity::generate())
}

/// Returns a SQRL app on the browser's device: it requests a CPS URL.
fn new_cps_app() -> Client {
    new_app().with_options(Options { cps: true, ..Options::default() })
}
