//! Processor time per sign-in and memory per nut, with more and more pending nuts.

use clap::Args;
use tower_sqrl_client::load::{Load, ProcessUsage, Stop};

use crate::child::{self, Server};
use crate::failure::Failure;
use crate::spread::Spread;

#[derive(Debug, Args)]
pub(crate) struct GrowthArgs {
    /// Nuts that are pending from the start. The other levels are compared with the first.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 10_000, 100_000, 1_000_000])]
    pending: Vec<u32>,

    /// Measurements of each level
    #[arg(long, default_value_t = 15)]
    rounds: usize,

    /// Sign-ins per measurement
    #[arg(long, default_value_t = 2_000)]
    logins: u64,

    /// Sign-ins in progress at the same time
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
}

struct Level {
    pending: u32,
    server: Server,
    resident: u64,
    cpu: Spread,
    ratio: Spread,
}

pub(crate) fn run(args: &GrowthArgs) -> Result<(), Failure> {
    let mut levels = Vec::new();
    for &pending in &args.pending {
        let server = Server::start(&["sqrl", "--pending", &pending.to_string()])?;
        let resident = ProcessUsage::of(&[server.pid()])?.resident;
        let (cpu, ratio) = (Spread::default(), Spread::default());
        levels.push(Level { pending, server, resident, cpu, ratio });
    }
    for _ in 0..args.rounds {
        let mut first = None;
        for level in &mut levels {
            let mut load = Load::new(&level.server.page);
            load.in_flight = vec![args.in_flight];
            load.stop = Stop::Logins(args.logins);
            load.server_pids = vec![level.server.pid()];
            let (_, cpu) = child::run_load(&load)?;
            level.cpu.add(cpu * 1e3);
            level.ratio.add(cpu / *first.get_or_insert(cpu));
        }
    }
    println!("{:>9}  {:30}  {:24}  memory per nut", "pending", "µs per sign-in", "ratio");
    let least = levels.first().map_or(0, |level| level.resident);
    for Level { pending, resident, cpu, ratio, .. } in &levels {
        let bytes = match pending {
            0 => "-".to_owned(),
            _ => format!("{} bytes", (resident - least.min(*resident)) / u64::from(*pending)),
        };
        println!("{pending:>9}  {:30}  {:24}  {bytes}", cpu.text(1), ratio.text(3));
    }
    Ok(())
}
