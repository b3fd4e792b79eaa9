//! `sqrl listen`: the same-device listener.

use std::io::{self, IsTerminal as _};

use tower_sqrl_client::cps::{Event, Listener};
use tower_sqrl_client::wire::Options;
use tower_sqrl_client::{Error, Http, Link};

use crate::args::Settings;
use crate::{Failure, commands, person};

pub(crate) async fn run(settings: &Settings, port: u16, yes: bool) -> Result<(), Failure> {
    if !yes && !io::stdin().is_terminal() {
        return Err(
            "without a terminal nobody can be asked before a sign-in: use --yes, for tests".into(),
        );
    }
    let identity = person::unlocked_if_it_helps(settings)?;
    let options = Options { cps: true, ..settings.options() };
    let client = commands::client(settings, identity, &Http::default()).with_options(options);
    let listener = Listener::bind_port(port)
        .await
        .map_err(|error| format!("port {port}: {error}; does another SQRL client run?"))?;
    let mut server = listener.serve(move |link| {
        let client = client.clone();
        async move {
            // Any page can bring a browser here, so the person decides.
            if yes || agrees(link.clone()).await {
                client.sign_in(&link).await
            } else {
                Err(Error::Cancelled)
            }
        }
    });
    println!("Listening on http://{}/ for browsers; Ctrl-C ends.", server.address());
    println!("Press the button on a sign-in page, and that tab is signed in.");
    let mut last = None;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            event = server.next() => match event {
                // A page can repeat a request without end; a line is enough.
                Some(event) if is_refusal(&event) && last.as_ref() == Some(&event) => {}
                Some(event) => {
                    tell(settings, &event);
                    last = Some(event);
                }
                None => return Ok(()),
            },
        }
    }
}

async fn agrees(link: Link) -> bool {
    let question = format!("Sign in to {}? [y/N] ", link.domain());
    let answer = tokio::task::spawn_blocking(move || person::prompt(&question)).await;
    matches!(answer, Ok(Ok(answer)) if answer.eq_ignore_ascii_case("y"))
}

fn is_refusal(event: &Event) -> bool {
    matches!(event, Event::Dropped | Event::NotNavigation(_) | Event::TooMany(_))
}

fn tell(settings: &Settings, event: &Event) {
    match event {
        Event::Began(link) => println!("{}: a browser wants to sign in", link.domain()),
        // The address is a key to the session: it is the browser's alone.
        Event::SignedIn(_) => println!("signed in; the browser went on to its session"),
        Event::Failed { reason, .. } => println!("not signed in: {reason}"),
        Event::Probed if settings.verbose => println!("a page looked whether a client is here"),
        Event::Dropped => println!("dropped a script's request"),
        Event::NotNavigation(link) => println!(
            "{}: refused; part of a page asked for a sign-in (an image, a frame, a prefetch), \
             not a tab",
            link.domain()
        ),
        Event::TooMany(link) => {
            println!("{}: refused; too many sign-ins are waiting", link.domain());
        }
        _ => {}
    }
}
