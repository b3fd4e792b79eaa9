//! `sqrl attack`: the attacks that have worked on other servers, tried on one's own.

use std::process::ExitCode;

use clap::Args;
use tower_sqrl_client::attack::{Attack, Elsewhere, Finding, Report};

use crate::words::printable;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(crate) struct AttackArgs {
    /// The sign-in page: <http://127.0.0.1:8080/login>
    url: String,

    /// Attack another machine than this one: it is yours, and so is all that it stands on
    #[arg(long)]
    this_server_is_mine: bool,

    /// The page that links an identity with the account of the user who is signed in, as a URL or
    /// path; without it, one is looked for
    #[arg(long, value_name = "PAGE")]
    linking_page: Option<String>,

    /// Wait until a code has grown old, and answer it then (4f and 14c): five minutes each on
    /// most servers
    #[arg(long)]
    patient: bool,

    /// Write a report as JSON to standard output instead of the lines
    #[arg(long)]
    json: bool,

    /// Show what was sent and how it was answered
    #[arg(long, conflicts_with = "json")]
    steps: bool,
}

/// 0: all were refused; 1: one has worked; 2: not all could be tried.
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
        conclude(&report);
    }
    match (report.any_worked(), report.all_refused()) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(2),
    }
}

fn show(finding: &Finding, steps: bool) {
    let Finding { number, name, verdict, .. } = finding;
    println!("{number:<4} {:<9}  {name}: {}", verdict.word(), printable(verdict.text()));
    for step in finding.steps.iter().filter(|_| steps) {
        println!("       {}", printable(step));
    }
}

fn conclude(report: &Report) {
    for Elsewhere { number, name, tests } in &report.elsewhere {
        println!("{number:<4} {:<9}  {name}: takes more than requests; tower-sqrl's tests", "-");
        for test in *tests {
            println!("       {test}");
        }
    }
    if report.left_behind > 0 {
        println!("{} made-up identities could not be removed again", report.left_behind);
    }
}
