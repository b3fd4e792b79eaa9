//! Measures tower-sqrl beside the floor, in the same run. `docs/performance.md` says how.

mod child;
mod floor;
mod login;
mod serve;
mod site;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Whatever is worth telling a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(name = "bench", about)]
struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Processor time per sign-in, beside the floor
    Login(login::LoginArgs),
    /// Be one of the servers: says its address, serves until its standard input ends
    Serve(serve::ServeArgs),
}

fn main() -> ExitCode {
    let done = match Args::parse().action {
        Action::Login(args) => login::run(&args),
        Action::Serve(args) => serve::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
