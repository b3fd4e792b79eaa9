//! Text for the user: outcomes, requests and replies.

use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Outcome, SqrlUrl, Standing, Step};

/// Returns a sentence about a successful command.
pub(crate) fn describe(sqrl_url: &SqrlUrl, outcome: &Outcome) -> String {
    let site = sqrl_url.domain();
    match (&outcome.command, outcome.before) {
        (Command::Query, before) => {
            let knows = match before {
                Standing::Unknown => "does not know this identity",
                Standing::Current => "knows this identity",
                Standing::Previous(_) => "knows a previous identity; a sign-in will replace it",
            };
            let disabled = if outcome.was_disabled { "; it is disabled" } else { "" };
            format!("{site} {knows}{disabled}.")
        }
        (Command::Ident, Standing::Unknown) => {
            format!("{site} did not know this identity; now it does.")
        }
        (Command::Ident, Standing::Current) => format!("{site} knows this identity."),
        (Command::Ident, Standing::Previous(_)) => {
            format!("{site} knew a previous identity and has replaced it by the current one.")
        }
        (Command::Disable, _) => {
            format!("{site} has disabled this identity. Enabling it needs the rescue code.")
        }
        (Command::Enable, _) => format!("{site} has enabled this identity."),
        (Command::Remove, _) => format!("{site} has removed this identity."),
        (command, _) => format!("{site} has accepted `{command}`."),
    }
}

/// Replaces control characters in text of a site.
pub(crate) fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// Shows a request and its reply, decoded, on standard error.
pub(crate) fn show_step(step: &Step) {
    eprintln!("--> POST {}", step.url);
    show_lines(&step.client_text().unwrap_or_default());
    let signatures = ["ids", "pids", "urs"];
    let signatures = signatures.iter().filter(|name| step.form.get(name).is_some());
    eprintln!("    signed: {}", signatures.copied().collect::<Vec<_>>().join(" "));
    eprintln!("<-- HTTP {}", step.status);
    show_lines(&step.reply.lines.to_text());
    let tif = step.reply.tif;
    eprintln!("    tif {tif}: {}", tif.describe());
    if let Some(ask) = &step.reply.ask {
        eprintln!("    question: {}", ask.printable());
    }
}

fn show_lines(text: &str) {
    for line in text.lines() {
        // Indexed secrets are not shown.
        let line = match line.split_once('=') {
            Some((name @ ("ins" | "pins"), _)) => format!("{name}=(secret)"),
            _ => printable(line),
        };
        eprintln!("    {line}");
    }
}
