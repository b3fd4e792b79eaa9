//! Measures tower-sqrl and the floor in the same run. `docs/performance.md` describes how.

mod child;
mod compare;
mod failure;
mod floor;
mod growth;
mod login;
mod memory;
mod scale;
mod serve;
mod sign_in_by_store;
mod site;
mod spread;
mod stores;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "bench", about)]
struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Processor time per sign-in, compared with the floor
    Login(login::LoginArgs),
    /// Processor time per sign-in and memory per nut, with more and more pending nuts
    Growth(growth::GrowthArgs),
    /// Memory during minutes of load
    Memory(memory::MemoryArgs),
    /// Processor time per sign-in of several processes on one Redis, compared with one process
    Scale(scale::ScaleArgs),
    /// Processor time per sign-in on each store, compared with the memory stores
    SignInByStore(sign_in_by_store::SignInByStoreArgs),
    /// Time per call of each store
    Stores(stores::StoresArgs),
    /// Run one of the servers: prints its address and serves until its standard input ends
    Serve(serve::ServeArgs),
    /// Run the demo
    #[command(disable_help_flag = true)]
    Demo {
        /// Flags of the demo
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let done = match Args::parse().action {
        Action::Login(args) => login::run(&args),
        Action::Growth(args) => growth::run(&args),
        Action::Memory(args) => memory::run(&args),
        Action::Scale(args) => scale::run(&args),
        Action::Stores(args) => stores::run(&args),
        Action::SignInByStore(args) => sign_in_by_store::run(&args),
        Action::Serve(args) => serve::run(&args),
        Action::Demo { flags } => {
            return demo::main_from(std::iter::once("demo".into()).chain(flags));
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
