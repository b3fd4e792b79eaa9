//! `sqrl`: a headless SQRL client for tests and demonstrations.

mod args;
mod attack;
mod client;
mod failure;
mod identity;
mod landing;
mod listen;
mod load;
mod output;
mod sign_in;
mod target;

use std::process::ExitCode;

use tower_sqrl_client::wire::Command;

use crate::args::{Action, Args};
use crate::failure::Failure;
use crate::target::TargetArgs;

/// Exit codes: 0 for success, 1 for a refusal or failure, 2 for wrong usage (by clap).
/// `attack` has its own.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::read()).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("sqrl: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<ExitCode, Failure> {
    let settings = &args.settings;
    let done: Result<(), Failure> = match args.action {
        Action::New => identity::create(settings),
        Action::Login(target) => sign_in::login(settings, &target).await,
        Action::Query(target) => {
            let identity = identity::load(settings)?;
            sign_in::command(settings, identity, &target, Command::Query).await
        }
        Action::Disable(target) => {
            let identity = identity::load(settings)?;
            sign_in::command(settings, identity, &target, Command::Disable).await
        }
        Action::Enable(target) => {
            let identity = identity::load_unlocked(settings)?;
            sign_in::command(settings, identity, &target, Command::Enable).await
        }
        Action::Remove(target) => {
            let identity = identity::load_unlocked(settings)?;
            sign_in::command(settings, identity, &target, Command::Remove).await
        }
        Action::Rekey { target, cookies } => {
            let target = target.map(|target| TargetArgs { target, cookies });
            sign_in::rekey(settings, target).await
        }
        Action::Listen { port, yes } => listen::run(settings, port, yes).await,
        Action::Load(args) => {
            // A load blocks: it has its own threads and runtimes.
            let options = settings.options();
            tokio::task::spawn_blocking(move || load::run(options, args)).await?
        }
        Action::Attack(args) => return Ok(attack::run(args).await),
    };
    done.map(|()| ExitCode::SUCCESS)
}
