//! `sqrl attack`: attacks on your own server.

use std::process::ExitCode;

use clap::Args;
use tower_sqrl_client::attack::{Attack, Finding, NotOverHttp, Report};

use crate::output::printable;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(crate) struct AttackArgs {
    /// The sign-in page: <http://127.0.0.1:8080/login>
    url: String,

    /// Confirm that the server and everything it runs on is yours, if it is another machine
    #[arg(long)]
    this_server_is_mine: bool,

    /// The page that links an identity to the account of a signed-in user, as a URL or path.
    /// Default: search for it
    #[arg(long, value_name = "PAGE")]
    linking_page: Option<String>,

    /// Wait until SQRL URLs have expired (4f and 14c): five minutes each on most servers
    #[arg(long)]
    patient: bool,

    /// Write a report as JSON to standard output instead of text
    #[arg(long)]
    json: bool,

    /// Show the requests and how the server responded
    #[arg(long, conflicts_with = "json")]
    steps: bool,
}

/// Exit codes: 0 if all attacks were refused, 1 if one succeeded, 2 if not all could be tried.
pub(crate) async fn run(args: AttackArgs) -> ExitCode {
    let mut attack = Attack::new(args.url);
    attack.this_server_is_mine = args.this_server_is_mine;
    attack.linking_page = args.linking_page;
    attack.patient = args.patient;
    let report = attack.run(|finding| {
        if !args.json {
            show(finding, args.steps);
        }
    });
    let report = match report.await {
        Ok(report) => report,
        Err(error) => {
            eprintln!("sqrl: {error}");
            return ExitCode::from(2);
        }
    };
    if args.json {
        println!("{}", report.to_json());
    } else {
        show_rest(&report);
    }
    match (report.any_worked(), report.all_refused()) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(2),
    }
}

fn show(finding: &Finding, steps: bool) {
    let Finding { number, name, verdict, .. } = finding;
    println!("{number:<4} {verdict:<9}  {name}: {}", printable(verdict.text()));
    for step in finding.steps.iter().filter(|_| steps) {
        println!("       {}", printable(step));
    }
}

fn show_rest(report: &Report) {
    for NotOverHttp { number, name, tests } in &report.not_over_http {
        println!("{number:<4} {:<9}  {name}: not over HTTP; see the tests of tower-sqrl", "-");
        for test in *tests {
            println!("       {test}");
        }
    }
    if report.left_behind > 0 {
        println!("{} identities could not be removed from the site", report.left_behind);
    }
}
