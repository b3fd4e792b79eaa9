//! `sqrl load`: many sign-ins, to measure your own server.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use tower_sqrl_client::load::{Load, Progress, SignInAs, Stop, latency_chart};
use tower_sqrl_client::wire::Options;

use crate::failure::Failure;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(crate) struct LoadArgs {
    /// The sign-in page, over http: <http://127.0.0.1:8080/login>
    url: String,

    /// Numbers of concurrent sign-ins, separated by commas. Each number is one stage
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "8")]
    in_flight: Vec<usize>,

    /// Duration of a stage in seconds
    #[arg(long, value_name = "N", default_value_t = 10.0, conflicts_with = "logins")]
    seconds: f64,

    /// Number of sign-ins in a stage, instead of a duration
    #[arg(long, value_name = "N")]
    logins: Option<u64>,

    /// Sign-ins to start per second, if a slot is free. Default: a slot starts its next sign-in
    /// when the last one is done
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    /// The identities that sign in
    #[arg(long = "as", value_enum, default_value = "known")]
    sign_in_as: SignInAsArg,

    /// Number of known identities
    #[arg(long, value_name = "N", default_value_t = 1000)]
    identities: usize,

    /// Use a new connection for every request
    #[arg(long)]
    new_connections: bool,

    /// Request the whole sign-in page instead of only a SQRL URL
    #[arg(long)]
    page: bool,

    /// Request the image of the QR code too
    #[arg(long)]
    qr: bool,

    /// Number of threads that sign and send
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,

    /// Processes of the server, to measure their processor time and memory. Separate them with
    /// commas, or repeat the option
    #[arg(long, value_name = "PID", value_delimiter = ',')]
    server_pid: Vec<u32>,

    /// Write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write a chart of latency against load to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Confirm that the server is yours, if it is another machine
    #[arg(long)]
    this_server_is_mine: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SignInAsArg {
    /// Identities that are registered before the measurement
    Known,
    /// A new identity for every sign-in
    New,
    /// The identity of the last sign-in under a new key
    Rekeyed,
}

pub(crate) fn run(options: Options, args: LoadArgs) -> Result<(), Failure> {
    let time = Duration::try_from_secs_f64(args.seconds)?;
    let mut load = Load::new(args.url);
    load.in_flight = args.in_flight;
    load.stop = args.logins.map_or(Stop::After(time), Stop::Logins);
    load.sign_in_as = match args.sign_in_as {
        SignInAsArg::Known => SignInAs::Known(args.identities),
        SignInAsArg::New => SignInAs::New,
        SignInAsArg::Rekeyed => SignInAs::Rekeyed,
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

    let shows_progress = io::stderr().is_terminal();
    let report = load.run(|progress| {
        if shows_progress {
            show(&progress);
        }
    })?;
    if shows_progress {
        eprint!("\r\x1b[K");
    }
    print!("{report}");
    if let Some(file) = &args.json {
        write(file, &(report.to_json() + "\n"))?;
    }
    if let Some(file) = &args.svg {
        write(file, &latency_chart(&[(&report.settings.url, &report)]))?;
    }
    let logins: u64 = report.stages.iter().map(|stage| stage.logins).sum();
    if logins == 0 { Err("all sign-ins failed".into()) } else { Ok(()) }
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or("a rate is a number greater than 0")
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// Shows the progress in one line that overwrites itself.
fn show(progress: &Progress) {
    const WIDTH: u8 = 24;
    let Progress { in_flight, elapsed, logins, failures, done } = progress;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 24")]
    let full = usize::from((done * f64::from(WIDTH)) as u8);
    let bar = "#".repeat(full) + &" ".repeat(usize::from(WIDTH).saturating_sub(full));
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    let rate = *logins as f64 / elapsed.as_secs_f64().max(1e-3);
    let mut err = io::stderr().lock();
    // If this fails, the terminal is gone.
    let _ = write!(
        err,
        "\r\x1b[K[{bar}] {in_flight} concurrent, {logins} sign-ins, {rate:.0}/s, {failures} failed"
    );
    let _ = err.flush();
}
