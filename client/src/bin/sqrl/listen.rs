//! `sqrl listen`: the listener for sign-ins on the same device.

use std::io::{self, IsTerminal as _};

use tower_sqrl_client::cps::{Event, Listener};
use tower_sqrl_client::wire::Options;
use tower_sqrl_client::{Error, Http, SqrlUrl};

use crate::args::Settings;
use crate::client::client;
use crate::failure::Failure;
use crate::identity;

pub(crate) async fn run(settings: &Settings, port: u16, yes: bool) -> Result<(), Failure> {
    if !yes && !io::stdin().is_terminal() {
        return Err("confirming sign-ins needs a terminal; for tests, use --yes".into());
    }
    let identity = identity::load_for_one_attempt(settings)?;
    let options = Options { cps: true, ..settings.options() };
    let client = client(settings, identity, &Http::default()).with_options(options);
    let listener = Listener::bind_port(port)
        .await
        .map_err(|error| format!("port {port}: {error}; another SQRL client may be running"))?;
    let mut server = listener.serve(move |url| {
        let client = client.clone();
        async move {
            // Any page can send a browser here, so the user decides.
            if yes || confirm(url.clone()).await {
                client.sign_in(&url).await
            } else {
                Err(Error::Cancelled)
            }
        }
    });
    println!("Listening on http://{}/ for browsers. Press Ctrl-C to stop.", server.address());
    println!("To sign in a tab, press the SQRL button on its page.");
    let mut last = None;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            event = server.next() => match event {
                // A page can repeat a request endlessly. One line is enough.
                Some(event) if is_rejection(&event) && last.as_ref() == Some(&event) => {}
                Some(event) => {
                    show(settings, &event);
                    last = Some(event);
                }
                None => return Ok(()),
            },
        }
    }
}

async fn confirm(url: SqrlUrl) -> bool {
    let question = format!("Sign in to {}? [y/N] ", url.domain());
    let answer = tokio::task::spawn_blocking(move || identity::prompt(&question)).await;
    matches!(answer, Ok(Ok(answer)) if answer.eq_ignore_ascii_case("y"))
}

fn is_rejection(event: &Event) -> bool {
    matches!(event, Event::Dropped | Event::NotNavigation(_) | Event::TooMany(_))
}

fn show(settings: &Settings, event: &Event) {
    match event {
        Event::Started(url) => println!("{}: sign-in started", url.domain()),
        // The URL is not shown, because it signs in.
        Event::SignedIn(_) => println!("signed in; the browser continues"),
        Event::Failed { reason, .. } => println!("not signed in: {reason}"),
        Event::Probed if settings.verbose => println!("a page checked for a SQRL client"),
        Event::Dropped => println!("dropped a request of a script, or for another host"),
        Event::NotNavigation(url) => println!(
            "{}: rejected; an image, a frame, a script or a prefetch requested a sign-in",
            url.domain()
        ),
        Event::TooMany(url) => println!("{}: rejected; too many sign-ins wait", url.domain()),
        _ => {}
    }
}
