//! `sqrl load`: many sign-ins, to measure a server with.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use tower_sqrl_client::load::{Load, Progress, Stop, Who, picture};
use tower_sqrl_client::wire::Options;

use crate::Failure;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(crate) struct LoadArgs {
    /// The sign-in page, over http: <http://127.0.0.1:8080/login>
    url: String,

    /// Sign-ins under way at a time; several numbers are several stages
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "8")]
    in_flight: Vec<usize>,

    /// How long a stage takes
    #[arg(long, value_name = "N", default_value_t = 10.0, conflicts_with = "logins")]
    seconds: f64,

    /// How many sign-ins a stage has
    #[arg(long, value_name = "N")]
    logins: Option<u64>,

    /// Begin so many sign-ins a second, if there is a slot for each; without it, a slot
    /// begins the next when the last is done
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    /// Who signs in
    #[arg(long, value_enum, default_value = "known")]
    who: WhoArg,

    /// How many identities are made known first
    #[arg(long, value_name = "N", default_value_t = 1000)]
    identities: usize,

    /// A new connection for every request
    #[arg(long)]
    new_connections: bool,

    /// Fetch the whole sign-in page instead of its link alone
    #[arg(long)]
    page: bool,

    /// Fetch the picture of the QR code
    #[arg(long)]
    qr: bool,

    /// Threads that sign and send
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,

    /// The server's process, for its processor time and memory; again, or with commas, for
    /// several
    #[arg(long, value_name = "PID", value_delimiter = ',')]
    server_pid: Vec<u32>,

    /// Write the figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Draw latency against load into this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// The server is on another machine, and you may do this to it
    #[arg(long)]
    this_server_is_mine: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WhoArg {
    /// Identities that are made known first
    Known,
    /// A new identity every time
    New,
    /// The identity of the last time under a new key
    Rekeyed,
}

pub(crate) fn run(options: Options, args: LoadArgs) -> Result<(), Failure> {
    let time = Duration::try_from_secs_f64(args.seconds)?;
    let mut load = Load::new(args.url);
    load.in_flight = args.in_flight;
    load.stop = args.logins.map_or(Stop::After(time), Stop::Logins);
    load.who = match args.who {
        WhoArg::Known => Who::Known(args.identities),
        WhoArg::New => Who::New,
        WhoArg::Rekeyed => Who::Rekeyed,
    };
    load.rate = args.rate;
    load.new_connections = args.new_connections;
    load.cps = options.cps;
    load.page = args.page;
    load.qr = args.qr;
    load.noiptest = options.noiptest;
    load.threads = args.threads;
    load.server_pids = args.server_pid;
    load.this_server_is_mine = args.this_server_is_mine;

    let shows = io::stderr().is_terminal();
    let report = load.run(|progress| {
        if shows {
            show(&progress);
        }
    })?;
    if shows {
        eprint!("\r\x1b[K");
    }
    print!("{}", report.to_text());
    if let Some(file) = &args.json {
        write(file, &(report.to_json() + "\n"))?;
    }
    if let Some(file) = &args.svg {
        write(file, &picture(&[(&report.setting.url, &report)]))?;
    }
    let logins: u64 = report.stages.iter().map(|stage| stage.logins).sum();
    if logins == 0 { Err("nobody could sign in".into()) } else { Ok(()) }
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or("a rate is a number above 0")
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// One line that overwrites itself.
fn show(progress: &Progress) {
    const WIDTH: u8 = 24;
    let Progress { in_flight, elapsed, logins, failures, done } = progress;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 24")]
    let full = usize::from((done * f64::from(WIDTH)) as u8);
    let bar = "#".repeat(full) + &" ".repeat(usize::from(WIDTH).saturating_sub(full));
    #[expect(clippy::cast_precision_loss, reason = "for the eye")]
    let rate = *logins as f64 / elapsed.as_secs_f64().max(1e-3);
    let mut err = io::stderr().lock();
    // Nobody is looking any more where this fails.
    let _ = write!(
        err,
        "\r\x1b[K[{bar}] {in_flight} in flight, {logins} sign-ins, {rate:.0}/s, {failures} failed"
    );
    let _ = err.flush();
}
