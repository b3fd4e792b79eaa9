//! Processor time per sign-in of several processes behind nginx, compared with one process.
//!
//! All processes share one Redis and one Postgres. With `--floor` they share nothing.

use clap::Args;
use test_servers::{Nginx, Postgres, Redis, free_port};
use tower_sqrl_client::load::{Load, Stop};

use crate::child::{self, Server};
use crate::compare::compare;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct ScaleArgs {
    /// Number of processes that are compared with one
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..))]
    processes: u8,

    /// Measurements of each side
    #[arg(long, default_value_t = 15)]
    rounds: usize,

    /// Sign-ins per measurement for each process
    #[arg(long, default_value_t = 2_000)]
    logins: u64,

    /// Maximum sign-ins in progress at the same time, for each process
    #[arg(long, default_value_t = 16)]
    in_flight: usize,

    /// Sign-ins started per second for each process. A process with less load handles fewer requests each
    /// time it wakes up, so each costs more.
    #[arg(long)]
    rate: Option<f64>,

    /// Measure the floor instead, whose processes share nothing
    #[arg(long)]
    floor: bool,
}

/// Servers behind an nginx that distributes the requests in turn.
struct Site {
    nginx: Nginx,
    servers: Vec<Server>,
}

impl Site {
    fn start(processes: u8, kind: &[&str]) -> Result<Self, Failure> {
        let ports: Vec<u16> = (0..processes).map(|_| free_port()).collect::<Result<_, _>>()?;
        // The servers need its port.
        let nginx = Nginx::start(&cluster::configuration(&ports))?;
        let public = nginx.url();
        let start = |port: &u16| {
            let listen = format!("127.0.0.1:{port}");
            Server::start(&[kind, &["--listen", &listen, "--public-url", &public]].concat())
        };
        let servers = ports.iter().map(start).collect::<Result<_, _>>()?;
        Ok(Self { nginx, servers })
    }

    /// Runs the load once, the same for each process. Returns the processor time of all processes
    /// together per sign-in, in microseconds.
    fn turn(&self, args: &ScaleArgs) -> Result<f64, Failure> {
        let processes = u32::try_from(self.servers.len())?;
        let mut load = Load::new(format!("{}/login", self.nginx.url()));
        load.server_pids = self.servers.iter().map(Server::pid).collect();
        load.in_flight = vec![args.in_flight * self.servers.len()];
        load.rate = args.rate.map(|rate| rate * f64::from(processes));
        load.stop = Stop::Logins(args.logins * u64::from(processes));
        Ok(child::run_load(&load)?.1 * 1e3)
    }
}

pub(crate) fn run(args: &ScaleArgs) -> Result<(), Failure> {
    let (redis, postgres) = (Redis::start()?, Postgres::start()?);
    let (redis_url, postgres_url) = (redis.url(), postgres.url());
    let shared = ["shared", "--redis", &redis_url, "--postgres", &postgres_url];
    let kind = if args.floor { &["floor"][..] } else { &shared };
    let one = Site::start(1, kind)?;
    let several = Site::start(args.processes, kind)?;

    let processes = args.processes.to_string();
    let [a, b, ratio] = compare(
        args.rounds,
        ("one", &mut || one.turn(args)),
        (&processes, &mut || several.turn(args)),
    )?;
    println!("one: {} µs", a.text(1));
    println!("{processes}: {} µs", b.text(1));
    println!("ratio: {}", ratio.text(3));
    Ok(())
}
