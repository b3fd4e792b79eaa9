//! Starts several demo servers behind nginx, with one Redis and one Postgres.

use std::error::Error;
use std::ffi::OsStr;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use cluster::Servers;
use test_servers::{Postgres, Redis};
use tokio::signal::unix::{SignalKind, signal};

/// Several demo servers behind nginx, without sticky sessions, with one Redis and one Postgres
///
/// Everything listens on free ports of 127.0.0.1 and stores its files in temporary directories.
/// Ctrl-C stops it and deletes the files.
#[derive(Debug, Parser)]
#[command(name = "cluster", version)]
struct Args {
    /// Number of demo servers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=20))]
    servers: u8,
}

fn main() -> ExitCode {
    // This program is the servers' program, too: `cluster demo …`.
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.peek().is_some_and(|first| first == OsStr::new("demo")) {
        return demo::main_from(arguments);
    }
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let (redis, postgres) = (Redis::start()?, Postgres::start()?);
    let (nuts, identities) = (redis.url(), postgres.url());
    let flags = ["--nuts", &nuts, "--identities", &identities];
    let servers = Servers::start(&std::env::current_exe()?, args.servers.into(), &flags)?;
    let url = servers.url();
    // The cluster runs even if nobody reads its output.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "open {url}/\nwhich server answered: {url}/servers");
    let _ = writeln!(out, "Redis: {nuts}\nPostgres: {identities}\nCtrl-C stops everything");
    wait_for_signal()?;
    let _ = writeln!(out, "stopping");
    servers.stop()?;
    Ok(())
}

/// Waits for SIGINT or SIGTERM.
#[tokio::main(flavor = "current_thread")]
async fn wait_for_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
