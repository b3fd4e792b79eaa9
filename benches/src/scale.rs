//! Processor time per sign-in: several processes behind nginx, on one Redis and one Postgres,
//! and one process on the same, in turns; or the floor, whose processes share nothing.

use clap::Args;
use test_servers::{Nginx, Postgres, Redis, free_port};
use tower_sqrl_client::load::{Load, Stop};

use crate::Failure;
use crate::child::{self, Server};
use crate::turns::compare;

#[derive(Debug, Args)]
pub(crate) struct ScaleArgs {
    /// How many processes are compared with one
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..))]
    processes: u8,

    /// Turns of both
    #[arg(long, default_value_t = 15)]
    rounds: usize,

    /// Sign-ins of a turn for each process
    #[arg(long, default_value_t = 2_000)]
    logins: u64,

    /// Sign-ins under way at a time, at most, for each process
    #[arg(long, default_value_t = 16)]
    in_flight: usize,

    /// Sign-ins a second that are begun for each process: one that has less to do wakes up for
    /// less at a time, which costs more each, however many there are
    #[arg(long)]
    rate: Option<f64>,

    /// The floor instead: what a second process costs where nothing is shared
    #[arg(long)]
    floor: bool,
}

/// Servers that share everything, behind an nginx that gives each request to the next.
struct Site {
    nginx: Nginx,
    servers: Vec<Server>,
}

impl Site {
    fn start(processes: u8, kind: &[&str]) -> Result<Self, Failure> {
        let ports: Vec<u16> = (0..processes).map(|_| free_port()).collect::<Result<_, _>>()?;
        // First, because the servers want to know its port.
        let nginx = Nginx::start(&cluster::configuration(&ports))?;
        let public = nginx.url();
        let start = |port: &u16| {
            let listen = format!("127.0.0.1:{port}");
            Server::start(&[kind, &["--listen", &listen, "--public-url", &public]].concat())
        };
        let servers = ports.iter().map(start).collect::<Result<_, _>>()?;
        Ok(Self { nginx, servers })
    }

    /// As much load for each process as any other site gets; the processor time of all of
    /// them per sign-in, in microseconds.
    fn turn(&self, args: &ScaleArgs) -> Result<f64, Failure> {
        let processes = u32::try_from(self.servers.len())?;
        let mut load = Load::new(format!("{}/login", self.nginx.url()));
        load.server_pids = self.servers.iter().map(Server::pid).collect();
        load.in_flight = vec![args.in_flight * self.servers.len()];
        load.rate = args.rate.map(|rate| rate * f64::from(processes));
        load.stop = Stop::Logins(args.logins * u64::from(processes));
        Ok(child::run(&load)?.1 * 1e3)
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
