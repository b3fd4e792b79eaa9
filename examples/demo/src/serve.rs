//! From the command line to a server, and its end.

use std::future::IntoFuture as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tower_sqrl::protocol::PublicUrl;
use tower_sqrl::{ConfigError, Sqrl};

use crate::app::{self, App};
use crate::args::{Args, PerMinute};
use crate::problem::Problem;
use crate::stores::Kept;
use crate::{accounts, server, session, stores};

/// How long requests under way may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: &Args) -> Result<(), Problem> {
    let public_url = public_url(args)?;
    if let Some(name) = &args.server_name {
        server::set_name(name.clone());
    }
    let nuts = stores::nuts(&args.nuts, args.direct_postgres).await?;
    let Kept { identities, accounts, sessions, steps } =
        stores::identities(&args.identities, args.direct_postgres).await?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Problem::failed(&format!("cannot listen on {}", args.listen), &error))?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let public_url = match public_url {
        Some(url) => url,
        None => parse(&format!("http://{address}"))?,
    };

    let mut builder = Sqrl::builder_shared(public_url.to_string(), nuts, Arc::clone(&identities));
    if let Some(prefix) = &args.prefix {
        builder = builder.prefix(prefix);
    }
    if let Some(file) = &args.nut_key {
        builder = builder.nut_key(nut_key(file)?);
    }
    if let Some(scheme) = args.url_scheme {
        builder = builder.url_scheme(scheme);
    }
    if let Some(lifetime) = args.url_lifetime {
        builder = builder.url_lifetime(lifetime);
    }
    if let Some(lifetime) = args.nut_lifetime {
        builder = builder.nut_lifetime(lifetime);
    }
    if let Some(lifetime) = args.chain_lifetime {
        builder = builder.chain_lifetime(lifetime);
    }
    builder = match args.failures_per_minute {
        None => builder,
        Some(PerMinute::Off) => builder.without_slowing_down_failures(),
        Some(PerMinute::AtMost(failures)) => builder.failures_per_minute(failures),
    };
    builder = match args.challenges_per_minute {
        None => builder,
        Some(PerMinute::Off) => builder.without_limiting_challenges(),
        Some(PerMinute::AtMost(links)) => builder.challenges_per_minute(links),
    };
    for network in &args.trusted_proxy {
        builder = builder.trusted_proxy(network);
    }
    let names = Arc::clone(&accounts);
    builder = builder.account_name(move |account| accounts::name(Arc::clone(&names), account));
    let sqrl = builder.build().map_err(|error: ConfigError| Problem::Usage(error.to_string()))?;

    let sessions = session::layer(sessions, public_url.is_https());
    let app =
        App { sqrl: sqrl.clone(), identities, accounts, steps, public_url: public_url.clone() };
    let router = app::router(app, sessions);
    let stopping = stopping(sqrl).map_err(|error| Problem::failed("signals", &error))?;
    let graceful =
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(told(stopping.clone()))
            .into_future();

    // Scripts read the first line, people the second; neither is worth failing for.
    let _ = writeln!(io::stdout(), "listening on {address}\nopen {public_url}/");
    tokio::select! {
        done = graceful => done.map_err(|error| Problem::failed("serving", &error)),
        () = async { told(stopping).await; tokio::time::sleep(GRACE).await } => {
            tracing::warn!("some requests did not end in time");
            Ok(())
        }
    }
}

/// The key in a file. It is read from a file because every user of the machine can read a command
/// line.
fn nut_key(file: &Path) -> Result<[u8; 32], Problem> {
    let name = file.display();
    let bytes = std::fs::read(file)
        .map_err(|error| Problem::failed(&format!("--nut-key {name}"), &error))?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| {
        Problem::Usage(format!("--nut-key {name}: the file has {length} bytes; it must have 32"))
    })
}

/// Where browsers are told to go, if the command line says it: always a whole host, so
/// that the paths in the pages hold.
fn public_url(args: &Args) -> Result<Option<PublicUrl>, Problem> {
    let Some(url) = &args.public_url else {
        if args.listen.ip().is_unspecified() {
            let sentence = "listening on every address: say with --public-url where browsers \
                            reach the demo, as in --public-url https://demo.example.com";
            return Err(Problem::Usage(sentence.to_owned()));
        }
        return Ok(None);
    };
    let url = parse(url)?;
    if !url.path().is_empty() {
        let origin = url.origin();
        return Err(Problem::Usage(format!(
            "the demo needs a host for itself: write --public-url {origin}, without a path"
        )));
    }
    Ok(Some(url))
}

fn parse(url: &str) -> Result<PublicUrl, Problem> {
    PublicUrl::parse(url).map_err(|error| Problem::Usage(format!("--public-url: {error}")))
}

/// Becomes true with SIGTERM or SIGINT. Pages that wait by events are let go at once;
/// they come back to another server, or to this one after its restart.
fn stopping(sqrl: Sqrl) -> io::Result<watch::Receiver<bool>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (tell, told) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: requests under way are finished");
        sqrl.end_events();
        tell.send_replace(true);
    });
    Ok(told)
}

async fn told(mut stopping: watch::Receiver<bool>) {
    // The sender goes away only with the runtime.
    let _ = stopping.wait_for(|told| *told).await;
}
