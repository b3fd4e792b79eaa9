//! Measures tower-sqrl beside the floor, in the same run. `docs/performance.md` says how.

mod child;
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
mod turns;

use std::ffi::OsString;
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
    /// The same with ever more nuts that wait, and the memory that each takes
    Growth(growth::GrowthArgs),
    /// Memory over minutes of load
    Memory(memory::MemoryArgs),
    /// Several processes on one Redis, beside one
    Scale(scale::ScaleArgs),
    /// Processor time per sign-in on each store, beside the memory stores
    SignInByStore(sign_in_by_store::SignInByStoreArgs),
    /// What one call of each store takes
    Stores(stores::StoresArgs),
    /// Be one of the servers: says its address, serves until its standard input ends
    Serve(serve::ServeArgs),
    /// Be the demo
    #[command(disable_help_flag = true)]
    Demo {
        /// The demo's own flags
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
