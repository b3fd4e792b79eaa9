//! A small application with SQRL sign-in, for trying out and for reading.
//!
//! Begin with `app.rs`: what an application has to do for SQRL stands there and in
//! `sign_in.rs`; the rest is the application's own.

mod account;
mod accounts;
mod app;
mod args;
mod failure;
mod guard;
mod pages;
mod problem;
mod serve;
mod session;
mod sign_in;
mod standing;
mod stores;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let args = args::Args::parse();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match serve::run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("demo: {problem}");
            problem.exit_code()
        }
    }
}
