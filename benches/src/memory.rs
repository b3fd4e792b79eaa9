//! Memory during minutes of load.
//!
//! Chains live for seconds here instead of half an hour. So the stores reach their steady size within
//! the first minute, and the memory has to stay flat from then on.

use std::time::Duration;

use clap::Args;
use tower_sqrl_client::load::{Load, Stop};

use crate::child::Server;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct MemoryArgs {
    /// Duration of the load, in minutes
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,

    /// Sign-ins per second
    #[arg(long, default_value_t = 1000.0)]
    rate: f64,

    /// Lifetime of a chain, in seconds
    #[arg(long, default_value_t = 30)]
    chain_seconds: u64,
}

pub(crate) fn run(args: &MemoryArgs) -> Result<(), Failure> {
    let chain = args.chain_seconds.to_string();
    let server = Server::start(&["sqrl", "--chain-seconds", &chain])?;
    let mut load = Load::new(&server.page);
    load.in_flight = vec![32];
    load.rate = Some(args.rate);
    load.stop = Stop::After(Duration::try_from_secs_f64(args.minutes * 60.0)?);
    load.server_pids = vec![server.pid()];

    let report = load.run(|_| {})?;
    let stage = report.stages.last().ok_or("no stage")?;
    let memory = stage.memory.as_ref().ok_or("no memory")?;
    println!("{:>8} {:>12} {:>10}", "seconds", "MB resident", "sign-ins");
    let mut next = 0.0;
    for &(at, bytes, logins) in &memory.samples {
        if at >= next {
            println!("{at:>8.0} {:>12.2} {logins:>10}", megabytes(bytes));
            next += 30.0;
        }
    }
    print!("{report}");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "printed only")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
