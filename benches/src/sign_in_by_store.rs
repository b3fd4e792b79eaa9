//! Processor time of the demo per sign-in on each store, compared with the memory stores.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use tempfile::TempDir;
use test_servers::{Postgres, Redis};
use tower_sqrl_client::load::{Load, SignInAs, Stop};

use crate::child;
use crate::failure::Failure;
use crate::spread::Spread;

/// Time limit for a demo to start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct SignInByStoreArgs {
    /// The stores to measure. The others are compared with the first.
    #[arg(long, value_enum, value_delimiter = ',', default_values = [
        "memory", "sqlite", "redis-postgres", "postgres",
    ])]
    stores: Vec<Stores>,

    /// Measurements of each store
    #[arg(long, default_value_t = 9)]
    rounds: usize,

    /// Sign-ins per measurement
    #[arg(long, default_value_t = 1_000)]
    logins: u64,

    /// Sign-ins in progress at the same time
    #[arg(long, default_value_t = 8)]
    in_flight: usize,

    /// Measure only known or only new identities. Default: both.
    #[arg(long, value_enum)]
    only: Option<Identities>,

    /// Also collect every sign-in: poll as the page does, then load the demo's own route
    #[arg(long)]
    collect: bool,

    /// The `demo` program of another commit, measured in turns with this one
    #[arg(long, value_name = "PROGRAM")]
    before: Option<PathBuf>,
}

/// The nut store and the identity store of a demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stores {
    Memory,
    Sqlite,
    RedisPostgres,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Identities {
    Known,
    New,
}

/// The servers and the directory that the stores use.
struct Backends {
    redis: Option<Redis>,
    postgres: Option<Postgres>,
    directory: TempDir,
}

impl Backends {
    fn start(stores: &[Stores]) -> Result<Self, Failure> {
        let redis = stores.contains(&Stores::RedisPostgres);
        let postgres = redis || stores.contains(&Stores::Postgres);
        Ok(Self {
            redis: redis.then(Redis::start).transpose()?,
            postgres: postgres.then(Postgres::start).transpose()?,
            directory: tempfile::tempdir()?,
        })
    }

    /// Returns `--nuts` and `--identities` for the demo with this name. Each demo gets its own file or
    /// database, because another commit may have other tables.
    fn flags(&self, stores: Stores, name: &str) -> Result<[String; 2], Failure> {
        let postgres = || {
            let postgres = self.postgres.as_ref().ok_or("no Postgres")?;
            postgres.query(&format!("create database {name}"))?;
            let port = postgres.port();
            Ok::<_, Failure>(format!("postgres://postgres@127.0.0.1:{port}/{name}"))
        };
        Ok(match stores {
            Stores::Memory => ["memory".to_owned(), "memory".to_owned()],
            Stores::Sqlite => {
                let file = self.directory.path().join(format!("{name}.sqlite"));
                let store = format!("sqlite:{}", file.display());
                [store.clone(), store]
            }
            Stores::RedisPostgres => {
                let redis = self.redis.as_ref().ok_or("no Redis")?;
                [redis.url(), postgres()?]
            }
            Stores::Postgres => {
                let url = postgres()?;
                [url.clone(), url]
            }
        })
    }
}

/// A demo process. Dropping it stops the demo.
struct Demo {
    process: Child,
    page: String,
}

impl Demo {
    /// Starts `program`, or `bench demo` without one.
    fn start(program: Option<&Path>, flags: [&str; 4], log: &Path) -> Result<Self, Failure> {
        let mut command = if let Some(program) = program {
            Command::new(program)
        } else {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("demo");
            command
        };
        let output = File::create(log)?;
        let process = command
            .args(["--listen", "127.0.0.1:0"])
            .args(["--challenges-per-minute", "off", "--failures-per-minute", "off"])
            .args(flags)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let mut demo = Self { process, page: String::new() };
        demo.page = demo.wait_for_page(log)?;
        Ok(demo)
    }

