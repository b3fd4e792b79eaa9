//! Starts several demo servers behind nginx, with one Redis and one Postgres, and stops
//! them all when it is told to.

use std::error::Error;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use cluster::Servers;
use test_servers::{Postgres, Redis};
use tokio::signal::unix::{SignalKind, signal};

/// Several demo servers behind nginx, without sticky sessions, with one Redis and one Postgres
///
/// Everything listens on free ports of 127.0.0.1, works in temporary directories, and is gone
/// with Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "cluster", version)]
struct Args {
    /// How many demo servers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=20))]
    servers: u8,
}

fn main() -> ExitCode {
    // One program to build and to start: its servers are itself, as `cluster demo …`.
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.peek().is_some_and(|first| first == OsStr::new("demo")) {
        return demo::main_from(arguments);
    }
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let itself = std::env::current_exe()?;
    let (redis, postgres) = (Redis::start()?, Postgres::start()?);
    let servers = start(args, &itself, &redis, &postgres)?;
    let url = servers.url();
    let mut out = std::io::stdout();
    // Who started it may have gone; it stops with a signal all the same.
    let _ = writeln!(out, "open {url}/\nwho answered what: {url}/servers\nRedis: {}", redis.url());
    let _ = writeln!(out, "Postgres: {}\nCtrl-C stops everything", postgres.url());
    stopped()?;
    let _ = writeln!(out, "stopping");
    servers.stop()?;
    Ok(())
}

fn start(
    args: &Args,
    itself: &Path,
    redis: &Redis,
    postgres: &Postgres,
) -> Result<Servers, Box<dyn Error>> {
    let (nuts, identities) = (redis.url(), postgres.url());
    let flags = ["--nuts", &nuts, "--identities", &identities];
    Servers::start(itself, args.servers.into(), &flags)
}

/// Returns with SIGINT or SIGTERM.
#[tokio::main(flavor = "current_thread")]
async fn stopped() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
