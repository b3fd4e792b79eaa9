//! Processor time per sign-in of the floor and of tower-sqrl, measured in turns.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tower_sqrl_client::load::{Load, Report, SignInAs, Stop, latency_chart};

use crate::child::{self, Server};
use crate::compare::compare;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Measurements of each server
    #[arg(long, default_value_t = 25)]
    rounds: usize,

    /// Sign-ins per measurement
    #[arg(long, default_value_t = 2_000)]
    logins: u64,

    /// Sign-ins in progress at the same time
    #[arg(long, default_value_t = 16)]
    in_flight: usize,

    /// Threads of each server
    #[arg(long, default_value_t = 1)]
    threads: usize,

    /// A new connection for every request
    #[arg(long)]
    new_connections: bool,

    /// Fetch the whole sign-in page instead of the SQRL URL alone
    #[arg(long)]
    page: bool,

    /// A new identity for every sign-in
    #[arg(long)]
    new: bool,

    /// Write all figures to this file as JSON
    #[arg(long)]
    json: Option<PathBuf>,

    /// Draw latency against load as an SVG file, from 1 to 64 sign-ins in progress, 3 s each
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// One server and the reports of its measurements.
struct Side {
    server: Server,
    reports: Vec<Report>,
}

impl Side {
    fn start(name: &str, threads: usize) -> Result<Self, Failure> {
        let server = Server::start(&[name, "--threads", &threads.to_string()])?;
        Ok(Self { server, reports: Vec::new() })
    }

    /// Runs the load once. Returns the processor time per sign-in in microseconds.
    fn turn(&mut self, load: &Load) -> Result<f64, Failure> {
        let load = Load {
            url: self.server.page.clone(),
            server_pids: vec![self.server.pid()],
            ..load.clone()
        };
        let (report, cpu) = child::run_load(&load)?;
        self.reports.push(report);
        Ok(cpu * 1e3)
    }
}

pub(crate) fn run(args: &LoginArgs) -> Result<(), Failure> {
    let mut floor = Side::start("floor", args.threads)?;
    let mut sqrl = Side::start("sqrl", args.threads)?;
    let mut load = Load::new("");
    load.in_flight = vec![args.in_flight];
    load.stop = Stop::Logins(args.logins);
    load.sign_in_as = if args.new { SignInAs::New } else { SignInAs::Known(200) };
    load.new_connections = args.new_connections;
    load.page = args.page;

    let [a, b, ratio] = compare(
        args.rounds,
        ("floor", &mut || floor.turn(&load)),
        ("sqrl", &mut || sqrl.turn(&load)),
    )?;
    for (name, cpu) in [("floor", a), ("sqrl", b)] {
        let per_second = 1e6 / cpu.median();
        println!("{name}: {} µs, {per_second:.0} sign-ins per second of one core", cpu.text(1));
    }
    println!("ratio: {}", ratio.text(3));
    if let Some(file) = &args.json {
        let all = serde_json::json!({ "floor": floor.reports, "sqrl": sqrl.reports });
        std::fs::write(file, serde_json::to_string_pretty(&all)?)?;
    }
    if let Some(file) = &args.svg {
        load.in_flight = vec![1, 2, 4, 8, 16, 32, 64];
        load.stop = Stop::After(Duration::from_secs(3));
        floor.turn(&load)?;
        sqrl.turn(&load)?;
        let last = |side: &Side| side.reports.last().cloned().ok_or("no report");
        let (floor, sqrl) = (last(&floor)?, last(&sqrl)?);
        std::fs::write(file, latency_chart(&[("floor", &floor), ("tower-sqrl", &sqrl)]))?;
    }
    Ok(())
}
