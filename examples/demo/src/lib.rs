//! A small application with SQRL sign-in, to try out and to copy from.
//!
//! SQRL itself takes two files: `sqrl.rs` configures it, and `sign_in.rs` has its two routes.
//! Read these next:
//!
//! | File | What it shows |
//! |---|---|
//! | `user.rs` | checks the session's claim at every request |
//! | `session.rs` | what a session stores, and how it begins and ends |
//! | `account.rs` | the account page: rename the account, unlink the identity |
//! | `link_identity.rs` | links a new identity after the user has confirmed it |
//! | `protect.rs` | security headers, and the refusal of other sites' forms |
//!
//! The demo is a library so that `examples/cluster` can start several of it.

mod account;
mod accounts;
mod app;
mod app_error;
mod args;
mod error;
mod link_identity;
mod pages;
mod protect;
mod routes;
mod serve;
mod session;
mod sign_in;
mod sqrl;
mod stores;
mod tables;
mod user;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Runs the demo with the arguments of this process until it receives SIGTERM or SIGINT.
pub fn main() -> ExitCode {
    run(&args::Args::parse())
}

/// Runs the demo with these arguments. The first one is the program's name.
pub fn main_from(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    run(&args::Args::parse_from(arguments))
}

#[tokio::main]
async fn run(args: &args::Args) -> ExitCode {
    log();
    match serve::serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            error.exit_code()
        }
    }
}

/// Logs to standard error: the level `info`, or what `RUST_LOG` selects.
fn log() {
    let default = || Targets::new().with_default(LevelFilter::INFO);
    let filter = match std::env::var("RUST_LOG") {
        Err(_) => default(),
        Ok(filter) => filter.parse().unwrap_or_else(|error| {
            eprintln!("demo: RUST_LOG: {error}");
            default()
        }),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(filter).init();
}