    fn wait_for_page(&mut self, log: &Path) -> Result<String, Failure> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let output = std::fs::read_to_string(log)?;
            let complete = output.lines().take(output.matches('\n').count());
            let mut addresses = complete.filter_map(|line| line.strip_prefix("listening on "));
            if let Some(address) = addresses.next() {
                return Ok(format!("http://{address}/login"));
            }
            if self.process.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(format!("the demo did not start: {output}").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs the load once. Returns the demo's processor time per sign-in in microseconds, and sign-ins per
    /// second.
    fn turn(&self, load: &Load) -> Result<(f64, f64), Failure> {
        let load =
            Load { url: self.page.clone(), server_pids: vec![self.process.id()], ..load.clone() };
        let (report, cpu) = child::run_load(&load)?;
        let rate = report.stages.last().map_or(0.0, |stage| stage.logins_per_second);
        Ok((cpu * 1e3, rate))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A demo on one store, and its figures.
struct Side {
    /// `now` or `before`.
    program: &'static str,
    stores: Stores,
    demo: Demo,
    cpu: Spread,
    /// Compared with the first store of the same program in the same round.
    ratio: Spread,
    rate: Spread,
}

impl Side {
    fn name(&self) -> String {
        let stores = self.stores.to_possible_value();
        format!("{} {}", self.program, stores.as_ref().map_or("", |stores| stores.get_name()))
    }
}

pub(crate) fn run(args: &SignInByStoreArgs) -> Result<(), Failure> {
    let backends = Backends::start(&args.stores)?;
    let mut programs = vec![("now", None)];
    programs.extend(args.before.as_deref().map(|before| ("before", Some(before))));
    let mut sides = Vec::new();
    for (program, path) in programs {
        for &stores in &args.stores {
            let name = format!("{program}_{}", sides.len());
            let [nuts, identities] = backends.flags(stores, &name)?;
            let log = backends.directory.path().join(format!("{name}.log"));
            let flags = ["--nuts", &nuts, "--identities", &identities];
            let demo = Demo::start(path, flags, &log)?;
            let [cpu, ratio, rate] = std::array::from_fn(|_| Spread::default());
            sides.push(Side { program, stores, demo, cpu, ratio, rate });
        }
    }
    for identities in [Identities::Known, Identities::New] {
        if args.only.is_none_or(|only| only == identities) {
            measure(args, identities, &mut sides)?;
        }
    }
    Ok(())
}

fn measure(
    args: &SignInByStoreArgs,
    identities: Identities,
    sides: &mut [Side],
) -> Result<(), Failure> {
    let mut load = Load::new("");
    load.in_flight = vec![args.in_flight];
    load.stop = Stop::Logins(args.logins);
    load.collect = args.collect;
    load.sign_in_as = match identities {
        Identities::Known => SignInAs::Known(200),
        Identities::New => SignInAs::New,
    };
    for side in &mut *sides {
        [side.cpu, side.ratio, side.rate] = std::array::from_fn(|_| Spread::default());
    }
    let stores = args.stores.len();
    for _ in 0..args.rounds {
        for program in sides.chunks_mut(stores) {
            let mut first = None;
            for side in program {
                let (cpu, rate) = side.demo.turn(&load)?;
                side.cpu.add(cpu);
                side.ratio.add(cpu / *first.get_or_insert(cpu));
                side.rate.add(rate);
            }
        }
    }
    let what = if identities == Identities::New { "new" } else { "known" };
    println!("{what} identities, {} rounds of {} sign-ins", args.rounds, args.logins);
    println!("{:<24} {:<28} {:<24} sign-ins per second", "", "server µs per sign-in", "ratio");
    for side in &*sides {
        let (cpu, ratio) = (side.cpu.text(0), side.ratio.text(2));
        println!("{:<24} {cpu:<28} {ratio:<24} {:.0}", side.name(), side.rate.median());
    }
    println!();
    Ok(())
}
