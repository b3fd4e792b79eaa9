//! Outcomes and exchanges in words.

use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Link, Outcome, Standing, Step};

/// What a successful command did.
pub(crate) fn outcome(link: &Link, outcome: &Outcome) -> String {
    let site = link.domain();
    match (&outcome.command, outcome.before) {
        (Command::Query, before) => query(link, before, outcome.was_disabled),
        (Command::Ident, Standing::Unknown) => {
            format!("{site} did not know this identity; now it does.")
        }
        (Command::Ident, Standing::Current) => format!("{site} knows this identity."),
        (Command::Ident, Standing::Previous(_)) => {
            format!("{site} knew a previous identity and has replaced it by the current one.")
        }
        (Command::Disable, _) => format!(
            "SQRL is disabled for this account at {site} until it is enabled with the rescue code.",
        ),
        (Command::Enable, _) => format!("SQRL is enabled for this account at {site}."),
        (Command::Remove, _) => format!("{site} has forgotten this identity."),
        (command, _) => format!("{site} has done `{command}`."),
    }
}

/// Text of the other side's, with nothing that a terminal would act upon.
pub(crate) fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn query(link: &Link, before: Standing, disabled: bool) -> String {
    let knows = match before {
        Standing::Unknown => "does not know this identity",
        Standing::Current => "knows this identity",
        Standing::Previous(_) => "knows a previous identity, which signing in will replace",
    };
    let disabled = if disabled { "; SQRL is disabled for it" } else { "" };
    format!("{} {knows}{disabled}.", link.domain())
}

/// A request and its reply, decoded, on standard error.
pub(crate) fn show(step: &Step) {
    eprintln!("--> POST {}", step.url);
    lines(&step.client_text().unwrap_or_default());
    let signatures = ["ids", "pids", "urs"];
    let signatures = signatures.iter().filter(|name| step.form.get(name).is_some());
    eprintln!("    signed: {}", signatures.copied().collect::<Vec<_>>().join(" "));
    eprintln!("<-- HTTP {}", step.status);
    lines(&step.reply.lines.to_text());
    let tif = step.reply.tif;
    eprintln!("    tif {tif} means: {}", tif.words());
    if let Some(ask) = &step.reply.ask {
        eprintln!("    asks: {}", ask.printable());
    }
}

fn lines(text: &str) {
    for line in text.lines() {
        // An indexed secret is the site's and the owner's alone.
        let line = match line.split_once('=') {
            Some((name @ ("ins" | "pins"), _)) => format!("{name}=(secret)"),
            _ => printable(line),
        };
        eprintln!("    {line}");
    }
}
