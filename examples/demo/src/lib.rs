//! A small application with SQRL sign-in, for trying out and for reading.
//!
//! Begin with `app.rs`: what an application has to do for SQRL stands there and in
//! `sign_in.rs`; the rest is the application's own. It is a library only so that
//! `examples/cluster` can start several of it.

mod account;
mod accounts;
mod app;
mod args;
mod failure;
mod guard;
mod link_identity;
mod pages;
mod problem;
mod serve;
mod server;
mod session;
mod sign_in;
mod standing;
mod steps;
mod stores;
mod tables;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Runs the demo as its command line says, until it is told to stop.
pub fn main() -> ExitCode {
    main_with(&args::Args::parse())
}

/// The same with these arguments, the first of which is the program's name.
pub fn main_from(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    main_with(&args::Args::parse_from(arguments))
}

/// Logs to standard error what `RUST_LOG` asks for; without it, what an operator wants to know.
fn log() {
    let usual = || Targets::new().with_default(LevelFilter::INFO);
    let wanted = match std::env::var("RUST_LOG") {
        Err(_) => usual(),
        Ok(wanted) => wanted.parse().unwrap_or_else(|error| {
            eprintln!("demo: RUST_LOG: {error}");
            usual()
        }),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(wanted).init();
}

#[tokio::main]
async fn main_with(args: &args::Args) -> ExitCode {
    log();
    match serve::run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("demo: {problem}");
            problem.exit_code()
        }
    }
}
