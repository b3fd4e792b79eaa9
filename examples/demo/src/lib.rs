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
use tracing_subscriber::filter::LevelFilter;

/// Runs the demo as its command line says, until it is told to stop.
pub fn main() -> ExitCode {
    main_with(&args::Args::parse())
}

/// The same with these arguments, the first of which is the program's name.
pub fn main_from(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    main_with(&args::Args::parse_from(arguments))
}

#[tokio::main]
async fn main_with(args: &args::Args) -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match serve::run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("demo: {problem}");
            problem.exit_code()
        }
    }
}
