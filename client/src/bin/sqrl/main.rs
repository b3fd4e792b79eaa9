//! `sqrl`: a headless SQRL client for tests and trying out.

mod args;
mod arrive;
mod attack;
mod commands;
mod listen;
mod load;
mod person;
mod target;
mod words;

use std::process::ExitCode;

/// Whatever is worth telling a person; its text is shown as it is.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// 0: done; 1: refused or failed; 2: wrong usage (by clap). `attack` has its own meanings.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match commands::run(args::Args::read()).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("sqrl: {failure}");
            ExitCode::FAILURE
        }
    }
}
