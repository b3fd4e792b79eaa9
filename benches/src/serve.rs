//! A server in a process of its own, so that its processor time is its own.

use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};

use axum::serve::ListenerExt as _;
use clap::{Args, ValueEnum};
use tokio::net::TcpListener;

use crate::{Failure, floor, site};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The same requests, the same verifications, nothing else
    Floor,
    /// tower-sqrl over its memory stores
    Sqrl,
    /// tower-sqrl as one of several servers, over a Redis and a Postgres
    Shared,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    kind: Kind,

    /// Threads that serve
    #[arg(long, default_value_t = 1)]
    threads: usize,

    /// Nuts that wait for an answer from the start
    #[arg(long, default_value_t = 0)]
    pending: u32,

    /// How long a chain is remembered, and a link in it
    #[arg(long)]
    chain_seconds: Option<u64>,

    /// Where to listen
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    listen: SocketAddr,

    /// Of the nginx before it, which is trusted to say the client's address
    #[arg(long)]
    public_url: Option<String>,

    #[command(flatten)]
    shared: Option<SharedArgs>,
}

/// What several servers have in common: all of it, or, for the other kinds, nothing.
#[derive(Debug, Args)]
#[group(requires_all = ["redis", "postgres"])]
pub(crate) struct SharedArgs {
    /// Where sign-ins under way are
    #[arg(long, required = false)]
    pub(crate) redis: String,

    /// Where identities are
    #[arg(long, required = false)]
    pub(crate) postgres: String,
}

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.threads.max(1))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.listen).await?;
        let address = listener.local_addr()?;
        let own = format!("http://{address}");
        let public_url = args.public_url.as_deref().unwrap_or(&own);
        let app = match args.kind {
            Kind::Floor => floor::app(public_url),
            Kind::Sqrl => site::alone(public_url, args.pending, args.chain_seconds).await?,
            Kind::Shared => {
                let shared =
                    args.shared.as_ref().ok_or("`serve shared` needs --redis and --postgres")?;
                site::shared(public_url, shared).await?
            }
        };
        // Ends with the process that started it, however that ends.
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        println!("{address}");
        // A reply is one packet; nothing is to wait for a second one.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
        Ok(())
    })
}
