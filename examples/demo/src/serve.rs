//! Starts the server and stops it.

use std::future::IntoFuture as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_sqrl::Sqrl;
use tower_sqrl::protocol::PublicUrl;

use crate::app::App;
use crate::args::Args;
use crate::error::StartError;
use crate::stores::{self, AppStores};
use crate::{routes, session, sqrl};

/// After a signal to stop, requests in progress have this time to finish.
const SHUTDOWN_TIME: Duration = Duration::from_secs(30);

pub(crate) async fn serve(args: &Args) -> Result<(), StartError> {
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        StartError::failed(&format!("cannot listen on {}", args.listen), &error)
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let public_url = public_url(args, address)?;

    let nuts = stores::nut_store(&args.nuts, args.direct_postgres).await?;
    let AppStores { identities, accounts, sessions } =
        stores::app_stores(&args.identities, args.direct_postgres).await?;
    let sqrl = sqrl::configure(args, &public_url, nuts, identities, Arc::clone(&accounts))?;
    let sessions = session::layer(sessions, public_url.is_https());
    let app = App { accounts, public_url: public_url.clone() };
    let mut router = routes::router(app, &sqrl, sessions);
    if let Some(name) = &args.server_name {
        router = routes::name_server(router, name.clone());
    }

    let started = format!("listening on {address}\nopen {public_url}/");
    run(listener, router, sqrl, &started)
        .await
        .map_err(|error| StartError::failed("cannot serve", &error))
}

/// Prints `started` and serves until SIGTERM or SIGINT, then lets requests in progress finish.
async fn run(listener: TcpListener, router: Router, sqrl: Sqrl, started: &str) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopped) = oneshot::channel::<()>();
    // SQRL compares the client's address with the browser's.
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(async { drop(stopped.await) })
        .into_future();
    let server = tokio::spawn(server);
    // Scripts read the first line. The demo runs even if nobody reads its output.
    let _ = writeln!(io::stdout(), "{started}");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: finishing the requests in progress");
    // Pages that wait for events reconnect to another server, or to this one after its restart.
    sqrl.end_events();
    drop(stop);
    match timeout(SHUTDOWN_TIME, server).await {
        Ok(Ok(served)) => served,
        Ok(Err(panicked)) => Err(panicked.into()),
        Err(_) => {
            tracing::warn!("some requests did not finish within {SHUTDOWN_TIME:?}");
            Ok(())
        }
    }
}

/// Returns the public URL of the command line, or one with the address that the demo listens on.
fn public_url(args: &Args, address: SocketAddr) -> Result<PublicUrl, StartError> {
    let url = match &args.public_url {
        Some(url) => url.clone(),
        None if address.ip().is_unspecified() => {
            let text = "the demo listens on every address: give the one that browsers open with \
                        --public-url, for example --public-url https://demo.example.com";
            return Err(StartError::Usage(text.to_owned()));
        }
        None => format!("http://{address}"),
    };
    let url = url
        .parse::<PublicUrl>()
        .map_err(|error| StartError::Usage(format!("--public-url: {error}")))?;
    if url.path().is_empty() {
        return Ok(url);
    }
    let origin = url.origin();
    Err(StartError::Usage(format!(
        "the demo needs a host of its own: write --public-url {origin}, without a path"
    )))
}
